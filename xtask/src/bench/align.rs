//! Alignment of a decoded copy with its original.

/// Maximum number of frames that a copy may be late, and early.
const LATE: usize = 4096;
const EARLY: usize = 2048;

/// Returns the part of `copy` (interleaved) that corresponds to the `frames` frames of `original` from
/// `start` on: the one with the least difference.
pub(super) fn align<'a>(
    original: &[f32],
    copy: &'a [f32],
    channels: usize,
    start: usize,
    frames: usize,
) -> Option<&'a [f32]> {
    // Half a second suffices.
    let part = &original[start * channels..(start + frames.min(24_000)) * channels];
    let fits =
        (start - EARLY..=start + LATE).filter(|from| (from + frames) * channels <= copy.len());
    let difference = |from: usize| -> f32 {
        let copy = &copy[from * channels..];
        part.iter().zip(copy).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let from = fits.min_by(|a, b| difference(*a).total_cmp(&difference(*b)))?;
    Some(&copy[from * channels..][..frames * channels])
}
