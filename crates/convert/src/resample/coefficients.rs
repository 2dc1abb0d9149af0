//! Coefficients and sums of the last filters, arranged for vectors.

use crate::audio::sample::Mix;

/// The sums of a filter are kept in so many parts, which vector instructions work on together and
/// which are added up in one fixed order. It is part of what makes results the same everywhere.
pub(super) const LANES: usize = 16;

/// Places between two samples that there are coefficients for: the cubics through four of them are
/// within -160 dB of the others.
pub(super) const GRID: usize = 128;

/// A frame of each stretch, where no cache line divides it from others.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Lanes<S, const N: usize>(pub(super) [S; N]);

/// The coefficients of `G` output frames, which are computed from the same input.
pub(super) struct Group<S, const G: usize> {
    /// The input frame that the first coefficients are for, in a period.
    pub(super) start: usize,
    /// By input frame, then by output frame: zero where an output frame is not made of that input
    /// frame, or where there is no such output frame.
    pub(super) coefs: Vec<[S; G]>,
    /// Output frames that there are.
    pub(super) frames: usize,
}

/// Rows of coefficients, for a place each, from one before the first to one after the last.
pub(super) struct Bank<S> {
    rows: Vec<S>,
    taps: usize,
}

impl<S: Mix> Bank<S> {
    pub(super) fn new(rows: Vec<S>, taps: usize) -> Self {
        Self { rows, taps }
    }

    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &[S] {
        &self.rows[row * self.taps..][..self.taps]
    }
}
