//! Transform and quantization of residuals to levels, and reconstruction of samples.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i16x16, i32x4, i32x8, i64x2, u8x16};

use crate::coder::deblock::Band;
use crate::coder::interpolate::{Chroma, Luma};
use crate::coder::simd::{load16, narrow16, sad_halves, transpose, transpose_groups, widen16};
use crate::coder::transform::{
    Block, Quantizer, SCAN, forward, hadamard2, hadamard4, inverse, significant,
};

/// Levels of a macroblock: 16 blocks of luma in raster order, 4 of Cb, 4 of Cr.
#[derive(Debug, Clone)]
pub(crate) struct Coefficients {
    pub(crate) blocks: [Block; 24],
    /// Mask of nonzero levels in scan order.
    pub(crate) masks: [u32; 24],
    /// Set for blocks with levels other than 0, 1 and −1.
    has_large: [bool; 24],
    /// DC levels of an Intra16's luma, of Cb and of Cr, in scan order.
    pub(crate) dc: [Block; 3],
    pub(crate) dc_masks: [u32; 3],
    /// Dequantized DC of blocks whose DC is coded separately.
    dequantized_dc: [i16; 24],
}

impl Coefficients {
    pub(crate) fn new() -> Self {
        Self {
            blocks: [[0; 16]; 24],
            masks: [0; 24],
            has_large: [false; 24],
            dc: [[0; 16]; 3],
            dc_masks: [0; 3],
            dequantized_dc: [0; 24],
        }
    }

    /// Returns the bits of [`crate::coder::macroblock::Macroblock::coded`].
    #[inline(always)]
    pub(crate) fn coded(&self) -> u32 {
        let mut bits = 0;
        for (i, &mask) in self.masks.iter().enumerate() {
            bits |= u32::from(mask != 0) << i;
        }
        for (i, &mask) in self.dc_masks.iter().enumerate() {
            bits |= u32::from(mask != 0) << (24 + i);
        }
        bits
    }
}

/// Masks of the four 8x8 blocks of luma in `coded`.
pub(crate) const QUARTERS: [u32; 4] = [0x0033, 0x00cc, 0x3300, 0xcc00];

/// Computes four rows of sixteen differences, for four blocks side by side.
#[inline(always)]
fn differences<S: Simd>(simd: S, a: &[u8; 64], b: &[u8; 64]) -> [i16x16<S>; 4] {
    let (a, b) = (a.as_chunks::<16>().0, b.as_chunks::<16>().0);
    [
        load16(simd, &a[0]) - load16(simd, &b[0]),
        load16(simd, &a[1]) - load16(simd, &b[1]),
        load16(simd, &a[2]) - load16(simd, &b[2]),
        load16(simd, &a[3]) - load16(simd, &b[3]),
    ]
}

#[inline(always)]
fn is_zero<S: Simd>(columns: &[i16x16<S>; 4]) -> bool {
    let [a, b, c, d] = *columns;
    let any = (a | b) | (c | d);
    any.simd_eq(0).all_true()
}

/// Quantizes four blocks.
#[inline(always)]
fn quantize<S: Simd>(
    simd: S,
    columns: [i16x16<S>; 4],
    quantizer: &Quantizer,
    out: &mut Coefficients,
    [a, b, c, d]: [usize; 4],
) {
    let levels = quantizer.quantize(simd, columns);
    if is_zero(&levels) {
        (out.masks[a], out.masks[b], out.masks[c], out.masks[d]) = (0, 0, 0, 0);
        return;
    }
    let [i, j, k, l] = levels;
    let largest = i.abs().max(j.abs()).max(k.abs().max(l.abs()));
    let large = largest.simd_gt(1).to_bitmask();
    for (i, block) in [a, b, c, d].into_iter().enumerate() {
        out.has_large[block] = large >> (4 * i) & 15 != 0;
    }
    let levels = transpose_groups(simd, levels);
    keep(levels[0], out, a);
    keep(levels[1], out, b);
    keep(levels[2], out, c);
    keep(levels[3], out, d);
}

#[inline(always)]
fn keep<S: Simd>(levels: i16x16<S>, out: &mut Coefficients, block: usize) {
    out.masks[block] = significant(levels);
    out.blocks[block] = levels.into();
}

