//! Conversion of blocks of samples between memory layouts.

use reelwright_core::TensorView;

use super::kernels;
use super::sample::Sample;
use crate::level::Level;

/// Position of a block of samples in a slice: (row, column) is the element `origin + row * self.row
/// + column * self.column`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) origin: usize,
    pub(super) row: isize,
    pub(super) column: isize,
}

impl Place {
    /// Returns the position of the elements of `chunk`, and the numbers of rows and columns.
    ///
    /// # Panics
    /// If it does not have two dimensions.
    pub(super) fn of(chunk: &TensorView<'_>) -> (Self, (usize, usize)) {
        let (&[rows, columns], &[row, column]) = (chunk.shape(), chunk.strides()) else {
            panic!("an audio chunk has the shape (frame, channel). Found: {:?}", chunk.shape())
        };
        (Self { origin: chunk.offset(), row, column }, (rows, columns))
    }

    /// Returns the position of a frame's samples from sample `at` on: interleaved, or in planes of
    /// `capacity` samples.
    pub(super) const fn in_frame(
        planar: bool,
        channels: usize,
        capacity: usize,
        at: usize,
    ) -> Self {
        if planar {
            Self { origin: at, row: 1, column: capacity as isize }
        } else {
            Self { origin: at * channels, row: channels as isize, column: 1 }
        }
    }

    /// Returns the position of the block that starts at `row` and `column` of this one.
    pub(super) const fn starting(self, row: usize, column: usize) -> Self {
        Self { origin: self.index(row, column), ..self }
    }

    /// Returns the index of (row, column).
    pub(super) const fn index(self, row: usize, column: usize) -> usize {
        // Wrapping, because the offset of a view without elements may be anywhere.
        self.origin
            .wrapping_add_signed(self.row.wrapping_mul(row as isize))
            .wrapping_add_signed(self.column.wrapping_mul(column as isize))
    }
}

/// Minimum number of columns for a conversion row by row.
const WIDE: usize = 32;

/// Converts the `rows` × `columns` samples at `from` in `source` to those at `to` in `target`. The
/// strides of `to` are not negative.
///
/// # Panics
/// If a sample is outside of its slice.
pub(super) fn convert<S: Sample, D: Sample>(
    level: Level,
    (source, from): (&[S], Place),
    (target, to): (&mut [D], Place),
    (rows, columns): (usize, usize),
) {
    if rows == 0 || columns == 0 {
        return;
    }
    let packed = |place: Place| {
        (place.column == 1 || columns == 1) && (place.row == columns as isize || rows == 1)
    };
    if packed(from) && packed(to) {
        let len = rows * columns;
        let target = &mut target[to.origin..][..len];
        kernels::convert(level, &source[from.origin..][..len], target);
    } else if from.row == 1 && to.row == 1 {
        for column in 0..columns {
            let target = &mut target[to.index(0, column)..][..rows];
            kernels::convert(level, &source[from.index(0, column)..][..rows], target);
        }
    } else if columns == 2 && packed(from) && to.row == 1 {
        let pairs = source[from.origin..][..2 * rows].as_chunks().0;
        // Planes do not overlap, and the second column is after the first.
        let (left, right) = target[to.origin..].split_at_mut(to.column as usize);
        kernels::split_stereo(level, pairs, &mut left[..rows], &mut right[..rows]);
    } else if columns == 2 && from.row == 1 && packed(to) {
        let pairs = target[to.origin..][..2 * rows].as_chunks_mut().0;
        let left = &source[from.origin..][..rows];
        let right = &source[from.index(0, 1)..][..rows];
        kernels::join_stereo(level, left, right, pairs);
    } else if columns >= WIDE && from.column == 1 && to.column == 1 {
        for row in 0..rows {
            let target = &mut target[to.index(row, 0)..][..columns];
            kernels::convert(level, &source[from.index(row, 0)..][..columns], target);
        }
    } else {
        scattered(level, (source, from), (target, to), (rows, columns));
    }
}

/// Number of samples that are gathered for one conversion.
const RUN: usize = 256;

/// Like [`convert`], if neither rows nor columns are contiguous on both sides.
fn scattered<S: Sample, D: Sample>(
    level: Level,
    (source, from): (&[S], Place),
    (target, to): (&mut [D], Place),
    (rows, columns): (usize, usize),
) {
    let mut picked = [S::SILENCE; RUN];
    let mut converted = [D::SILENCE; RUN];
    for start in (0..rows).step_by(RUN) {
        let len = RUN.min(rows - start);
        for column in 0..columns {
            let (mut index, first) = (from.index(start, column), to.index(start, column));
            let run = if from.row == 1 {
                &source[index..][..len]
            } else {
                for sample in &mut picked[..len] {
                    *sample = source[index];
                    index = index.wrapping_add_signed(from.row);
                }
                &picked[..len]
            };
            if to.row == 1 {
                kernels::convert(level, run, &mut target[first..][..len]);
                continue;
            }
            kernels::convert(level, run, &mut converted[..len]);
            let mut index = first;
            for sample in &converted[..len] {
                target[index] = *sample;
                index = index.wrapping_add_signed(to.row);
            }
        }
    }
}
