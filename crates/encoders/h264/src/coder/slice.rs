//! Slice encoder: mode decision for each macroblock of a band, and its bytes.

mod inter;
mod intra;

use fearless_simd::Simd;

use crate::coder::cavlc::LARGEST_LEVEL;
use crate::coder::coefficients::{self, Coefficients, QUARTERS};
use crate::coder::deblock::{self, Band};
use crate::coder::entropy::Entropy;
use crate::coder::interpolate::{Chroma, Luma};
use crate::coder::intra::Edges;
use crate::coder::macroblock::Macroblock;
use crate::coder::nal::NalWriter;
use crate::coder::parameter_sets::SliceHeader;
use crate::coder::picture::{Picture, SourcePlane};
use crate::coder::transform::{Quantizer, chroma_qp};

/// Quantizers for a picture's qp, and values that depend on it.
#[derive(Debug, Clone)]
pub(crate) struct Quantizers {
    pub(crate) qp: u8,
    /// Cost of a bit in absolute differences.
    lambda: u32,
    intra_luma: Quantizer,
    intra_chroma: Quantizer,
    inter_luma: Quantizer,
    inter_chroma: Quantizer,
    /// Set if CAVLC can write all DC levels of an Intra16.
    allow_intra16: bool,
}

/// Smallest qp at which all DC levels of an Intra16 are within [`LARGEST_LEVEL`].
const FINEST_INTRA16: u8 = 10;

/// Rounding offsets in 1/1024 of a step.
const INTRA_ROUNDING: u32 = 341;
const INTER_ROUNDING: u32 = 171;

/// Cost of a bit indexed by qp: 2^(qp/6 − 2).
#[rustfmt::skip]
const LAMBDA: [u8; 52] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4,
    5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16, 18, 20, 23, 25, 29, 32, 36, 40, 45, 51, 57,
    64, 72, 81, 91,
];

impl Quantizers {
    pub(crate) fn new(qp: u8, cabac: bool) -> Self {
        let chroma = chroma_qp(qp);
        // Only chroma reaches this limit, for differences of the full range at a qp below 4.
        let limit = if cabac { i16::MAX } else { LARGEST_LEVEL };
        Self {
            qp,
            lambda: u32::from(LAMBDA[usize::from(qp)]),
            // The largest steps would exceed the range of the inverse transform (§8.5.12).
            intra_luma: Quantizer::new(
                qp,
                if qp < 49 { INTRA_ROUNDING } else { INTER_ROUNDING },
                limit,
            ),
            intra_chroma: Quantizer::new(chroma, INTRA_ROUNDING, limit),
            inter_luma: Quantizer::new(qp, INTER_ROUNDING, limit),
            // Chroma has few levels, and missing ones are visible: flat colors would stay wrong.
            inter_chroma: Quantizer::new(chroma, INTRA_ROUNDING, limit),
            allow_intra16: cabac || qp >= FINEST_INTRA16,
        }
    }
}

/// State of a slice's encoder between pictures.
#[derive(Debug)]
pub(crate) struct SliceCoder {
    entropy: Entropy,
    /// Lowest row of samples of the macroblocks above, before deblocking.
    above: [Vec<u8>; 3],
    coefficients: Box<Coefficients>,
    /// A row of macroblocks of the source.
    sources: Vec<Source>,
}

impl SliceCoder {
    pub(crate) fn new(columns: usize, cabac: bool) -> Self {
        Self {
            entropy: Entropy::new(cabac, columns),
            above: [16, 8, 8].map(|size| vec![0; columns * size + 16]),
            coefficients: Box::new(Coefficients::new()),
            sources: vec![Source { luma: [0; 256], chroma: [0; 128] }; columns],
        }
    }

    /// Returns the NAL unit of the slice.
    pub(crate) fn nal(&mut self) -> &mut NalWriter {
        self.entropy.nal()
    }
}

