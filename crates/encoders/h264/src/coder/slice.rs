//! A slice: what each macroblock of a band becomes, and its bytes.

use fearless_simd::Simd;

use crate::coder::cavlc::LARGEST_LEVEL;
use crate::coder::coefficients::{self, Coefficients, QUARTERS};
use crate::coder::deblock::{self, Band};
use crate::coder::entropy::Entropy;
use crate::coder::interpolate::{self, Chroma, Luma};
use crate::coder::intra::{self, Around, Edges};
use crate::coder::lanes::{bytes16, sad};
use crate::coder::macroblock::{Kind, Macroblock, Neighbours, ORDER4, Vector, predict_mode};
use crate::coder::motion::{Found, Limits, Search};
use crate::coder::parameter_sets::SliceHeader;
use crate::coder::picture::{Picture, SourcePlane};
use crate::coder::transform::{Quantizer, chroma_qp};

/// What a picture's quantiser implies.
#[derive(Debug, Clone)]
pub(crate) struct Quantizers {
    pub(crate) qp: u8,
    /// What a bit is worth in absolute differences.
    lambda: u32,
    intra_luma: Quantizer,
    intra_chroma: Quantizer,
    inter_luma: Quantizer,
    inter_chroma: Quantizer,
    /// Whether the levels of an Intra16's DC can all be written.
    allow_intra16: bool,
}

/// The finest quantiser whose levels of an Intra16's DC are all within [`LARGEST_LEVEL`].
const FINEST_INTRA16: u8 = 10;

/// Parts of 1024 of a step that are added before a level is cut off.
const INTRA_ROUNDING: u32 = 341;
const INTER_ROUNDING: u32 = 171;

/// What a bit is worth by qp: 2^(qp/6 − 2).
#[rustfmt::skip]
const LAMBDA: [u8; 52] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4,
    5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16, 18, 20, 23, 25, 29, 32, 36, 40, 45, 51, 57,
    64, 72, 81, 91,
];

impl Quantizers {
    pub(crate) fn new(qp: u8, cabac: bool) -> Self {
        let chroma = chroma_qp(qp);
        // It is met only by chroma, from one end of the scale to the other and with a qp below 4.
        let limit = if cabac { i16::MAX } else { LARGEST_LEVEL };
        Self {
            qp,
            lambda: u32::from(LAMBDA[usize::from(qp)]),
            intra_luma: Quantizer::new(qp, INTRA_ROUNDING, limit),
            intra_chroma: Quantizer::new(chroma, INTRA_ROUNDING, limit),
            inter_luma: Quantizer::new(qp, INTER_ROUNDING, limit),
            inter_chroma: Quantizer::new(chroma, INTRA_ROUNDING, limit),
            allow_intra16: cabac || qp >= FINEST_INTRA16,
        }
    }
}

/// What a slice's encoder keeps from picture to picture.
#[derive(Debug)]
pub(crate) struct SliceCoder {
    entropy: Entropy,
    /// The lowest row of samples of the macroblocks above, before the deblocking filter.
    above: [Vec<u8>; 3],
    coefficients: Box<Coefficients>,
    /// A row of macroblocks of the source.
    sources: Vec<Source>,
    pub(crate) payload: Vec<u8>,
}

impl SliceCoder {
    pub(crate) fn new(columns: usize, cabac: bool) -> Self {
        Self {
            entropy: Entropy::new(cabac, columns),
            above: [16, 8, 8].map(|size| vec![0; columns * size + 16]),
            coefficients: Box::new(Coefficients::new()),
            sources: vec![Source { luma: [0; 256], chroma: [0; 128] }; columns],
            payload: Vec::new(),
        }
    }
}

