//! The film that is encoded: the one among the test assets, as raw pictures.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::asset::asset;
use super::super::measure::{capture, ffmpeg, installed};

pub(super) const WIDTH: usize = 1280;
pub(super) const HEIGHT: usize = 720;
pub(super) const RATE: usize = 25;

/// Pictures that are converted; the whole film as RGB would take a lot of memory.
pub(super) const TENSORS: usize = 60;

/// Raw pictures in files.
pub(super) struct Film {
    /// All pictures, as yuv420p.
    pub(super) yuv: PathBuf,
    pub(super) pictures: usize,
    /// [`TENSORS`] pictures of red, green and blue, pixel by pixel and channel by channel.
    pub(super) rgb: PathBuf,
    pub(super) planes: PathBuf,
    directory: tempfile::TempDir,
}

impl Film {
    /// The film, or nothing, with a note, where there is no ffmpeg to read it.
    pub(super) fn load(what: &str) -> anyhow::Result<Option<Self>> {
        if !installed("ffmpeg", what) {
            return Ok(None);
        }
        let directory = tempfile::tempdir()?;
        let path = |name: &str| directory.path().join(name);
        let (yuv, rgb, planes) = (path("film.yuv"), path("film.rgb"), path("film.planes"));
        let input = asset("bbb_1280x720_5.1.mp4");
        let raw = |format: &str, count: usize, output: &Path| {
            let mut command = ffmpeg(&input);
            command.args(["-an", "-f", "rawvideo", "-pix_fmt", format]);
            capture(command.args(["-frames:v", &count.to_string()]).arg(output))
        };
        raw("yuv420p", usize::MAX >> 33, &yuv)?;
        raw("rgb24", TENSORS, &rgb)?;
        let mut bytes = Vec::new();
        for picture in std::fs::read(&rgb)?.chunks_exact(3 * WIDTH * HEIGHT) {
            for channel in 0..3 {
                bytes.extend(picture.iter().skip(channel).step_by(3));
            }
        }
        std::fs::write(&planes, bytes)?;
        let pictures = yuv.metadata()?.len() as usize / (WIDTH * HEIGHT * 3 / 2);
        Ok(Some(Self { yuv, pictures, rgb, planes, directory }))
    }

    pub(super) fn output(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// ffmpeg on one thread, reading `count` raw pictures of a file.
    pub(super) fn ffmpeg(input: &Path, format: &str, count: usize) -> Command {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-y", "-filter_threads", "1", "-threads", "1"]);
        command.args(["-f", "rawvideo", "-pix_fmt", format, "-s", &format!("{WIDTH}x{HEIGHT}")]);
        command.args(["-r", &RATE.to_string(), "-i"]).arg(input);
        command.args(["-frames:v", &count.to_string(), "-threads", "1"]);
        command
    }

    /// How long so many pictures are shown, in seconds.
    pub(super) fn seconds(pictures: usize) -> f64 {
        pictures as f64 / RATE as f64
    }
}
