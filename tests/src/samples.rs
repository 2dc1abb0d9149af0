//! Samples of any type, and chunks with any memory layout.

use reelwright::{CodecId, DataType, Element, TensorView, TypedBuffer};
use reelwright_core::with_slice;
use reelwright_testkit::signal::music;

/// Returns interleaved music-like samples that use all bits of the type.
pub fn test_audio(data_type: DataType, frames: usize, channels: usize) -> TypedBuffer {
    let music = music(frames, channels).into_iter();
    match data_type {
        DataType::U8 => TypedBuffer::U8(music.map(|x| (x * 127.0 + 128.0) as u8).collect()),
        DataType::U16 => unreachable!("audio has no samples of type {data_type}"),
        DataType::I16 => TypedBuffer::I16(music.map(|x| (x * 32_767.0) as i16).collect()),
        DataType::I32 => TypedBuffer::I32(music.map(|x| (x * 2_147_483_647.0) as i32).collect()),
        DataType::I64 => TypedBuffer::I64(music.map(|x| (x * 9.2e18) as i64).collect()),
        DataType::F32 => TypedBuffer::F32(music.map(|x| x as f32).collect()),
        DataType::F64 => TypedBuffer::F64(music.collect()),
    }
}

/// Returns `audio` as one chunk.
///
/// # Panics
/// The length of `audio` is not a multiple of `channels`.
pub fn chunk(audio: &TypedBuffer, channels: usize) -> TensorView<'_> {
    with_slice!(audio.as_slice(), data => {
        TensorView::contiguous(data, &[data.len() / channels, channels]).unwrap()
    })
}

/// Memory layout of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Frame by frame.
    Interleaved,
    /// Channel by channel.
    Planar,
    /// Frames and channels in reverse order.
    Reversed,
    /// Samples with gaps.
    Spaced,
}

impl Storage {
    /// All layouts.
    pub const ALL: [Self; 4] = [Self::Interleaved, Self::Planar, Self::Reversed, Self::Spaced];
}

/// A copy of samples with another memory layout.
#[derive(Debug)]
pub struct Stored {
    memory: TypedBuffer,
    shape: [usize; 2],
    storage: Storage,
}

impl Stored {
    /// Copies the frames from `start` to `end`.
    pub fn new(
        audio: &TypedBuffer,
        channels: usize,
        (start, end): (usize, usize),
        storage: Storage,
    ) -> Self {
        let range = start * channels..end * channels;
        let memory = match audio {
            TypedBuffer::U8(data) => TypedBuffer::U8(copy(&data[range], channels, storage)),
            TypedBuffer::I16(data) => TypedBuffer::I16(copy(&data[range], channels, storage)),
            TypedBuffer::I32(data) => TypedBuffer::I32(copy(&data[range], channels, storage)),
            TypedBuffer::I64(data) => TypedBuffer::I64(copy(&data[range], channels, storage)),
            TypedBuffer::F32(data) => TypedBuffer::F32(copy(&data[range], channels, storage)),
            TypedBuffer::F64(data) => TypedBuffer::F64(copy(&data[range], channels, storage)),
        };
        Self { memory, shape: [end - start, channels], storage }
    }

    /// Returns the samples in logical order.
    ///
    /// # Panics
    /// Never.
    pub fn view(&self) -> TensorView<'_> {
        let [frames, channels] = self.shape;
        let row = channels as isize;
        let (offset, strides) = match self.storage {
            Storage::Interleaved => (0, [row, 1]),
            Storage::Planar => (0, [1, frames as isize]),
            Storage::Reversed => ((frames * channels).saturating_sub(1), [-row, -1]),
            Storage::Spaced => (1, [2 * row + 1, 2]),
        };
        with_slice!(self.memory.as_slice(), data => {
            TensorView::new(data, offset, &self.shape, &strides).unwrap()
        })
    }
}

fn copy<T: Element>(samples: &[T], channels: usize, storage: Storage) -> Vec<T> {
    match storage {
        Storage::Interleaved => samples.to_vec(),
        Storage::Planar => (0..channels)
            .flat_map(|channel| samples.iter().skip(channel).step_by(channels).copied())
            .collect(),
        Storage::Reversed => samples.iter().rev().copied().collect(),
        Storage::Spaced => {
            let mut memory = vec![T::default()];
            for frame in samples.chunks(channels) {
                memory.extend(frame.iter().flat_map(|sample| [*sample, T::default()]));
                memory.push(T::default());
            }
            memory
        }
    }
}

/// Returns the bytes of samples in a codec that keeps all bits, or the highest 24.
///
/// # Panics
/// The codec is not PCM of the same sample type.
pub fn bytes_in(codec: CodecId, audio: &TypedBuffer) -> Vec<u8> {
    use CodecId as C;
    macro_rules! bytes {
        ($data:expr, $bytes:expr) => {
            $data.iter().flat_map($bytes).collect()
        };
    }
    match (audio, codec) {
        (TypedBuffer::U8(data), C::PcmU8) => data.clone(),
        (TypedBuffer::U8(data), C::PcmS8) => bytes!(data, |x| [x.wrapping_sub(128)]),
        (TypedBuffer::I16(data), C::PcmS16Le) => bytes!(data, |x| x.to_le_bytes()),
        (TypedBuffer::I16(data), C::PcmS16Be) => bytes!(data, |x| x.to_be_bytes()),
        (TypedBuffer::I32(data), C::PcmS24Le) => {
            bytes!(data, |x| (x >> 8).to_le_bytes()[..3].to_vec())
        }
        (TypedBuffer::I32(data), C::PcmS24Be) => bytes!(data, |x| x.to_be_bytes()[..3].to_vec()),
        (TypedBuffer::I32(data), C::PcmS32Le) => bytes!(data, |x| x.to_le_bytes()),
        (TypedBuffer::I32(data), C::PcmS32Be) => bytes!(data, |x| x.to_be_bytes()),
        (TypedBuffer::I64(data), C::PcmS64Le) => bytes!(data, |x| x.to_le_bytes()),
        (TypedBuffer::I64(data), C::PcmS64Be) => bytes!(data, |x| x.to_be_bytes()),
        (TypedBuffer::F32(data), C::PcmF32Le) => bytes!(data, |x| x.to_le_bytes()),
        (TypedBuffer::F32(data), C::PcmF32Be) => bytes!(data, |x| x.to_be_bytes()),
        (TypedBuffer::F64(data), C::PcmF64Le) => bytes!(data, |x| x.to_le_bytes()),
        (TypedBuffer::F64(data), C::PcmF64Be) => bytes!(data, |x| x.to_be_bytes()),
        _ => panic!("{codec} of {}", audio.data_type()),
    }
}
