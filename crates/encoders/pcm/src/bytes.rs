//! Conversion of samples to the bytes of each codec.

use reelwright_core::{AudioFrame, CodecId, DataType, Element};

use crate::g711;

/// Appends the samples of a frame, which must be packed and of the writer's type.
pub(crate) type Write = fn(&AudioFrame, &mut Vec<u8>);

/// Returns the sample type and the writer of `codec`, if this crate supports it.
pub(crate) fn writer(codec: CodecId) -> Option<(DataType, Write)> {
    /// Writer that converts each sample to bytes with `$bytes`.
    macro_rules! each {
        ($type:ty, $bytes:expr) => {
            (<$type>::DATA_TYPE, |frame, to| write::<$type, _>(frame, to, $bytes))
        };
    }
    Some(match codec {
        CodecId::PcmU8 => each!(u8, |v| [v]),
        // Offset binary and two's complement differ in the highest bit.
        CodecId::PcmS8 => each!(u8, |v| [v ^ 0x80]),
        CodecId::PcmS16Le => each!(i16, i16::to_le_bytes),
        CodecId::PcmS16Be => each!(i16, i16::to_be_bytes),
        CodecId::PcmS24Le => each!(i32, |v| {
            let [_, low, middle, high] = v.to_le_bytes();
            [low, middle, high]
        }),
        CodecId::PcmS24Be => each!(i32, |v| {
            let [high, middle, low, _] = v.to_be_bytes();
            [high, middle, low]
        }),
        CodecId::PcmS32Le => each!(i32, i32::to_le_bytes),
        CodecId::PcmS32Be => each!(i32, i32::to_be_bytes),
        CodecId::PcmS64Le => each!(i64, i64::to_le_bytes),
        CodecId::PcmS64Be => each!(i64, i64::to_be_bytes),
        CodecId::PcmF32Le => each!(f32, f32::to_le_bytes),
        CodecId::PcmF32Be => each!(f32, f32::to_be_bytes),
        CodecId::PcmF64Le => each!(f64, f64::to_le_bytes),
        CodecId::PcmF64Be => each!(f64, f64::to_be_bytes),
        CodecId::PcmALaw => each!(i16, |v| [g711::a_law(v)]),
        CodecId::PcmMuLaw => each!(i16, |v| [g711::mu_law(v)]),
        _ => return None,
    })
}

/// Samples pass through a buffer on the stack. Extending `to` with zeros first would be a second
/// pass over memory that is no longer in the cache for long frames.
const BLOCK: usize = 512;

#[inline(always)]
fn write<T: Element, const N: usize>(
    frame: &AudioFrame,
    to: &mut Vec<u8>,
    bytes: impl Fn(T) -> [u8; N],
) {
    let samples = frame.interleaved::<T>().unwrap_or_default();
    to.reserve(samples.len() * N);
    let mut block = [[0; N]; BLOCK];
    for samples in samples.chunks(BLOCK) {
        for (bytes_of_sample, sample) in block.iter_mut().zip(samples) {
            *bytes_of_sample = bytes(*sample);
        }
        to.extend_from_slice(block[..samples.len()].as_flattened());
    }
}
