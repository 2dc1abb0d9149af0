//! From samples and their prediction to levels, and back to samples.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i16x8, u16x8};

use crate::coder::interpolate::{Chroma, Luma};
use crate::coder::lanes::{bytes8, load8, narrow8};
use crate::coder::transform::{
    Block, Quantizer, SCAN, forward, hadamard2, hadamard4, inverse, join, part, significant,
};

/// The levels of a macroblock: 16 blocks of luma in raster order, 4 of Cb, 4 of Cr.
#[derive(Debug, Clone)]
pub(crate) struct Coefficients {
    pub(crate) blocks: [Block; 24],
    /// Levels that are not zero, in the order of the scan.
    pub(crate) masks: [u32; 24],
    /// DC of an Intra16's luma, of Cb and of Cr, in the order of the scan.
    pub(crate) dc: [Block; 3],
    pub(crate) dc_masks: [u32; 3],
    /// DC before the inverse transform, where it is coded apart.
    dc_back: [i16; 24],
}

impl Coefficients {
    pub(crate) fn new() -> Self {
        Self {
            blocks: [[0; 16]; 24],
            masks: [0; 24],
            dc: [[0; 16]; 3],
            dc_masks: [0; 3],
            dc_back: [0; 24],
        }
    }

    /// Bits of [`crate::coder::macroblock::Macroblock::coded`].
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

/// The places of the quarters of luma in `coded`.
pub(crate) const QUARTERS: [u32; 4] = [0x0033, 0x00cc, 0x3300, 0xcc00];

/// The coefficients of two blocks side by side, whose first samples are at `at`.
#[inline(always)]
fn transformed<S: Simd>(simd: S, source: &[u8], prediction: &[u8], at: usize) -> [i16x8<S>; 4] {
    forward(differences(simd, source, prediction, at))
}

/// Four rows of eight differences.
#[inline(always)]
fn differences<S: Simd>(simd: S, a: &[u8], b: &[u8], at: usize) -> [i16x8<S>; 4] {
    [
        difference(simd, a, b, at),
        difference(simd, a, b, at + 16),
        difference(simd, a, b, at + 32),
        difference(simd, a, b, at + 48),
    ]
}

#[inline(always)]
fn difference<S: Simd>(simd: S, a: &[u8], b: &[u8], at: usize) -> i16x8<S> {
    load8(simd, bytes8(a, at)) - load8(simd, bytes8(b, at))
}

#[inline(always)]
fn is_zero<S: Simd>(columns: &[i16x8<S>; 4]) -> bool {
    let [a, b, c, d] = *columns;
    let any = (a | b) | (c | d);
    any.simd_eq(0).all_true()
}

/// Quantises two blocks; returns whether any level is not zero.
#[inline(always)]
fn quantize_pair<S: Simd>(
    simd: S,
    columns: [i16x8<S>; 4],
    quantizer: &Quantizer,
    out: &mut Coefficients,
    [a, b]: [usize; 2],
) {
    let levels = quantizer.quantize(simd, columns);
    if is_zero(&levels) {
        (out.masks[a], out.masks[b]) = (0, 0);
        return;
    }
    let (mut left, mut right) = ([0; 16], [0; 16]);
    part(levels, &mut left, &mut right);
    (out.masks[a], out.masks[b]) = (significant(simd, &left), significant(simd, &right));
    (out.blocks[a], out.blocks[b]) = (left, right);
}

/// Takes the coefficients with both indices 0 out of two blocks.
#[inline(always)]
fn take_dc<S: Simd>(simd: S, columns: &mut [i16x8<S>; 4]) -> [i32; 2] {
    let dc: [i16; 8] = columns[0].into();
    let mask: i16x8<S> = [0, -1, -1, -1, 0, -1, -1, -1].simd_into(simd);
    columns[0] &= mask;
    [i32::from(dc[0]), i32::from(dc[4])]
}

/// Luma whose DC stays in its blocks.
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
            for pair in 0..8 {
                let (row, half) = (pair / 2, pair % 2);
                let columns = transformed(simd, source, prediction, row * 64 + half * 8);
                let a = row * 4 + half * 2;
                quantize_pair(simd, columns, quantizer, out, [a, a + 1]);
            }
            out.dc_masks[0] = 0;
        },
    );
}

/// Luma whose DC are coded apart.
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
            for pair in 0..8 {
                let (row, half) = (pair / 2, pair % 2);
                let mut columns = transformed(simd, source, prediction, row * 64 + half * 8);
                let a = row * 4 + half * 2;
                [dc[a], dc[a + 1]] = take_dc(simd, &mut columns);
                quantize_pair(simd, columns, quantizer, out, [a, a + 1]);
            }
            let levels = hadamard4(&dc).map(|v| quantizer.quantize_dc((v + 1) >> 1));
            let mut mask = 0;
            for (number, &place) in SCAN.iter().enumerate() {
                // The scan's places are by column.
                let place = usize::from(place);
                let level = levels[place % 4 * 4 + place / 4];
                out.dc[0][number] = level;
                mask |= u32::from(level != 0) << number;
            }
            out.dc_masks[0] = mask;
            let back = hadamard4(&levels.map(i32::from));
            for (out, v) in out.dc_back.iter_mut().zip(back) {
                *out = ((v * quantizer.dc_scale + 2) >> 2) as i16;
            }
        },
    );
}

