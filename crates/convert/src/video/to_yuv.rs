//! Rows of luma and chroma from red, green and blue.

use super::chroma_subsample::chroma_subsample;
use super::component::Source;
use super::kernels;
use super::matrix::ToYuv;
use crate::level::Level;

/// Computes rows of luma and of subsampled chroma.
#[derive(Debug)]
pub(super) struct RgbToYuv {
    level: Level,
    matrix: ToYuv,
    width: usize,
    height: usize,
    /// Base-2 logarithms of the number of pixels that share chroma, horizontally and vertically.
    shift: (u32, u32),
    is_centered: bool,
    /// Two rows of red, green and blue, if they cannot be used in place.
    rows: Vec<u8>,
    /// Indexes of these rows: an even and an odd one.
    held: [Option<usize>; 2],
    /// One row of sums each of red, green and blue.
    sums: Vec<i16>,
}

type Rgb<'a> = [&'a [u8]; 3];

impl RgbToYuv {
    pub(super) fn new(
        level: Level,
        matrix: ToYuv,
        (width, height): (usize, usize),
        shift: (u32, u32),
        is_centered: bool,
    ) -> Self {
        let sums = vec![0; 3 * width];
        Self {
            level,
            matrix,
            width,
            height,
            shift,
            is_centered,
            rows: Vec::new(),
            held: [None; 2],
            sums,
        }
    }

    /// Resets the state for the next frame.
    pub(super) fn restart(&mut self) {
        self.held = [None; 2];
    }

    /// Writes row `y` of luma.
    pub(super) fn luma(&mut self, source: &Source<'_>, y: usize, to: &mut [u8]) {
        self.hold(source, y);
        let [r, g, b] = self.row(source, y);
        kernels::luma(self.level, &self.matrix, r, g, b, to);
    }

    /// Writes row `y` of both chroma planes.
    pub(super) fn chroma(&mut self, source: &Source<'_>, y: usize, u: &mut [u8], v: &mut [u8]) {
        let first = y << self.shift.1;
        let second = if self.shift.1 == 0 { first } else { (first + 1).min(self.height - 1) };
        self.hold(source, first);
        self.hold(source, second);
        let mut sums = std::mem::take(&mut self.sums);
        let (above, below) = (self.row(source, first), self.row(source, second));
        if self.shift == (0, 0) {
            let [r, g, b] = above;
            kernels::chroma(self.level, &self.matrix, r, g, b, u, v);
        } else {
            let width = u.len();
            for ((above, below), sums) in above.iter().zip(below).zip(sums.chunks_mut(width)) {
                chroma_subsample(self.level, self.shift.0, self.is_centered, [above, below], sums);
            }
            let [r, g, b] = [0, 1, 2].map(|index| &sums[index * width..][..width]);
            kernels::chroma(self.level, &self.matrix, r, g, b, u, v);
        }
        self.sums = sums;
    }

    /// Copies row `y` if it cannot be used in place.
    fn hold(&mut self, source: &Source<'_>, y: usize) {
        if source.parts[..3].iter().all(|part| part.is_plain()) || self.held[y % 2] == Some(y) {
            return;
        }
        // Allocates the rows. Later frames usually have the same size.
        self.rows.resize(6 * self.width, 0);
        let rows = &mut self.rows[y % 2 * 3 * self.width..][..3 * self.width];
        let (r, rest) = rows.split_at_mut(self.width);
        let (g, b) = rest.split_at_mut(self.width);
        source.read_all(self.level, y, [r, g, b]);
        self.held[y % 2] = Some(y);
    }

    fn row<'a>(&'a self, source: &Source<'a>, y: usize) -> Rgb<'a> {
        let rows = &self.rows;
        [0, 1, 2].map(|index| {
            let held = || &rows[(y % 2 * 3 + index) * self.width..][..self.width];
            match self.held[y % 2] {
                Some(_) => held(),
                None => source.parts[index].plain_row(y, self.width).unwrap_or_else(held),
            }
        })
    }
}
