//! Samples for the tests, and their inspection.
#![allow(dead_code)] // not every test uses all of it

use reelwright_convert::AudioConverter;
use reelwright_core::{ChannelLayout, DataType, SampleFormat, TensorView, TypedBuffer};

/// Runs `$body` with `$data` bound to the vector inside a [`TypedBuffer`].
macro_rules! with_buffer {
    ($buffer:expr, $data:ident => $body:expr) => {
        match $buffer {
            TypedBuffer::U8($data) => $body,
            TypedBuffer::I16($data) => $body,
            TypedBuffer::I32($data) => $body,
            TypedBuffer::I64($data) => $body,
            TypedBuffer::F32($data) => $body,
            TypedBuffer::F64($data) => $body,
        }
    };
}

/// Pseudo-random numbers, the same in every run (Knuth's MMIX generator).
pub(crate) struct Lcg(pub(crate) u64);

impl Lcg {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 ^ (self.0 >> 32)
    }

    /// Returns a number from -1 to 1.
    pub(crate) fn number(&mut self) -> f64 {
        self.bits() as u32 as f64 / f64::from(u32::MAX) * 2.0 - 1.0
    }
}

/// Returns every sample of the small types; for others, special values and some thousands of random
/// ones.
pub(crate) fn interesting(data_type: DataType) -> TypedBuffer {
    let mut random = Lcg(1);
    match data_type {
        DataType::U8 => TypedBuffer::U8((0..=u8::MAX).collect()),
        DataType::U16 => unreachable!("no audio"),
        DataType::I16 => TypedBuffer::I16((i16::MIN..=i16::MAX).collect()),
        DataType::I32 => {
            let near = (0..32).flat_map(|bit| [-1, 0, 1].map(|d| (1i32 << bit).wrapping_add(d)));
            let signed = near.flat_map(|v| [v, v.wrapping_neg()]);
            TypedBuffer::I32(signed.chain((0..20_000).map(|_| random.bits() as i32)).collect())
        }
        DataType::I64 => {
            let near = (0..64).flat_map(|bit| [-1, 0, 1].map(|d| (1i64 << bit).wrapping_add(d)));
            let signed = near.flat_map(|v| [v, v.wrapping_neg()]);
            TypedBuffer::I64(signed.chain((0..20_000).map(|_| random.bits() as i64)).collect())
        }
        DataType::F32 => TypedBuffer::F32(floats().map(|v| v as f32).collect()),
        DataType::F64 => TypedBuffer::F64(floats().collect()),
    }
}

fn floats() -> impl Iterator<Item = f64> {
    let mut random = Lcg(2);
    let specials = [0.0, 0.1, 1.0, 1e9, 1e30, 1e300, f64::INFINITY, 5e-324, 1e-40, 1e-310]
        .into_iter()
        .chain((1..70).map(|bit| 2f64.powi(bit)))
        .chain((1..70).map(|bit| 2f64.powi(-bit)));
    // Ties and their neighbors, at the scale of every integer type and around full scale.
    let ties = [7, 15, 31, 63].into_iter().flat_map(|bits| {
        let scale = 2f64.powi(-bits);
        let numbers = (0..300)
            .map(|i| f64::from(i) * 0.5)
            .chain((0..300).map(move |i| 1.0 / scale - f64::from(i) * 0.5));
        numbers.flat_map(move |v| {
            let v = v * scale;
            [
                v,
                v.next_up(),
                v.next_down(),
                f64::from((v as f32).next_up()),
                f64::from((v as f32).next_down()),
            ]
        })
    });
    specials
        .chain(ties)
        .flat_map(|v| [v, -v])
        .chain([f64::NAN, -f64::NAN])
        .chain((0..20_000).map(move |_| random.number() * 1.2))
}

/// Returns interleaved samples as a chunk.
pub(crate) fn view(samples: &TypedBuffer, channels: usize) -> TensorView<'_> {
    let shape = [samples.len() / channels, channels];
    with_buffer!(samples, data => TensorView::contiguous(data, &shape)).unwrap()
}

/// Converts all of `chunk` at once to a buffer of exactly its size.
pub(crate) fn convert(
    chunk: &TensorView<'_>,
    from: ChannelLayout,
    format: SampleFormat,
    to: ChannelLayout,
) -> TypedBuffer {
    let rows = chunk.shape()[0];
    let mut out = TypedBuffer::zeroed(format.data_type(), rows * to.channels());
    let mut converter = AudioConverter::new(chunk.data_type(), from, format, to).unwrap();
    converter.convert(chunk, 0..rows, &mut out, rows, 0);
    out
}

/// Returns the samples as little-endian bytes.
pub(crate) fn bytes(samples: &TypedBuffer) -> Vec<u8> {
    with_buffer!(samples, data => data.iter().flat_map(|v| v.to_le_bytes()).collect())
}

/// Returns samples from little-endian bytes.
pub(crate) fn from_bytes(data_type: DataType, bytes: &[u8]) -> TypedBuffer {
    macro_rules! read {
        ($variant:ident, $type:ty) => {
            TypedBuffer::$variant(
                bytes.as_chunks().0.iter().map(|b| <$type>::from_le_bytes(*b)).collect(),
            )
        };
    }
    match data_type {
        DataType::U8 => read!(U8, u8),
        DataType::U16 => unreachable!("no audio"),
        DataType::I16 => read!(I16, i16),
        DataType::I32 => read!(I32, i32),
        DataType::I64 => read!(I64, i64),
        DataType::F32 => read!(F32, f32),
        DataType::F64 => read!(F64, f64),
    }
}

/// Returns a sample as a number, exact except for the largest 64-bit integers.
#[allow(clippy::unnecessary_cast)] // one of the types is `f64` itself
pub(crate) fn at(samples: &TypedBuffer, index: usize) -> f64 {
    with_buffer!(samples, data => data[index] as f64)
}

/// Returns the bits of a sample. All NaNs have the same bits.
pub(crate) fn bits(samples: &TypedBuffer, index: usize) -> u64 {
    match samples {
        TypedBuffer::U8(data) => data[index].into(),
        TypedBuffer::I16(data) => data[index] as u64,
        TypedBuffer::I32(data) => data[index] as u64,
        TypedBuffer::I64(data) => data[index] as u64,
        TypedBuffer::F32(data) if data[index].is_nan() => f32::NAN.to_bits().into(),
        TypedBuffer::F32(data) => data[index].to_bits().into(),
        TypedBuffer::F64(data) if data[index].is_nan() => f64::NAN.to_bits(),
        TypedBuffer::F64(data) => data[index].to_bits(),
    }
}
