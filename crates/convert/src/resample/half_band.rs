//! Dimensions of the half-band filter, which halves a rate.

/// Nonzero coefficients on either side of the middle one: from an eighth of the rate to three
/// eighths the filter falls by 165 dB.
pub(super) const PAIRS: usize = 12;

/// Samples on either side of the middle one that a result depends on.
pub(super) const REACH: usize = 2 * PAIRS - 1;

/// Most samples before the first one of its input at which a stage's output starts: if its input
/// starts so early, its output starts no earlier.
pub(super) const LEAD: usize = 2 * PAIRS;
