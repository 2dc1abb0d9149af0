//! Where the numbers of a picture lie in memory.

use reelwright_core::{Element, PixelFormat, TensorView, VideoFrame};

use super::kernels;
use crate::level::Level;

/// One number of every pixel: a colour, luma, or a chroma of every sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component<'a> {
    pub(super) data: &'a [u8],
    /// Of the first row's first sample.
    start: isize,
    /// From one row to the next.
    row: isize,
    /// From one sample to the next.
    step: isize,
}

impl<'a> Component<'a> {
    /// Whether rows lie in memory as they are needed.
    pub(super) fn is_plain(&self) -> bool {
        self.step == 1
    }

    /// The index in `data` of row `y`.
    pub(super) fn offset(&self, y: usize) -> usize {
        (self.start + y as isize * self.row) as usize
    }

    /// Row `y`, if rows are plain.
    pub(super) fn plain_row(&self, y: usize, width: usize) -> Option<&'a [u8]> {
        self.is_plain().then(|| &self.data[self.offset(y)..][..width])
    }

    /// Copies row `y`.
    pub(super) fn read(&self, level: Level, y: usize, to: &mut [u8]) {
        let start = self.offset(y);
        let reach = to.len() - 1;
        match self.step {
            0 => to.fill(self.data[start]),
            1 => to.copy_from_slice(&self.data[start..=start + reach]),
            2 => kernels::gather::<2>(level, &self.data[start..=start + 2 * reach], to),
            3 => kernels::gather::<3>(level, &self.data[start..=start + 3 * reach], to),
            4 => kernels::gather::<4>(level, &self.data[start..=start + 4 * reach], to),
            step if step > 0 => {
                let from = self.data[start..].iter().step_by(step as usize);
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            }
            step => {
                let from = self.data[..=start].iter().rev().step_by(step.unsigned_abs());
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            }
        }
    }
}

/// The components of one picture: red, green and blue; luma and two of chroma; or grey.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) parts: [Component<'a>; 3],
}

impl<'a> Source<'a> {
    /// Picture `index` of a chunk of shape (frame, channel, height, width).
    ///
    /// # Panics
    /// If the chunk is of another shape or type.
    pub(super) fn of_chunk(chunk: &TensorView<'a>, index: usize, format: PixelFormat) -> Self {
        let data = u8::of(chunk.data()).expect("a chunk of bytes");
        let [_, channels, _, _] = chunk.shape() else { panic!("a chunk of four dimensions") };
        let [frame, channel, row, step] = *chunk.strides() else { unreachable!() };
        let part = |index_of: usize| Component {
            data,
            start: chunk.offset() as isize
                + index as isize * frame
                + index_of.min(channels - 1) as isize * channel,
            row,
            step,
        };
        Self { parts: order(format).map(part) }
    }

    /// A picture in planes.
    pub(super) fn of_frame(frame: &VideoFrame<'a>) -> Self {
        let format = frame.format;
        let part = |index: usize| {
            let (plane, start, step) = match format {
                PixelFormat::Rgb24 | PixelFormat::Bgr24 => (0, index, 3),
                PixelFormat::Rgb0 | PixelFormat::Bgr0 => (0, index, 4),
                PixelFormat::Nv12 if index > 0 => (1, index - 1, 2),
                _ => (index.min(format.planes() - 1), 0, 1),
            };
            let plane = &frame.planes[plane];
            Component { data: plane.data, start: start as isize, row: plane.stride as isize, step }
        };
        Self { parts: order(format).map(part) }
    }

    /// Rows of three planes of `height` rows in `data`, the first of which are `first`.
    pub(super) fn of_rows(data: &'a [u8], height: usize, width: usize, first: usize) -> Self {
        let part = |index: usize| Component {
            data,
            start: (index * height * width) as isize - (first * width) as isize,
            row: width as isize,
            step: 1,
        };
        Self { parts: [0, 1, 2].map(part) }
    }

    /// Copies row `y` of all three components.
    pub(super) fn read_all(&self, level: Level, y: usize, to: [&mut [u8]; 3]) {
        let starts = self.parts.map(|part| part.offset(y));
        let first = starts[0].min(starts[2]);
        let is_packed = starts[1] == first + 1
            && starts[0].abs_diff(starts[2]) == 2
            && self.parts.iter().all(|part| part.step == self.parts[0].step)
            // Of one slice: a frame's planes can lie in several.
            && self.parts.iter().all(|part| std::ptr::eq(part.data, self.parts[0].data));
        let data = self.parts[0].data;
        match self.parts[0].step {
            3 if is_packed => split::<3>(level, &data[first..], starts[0] > first, to),
            4 if is_packed => split::<4>(level, &data[first..], starts[0] > first, to),
            _ => {
                for (part, to) in self.parts.iter().zip(to) {
                    part.read(level, y, to);
                }
            }
        }
    }
}

/// Takes packed pixels apart, of which the last may be cut short after its three components.
fn split<const N: usize>(level: Level, from: &[u8], is_reversed: bool, to: [&mut [u8]; 3]) {
    let [mut a, b, mut c] = to;
    if is_reversed {
        std::mem::swap(&mut a, &mut c);
    }
    let last = a.len() - 1;
    let pixels = &from.as_chunks::<N>().0[..last];
    kernels::split::<N>(level, pixels, &mut a[..last], &mut b[..last], &mut c[..last]);
    (a[last], b[last], c[last]) = (from[last * N], from[last * N + 1], from[last * N + 2]);
}

/// Which channel of a tensor, or byte of a pixel, each component is.
pub(super) fn order(format: PixelFormat) -> [usize; 3] {
    match format {
        PixelFormat::Bgr24 | PixelFormat::Bgr0 => [2, 1, 0],
        _ => [0, 1, 2],
    }
}
