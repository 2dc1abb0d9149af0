//! Video frames: the input of video encoders.

use std::sync::Arc;

use crate::{
    DataType, DevicePixels, DevicePlane, Error, MemoryKind, PixelFormat, Plane, PlaneBuffer,
    PlaneElement, Planes, PlanesMut, Result, SideData, Timestamp, VideoFormat, VideoView,
};

/// Video frame: a handle of shared pixels, cheap to clone.
///
/// Clones and views ([`crop`](Self::crop), [`flip`](Self::flip)) share the pixels. Writing copies
/// shared pixels first.
///
/// ```
/// use reelwright_core::{ColorInfo, PixelFormat, Timestamp, VideoFormat, VideoFrame};
///
/// let format = VideoFormat::new(PixelFormat::Gray8, 4, 2, ColorInfo::default());
/// let mut frame = VideoFrame::new(&format)?;
/// let [(pixels, stride), ..] = frame.planes_mut::<u8>()?;
/// pixels[stride] = 7;
/// let flipped = frame.flip().with_pts(Timestamp(3));
/// assert_eq!(flipped.view()?.planes_of::<u8>()?[0].row(0, 4), [7, 0, 0, 0]);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VideoFrame {
    /// Format of the pixels.
    pub format: VideoFormat,
    /// Presentation time, in units of the stream's time base.
    pub pts: Timestamp,
    /// Duration in the same units; `None` is until the next frame.
    pub duration: Option<i64>,
    /// Additional data, such as a keyframe request.
    pub side_data: SideData,
    /// The pixels.
    pub memory: VideoMemory,
}

/// Pixels of a [`VideoFrame`].
#[derive(Debug, Clone)]
pub enum VideoMemory {
    /// Pixels in host memory.
    Host(HostPixels),
    /// Pixels in the memory of a device.
    Device(DevicePixels),
}

/// Pixels in host memory: a view of a buffer that frames share.
///
/// In a new frame, the first element and the stride of each plane are aligned to
/// [`VideoFrame::ALIGNMENT`] bytes.
#[derive(Debug, Clone)]
pub struct HostPixels {
    buffer: Arc<PlaneBuffer>,
    planes: [HostPlane; 4],
}

/// Location of a plane: index of the first row's first element, and distance between rows.
#[derive(Debug, Clone, Copy, Default)]
struct HostPlane {
    first: usize,
    stride: isize,
}

impl VideoFrame {
    /// Alignment in bytes of the planes and rows of new frames, for SIMD.
    pub const ALIGNMENT: usize = 64;

