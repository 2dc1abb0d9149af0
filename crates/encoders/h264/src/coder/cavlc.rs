//! Macroblock syntax in CAVLC (ITU-T H.264 §7.3.5, §9.1, §9.2).

use reelwright_core::helpers::bits::BitWriter;

use crate::coder::cavlc_tables::{
    COEFF_TOKEN, COEFF_TOKEN_CHROMA_DC, Code, PATTERN_CODES, RUN_BEFORE, TOTAL_ZEROS,
    TOTAL_ZEROS_CHROMA_DC,
};
use crate::coder::coefficients::Coefficients;
use crate::coder::macroblock::{Kind, Macroblock, Neighbors, ORDER4, Vector, predict_mode};
use crate::coder::nal::{DRAIN, NalWriter};
use crate::coder::parameter_sets::trailing;
use crate::coder::transform::{Block, SCAN};

/// Largest magnitude of a level in all profiles: `level_prefix` is at most 15.
pub(crate) const LARGEST_LEVEL: i16 = 2063;

/// Bytes reserved for a macroblock or a slice header: 27 blocks of 16 levels have at most 80 bytes
/// each.
const ROOM: usize = 27 * 80 + 128;

/// Number of levels in each block of a macroblock: luma in raster order, Cb, Cr.
type Counts = [u8; 24];

/// Writer of a slice's macroblocks.
#[derive(Debug)]
pub(crate) struct Cavlc {
    /// Bits that are not in the NAL unit yet.
    pub(crate) bits: BitWriter,
    pub(crate) nal: NalWriter,
    /// Current `mb_skip_run`.
    skipped: u32,
    /// Counts of the left macroblock, and of the lowest blocks of the macroblocks above.
    left: Counts,
    above: Vec<[u8; 8]>,
    column: usize,
}

