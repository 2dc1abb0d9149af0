//! Rows of red, green and blue, packed, out of rows of other things.

use reelwright_core::PixelFormat;

use super::component::order;
use super::kernels;
use crate::level::Level;

/// Writes a row of packed pixels of `format`.
pub(super) fn pack(level: Level, format: PixelFormat, rgb: [&[u8]; 3], to: &mut [u8]) {
    let [a, b, c] = order(format).map(|index| rgb[index]);
    match format {
        PixelFormat::Rgb0 | PixelFormat::Bgr0 => {
            kernels::join_four(level, a, b, c, to.as_chunks_mut().0);
        }
        _ => kernels::join_three(level, a, b, c, to.as_chunks_mut().0),
    }
}
