//! Development commands of Reelwright: `cargo xtask COMMAND`.

mod bench;
mod browser;
mod compatibility;
mod conformance;
mod docs;
mod draw;
mod hashes;
mod layers;
mod licences;
mod miri;
mod mutants;
mod packages;
mod words;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use hashes::Part;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  bench [--record] [PART…] [MUSIC…]
                           measures speed, size, memory and quality, and compares other programs;
                           --record writes the results to docs/benchmarks.json
  bench --plot [--check]   writes the tables and plots of docs/benchmarks.json, or checks them
  conformance [MUXER…]     checks the files of all or some muxers with independent programs
  browser                  checks files with Chromium and JavaScript parsers
  compatibility [--check]  writes the tables of docs/formats.md from the registry, or checks them
  docs --python PYTHON [PAGE…]
                           checks links of the documentation, and runs its code blocks and compares
                           their output; PYTHON is an interpreter with the package
  draw [--python PYTHON]   prints 30 files, and 50 messages of tests, drawn by the commit's hash, for
                           a review of their language
  hashes [--quick | --all | --write]
                           compares the output of encoders and muxers with the committed table: on
                           this machine; --all: also with other SIMD levels, on aarch64 and as
                           WebAssembly; --quick: as --all, there without AV1; --write: writes the table
  layers                   checks that crates depend only on lower layers, and that the files of a
                           crate have no import cycles
  licences [--check]       writes the license texts of the Python wheel, or checks them
  miri [--all]             runs tests of unsafe code in Miri; --all: also tests of SIMD
  mutants [--shard K/N] [PACKAGE…]
                           lists mutants that no test detects, of core and the muxers or of some
                           packages; --shard runs part K of N, from 0
  packages                 checks that published crates have a README, licenses and keywords, and
                           that ARCHITECTURE.md lists each crate
  words [--count] [PATH…]  lists words to replace in comments, documentation, strings and names, with
                           their replacements; --count: only their number in each directory
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["conformance", muxers @ ..] => conformance::run(muxers),
        ["browser"] => browser::run(),
        ["compatibility"] => compatibility::run(false),
        ["compatibility", "--check"] => compatibility::run(true),
        ["docs", "--python", python, pages @ ..] => docs::run(Path::new(python), pages),
        ["draw"] => draw::run(None),
        ["draw", "--python", python] => draw::run(Some(Path::new(python))),
        ["hashes"] => hashes::run(Part::Native),
        ["hashes", "--quick"] => hashes::run(Part::Quick),
        ["hashes", "--all"] => hashes::run(Part::All),
        ["hashes", "--write"] => hashes::write(),
        ["layers"] => layers::run(),
        ["licences"] => licences::run(false),
        ["licences", "--check"] => licences::run(true),
        ["miri"] => miri::run(false),
        ["miri", "--all"] => miri::run(true),
        ["mutants", "--shard", shard, packages @ ..] => mutants::run(Some(shard), packages),
        ["mutants", packages @ ..] => mutants::run(None, packages),
        ["packages"] => packages::run(),
        ["words", "--count", paths @ ..] => words::run(paths, true),
        ["words", paths @ ..] => words::run(paths, false),
        ["bench", "--plot"] => bench::plot(false),
        ["bench", "--plot", "--check"] => bench::plot(true),
        ["bench", "--record", rest @ ..] => bench::run(rest, true),
        ["bench", rest @ ..] => bench::run(rest, false),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