/// Input of a slice.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) header: SliceHeader,
    pub(crate) quantizers: &'a Quantizers,
    pub(crate) columns: usize,
    /// Rows of macroblocks in the picture, then the band's first row and number of rows.
    pub(crate) picture_rows: usize,
    pub(crate) first_row: usize,
    pub(crate) rows: usize,
    pub(crate) source: [SourcePlane<'a>; 3],
    pub(crate) reference: Option<&'a Picture>,
    pub(crate) luma: Band<'a>,
    pub(crate) chroma: [Band<'a>; 2],
    pub(crate) macroblocks: &'a mut [Macroblock],
    /// The same macroblocks of the previous picture.
    pub(crate) before: &'a [Macroblock],
    pub(crate) coder: &'a mut SliceCoder,
}

/// Samples of a macroblock.
#[derive(Debug, Clone)]
struct Source {
    luma: Luma,
    chroma: Chroma,
}

impl Job<'_> {
    /// Encodes the slice into the coder's NAL unit.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(&mut self, simd: S) {
        self.coder.entropy.start(&self.header);
        let mut sources = std::mem::take(&mut self.coder.sources);
        for row in 0..self.rows {
            self.load_sources(row, &mut sources);
            for (column, source) in sources.iter().enumerate() {
                self.macroblock(simd, column, row, source);
                let last = row + 1 == self.rows && column + 1 == self.columns;
                self.coder.entropy.end_macroblock(last);
            }
            self.keep_lowest(row);
            if self.header.deblocking != 1 {
                simd.vectorize(
                    #[inline(always)]
                    || {
                        deblock::filter_row(
                            simd,
                            &mut self.luma,
                            &mut self.chroma,
                            self.macroblocks,
                            self.columns,
                            row,
                            self.quantizers.qp,
                            self.header.deblocking_offset,
                        );
                    },
                );
            }
        }
        self.coder.sources = sources;
        self.coder.entropy.finish();
    }

    /// Keeps a row's lowest samples for the next row, before deblocking.
    fn keep_lowest(&mut self, row: usize) {
        let [luma, cb, cr] = &mut self.coder.above;
        let at = self.luma.at(0, row * 16 + 15);
        luma[..self.columns * 16].copy_from_slice(&self.luma.data[at..][..self.columns * 16]);
        for (above, band) in [cb, cr].into_iter().zip(&self.chroma) {
            let at = band.at(0, row * 8 + 7);
            above[..self.columns * 8].copy_from_slice(&band.data[at..][..self.columns * 8]);
        }
    }

    /// Copies a row of macroblocks by rows of samples, in the order of memory.
    fn load_sources(&self, row: usize, sources: &mut [Source]) {
        let [luma, cb, cr] = &self.source;
        for y in 0..16 {
            let at = ((self.first_row + row) * 16 + y) * luma.stride;
            let samples = luma.data[at..at + self.columns * 16].as_chunks::<16>().0;
            for (source, samples) in sources.iter_mut().zip(samples) {
                source.luma.as_chunks_mut::<16>().0[y] = *samples;
            }
        }
        for (half, plane) in [cb, cr].into_iter().enumerate() {
            for y in 0..8 {
                let at = ((self.first_row + row) * 8 + y) * plane.stride;
                let samples = plane.data[at..at + self.columns * 8].as_chunks::<8>().0;
                for (source, samples) in sources.iter_mut().zip(samples) {
                    source.chroma.as_chunks_mut::<8>().0[2 * y + half] = *samples;
                }
            }
        }
    }

    fn edges(&self, column: usize, row: usize) -> Edges {
        let (has_left, has_top) = (column > 0, row > 0);
        let mut edges = Edges {
            has_left,
            has_top,
            has_top_left: has_left && has_top,
            has_top_right: has_top && column + 1 < self.columns,
            left: [0; 16],
            top: [0; 20],
            top_left: 0,
            chroma_left: [[0; 8]; 2],
            chroma_top: [[0; 8]; 2],
            chroma_top_left: [0; 2],
        };
        let above = &self.coder.above;
        if has_left {
            let at = self.luma.at(column * 16, row * 16) - 1;
            edges.left = std::array::from_fn(|y| self.luma.data[at + y * self.luma.stride]);
            for (left, band) in edges.chroma_left.iter_mut().zip(&self.chroma) {
                let at = band.at(column * 8, row * 8) - 1;
                *left = std::array::from_fn(|y| band.data[at + y * band.stride]);
            }
        }
        if has_top {
            edges.top.copy_from_slice(&above[0][column * 16..][..20]);
            for (top, above) in edges.chroma_top.iter_mut().zip(&above[1..]) {
                top.copy_from_slice(&above[column * 8..][..8]);
            }
        }
        if has_top && has_left {
            edges.top_left = above[0][column * 16 - 1];
            edges.chroma_top_left = [1, 2].map(|i| above[i][column * 8 - 1]);
        }
        edges
    }

    #[inline(always)]
    fn macroblock<S: Simd>(&mut self, simd: S, column: usize, row: usize, source: &Source) {
        simd.vectorize(
            #[inline(always)]
            || {
                if let Some(reference) = self.reference {
                    self.inter(simd, column, row, source, reference);
                } else {
                    self.intra(simd, column, row, source, None);
                }
            },
        );
    }

    #[inline(always)]
    fn near(&self, column: usize, row: usize) -> (Macroblock, Macroblock) {
        let index = row * self.columns + column;
        let left = if column > 0 { self.macroblocks[index - 1] } else { Macroblock::OUTSIDE };
        let top =
            if row > 0 { self.macroblocks[index - self.columns] } else { Macroblock::OUTSIDE };
        (left, top)
    }

    #[inline(always)]
    fn reconstruct_luma<S: Simd>(
        &mut self,
        simd: S,
        column: usize,
        row: usize,
        prediction: &Luma,
        quantizer: &Quantizer,
        separate_dc: bool,
    ) {
        let at = self.luma.at(column * 16, row * 16);
        coefficients::reconstruct_luma(
            simd,
            prediction,
            quantizer,
            &self.coder.coefficients,
            separate_dc,
            &mut self.luma.data[at..],
            self.luma.stride,
        );
    }

    #[inline(always)]
    fn reconstruct_chroma<S: Simd>(
        &mut self,
        simd: S,
        column: usize,
        row: usize,
        prediction: &Chroma,
        quantizer: &Quantizer,
    ) {
        let at = self.chroma[0].at(column * 8, row * 8);
        coefficients::reconstruct_chroma(
            simd,
            prediction,
            quantizer,
            &self.coder.coefficients,
            &mut self.chroma,
            at,
        );
    }
}

