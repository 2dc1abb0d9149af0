//! The 4x4 transform, quantizers and their inverses (ITU-T H.264 §8.5), for four blocks at a time.
//!
//! Blocks are stored by column: coefficient (row i, column j) has index 4·j + i. The inverse
//! transform then begins with rows, as in the standard, without a transposition.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i16x16, u16x16};

use crate::coder::simd::{multiply_high, transpose};

/// Coefficients of a block, by column.
pub(crate) type Block = [i16; 16];

/// Index in a [`Block`] of each position of the zigzag scan.
pub(crate) const SCAN: [u8; 16] = [0, 4, 1, 2, 5, 8, 12, 9, 6, 3, 7, 10, 13, 14, 11, 15];

/// Scan masks for each combination of nonzero coefficients in a [`Block`]'s lower and upper half.
static SCAN_BITS: [[u16; 256]; 2] = scan_bits();

const fn scan_bits() -> [[u16; 256]; 2] {
    let mut bits = [[0; 256]; 2];
    let mut number = 0;
    while number < 16 {
        let place = SCAN[number] as usize;
        let mut byte = 0;
        while byte < 256 {
            if byte >> (place % 8) & 1 != 0 {
                bits[place / 8][byte] |= 1 << number;
            }
            byte += 1;
        }
        number += 1;
    }
    bits
}

/// Returns the mask of a block's nonzero coefficients in scan order.
#[inline(always)]
pub(crate) fn significant<S: Simd>(block: i16x16<S>) -> u32 {
    let places = !block.simd_eq(0).to_bitmask() as usize;
    u32::from(SCAN_BITS[0][places & 255] | SCAN_BITS[1][places >> 8 & 255])
}

/// Multipliers of the quantizer for positions with even, mixed and odd indices, indexed by qp mod
/// 6.
const QUANT: [[u32; 3]; 6] = [
    [13107, 8066, 5243],
    [11916, 7490, 4660],
    [10082, 6554, 4194],
    [9362, 5825, 3647],
    [8192, 5243, 3355],
    [7282, 4559, 2893],
];

/// `normAdjust4x4` of §8.5.9 for the same positions.
const DEQUANT: [[i16; 3]; 6] =
    [[10, 13, 16], [11, 14, 18], [13, 16, 20], [14, 18, 23], [16, 20, 25], [18, 23, 29]];

/// Returns chroma's qp for luma's (table 8-15).
pub(crate) fn chroma_qp(qp: u8) -> u8 {
    const HIGH: [u8; 22] =
        [29, 30, 31, 32, 32, 33, 34, 34, 35, 35, 36, 36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39];
    if qp < 30 { qp } else { HIGH[usize::from(qp) - 30] }
}

/// A quantizer with a dead zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantizer {
    /// Multiplier of each row, for four blocks: even columns, then odd columns.
    multiplier: [[u16; 16]; 2],
    bias: [[u16; 16]; 2],
    scale: [[i16; 16]; 2],
    /// Multiplier for blocks of DC, which have half of it.
    dc_multiplier: u32,
    dc_bias: u32,
    pub(crate) dc_scale: i32,
    /// Largest magnitude of a DC level that is coded separately.
    dc_limit: u32,
    /// Maximum sum of absolute differences of a block that certainly has no nonzero level.
    pub(crate) no_level: u32,
    /// The same for the DC of chroma, with the sum over its four blocks.
    pub(crate) no_dc_level: u32,
}

impl Quantizer {
    /// Creates a quantizer with a rounding offset in 1/1024 of a step.
    pub(crate) fn new(qp: u8, rounding: u32, dc_limit: i16) -> Self {
        let (shift, index) = (u32::from(qp / 6), usize::from(qp % 6));
        let multiplier = QUANT[index].map(|m| (m << 1) >> shift);
        let bias = multiplier.map(|m| (rounding * 64 + m / 2) / m);
        let scale = DEQUANT[index].map(|s| s << shift);
        let spread = |values: [u32; 3]| {
            let even = std::array::from_fn(|i| values[i % 2] as u16);
            let odd = std::array::from_fn(|i| values[1 + i % 2] as u16);
            [even, odd]
        };
        let signed = |values: [i16; 3]| {
            let even = std::array::from_fn(|i| values[i % 2]);
            let odd = std::array::from_fn(|i| values[1 + i % 2]);
            [even, odd]
        };
        let largest_without = |i: usize| 65535 / multiplier[i] - bias[i];
        Self {
            // Maximum gain of the transform, for the three kinds of positions.
            no_level: largest_without(0).min(largest_without(1) / 2).min(largest_without(2) / 4),
            no_dc_level: 131_071 / multiplier[0] - bias[0] * 2,
            multiplier: spread(multiplier),
            bias: spread(bias),
            scale: signed(scale),
            dc_multiplier: multiplier[0],
            dc_bias: bias[0] * 2,
            dc_scale: i32::from(DEQUANT[index][0]) << shift,
            dc_limit: u32::from(dc_limit.unsigned_abs()),
        }
    }

    #[inline(always)]
    pub(crate) fn quantize<S: Simd>(&self, simd: S, columns: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
        let even = (self.multiplier[0].simd_into(simd), self.bias[0].simd_into(simd));
        let odd = (self.multiplier[1].simd_into(simd), self.bias[1].simd_into(simd));
        let [a, b, c, d] = columns;
        [
            quantize_column(simd, a, even),
            quantize_column(simd, b, odd),
            quantize_column(simd, c, even),
            quantize_column(simd, d, odd),
        ]
    }

