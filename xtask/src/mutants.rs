//! `cargo xtask mutants`: runs mutation tests of core and the muxers, and lists mutants that no
//! test of their package detects.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::workspace;

/// Runs cargo-mutants on packages, by default core and all muxers. `shard` is K/N for part K of N,
/// from 0.
pub(crate) fn run(shard: Option<&str>, packages: &[&str]) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let mut packages: Vec<String> = packages.iter().map(ToString::to_string).collect();
    if packages.is_empty() {
        packages = default_packages(root)?;
    }
    let mut command = Command::new(env!("CARGO"));
    // `.cargo/mutants.toml` configures the tests and the skipped mutants.
    command.args(["mutants", "--output", "target"]).current_dir(root);
    // Every mutant is built once, so incremental builds and debug information are useless.
    command.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
    // A mutant that only one in hundreds of random inputs detects counts as undetected.
    command.env("PROPTEST_CASES", "32");
    packages.iter().for_each(|package| {
        command.args(["--package", package]);
    });
    if let Some(shard) = shard {
        command.args(["--shard", shard]);
    }
    let status = command.status()?;
    match status.code() {
        Some(0) => Ok(()),
        Some(2 | 3) => bail!("no test detects the mutants in target/mutants.out/missed.txt"),
        _ => bail!("cargo mutants: {status}. It needs `cargo install cargo-mutants --locked`."),
    }
}

fn default_packages(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut packages = vec!["reelwright-core".to_owned()];
    for folder in std::fs::read_dir(root.join("crates/muxers"))? {
        packages.push(format!("reelwright-mux-{}", folder?.file_name().display()));
    }
    packages[1..].sort();
    Ok(packages)
}
