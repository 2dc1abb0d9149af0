//! Scaling of 8-bit planes: vertically first, then horizontally.

use std::ops::Range;

use super::chroma_subsample::chroma_subsample;
use super::kernels::{self, LANES};
use super::scale_filter::ScaleFilter;
use super::taps::{COEF_BITS, Grid, Taps};
use crate::level::Level;

/// Source of a scaler's rows.
pub(super) trait Rows {
    /// Announces that rows `rows` of every plane will be read next. The start never decreases.
    fn prepare(&mut self, rows: Range<usize>);

    /// Returns the slice that contains the rows of plane `plane`.
    fn data(&self, plane: usize) -> &[u8];

    /// Returns the index of the first sample of row `y`.
    fn offset(&self, plane: usize, y: usize) -> usize;
}

/// Mutable rows of a plane from some row on, and the distance between them.
pub(super) type Rest<'a> = (&'a mut [u8], usize);

/// Scales planes of equal size.
#[derive(Debug)]
pub(super) struct Scaler {
    level: Level,
    /// Horizontal taps, or `None` if the width is unchanged.
    down: Option<Taps>,
    across: Option<Taps>,
    /// Set if 2x1 or 2x2 pixels are averaged, to whether their center is used. The result equals
    /// that of the taps, faster.
    halves: Option<bool>,
    width: usize,
    height: usize,
    out_width: usize,
    /// Offsets of the source rows of a new row.
    offsets: Vec<usize>,
    /// [`LANES`] rows for each plane.
    rows: Vec<i16>,
    columns: Vec<[i16; LANES]>,
    out_columns: Vec<[u8; LANES]>,
}

impl Scaler {
    /// Creates a scaler of `planes` planes from their horizontal and vertical grids, or `None` if
    /// nothing changes.
    pub(super) fn new(
        level: Level,
        planes: usize,
        from: (Grid, Grid),
        to: (Grid, Grid),
        filter: ScaleFilter,
    ) -> Option<Self> {
        let across = Taps::new(from.0, to.0, filter);
        let down = Taps::new(from.1, to.1, filter);
        if across.is_none() && down.is_none() {
            return None;
        }
        let is_half = |from: Grid, to: Grid| from.pixels == to.pixels && from.shift < to.shift;
        let halves = is_half(from.0, to.0) && (is_half(from.1, to.1) || down.is_none());
        let (width, out_width) = (from.0.samples(), to.0.samples());
        let (columns, out_columns) = if across.is_some() { (width, out_width) } else { (0, 0) };
        Some(Self {
            level,
            offsets: vec![0; down.as_ref().map_or(1, |taps| taps.count)],
            down,
            across,
            halves: halves.then_some(to.0.is_centered),
            width,
            height: from.1.samples(),
            out_width,
            rows: vec![0; planes * LANES * columns],
            columns: vec![[0; LANES]; columns],
            out_columns: vec![[0; LANES]; out_columns],
        })
    }

    /// Returns the maximum number of source rows of a new row.
    pub(super) fn row_count(&self) -> usize {
        self.offsets.len()
    }

