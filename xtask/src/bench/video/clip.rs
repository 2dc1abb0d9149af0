//! The clip among the test assets, as raw frames.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::asset::asset;
use super::super::measure::{capture, ffmpeg, installed};

pub(super) const WIDTH: usize = 1280;
pub(super) const HEIGHT: usize = 720;
pub(super) const RATE: usize = 25;

/// Number of frames that are converted. The whole clip as RGB would take a lot of memory.
pub(super) const TENSORS: usize = 60;

/// Raw frames in files.
pub(super) struct Clip {
    /// All frames, as yuv420p.
    pub(super) yuv: PathBuf,
    pub(super) frames: usize,
    /// [`TENSORS`] frames of RGB, with packed and with planar channels.
    pub(super) rgb: PathBuf,
    pub(super) planes: PathBuf,
    directory: tempfile::TempDir,
}

impl Clip {
    /// Reads the clip. Returns none, with a note, if ffmpeg is not installed.
    pub(super) fn load(what: &str) -> anyhow::Result<Option<Self>> {
        if !installed("ffmpeg", what) {
            return Ok(None);
        }
        let directory = tempfile::tempdir()?;
        let path = |name: &str| directory.path().join(name);
        let (yuv, rgb, planes) = (path("clip.yuv"), path("clip.rgb"), path("clip.planes"));
        let input = asset("bbb_1280x720_5.1.mp4");
        let raw = |format: &str, count: usize, output: &Path| {
            let mut command = ffmpeg(&input);
            command.args(["-an", "-f", "rawvideo", "-pix_fmt", format]);
            capture(command.args(["-frames:v", &count.to_string()]).arg(output))
        };
        raw("yuv420p", usize::MAX >> 33, &yuv)?;
        raw("rgb24", TENSORS, &rgb)?;
        let mut bytes = Vec::new();
        for frame in std::fs::read(&rgb)?.chunks_exact(3 * WIDTH * HEIGHT) {
            for channel in 0..3 {
                bytes.extend(frame.iter().skip(channel).step_by(3));
            }
        }
        std::fs::write(&planes, bytes)?;
        let frames = yuv.metadata()?.len() as usize / (WIDTH * HEIGHT * 3 / 2);
        Ok(Some(Self { yuv, frames, rgb, planes, directory }))
    }

    pub(super) fn output(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns a command of ffmpeg that reads `count` raw frames of a file on one thread.
    pub(super) fn ffmpeg(input: &Path, format: &str, count: usize) -> Command {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-filter_threads", "1", "-threads", "1"]);
        command.args(["-f", "rawvideo", "-pix_fmt", format, "-s", &format!("{WIDTH}x{HEIGHT}")]);
        command.args(["-r", &RATE.to_string(), "-i"]).arg(input);
        command.args(["-frames:v", &count.to_string(), "-threads", "1"]);
        command
    }

    /// Returns the duration of a number of frames, in seconds.
    pub(super) fn seconds(frames: usize) -> f64 {
        frames as f64 / RATE as f64
    }
}
