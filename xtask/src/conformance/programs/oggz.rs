use std::process::Command;

use super::{Problem, Written, test};

pub(super) fn check(files: &[&Written]) -> anyhow::Result<Vec<Vec<Problem>>> {
    test(files, || Command::new("oggz-validate"), |output| output.status.success())
}
