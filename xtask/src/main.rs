//! Reelwright's own commands: `cargo xtask COMMAND`.

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

use std::path::Path;
use std::process::ExitCode;

use hashes::Part;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  bench [--record] [PART…] [MUSIC…]
                           measures speed, size, memory and quality next to other programs; --record
                           writes the results to docs/benchmarks.json
  bench --plot [--check]   writes the tables and plots of docs/benchmarks.json, or checks them
  conformance [MUXER…]     what other programs find in our files, or in those of some muxers
  browser                  what Chromium plays of our files, and what parsers in JavaScript read
  compatibility [--check]  writes docs/formats.md's tables from the registry, or checks them
  docs --python PYTHON [PAGE…]
                           whether links of the documentation lead somewhere, and its blocks of code
                           run and print what it says; PYTHON is an interpreter with the package
  draw [--python PYTHON]   prints 30 files, and 50 messages that tests cause, drawn by the commit's hash,
                           to be read for their language
  hashes [--quick | --all | --write]
                           whether encoders and muxers write the committed table's bytes: on this
                           machine, or also under other instructions, on aarch64 and WebAssembly
                           (quick: there without AV1)
  layers                   whether crates depend only on those below them, and no files of a crate
                           import each other in a circle
  licences [--check]       the terms of what the Python wheel is made of; or whether they are
  miri [--all]             runs tests of unsafe code in Miri, and with --all those of SIMD
  mutants [--shard K/N] [PACKAGE…]
                           lists changes of the code that no test notices: of core and the muxers,
                           or of some packages; K counts from 0
  packages                 checks that published crates have a README, licenses and keywords, and
                           that ARCHITECTURE.md has each crate
  words [--count] [PATH…]  words to replace in comments, documentation, strings and names, with
                           their replacements; or only their number in each folder
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
