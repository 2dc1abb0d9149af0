//! Loops over `f32`, compiled once for each [`Level`]. Every result is made of the same sums and
//! products in the same order at every level.

use crate::level::{Level, kernels};

/// An element that is read.
pub(super) trait Load: Copy + Into<u32> {}

impl<T: Copy + Into<u32>> Load for T {}

kernels! {
    /// Reads values, of which the lowest bits are unused.
    fn load<T: Load>(shift: u32, scale: [f32; 2], from: &[T], to: &mut [f32]) {
        let [gain, bias] = scale;
        for (to, from) in to.iter_mut().zip(from) {
            let value: u32 = (*from).into();
            *to = (value >> shift) as i32 as f32 * gain + bias;
        }
    }

    /// Writes bytes.
    fn store_u8<>(scale: [f32; 3], from: &[f32], to: &mut [u8]) {
        let [gain, bias, most] = scale;
        for (to, from) in to.iter_mut().zip(from) {
            *to = (from * gain + bias).clamp(0.0, most) as i32 as u8;
        }
    }

    /// Writes words.
    fn store_u16<>(scale: [f32; 3], from: &[f32], to: &mut [u16]) {
        let [gain, bias, most] = scale;
        for (to, from) in to.iter_mut().zip(from) {
            *to = (from * gain + bias).clamp(0.0, most) as i32 as u16;
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

    /// Writes the mean of the pixels that share a sample: of two rows, and across if `shift` is 1. At
    /// the edges the nearest pixel counts for those outside.
    fn share<>(shift: u32, is_centered: bool, above: &[f32], below: &[f32], to: &mut [f32]) {
        let last = above.len() - 1;
        let at = |x: usize| above[x.min(last)] + below[x.min(last)];
        for (index, to) in to.iter_mut().enumerate() {
            *to = match (shift, is_centered) {
                (0, _) => 0.5 * at(index),
                (_, true) => 0.25 * (at(2 * index) + at(2 * index + 1)),
                (_, false) => {
                    let x = 2 * index;
                    0.125 * (at(x.saturating_sub(1)) + 2.0 * at(x) + at(x + 1))
                }
            };
        }
    }
}
