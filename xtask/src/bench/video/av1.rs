//! AV1, compared with libaom and SVT-AV1: frames per second, SSIM at equal size, and accuracy of bit
//! rates.

use std::path::Path;
use std::process::Command;

use super::super::measure::capture;
use super::super::results::{Comparison, Results};
use super::clip::{Clip, HEIGHT, RATE, WIDTH};
use super::own::{Own, frames_per_second};
use super::ssim::{Point, at_size, decibels};

/// Number of frames. This is slow.
const FRAMES: usize = 20;
const SPEEDS: [u32; 3] = [6, 8, 10];
const PEERS: [(&str, &[&str]); 2] = [
    ("libaom cpu-used 8", &["-c:v", "libaom-av1", "-cpu-used", "8", "-b:v", "0"]),
    ("SVT-AV1 preset 10", &["-c:v", "libsvtav1", "-preset", "10", "-svtav1-params", "lp=1"]),
];
/// Bit rates of a smaller size, over ten seconds.
const BIT_RATES: [u64; 2] = [300_000, 1_000_000];
const SECONDS: usize = 10;
const SMALL: &str = "640x360";

pub(in super::super) fn run(results: &mut Results) -> anyhow::Result<()> {
    let Some(clip) = Clip::load("av1")? else { return Ok(()) };
    let own = Own::with_av1()?;
    let (output, peer) = (clip.output("own.ivf"), clip.output("peer.ivf"));
    println!("AV1, {WIDTH}x{HEIGHT}, {FRAMES} frames; frames per second of CPU time");
    let theirs = |options: &[&str], count: usize, quality: u32| {
        let mut command = Clip::ffmpeg(&clip.yuv, "yuv420p", count);
        command.args(options).args(["-crf", &quality.to_string()]).arg(&peer);
        command
    };
    for own in &own {
        for speed in SPEEDS {
            let option = format!("speed={speed}");
            let encode = |count| {
                own.command(&clip.yuv, "yuv420p", count, &output, &["encoder=librav1e", &option])
            };
            let own_fps = frames_per_second(FRAMES, &encode)?;
            let ours = Point::of(&output, &clip.yuv, FRAMES)?;
            let kilobits = 8e-3 * ours.bytes as f64 / Clip::seconds(FRAMES);
            let mut line = format!(
                "  {}, speed {speed}: {own_fps:.1}, {kilobits:.0} kbit/s, SSIM {:.2} dB",
                own.name,
                decibels(ours.ssim)
            );
            for (name, options) in PEERS {
                let encode = |quality| {
                    capture(&mut theirs(options, FRAMES, quality))?;
                    Point::of(&peer, &clip.yuv, FRAMES)
                };
                let (quality, ssim) = at_size(ours.bytes, (20, 60), &encode)?;
                let fps = frames_per_second(FRAMES, &|count| theirs(options, count, quality))?;
                let title = format!("AV1, {}, speed {speed}", own.name);
                results.add(Comparison::new("av1", &title, name, "frames/s", [own_fps, fps]));
                line += &format!("; {name}: {fps:.1}, {:.2} dB", decibels(ssim));
            }
            println!("{line}");
        }
    }
    println!("peers: SSIM of the same size, on one thread");
    rates(&clip, &own[0], &output)
}

/// Measures the accuracy of bit rates.
fn rates(clip: &Clip, own: &Own, output: &Path) -> anyhow::Result<()> {
    println!("\nAV1, {SMALL}, {SECONDS} s:");
    for requested in BIT_RATES {
        let (rate, size) = (format!("bit_rate={requested}"), format!("size={SMALL}"));
        let options = ["encoder=librav1e", &rate, &size];
        let mut command: Command =
            own.command(&clip.yuv, "yuv420p", SECONDS * RATE, output, &options);
        capture(&mut command)?;
        let found = 8.0 * output.metadata()?.len() as f64 / SECONDS as f64;
        let off = 100.0 * (found / requested as f64 - 1.0);
        println!("  target {requested} bit/s: {found:.0}, {off:+.2}%");
    }
    Ok(())
}