/// Both planes of chroma.
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
            for plane in 0..2 {
                let mut dc = [0; 4];
                for row in 0..2 {
                    let mut columns = transformed(simd, source, prediction, row * 64 + plane * 8);
                    let a = 16 + plane * 4 + row * 2;
                    [dc[row * 2], dc[row * 2 + 1]] = take_dc(simd, &mut columns);
                    quantize_pair(simd, columns, quantizer, out, [a, a + 1]);
                }
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
    for (out, v) in out.dc_back[16 + plane * 4..][..4].iter_mut().zip(back) {
        *out = ((v * quantizer.dc_scale) >> 1) as i16;
    }
}

/// How much a block's levels are worth, all of which are 1 or −1: more where they come early.
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

/// Whether levels are beyond 1 and −1.
#[inline(always)]
fn has_large<S: Simd>(simd: S, block: &Block) -> bool {
    let halves = block.as_chunks::<8>().0;
    let (a, b): (i16x8<S>, i16x8<S>) = (halves[0].simd_into(simd), halves[1].simd_into(simd));
    a.max(-a).max(b.max(-b)).simd_gt(1).any_true()
}

/// Drops levels of an inter macroblock's luma that cost more than they are worth.
#[inline(always)]
pub(crate) fn thin_luma<S: Simd>(simd: S, out: &mut Coefficients) {
    let mut total = 0;
    for quarter in 0..4 {
        let first = quarter / 2 * 8 + quarter % 2 * 2;
        let blocks = [first, first + 1, first + 4, first + 5];
        let mut sum = 0;
        for block in blocks {
            if out.masks[block] != 0 {
                sum +=
                    if has_large(simd, &out.blocks[block]) { 9 } else { worth(out.masks[block]) };
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

/// Drops AC levels of an inter macroblock's chroma that cost more than they are worth.
#[inline(always)]
pub(crate) fn thin_chroma<S: Simd>(simd: S, out: &mut Coefficients) {
    for plane in 0..2 {
        let blocks = 16 + plane * 4..20 + plane * 4;
        let mut sum = 0;
        for block in blocks.clone() {
            if out.masks[block] != 0 {
                let large = has_large(simd, &out.blocks[block]);
                sum += if large { 9 } else { worth(out.masks[block] >> 1) };
            }
        }
        if sum < 7 {
            out.masks[blocks].fill(0);
        }
    }
}

/// Two blocks of samples, from their prediction and levels.
#[inline(always)]
fn rebuild_pair<S: Simd>(
    simd: S,
    prediction: &[u8],
    at: usize,
    quantizer: &Quantizer,
    coefficients: &Coefficients,
    [a, b]: [usize; 2],
    separate_dc: bool,
) -> [[u8; 8]; 4] {
    let levels = join(simd, levels_of(coefficients, a), levels_of(coefficients, b));
    let mut columns = quantizer.dequantize(simd, levels);
    if separate_dc {
        let (a, b) = (coefficients.dc_back[a], coefficients.dc_back[b]);
        let dc: i16x8<S> = [a, 0, 0, 0, b, 0, 0, 0].simd_into(simd);
        columns[0] += dc;
    }
    let residual = inverse(columns);
    [
        sum(simd, prediction, at, residual[0]),
        sum(simd, prediction, at + 16, residual[1]),
        sum(simd, prediction, at + 32, residual[2]),
        sum(simd, prediction, at + 48, residual[3]),
    ]
}

#[inline(always)]
fn sum<S: Simd>(simd: S, prediction: &[u8], at: usize, residual: i16x8<S>) -> [u8; 8] {
    narrow8(simd, load8(simd, bytes8(prediction, at)) + residual)
}

#[inline(always)]
fn levels_of(coefficients: &Coefficients, block: usize) -> &Block {
    const NONE: Block = [0; 16];
    if coefficients.masks[block] != 0 { &coefficients.blocks[block] } else { &NONE }
}

/// Writes luma's samples to where the macroblock is.
#[inline(always)]
pub(crate) fn rebuild_luma<S: Simd>(
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
            for pair in 0..8 {
                let (row, half) = (pair / 2, pair % 2);
                let at = row * 64 + half * 8;
                let a = row * 4 + half * 2;
                let to = &mut out[row * 4 * stride + half * 8..][..3 * stride + 8];
                if coefficients.masks[a] | coefficients.masks[a + 1] == 0 && !separate_dc {
                    for y in 0..4 {
                        to[y * stride..][..8].copy_from_slice(bytes8(prediction, at + y * 16));
                    }
                } else {
                    let blocks = [a, a + 1];
                    let rows = rebuild_pair(
                        simd,
                        prediction,
                        at,
                        quantizer,
                        coefficients,
                        blocks,
                        separate_dc,
                    );
                    for (y, row) in rows.iter().enumerate() {
                        to[y * stride..][..8].copy_from_slice(row);
                    }
                }
            }
        },
    );
}

/// Writes chroma's samples to where the macroblock is.
#[inline(always)]
pub(crate) fn rebuild_chroma<S: Simd>(
    simd: S,
    prediction: &Chroma,
    quantizer: &Quantizer,
    coefficients: &Coefficients,
    plane: usize,
    out: &mut [u8],
    stride: usize,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            for row in 0..2 {
                let at = row * 64 + plane * 8;
                let a = 16 + plane * 4 + row * 2;
                let to = &mut out[row * 4 * stride..][..3 * stride + 8];
                let masks = &coefficients.masks;
                if masks[a] | masks[a + 1] | coefficients.dc_masks[1 + plane] == 0 {
                    for y in 0..4 {
                        to[y * stride..][..8].copy_from_slice(bytes8(prediction, at + y * 16));
                    }
                } else {
                    let rows = rebuild_pair(
                        simd,
                        prediction,
                        at,
                        quantizer,
                        coefficients,
                        [a, a + 1],
                        coefficients.dc_masks[1 + plane] != 0,
                    );
                    for (y, row) in rows.iter().enumerate() {
                        to[y * stride..][..8].copy_from_slice(row);
                    }
                }
            }
        },
    );
}

