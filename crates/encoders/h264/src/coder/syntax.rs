//! Macroblock syntax in CABAC (ITU-T H.264 §7.3.5, §9.3.3.1).

use crate::coder::cabac::Cabac;
use crate::coder::coefficients::Coefficients;
use crate::coder::macroblock::{Kind, Macroblock, Neighbors, Vector};
use crate::coder::residual::{self, Category};

/// Writes `mb_skip_flag`.
#[inline(always)]
pub(crate) fn skip(cabac: &mut Cabac, near: Neighbors<'_>, skipped: bool) {
    let counts = |m: &Macroblock| !matches!(m.kind, Kind::Outside | Kind::Skip);
    let increment = usize::from(counts(near.left)) + usize::from(counts(near.top));
    cabac.encode(11 + increment, u32::from(skipped));
}

/// Writes `mb_type` of an inter macroblock with one partition.
#[inline(always)]
pub(crate) fn inter_type(cabac: &mut Cabac) {
    cabac.encode(14, 0);
    cabac.encode(15, 0);
    cabac.encode(16, 0);
}

/// Writes `mvd_l0` by component. `sums` are sums of the neighbors' magnitudes.
#[inline(always)]
pub(crate) fn vector_difference(cabac: &mut Cabac, difference: Vector, sums: [u32; 2]) {
    for (component, base) in [40, 47].into_iter().enumerate() {
        let value = difference[component];
        let magnitude = u32::from(value.unsigned_abs());
        let first = match sums[component] {
            0..3 => 0,
            3..=32 => 1,
            _ => 2,
        };
        if magnitude == 0 {
            cabac.encode(base + first, 0);
            continue;
        }
        cabac.encode(base + first, 1);
        let prefix = magnitude.min(9);
        let mut context = 3;
        for _ in 1..prefix {
            cabac.encode(base + context, 1);
            context = (context + 1).min(6);
        }
        if magnitude < 9 {
            cabac.encode(base + context, 0);
        } else {
            cabac.exp_golomb(magnitude - 9, 3);
        }
        cabac.bypass(u32::from(value < 0), 1);
    }
}

/// Writes `mb_type` of an intra macroblock. `mode` is `Intra16x16PredMode`.
pub(crate) fn intra_type(
    cabac: &mut Cabac,
    near: Neighbors<'_>,
    in_p: bool,
    current: &Macroblock,
    mode: u8,
) {
    // Contexts of the bins after the first.
    let (first, rest) = if in_p {
        cabac.encode(14, 1);
        (17, [18, 19, 19, 20, 20])
    } else {
        let counts = |m: &Macroblock| !matches!(m.kind, Kind::Outside | Kind::Intra4);
        let increment = usize::from(counts(near.left)) + usize::from(counts(near.top));
        (3 + increment, [6, 7, 8, 9, 10])
    };
    if current.kind == Kind::Intra4 {
        cabac.encode(first, 0);
        return;
    }
    cabac.encode(first, 1);
    cabac.terminate(false); // not I_PCM
    cabac.encode(rest[0], u32::from(current.pattern & 15 != 0));
    let chroma = current.pattern >> 4;
    cabac.encode(rest[1], u32::from(chroma != 0));
    if chroma != 0 {
        cabac.encode(rest[2], u32::from(chroma == 2));
    }
    cabac.encode(rest[3], u32::from(mode >> 1));
    cabac.encode(rest[4], u32::from(mode & 1));
}

/// Writes `prev_intra4x4_pred_mode_flag` and `rem_intra4x4_pred_mode`.
#[inline(always)]
pub(crate) fn intra4_mode(cabac: &mut Cabac, mode: u8, predicted: u8) {
    if mode == predicted {
        cabac.encode(68, 1);
        return;
    }
    cabac.encode(68, 0);
    let rest = u32::from(if mode > predicted { mode - 1 } else { mode });
    for bit in 0..3 {
        cabac.encode(69, rest >> bit & 1);
    }
}

/// Writes `intra_chroma_pred_mode`.
pub(crate) fn chroma_mode(cabac: &mut Cabac, near: Neighbors<'_>, mode: u8) {
    let counts = |m: &Macroblock| m.is_intra() && m.chroma_mode != 0;
    let increment = usize::from(counts(near.left)) + usize::from(counts(near.top));
    cabac.encode(64 + increment, u32::from(mode > 0));
    if mode > 0 {
        cabac.encode(67, u32::from(mode > 1));
        if mode > 1 {
            cabac.encode(67, u32::from(mode > 2));
        }
    }
}

