//! ViSQOL, which predicts the rating of a copy by listeners: from 1 (bad) to
//! about 4.75. The program is the one of the Python package visqol-python.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::measure::capture;

pub(super) struct Visqol(OsString);

impl Visqol {
    /// Returns the program in the environment variable `VISQOL`, or else the installed one.
    pub(super) fn find() -> Option<Self> {
        let program = std::env::var_os("VISQOL").unwrap_or_else(|| "visqol".into());
        Command::new(&program).arg("--help").output().ok()?;
        Some(Self(program))
    }

    /// Returns the rating (MOS) of two WAV files at 48 kHz that are aligned to the sample.
    pub(super) fn mos(&self, reference: &Path, degraded: &Path) -> anyhow::Result<f64> {
        let mut command = Command::new(&self.0);
        command.args(["--no_alignment", "--no_realignment", "-r"]).arg(reference);
        let printed = String::from_utf8(capture(command.arg("-d").arg(degraded))?)?;
        let mos = printed.lines().find_map(|line| line.strip_prefix("MOS-LQO:"));
        Ok(mos.context("visqol printed no MOS-LQO")?.trim().parse()?)
    }
}
