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
    /// If `channels` is 0, `data` ends in the middle of a sample, or is of type `U16`.
    pub fn packed(data: TypedSlice<'a>, channels: usize, pts: Timestamp) -> Self {
        assert!(channels > 0 && data.len().is_multiple_of(channels));
        let format = SampleFormat::packed(data.data_type());
        let samples = data.len() / channels;
        Self { data, format, channels, samples, plane_stride: 0, pts }
    }

    /// A frame of one plane per channel; channel `c`'s samples start at `c * plane_stride`.
    ///
    /// # Panics
    /// If `channels` is 0, a plane leaves `data` or overlaps the next one, or `data` is of type `U16`.
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
            DataType::U16 => panic!("audio has no samples of type {}", DataType::U16),
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
    ///
    /// # Panics
    /// If `data_type` is `U16`, which audio does not have.
    pub fn zeroed(data_type: DataType, len: usize) -> Self {
        match data_type {
            DataType::U8 => Self::U8(vec![0; len]),
            DataType::U16 => panic!("audio has no samples of type {data_type}"),
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

/// Type of the elements of video planes: `u8` and `u16`.
pub trait PlaneElement: Element {
    /// The planes, if they are of this type.
    fn planes<'a, 'b>(planes: &'b Planes<'a>) -> Option<&'b [Plane<'a, Self>; 4]>;

    /// The elements of a buffer, if they are of this type.
    fn elements(elements: &mut PlaneBuffer) -> Option<&mut [Self]>;
}

/// Planes of a video frame, all of one element type. Those that the pixel format does not have are
/// empty.
#[derive(Debug, Clone, Copy)]
pub enum Planes<'a> {
    /// Up to 8 bits.
    U8([Plane<'a, u8>; 4]),
    /// More than 8 bits.
    U16([Plane<'a, u16>; 4]),
}

/// One plane of a video frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plane<'a, T = u8> {
    /// The elements, from the first row's first to the last row's last.
    pub data: &'a [T],
    /// Distance in elements from one row to the next.
    pub stride: usize,
}

impl Planes<'_> {
    /// Type of the elements.
    pub const fn data_type(&self) -> DataType {
        match self {
            Self::U8(_) => DataType::U8,
            Self::U16(_) => DataType::U16,
        }
    }

    /// Number of elements of a plane, and the distance from one row to the next.
    fn extent(&self, plane: usize) -> (usize, usize) {
        match self {
            Self::U8(planes) => (planes[plane].data.len(), planes[plane].stride),
            Self::U16(planes) => (planes[plane].data.len(), planes[plane].stride),
        }
    }
}

/// Elements of the planes of a [`VideoBuffer`].
#[derive(Debug, Clone)]
#[allow(missing_docs)] // the names say it
pub enum PlaneBuffer {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

macro_rules! plane_element {
    ($type:ty, $variant:ident) => {
        impl PlaneElement for $type {
            fn planes<'a, 'b>(planes: &'b Planes<'a>) -> Option<&'b [Plane<'a, Self>; 4]> {
                match planes {
                    Planes::$variant(planes) => Some(planes),
                    _ => None,
                }
            }

            fn elements(elements: &mut PlaneBuffer) -> Option<&mut [Self]> {
                match elements {
                    PlaneBuffer::$variant(elements) => Some(elements),
                    _ => None,
                }
            }
        }
    };
}

plane_element!(u8, U8);
plane_element!(u16, U16);

/// Order of the bytes of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The least significant byte first.
    Little,
    /// The most significant byte first.
    Big,
}

/// One video frame, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct VideoFrame<'a> {
    /// Storage of the pixels.
    pub format: PixelFormat,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Meaning of the numbers as colors.
    pub color: ColorInfo,
    /// The planes of [`format`](Self::format), in its order.
    pub planes: Planes<'a>,
    /// Presentation time, in units of the stream's time base.
    pub pts: Timestamp,
    /// Duration in the same units; `None` lasts until the next frame.
    pub duration: Option<i64>,
}

