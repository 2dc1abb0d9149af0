//! SSIM over bit rate of H.264 and AV1 and of other encoders, for animation and natural video.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::super::asset::asset;
use super::super::measure::{capture, ffmpeg, installed};
use super::super::results::Results;
use super::own::Own;
use super::ssim::{decibels, ssim};

const PART: &str = "rate-quality";
/// Clips: file, description and number of frames of H.264 and of AV1, which takes longer.
const CLIPS: [(&str, &str, [usize; 2]); 2] = [
    ("bbb_1280x720_5.1.mp4", "animation, 1280x720", [132, 20]),
    ("coffee_352x288.mp4", "natural video, 352x288", [250, 60]),
];
const PRESETS: [&str; 3] = ["superfast", "veryfast", "medium"];
const CRFS: [u32; 4] = [19, 24, 29, 34];
/// Quantizers of AV1 for `qp`, and the crf of the peer.
const AV1_QUALITIES: [(u32, u32); 4] = [(60, 25), (100, 35), (140, 45), (180, 55)];

struct Sample {
    yuv: PathBuf,
    size: (usize, usize),
    rate: String,
    frames: usize,
    directory: tempfile::TempDir,
}

pub(in super::super) fn run(results: &mut Results) -> anyhow::Result<()> {
    if !["ffmpeg", "ffprobe"].iter().all(|program| installed(program, PART)) {
        return Ok(());
    }
    let own = Own::usual()?;
    for (file, description, [h264, av1]) in CLIPS {
        let clip = Sample::load(&asset(file), h264)?;
        let plot = format!("H.264, {description}");
        println!("{plot}: kbit/s and SSIM in dB");
        for preset in PRESETS {
            let option = format!("preset={preset}");
            let ours = clip.points(&CRFS, "own.h264", &|crf, output| {
                let crf = format!("crf={crf}");
                clip.own(&own, clip.frames, output, &[&option, &crf])
            })?;
            report(results, &plot, &format!("Reelwright {preset}"), &ours);
            let theirs = clip.points(&CRFS, "peer.h264", &|crf, output| {
                clip.ffmpeg(clip.frames, output, &["-c:v", "libx264", "-preset", preset], *crf)
            })?;
            report(results, &plot, &format!("x264 {preset}"), &theirs);
        }
        let clip = Sample { frames: av1.min(clip.frames), ..clip };
        let plot = format!("AV1, {description}");
        println!("{plot}: kbit/s and SSIM in dB");
        let ours = clip.points(&AV1_QUALITIES, "own.ivf", &|(quantizer, _), output| {
            let quantizer = format!("qp={quantizer}");
            clip.own(&own, clip.frames, output, &["encoder=librav1e", "speed=10", &quantizer])
        })?;
        report(results, &plot, "Reelwright (rav1e), speed 10", &ours);
        let svt = ["-c:v", "libsvtav1", "-preset", "10", "-svtav1-params", "lp=1"];
        let theirs = clip.points(&AV1_QUALITIES, "peer.ivf", &|(_, crf), output| {
            clip.ffmpeg(clip.frames, output, &svt, *crf)
        })?;
        report(results, &plot, "SVT-AV1, preset 10", &theirs);
    }
    Ok(())
}

fn report(results: &mut Results, plot: &str, series: &str, points: &[[f64; 2]]) {
    let text: Vec<_> = points.iter().map(|[rate, ssim]| format!("{rate:.0} {ssim:.2}")).collect();
    println!("  {series:<30} {}", text.join(", "));
    results.curve(PART, plot, series, points);
}

impl Sample {
    fn load(path: &Path, frames: usize) -> anyhow::Result<Self> {
        let mut probe = Command::new("ffprobe");
        probe.args(["-v", "error", "-select_streams", "v:0", "-show_entries"]);
        probe.args(["stream=width,height,r_frame_rate", "-of", "csv=p=0"]).arg(path);
        let printed = String::from_utf8(capture(&mut probe)?)?;
        let mut fields = printed.trim().split(',');
        let mut field = || fields.next().context("ffprobe printed too little");
        let size = (field()?.parse()?, field()?.parse()?);
        let rate = field()?.to_owned();
        let directory = tempfile::tempdir()?;
        let yuv = directory.path().join("clip.yuv");
        let mut command = ffmpeg(path);
        command.args(["-an", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-frames:v"]);
        capture(command.arg(frames.to_string()).arg(&yuv))?;
        let frames = yuv.metadata()?.len() as usize / (size.0 * size.1 * 3 / 2);
        Ok(Self { yuv, size, rate, frames, directory })
    }

    fn seconds(&self) -> f64 {
        let (num, den) = self.rate.split_once('/').unwrap_or((&self.rate, "1"));
        let rate: f64 = num.parse().unwrap_or(25.0) / den.parse().unwrap_or(1.0);
        self.frames as f64 / rate
    }

    fn own(&self, own: &Own, frames: usize, output: &Path, options: &[&str]) -> Command {
        let rate: f64 = self.frames as f64 / self.seconds();
        let mut command = own.program();
        command.arg(&self.yuv).args(["yuv420p", &format!("{}x{}", self.size.0, self.size.1)]);
        command.args([rate.to_string(), frames.to_string()]).arg(output).args(options);
        command
    }

    fn ffmpeg(&self, frames: usize, output: &Path, options: &[&str], crf: u32) -> Command {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-threads", "1", "-f", "rawvideo", "-pix_fmt"]);
        command.args(["yuv420p", "-s", &format!("{}x{}", self.size.0, self.size.1), "-r"]);
        command.args([&self.rate, "-i"]).arg(&self.yuv).args(["-threads", "1", "-frames:v"]);
        command.arg(frames.to_string()).args(options).args(["-crf", &crf.to_string()]).arg(output);
        command
    }

    /// Returns the bit rate and the SSIM at each quality.
    fn points<Q>(
        &self,
        qualities: &[Q],
        file: &str,
        encode: &dyn Fn(&Q, &Path) -> Command,
    ) -> anyhow::Result<Vec<[f64; 2]>> {
        let output = self.directory.path().join(file);
        let point = |quality| {
            capture(&mut encode(quality, &output))?;
            let kilobits = 8e-3 * output.metadata()?.len() as f64 / self.seconds();
            Ok([kilobits, decibels(ssim(&output, &self.yuv, self.size, self.frames)?)])
        };
        qualities.iter().map(point).collect()
    }
}
