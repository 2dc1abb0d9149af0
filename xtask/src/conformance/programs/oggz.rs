use std::process::Command;

use super::super::program::Problem;
use super::super::written::Written;
use super::run::test;

pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    test(files, || Command::new("oggz-validate"), |output| output.status.success())
}
