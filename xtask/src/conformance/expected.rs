//! What goes in, and what must come out.

use anyhow::{Context, bail};
use reelwright::{CodecId, DataType, TypedBuffer};
use reelwright_testkit::decode::decode_path;

use super::case::Case;

/// Samples of each channel in a file: odd, and no whole number of anybody's blocks.
const FRAMES: usize = 12_345;

/// The samples of the assets, 16 bits each.
pub(super) struct Media {
    speech: Vec<i16>,
    /// Left, right.
    music: [Vec<i16>; 2],
    /// Where each is loudest: silence would hide mistakes.
    starts: [usize; 2],
}

/// Interleaved samples on their way into a file.
pub(super) struct Sound {
    pub(super) samples: TypedBuffer,
}

impl Media {
    pub(super) fn load() -> anyhow::Result<Self> {
        let load = |name: &str| {
            let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/assets");
            let sound = decode_path::<i32>(&assets.join(name)).map_err(anyhow::Error::msg);
            sound.with_context(|| name.to_owned())
        };
        let (speech, music) = (load("speech_16k_mono.wav")?, load("bbb_48k_stereo.flac")?);
        if (speech.channels, music.channels) != (1, 2) {
            bail!("the assets are not mono and stereo");
        }
        let channel = |sound: &[i32], first: usize, step: usize| -> Vec<i16> {
            sound.iter().skip(first).step_by(step).map(|x| (x >> 16) as i16).collect()
        };
        let speech = channel(&speech.samples, 0, 1);
        let music = [channel(&music.samples, 0, 2), channel(&music.samples, 1, 2)];
        let starts = [loudest(&speech), loudest(&music[0])];
        Ok(Self { speech, music, starts })
    }

    /// Speech in one channel; music in the others, each later than the one before. The bits below
    /// the sixteen of the media are filled with noise.
    pub(super) fn sound(&self, channels: usize, data_type: DataType) -> Sound {
        let at = |frame: usize, channel: usize| {
            let (source, start) = match channels {
                1 => (&self.speech, self.starts[0]),
                _ => (&self.music[channel % 2], self.starts[1]),
            };
            source[(start + frame + 97 * (channel / 2)) % source.len()]
        };
        let sixteen =
            || (0..FRAMES).flat_map(|frame| (0..channels).map(move |channel| at(frame, channel)));
        let mut state = 1u64;
        let mut noise = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 16) as i64 & 0xFFFF_FFFF_FFFF
        };
        let samples = match data_type {
            DataType::U8 => TypedBuffer::U8(sixteen().map(|x| ((x >> 8) + 128) as u8).collect()),
            DataType::I16 => TypedBuffer::I16(sixteen().collect()),
            DataType::I32 => TypedBuffer::I32(
                sixteen().map(|x| i32::from(x) << 16 | (noise() & 0xFFFF) as i32).collect(),
            ),
            DataType::I64 => {
                TypedBuffer::I64(sixteen().map(|x| i64::from(x) << 48 | noise()).collect())
            }
            DataType::F32 => TypedBuffer::F32(sixteen().map(|x| f32::from(x) / 36_000.0).collect()),
            DataType::F64 => TypedBuffer::F64(sixteen().map(|x| f64::from(x) / 36_000.0).collect()),
        };
        Sound { samples }
    }
}

/// Where the loudest part of that length starts.
fn loudest(source: &[i16]) -> usize {
    let starts = (0..source.len().saturating_sub(FRAMES)).step_by(1000);
    let loudness = |start: &usize| -> u64 {
        source[*start..*start + FRAMES].iter().map(|x| u64::from(x.unsigned_abs())).sum()
    };
    starts.max_by_key(loudness).unwrap_or_default()
}

/// How decoded samples are compared: as the widest type of their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoded {
    /// `i32`, integers at the top.
    I32,
    I64,
    F64,
}

impl Decoded {
    pub(super) fn of(codec: CodecId) -> Self {
        match codec {
            CodecId::PcmS64Le | CodecId::PcmS64Be => Self::I64,
            CodecId::PcmF32Le | CodecId::PcmF32Be | CodecId::PcmF64Le | CodecId::PcmF64Be => {
                Self::F64
            }
            _ => Self::I32,
        }
    }

    /// ffmpeg's codec of such samples.
    pub(super) fn ffmpeg_codec(self) -> &'static str {
        match self {
            Self::I32 => "pcm_s32le",
            Self::I64 => "pcm_s64le",
            Self::F64 => "pcm_f64le",
        }
    }
}

impl Sound {
    pub(super) fn frames(&self) -> usize {
        FRAMES
    }

    /// The integers as they must be decoded: the bits that are kept, at the top of 32.
    fn integers(&self, bits: u32) -> Vec<i32> {
        let mask = (-1i64 << (32 - bits)) as i32;
        match &self.samples {
            TypedBuffer::U8(x) => x.iter().map(|x| (i32::from(*x) - 128) << 24).collect(),
            TypedBuffer::I16(x) => x.iter().map(|x| i32::from(*x) << 16 & mask).collect(),
            TypedBuffer::I32(x) => x.iter().map(|x| x & mask).collect(),
            _ => Vec::new(),
        }
    }

    /// What is wrong with `found`, the little-endian bytes of all samples in [`Decoded`]'s type.
    pub(super) fn compare(&self, case: &Case, found: &[u8]) -> Option<String> {
        let codec = case.codec();
        let expected: Vec<u8> = match &self.samples {
            TypedBuffer::I64(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
            TypedBuffer::F32(x) => x.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect(),
            TypedBuffer::F64(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
            _ if matches!(codec, CodecId::PcmALaw | CodecId::PcmMuLaw) => {
                return self.compare_g711(found);
            }
            _ => self.integers(case.bits()).iter().flat_map(|x| x.to_le_bytes()).collect(),
        };
        compare_bytes(&expected, found)
    }

    /// What is wrong with the raw samples that `flac -d` writes: whole bytes, at the bottom.
    pub(super) fn compare_raw(&self, case: &Case, found: &[u8]) -> Option<String> {
        let bits = case.bits();
        let bytes = bits.div_ceil(8) as usize;
        let expected: Vec<u8> = self
            .integers(bits)
            .iter()
            .flat_map(|x| (x >> (32 - bits)).to_le_bytes().into_iter().take(bytes))
            .collect();
        compare_bytes(&expected, found)
    }

    /// G.711 is not lossless: a sample is at most half a step off.
    fn compare_g711(&self, found: &[u8]) -> Option<String> {
        let expected = self.integers(16);
        if found.len() != 4 * expected.len() {
            return Some(format!("{} bytes instead of {}", found.len(), 4 * expected.len()));
        }
        let (samples, _) = found.as_chunks::<4>();
        samples.iter().zip(expected).enumerate().find_map(|(index, (bytes, sample))| {
            let (found, sample) = (i32::from_le_bytes(*bytes) >> 16, sample >> 16);
            let step = ((sample.abs() + 132) / 16).max(16);
            ((found - sample).abs() > step / 2 + 4)
                .then(|| format!("sample {index} is {found} instead of about {sample}"))
        })
    }
}

fn compare_bytes(expected: &[u8], found: &[u8]) -> Option<String> {
    if expected.len() != found.len() {
        return Some(format!("{} bytes of sound instead of {}", found.len(), expected.len()));
    }
    let differs = expected.iter().zip(found).position(|(a, b)| a != b)?;
    Some(format!("byte {differs} of the sound differs"))
}
