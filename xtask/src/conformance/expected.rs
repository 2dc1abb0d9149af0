//! Expected samples of lossless codecs.

use reelwright::{CodecId, TypedBuffer};

use super::case::Case;
use super::written::Written;

/// Type for the comparison of decoded samples: the widest of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoded {
    /// `i32` with integers in the highest bits.
    I32,
    I64,
    F64,
    /// Floats, which are not compared exactly.
    F32,
}

impl Decoded {
    pub(super) fn of(case: &Case) -> Self {
        match case.codec() {
            _ if !case.is_lossless() || case.is_resampled() => Self::F32,
            CodecId::PcmS64Le | CodecId::PcmS64Be => Self::I64,
            CodecId::PcmF32Le | CodecId::PcmF32Be | CodecId::PcmF64Le | CodecId::PcmF64Be => {
                Self::F64
            }
            _ => Self::I32,
        }
    }

    /// Returns ffmpeg's codec of this type.
    pub(super) fn ffmpeg_codec(self) -> &'static str {
        match self {
            Self::I32 => "pcm_s32le",
            Self::I64 => "pcm_s64le",
            Self::F64 => "pcm_f64le",
            Self::F32 => "pcm_f32le",
        }
    }
}

/// Returns the expected decoded integers: the kept bits, in the highest bits of 32.
fn integers(samples: &TypedBuffer, bits: u32) -> Vec<i32> {
    let mask = (-1i64 << (32 - bits)) as i32;
    match samples {
        TypedBuffer::U8(x) => x.iter().map(|x| (i32::from(*x) - 128) << 24).collect(),
        TypedBuffer::I16(x) => x.iter().map(|x| i32::from(*x) << 16 & mask).collect(),
        TypedBuffer::I32(x) => x.iter().map(|x| x & mask).collect(),
        _ => Vec::new(),
    }
}

/// Compares the little-endian bytes of all samples in the type of [`Decoded`].
pub(super) fn compare(file: &Written, found: &[u8]) -> Option<String> {
    let (case, samples) = (&file.case, &file.audio.samples);
    let expected: Vec<u8> = match samples {
        TypedBuffer::I64(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        TypedBuffer::F32(x) => x.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect(),
        TypedBuffer::F64(x) => x.iter().flat_map(|x| x.to_le_bytes()).collect(),
        _ if matches!(case.codec(), CodecId::PcmALaw | CodecId::PcmMuLaw) => {
            return compare_g711(&integers(samples, 16), found);
        }
        _ => integers(samples, case.bits()).iter().flat_map(|x| x.to_le_bytes()).collect(),
    };
    compare_bytes(&expected, found)
}

/// Compares the raw samples of `flac -d`: whole bytes, in the lowest bits.
pub(super) fn compare_raw(file: &Written, found: &[u8]) -> Option<String> {
    let bits = file.case.bits();
    let bytes = bits.div_ceil(8) as usize;
    let expected: Vec<u8> = integers(&file.audio.samples, bits)
        .iter()
        .flat_map(|x| (x >> (32 - bits)).to_le_bytes().into_iter().take(bytes))
        .collect();
    compare_bytes(&expected, found)
}

/// Compares G.711, which is lossy: the error is at most half a step.
fn compare_g711(expected: &[i32], found: &[u8]) -> Option<String> {
    if found.len() != 4 * expected.len() {
        return Some(format!("{} bytes instead of {}", found.len(), 4 * expected.len()));
    }
    let (samples, _) = found.as_chunks::<4>();
    samples.iter().zip(expected).enumerate().find_map(|(index, (bytes, sample))| {
        let (found, sample) = (i32::from_le_bytes(*bytes) >> 16, sample >> 16);
        let step = ((sample.abs() + 132) / 16).max(16);
        ((found - sample).abs() > step / 2 + 4)
            .then(|| format!("sample {index} is {found} instead of {sample}"))
    })
}

fn compare_bytes(expected: &[u8], found: &[u8]) -> Option<String> {
    if expected.len() != found.len() {
        return Some(format!("{} bytes of audio instead of {}", found.len(), expected.len()));
    }
    let differs = expected.iter().zip(found).position(|(a, b)| a != b)?;
    Some(format!("byte {differs} of the audio differs"))
}