/// Extracts the DC coefficients of four blocks and sets them to 0.
#[inline(always)]
fn take_dc<S: Simd>(simd: S, columns: &mut [i16x16<S>; 4]) -> [i32; 4] {
    let dc: [i16; 16] = columns[0].into();
    let mask: i16x16<S> =
        [0, -1, -1, -1, 0, -1, -1, -1, 0, -1, -1, -1, 0, -1, -1, -1].simd_into(simd);
    columns[0] &= mask;
    [i32::from(dc[0]), i32::from(dc[4]), i32::from(dc[8]), i32::from(dc[12])]
}

/// Returns the luma blocks in a row of blocks.
#[inline(always)]
fn luma_blocks(row: usize) -> [usize; 4] {
    [4 * row, 4 * row + 1, 4 * row + 2, 4 * row + 3]
}

/// Returns the chroma blocks in a row of blocks: two of Cb, then two of Cr.
#[inline(always)]
fn chroma_blocks(row: usize) -> [usize; 4] {
    [16 + 2 * row, 17 + 2 * row, 20 + 2 * row, 21 + 2 * row]
}

/// Codes luma with DC in its blocks.
#[inline(always)]
pub(crate) fn luma<S: Simd>(
    simd: S,
    source: &Luma,
    prediction: &Luma,
    quantizer: &Quantizer,
    out: &mut Coefficients,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let rows = source.as_chunks::<64>().0.iter().zip(prediction.as_chunks::<64>().0);
            for (row, (source, prediction)) in rows.enumerate() {
                let [left, right] = sad_halves(simd, source, prediction);
                if left.max(right) <= quantizer.no_level {
                    out.masks[4 * row..4 * row + 4].fill(0);
                    continue;
                }
                let columns = forward(simd, differences(simd, source, prediction));
                quantize(simd, columns, quantizer, out, luma_blocks(row));
            }
            out.dc_masks[0] = 0;
        },
    );
}

/// Codes luma with separate DC (Intra16).
#[inline(always)]
pub(crate) fn luma_with_dc<S: Simd>(
    simd: S,
    source: &Luma,
    prediction: &Luma,
    quantizer: &Quantizer,
    out: &mut Coefficients,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut dc = [0; 16];
            let rows = source.as_chunks::<64>().0.iter().zip(prediction.as_chunks::<64>().0);
            for (row, (source, prediction)) in rows.enumerate() {
                let mut columns = forward(simd, differences(simd, source, prediction));
                dc[4 * row..4 * row + 4].copy_from_slice(&take_dc(simd, &mut columns));
                quantize(simd, columns, quantizer, out, luma_blocks(row));
            }
            let levels = hadamard4(&dc).map(|v| quantizer.quantize_dc((v + 1) >> 1));
            let mut mask = 0;
            for (number, &place) in SCAN.iter().enumerate() {
                // Coefficients are stored by column.
                let place = usize::from(place);
                let level = levels[place % 4 * 4 + place / 4];
                out.dc[0][number] = level;
                mask |= u32::from(level != 0) << number;
            }
            out.dc_masks[0] = mask;
            let back = hadamard4(&levels.map(i32::from));
            for (out, v) in out.dequantized_dc.iter_mut().zip(back) {
                *out = ((v * quantizer.dc_scale + 2) >> 2) as i16;
            }
        },
    );
}