/// Writes `coded_block_pattern`.
#[inline(always)]
pub(crate) fn pattern(cabac: &mut Cabac, near: Neighbors<'_>, pattern: u8) {
    // Blocks without coefficients count, except outside the slice.
    let luma = |m: &Macroblock| if m.is_outside() { 15 } else { m.pattern & 15 };
    let (left, top) = (luma(near.left), luma(near.top));
    let clear = |bits: u8, bit: u8| usize::from(bits >> bit & 1 == 0);
    let bit = |n: u8| u32::from(pattern >> n & 1);
    cabac.encode(73 + clear(left, 1) + 2 * clear(top, 2), bit(0));
    cabac.encode(73 + clear(pattern, 0) + 2 * clear(top, 3), bit(1));
    cabac.encode(73 + clear(left, 3) + 2 * clear(pattern, 0), bit(2));
    cabac.encode(73 + clear(pattern, 2) + 2 * clear(pattern, 1), bit(3));
    let (left, top) = (near.left.pattern >> 4, near.top.pattern >> 4);
    let chroma = pattern >> 4;
    cabac.encode(77 + usize::from(left != 0) + 2 * usize::from(top != 0), u32::from(chroma != 0));
    if chroma != 0 {
        let increment = usize::from(left == 2) + 2 * usize::from(top == 2);
        cabac.encode(81 + increment, u32::from(chroma == 2));
    }
}

/// Writes `mb_qp_delta` of 0: all macroblocks of a slice have the same quantizer.
#[inline(always)]
pub(crate) fn no_qp_delta(cabac: &mut Cabac) {
    cabac.encode(60, 0);
}

/// Writes all residuals of a macroblock.
#[inline(always)]
pub(crate) fn residuals(
    cabac: &mut Cabac,
    near: Neighbors<'_>,
    current: &Macroblock,
    coefficients: &Coefficients,
) {
    let beyond = if current.is_intra() { u32::MAX } else { 0 };
    let coded = |m: &Macroblock| if m.is_outside() { beyond } else { m.coded };
    let (left, top, own) = (coded(near.left), coded(near.top), current.coded);
    let bit = |bits: u32, n: usize| bits >> n & 1;
    let is16 = current.kind == Kind::Intra16;
    if is16 {
        let mask = coefficients.dc_masks[0];
        let increment = bit(left, 24) + 2 * bit(top, 24);
        residual::flag(cabac, Category::LumaDc, increment, mask != 0);
        if mask != 0 {
            residual::block(cabac, Category::LumaDc, mask, 0, &coefficients.dc[0]);
        }
    }
    // Masks of the blocks to the left of and above each block.
    let lefts = (own & 0x7777) << 1 | (left >> 3 & 0x1111);
    let tops = (own & 0x0fff) << 4 | (top >> 12 & 0xf);
    let category = if is16 { Category::LumaAc } else { Category::Luma };
    for (quarter, first) in [0, 2, 8, 10].into_iter().enumerate() {
        if current.pattern >> quarter & 1 == 0 {
            continue;
        }
        for block in [first, first + 1, first + 4, first + 5] {
            let mask = coefficients.masks[block];
            let increment = bit(lefts, block) + 2 * bit(tops, block);
            residual::flag(cabac, category, increment, mask != 0);
            if mask != 0 {
                let levels = &coefficients.blocks[block];
                residual::block(cabac, category, mask, u32::from(is16), levels);
            }
        }
    }
    if current.pattern >> 4 == 0 {
        return;
    }
    for plane in 0..2 {
        let mask = coefficients.dc_masks[1 + plane];
        let increment = bit(left, 25 + plane) + 2 * bit(top, 25 + plane);
        residual::flag(cabac, Category::ChromaDc, increment, mask != 0);
        if mask != 0 {
            residual::block(cabac, Category::ChromaDc, mask, 0, &coefficients.dc[1 + plane]);
        }
    }
    if current.pattern >> 4 != 2 {
        return;
    }
    for plane in 0..2 {
        let first = 16 + plane * 4;
        let lefts =
            [bit(left, first + 1), bit(own, first), bit(left, first + 3), bit(own, first + 2)];
        let tops = [bit(top, first + 2), bit(top, first + 3), bit(own, first), bit(own, first + 1)];
        for block in 0..4 {
            let mask = coefficients.masks[first + block];
            residual::flag(cabac, Category::ChromaAc, lefts[block] + 2 * tops[block], mask != 0);
            if mask != 0 {
                let levels = &coefficients.blocks[first + block];
                residual::block(cabac, Category::ChromaAc, mask, 1, levels);
            }
        }
    }
}
