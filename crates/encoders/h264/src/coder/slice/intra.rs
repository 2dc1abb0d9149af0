//! Intra macroblocks: mode decision and residuals.

use fearless_simd::Simd;

use super::{Job, Source, pattern};
use crate::coder::coefficients;
use crate::coder::interpolate::Luma;
use crate::coder::intra::{self, Around, Edges};
use crate::coder::macroblock::{Kind, Macroblock, Neighbors, ORDER4, predict_mode};
use crate::coder::motion::Found;
use crate::coder::simd::bytes16;

/// A candidate for an intra macroblock.
struct Intra {
    kind: Kind,
    mode: u8,
    modes: [u8; 16],
    cost: u32,
    /// Prediction of an Intra16, or reconstructed samples of an Intra4.
    samples: Luma,
}

impl Job<'_> {
    /// Encodes an intra macroblock. Returns `false` if an inter macroblock is better.
    #[inline(never)]
    pub(super) fn intra<S: Simd>(
        &mut self,
        simd: S,
        column: usize,
        row: usize,
        source: &Source,
        inter: Option<&Found>,
    ) -> bool {
        simd.vectorize(
            #[inline(always)]
            || self.intra_body(simd, column, row, source, inter),
        )
    }

    #[inline(always)]
    fn intra_body<S: Simd>(
        &mut self,
        simd: S,
        column: usize,
        row: usize,
        source: &Source,
        inter: Option<&Found>,
    ) -> bool {
        let quantizers = self.quantizers;
        let lambda = quantizers.lambda;
        let index = row * self.columns + column;
        let edges = self.edges(column, row);
        let mut best = Intra {
            kind: Kind::Intra16,
            mode: intra::DC,
            modes: [2; 16],
            cost: u32::MAX,
            samples: [0; 256],
        };
        let mut trial = [0; 256];
        for mode in [intra::DC, intra::VERTICAL, intra::HORIZONTAL, intra::PLANE] {
            if intra::luma16(&edges, mode, &mut trial) {
                let cost = coefficients::satd(simd, &source.luma, &trial) + lambda * 4;
                if cost < best.cost {
                    (best.cost, best.mode, best.samples) = (cost, mode, trial);
                }
            }
        }
        let mut limit = if quantizers.allow_intra16 { best.cost } else { u32::MAX };
        if let Some(found) = inter {
            let cost = coefficients::satd(simd, &source.luma, &found.samples) + lambda * 8;
            // Estimate of the maximum that Intra4 can save.
            if best.cost > cost * 2 {
                return false;
            }
            limit = limit.min(cost);
        }
        if !quantizers.allow_intra16 {
            best.cost = u32::MAX;
        }
        let (left, top) = self.near(column, row);
        let near = Neighbors { left: &left, top: &top };
        self.intra4(simd, &edges, near, source, limit, &mut best);
        if let Some(found) = inter {
            let cost = coefficients::satd(simd, &source.luma, &found.samples) + lambda * 8;
            if best.cost >= cost {
                return false;
            }
        }

        let mut chroma_prediction = [0; 128];
        let mut chroma_mode = intra::CHROMA_DC;
        let mut chroma_cost = u32::MAX;
        let mut trial = [0; 128];
        let modes = [
            intra::CHROMA_DC,
            intra::CHROMA_HORIZONTAL,
            intra::CHROMA_VERTICAL,
            intra::CHROMA_PLANE,
        ];
        for mode in modes {
            if intra::chroma(&edges, mode, &mut trial) {
                let bits = if mode == 0 { 1 } else { 3 };
                let cost = coefficients::satd(simd, &source.chroma, &trial) + lambda * bits;
                if cost < chroma_cost {
                    (chroma_cost, chroma_mode, chroma_prediction) = (cost, mode, trial);
                }
            }
        }
        let coefficients = &mut *self.coder.coefficients;
        let is16 = best.kind == Kind::Intra16;
        if is16 {
            coefficients::luma_with_dc(
                simd,
                &source.luma,
                &best.samples,
                &quantizers.intra_luma,
                coefficients,
            );
        }
        coefficients::chroma(
            simd,
            &source.chroma,
            &chroma_prediction,
            &quantizers.intra_chroma,
            coefficients,
        );
        let coded = coefficients.coded();
        let mut coded_pattern = pattern(coded);
        if is16 && coded_pattern & 15 != 0 {
            coded_pattern |= 15;
        }
        let current = Macroblock {
            kind: best.kind,
            pattern: coded_pattern,
            chroma_mode,
            coded,
            modes: best.modes,
            ..Macroblock::OUTSIDE
        };
        let in_p = !self.header.idr;
        self.coder.entropy.intra(near, in_p, &current, best.mode, coefficients);
        self.macroblocks[index] = current;
        if is16 {
            self.reconstruct_luma(simd, column, row, &best.samples, &quantizers.intra_luma, true);
        } else {
            let at = self.luma.at(column * 16, row * 16);
            for (y, from) in best.samples.as_chunks::<16>().0.iter().enumerate() {
                self.luma.data[at + y * self.luma.stride..][..16].copy_from_slice(from);
            }
        }
        self.reconstruct_chroma(simd, column, row, &chroma_prediction, &quantizers.intra_chroma);
        true
    }

    /// Tries an Intra4, which replaces `best` if its cost is below `limit`.
    #[inline(always)]
    fn intra4<S: Simd>(
        &mut self,
        simd: S,
        edges: &Edges,
        near: Neighbors<'_>,
        source: &Source,
        limit: u32,
        best: &mut Intra,
    ) {
        const STRIDE: usize = 32;
        let quantizers = self.quantizers;
        let lambda = quantizers.lambda;
        // The macroblock begins at column 8 and row 1; its neighboring samples surround it.
        let mut field = [0u8; STRIDE * 17];
        field[7] = edges.top_left;
        field[8..28].copy_from_slice(&edges.top);
        for (y, &left) in edges.left.iter().enumerate() {
            field[(y + 1) * STRIDE + 7] = left;
        }
        let coefficients = &mut *self.coder.coefficients;
        let mut modes = [2; 16];
        let mut total = lambda * 4;
        for block in ORDER4 {
            let (bx, by) = (block % 4, block / 4);
            let at = (by * 4 + 1) * STRIDE + 8 + bx * 4;
            let has_left = bx > 0 || edges.has_left;
            let has_top = by > 0 || edges.has_top;
            let has_corner = match (bx, by) {
                (0, 0) => edges.has_top_left,
                (0, _) => edges.has_left,
                (_, 0) => edges.has_top,
                _ => true,
            };
            let has_right = match (bx, by) {
                (3, 0) => edges.has_top_right,
                (_, 0) => edges.has_top,
                (3, _) => false,
                (1, 2) => true,
                (1, _) => false,
                _ => true,
            };
            let mut around = Around { samples: [0; 13], has_left, has_top, has_corner };
            for i in 0..4 {
                around.samples[i] = field[at + (3 - i) * STRIDE - 1];
            }
            let above = at - STRIDE;
            around.samples[4] = field[above - 1];
            around.samples[5..9].copy_from_slice(&field[above..above + 4]);
            if has_right {
                around.samples[9..13].copy_from_slice(&field[above + 4..above + 8]);
            } else {
                around.samples[9..13].fill(field[above + 3]);
            }
            let from = by * 64 + bx * 4;
            let wanted: [u8; 16] = std::array::from_fn(|i| source.luma[from + i / 4 * 16 + i % 4]);
            let predicted = predict_mode(near, &modes, block);
            let mut least = u32::MAX;
            let mut chosen = [0; 16];
            let mut trials = [[0; 16]; 12];
            let mut tried = [0; 12];
            let mut count = 0;
            for mode in 0..9 {
                if let Some(samples) = intra::luma4(&around, mode) {
                    (trials[count], tried[count]) = (samples, mode);
                    count += 1;
                }
            }
            for (four, trials) in trials.as_chunks::<4>().0[..count.div_ceil(4)].iter().enumerate()
            {
                let costs = coefficients::satd4(simd, &wanted, trials);
                for (i, cost) in costs.into_iter().enumerate().take(count - 4 * four) {
                    let mode = tried[4 * four + i];
                    let bits = if mode == predicted { 1 } else { 4 };
                    let cost = cost + lambda * bits;
                    if cost < least {
                        (least, chosen, modes[block]) = (cost, trials[i], mode);
                    }
                }
            }
            total += least;
            if total >= limit {
                return;
            }
            let (levels, mask, samples) =
                coefficients::luma4(simd, &wanted, &chosen, &quantizers.intra_luma);
            coefficients.blocks[block] = levels;
            coefficients.masks[block] = mask;
            for (y, row) in samples.as_chunks::<4>().0.iter().enumerate() {
                field[at + y * STRIDE..][..4].copy_from_slice(row);
            }
        }
        best.kind = Kind::Intra4;
        best.modes = modes;
        best.cost = total;
        coefficients.dc_masks[0] = 0;
        for (y, row) in best.samples.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            *row = *bytes16(&field, (y + 1) * STRIDE + 8);
        }
    }
}