/// Codes both planes of chroma.
#[inline(always)]
pub(crate) fn chroma<S: Simd>(
    simd: S,
    source: &Chroma,
    prediction: &Chroma,
    quantizer: &Quantizer,
    out: &mut Coefficients,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (source, prediction) = (source.as_chunks::<64>().0, prediction.as_chunks::<64>().0);
            let upper = sad_halves(simd, &source[0], &prediction[0]);
            let lower = sad_halves(simd, &source[1], &prediction[1]);
            let largest = upper[0].max(upper[1]).max(lower[0].max(lower[1]));
            let larger = (upper[0] + lower[0]).max(upper[1] + lower[1]);
            if largest <= quantizer.no_level && larger <= quantizer.no_dc_level {
                out.masks[16..].fill(0);
                out.dc_masks[1..].fill(0);
                return;
            }
            let mut dc = [[0; 4]; 2];
            for row in 0..2 {
                let mut columns = forward(simd, differences(simd, &source[row], &prediction[row]));
                let [b0, b1, r0, r1] = take_dc(simd, &mut columns);
                (dc[0][row * 2], dc[0][row * 2 + 1]) = (b0, b1);
                (dc[1][row * 2], dc[1][row * 2 + 1]) = (r0, r1);
                quantize(simd, columns, quantizer, out, chroma_blocks(row));
            }
            for (plane, dc) in dc.into_iter().enumerate() {
                let levels = hadamard2(dc).map(|v| quantizer.quantize_dc(v));
                let mut mask = 0;
                for (number, &level) in levels.iter().enumerate() {
                    out.dc[1 + plane][number] = level;
                    mask |= u32::from(level != 0) << number;
                }
                out.dc_masks[1 + plane] = mask;
                set_chroma_dc(plane, quantizer, out);
            }
        },
    );
}

#[inline(always)]
fn set_chroma_dc(plane: usize, quantizer: &Quantizer, out: &mut Coefficients) {
    let levels: [i32; 4] = std::array::from_fn(|i| i32::from(out.dc[1 + plane][i]));
    let back = hadamard2(levels);
    for (out, v) in out.dequantized_dc[16 + plane * 4..][..4].iter_mut().zip(back) {
        *out = ((v * quantizer.dc_scale) >> 1) as i16;
    }
}

/// Returns the value of a block whose levels are all 1 or −1. Levels at low frequencies count more.
#[inline(always)]
fn worth(mut mask: u32) -> u32 {
    const BY_RUN: [u8; 16] = [3, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut worth = 0;
    while mask != 0 {
        let place = 31 - mask.leading_zeros();
        mask ^= 1 << place;
        let next = 32 - mask.leading_zeros();
        worth += u32::from(BY_RUN[(place - next) as usize & 15]);
    }
    worth
}

/// Drops levels of an inter macroblock's luma that cost more bits than they are worth.
#[inline(always)]
pub(crate) fn decimate_luma(out: &mut Coefficients) {
    let mut total = 0;
    for quarter in 0..4 {
        let first = quarter / 2 * 8 + quarter % 2 * 2;
        let blocks = [first, first + 1, first + 4, first + 5];
        let mut sum = 0;
        for block in blocks {
            // A value of 6 is enough to keep all levels.
            if out.masks[block] != 0 && sum < 6 {
                sum += if out.has_large[block] { 9 } else { worth(out.masks[block]) };
            }
        }
        if sum < 4 {
            for block in blocks {
                out.masks[block] = 0;
            }
        } else {
            total += sum;
        }
    }
    if total < 6 {
        out.masks[..16].fill(0);
    }
}

/// Drops AC levels of an inter macroblock's chroma that cost more bits than they are worth.
#[inline(always)]
pub(crate) fn decimate_chroma(out: &mut Coefficients) {
    for plane in 0..2 {
        let blocks = 16 + plane * 4..20 + plane * 4;
        let mut sum = 0;
        for block in blocks.clone() {
            if out.masks[block] != 0 {
                sum += if out.has_large[block] { 9 } else { worth(out.masks[block] >> 1) };
            }
        }
        if sum < 7 {
            out.masks[blocks].fill(0);
        }
    }
}

/// Reconstructs four rows of sixteen samples from the prediction and levels of four blocks.
#[inline(always)]
fn reconstruct<S: Simd>(
    simd: S,
    prediction: &[u8; 64],
    quantizer: &Quantizer,
    coefficients: &Coefficients,
    [a, b, c, d]: [usize; 4],
    separate_dc: bool,
) -> [[u8; 16]; 4] {
    let levels = [
        (*levels_of(coefficients, a)).simd_into(simd),
        (*levels_of(coefficients, b)).simd_into(simd),
        (*levels_of(coefficients, c)).simd_into(simd),
        (*levels_of(coefficients, d)).simd_into(simd),
    ];
    let mut columns = quantizer.dequantize(simd, transpose_groups(simd, levels));
    if separate_dc {
        let dc = &coefficients.dequantized_dc;
        let dc: i16x16<S> =
            [dc[a], 0, 0, 0, dc[b], 0, 0, 0, dc[c], 0, 0, 0, dc[d], 0, 0, 0].simd_into(simd);
        columns[0] += dc;
    }
    let residual = inverse(simd, columns);
    let prediction = prediction.as_chunks::<16>().0;
    [
        narrow16(simd, load16(simd, &prediction[0]) + residual[0]),
        narrow16(simd, load16(simd, &prediction[1]) + residual[1]),
        narrow16(simd, load16(simd, &prediction[2]) + residual[2]),
        narrow16(simd, load16(simd, &prediction[3]) + residual[3]),
    ]
}

#[inline(always)]
fn levels_of(coefficients: &Coefficients, block: usize) -> &Block {
    const NONE: Block = [0; 16];
    if coefficients.masks[block] != 0 { &coefficients.blocks[block] } else { &NONE }
}

/// Writes the reconstructed luma samples of the macroblock.
#[inline(always)]
pub(crate) fn reconstruct_luma<S: Simd>(
    simd: S,
    prediction: &Luma,
    quantizer: &Quantizer,
    coefficients: &Coefficients,
    separate_dc: bool,
    out: &mut [u8],
    stride: usize,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let separate_dc = separate_dc && coefficients.dc_masks[0] != 0;
            for (row, prediction) in prediction.as_chunks::<64>().0.iter().enumerate() {
                let to = &mut out[row * 4 * stride..][..3 * stride + 16];
                let any = coefficients.masks[4 * row..4 * row + 4].iter().any(|&mask| mask != 0);
                if any || separate_dc {
                    let blocks = luma_blocks(row);
                    let rows =
                        reconstruct(simd, prediction, quantizer, coefficients, blocks, separate_dc);
                    for (y, row) in rows.iter().enumerate() {
                        to[y * stride..][..16].copy_from_slice(row);
                    }
                } else {
                    for (y, row) in prediction.as_chunks::<16>().0.iter().enumerate() {
                        to[y * stride..][..16].copy_from_slice(row);
                    }
                }
            }
        },
    );
}