/// One block of luma of an Intra4: its levels, their mask and its samples.
#[inline(always)]
pub(crate) fn luma4<S: Simd>(
    simd: S,
    source: &[u8; 16],
    prediction: &[u8; 16],
    quantizer: &Quantizer,
) -> (Block, u32, [u8; 16]) {
    let levels = quantizer.quantize(simd, forward(differences4(simd, source, prediction)));
    if is_zero(&levels) {
        return ([0; 16], 0, *prediction);
    }
    let (mut block, mut other) = ([0; 16], [0; 16]);
    part(levels, &mut block, &mut other);
    let residual = inverse(quantizer.dequantize(simd, levels));
    let mut samples = [0; 16];
    for (y, out) in samples.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let sum = narrow8(simd, row4(simd, prediction, y) + residual[y]);
        out.copy_from_slice(&sum[..4]);
    }
    (block, significant(simd, &block), samples)
}

#[inline(always)]
fn row4<S: Simd>(simd: S, samples: &[u8; 16], y: usize) -> i16x8<S> {
    let s = &samples[4 * y..4 * y + 4];
    load8(simd, &[s[0], s[1], s[2], s[3], 0, 0, 0, 0])
}

#[inline(always)]
fn differences4<S: Simd>(simd: S, a: &[u8; 16], b: &[u8; 16]) -> [i16x8<S>; 4] {
    [
        row4(simd, a, 0) - row4(simd, b, 0),
        row4(simd, a, 1) - row4(simd, b, 1),
        row4(simd, a, 2) - row4(simd, b, 2),
        row4(simd, a, 3) - row4(simd, b, 3),
    ]
}

#[inline(always)]
fn hadamard_1d<S: Simd>([a, b, c, d]: [i16x8<S>; 4]) -> [i16x8<S>; 4] {
    let (s, t, u, v) = (a + b, a - b, c + d, c - d);
    [s + u, s - u, t - v, t + v]
}

#[inline(always)]
fn hadamard_sum<S: Simd>(rows: [i16x8<S>; 4]) -> u32 {
    let columns = hadamard_1d(crate::coder::lanes::transpose(hadamard_1d(rows)));
    let [a, b, c, d] = columns;
    // At most 16 · 4 · 255 in a lane.
    let sums: u16x8<S> = ((a.max(-a) + b.max(-b)) + (c.max(-c) + d.max(-d))).bitcast();
    let sums: [u16; 8] = sums.into();
    let mut sum = 0;
    for v in sums {
        sum += u32::from(v);
    }
    sum
}

/// Half the sum of the magnitudes of Hadamard transforms of a macroblock's difference.
#[inline(always)]
pub(crate) fn satd<S: Simd>(simd: S, a: &[u8], b: &[u8]) -> u32 {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut sum = 0;
            for pair in 0..a.len() / 32 {
                let at = pair / 2 * 64 + pair % 2 * 8;
                sum += hadamard_sum(differences(simd, a, b, at));
            }
            sum / 2
        },
    )
}

/// As [`satd`], of a 4x4 block.
#[inline(always)]
pub(crate) fn satd4<S: Simd>(simd: S, a: &[u8; 16], b: &[u8; 16]) -> u32 {
    hadamard_sum(differences4(simd, a, b)) / 2
}
