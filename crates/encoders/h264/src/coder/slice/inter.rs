//! Macroblocks of P slices: skip, inter, or intra if that is better.

use fearless_simd::Simd;

use super::{Job, Source, pattern};
use crate::coder::coefficients;
use crate::coder::interpolate::{self, Chroma, Luma};
use crate::coder::macroblock::{Kind, Macroblock, Neighbors, Vector};
use crate::coder::motion::{Found, Limits, Search, vector_bits};
use crate::coder::picture::Picture;
use crate::coder::simd::sad;

/// Motion vector of a neighbor, or `None` if it is intra.
type NeighborVector = Option<Vector>;

#[inline(always)]
fn neighbor_vector(macroblock: &Macroblock) -> NeighborVector {
    matches!(macroblock.kind, Kind::Skip | Kind::Inter).then_some(macroblock.vector)
}

/// Returns the prediction of a motion vector from its neighbors (§8.4.1.3).
#[inline(always)]
fn predict_vector(left: NeighborVector, top: NeighborVector, right: NeighborVector) -> Vector {
    match (left, top, right) {
        (Some(v), None, None) | (None, Some(v), None) | (None, None, Some(v)) => v,
        _ => {
            let (a, b, c) =
                (left.unwrap_or_default(), top.unwrap_or_default(), right.unwrap_or_default());
            std::array::from_fn(|i| a[i].max(b[i]).min(a[i].min(b[i]).max(c[i])))
        }
    }
}

#[inline(always)]
fn predict_luma<S: Simd>(
    simd: S,
    reference: &Picture,
    x: usize,
    y: usize,
    v: Vector,
    out: &mut Luma,
) {
    let (x, y) = (x as i32 * 4 + i32::from(v[0]), y as i32 * 4 + i32::from(v[1]));
    interpolate::luma(simd, &reference.luma, x, y, out);
}

#[inline(always)]
fn predict_chroma<S: Simd>(
    simd: S,
    reference: &Picture,
    x: usize,
    y: usize,
    v: Vector,
    out: &mut Chroma,
) {
    let (x, y) = (x as i32 * 4 + i32::from(v[0]), y as i32 * 4 + i32::from(v[1]));
    interpolate::chroma(simd, &reference.chroma, x, y, out);
}

