//! Measurement of CPU time.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// Number of runs of each measurement.
pub(super) const RUNS: usize = 5;

/// Returns the CPU time that `work` takes in this process.
pub(super) fn own_cpu(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let before = cpu(UsageWho::RUSAGE_SELF)?;
    work()?;
    Ok(cpu(UsageWho::RUSAGE_SELF)? - before)
}

/// Returns the user and system time so far, in seconds.
fn cpu(who: UsageWho) -> anyhow::Result<f64> {
    let usage = getrusage(who)?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(microseconds as f64 / 1e6)
}

/// Returns the CPU time of a program from start to end.
pub(super) fn child_cpu(command: &mut Command) -> anyhow::Result<f64> {
    let before = cpu(UsageWho::RUSAGE_CHILDREN)?;
    capture(command)?;
    Ok(cpu(UsageWho::RUSAGE_CHILDREN)? - before)
}

/// Returns the standard output of a program.
pub(super) fn capture(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns true if a program can be run. Otherwise prints that `what` is skipped.
pub(super) fn installed(program: &str, what: &str) -> bool {
    let found = Command::new(program).arg("-version").output().is_ok();
    if !found {
        println!("{what}: skipped: no {program}");
    }
    found
}

/// Returns a command of ffmpeg that reads `input` on one thread.
pub(super) fn ffmpeg(input: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-threads", "1", "-i"]).arg(input);
    command.args(["-threads", "1"]);
    command
}