impl<'a> VideoFrame<'a> {
    /// The planes, with elements of type `T`.
    ///
    /// # Errors
    /// The pixel format's elements must be of this type.
    pub fn planes_of<T: PlaneElement>(&self) -> Result<&[Plane<'a, T>; 4]> {
        T::planes(&self.planes).ok_or_else(|| {
            Error::chunk(format!(
                "Expected planes of type {}. Found: {} ({})",
                T::DATA_TYPE,
                self.planes.data_type(),
                self.format
            ))
        })
    }

    /// Appends the rows of plane `plane` without gaps, words in this byte order. The frame must be
    /// [as expected](Self::expect).
    pub fn append_plane(&self, plane: usize, order: ByteOrder, to: &mut Vec<u8>) {
        let (row, rows) = self.format.plane_size(plane, self.width, self.height);
        match &self.planes {
            Planes::U8(planes) => planes[plane].rows(row, rows).for_each(|row| to.extend(row)),
            Planes::U16(planes) => {
                for row in planes[plane].rows(row, rows) {
                    match order {
                        ByteOrder::Little => to.extend(row.iter().flat_map(|v| v.to_le_bytes())),
                        ByteOrder::Big => to.extend(row.iter().flat_map(|v| v.to_be_bytes())),
                    }
                }
            }
        }
    }

    /// Refuses a frame that is not what an encoder was opened for.
    ///
    /// # Errors
    /// The frame must be of `format`, of `width` × `height` pixels, with all its rows.
    pub fn expect(&self, format: PixelFormat, width: u32, height: u32) -> Result<()> {
        if (self.format, self.width, self.height) != (format, width as usize, height as usize) {
            return Err(Error::chunk(format!(
                "Expected {format} frames of {width}x{height}. Found {} of {}x{}",
                self.format, self.width, self.height
            )));
        }
        if self.planes.data_type() != format.data_type() {
            return Err(Error::chunk(format!(
                "Expected planes of type {} for {format}. Found: {}",
                format.data_type(),
                self.planes.data_type()
            )));
        }
        for plane in 0..format.planes() {
            let (row, rows) = format.plane_size(plane, self.width, self.height);
            let (len, stride) = self.planes.extent(plane);
            let needed = rows.checked_sub(1).and_then(|rows| rows.checked_mul(stride));
            let needed = needed.and_then(|start| start.checked_add(row));
            if stride < row || needed.is_none_or(|needed| len < needed) {
                return Err(Error::chunk(format!(
                    "Plane {plane} of a frame must have {rows} rows of {row} elements. Found: {len} \
                     elements, a row every {stride}"
                )));
            }
        }
        Ok(())
    }
}

impl<'a, T> Plane<'a, T> {
    /// The first `count` rows of `width` elements each.
    ///
    /// # Panics
    /// While iterating, where a row leaves the plane.
    pub fn rows(self, width: usize, count: usize) -> impl Iterator<Item = &'a [T]> {
        (0..count).map(move |row| &self.data[row * self.stride..][..width])
    }
}

/// One owned video frame: a buffer that conversions fill again and again.
#[derive(Debug, Clone)]
pub struct VideoBuffer {
    format: PixelFormat,
    width: usize,
    height: usize,
    color: ColorInfo,
    /// The planes one after the other.
    elements: PlaneBuffer,
    /// Start of each plane, and the distance from one of its rows to the next.
    planes: [(usize, usize); 4],
}

impl VideoBuffer {
    /// Rows start at a multiple of this many elements after their plane's first, for SIMD.
    pub const ALIGNMENT: usize = 64;