    /// Creates a frame in host memory, all zero, at pts 0.
    ///
    /// # Errors
    /// The frame does not fit in memory.
    pub fn new(format: &VideoFormat) -> Result<Self> {
        let (width, height) = format.size();
        let failed = || {
            Error::argument(format!("A frame of {width}x{height} pixels does not fit in memory."))
        };
        let pixel_format = format.pixel_format;
        let bytes = pixel_format.data_type().bytes();
        let aligned = Self::ALIGNMENT / bytes;
        let mut planes = [HostPlane::default(); 4];
        // Space to align the first element.
        let mut size = aligned;
        for (index, plane) in planes.iter_mut().enumerate().take(pixel_format.planes()) {
            let (row, rows) = pixel_format.plane_size(index, width as usize, height as usize);
            let stride = row.checked_next_multiple_of(aligned).ok_or_else(failed)?;
            *plane = HostPlane { first: size, stride: stride as isize };
            let plane = stride.checked_mul(rows);
            size = plane.and_then(|plane| size.checked_add(plane)).ok_or_else(failed)?;
        }
        if size.checked_mul(bytes).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            return Err(failed());
        }
        let (buffer, misaligned) = if bytes == 1 {
            let data = vec![0u8; size];
            let address = data.as_ptr().addr();
            (PlaneBuffer::U8(data), address % Self::ALIGNMENT)
        } else {
            let data = vec![0u16; size];
            let address = data.as_ptr().addr();
            (PlaneBuffer::U16(data), address % Self::ALIGNMENT)
        };
        // The first plane starts after `aligned` elements, which may be too far by this many.
        for plane in planes.iter_mut().take(pixel_format.planes()) {
            plane.first -= misaligned / bytes;
        }
        let memory = VideoMemory::Host(HostPixels { buffer: Arc::new(buffer), planes });
        Ok(Self {
            format: *format,
            pts: Timestamp(0),
            duration: None,
            side_data: SideData::default(),
            memory,
        })
    }

    /// Copies a borrowed frame.
    ///
    /// # Errors
    /// The same errors as [`new`](Self::new) and [`VideoView::check_format`].
    pub fn copy_of(view: &VideoView<'_>) -> Result<Self> {
        let mut frame = Self::new(&view.format)?;
        frame.copy_from(view)?;
        Ok(frame)
    }

    /// Copies the pixels, times and side data of a borrowed frame.
    ///
    /// # Errors
    /// The same errors as [`VideoView::check_format`] with this frame's pixel format and size, and
    /// as [`planes_mut`](Self::planes_mut).
    pub fn copy_from(&mut self, view: &VideoView<'_>) -> Result<()> {
        view.check_format(self.format.pixel_format, self.format.width, self.format.height)?;
        match view.planes {
            Planes::U8(planes) => self.copy_planes(&planes)?,
            Planes::U16(planes) => self.copy_planes(&planes)?,
        }
        (self.format, self.pts, self.duration) = (view.format, view.pts, view.duration);
        self.side_data.clone_from(&view.side_data);
        Ok(())
    }

    fn copy_planes<T: PlaneElement>(&mut self, from: &[Plane<'_, T>; 4]) -> Result<()> {
        let format = self.format;
        let to = self.planes_mut::<T>()?;
        for (index, (to, stride)) in to.into_iter().enumerate().take(format.pixel_format.planes()) {
            let (row, rows) = format.plane_size(index);
            for (from, to) in from[index].rows(row, rows).zip(to.chunks_mut(stride)) {
                to[..row].copy_from_slice(from);
            }
        }
        Ok(())
    }

    /// Returns a handle of the same pixels with another pts, and with no duration.
    #[must_use]
    pub fn with_pts(&self, pts: Timestamp) -> Self {
        Self { pts, duration: None, ..self.clone() }
    }

    /// Returns the kind of memory that contains the pixels.
    pub fn memory_kind(&self) -> MemoryKind {
        match &self.memory {
            VideoMemory::Host(_) => MemoryKind::HOST,
            VideoMemory::Device(pixels) => pixels.memory.kind(),
        }
    }

    /// Returns whether no other frame shares these pixels, so that they can be written.
    pub fn is_unique(&mut self) -> bool {
        match &mut self.memory {
            VideoMemory::Host(pixels) => Arc::get_mut(&mut pixels.buffer).is_some(),
            VideoMemory::Device(pixels) => {
                Arc::get_mut(&mut pixels.memory).is_some() && pixels.memory.is_released()
            }
        }
    }

    /// Borrows the frame's pixels.
    ///
    /// # Errors
    /// The pixels are not in host memory.
    pub fn view(&self) -> Result<VideoView<'_>> {
        let VideoMemory::Host(pixels) = &self.memory else { return Err(self.not_in_host_memory()) };
        let planes = match &*pixels.buffer {
            PlaneBuffer::U8(data) => Planes::U8(pixels.planes_in(data, self.format.pixel_format)),
            PlaneBuffer::U16(data) => Planes::U16(pixels.planes_in(data, self.format.pixel_format)),
        };
        let Self { format, pts, duration, ref side_data, .. } = *self;
        Ok(VideoView { format, planes, pts, duration, side_data: side_data.clone() })
    }

    fn not_in_host_memory(&self) -> Error {
        Error::chunk(format!(
            "Expected a frame in host memory. Found: {} memory. Call VideoFrame::download first.",
            self.memory_kind()
        ))
    }

    /// Borrows the pixels and checks that they match the format of an encoder.
    ///
    /// # Errors
    /// The frame is not in host memory, or has another pixel format, width or height.
    pub fn checked_view(
        &self,
        format: PixelFormat,
        width: u32,
        height: u32,
    ) -> Result<VideoView<'_>> {
        let view = self.view()?;
        view.check_format(format, width, height)?;
        Ok(view)
    }

    /// Returns the mutable planes: the elements from the first row to the last, and the distance in
    /// elements from one row to the next. Pixels that are shared or stored from the last row to the
    /// first are copied first. Planes that the format does not have are empty.
    ///
    /// # Errors
    /// The frame is not in host memory, or its elements are not of type `T`.
    pub fn planes_mut<T: PlaneElement>(&mut self) -> Result<[(&mut [T], usize); 4]> {
        self.make_unique()?;
        let format = self.format;
        let error = || {
            Error::chunk(format!(
                "Expected planes of type {}. Found: {} ({})",
                T::DATA_TYPE,
                format.pixel_format.data_type(),
                format.pixel_format
            ))
        };
        let VideoMemory::Host(HostPixels { buffer, planes }) = &mut self.memory else {
            return Err(error());
        };
        let mut rest = Arc::get_mut(buffer).and_then(T::elements).ok_or_else(error)?;
        let mut slices: [(&mut [T], usize); 4] = Default::default();
        let (mut start, count) = (0, format.pixel_format.planes());
        for index in 0..count {
            let HostPlane { first, stride } = planes[index];
            let next = if index + 1 < count { planes[index + 1].first } else { start + rest.len() };
            let (_, rows) = format.plane_size(index);
            let stride = stride.unsigned_abs();
            let end = next.min(first + stride * rows);
            let (_, after) = std::mem::take(&mut rest).split_at_mut(first - start);
            let (plane, after) = after.split_at_mut(end - first);
            slices[index] = (plane, stride);
            (rest, start) = (after, end);
        }
        Ok(slices)
    }

    /// Copies the pixels if another frame shares them, or if the rows are in reverse order.
    fn make_unique(&mut self) -> Result<()> {
        let VideoMemory::Host(pixels) = &mut self.memory else {
            return Err(self.not_in_host_memory());
        };
        let goes_down = pixels.planes.iter().all(|plane| plane.stride >= 0);
        if Arc::get_mut(&mut pixels.buffer).is_none() || !goes_down {
            *self = Self::copy_of(&self.view()?)?;
        }
        Ok(())
    }

    /// Returns a view of `width` × `height` pixels whose top left one is (`x`, `y`), without a
    /// copy.
    ///
    /// # Errors
    /// The view exceeds the frame, or `x` and `y` are not multiples of the chroma subsampling.
    pub fn crop(&self, (x, y): (u32, u32), (width, height): (u32, u32)) -> Result<Self> {
        let pixel_format = self.format.pixel_format;
        let fits = |start: u32, length: u32, whole: u32| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= whole)
        };
        if !fits(x, width, self.format.width) || !fits(y, height, self.format.height) {
            return Err(Error::argument(format!(
                "A part of a frame must be inside of its {}x{} pixels. Found: {width}x{height} at \
                 {x},{y}",
                self.format.width, self.format.height
            )));
        }
        let (across, down) = pixel_format.chroma_shift();
        let shared = (1 << across, 1 << down);
        if x % shared.0 != 0 || y % shared.1 != 0 {
            return Err(Error::argument(format!(
                "The offset of a part of a {pixel_format} frame must be a multiple of {}x{} \
                 pixels. Found: {x},{y}",
                shared.0, shared.1
            )));
        }
        let bytes = pixel_format.data_type().bytes();
        let mut frame = self.clone();
        (frame.format.width, frame.format.height) = (width, height);
        for index in 0..pixel_format.planes() {
            let (column, row) = pixel_format.plane_size(index, x as usize, y as usize);
            let (column, row) = (column as isize, row as isize);
            match &mut frame.memory {
                VideoMemory::Host(pixels) => {
                    let plane = &mut pixels.planes[index];
                    plane.first = plane.first.wrapping_add_signed(row * plane.stride + column);
                }
                VideoMemory::Device(pixels) => {
                    let plane = &mut pixels.planes[index];
                    let offset = row * plane.pitch + column * bytes as isize;
                    plane.offset = plane.offset.wrapping_add_signed(offset);
                }
            }
        }
        Ok(frame)
    }

    /// Returns a view with the rows in reverse order (a vertical flip), without a copy.
    #[must_use]
    pub fn flip(&self) -> Self {
        let mut frame = self.clone();
        for index in 0..self.format.pixel_format.planes() {
            let last = self.format.plane_size(index).1.saturating_sub(1) as isize;
            match &mut frame.memory {
                VideoMemory::Host(pixels) => {
                    let HostPlane { first, stride } = &mut pixels.planes[index];
                    (*first, *stride) = (first.wrapping_add_signed(last * *stride), -*stride);
                }
                VideoMemory::Device(pixels) => {
                    let DevicePlane { offset, pitch } = &mut pixels.planes[index];
                    (*offset, *pitch) = (offset.wrapping_add_signed(last * *pitch), -*pitch);
                }
            }
        }
        frame
    }

    /// Returns the frame in host memory. Device memory is copied after its pixels are ready.
    ///
    /// # Errors
    /// The device fails, or memory is exhausted.
    pub fn download(&self) -> Result<Self> {
        let VideoMemory::Device(pixels) = &self.memory else { return Ok(self.clone()) };
        if let Some(ready) = &pixels.ready {
            ready.wait()?;
        }
        let frame = Self::new(&self.format)?;
        let Self { pts, duration, ref side_data, .. } = *self;
        let mut frame = Self { pts, duration, side_data: side_data.clone(), ..frame };
        let to = match self.format.pixel_format.data_type() {
            DataType::U8 => PlanesMut::U8(frame.planes_mut()?),
            _ => PlanesMut::U16(frame.planes_mut()?),
        };
        pixels.memory.download(&self.format, &pixels.planes, to)?;
        Ok(frame)
    }
}

