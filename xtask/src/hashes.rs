//! `cargo xtask hashes`: checks that every machine writes the bytes of the committed table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace;

const PACKAGE: &str = "reelwright-hashes";
const TABLE: &str = "tests/hashes/hashes.txt";

/// A machine that the program runs on.
struct Machine {
    name: &'static str,
    target: Option<&'static str>,
    /// Command that runs the program, which is its last argument.
    runner: &'static [&'static str],
}

const NATIVE: Machine = Machine { name: "this machine", target: None, runner: &[] };

/// Encoder that is omitted in the quick part if the program is cross-compiled, because it takes
/// half of the time.
const SLOW: &str = "librav1e";

/// Machines that are emulated. The target's own linker needs no C toolchain.
const OTHERS: &[Machine] = &[
    Machine {
        name: "x86-64 with SSE4.2",
        target: None,
        runner: &["qemu-x86_64", "-cpu", "Nehalem"],
    },
    Machine { name: "x86-64 with AVX2", target: None, runner: &["qemu-x86_64", "-cpu", "Haswell"] },
    Machine {
        name: "aarch64",
        target: Some("aarch64-unknown-linux-musl"),
        runner: &["qemu-aarch64"],
    },
    Machine {
        name: "WebAssembly",
        target: Some("wasm32-wasip1"),
        runner: &["node", "--no-warnings", "tests/hashes/run.mjs"],
    },
];

/// Machines and rows that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The machine that runs the program.
    Native,
    /// All machines, without AV1 if the program is cross-compiled.
    Quick,
    /// All machines and rows.
    All,
}

/// Writes the table.
pub(crate) fn write() -> anyhow::Result<()> {
    let root = workspace::root()?;
    let program = build(root, NATIVE.target, false)?;
    Ok(std::fs::write(root.join(TABLE), hashes(root, &NATIVE, &program)?)?)
}
/// Compares the hashes with the table.
pub(crate) fn run(part: Part) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let whole = std::fs::read_to_string(root.join(TABLE))?;
    let others = if part == Part::Native { &[] } else { OTHERS };
    // Runs the program for one machine while it is built for the next.
    let found = std::thread::scope(|scope| -> anyhow::Result<Vec<_>> {
        let mut running = Vec::new();
        for machine in std::iter::once(&NATIVE).chain(others) {
            let is_quick = part == Part::Quick && machine.target.is_some();
            let program = build(root, machine.target, is_quick)?;
            let run = scope.spawn(move || hashes(root, machine, &program));
            running.push((machine, is_quick, run));
        }
        let found = running.into_iter().map(|(machine, is_quick, run)| {
            let found = run.join().map_err(|_| anyhow::anyhow!("{}: panic", machine.name))??;
            Ok((machine, is_quick, found))
        });
        found.collect()
    })?;
    let mut differing = 0;
    for (machine, is_quick, found) in found {
        let mut expected = whole.clone();
        if is_quick {
            expected = whole
                .lines()
                .filter(|row| !row.contains(SLOW))
                .fold(String::new(), |kept, row| kept + row + "\n");
        }
        let differences = differences(&expected, &found);
        println!("{}: {} rows, {} differ", machine.name, rows(&found).len(), differences.len());
        differences.iter().for_each(|difference| println!("  {difference}"));
        differing += differences.len();
    }
    if differing > 0 {
        bail!(
            "{differing} outputs differ from {TABLE}. If the change is intended, run `cargo xtask \
             hashes --write` and state the reason in the commit."
        );
    }
    Ok(())
}

/// Runs the program for a machine.
fn hashes(root: &Path, machine: &Machine, program: &Path) -> anyhow::Result<String> {
    let mut words: Vec<&str> = machine.runner.to_vec();
    let program = program.to_str().context("the path is not UTF-8")?;
    words.push(program);
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(root)
        .output()
        .with_context(|| format!("Failed to run {}. Install it.", words[0]))?;
    let text = String::from_utf8(output.stdout)?;
    // Node 20 sometimes crashes after the program has ended. The last line shows that it is
    // complete.
    let rows = text.lines().last().and_then(|line| line.strip_prefix("rows: "));
    if rows.and_then(|rows| rows.parse().ok()) != Some(text.lines().count() - 1) {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}: {message}", machine.name, output.status);
    }
    Ok(text)
}

/// Builds the program for a target, without AV1 if `is_quick`. Returns its path.
fn build(root: &Path, target: Option<&str>, is_quick: bool) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root).args(["build", "--quiet", "--locked", "--package", PACKAGE]);
    command.args(["--message-format", "json-render-diagnostics"]);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    if is_quick {
        command.arg("--no-default-features");
    }
    if target.is_some_and(|target| target.ends_with("-musl")) {
        command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld");
        command
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUSTFLAGS", "-Clink-self-contained=yes");
    }
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("Failed to build {PACKAGE} for {}", target.unwrap_or(NATIVE.name));
    }
    let messages = String::from_utf8(output.stdout)?;
    let program = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    program.context("cargo printed no path of an executable")
}

/// Returns the rows that are missing in one table or differ.
fn differences(expected: &str, found: &str) -> Vec<String> {
    let (expected, found) = (rows(expected), rows(found));
    let changed = expected.iter().filter_map(|(name, hash)| match found.get(name) {
        Some(other) if other == hash => None,
        Some(other) => Some(format!("{name}: {other}, not {hash}")),
        None => Some(format!("{name}: missing")),
    });
    let new = found.keys().filter(|name| !expected.contains_key(*name));
    changed.chain(new.map(|name| format!("{name}: not in the table"))).collect()
}

/// Returns hash and size by the name of a row.
fn rows(table: &str) -> BTreeMap<&str, &str> {
    table
        .lines()
        .filter_map(|line| line.split_at_checked(41))
        .map(|(hash, name)| (name, hash))
        .collect()
}