    /// A frame of `width` × `height` pixels, all zero.
    ///
    /// # Errors
    /// The frame must fit in memory.
    pub fn new(format: PixelFormat, width: usize, height: usize, color: ColorInfo) -> Result<Self> {
        let mut planes = [(0, 0); 4];
        let mut size = Some(0usize);
        for (index, plane) in planes.iter_mut().enumerate().take(format.planes()) {
            let (row, rows) = format.plane_size(index, width, height);
            let stride = row.checked_next_multiple_of(Self::ALIGNMENT);
            *plane = (size.unwrap_or_default(), stride.unwrap_or_default());
            let end = stride.and_then(|stride| stride.checked_mul(rows));
            size = size.zip(end).and_then(|(size, plane)| size.checked_add(plane));
        }
        let fits = |size: &usize| {
            size.checked_mul(format.data_type().bytes()).is_some_and(|n| isize::try_from(n).is_ok())
        };
        let Some(size) = size.filter(fits) else {
            return Err(Error::argument(format!(
                "A frame of {width}x{height} pixels does not fit in memory."
            )));
        };
        let elements = if format.data_type() == DataType::U8 {
            PlaneBuffer::U8(vec![0; size])
        } else {
            PlaneBuffer::U16(vec![0; size])
        };
        Ok(Self { format, width, height, color, elements, planes })
    }

    /// Storage of the pixels.
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// Width in pixels.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Meaning of the numbers as colors.
    pub const fn color(&self) -> ColorInfo {
        self.color
    }

    /// The planes to fill, each from its first row to its last, and the distance in elements from one
    /// row to the next; none if the elements are not of type `T`. There are as many as the format has;
    /// the others are empty.
    pub fn planes_mut<T: PlaneElement>(&mut self) -> Option<[(&mut [T], usize); 4]> {
        let mut rest = T::elements(&mut self.elements)?;
        let mut planes: [(&mut [T], usize); 4] = Default::default();
        for index in 0..self.format.planes() {
            let (_, stride) = self.planes[index];
            let (_, rows) = self.format.plane_size(index, self.width, self.height);
            let (plane, after) = std::mem::take(&mut rest).split_at_mut(stride * rows);
            planes[index] = (plane, stride);
            rest = after;
        }
        Some(planes)
    }

    /// The frame as an encoder takes it, shown at `pts` until the next one.
    pub fn frame(&self, pts: Timestamp) -> VideoFrame<'_> {
        let planes = match &self.elements {
            PlaneBuffer::U8(data) => Planes::U8(self.planes_in(data)),
            PlaneBuffer::U16(data) => Planes::U16(self.planes_in(data)),
        };
        let Self { format, width, height, color, .. } = *self;
        VideoFrame { format, width, height, color, planes, pts, duration: None }
    }

    fn planes_in<'a, T: Default + Copy>(&self, data: &'a [T]) -> [Plane<'a, T>; 4] {
        let mut planes = [Plane::default(); 4];
        for (index, plane) in planes.iter_mut().enumerate().take(self.format.planes()) {
            let (start, stride) = self.planes[index];
            let (_, rows) = self.format.plane_size(index, self.width, self.height);
            *plane = Plane { data: &data[start..start + stride * rows], stride };
        }
        planes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffers_planes_are_the_frames() {
        let color = ColorInfo::default();
        let mut buffer = VideoBuffer::new(PixelFormat::Yuv420p, 5, 3, color).unwrap();
        for (value, (plane, _)) in (1..).zip(buffer.planes_mut::<u8>().unwrap()) {
            plane.fill(value);
        }
        assert!(buffer.planes_mut::<u16>().is_none());
        let frame = buffer.frame(Timestamp(9));
        frame.expect(PixelFormat::Yuv420p, 5, 3).unwrap();
        assert!(frame.expect(PixelFormat::Yuv420p, 5, 4).is_err());
        let planes = frame.planes_of::<u8>().unwrap();
        let chroma: Vec<_> = planes[2].rows(3, 2).collect();
        assert_eq!(chroma, [[3, 3, 3], [3, 3, 3]]);
        assert!(planes[3].data.is_empty());
        let short = Planes::U8([Plane { data: &[0; 14], stride: 5 }; 4]);
        assert!(VideoFrame { planes: short, ..frame }.expect(PixelFormat::Yuv420p, 5, 3).is_err());
        let wide = Planes::U16([Plane { data: &[0; 15], stride: 5 }; 4]);
        assert!(VideoFrame { planes: wide, ..frame }.expect(PixelFormat::Yuv420p, 5, 3).is_err());
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
