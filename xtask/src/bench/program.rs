//! The program: its size, start and memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use super::measure::median;
use super::music::Music;

fn build_program() -> anyhow::Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--package", "reelwright-cli"]);
    if !cargo.status()?.success() {
        bail!("the program does not build");
    }
    Ok(())
}

/// The program lies beside this one.
fn program_path() -> anyhow::Result<PathBuf> {
    let name = format!("reelwright{}", std::env::consts::EXE_SUFFIX);
    Ok(std::env::current_exe()?.with_file_name(name))
}

pub(super) fn run(music: &Music) -> anyhow::Result<()> {
    build_program()?;
    let path = program_path()?;
    println!("program: {:.1} MB", path.metadata()?.len() as f64 / 1e6);
    let starts = (0..20).map(|_| {
        let start = Instant::now();
        let mut command = Command::new(&path);
        command.args(["list", "protocols"]).stdout(Stdio::null());
        command.status().map(|_| start.elapsed().as_secs_f64())
    });
    println!("start: {:.1} ms", 1e3 * median(starts.collect::<Result<_, _>>()?));

    let peak = |what: &str, tenths: usize| -> anyhow::Result<u64> {
        let mut child = Command::new(&path)
            .args(["encode", "-", "--input-format", "s16le", "--input-channels", "2"])
            .args(["--input-sample-rate", &music.rate.to_string(), "-y", "-f", "flac"])
            .args(["-o", "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut stdin = child.stdin.take().context("stdin")?;
        let tenth = music.rate as usize / 10 * music.channels;
        let bytes: Vec<u8> = music.samples.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut left = tenths * tenth * 2;
        while left > 0 {
            let n = left.min(bytes.len());
            stdin.write_all(&bytes[..n])?;
            left -= n;
        }
        // It has read nearly everything, and waits for the rest.
        let kilobytes = peak_memory(child.id())?;
        drop(stdin);
        if !child.wait()?.success() {
            bail!("reelwright failed");
        }
        println!("peak memory, {what}: {:.1} MiB", kilobytes as f64 / 1024.0);
        Ok(kilobytes)
    };
    if !Path::new("/proc/self/status").exists() {
        println!("peak memory: skipped: no /proc");
        return Ok(());
    }
    let start = peak("a tenth of a second to flac", 1)?;
    let minute = peak("a minute to flac", 600)?;
    let hour = peak("an hour to flac", 36_000)?;
    println!(
        "above the start: {:.1} and {:.1} MiB",
        minute.saturating_sub(start) as f64 / 1024.0,
        hour.saturating_sub(start) as f64 / 1024.0
    );
    Ok(())
}

/// The most memory a process has had at once, in KiB.
fn peak_memory(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.context("no VmHWM")?.trim().parse()?)
}
