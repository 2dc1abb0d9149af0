//! Borrowed video frames.

use crate::{
    ByteOrder, Error, PixelFormat, Plane, PlaneElement, Planes, Result, SideData, Timestamp,
    VideoFormat,
};

/// Borrowed video frame: the input of converters, and the pixels that encoders read.
#[derive(Debug, Clone)]
pub struct VideoView<'a> {
    /// Format of the pixels.
    pub format: VideoFormat,
    /// The planes of the [pixel format](VideoFormat::pixel_format), in its order.
    pub planes: Planes<'a>,
    /// Presentation time, in units of the stream's time base.
    pub pts: Timestamp,
    /// Duration in the same units; `None` is until the next frame.
    pub duration: Option<i64>,
    /// Additional data, such as a keyframe request.
    pub side_data: SideData,
}

impl<'a> VideoView<'a> {
    /// Creates a frame of borrowed planes at pts 0.
    pub fn new(format: &VideoFormat, planes: Planes<'a>) -> Self {
        let side_data = SideData::default();
        Self { format: *format, planes, pts: Timestamp(0), duration: None, side_data }
    }

    /// Returns the planes, with elements of type `T`.
    ///
    /// # Errors
    /// The pixel format has another element type.
    pub fn planes_of<T: PlaneElement>(&self) -> Result<&[Plane<'a, T>; 4]> {
        T::planes(&self.planes).ok_or_else(|| {
            Error::chunk(format!(
                "Expected planes of type {}. Found: {} ({})",
                T::DATA_TYPE,
                self.planes.data_type(),
                self.format.pixel_format
            ))
        })
    }

    /// Appends the rows of plane `plane` without gaps, words in byte order `order`. The frame must
    /// have passed [`check_format`](Self::check_format).
    pub fn append_plane(&self, plane: usize, order: ByteOrder, to: &mut Vec<u8>) {
        let (row, rows) = self.format.plane_size(plane);
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

    /// Checks that the frame matches the format of an encoder.
    ///
    /// # Errors
    /// The frame has another pixel format or size, or lacks rows.
    pub fn check_format(&self, format: PixelFormat, width: u32, height: u32) -> Result<()> {
        let found = self.format;
        if (found.pixel_format, found.size()) != (format, (width, height)) {
            return Err(Error::chunk(format!(
                "Expected {format} frames of {width}x{height}. Found {} of {}x{}",
                found.pixel_format, found.width, found.height
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
            let (row, rows) = found.plane_size(plane);
            if !self.planes.holds(plane, row, rows) {
                let (len, first, stride) = match &self.planes {
                    Planes::U8(planes) => extent(&planes[plane]),
                    Planes::U16(planes) => extent(&planes[plane]),
                };
                return Err(Error::chunk(format!(
                    "Plane {plane} of a frame must have {rows} rows of {row} elements. Found: \
                     {len} elements, a row every {stride} from {first} on"
                )));
            }
        }
        Ok(())
    }
}

fn extent<T>(plane: &Plane<'_, T>) -> (usize, usize, isize) {
    (plane.data().len(), plane.first(), plane.stride())
}
