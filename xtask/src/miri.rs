//! `cargo xtask miri`: runs tests in Miri with all vector instructions.

use std::process::Command;

use anyhow::bail;

use crate::workspace;

/// Target features that Miri emulates: all SIMD levels.
const FEATURES: &str = "-C target-feature=+avx2,+avx512f,+avx512bw,+avx512dq,+avx512vl";

/// Package with `unsafe` code that Miri can run. Other `unsafe` code calls C or Python.
const PACKAGE: &str = "reelwright-foreign-array";
/// Package whose SIMD is in a dependency, and the name of its tests that run kernels at each level.
/// They take an hour.
const SIMD: [&str; 2] = ["reelwright-convert", "every_level"];

/// Runs tests of `unsafe` code, and SIMD tests if `all`.
pub(crate) fn run(all: bool) -> anyhow::Result<()> {
    test(PACKAGE, "")?;
    if all { test(SIMD[0], SIMD[1]) } else { Ok(()) }
}

fn test(package: &str, filter: &str) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "miri", "test", "--package", package, "--lib", "--", filter]);
    command.env("RUSTFLAGS", FEATURES).env_remove("RUSTC").env_remove("CARGO");
    let status = command.current_dir(root).status()?;
    if !status.success() {
        bail!(
            "Miri: {status}. It needs `rustup toolchain install nightly --component miri,rust-src`."
        );
    }
    Ok(())
}
