//! Running programs, and evaluation of their output.

use std::process::{Command, Output, Stdio};

use anyhow::Context;
use serde_json::Value;

use super::super::expected::{self, Decoded};
use super::super::program::{Problem, Program};
use super::super::similarity;
use super::super::written::Written;

pub(super) fn run(command: &mut Command) -> anyhow::Result<Output> {
    let what = format!("{command:?}");
    command.stdin(Stdio::null()).output().with_context(|| what)
}

/// Tests all files in one run, and each separately if there is an error.
pub(super) fn test(
    files: &[&Written],
    command: impl Fn() -> Command,
    is_ok: impl Fn(&Output) -> bool,
) -> anyhow::Result<Vec<Vec<Problem>>> {
    let run_on = |files: &[&Written]| run(command().args(files.iter().map(|file| &file.path)));
    if is_ok(&run_on(files)?) {
        return Ok(vec![Vec::new(); files.len()]);
    }
    let one = |file: &&Written| -> anyhow::Result<Vec<Problem>> {
        let output = run_on(&[file])?;
        let messages = [output.stderr.as_slice(), &output.stdout].concat();
        let problem = || Problem::new("test", String::from_utf8_lossy(&messages));
        Ok((!is_ok(&output)).then(problem).into_iter().collect())
    };
    files.iter().map(one).collect()
}

/// Checks all decoded samples, little-endian bytes in the type of [`Decoded`].
pub(super) fn judge(program: Program, file: &Written, found: &[u8]) -> Vec<Problem> {
    if Decoded::of(&file.case) == Decoded::F32 {
        let (samples, _) = found.as_chunks();
        let samples: Vec<f32> = samples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        return similarity::judge(program, file, &samples);
    }
    let found = expected::compare(file, found);
    found.map(|found| Problem::new("decode", found)).into_iter().collect()
}

/// Returns a JSON field as text.
pub(super) fn text(object: &Value, key: &str) -> String {
    match &object[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
