//! `cargo xtask miri`: runs the tests that reach `unsafe` code in Miri, with all of its vector
//! instructions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// Features of the processor that Miri pretends to have: all levels of `convert`'s kernels.
const FEATURES: &str = "-C target-feature=+avx2,+avx512f,+avx512bw,+avx512dq,+avx512vl";

/// Tests of `convert` that call kernels at each level.
const TESTS: &str = "every_level";
/// Those of them that take less than a minute. All kernels are called by the same macro, which has the
/// only `unsafe` code of the crate.
const QUICK: &str = "audio::kernels";

/// Runs tests of `convert` that reach `unsafe` code: the quick ones, or all of them.
pub(crate) fn run(all: bool) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    let mut command = Command::new("cargo");
    command.args(["+nightly", "miri", "test", "--package", "reelwright-convert", "--lib", "--"]);
    command.arg(if all { TESTS } else { QUICK });
    command.env("RUSTFLAGS", FEATURES).env_remove("RUSTC").env_remove("CARGO");
    let status = command.current_dir(root).status()?;
    if !status.success() {
        bail!(
            "Miri: {status}. It needs `rustup toolchain install nightly --component miri,rust-src`."
        );
    }
    Ok(())
}
