//! Averages of pixels that share chroma.

use super::kernels;
use crate::level::Level;

/// Writes eight times the mean for each chroma sample: of two rows, and, if `shift` is 1, of the
/// pixels horizontally. `to` has one element per chroma sample.
pub(super) fn chroma_subsample(
    level: Level,
    shift: u32,
    is_centered: bool,
    [above, below]: [&[u8]; 2],
    to: &mut [i16],
) {
    let last = above.len() - 1;
    let at = |x: usize| i16::from(above[x.min(last)]) + i16::from(below[x.min(last)]);
    if shift == 0 {
        // No format has vertical subsampling only, but scaling may require it.
        (0..).zip(to).for_each(|(x, to)| *to = 4 * at(x));
        return;
    }
    let pairs = |row| <[u8]>::as_chunks::<2>(row).0;
    if is_centered {
        kernels::sum_center(level, pairs(above), pairs(below), to);
    } else {
        kernels::sum_left(level, pairs(above), pairs(below), &mut to[1..]);
        to[0] = 3 * at(0) + at(1);
    }
    if last.is_multiple_of(2) {
        let before = if is_centered { at(last) } else { at(last.saturating_sub(1)) };
        to[last / 2] = before + 3 * at(last);
    }
}
