//! MP4 alone: two million small audio packets in each layout, compared with `ffmpeg -c copy`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::super::measure::{capture, child_cpu, installed, median};
use super::super::results::{Comparison, Results};
use super::own::{RUNS, target};

const PACKETS: &str = "2000000";

/// Layouts: `movflags`, and ffmpeg's options for the same layout.
const LAYOUTS: [(&str, &[&str]); 4] = [
    ("hybrid_fragmented", &["-movflags", FRAGMENTS, "-frag_duration", "1000000"]),
    ("progressive", &[]),
    ("faststart", &["-movflags", "faststart"]),
    ("frag_keyframe", &["-movflags", FRAGMENTS, "-frag_duration", "1000000"]),
];
const FRAGMENTS: &str = "frag_keyframe+empty_moov+default_base_moof";

pub(in super::super) fn run(results: &mut Results) -> anyhow::Result<()> {
    let program = build()?;
    let directory = tempfile::tempdir()?;
    let path = |name: &str| directory.path().join(name);
    let (output, input, peer) = (path("own.mp4"), path("input.mp4"), path("peer.mp4"));
    let ours = |count: &str, flags: &str, output: &Path| {
        let mut command = Command::new(&program);
        command.arg(output).args([count, flags]);
        command
    };
    // The input of ffmpeg is an ordinary file of the packets.
    capture(&mut ours(PACKETS, "progressive", &input))?;
    let has_peer = installed("ffmpeg", "ffmpeg -c copy");
    println!("{PACKETS} packets of 40 to 103 bytes: CPU seconds, and MiB of memory at most");
    println!(
        "{:<20} {:>6} {:>6} {:>8} {:>6} {:>6} {:>13}",
        "layout", "ours", "MiB", "ffmpeg", "MiB", "ratio", "but reading"
    );
    for (flags, peer_options) in LAYOUTS {
        let (mut times, mut peer_times, mut reading) = (Vec::new(), Vec::new(), Vec::new());
        let (mut memory, mut peer_memory) = (0.0, 0.0);
        for _ in 0..RUNS {
            times.push(child_cpu(&mut ours(PACKETS, flags, &output))?);
            memory = peak(&capture(&mut ours(PACKETS, flags, &output))?).unwrap_or(f64::NAN);
            if has_peer {
                let copy = |options: &[&str], output: &Path| {
                    let mut command = Command::new("ffmpeg");
                    command.args(["-v", "error", "-y", "-i"]).arg(&input);
                    command.args(["-c", "copy"]).args(options).arg(output);
                    command
                };
                peer_times.push(child_cpu(&mut copy(peer_options, &peer))?);
                reading.push(child_cpu(&mut copy(&["-f", "null"], Path::new("-")))?);
                peer_memory = peer_peak(copy(peer_options, &peer))?;
            }
        }
        let ours = median(times);
        let mut line = format!("{flags:<20} {ours:>6.2} {memory:>6.1}");
        if has_peer {
            let (theirs, reading) = (median(peer_times), median(reading));
            let (ratio, writing) = (theirs / ours, (theirs - reading) / ours);
            let name = format!("2 million packets to MP4, {flags}");
            let row = Comparison::new("muxing", &name, "ffmpeg -c copy", "s", [ours, theirs]);
            results.add(row.lower_is_better());
            let name = format!("{name}: memory");
            let values = [memory, peer_memory];
            let row = Comparison::new("muxing", &name, "ffmpeg -c copy", "MiB", values);
            results.add(row.lower_is_better());
            line += &format!(" {theirs:>8.2} {peer_memory:>6.1} {ratio:>6.1} {writing:>13.1}");
        }
        println!("{line}");
    }
    println!(
        "ffmpeg's hybrid is its fragmented layout; \"but reading\" leaves out what ffmpeg takes to \
         read its input and drop it."
    );
    Ok(())
}

fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--package", "reelwright-benches"]);
    cargo.args(["--bin", "mux_packets", "--target-dir"]).arg(target()?);
    if !cargo.status()?.success() {
        bail!("mux_packets does not build");
    }
    let name = format!("mux_packets{}", std::env::consts::EXE_SUFFIX);
    Ok(target()?.join("release").join(name))
}

/// Returns the peak memory in MiB that our program printed.
fn peak(printed: &[u8]) -> Option<f64> {
    let printed = std::str::from_utf8(printed).ok()?;
    let kilobytes = printed.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<f64>().ok()? / 1024.0)
}

/// Returns the peak memory in MiB that ffmpeg printed.
fn peer_peak(mut command: Command) -> anyhow::Result<f64> {
    let mut arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    arguments.retain(|argument| argument != "-v" && argument != "error");
    command = Command::new("ffmpeg");
    let output = command.arg("-benchmark").args(arguments).output()?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let peak = printed.rsplit_once("maxrss=").context("ffmpeg printed no maxrss")?.1;
    let digits: String = peak.chars().take_while(char::is_ascii_digit).collect();
    Ok(digits.parse::<f64>()? / 1024.0)
}
