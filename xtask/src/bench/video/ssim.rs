//! SSIM of decoded frames by ffmpeg.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::super::measure::capture;
use super::clip::{HEIGHT, WIDTH};

/// Returns the mean SSIM of a file of `frames` frames to the first frames of `yuv`, which has this
/// width and height.
///
/// # Errors
/// The file has another number of frames.
pub(super) fn ssim(
    encoded: &Path,
    yuv: &Path,
    (width, height): (usize, usize),
    frames: usize,
) -> anyhow::Result<f64> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i"]).arg(encoded);
    command.args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &format!("{width}x{height}")]);
    command.arg("-i").arg(yuv);
    // Frames are compared by number, not by timestamp.
    let counted = "settb=1/25,setpts=N";
    let filter = format!(
        "[0:v]{counted}[a];[1:v]trim=end_frame={frames},{counted}[b];[a][b]ssim=stats_file=-"
    );
    command.args(["-lavfi", &filter, "-f", "null", "-"]);
    let printed = String::from_utf8(capture(&mut command)?)?;
    let mut sum = 0.0;
    for line in printed.lines() {
        let all = line.split_once("All:").and_then(|(_, all)| all.split(' ').next());
        sum += all.context("ffmpeg printed no SSIM")?.parse::<f64>()?;
    }
    let found = printed.lines().count();
    ensure!(found == frames, "{}: {found} frames instead of {frames}", encoded.display());
    Ok(sum / found as f64)
}

/// Size and SSIM of the encoded clip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) bytes: u64,
    pub(super) ssim: f64,
}

impl Point {
    /// Measures a file.
    pub(super) fn of(encoded: &Path, yuv: &Path, frames: usize) -> anyhow::Result<Self> {
        Ok(Self {
            bytes: encoded.metadata()?.len(),
            ssim: ssim(encoded, yuv, (WIDTH, HEIGHT), frames)?,
        })
    }
}

/// Returns the quality, from `best` to `worst`, at which a peer's file has `bytes` bytes, and the SSIM of
/// that size: interpolated between the nearest qualities over the logarithm of the size.
pub(super) fn at_size(
    bytes: u64,
    (best, worst): (u32, u32),
    encode: &dyn Fn(u32) -> anyhow::Result<Point>,
) -> anyhow::Result<(u32, f64)> {
    let (mut fine, mut coarse) = (best, worst);
    let (mut at_fine, mut at_coarse) = (encode(fine)?, encode(coarse)?);
    while coarse - fine > 1 {
        let middle = fine.midpoint(coarse);
        let point = encode(middle)?;
        if point.bytes >= bytes {
            (fine, at_fine) = (middle, point);
        } else {
            (coarse, at_coarse) = (middle, point);
        }
    }
    let log = |bytes: u64| (bytes as f64).ln();
    let span = log(at_fine.bytes) - log(at_coarse.bytes);
    let share = if span > 0.0 { (log(bytes) - log(at_coarse.bytes)) / span } else { 0.0 };
    Ok((fine, at_coarse.ssim + share.clamp(0.0, 1.0) * (at_fine.ssim - at_coarse.ssim)))
}

/// Returns SSIM in decibels, which shows differences near 1.
pub(super) fn decibels(ssim: f64) -> f64 {
    -10.0 * (1.0 - ssim).log10()
}