/// Writes the reconstructed samples of both chroma planes, from index `at` on.
#[inline(always)]
pub(crate) fn reconstruct_chroma<S: Simd>(
    simd: S,
    prediction: &Chroma,
    quantizer: &Quantizer,
    coefficients: &Coefficients,
    [cb, cr]: &mut [Band<'_>; 2],
    at: usize,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let stride = cb.stride;
            let separate_dc = coefficients.dc_masks[1] | coefficients.dc_masks[2] != 0;
            let any = separate_dc || coefficients.masks[16..].iter().any(|&mask| mask != 0);
            for (row, prediction) in prediction.as_chunks::<64>().0.iter().enumerate() {
                let at = at + row * 4 * stride;
                let cb = &mut cb.data[at..][..3 * stride + 8];
                let cr = &mut cr.data[at..][..3 * stride + 8];
                let reconstructed;
                let rows: &[[u8; 16]] = if any {
                    let blocks = chroma_blocks(row);
                    reconstructed =
                        reconstruct(simd, prediction, quantizer, coefficients, blocks, separate_dc);
                    &reconstructed
                } else {
                    prediction.as_chunks::<16>().0
                };
                for (y, row) in rows.iter().enumerate() {
                    cb[y * stride..][..8].copy_from_slice(&row[..8]);
                    cr[y * stride..][..8].copy_from_slice(&row[8..]);
                }
            }
        },
    );
}

