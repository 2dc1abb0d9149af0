//! Coefficients and sums of the final filters, arranged for vectors.

use crate::audio::sample::Mix;

/// Number of partial sums of a filter, which vector instructions compute in parallel and which are
/// added in a fixed order. It is part of what makes results the same on all machines.
pub(super) const LANES: usize = 16;

/// Number of positions between two samples with precomputed coefficients. Cubic interpolation
/// between four of them has an error below -160 dB.
pub(super) const GRID: usize = 128;

/// One frame of each segment, aligned to cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Lanes<S, const N: usize>(pub(super) [S; N]);

/// Coefficients of `G` output frames that are computed from the same input.
pub(super) struct Group<S, const G: usize> {
    /// Index in a period of the input frame of the first coefficients.
    pub(super) start: usize,
    /// By input frame, then by output frame. Zero if an output frame does not depend on that input
    /// frame, or does not exist.
    pub(super) coefs: Vec<[S; G]>,
    /// Number of output frames.
    pub(super) frames: usize,
}

/// Rows of coefficients, one per position, including one before the first and one after the last.
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