impl Cavlc {
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            bits: BitWriter::default(),
            nal: NalWriter::default(),
            skipped: 0,
            left: [0; 24],
            above: vec![[0; 8]; columns],
            column: 0,
        }
    }

    /// Starts a slice. The caller writes the header next.
    pub(crate) fn start(&mut self) {
        self.bits.start(DRAIN + ROOM);
        (self.skipped, self.column) = (0, 0);
    }

    /// Moves whole bytes to the NAL unit if there are many, so that the next macroblock fits.
    #[inline(always)]
    pub(crate) fn drain(&mut self) {
        if self.bits.bytes().len() >= DRAIN {
            self.nal.put(self.bits.take_bytes());
        }
    }

    /// Writes the remaining bits, and ends the NAL unit.
    pub(crate) fn finish(&mut self) {
        if self.skipped > 0 {
            self.bits.put_exp_golomb(self.skipped);
        }
        trailing(&mut self.bits);
        self.nal.put(self.bits.take_bytes());
        self.nal.finish();
    }

    /// Ends a macroblock that has these counts.
    fn next(&mut self, counts: &Counts) {
        self.left = *counts;
        self.above[self.column] = [12, 13, 14, 15, 18, 19, 22, 23].map(|block| counts[block]);
        self.column += 1;
        if self.column == self.above.len() {
            self.column = 0;
        }
    }

    /// Writes a skipped macroblock.
    pub(crate) fn skip(&mut self) {
        self.skipped += 1;
        self.next(&[0; 24]);
    }

    fn skip_run(&mut self) {
        self.bits.put_exp_golomb(self.skipped);
        self.skipped = 0;
    }

    /// Writes an inter macroblock with one partition.
    #[inline(never)]
    pub(crate) fn inter(
        &mut self,
        near: Neighbors<'_>,
        current: &Macroblock,
        difference: Vector,
        coefficients: &Coefficients,
    ) {
        self.skip_run();
        self.bits.put_exp_golomb(0); // P_L0_16x16
        for value in difference {
            self.bits.put_signed_exp_golomb(value.into());
        }
        self.pattern(current);
        self.residuals(near, current, coefficients);
    }

    /// Writes an intra macroblock. `mode` is `Intra16x16PredMode`.
    #[inline(never)]
    pub(crate) fn intra(
        &mut self,
        near: Neighbors<'_>,
        in_p: bool,
        current: &Macroblock,
        mode: u8,
        coefficients: &Coefficients,
    ) {
        let mut first = 0;
        if in_p {
            self.skip_run();
            first = 5;
        }
        if current.kind == Kind::Intra16 {
            let all = if current.pattern & 15 != 0 { 12 } else { 0 };
            let kind = 1 + mode + 4 * (current.pattern >> 4) + all;
            self.bits.put_exp_golomb(first + u32::from(kind));
            self.bits.put_exp_golomb(current.chroma_mode.into());
        } else {
            self.bits.put_exp_golomb(first); // I_NxN
            for block in ORDER4 {
                let predicted = predict_mode(near, &current.modes, block);
                let mode = current.modes[block];
                if mode == predicted {
                    self.bits.put(1, 1);
                } else {
                    self.bits.put(u64::from(if mode > predicted { mode - 1 } else { mode }), 4);
                }
            }
            self.bits.put_exp_golomb(current.chroma_mode.into());
            self.pattern(current);
        }
        self.residuals(near, current, coefficients);
    }

    /// Writes `coded_block_pattern`.
    fn pattern(&mut self, current: &Macroblock) {
        let codes = &PATTERN_CODES[usize::from(current.is_intra())];
        self.bits.put_exp_golomb(codes[usize::from(current.pattern)].into());
    }

    /// Writes `mb_qp_delta`, which is 0, and all residuals.
    fn residuals(&mut self, near: Neighbors<'_>, current: &Macroblock, from: &Coefficients) {
        let mut counts = [0; 24];
        let is16 = current.kind == Kind::Intra16;
        if is16 || current.pattern != 0 {
            self.bits.put_signed_exp_golomb(0);
            let above = self.above[self.column];
            let left = self.left;
            let (has_left, has_top) = (!near.left.is_outside(), !near.top.is_outside());
            if is16 {
                let class = expected(has_left.then_some(left[3]), has_top.then_some(above[0]));
                self.block(token(class), 16, from.dc_masks[0], |i| from.dc[0][i]);
            }
            for block in ORDER4 {
                let (x, y) = (block % 4, block / 4);
                if current.pattern >> (y / 2 * 2 + x / 2) & 1 == 0 {
                    continue;
                }
                let beside = match x {
                    0 => has_left.then_some(left[block + 3]),
                    _ => Some(counts[block - 1]),
                };
                let over = match y {
                    0 => has_top.then_some(above[x]),
                    _ => Some(counts[block - 4]),
                };
                let token = token(expected(beside, over));
                counts[block] = self.scanned(token, from.masks[block], is16, &from.blocks[block]);
            }
            if current.pattern >> 4 != 0 {
                for plane in 1..3 {
                    let token = |total: usize, ones: usize| COEFF_TOKEN_CHROMA_DC[total][ones];
                    self.block(token, 4, from.dc_masks[plane], |i| from.dc[plane][i]);
                }
            }
            if current.pattern >> 4 == 2 {
                for block in 16..24 {
                    let (x, y, plane) = (block % 2, block % 4 / 2, block / 4 - 4);
                    let beside = match x {
                        0 => has_left.then_some(left[block + 1]),
                        _ => Some(counts[block - 1]),
                    };
                    let over = match y {
                        0 => has_top.then_some(above[4 + 2 * plane + x]),
                        _ => Some(counts[block - 2]),
                    };
                    let token = token(expected(beside, over));
                    counts[block] =
                        self.scanned(token, from.masks[block], true, &from.blocks[block]);
                }
            }
        }
        self.next(&counts);
    }

    /// Writes a block stored in raster order, with its DC coefficient or `without_dc`.
    fn scanned(
        &mut self,
        token: impl Fn(usize, usize) -> Code,
        mask: u32,
        without_dc: bool,
        levels: &Block,
    ) -> u8 {
        let first = usize::from(without_dc);
        let level = |i: usize| levels[usize::from(SCAN[(i + first) & 15] & 15)];
        self.block(token, 16 - first, mask >> first, level)
    }

    fn code(&mut self, (bits, value): Code) {
        self.bits.put(value.into(), bits.into());
    }

    /// Writes `residual_block_cavlc()` of a number of coefficients. `mask` has a bit for each
    /// nonzero level in scan order. Returns the number of nonzero levels.
    #[inline(always)]
    fn block(
        &mut self,
        token: impl Fn(usize, usize) -> Code,
        places: usize,
        mask: u32,
        level: impl Fn(usize) -> i16,
    ) -> u8 {
        let total = mask.count_ones() as usize;
        if total == 0 {
            self.code(token(0, 0));
            return 0;
        }
        // Highest frequency first.
        let mut levels = [0; 16];
        let mut rest = mask;
        for out in &mut levels[..total] {
            let place = 31 - rest.leading_zeros();
            rest ^= 1 << place;
            *out = i32::from(level(place as usize));
        }
        let levels = &levels[..total];
        let ones = levels.iter().take(3).take_while(|level| level.abs() == 1).count();
        let signs = levels[..ones].iter().fold(0, |signs, &v| signs << 1 | u64::from(v < 0));
        let (bits, value) = token(total, ones);
        self.bits.put(u64::from(value) << ones | signs, u32::from(bits) + ones as u32);
        self.levels(&levels[ones..], total, ones);

        let last = 31 - mask.leading_zeros();
        let mut zeros = last as usize + 1 - total;
        if total < places {
            self.code(match places {
                4 => TOTAL_ZEROS_CHROMA_DC[total - 1][zeros],
                _ => TOTAL_ZEROS[total - 1][zeros],
            });
        }
        let mut place = last;
        let mut rest = mask ^ 1 << last;
        while zeros > 0 && rest != 0 {
            let next = 31 - rest.leading_zeros();
            rest ^= 1 << next;
            let run = (place - next) as usize - 1;
            self.code(RUN_BEFORE[zeros.min(7) - 1][run]);
            zeros -= run;
            place = next;
        }
        total as u8
    }

    /// Writes `level_prefix` and `level_suffix` of the levels after the trailing ones.
    #[inline(always)]
    fn levels(&mut self, levels: &[i32], total: usize, ones: usize) {
        let mut length = u32::from(total > 10 && ones < 3);
        for (i, &level) in levels.iter().enumerate() {
            let magnitude = level.unsigned_abs();
            let mut code = u64::from(2 * magnitude) - 2 + u64::from(level < 0);
            if i == 0 && ones < 3 {
                // The level is not 1 or −1, or it would be a trailing one.
                code -= 2;
            }
            // The zeros and the one of the prefix, then the suffix.
            if length == 0 && (14..30).contains(&code) {
                self.bits.put(1 << 4 | (code - 14), 19);
            } else if length == 0 && code < 14 {
                self.bits.put(1, code as u32 + 1);
            } else if code < 15 << length {
                let prefix = code >> length;
                let suffix = code & ((1 << length) - 1);
                self.bits.put(1 << length | suffix, prefix as u32 + 1 + length);
            } else {
                let escape = code - (15 << length) - if length == 0 { 15 } else { 0 };
                debug_assert!(escape < 1 << 12);
                self.bits.put(1 << 12 | escape, 28);
            }
            if length == 0 {
                length = 1;
            }
            if magnitude > 3 << (length - 1) && length < 6 {
                length += 1;
            }
        }
    }
}

/// Returns nC from the counts of the left and the upper block, if available.
#[inline(always)]
fn expected(left: Option<u8>, top: Option<u8>) -> u8 {
    match (left, top) {
        (Some(a), Some(b)) => (a + b + 1) >> 1,
        (Some(n), None) | (None, Some(n)) => n,
        (None, None) => 0,
    }
}

/// Returns `coeff_token` for nC, by `TotalCoeff` and `TrailingOnes`.
#[inline(always)]
fn token(expected: u8) -> impl Fn(usize, usize) -> Code {
    move |total, ones| match expected {
        0..2 => COEFF_TOKEN[0][total][ones],
        2..4 => COEFF_TOKEN[1][total][ones],
        4..8 => COEFF_TOKEN[2][total][ones],
        _ if total == 0 => (6, 3),
        _ => (6, ((total - 1) << 2 | ones) as u8),
    }
}