impl HostPixels {
    fn planes_in<'a, T: Default + Copy>(
        &self,
        data: &'a [T],
        format: PixelFormat,
    ) -> [Plane<'a, T>; 4] {
        let mut planes = [Plane::default(); 4];
        for (plane, place) in planes.iter_mut().zip(self.planes).take(format.planes()) {
            *plane = Plane::with_first_row(data, place.first, place.stride);
        }
        planes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColorInfo;

    fn format(pixel_format: PixelFormat, width: u32, height: u32) -> VideoFormat {
        VideoFormat::new(pixel_format, width, height, ColorInfo::BT601)
    }

    /// Creates a frame whose elements all differ, if their type allows it.
    fn numbered(format: &VideoFormat) -> VideoFrame {
        let mut frame = VideoFrame::new(format).unwrap();
        for plane in 0..format.pixel_format.planes() {
            let (row, rows) = format.plane_size(plane);
            if format.pixel_format.data_type().bytes() == 1 {
                let (data, stride) = &mut frame.planes_mut::<u8>().unwrap()[plane];
                for (index, at) in (0..rows).flat_map(|y| (0..row).map(move |x| (y, x))).enumerate()
                {
                    data[at.0 * *stride + at.1] = (7 * index + plane) as u8;
                }
            } else {
                let (data, stride) = &mut frame.planes_mut::<u16>().unwrap()[plane];
                for (index, at) in (0..rows).flat_map(|y| (0..row).map(move |x| (y, x))).enumerate()
                {
                    data[at.0 * *stride + at.1] = (7 * index + plane) as u16;
                }
            }
        }
        frame
    }

    fn rows(frame: &VideoFrame, plane: usize) -> Vec<Vec<u16>> {
        let (row, rows) = frame.format.plane_size(plane);
        match frame.view().unwrap().planes {
            Planes::U8(planes) => planes[plane]
                .rows(row, rows)
                .map(|row| row.iter().map(|v| u16::from(*v)).collect())
                .collect(),
            Planes::U16(planes) => planes[plane].rows(row, rows).map(<[u16]>::to_vec).collect(),
        }
    }

    #[test]
    fn planes_and_rows_of_new_frames_are_aligned() {
        for pixel_format in PixelFormat::ALL {
            for (width, height) in [(1, 1), (5, 3), (64, 2), (1921, 7)] {
                let frame = VideoFrame::new(&format(*pixel_format, width, height)).unwrap();
                let view = frame.view().unwrap();
                view.check_format(*pixel_format, width, height).unwrap();
                for plane in 0..pixel_format.planes() {
                    let (row, rows) = frame.format.plane_size(plane);
                    for y in 0..rows {
                        let address = match &view.planes {
                            Planes::U8(planes) => planes[plane].row(y, row).as_ptr().addr(),
                            Planes::U16(planes) => planes[plane].row(y, row).as_ptr().addr(),
                        };
                        assert_eq!(
                            address % VideoFrame::ALIGNMENT,
                            0,
                            "{pixel_format} {plane} {y}"
                        );
                    }
                }
            }
        }
        assert!(VideoFrame::new(&format(PixelFormat::Rgba64Le, u32::MAX, u32::MAX)).is_err());
    }

    #[test]
    fn crops_and_flips_are_views() {
        for pixel_format in PixelFormat::ALL {
            let whole = numbered(&format(*pixel_format, 10, 8));
            let part = whole.crop((4, 2), (5, 3)).unwrap();
            let upside_down = part.flip();
            for plane in 0..pixel_format.planes() {
                let (column, row) = pixel_format.plane_size(plane, 4, 2);
                let (width, height) = part.format.plane_size(plane);
                let mut expected: Vec<_> = rows(&whole, plane)[row..row + height]
                    .iter()
                    .map(|row| row[column..column + width].to_vec())
                    .collect();
                assert_eq!(rows(&part, plane), expected, "{pixel_format} {plane}");
                expected.reverse();
                assert_eq!(rows(&upside_down, plane), expected, "{pixel_format} {plane}");
                assert_eq!(rows(&upside_down.flip(), plane), rows(&part, plane));
            }
        }
    }

    #[test]
    fn rejects_crops_outside_of_the_frame_or_within_shared_chroma() {
        let frame = VideoFrame::new(&format(PixelFormat::Yuv420p, 10, 8)).unwrap();
        for (offset, size) in
            [((0, 0), (11, 1)), ((0, 8), (1, 1)), ((u32::MAX, 0), (2, 1)), ((0, 0), (0, 1))]
        {
            let error = frame.crop(offset, size).unwrap_err().to_string();
            assert!(error.contains("inside of its 10x8 pixels"), "{error}");
        }
        let error = frame.crop((1, 0), (2, 2)).unwrap_err().to_string();
        assert!(error.contains("multiple of 2x2 pixels. Found: 1,0"), "{error}");
    }

    #[test]
    fn writing_does_not_change_other_frames() {
        for pixel_format in [PixelFormat::Yuv420p, PixelFormat::Gbrp10Le] {
            let mut frame = numbered(&format(pixel_format, 6, 4));
            let before = rows(&frame, 1);
            let mut others = [frame.clone(), frame.flip(), frame.crop((2, 2), (3, 2)).unwrap()];
            assert!(!frame.is_unique());
            for other in &mut others {
                let expected = rows(other, 0);
                match pixel_format.data_type().bytes() {
                    1 => other.planes_mut::<u8>().unwrap()[1].0.fill(1),
                    _ => other.planes_mut::<u16>().unwrap()[1].0.fill(1),
                }
                assert_eq!(rows(&frame, 1), before);
                assert_eq!(rows(other, 0), expected, "the other planes are copied");
                assert!(rows(other, 1).iter().flatten().all(|v| *v == 1));
            }
            assert!(frame.is_unique());
        }
    }

    #[test]
    fn unshared_view_is_written_in_place() {
        let mut frame = numbered(&format(PixelFormat::Yuv420p, 8, 4)).crop((2, 2), (4, 2)).unwrap();
        let first = frame.view().unwrap().planes_of::<u8>().unwrap()[1].row(0, 2).as_ptr().addr();
        let [_, (chroma, stride), ..] = frame.planes_mut::<u8>().unwrap();
        assert_eq!((chroma.as_ptr().addr(), stride), (first, 64));
        chroma[0] = 99;
        assert_eq!(rows(&frame, 1)[0][0], 99);
        assert!(frame.planes_mut::<u16>().is_err());
    }

    #[test]
    fn rejects_frames_of_another_format() {
        let frame = VideoFrame::new(&format(PixelFormat::Yuv420p, 5, 3)).unwrap();
        frame.checked_view(PixelFormat::Yuv420p, 5, 3).unwrap();
        assert!(frame.checked_view(PixelFormat::Yuv420p, 5, 4).is_err());
        assert!(frame.checked_view(PixelFormat::Yuv422p, 5, 3).is_err());
        let format = format(PixelFormat::Yuv420p, 5, 3);
        for (planes, expected) in [
            (Planes::U8([Plane::new(&[0; 14], 5); 4]), "3 rows of 5 elements"),
            (Planes::U16([Plane::new(&[0; 15], 5); 4]), "type Byte"),
        ] {
            let view = VideoView::new(&format, planes);
            let error = view.check_format(PixelFormat::Yuv420p, 5, 3).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(VideoFrame::copy_of(&view).is_err());
        }
    }
}
