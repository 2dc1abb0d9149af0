//! Runs of programs, and what their output means.

use std::process::{Command, Output, Stdio};

use anyhow::Context;
use serde_json::Value;

use super::super::expected::{self, Decoded};
use super::super::likeness;
use super::super::program::{Problem, Program};
use super::super::written::Written;

pub(super) fn run(command: &mut Command) -> anyhow::Result<Output> {
    let what = format!("{command:?}");
    command.stdin(Stdio::null()).output().with_context(|| what)
}

/// Lets a program test all files at once, and one by one where something is wrong.
pub(super) fn test(
    files: &[&Written],
    command: impl Fn() -> Command,
    is_well: impl Fn(&Output) -> bool,
) -> anyhow::Result<Vec<Vec<Problem>>> {
    let look = |files: &[&Written]| run(command().args(files.iter().map(|file| &file.path)));
    if is_well(&look(files)?) {
        return Ok(vec![Vec::new(); files.len()]);
    }
    let one = |file: &&Written| -> anyhow::Result<Vec<Problem>> {
        let output = look(&[file])?;
        let said = [output.stderr.as_slice(), &output.stdout].concat();
        let problem = || Problem::new("test", String::from_utf8_lossy(&said));
        Ok((!is_well(&output)).then(problem).into_iter().collect())
    };
    files.iter().map(one).collect()
}

/// Finds the fault of all decoded samples, little-endian bytes in [`Decoded`]'s type.
pub(super) fn judge(program: Program, file: &Written, found: &[u8]) -> Vec<Problem> {
    if Decoded::of(&file.case) == Decoded::F32 {
        let (samples, _) = found.as_chunks();
        let samples: Vec<f32> = samples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        return likeness::judge(program, file, &samples);
    }
    let found = expected::compare(file, found);
    found.map(|found| Problem::new("decode", found)).into_iter().collect()
}

/// A field of JSON as text.
pub(super) fn text(object: &Value, key: &str) -> String {
    match &object[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
