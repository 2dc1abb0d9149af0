//! Loops over `f32`, compiled once for each [`Level`]. Sums and products have the same order at
//! every level.

use crate::level::{Level, kernels};

/// Element type of inputs.
pub(super) trait Load: Copy + Into<u32> {}

impl<T: Copy + Into<u32>> Load for T {}

/// Returns the integer nearest to `value * gain + bias`, clamped to 0 to `most`, which is below
/// 2^16.
///
/// Above 2^23 floats have no fraction: the addition rounds, and the low bits are the integer.
/// Compilers vectorize this, but not a cast.
#[inline(always)]
pub(super) fn quantize(value: f32, [gain, bias, most]: [f32; 3]) -> u16 {
    const WHOLE: f32 = (1 << 23) as f32;
    ((value * gain + bias).max(0.0).min(most) + WHOLE).to_bits() as u16
}

kernels! {
    /// Reads values, after removing unused low bits.
    fn load<T: Load>(shift: u32, scale: [f32; 2], from: &[T], to: &mut [f32]) {
        let [gain, bias] = scale;
        for (to, from) in to.iter_mut().zip(from) {
            let value: u32 = (*from).into();
            *to = (value >> shift) as i32 as f32 * gain + bias;
        }
    }

    /// Reads every N-th value.
    fn load_step<T: Load; N>(shift: u32, scale: [f32; 2], from: &[T], to: &mut [f32]) {
        let [gain, bias] = scale;
        for (to, from) in to.iter_mut().zip(from.chunks(N)) {
            let value: u32 = from[0].into();
            *to = (value >> shift) as i32 as f32 * gain + bias;
        }
    }

    /// Writes bytes.
    fn store_u8<>(scale: [f32; 3], from: &[f32], to: &mut [u8]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = quantize(*from, scale) as u8;
        }
    }

    /// Writes words.
    fn store_u16<>(scale: [f32; 3], from: &[f32], to: &mut [u16]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = quantize(*from, scale);
        }
    }

    /// Adds a row times a weight.
    fn add<>(weight: f32, from: &[f32], to: &mut [f32]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to += weight * from;
        }
    }

    /// Writes the weighted sum of three rows to the first.
    fn weigh<>(weights: [f32; 3], a: &mut [f32], b: &[f32], c: &[f32]) {
        let [of_a, of_b, of_c] = weights;
        for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
            *a = of_a * *a + of_b * b + of_c * c;
        }
    }

    /// Multiplies the three components of each pixel with a matrix.
    fn multiply<>(matrix: &[[f32; 3]; 3], a: &mut [f32], b: &mut [f32], c: &mut [f32]) {
        let [first, second, third] = *matrix;
        for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
            let (x, y, z) = (*a, *b, *c);
            *a = first[0] * x + first[1] * y + first[2] * z;
            *b = second[0] * x + second[1] * y + second[2] * z;
            *c = third[0] * x + third[1] * y + third[2] * z;
        }
    }

    /// Composes a row over a color.
    fn blend<>(row: &mut [f32], alpha: &[f32], color: f32) {
        for (value, alpha) in row.iter_mut().zip(alpha) {
            *value = color + (*value - color) * alpha;
        }
    }

    /// Writes the mean of the pixels that share a sample: of two rows, and horizontally if `shift`
    /// is 1. At the edges the nearest pixel is repeated.
    fn chroma_subsample<>(shift: u32, is_centered: bool, above: &[f32], below: &[f32], to: &mut [f32]) {
        let last = above.len() - 1;
        let at = |x: usize| above[x.min(last)] + below[x.min(last)];
        let pairs = |row| <[f32]>::as_chunks::<2>(row).0;
        match (shift, is_centered) {
            (0, _) => {
                for ((to, above), below) in to.iter_mut().zip(above).zip(below) {
                    *to = 0.5 * (above + below);
                }
            }
            (_, true) => {
                let rows = pairs(above).iter().zip(pairs(below));
                for (to, ([a, b], [c, d])) in to.iter_mut().zip(rows) {
                    *to = 0.25 * ((a + c) + (b + d));
                }
                if last.is_multiple_of(2) {
                    to[last / 2] = 0.5 * at(last);
                }
            }
            (_, false) => {
                let left = |a: f32, b: f32, c: f32| 0.125 * (a + 2.0 * b + c);
                let rows = pairs(&above[1.min(last)..]).iter().zip(pairs(&below[1.min(last)..]));
                let right = above[3.min(last)..].chunks(2).zip(below[3.min(last)..].chunks(2));
                for (to, (([a, b], [c, d]), (e, f))) in to[1..].iter_mut().zip(rows.zip(right)) {
                    *to = left(a + c, b + d, e[0] + f[0]);
                }
                to[0] = left(at(0), at(0), at(1));
                if last >= 2 && last.is_multiple_of(2) {
                    to[last / 2] = left(at(last - 1), at(last), at(last));
                }
            }
        }
    }
}