/// Codes one luma block of an Intra4. Returns its levels, their mask and its samples.
#[inline(always)]
pub(crate) fn luma4<S: Simd>(
    simd: S,
    source: &[u8; 16],
    prediction: &[u8; 16],
    quantizer: &Quantizer,
) -> (Block, u32, [u8; 16]) {
    let nothing = [0; 16];
    let predicted = side_by_side(simd, [prediction, &nothing, &nothing, &nothing]);
    let source = side_by_side(simd, [source, &nothing, &nothing, &nothing]);
    let differences = [
        source[0] - predicted[0],
        source[1] - predicted[1],
        source[2] - predicted[2],
        source[3] - predicted[3],
    ];
    let levels = quantizer.quantize(simd, forward(simd, differences));
    if is_zero(&levels) {
        return ([0; 16], 0, *prediction);
    }
    let block = transpose_groups(simd, levels)[0];
    let residual = inverse(simd, quantizer.dequantize(simd, levels));
    let rows = [
        narrow16(simd, predicted[0] + residual[0]),
        narrow16(simd, predicted[1] + residual[1]),
        narrow16(simd, predicted[2] + residual[2]),
        narrow16(simd, predicted[3] + residual[3]),
    ];
    let mut samples = [0; 16];
    for (out, row) in samples.as_chunks_mut::<4>().0.iter_mut().zip(&rows) {
        out.copy_from_slice(&row[..4]);
    }
    (block.into(), significant(block), samples)
}

/// Widens four 4x4 blocks and places them side by side.
#[inline(always)]
fn side_by_side<S: Simd>(simd: S, [a, b, c, d]: [&[u8; 16]; 4]) -> [i16x16<S>; 4] {
    let (a, b): (u8x16<S>, u8x16<S>) = ((*a).simd_into(simd), (*b).simd_into(simd));
    let (c, d): (u8x16<S>, u8x16<S>) = ((*c).simd_into(simd), (*d).simd_into(simd));
    let (a, b): (i32x4<S>, i32x4<S>) = (a.bitcast(), b.bitcast());
    let (c, d): (i32x4<S>, i32x4<S>) = (c.bitcast(), d.bitcast());
    let upper_left: i64x2<S> = a.zip_low(b).bitcast();
    let lower_left: i64x2<S> = a.zip_high(b).bitcast();
    let upper_right: i64x2<S> = c.zip_low(d).bitcast();
    let lower_right: i64x2<S> = c.zip_high(d).bitcast();
    [
        widen16(simd, upper_left.zip_low(upper_right).bitcast()),
        widen16(simd, upper_left.zip_high(upper_right).bitcast()),
        widen16(simd, lower_left.zip_low(lower_right).bitcast()),
        widen16(simd, lower_left.zip_high(lower_right).bitcast()),
    ]
}

#[inline(always)]
fn hadamard_1d<S: Simd>([a, b, c, d]: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
    let (s, t, u, v) = (a + b, a - b, c + d, c - d);
    [s + u, s - u, t - v, t + v]
}

/// Sums the magnitudes of the Hadamard transforms of four blocks: two sums per block.
#[inline(always)]
fn hadamard_sums<S: Simd>(simd: S, rows: [i16x16<S>; 4]) -> i32x8<S> {
    let [a, b, c, d] = hadamard_1d(transpose(simd, hadamard_1d(rows)));
    // A lane is at most 16 · 4 · 255.
    let sums = (a.abs() + b.abs()) + (c.abs() + d.abs());
    sums.pairwise_dot_product(i16x16::splat(simd, 1))
}

/// Returns half the sum of the magnitudes of the Hadamard transforms of a macroblock's difference.
#[inline(always)]
pub(crate) fn satd<S: Simd>(simd: S, a: &[u8], b: &[u8]) -> u32 {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut sums = i32x8::splat(simd, 0);
            for (a, b) in a.as_chunks::<64>().0.iter().zip(b.as_chunks::<64>().0) {
                sums += hadamard_sums(simd, differences(simd, a, b));
            }
            sums.reduce_sum() as u32 / 2
        },
    )
}

/// Returns the same as [`satd`] for a 4x4 block and four predictions of it.
#[inline(always)]
pub(crate) fn satd4<S: Simd>(simd: S, source: &[u8; 16], predictions: &[[u8; 16]; 4]) -> [u32; 4] {
    let source = side_by_side(simd, [source; 4]);
    let predicted = side_by_side(simd, predictions.each_ref());
    let sums: [i32; 8] = hadamard_sums(
        simd,
        [
            source[0] - predicted[0],
            source[1] - predicted[1],
            source[2] - predicted[2],
            source[3] - predicted[3],
        ],
    )
    .into();
    std::array::from_fn(|i| (sums[2 * i] + sums[2 * i + 1]) as u32 / 2)
}
