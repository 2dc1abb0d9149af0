//! Music for measurements of speed.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use reelwright::{AudioStream, Element, SampleFormat, StreamingMediaEncoder, TensorView};
use reelwright_testkit::decode::decode_path;

use super::asset::asset;
use super::measure::RUNS;

/// Number of audio frames in a chunk.
pub(super) const CHUNK: usize = 4800;
/// Minimum length in seconds, which the music is repeated to.
const SECONDS: usize = 240;

/// The input of encoders.
pub(super) struct Music {
    pub(super) rate: u32,
    pub(super) channels: usize,
    /// Interleaved samples.
    pub(super) samples: Vec<i16>,
    /// The samples as a file for the peers, and the first part of it.
    pub(super) wav: PathBuf,
    pub(super) start_wav: PathBuf,
    directory: tempfile::TempDir,
}

impl Music {
    /// Reads a stereo file, or the soundtrack among the test assets.
    pub(super) fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let path = path.map_or_else(|| asset("bbb_48k_stereo.flac"), Path::to_owned);
        let audio = decode_path::<i16>(&path).map_err(anyhow::Error::msg)?;
        if audio.channels != 2 {
            bail!("{} is not stereo", path.display());
        }
        let wanted = SECONDS * audio.sample_rate as usize * audio.channels;
        let samples = audio.samples.repeat(wanted.div_ceil(audio.samples.len()));
        let music = Self::new(audio.sample_rate, audio.channels, samples)?;
        let name = path.file_name().context("no file name")?.display();
        println!(
            "music: {name}, {:.0} s, {} Hz, stereo, 16 bit; {RUNS} runs\n",
            music.seconds(),
            music.rate
        );
        Ok(music)
    }

    fn new(rate: u32, channels: usize, samples: Vec<i16>) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let (wav, start_wav) =
            (directory.path().join("music.wav"), directory.path().join("start.wav"));
        let music = Self { rate, channels, samples, wav, start_wav, directory };
        music.encode(&music.wav, music.stream())?;
        let start = &music.samples[..channels * CHUNK / 2];
        encode(start, channels, &music.start_wav, music.stream())?;
        Ok(music)
    }

    /// Returns the music for speech encoders: one channel at 16 kHz.
    pub(super) fn narrow(&self) -> anyhow::Result<Self> {
        let path = self.output("narrow.wav");
        let stream = self.stream().encoder_sample_rate(16_000).encoder_num_channels(1);
        self.encode(&path, stream)?;
        let audio = decode_path::<i16>(&path).map_err(anyhow::Error::msg)?;
        Self::new(audio.sample_rate, audio.channels, audio.samples)
    }

    pub(super) fn seconds(&self) -> f64 {
        (self.samples.len() / self.channels) as f64 / f64::from(self.rate)
    }

    pub(super) fn stream(&self) -> AudioStream {
        AudioStream::new(self.rate, self.channels)
    }

    pub(super) fn floats(&self) -> Vec<f32> {
        self.samples.iter().map(|x| f32::from(*x) / 32768.0).collect()
    }

    pub(super) fn output(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn encode(&self, path: &Path, stream: AudioStream) -> anyhow::Result<()> {
        encode(&self.samples, self.channels, path, stream)
    }

    /// Returns the speed as a multiple of real time.
    pub(super) fn real_time(&self, cpu: f64) -> f64 {
        self.seconds() / cpu
    }
}

/// Encodes samples through the facade in chunks.
pub(super) fn encode<T: Element>(
    samples: &[T],
    channels: usize,
    path: &Path,
    stream: AudioStream,
) -> anyhow::Result<()> {
    let mut encoder = StreamingMediaEncoder::new(path, None)?;
    encoder.add_audio_stream(&stream.format(SampleFormat::packed(T::DATA_TYPE)))?;
    encoder.open()?;
    for chunk in samples.chunks(channels * CHUNK) {
        let chunk = TensorView::contiguous(chunk, &[chunk.len() / channels, channels])?;
        encoder.write_audio_chunk(0, &chunk, None)?;
    }
    Ok(encoder.close()?)
}
