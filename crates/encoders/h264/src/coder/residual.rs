//! Residuals in CABAC (ITU-T H.264 §7.3.5.3.3, §9.3.3.1.1.9, §9.3.3.1.3).

use crate::coder::cabac::Cabac;
use crate::coder::transform::{Block, SCAN};

/// Type of a block of coefficients (`ctxBlockCat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    LumaDc = 0,
    LumaAc = 1,
    Luma = 2,
    ChromaDc = 3,
    ChromaAc = 4,
}

const FLAG: usize = 85;
const SIGNIFICANT: usize = 105;
const LAST: usize = 166;
const MAGNITUDE: usize = 227;

/// Writes `coded_block_flag`. `increment` is 1 for a coded block at the left, plus 2 for one above.
#[inline(always)]
pub(crate) fn flag(cabac: &mut Cabac, category: Category, increment: u32, coded: bool) {
    cabac.encode(FLAG + category as usize * 4 + increment as usize, u32::from(coded));
}

/// Writes the coefficients of a block whose flag is 1. `mask` has a bit for each nonzero level in
/// scan order. `first` is 1 if DC is coded separately.
#[inline(always)]
pub(crate) fn block(cabac: &mut Cabac, category: Category, mask: u32, first: u32, levels: &Block) {
    debug_assert!(mask != 0);
    let places = match category {
        Category::ChromaDc => 4,
        _ => 16 - first,
    };
    let mask = mask >> first;
    let offset = [0, 15, 29, 44, 47][category as usize];
    let last = 31 - mask.leading_zeros();
    for place in 0..last {
        let bit = mask >> place & 1;
        cabac.encode(SIGNIFICANT + offset + place as usize, bit);
        if bit != 0 {
            cabac.encode(LAST + offset + place as usize, 0);
        }
    }
    if last + 1 < places {
        cabac.encode(SIGNIFICANT + offset + last as usize, 1);
        cabac.encode(LAST + offset + last as usize, 1);
    }
    let base = MAGNITUDE + [0, 10, 20, 30, 39][category as usize];
    let most = if category == Category::ChromaDc { 3 } else { 4 };
    let (mut ones, mut larger) = (1, 0);
    let mut left = mask;
    while left != 0 {
        let place = 31 - left.leading_zeros();
        left ^= 1 << place;
        let index = (place + first) as usize & 15;
        let level = if category == Category::ChromaDc || category == Category::LumaDc {
            levels[index]
        } else {
            levels[usize::from(SCAN[index] & 15)]
        };
        let sign = u32::from(level < 0);
        let magnitude = u32::from(level.unsigned_abs());
        let context = base + if larger > 0 { 0 } else { ones };
        if magnitude <= 1 {
            cabac.encode(context, 0);
            ones = (ones + 1).min(4);
        } else {
            cabac.encode(context, 1);
            let context = base + 5 + usize::min(larger, most);
            let prefix = (magnitude - 2).min(13);
            for _ in 0..prefix {
                cabac.encode(context, 1);
            }
            if prefix < 13 {
                cabac.encode(context, 0);
            } else {
                cabac.exp_golomb(magnitude - 15, 0);
            }
            larger += 1;
        }
        cabac.bypass(sign, 1);
    }
}
