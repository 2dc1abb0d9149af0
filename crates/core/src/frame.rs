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
    /// Presentation time, in units of the stream's time base.
    pub pts: Timestamp,
    /// Duration in the same units; `None` is until the next frame.
    pub duration: Option<i64>,
}

/// One plane of a picture.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plane<'a> {
    /// The bytes, from the first row's first to the last row's last.
    pub data: &'a [u8],
    /// The distance in bytes from one row to the next.
    pub stride: usize,
}

impl VideoFrame<'_> {
    /// Refuses a picture that is not what an encoder was opened for.
    ///
    /// # Errors
    /// The picture must be of `format`, of `width` × `height` pixels, with all its rows there.
    pub fn expect(&self, format: PixelFormat, width: u32, height: u32) -> Result<()> {
        if (self.format, self.width, self.height) != (format, width as usize, height as usize) {
            return Err(Error::chunk(format!(
                "Expected {format} frames of {width}x{height}. Found {} of {}x{}",
                self.format, self.width, self.height
            )));
        }
        for (index, plane) in self.planes[..format.planes()].iter().enumerate() {
            let (bytes, rows) = format.plane_size(index, self.width, self.height);
            let needed = rows.checked_sub(1).and_then(|rows| rows.checked_mul(plane.stride));
            let needed = needed.and_then(|start| start.checked_add(bytes));
            if plane.stride < bytes || needed.is_none_or(|needed| plane.data.len() < needed) {
                return Err(Error::chunk(format!(
                    "Plane {index} of a frame must have {rows} rows of {bytes} bytes. Found: {} \
                     bytes, a row every {}",
                    plane.data.len(),
                    plane.stride
                )));
            }
        }
        Ok(())
    }
}

impl<'a> Plane<'a> {
    /// The first `count` rows of `bytes` bytes each.
    ///
    /// # Panics
    /// While iterating, where a row leaves the plane.
    pub fn rows(self, bytes: usize, count: usize) -> impl Iterator<Item = &'a [u8]> {
        (0..count).map(move |row| &self.data[row * self.stride..][..bytes])
    }
}

/// One owned picture: a buffer that conversions fill again and again.
#[derive(Debug, Clone)]
pub struct VideoBuffer {
    format: PixelFormat,
    width: usize,
    height: usize,
    color: ColorInfo,
    /// One after the other.
    data: Vec<u8>,
    /// Where each plane starts, and the distance from one of its rows to the next.
    planes: [(usize, usize); 4],
}

impl VideoBuffer {
    /// A row starts at a multiple of this many bytes after its plane's first, for SIMD.
    pub const ALIGNMENT: usize = 64;

    /// A picture of `width` × `height` pixels, all zero.
    ///
    /// # Errors
    /// More bytes than memory can be asked for.
    pub fn new(format: PixelFormat, width: usize, height: usize, color: ColorInfo) -> Result<Self> {
        let mut planes = [(0, 0); 4];
        let mut size = Some(0usize);
        for (index, plane) in planes.iter_mut().enumerate().take(format.planes()) {
            let (bytes, rows) = format.plane_size(index, width, height);
            let stride = bytes.checked_next_multiple_of(Self::ALIGNMENT);
            *plane = (size.unwrap_or_default(), stride.unwrap_or_default());
            let end = stride.and_then(|stride| stride.checked_mul(rows));
            size = size.zip(end).and_then(|(size, bytes)| size.checked_add(bytes));
        }
        let Some(size) = size.filter(|size| isize::try_from(*size).is_ok()) else {
            return Err(Error::argument(format!(
                "A picture of {width}x{height} pixels does not fit in memory."
            )));
        };
        Ok(Self { format, width, height, color, data: vec![0; size], planes })
    }

    /// How the pixels are stored.
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// In pixels.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// In pixels.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// What the numbers mean as colours.
    pub const fn color(&self) -> ColorInfo {
        self.color
    }

    /// The planes to fill, each from its first row to its last, and the distance in bytes from
    /// one row to the next. There are as many as the format has; the others are empty.
    pub fn planes_mut(&mut self) -> [(&mut [u8], usize); 4] {
        let mut rest = &mut self.data[..];
        let mut planes: [(&mut [u8], usize); 4] = Default::default();
        for index in 0..self.format.planes() {
            let (_, stride) = self.planes[index];
            let (_, rows) = self.format.plane_size(index, self.width, self.height);
            let (plane, after) = std::mem::take(&mut rest).split_at_mut(stride * rows);
            planes[index] = (plane, stride);
            rest = after;
        }
        planes
    }

    /// The picture as an encoder takes it, to be shown at `pts` until the next one.
    pub fn frame(&self, pts: Timestamp) -> VideoFrame<'_> {
        let mut planes = [Plane::default(); 4];
        for (index, plane) in planes.iter_mut().enumerate().take(self.format.planes()) {
            let (start, stride) = self.planes[index];
            let (_, rows) = self.format.plane_size(index, self.width, self.height);
            *plane = Plane { data: &self.data[start..start + stride * rows], stride };
        }
        let Self { format, width, height, color, .. } = *self;
        VideoFrame { format, width, height, color, planes, pts, duration: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffers_planes_are_the_frames() {
        let color = ColorInfo::default();
        let mut buffer = VideoBuffer::new(PixelFormat::Yuv420p, 5, 3, color).unwrap();
        for (value, (plane, _)) in (1..).zip(buffer.planes_mut()) {
            plane.fill(value);
        }
        let frame = buffer.frame(Timestamp(9));
        frame.expect(PixelFormat::Yuv420p, 5, 3).unwrap();
        assert!(frame.expect(PixelFormat::Yuv420p, 5, 4).is_err());
        let chroma: Vec<_> = frame.planes[2].rows(3, 2).collect();
        assert_eq!(chroma, [[3, 3, 3], [3, 3, 3]]);
        assert!(frame.planes[3].data.is_empty());
        let short = VideoFrame { planes: [Plane { data: &[0; 14], stride: 5 }; 4], ..frame };
        assert!(short.expect(PixelFormat::Yuv420p, 5, 3).is_err());
        let huge = VideoBuffer::new(PixelFormat::Yuv444p, usize::MAX / 2, 7, color);
        assert!(huge.is_err());
    }

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
