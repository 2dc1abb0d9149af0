//! Entropy coding of a slice's decisions: CABAC or CAVLC.

use reelwright_core::h264::NalType;
use reelwright_core::helpers::bits::BitWriter;

use crate::coder::cabac::Cabac;
use crate::coder::cavlc::Cavlc;
use crate::coder::coefficients::Coefficients;
use crate::coder::macroblock::{Kind, Macroblock, Neighbors, ORDER4, Vector, predict_mode};
use crate::coder::nal::NalWriter;
use crate::coder::parameter_sets::{ROOM, SliceHeader};
use crate::coder::syntax;

/// Writer of a slice for either mode (`entropy_coding_mode_flag`).
#[derive(Debug)]
pub(crate) enum Entropy {
    Cabac { header: BitWriter, cabac: Box<Cabac> },
    Cavlc(Cavlc),
}

impl Entropy {
    pub(crate) fn new(cabac: bool, columns: usize) -> Self {
        if cabac {
            Self::Cabac { header: BitWriter::default(), cabac: Box::new(Cabac::new()) }
        } else {
            Self::Cavlc(Cavlc::new(columns))
        }
    }

    /// Returns the NAL unit of the slice.
    pub(crate) fn nal(&mut self) -> &mut NalWriter {
        match self {
            Self::Cabac { cabac, .. } => &mut cabac.nal,
            Self::Cavlc(cavlc) => &mut cavlc.nal,
        }
    }

    /// Starts a slice.
    pub(crate) fn start(&mut self, slice: &SliceHeader) {
        self.nal().start(if slice.idr { NalType::IDR_SLICE } else { NalType::SLICE });
        match self {
            Self::Cabac { header, cabac } => {
                header.start(ROOM);
                slice.write(header, true);
                cabac.nal.put(header.bytes());
                cabac.start(slice.idr, slice.qp);
            }
            Self::Cavlc(cavlc) => {
                cavlc.start();
                slice.write(&mut cavlc.bits, false);
            }
        }
    }

    /// Writes a skipped macroblock.
    #[inline(always)]
    pub(crate) fn skip(&mut self, near: Neighbors<'_>) {
        match self {
            Self::Cabac { cabac, .. } => syntax::skip(cabac, near, true),
            Self::Cavlc(cavlc) => cavlc.skip(),
        }
    }

    /// Writes an inter macroblock with one partition. `difference` is the motion vector minus its
    /// prediction.
    #[inline(always)]
    pub(crate) fn inter(
        &mut self,
        near: Neighbors<'_>,
        current: &Macroblock,
        difference: Vector,
        coefficients: &Coefficients,
    ) {
        match self {
            Self::Cabac { cabac, .. } => {
                let (left, top) = (near.left.difference, near.top.difference);
                let sums = std::array::from_fn(|i| u32::from(left[i]) + u32::from(top[i]));
                syntax::skip(cabac, near, false);
                syntax::inter_type(cabac);
                syntax::vector_difference(cabac, difference, sums);
                syntax::pattern(cabac, near, current.pattern);
                if current.pattern != 0 {
                    syntax::no_qp_delta(cabac);
                    syntax::residuals(cabac, near, current, coefficients);
                }
            }
            Self::Cavlc(cavlc) => cavlc.inter(near, current, difference, coefficients),
        }
    }

    /// Writes an intra macroblock. `mode` is `Intra16x16PredMode`.
    #[inline(always)]
    pub(crate) fn intra(
        &mut self,
        near: Neighbors<'_>,
        in_p: bool,
        current: &Macroblock,
        mode: u8,
        coefficients: &Coefficients,
    ) {
        let cabac = match self {
            Self::Cabac { cabac, .. } => cabac,
            Self::Cavlc(cavlc) => return cavlc.intra(near, in_p, current, mode, coefficients),
        };
        let is16 = current.kind == Kind::Intra16;
        if in_p {
            syntax::skip(cabac, near, false);
        }
        syntax::intra_type(cabac, near, in_p, current, mode);
        if !is16 {
            for block in ORDER4 {
                let predicted = predict_mode(near, &current.modes, block);
                syntax::intra4_mode(cabac, current.modes[block], predicted);
            }
        }
        syntax::chroma_mode(cabac, near, current.chroma_mode);
        if !is16 {
            syntax::pattern(cabac, near, current.pattern);
        }
        if is16 || current.pattern != 0 {
            syntax::no_qp_delta(cabac);
            syntax::residuals(cabac, near, current, coefficients);
        }
    }

    /// Ends a macroblock. `last` marks the last one of the slice.
    #[inline(always)]
    pub(crate) fn end_macroblock(&mut self, last: bool) {
        match self {
            Self::Cabac { cabac, .. } => {
                cabac.terminate(last);
                cabac.drain();
            }
            Self::Cavlc(cavlc) => cavlc.drain(),
        }
    }

    /// Ends the slice and its NAL unit.
    pub(crate) fn finish(&mut self) {
        match self {
            Self::Cabac { cabac, .. } => cabac.finish(),
            Self::Cavlc(cavlc) => cavlc.finish(),
        }
    }
}
