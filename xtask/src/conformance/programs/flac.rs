use std::process::{Command, Output};

use super::super::expected;
use super::super::program::Problem;
use super::super::written::Written;
use super::run::run;

const TEST: [&str; 2] = ["-t", "-s"];
const DECODE: [&str; 6] =
    ["-d", "-s", "-f", "--force-raw-format", "--endian=little", "--sign=signed"];

/// Runs `flac -t` and `flac -d` on all files, and on each separately if there is an error.
pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    fn flac(mode: &[&str], files: &[&Written]) -> anyhow::Result<Output> {
        run(Command::new("flac").args(mode).args(files.iter().map(|file| &file.path)))
    }
    let mut problems = vec![Vec::new(); files.len()];
    for (check, mode) in [("test", &TEST[..]), ("decode", &DECODE[..])] {
        let all_well = flac(mode, files)?.status.success();
        for (file, problems) in files.iter().zip(&mut problems) {
            let one = std::slice::from_ref(file);
            let output = if all_well { None } else { Some(flac(mode, one)?) };
            if let Some(output) = output.filter(|output| !output.status.success()) {
                problems.push(Problem::new(check, String::from_utf8_lossy(&output.stderr)));
            } else if check == "decode" {
                let found = std::fs::read(file.path.with_extension("raw"))?;
                let found = expected::compare_raw(file, &found);
                problems.extend(found.map(|found| Problem::new(check, found)));
            }
        }
    }
    Ok(problems)
}
