//! Packing of rows of red, green and blue.

use reelwright_core::PixelFormat;

use super::kernels;
use crate::level::Level;

/// Writes a row of packed pixels of `format`, opaque if it has alpha.
pub(super) fn pack(level: Level, format: PixelFormat, rgb: [&[u8]; 3], to: &mut [u8]) {
    let [mut a, b, mut c] = rgb;
    if format.components()[0].offset > 0 {
        (a, c) = (c, a);
    }
    if format.channels() == 4 {
        kernels::join_four(level, a, b, c, to.as_chunks_mut().0);
    } else {
        kernels::join_three(level, a, b, c, to.as_chunks_mut().0);
    }
}