    #[inline(always)]
    pub(crate) fn dequantize<S: Simd>(&self, simd: S, columns: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
        let even: i16x16<S> = self.scale[0].simd_into(simd);
        let odd: i16x16<S> = self.scale[1].simd_into(simd);
        let [a, b, c, d] = columns;
        [a * even, b * odd, c * even, d * odd]
    }

    /// Quantizes a coefficient of a DC block, whose transform has twice the gain.
    #[inline(always)]
    pub(crate) fn quantize_dc(&self, value: i32) -> i16 {
        let level = ((value.unsigned_abs() + self.dc_bias) * self.dc_multiplier) >> 17;
        let level = level.min(self.dc_limit);
        if value < 0 { -(level as i16) } else { level as i16 }
    }
}

#[inline(always)]
fn quantize_column<S: Simd>(
    simd: S,
    v: i16x16<S>,
    (multiplier, bias): (u16x16<S>, u16x16<S>),
) -> i16x16<S> {
    let sign = v >> 15;
    let magnitude: u16x16<S> = v.abs().bitcast();
    let level: i16x16<S> = multiply_high(simd, magnitude + bias, multiplier).bitcast();
    (level ^ sign) - sign
}

/// Transforms the rows of a residual.
#[inline(always)]
pub(crate) fn forward<S: Simd>(simd: S, rows: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
    forward_1d(transpose(simd, forward_1d(rows)))
}

#[inline(always)]
fn forward_1d<S: Simd>([a, b, c, d]: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
    let (s03, d03, s12, d12) = (a + d, a - d, b + c, b - c);
    [s03 + s12, d03 + d03 + d12, s03 - s12, d03 - d12 - d12]
}

/// Returns the residual's rows for coefficients by column.
#[inline(always)]
pub(crate) fn inverse<S: Simd>(simd: S, columns: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
    let [a, b, c, d] = inverse_1d(transpose(simd, inverse_1d(columns)));
    [(a + 32) >> 6, (b + 32) >> 6, (c + 32) >> 6, (d + 32) >> 6]
}

#[inline(always)]
fn inverse_1d<S: Simd>([a, b, c, d]: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
    let (e0, e1) = (a + c, a - c);
    let (e2, e3) = ((b >> 1) - d, b + (d >> 1));
    [e0 + e3, e1 + e2, e1 - e2, e0 - e3]
}

/// Computes the transform of sixteen DC (§8.5.10) or its inverse, in raster order.
pub(crate) fn hadamard4(dc: &[i32; 16]) -> [i32; 16] {
    let mut t = [0; 16];
    for i in 0..4 {
        let [a, b, c, d] = [dc[4 * i], dc[4 * i + 1], dc[4 * i + 2], dc[4 * i + 3]];
        let (s, t0, u, v) = (a + b, a - b, c + d, c - d);
        t[4 * i] = s + u;
        t[4 * i + 1] = s - u;
        t[4 * i + 2] = t0 - v;
        t[4 * i + 3] = t0 + v;
    }
    let mut out = [0; 16];
    for i in 0..4 {
        let [a, b, c, d] = [t[i], t[4 + i], t[8 + i], t[12 + i]];
        let (s, t0, u, v) = (a + b, a - b, c + d, c - d);
        out[i] = s + u;
        out[4 + i] = s - u;
        out[8 + i] = t0 - v;
        out[12 + i] = t0 + v;
    }
    out
}

/// Computes the transform of four chroma DC (§8.5.11.1) or its inverse.
pub(crate) fn hadamard2([a, b, c, d]: [i32; 4]) -> [i32; 4] {
    [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};

    #[inline(always)]
    fn round_trip<S: Simd>(simd: S, rows: [[i16; 16]; 4], qp: u8) -> [[i16; 16]; 4] {
        let quantizer = Quantizer::new(qp, 512, i16::MAX);
        let columns = forward(simd, rows.map(|row| row.simd_into(simd)));
        let levels = quantizer.quantize(simd, columns);
        inverse(simd, quantizer.dequantize(simd, levels)).map(Into::into)
    }

    #[test]
    fn transforms_are_invertible() {
        let mut state = 1u32;
        for _ in 0..1000 {
            let rows: [[i16; 16]; 4] = std::array::from_fn(|_| {
                std::array::from_fn(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 23) as i16 - 256
                })
            });
            let mut all = Vec::new();
            for level in reelwright_testkit::levels::levels() {
                let level: Level = level;
                all.push(dispatch!(level, simd => round_trip(simd, rows, 0)));
            }
            assert!(all.iter().all(|other| *other == all[0]));
            for (row, back) in rows.iter().zip(&all[0]) {
                for (&a, &b) in row.iter().zip(back) {
                    assert!((a - b).abs() <= 2, "{a} became {b}");
                }
            }
        }
    }

    #[test]
    fn hadamards_are_their_own_inverses() {
        let dc: [i32; 16] = std::array::from_fn(|i| (i as i32 * 37) % 101 - 50);
        assert_eq!(hadamard4(&hadamard4(&dc)), dc.map(|v| v * 16));
        assert_eq!(hadamard2(hadamard2([1, -2, 3, 50])), [4, -8, 12, 200]);
    }
}