/// What a slice is made from.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) header: SliceHeader,
    pub(crate) quantizers: &'a Quantizers,
    pub(crate) columns: usize,
    /// Rows of macroblocks of the picture, and the band's first one and how many it has.
    pub(crate) picture_rows: usize,
    pub(crate) first_row: usize,
    pub(crate) rows: usize,
    pub(crate) source: [SourcePlane<'a>; 3],
    pub(crate) reference: Option<&'a Picture>,
    pub(crate) luma: Band<'a>,
    pub(crate) chroma: [Band<'a>; 2],
    pub(crate) macroblocks: &'a mut [Macroblock],
    /// The same macroblocks of the picture before.
    pub(crate) before: &'a [Macroblock],
    pub(crate) coder: &'a mut SliceCoder,
}

/// A vector that a neighbour offers: nothing where it is intra.
type Offer = Option<Vector>;

#[inline(always)]
fn offer(macroblock: &Macroblock, quarter: usize) -> Offer {
    matches!(macroblock.kind, Kind::Skip | Kind::Inter).then(|| macroblock.vectors[quarter])
}

/// The prediction of a vector (§8.4.1.3) from its neighbours; `alone` is whether only the left one
/// is there at all.
#[inline(always)]
fn predict_vector(left: Offer, top: Offer, right: Offer, alone: bool) -> Vector {
    match (left, top, right) {
        (Some(v), None, None) | (None, Some(v), None) | (None, None, Some(v)) => v,
        (Some(v), _, _) if alone => v,
        _ => {
            let (a, b, c) =
                (left.unwrap_or_default(), top.unwrap_or_default(), right.unwrap_or_default());
            std::array::from_fn(|i| a[i].max(b[i]).min(a[i].min(b[i]).max(c[i])))
        }
    }
}

/// The samples of a macroblock.
#[derive(Debug, Clone)]
struct Source {
    luma: Luma,
    chroma: Chroma,
}

/// An intra macroblock as it would be.
struct Intra {
    kind: Kind,
    mode: u8,
    modes: [u8; 16],
    cost: u32,
    /// The prediction of an Intra16, the samples of an Intra4.
    samples: Luma,
}

impl Job<'_> {
    /// Encodes the slice; its bytes are then the coder's payload.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(&mut self, simd: S) {
        self.coder.entropy.start(&self.header, self.columns * self.rows);
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
                            self.header.deblocking_offset,
                        );
                    },
                );
            }
        }
        self.coder.sources = sources;
        self.coder.entropy.finish(&mut self.coder.payload);
    }

    /// Keeps a row's lowest samples for the row below, before they are filtered.
    fn keep_lowest(&mut self, row: usize) {
        let [luma, cb, cr] = &mut self.coder.above;
        let at = self.luma.at(0, row * 16 + 15);
        luma[..self.columns * 16].copy_from_slice(&self.luma.data[at..][..self.columns * 16]);
        for (above, band) in [cb, cr].into_iter().zip(&self.chroma) {
            let at = band.at(0, row * 8 + 7);
            above[..self.columns * 8].copy_from_slice(&band.data[at..][..self.columns * 8]);
        }
    }

    /// Copies a row of macroblocks, row of samples by row of samples: memory likes it in order.
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
    fn inter<S: Simd>(
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
        let near = Neighbours { left: &left, top: &top };
        let corner = if row > 0 && column + 1 < self.columns {
            &self.macroblocks[index - self.columns + 1]
        } else {
            OUTSIDE
        };
        let (right, right_quarter) = if !corner.is_outside() {
            (corner, 2)
        } else if row > 0 && column > 0 {
            (&self.macroblocks[index - self.columns - 1], 3)
        } else {
            (OUTSIDE, 3)
        };
        let offers = [offer(&left, 1), offer(&top, 2), offer(right, right_quarter)];
        let alone = top.is_outside() && right.is_outside();
        let prediction = predict_vector(offers[0], offers[1], offers[2], alone);
        let still = |m: &Macroblock, offer: Offer| m.is_outside() || offer == Some([0; 2]);
        let skip_vector =
            if still(&left, offers[0]) || still(&top, offers[1]) { [0; 2] } else { prediction };
        let (x, y) = (column * 16, (self.first_row + row) * 16);
        let limits = Limits::new(x, y, self.columns * 16, self.picture_rows * 16);

        let mut found = Found { vector: skip_vector, cost: u32::MAX, samples: [0; 256] };
        let mut chroma: Chroma = [0; 128];
        let mut skip_cost = u32::MAX;
        let coefficients = &mut *self.coder.coefficients;
        if limits.allow(skip_vector) {
            self::predict_luma(simd, reference, x, y, skip_vector, &mut found.samples);
            skip_cost = sad(simd, &source.luma, &found.samples, 16);
            // Where this much is wrong something is coded.
            if skip_cost < 160 * quantizers.lambda {
                coefficients::luma(
                    simd,
                    &source.luma,
                    &found.samples,
                    &quantizers.inter_luma,
                    coefficients,
                );
                coefficients::thin_luma(simd, coefficients);
                if coefficients.masks[..16].iter().all(|&mask| mask == 0) {
                    self::predict_chroma(simd, reference, x, y, skip_vector, &mut chroma);
                    coefficients::chroma(
                        simd,
                        &source.chroma,
                        &chroma,
                        &quantizers.inter_chroma,
                        coefficients,
                    );
                    coefficients::thin_chroma(simd, coefficients);
                    if coefficients.coded() == 0 {
                        self.skipped(
                            near,
                            index,
                            column,
                            row,
                            skip_vector,
                            &found.samples,
                            &chroma,
                        );
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
        let candidates = [
            [0; 2],
            left.vectors[1],
            top.vectors[2],
            right.vectors[right_quarter],
            self.before[index].vectors[0],
        ];
        simd.vectorize(
            #[inline(always)]
            || search.run(simd, &candidates, &mut found),
        );
        if skip_cost != u32::MAX && skip_vector != found.vector {
            let cost = skip_cost
                + quantizers.lambda * crate::coder::motion::vector_bits(skip_vector, prediction);
            if cost < found.cost {
                found.vector = skip_vector;
                found.cost = cost;
                self::predict_luma(simd, reference, x, y, skip_vector, &mut found.samples);
            }
        }
        if found.cost > 300 + 150 * quantizers.lambda
            && self.intra(simd, column, row, source, Some(&found))
        {
            return;
        }
        self::predict_chroma(simd, reference, x, y, found.vector, &mut chroma);
        let coefficients = &mut *self.coder.coefficients;
        coefficients::luma(
            simd,
            &source.luma,
            &found.samples,
            &quantizers.inter_luma,
            coefficients,
        );
        coefficients::thin_luma(simd, coefficients);
        coefficients::chroma(simd, &source.chroma, &chroma, &quantizers.inter_chroma, coefficients);
        coefficients::thin_chroma(simd, coefficients);
        let coded = coefficients.coded();
        if coded == 0 && found.vector == skip_vector {
            self.skipped(near, index, column, row, skip_vector, &found.samples, &chroma);
            return;
        }
        let difference = [found.vector[0] - prediction[0], found.vector[1] - prediction[1]];
        let current = Macroblock {
            kind: Kind::Inter,
            qp: quantizers.qp,
            pattern: pattern(coded),
            coded,
            vectors: [found.vector; 4],
            differences: [difference.map(|v| v.unsigned_abs().min(127) as u8); 4],
            ..Macroblock::OUTSIDE
        };
        self.coder.entropy.inter(near, &current, difference, coefficients);
        self.macroblocks[index] = current;
        self.rebuild_luma(simd, column, row, &found.samples, &quantizers.inter_luma, false);
        self.rebuild_chroma(simd, column, row, &chroma, &quantizers.inter_chroma);
    }

    #[inline(always)]
    fn rebuild_luma<S: Simd>(
        &mut self,
        simd: S,
        column: usize,
        row: usize,
        prediction: &Luma,
        quantizer: &Quantizer,
        separate_dc: bool,
    ) {
        let at = self.luma.at(column * 16, row * 16);
        coefficients::rebuild_luma(
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
    fn rebuild_chroma<S: Simd>(
        &mut self,
        simd: S,
        column: usize,
        row: usize,
        prediction: &Chroma,
        quantizer: &Quantizer,
    ) {
        let at = self.chroma[0].at(column * 8, row * 8);
        coefficients::rebuild_chroma(
            simd,
            prediction,
            quantizer,
            &self.coder.coefficients,
            &mut self.chroma,
            at,
        );
    }

    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "all of it is the macroblock")]
    fn skipped(
        &mut self,
        near: Neighbours<'_>,
        index: usize,
        column: usize,
        row: usize,
        vector: Vector,
        luma: &Luma,
        chroma: &Chroma,
    ) {
        self.coder.entropy.skip(near);
        self.macroblocks[index] = Macroblock {
            kind: Kind::Skip,
            qp: self.quantizers.qp,
            vectors: [vector; 4],
            ..Macroblock::OUTSIDE
        };
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

    /// Encodes an intra macroblock, unless an inter one is better: then false.
    #[inline(never)]
    fn intra<S: Simd>(
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
            // A guess of what Intra4 may bring at most.
            if best.cost > cost * 2 {
                return false;
            }
            limit = limit.min(cost);
        }
        if !quantizers.allow_intra16 {
            best.cost = u32::MAX;
        }
        let (left, top) = self.near(column, row);
        let near = Neighbours { left: &left, top: &top };
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
            qp: quantizers.qp,
            pattern: coded_pattern,
            chroma_mode,
            coded,
            modes: best.modes,
            ..Macroblock::OUTSIDE
        };
        let in_p = !self.header.intra;
        self.coder.entropy.intra(near, in_p, &current, best.mode, coefficients);
        self.macroblocks[index] = current;
        if is16 {
            self.rebuild_luma(simd, column, row, &best.samples, &quantizers.intra_luma, true);
        } else {
            let at = self.luma.at(column * 16, row * 16);
            for (y, from) in best.samples.as_chunks::<16>().0.iter().enumerate() {
                self.luma.data[at + y * self.luma.stride..][..16].copy_from_slice(from);
            }
        }
        self.rebuild_chroma(simd, column, row, &chroma_prediction, &quantizers.intra_chroma);
        true
    }

    /// Tries an Intra4, which replaces `best` if its cost is below `limit`.
    #[inline(always)]
    fn intra4<S: Simd>(
        &mut self,
        simd: S,
        edges: &Edges,
        near: Neighbours<'_>,
        source: &Source,
        limit: u32,
        best: &mut Intra,
    ) {
        const STRIDE: usize = 32;
        let quantizers = self.quantizers;
        let lambda = quantizers.lambda;
        // The macroblock from column 8 and row 1 on, with what is around it.
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

/// `coded_block_pattern` from the blocks that have levels.
#[inline(always)]
fn pattern(coded: u32) -> u8 {
    let mut pattern = 0;
    for (i, quarter) in QUARTERS.iter().enumerate() {
        pattern |= u8::from(coded & quarter != 0) << i;
    }
    let chroma = if coded & 0xff_0000 != 0 { 2 } else { u8::from(coded & 0x600_0000 != 0) };
    pattern | chroma << 4
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
    interpolate::luma(simd, &reference.luma, x, y, 16, out);
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
    interpolate::chroma(simd, &reference.chroma, x, y, 8, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The level of DC where all samples of so many blocks are wrong by 255.
    fn largest_dc(qp: u8, blocks: i32) -> i16 {
        // The transform's gain is 16 a block; that of luma's DC is halved.
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
    fn only_the_finest_quantisers_cut_levels_of_chroma() {
        for qp in 0..=51 {
            assert_eq!(largest_dc(qp, 4) > LARGEST_LEVEL, qp < 4, "{qp}");
        }
    }
}