    /// Writes rows `rows` of the new planes.
    pub(super) fn scale(
        &mut self,
        from: &mut dyn Rows,
        rows: Range<usize>,
        to: &mut [Option<Rest<'_>>],
    ) {
        if let Some(is_centered) = self.halves {
            for (place, y) in rows.enumerate() {
                self.halve(from, y, is_centered, place, to);
            }
            return;
        }
        for start in rows.clone().step_by(LANES) {
            let lanes = start..rows.end.min(start + LANES);
            let place = start - rows.start;
            for (lane, y) in lanes.clone().enumerate() {
                self.filter_down(from, y, lane, place + lane, to);
            }
            let Some(across) = &self.across else { continue };
            for (plane, to) in to.iter_mut().flatten().enumerate() {
                let rows = &self.rows[plane * LANES * self.width..][..LANES * self.width];
                kernels::turn(self.level, rows, &mut self.columns);
                let Taps { count, starts, coefs } = across;
                let out = &mut self.out_columns;
                kernels::horizontal(self.level, &self.columns, starts, coefs, *count, out);
                let rows = to.0[place * to.1..].chunks_mut(to.1).take(lanes.len());
                for (lane, row) in rows.enumerate() {
                    kernels::turn_back(self.level, out, lane, &mut row[..self.out_width]);
                }
            }
        }
    }

    /// Writes row `y` of each plane, the mean of pixels that share it.
    fn halve(
        &mut self,
        from: &mut dyn Rows,
        y: usize,
        is_centered: bool,
        place: usize,
        to: &mut [Option<Rest<'_>>],
    ) {
        let (first, last) = match self.down {
            // A single row at the end is paired with itself.
            Some(_) => (2 * y, (2 * y + 1).min(self.height - 1)),
            None => (y, y),
        };
        from.prepare(first..last + 1);
        for (plane, to) in to.iter_mut().flatten().enumerate() {
            let data = from.data(plane);
            let pair = [first, last].map(|y| &data[from.offset(plane, y)..][..self.width]);
            let sums = &mut self.rows[..self.out_width];
            chroma_subsample(self.level, 1, is_centered, pair, sums);
            kernels::eighths(self.level, sums, &mut to.0[place * to.1..][..self.out_width]);
        }
    }

    /// Computes row `y` of each plane: the final row, or the input of the horizontal filter.
    fn filter_down(
        &mut self,
        from: &mut dyn Rows,
        y: usize,
        lane: usize,
        place: usize,
        to: &mut [Option<Rest<'_>>],
    ) {
        let (start, coefs) = match &self.down {
            Some(taps) => taps.of(y),
            None => (y, &[1 << COEF_BITS][..]),
        };
        from.prepare(start..start + coefs.len());
        for (plane, to) in to.iter_mut().flatten().enumerate() {
            for (y, offset) in (start..).zip(&mut self.offsets) {
                *offset = from.offset(plane, y);
            }
            let data = from.data(plane);
            if self.across.is_some() {
                let row = &mut self.rows[(plane * LANES + lane) * self.width..][..self.width];
                kernels::vertical(self.level, data, &self.offsets, coefs, row);
            } else {
                let row = &mut to.0[place * to.1..][..self.width];
                kernels::vertical_to_bytes(self.level, data, &self.offsets, coefs, row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Whole(Vec<u8>, usize);

    impl Rows for Whole {
        fn prepare(&mut self, _: Range<usize>) {}

        fn data(&self, _: usize) -> &[u8] {
            &self.0
        }

        fn offset(&self, _: usize, y: usize) -> usize {
            y * self.1
        }
    }

    #[test]
    fn halving_equals_the_taps() {
        for (width, height) in [(1, 1), (2, 2), (7, 5), (64, 3), (131, 8)] {
            for (is_centered, down) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
                let grid = |pixels, shift, is_centered| Grid { pixels, shift, is_centered };
                let from = (grid(width, 0, false), grid(height, 0, true));
                let to = (grid(width, 1, is_centered), grid(height, down, true));
                let samples = (0..width * height).map(|i| (i * i * 37 + i * 11) as u8).collect();
                let mut rows = Whole(samples, width);
                let mut results = [true, false].map(|is_fast| {
                    let level = Level::detect();
                    let mut scaler = Scaler::new(level, 1, from, to, ScaleFilter::Bicubic).unwrap();
                    assert_eq!(scaler.halves, Some(is_centered));
                    if !is_fast {
                        scaler.halves = None;
                    }
                    let mut out = vec![0; to.0.samples() * to.1.samples()];
                    let mut rest = [Some((&mut out[..], to.0.samples()))];
                    scaler.scale(&mut rows, 0..to.1.samples(), &mut rest);
                    out
                });
                let [fast, slow] = &mut results;
                assert_eq!(fast, slow, "{width}x{height} {is_centered} {down}");
            }
        }
    }
}
