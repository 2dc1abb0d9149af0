//! Excerpts for measurements of quality.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use reelwright::{AudioStream, ResampleQuality};
use reelwright_testkit::decode::decode_path;

use super::align::align;
use super::measure::capture;
use super::music::encode;

/// Sample rate that ViSQOL requires.
pub(super) const RATE: u32 = 48_000;
/// Length of an excerpt, in seconds.
const SECONDS: usize = 10;
/// Start of the excerpt in longer files, in seconds.
const INTRODUCTION: usize = 20;
/// Number of frames that are dropped at both ends, which encoders treat specially.
const EDGE: usize = RATE as usize / 2;

pub(super) struct Piece {
    pub(super) name: String,
    pub(super) channels: usize,
    /// Interleaved samples.
    pub(super) samples: Vec<f32>,
    /// The samples as a file for programs, and the compared part.
    pub(super) wav: PathBuf,
    pub(super) reference: PathBuf,
}

impl Piece {
    pub(super) fn load(path: &Path, directory: &Path) -> anyhow::Result<Self> {
        let audio = decode_path::<i16>(path).map_err(anyhow::Error::msg)?;
        let (rate, channels) = (audio.sample_rate as usize, audio.channels);
        ensure!(channels == 1 || channels == 2, "{} has {channels} channels", path.display());
        let seconds = audio.samples.len() / channels / rate;
        let start = INTRODUCTION.min(seconds.saturating_sub(SECONDS));
        let samples = &audio.samples[start * rate * channels..];
        let samples = &samples[..samples.len().min(SECONDS * rate * channels)];
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wav = directory.join(format!("{name}.wav"));
        let stream = AudioStream::new(audio.sample_rate, channels)
            .encoder_sample_rate(RATE)
            .resample_quality(ResampleQuality::High);
        encode(samples, channels, &wav, stream)?;
        let samples = decode_path::<f32>(&wav).map_err(anyhow::Error::msg)?.samples;
        ensure!(
            samples.len() / channels > 4 * EDGE,
            "{} is shorter than two seconds",
            path.display()
        );
        let reference = directory.join(format!("{name}-reference.wav"));
        let piece = Self { name, channels, samples, wav, reference };
        write(&piece.reference, piece.compared(), channels)?;
        Ok(piece)
    }

    pub(super) fn seconds(&self) -> f64 {
        (self.samples.len() / self.channels) as f64 / f64::from(RATE)
    }

    /// Returns the samples that are compared.
    pub(super) fn compared(&self) -> &[f32] {
        &self.samples[EDGE * self.channels..self.samples.len() - EDGE * self.channels]
    }

    /// Decodes an encoded file, cuts it to the compared part, and writes that next to it.
    pub(super) fn decode(&self, encoded: &Path) -> anyhow::Result<(Vec<f32>, PathBuf)> {
        let mut ffmpeg = std::process::Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-i"]).arg(encoded).args(["-f", "f32le", "-ar"]);
        ffmpeg.args([&RATE.to_string(), "-ac", &self.channels.to_string(), "-"]);
        let bytes = capture(&mut ffmpeg)?;
        let decoded: Vec<f32> =
            bytes.as_chunks().0.iter().map(|sample| f32::from_le_bytes(*sample)).collect();
        let frames = self.compared().len() / self.channels;
        let aligned = align(&self.samples, &decoded, self.channels, EDGE, frames);
        let aligned = aligned.unwrap_or_default().to_vec();
        ensure!(!aligned.is_empty(), "{} is too short", encoded.display());
        let wav = encoded.with_extension("decoded.wav");
        write(&wav, &aligned, self.channels)?;
        Ok((aligned, wav))
    }
}

fn write(path: &Path, samples: &[f32], channels: usize) -> anyhow::Result<()> {
    encode(samples, channels, path, AudioStream::new(RATE, channels).encoder("pcm_f32le"))
}
