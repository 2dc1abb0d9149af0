//! Helpers of the program's tests.

// Not every test uses all of them.
#![allow(dead_code, unreachable_pub)]

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_reelwright");

pub fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/assets").join(name)
}

pub fn run<S: AsRef<OsStr>>(directory: &Path, args: &[S]) -> Output {
    let mut program = Command::new(PROGRAM);
    let output = program.current_dir(directory).args(args).stdin(Stdio::null()).output().unwrap();
    collect_messages(&output);
    output
}

/// Appends the messages of a run to the file that `cargo xtask draw` names.
fn collect_messages(output: &Output) {
    let Some(path) = std::env::var_os("REELWRIGHT_COLLECT_MESSAGES") else { return };
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    let is_message = |line: &&str| ["error: ", "warn: "].iter().any(|mark| line.starts_with(mark));
    for line in stderr(output).lines().filter(is_message) {
        // In one call, as tests run at once.
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Encodes with overwriting and a JSON summary. Returns the exit code, and the summary or null.
pub fn encode(directory: &Path, args: &[&str]) -> (i32, serde_json::Value, String) {
    let output = run(directory, &[&["encode"], args, &["--json", "-y"]].concat());
    let summary = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap_or(-1), summary, stderr(&output))
}

/// Runs another program. Returns false, with a note, if it is not installed.
pub fn foreign(directory: &Path, program: &str, args: &[&str]) -> Option<Vec<u8>> {
    let run = Command::new(program).current_dir(directory).args(args).stdin(Stdio::null()).output();
    match run {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program} {args:?}: {text}");
            Some(output.stdout)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            reelwright_testkit::program::missing(program);
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

pub fn ffmpeg(directory: &Path, args: &[&str]) -> bool {
    foreign(directory, "ffmpeg", &[&["-nostdin", "-y", "-v", "error"], args].concat()).is_some()
}

/// Returns the timestamps of a stream's frames in presentation order, from ffprobe.
pub fn times(directory: &Path, file: &str, stream: &str) -> Vec<f64> {
    let printed = probe(directory, file, stream, "frame=best_effort_timestamp_time");
    let printed = printed.unwrap_or_default();
    let times = printed.split_whitespace().map(|line| line.trim_end_matches(','));
    let mut times: Vec<f64> = times.filter_map(|time| time.parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Returns fields of a stream, from ffprobe.
pub fn stream(directory: &Path, file: &str, stream: &str, fields: &str) -> String {
    let printed = probe(directory, file, stream, &format!("stream={fields}"));
    printed.unwrap_or_default().trim().to_owned()
}

/// Returns the lines that ffprobe prints for entries of a stream.
pub fn probe(directory: &Path, file: &str, stream: &str, entries: &str) -> Option<String> {
    let selected = ["-v", "error", "-select_streams", stream, "-show_entries", entries];
    let printed =
        foreign(directory, "ffprobe", &[&selected[..], &["-of", "csv=p=0", file]].concat())?;
    Some(String::from_utf8(printed).unwrap())
}
