//! Audio and video frames: what encoders are given.

use crate::{
    ColorInfo, DataType, Element, Error, PixelFormat, Result, SampleFormat, Timestamp, TypedSlice,
    with_slice,
};

/// Some samples of every channel of an audio stream, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct AudioFrame<'a> {
    data: TypedSlice<'a>,
    format: SampleFormat,
    channels: usize,
    samples: usize,
    /// Planar: the distance from one channel's first sample to the next channel's.
    plane_stride: usize,
    pts: Timestamp,
}

impl<'a> AudioFrame<'a> {
    /// A frame of interleaved samples, as many as there are in `data`.
    ///
    /// # Panics
    /// If `channels` is 0, or `data` ends in the middle of a sample.
    pub fn packed(data: TypedSlice<'a>, channels: usize, pts: Timestamp) -> Self {
        assert!(channels > 0 && data.len().is_multiple_of(channels));
        let format = SampleFormat::packed(data.data_type());
        let samples = data.len() / channels;
        Self { data, format, channels, samples, plane_stride: 0, pts }
    }

    /// A frame of one plane per channel; channel `c`'s samples start at `c * plane_stride`.
    ///
    /// # Panics
    /// If `channels` is 0, or a plane leaves `data` or overlaps the next one.
    pub fn planar(
        data: TypedSlice<'a>,
        channels: usize,
        samples: usize,
        plane_stride: usize,
        pts: Timestamp,
    ) -> Self {
        assert!(channels > 0 && samples <= plane_stride);
        assert!((channels - 1) * plane_stride + samples <= data.len());
        let format = match data.data_type() {
            DataType::U8 => SampleFormat::U8p,
            DataType::I16 => SampleFormat::S16p,
            DataType::I32 => SampleFormat::S32p,
            DataType::I64 => SampleFormat::S64p,
            DataType::F32 => SampleFormat::Fltp,
            DataType::F64 => SampleFormat::Dblp,
        };
        Self { data, format, channels, samples, plane_stride, pts }
    }

    /// Refuses a frame that is not what an encoder was opened for.
    ///
    /// # Errors
    /// The frame must be of `format`, with `channels` channels.
    pub fn expect(&self, format: SampleFormat, channels: usize) -> Result<()> {
        if (self.format, self.channels) == (format, channels) {
            return Ok(());
        }
        Err(Error::chunk(format!(
            "Expected {format} frames with {channels} channels. Found {} with {}",
            self.format, self.channels
        )))
    }

    /// How the samples are stored.
    pub const fn format(&self) -> SampleFormat {
        self.format
    }

    /// How many channels there are.
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// How many samples each channel has.
    pub const fn samples(&self) -> usize {
        self.samples
    }

    /// When the first sample is heard, in units of 1 / sample rate.
    pub const fn pts(&self) -> Timestamp {
        self.pts
    }

    /// The interleaved samples, if the frame is packed and of this type.
    pub fn interleaved<T: Element>(&self) -> Option<&'a [T]> {
        if self.format.is_planar() { None } else { T::of(self.data) }
    }

    /// The samples of channel `channel`, if the frame is planar, of this type, and has it.
    pub fn plane<T: Element>(&self, channel: usize) -> Option<&'a [T]> {
        if !self.format.is_planar() || channel >= self.channels {
            return None;
        }
        let start = channel * self.plane_stride;
        T::of(self.data)?.get(start..start + self.samples)
    }
}

/// A sample as lossy encoders take it: within ±1, and 0 where it is not a number.
#[inline]
pub fn clamp_sample(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) }
}

/// Owned samples of a type known at run time: a buffer that conversions fill again and again.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // the names say it
pub enum TypedBuffer {
    U8(Vec<u8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl TypedBuffer {
    /// `len` elements, all zero.
    pub fn zeroed(data_type: DataType, len: usize) -> Self {
        match data_type {
            DataType::U8 => Self::U8(vec![0; len]),
            DataType::I16 => Self::I16(vec![0; len]),
            DataType::I32 => Self::I32(vec![0; len]),
            DataType::I64 => Self::I64(vec![0; len]),
            DataType::F32 => Self::F32(vec![0.0; len]),
            DataType::F64 => Self::F64(vec![0.0; len]),
        }
    }

    /// The elements.
    pub fn as_slice(&self) -> TypedSlice<'_> {
        match self {
            Self::U8(data) => TypedSlice::U8(data),
            Self::I16(data) => TypedSlice::I16(data),
            Self::I32(data) => TypedSlice::I32(data),
            Self::I64(data) => TypedSlice::I64(data),
            Self::F32(data) => TypedSlice::F32(data),
            Self::F64(data) => TypedSlice::F64(data),
        }
    }

    /// The type of the elements.
    pub fn data_type(&self) -> DataType {
        self.as_slice().data_type()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        with_slice!(self.as_slice(), data => data.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One picture of a video stream, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct VideoFrame<'a> {
    /// How the pixels are stored.
    pub format: PixelFormat,
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// What the numbers mean as colours.
    pub color: ColorInfo,
    /// The planes of [`format`](Self::format), in its order; the others are empty.
    pub planes: [Plane<'a>; 4],
    /// When the picture is shown, in units of 1 / frame rate.
    pub pts: Timestamp,
}

/// One plane of a picture.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plane<'a> {
    /// The bytes, from the first row's first to the last row's last.
    pub data: &'a [u8],
    /// The distance in bytes from one row to the next.
    pub stride: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_and_planar_are_told_apart() {
        let data = [1i16, 2, 3, 4, 5, 6];
        let packed = AudioFrame::packed(i16::slice(&data), 2, Timestamp(0));
        assert_eq!((packed.samples(), packed.format()), (3, SampleFormat::S16));
        assert_eq!(packed.interleaved::<i16>(), Some(&data[..]));
        assert!(packed.interleaved::<i32>().is_none() && packed.plane::<i16>(0).is_none());

        let planar = AudioFrame::planar(i16::slice(&data), 2, 2, 3, Timestamp(7));
        assert_eq!(planar.plane::<i16>(1), Some(&[4, 5][..]));
        assert!(planar.interleaved::<i16>().is_none() && planar.plane::<i16>(2).is_none());
    }
}
