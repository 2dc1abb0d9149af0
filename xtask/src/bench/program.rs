//! The program: its size, start and memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use super::measure::{installed, median};
use super::music::Music;
use super::results::Results;

/// Length of the audio while memory is measured.
const MINUTES: usize = 60;

fn build_program() -> anyhow::Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--package", "reelwright-cli"]);
    if !cargo.status()?.success() {
        bail!("the program does not build");
    }
    Ok(())
}

/// Returns the path of the program, which is built next to this one.
fn program_path() -> anyhow::Result<PathBuf> {
    let name = format!("reelwright{}", std::env::consts::EXE_SUFFIX);
    Ok(std::env::current_exe()?.with_file_name(name))
}

pub(super) fn run(music: &Music, results: &mut Results) -> anyhow::Result<()> {
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

    if !Path::new("/proc/self/status").exists() {
        println!("memory: skipped: no /proc");
        return Ok(());
    }
    let raw = ["s16le", &music.rate.to_string(), "2"];
    for (format, codec) in [("flac", "flac"), ("mp4", "aac")] {
        let plot = format!("one hour of stereo to {} in {format}", codec.to_uppercase());
        let mut own = Command::new(&path);
        own.args(["encode", "-", "--input-format", raw[0], "--input-sample-rate", raw[1]]);
        own.args(["--input-channels", raw[2], "-y", "-f", format, "-o"]).arg(music.output("own"));
        memory(music, own, &plot, "Reelwright", results)?;
        if installed("ffmpeg", "memory of ffmpeg") {
            let mut ffmpeg = Command::new("ffmpeg");
            ffmpeg.args(["-v", "error", "-threads", "1", "-f", raw[0], "-ar", raw[1], "-ac"]);
            ffmpeg.args([raw[2], "-i", "-", "-y", "-c:a", codec, "-f", format]);
            ffmpeg.arg(music.output("peer"));
            memory(music, ffmpeg, &plot, "FFmpeg", results)?;
        }
    }
    Ok(())
}

/// Measures the resident memory of a program while it encodes an hour from its standard input.
fn memory(
    music: &Music,
    mut command: Command,
    plot: &str,
    series: &str,
    results: &mut Results,
) -> anyhow::Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().context("stdin")?;
    let minute = 60 * music.rate as usize * music.channels;
    let samples = music.samples.iter().cycle().take(minute);
    let bytes: Vec<u8> = samples.flat_map(|sample| sample.to_le_bytes()).collect();
    let mut points = Vec::new();
    for written in 1..=MINUTES {
        stdin.write_all(&bytes)?;
        // A pipe is small: nearly all of it was read.
        points.push([written as f64, resident_memory(child.id())? as f64 / 1024.0]);
    }
    drop(stdin);
    if !child.wait()?.success() {
        bail!("{command:?} failed");
    }
    let (first, last) = (points[0][1], points[points.len() - 1][1]);
    println!("memory, {plot}: {series} {first:.1} MiB after a minute, {last:.1} at the end");
    results.curve("program", plot, series, &points);
    Ok(())
}

/// Returns the memory that a process uses now, in KiB.
fn resident_memory(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.context("no VmRSS")?.trim().parse()?)
}