/// Returns `coded_block_pattern` for a mask of blocks with levels.
#[inline(always)]
fn pattern(coded: u32) -> u8 {
    let mut pattern = 0;
    for (i, quarter) in QUARTERS.iter().enumerate() {
        pattern |= u8::from(coded & quarter != 0) << i;
    }
    let chroma = if coded & 0xff_0000 != 0 { 2 } else { u8::from(coded & 0x600_0000 != 0) };
    pattern | chroma << 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the DC level of a residual of 255 in all samples of a number of blocks.
    fn largest_dc(qp: u8, blocks: i32) -> i16 {
        // The transform has a gain of 16 per block; luma's DC is halved.
        let gain = if blocks == 16 { 8 } else { 16 };
        Quantizer::new(qp, INTRA_ROUNDING, i16::MAX).quantize_dc(255 * gain * blocks)
    }

    #[test]
    fn cavlc_can_write_all_levels_of_an_intra16() {
        for qp in FINEST_INTRA16..=51 {
            assert!(largest_dc(qp, 16) <= LARGEST_LEVEL, "{qp}");
        }
        assert!(largest_dc(FINEST_INTRA16 - 1, 16) > LARGEST_LEVEL);
    }

    #[test]
    fn only_the_finest_quantizers_clip_chroma_levels() {
        for qp in 0..=51 {
            assert_eq!(largest_dc(qp, 4) > LARGEST_LEVEL, qp < 4, "{qp}");
        }
    }
}