impl Job<'_> {
    #[inline(always)]
    pub(super) fn inter<S: Simd>(
        &mut self,
        simd: S,
        column: usize,
        row: usize,
        source: &Source,
        reference: &Picture,
    ) {
        const OUTSIDE: &Macroblock = &Macroblock::OUTSIDE;
        let quantizers = self.quantizers;
        let index = row * self.columns + column;
        let (left, top) = self.near(column, row);
        let near = Neighbors { left: &left, top: &top };
        let corner = if row > 0 && column + 1 < self.columns {
            &self.macroblocks[index - self.columns + 1]
        } else {
            OUTSIDE
        };
        let right = if !corner.is_outside() {
            corner
        } else if row > 0 && column > 0 {
            &self.macroblocks[index - self.columns - 1]
        } else {
            OUTSIDE
        };
        let neighbors = [neighbor_vector(&left), neighbor_vector(&top), neighbor_vector(right)];
        let prediction = predict_vector(neighbors[0], neighbors[1], neighbors[2]);
        let still =
            |m: &Macroblock, vector: NeighborVector| m.is_outside() || vector == Some([0; 2]);
        let skip_vector = if still(&left, neighbors[0]) || still(&top, neighbors[1]) {
            [0; 2]
        } else {
            prediction
        };
        let candidates = [[0; 2], left.vector, top.vector, right.vector, self.before[index].vector];
        let (x, y) = (column * 16, (self.first_row + row) * 16);
        let limits = Limits::new(x, y, self.columns * 16, self.picture_rows * 16);

        let mut found = Found { vector: skip_vector, cost: u32::MAX, samples: [0; 256] };
        let mut chroma: Chroma = [0; 128];
        let mut skip_cost = u32::MAX;
        // Set if `coefficients` holds the levels for the skip vector.
        let (mut has_luma, mut has_chroma) = (false, false);
        if limits.allow(skip_vector) {
            predict_luma(simd, reference, x, y, skip_vector, &mut found.samples);
            skip_cost = sad(simd, &source.luma, &found.samples, 16);
            // A larger cost needs coefficients in any case.
            if skip_cost < 160 * quantizers.lambda {
                has_luma = true;
                self.luma_levels(simd, source, &found.samples);
                if self.coder.coefficients.masks[..16].iter().all(|&mask| mask == 0) {
                    has_chroma = true;
                    predict_chroma(simd, reference, x, y, skip_vector, &mut chroma);
                    self.chroma_levels(simd, source, &chroma);
                    if self.coder.coefficients.coded() == 0 {
                        self.skipped(near, (column, row), skip_vector, &found.samples, &chroma);
                        return;
                    }
                }
            }
        }

        let search = Search {
            source: &source.luma,
            plane: &reference.luma,
            x,
            y,
            limits,
            prediction,
            lambda: quantizers.lambda,
        };
        simd.vectorize(
            #[inline(always)]
            || search.run(simd, &candidates, &mut found),
        );
        if skip_cost != u32::MAX && skip_vector != found.vector {
            let cost = skip_cost + quantizers.lambda * vector_bits(skip_vector, prediction);
            if cost < found.cost {
                (found.vector, found.cost) = (skip_vector, cost);
                predict_luma(simd, reference, x, y, skip_vector, &mut found.samples);
            }
        }
        if found.cost > 300 + 150 * quantizers.lambda {
            if self.intra(simd, column, row, source, Some(&found)) {
                return;
            }
            (has_luma, has_chroma) = (false, false);
        }
        let is_skip_vector = found.vector == skip_vector;
        if !(is_skip_vector && has_luma) {
            self.luma_levels(simd, source, &found.samples);
        }
        if !(is_skip_vector && has_chroma) {
            predict_chroma(simd, reference, x, y, found.vector, &mut chroma);
            self.chroma_levels(simd, source, &chroma);
        }
        let coefficients = &*self.coder.coefficients;
        let coded = coefficients.coded();
        if coded == 0 && is_skip_vector {
            self.skipped(near, (column, row), skip_vector, &found.samples, &chroma);
            return;
        }
        let difference = [found.vector[0] - prediction[0], found.vector[1] - prediction[1]];
        let current = Macroblock {
            kind: Kind::Inter,
            pattern: pattern(coded),
            coded,
            vector: found.vector,
            difference: difference.map(|v| v.unsigned_abs().min(127) as u8),
            ..Macroblock::OUTSIDE
        };
        self.coder.entropy.inter(near, &current, difference, coefficients);
        self.macroblocks[index] = current;
        self.reconstruct_luma(simd, column, row, &found.samples, &quantizers.inter_luma, false);
        self.reconstruct_chroma(simd, column, row, &chroma, &quantizers.inter_chroma);
    }

    /// Codes the residual of inter-predicted luma.
    #[inline(always)]
    fn luma_levels<S: Simd>(&mut self, simd: S, source: &Source, prediction: &Luma) {
        let out = &mut *self.coder.coefficients;
        coefficients::luma(simd, &source.luma, prediction, &self.quantizers.inter_luma, out);
        coefficients::decimate_luma(out);
    }

    /// Codes the residual of inter-predicted chroma.
    #[inline(always)]
    fn chroma_levels<S: Simd>(&mut self, simd: S, source: &Source, prediction: &Chroma) {
        let out = &mut *self.coder.coefficients;
        coefficients::chroma(simd, &source.chroma, prediction, &self.quantizers.inter_chroma, out);
        coefficients::decimate_chroma(out);
    }

    #[inline(always)]
    fn skipped(
        &mut self,
        near: Neighbors<'_>,
        (column, row): (usize, usize),
        vector: Vector,
        luma: &Luma,
        chroma: &Chroma,
    ) {
        self.coder.entropy.skip(near);
        self.macroblocks[row * self.columns + column] =
            Macroblock { kind: Kind::Skip, vector, ..Macroblock::OUTSIDE };
        let at = self.luma.at(column * 16, row * 16);
        for (y, from) in luma.as_chunks::<16>().0.iter().enumerate() {
            self.luma.data[at + y * self.luma.stride..][..16].copy_from_slice(from);
        }
        for (plane, band) in self.chroma.iter_mut().enumerate() {
            let at = band.at(column * 8, row * 8);
            for (y, from) in chroma.as_chunks::<16>().0.iter().enumerate() {
                band.data[at + y * band.stride..][..8]
                    .copy_from_slice(&from[8 * plane..8 * plane + 8]);
            }
        }
    }
}
