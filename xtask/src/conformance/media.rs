//! Recordings that are encoded.

use std::path::Path;

use anyhow::{Context, bail};
use reelwright_testkit::decode::decode_path;

/// Number of samples in a segment whose loudness is measured.
const STRETCH: usize = 12_345;

/// 16-bit samples of the assets.
pub(super) struct Media {
    speech: Vec<i16>,
    /// Left and right channel.
    music: [Vec<i16>; 2],
    /// Starts of the loudest segments, because silence would hide errors.
    starts: [usize; 2],
}

impl Media {
    pub(super) fn load() -> anyhow::Result<Self> {
        let load = |name: &str| {
            let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/assets");
            let audio = decode_path::<i32>(&assets.join(name)).map_err(anyhow::Error::msg);
            audio.with_context(|| name.to_owned())
        };
        let (speech, music) = (load("speech_16k_mono.wav")?, load("bbb_48k_stereo.flac")?);
        if (speech.channels, music.channels) != (1, 2) {
            bail!("the assets are not mono and stereo");
        }
        let channel = |audio: &[i32], first: usize, step: usize| -> Vec<i16> {
            audio.iter().skip(first).step_by(step).map(|x| (x >> 16) as i16).collect()
        };
        let speech = channel(&speech.samples, 0, 1);
        let music = [channel(&music.samples, 0, 2), channel(&music.samples, 1, 2)];
        let starts = [loudest(&speech), loudest(&music[0])];
        Ok(Self { speech, music, starts })
    }

    /// Returns a sample: speech in one channel; music in the others, each pair with another offset.
    pub(super) fn sample(&self, frame: usize, channel: usize, channels: usize) -> i16 {
        let (source, start) = match channels {
            1 => (&self.speech, self.starts[0]),
            _ => (&self.music[channel % 2], self.starts[1]),
        };
        source[(start + frame + 97 * (channel / 2)) % source.len()]
    }
}

/// Returns the start of the loudest segment.
fn loudest(source: &[i16]) -> usize {
    let starts = (0..source.len().saturating_sub(STRETCH)).step_by(1000);
    let loudness = |start: &usize| -> u64 {
        source[*start..*start + STRETCH].iter().map(|x| u64::from(x.unsigned_abs())).sum()
    };
    starts.max_by_key(loudness).unwrap_or_default()
}
