//! Input frames of video streams, and checks of their values.

use reelwright_core::{
    Component, DataType, Element, Error, PixelFormat, Planes, Result, SideData, TensorView,
    Timestamp, TypedSlice, VideoFrame, VideoView,
};

/// Frame to write: borrowed pixels, or a handle of shared pixels.
#[derive(Debug, Clone, Copy)]
pub enum VideoInput<'a> {
    /// Borrowed pixels in host memory, which are converted or copied before the call returns.
    View(&'a VideoView<'a>),
    /// Handle of shared pixels. The encoder uses them directly if they need no conversion.
    Frame(&'a VideoFrame),
}

impl<'a> VideoInput<'a> {
    pub(crate) fn times(self) -> (Timestamp, Option<i64>) {
        match self {
            Self::View(view) => (view.pts, view.duration),
            Self::Frame(frame) => (frame.pts, frame.duration),
        }
    }

    pub(crate) fn side_data(self) -> &'a SideData {
        match self {
            Self::View(view) => &view.side_data,
            Self::Frame(frame) => &frame.side_data,
        }
    }
}

impl<'a> From<&'a VideoView<'_>> for VideoInput<'a> {
    fn from(view: &'a VideoView<'_>) -> Self {
        Self::View(view)
    }
}

impl<'a> From<&'a VideoFrame> for VideoInput<'a> {
    fn from(frame: &'a VideoFrame) -> Self {
        Self::Frame(frame)
    }
}

/// Source of a frame.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// A chunk and the frame's index.
    Chunk(&'a TensorView<'a>, usize),
    Input(VideoInput<'a>),
}

/// Returns whether a frame has a pixel that is not opaque.
pub(crate) fn is_transparent(source: Source<'_>, format: PixelFormat) -> bool {
    let alpha = format.components().len() - 1;
    let most = (1u32 << format.depth()) - 1;
    match source {
        Source::Chunk(chunk, index) => {
            let channel = format.channel(alpha);
            let [_, _, height, width] = *chunk.shape() else { return false };
            let [frame_step, channel_step, row_step, step] = *chunk.strides() else { return false };
            let start = chunk.offset() as isize
                + index as isize * frame_step
                + channel as isize * channel_step;
            let at = |place: isize| match chunk.data() {
                TypedSlice::U8(data) => u32::from(data[place as usize]),
                TypedSlice::U16(data) => u32::from(data[place as usize]),
                _ => most,
            };
            let mut rows = (0..height).map(|y| start + y as isize * row_step);
            rows.any(|row| (0..width).any(|x| at(row + x as isize * step) < most))
        }
        Source::Input(VideoInput::Frame(frame)) => {
            frame.view().is_ok_and(|view| is_transparent(Source::Input((&view).into()), format))
        }
        Source::Input(VideoInput::View(frame)) => {
            let Component { plane, step, offset, shift, .. } = format.components()[alpha];
            let (row, rows) = frame.format.plane_size(plane);
            let places = || (offset..row).step_by(step);
            match &frame.planes {
                Planes::U8(planes) => planes[plane]
                    .rows(row, rows)
                    .any(|row| places().any(|at| u32::from(row[at] >> shift) < most)),
                Planes::U16(planes) => planes[plane]
                    .rows(row, rows)
                    .any(|row| places().any(|at| u32::from(row[at] >> shift) < most)),
            }
        }
    }
}

/// Checks that the values of a chunk are in the range of its format.
///
/// # Errors
/// A value is out of range.
pub(crate) fn check_chunk_values(chunk: &TensorView<'_>, format: PixelFormat) -> Result<()> {
    let Some(most) = most_of_words(format) else { return Ok(()) };
    match first_above(chunk, most) {
        None => Ok(()),
        Some(found) => Err(Error::chunk(format!(
            "Expected values from 0 to {most} in a chunk of {format}. Found: {found}. The \
             chunk was not written."
        ))),
    }
}

/// Checks that the values of a complete frame are in the range of its format.
///
/// # Errors
/// A value is out of range.
pub(crate) fn check_frame_values(view: &VideoView<'_>) -> Result<()> {
    let format = view.format.pixel_format;
    let (Some(most), Planes::U16(planes)) = (most_of_words(format), &view.planes) else {
        return Ok(());
    };
    for (index, plane) in planes.iter().enumerate().take(format.planes()) {
        let (row, rows) = view.format.plane_size(index);
        let found = plane.rows(row, rows).find_map(|row| first_in_row(row, most));
        if let Some(found) = found {
            return Err(Error::chunk(format!(
                "Expected values from 0 to {most} in plane {index} of a frame of {format}. Found: \
                 {found}"
            )));
        }
    }
    Ok(())
}

/// Returns the maximum value of a format's words, if they can have larger ones.
fn most_of_words(format: PixelFormat) -> Option<u16> {
    let used = format.depth() + format.components()[0].shift;
    (format.data_type() == DataType::U16 && used < 16).then(|| (1 << used) - 1)
}

/// Returns the first value of a row that is above `most`.
fn first_in_row(row: &[u16], most: u16) -> Option<u16> {
    // The maximum is computed with SIMD.
    let greatest = row.iter().fold(0, |all, value| all.max(*value));
    if greatest > most { row.iter().copied().find(|value| *value > most) } else { None }
}

/// Returns the first value of a chunk of words that is above `most`.
fn first_above(chunk: &TensorView<'_>, most: u16) -> Option<u16> {
    let data = u16::of(chunk.data())?;
    let [frames, channels, height, width] = *chunk.shape() else { return None };
    let [frame_step, channel_step, row_step, step] = *chunk.strides() else { return None };
    let rows = (0..frames)
        .flat_map(|frame| (0..channels).map(move |channel| (frame, channel)))
        .flat_map(|place| (0..height).map(move |row| (place, row)));
    for ((frame, channel), row) in rows {
        let start = chunk.offset() as isize
            + frame as isize * frame_step
            + channel as isize * channel_step
            + row as isize * row_step;
        let at = |x: usize| data[(start + x as isize * step) as usize];
        let found = if step == 1 {
            first_in_row(&data[start as usize..][..width], most)
        } else {
            (0..width).map(at).find(|value| *value > most)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}
