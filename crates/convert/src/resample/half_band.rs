//! Dimensions of the half-band filter, which halves a rate.

/// Nonzero coefficients on each side of the middle one: the filter attenuates by 165 dB from an
/// eighth to three eighths of the rate.
pub(super) const PAIRS: usize = 12;

/// Samples on each side of the middle one on which a result depends.
pub(super) const REACH: usize = 2 * PAIRS - 1;

/// Maximum number of samples by which the output of a stage precedes its first input sample. If the
/// input starts this early, the output starts no earlier.
pub(super) const LEAD: usize = 2 * PAIRS;
