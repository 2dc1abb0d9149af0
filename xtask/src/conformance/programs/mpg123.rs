use std::process::{Command, Output};

use super::super::program::Problem;
use super::super::written::Written;
use super::run::test;

/// Returns true if there is no message, because the exit code is always 0.
fn is_ok(output: &Output) -> bool {
    output.status.success() && output.stderr.is_empty()
}

pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    let command = || {
        let mut command = Command::new("mpg123");
        command.args(["-t", "-q"]);
        command
    };
    test(files, command, is_ok)
}
