//! Memory layout of a frame's components.

use reelwright_core::{PixelFormat, Plane, PlaneElement, TensorView};

use super::kernels;
use crate::level::Level;

/// One component of a frame: a color, luma, or one of the chroma components.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component<'a, T = u8> {
    pub(super) data: &'a [T],
    /// Index of the first row's first sample.
    start: isize,
    /// Distance between rows.
    row: isize,
    /// Distance between samples of a row.
    step: isize,
}

impl<'a, T: Copy> Component<'a, T> {
    /// Returns whether the samples of a row are contiguous.
    pub(super) fn is_plain(&self) -> bool {
        self.step == 1
    }

    /// Returns the index in `data` of row `y`.
    pub(super) fn offset(&self, y: usize) -> usize {
        (self.start + y as isize * self.row) as usize
    }

    /// Returns row `y`, if its samples are contiguous.
    pub(super) fn plain_row(&self, y: usize, width: usize) -> Option<&'a [T]> {
        self.is_plain().then(|| &self.data[self.offset(y)..][..width])
    }

    /// Returns row `y` from its first sample to its last, and the distance between samples, if they
    /// are in ascending order.
    pub(super) fn stepped_row(&self, y: usize, width: usize) -> Option<(&'a [T], usize)> {
        let step = usize::try_from(self.step).ok().filter(|step| *step > 0)?;
        Some((&self.data[self.offset(y)..][..(width - 1) * step + 1], step))
    }

    /// Writes `map` of each sample of row `y`.
    pub(super) fn map_row<U>(&self, y: usize, to: &mut [U], map: impl Fn(T) -> U) {
        let start = self.offset(y);
        match usize::try_from(self.step) {
            Ok(step @ 1..) => {
                let from = self.data[start..].iter().step_by(step);
                to.iter_mut().zip(from).for_each(|(to, from)| *to = map(*from));
            }
            _ => {
                for (x, to) in to.iter_mut().enumerate() {
                    let at = start.wrapping_add_signed(x as isize * self.step);
                    *to = map(self.data[at]);
                }
            }
        }
    }
}

impl Component<'_> {
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

/// Components of a frame: red, green and blue, or luma and two chroma components, or gray three
/// times; then alpha, or an arbitrary one if there is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a, T = u8> {
    pub(super) parts: [Component<'a, T>; 4],
}

/// Returns the component of a format for each part of a [`Source`].
fn components(format: PixelFormat) -> [usize; 4] {
    let count = format.components().len();
    let colors = if format.has_alpha() { count - 1 } else { count };
    [0, 1, 2, count].map(|part| if part == count { count - 1 } else { part.min(colors - 1) })
}

impl<'a, T: PlaneElement> Source<'a, T> {
    /// Creates the source of frame `index` of a chunk of shape (frame, channel, height, width).
    ///
    /// # Panics
    /// If the chunk has another shape or type.
    pub(super) fn of_chunk(chunk: &TensorView<'a>, index: usize, format: PixelFormat) -> Self {
        let data = T::of(chunk.data()).expect("a chunk of the format's elements");
        let [frame, channel, row, step] = *chunk.strides() else {
            panic!("a chunk must have four dimensions")
        };
        let start = chunk.offset() as isize + index as isize * frame;
        let part = |component: usize| Component {
            data,
            start: start + format.channel(component) as isize * channel,
            row,
            step,
        };
        Self { parts: components(format).map(part) }
    }

    /// Creates the source of a frame in planes.
    pub(super) fn of_frame(planes: &[Plane<'a, T>; 4], format: PixelFormat) -> Self {
        let part = |component: usize| {
            let component = format.components()[component];
            let plane = &planes[component.plane];
            Component {
                data: plane.data(),
                start: (plane.first() + component.offset) as isize,
                row: plane.stride(),
                step: component.step as isize,
            }
        };
        Self { parts: components(format).map(part) }
    }
}

impl<'a> Source<'a> {
    /// Copies row `y` of all three components.
    pub(super) fn read_all(&self, level: Level, y: usize, to: [&mut [u8]; 3]) {
        let [colors @ .., _] = &self.parts;
        let starts = colors.map(|part| part.offset(y));
        let first = starts[0].min(starts[2]);
        let is_packed = starts[1] == first + 1
            && starts[0].abs_diff(starts[2]) == 2
            && colors.iter().all(|part| part.step == colors[0].step)
            // Only for a single slice: the planes of a frame may be in several.
            && colors.iter().all(|part| std::ptr::eq(part.data, colors[0].data));
        let data = colors[0].data;
        match colors[0].step {
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

/// Splits packed pixels. The last pixel may end after its three components.
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
