//! This project's encoders as a program, `encode_frames`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::super::measure::{child_cpu, median};
use super::clip::{HEIGHT, RATE, WIDTH};

/// Number of runs of programs that take seconds each.
pub(super) const RUNS: usize = 5;

/// Returns true if there is an assembler. Otherwise prints that it is missing.
fn has_nasm() -> bool {
    let found = Command::new("nasm").arg("-v").stdout(Stdio::null()).status().is_ok();
    if !found {
        println!("skipped: nasm is not installed");
    }
    found
}

/// Returns the directory of Cargo's output with this program.
pub(super) fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().and_then(Path::parent).context("no target directory")?.to_owned())
}

/// A build of the program.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) name: &'static str,
    path: PathBuf,
}

impl Own {
    /// Builds the program without assembly.
    pub(super) fn usual() -> anyhow::Result<Self> {
        Self::build("ours", None)
    }

    /// Builds the program without assembly and, if nasm is installed, with assembly.
    pub(super) fn with_av1() -> anyhow::Result<Vec<Self>> {
        let with = || Self::build("with nasm", Some("asm"));
        let without = Self::build("without nasm", None);
        [without].into_iter().chain(has_nasm().then(with)).collect()
    }

    /// Builds the program with a feature. Builds without features share the directory of this
    /// program.
    fn build(name: &'static str, feature: Option<&str>) -> anyhow::Result<Self> {
        let target = feature.map_or_else(target, |name| Ok(target()?.join(name)))?;
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--release", "--package", "reelwright-benches"]);
        cargo.args(["--bin", "encode_frames", "--target-dir"]).arg(&target);
        cargo.args(feature.iter().flat_map(|name| ["--features", name]));
        if !cargo.status()?.success() {
            bail!("encode_frames does not build");
        }
        let file_name = format!("encode_frames{}", std::env::consts::EXE_SUFFIX);
        Ok(Self { name, path: target.join("release").join(file_name) })
    }

    pub(super) fn program(&self) -> Command {
        Command::new(&self.path)
    }

    /// Returns a command that encodes `count` raw frames.
    pub(super) fn command(
        &self,
        input: &Path,
        format: &str,
        count: usize,
        output: &Path,
        options: &[&str],
    ) -> Command {
        let mut command = self.program();
        command.arg(input).args([format, &format!("{WIDTH}x{HEIGHT}"), &RATE.to_string()]);
        command.arg(count.to_string()).arg(output).args(options);
        command
    }
}

/// Returns the CPU time per frame of a program, which receives the number of frames.
pub(super) fn frame_cpu(count: usize, program: &dyn Fn(usize) -> Command) -> anyhow::Result<f64> {
    let start = child_cpu(&mut program(1))?;
    Ok((child_cpu(&mut program(count))? - start) / (count - 1) as f64)
}

/// A measurement of the time per frame.
pub(super) type Measure<'a> = &'a dyn Fn() -> anyhow::Result<f64>;

/// Returns frames per second as medians of alternating measurements, because the speed of a machine
/// changes over time.
pub(super) fn in_turn(measurements: &[Measure<'_>]) -> anyhow::Result<Vec<f64>> {
    let mut times = vec![Vec::new(); measurements.len()];
    for _ in 0..RUNS {
        for (measurement, times) in measurements.iter().zip(&mut times) {
            times.push(measurement()?);
        }
    }
    Ok(times.into_iter().map(|times| 1.0 / median(times)).collect())
}

/// Returns frames per second of one program, as [`in_turn`].
pub(super) fn frames_per_second(
    count: usize,
    program: &dyn Fn(usize) -> Command,
) -> anyhow::Result<f64> {
    Ok(in_turn(&[&|| frame_cpu(count, program)])?[0])
}
