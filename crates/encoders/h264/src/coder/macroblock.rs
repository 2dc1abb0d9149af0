//! What is kept of each macroblock for its neighbours, the filter and the next picture.

/// A motion vector in quarters of samples: right and down.
pub(crate) type Vector = [i16; 2];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Beyond the slice.
    Outside,
    Skip,
    Inter,
    Intra4,
    Intra16,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Macroblock {
    pub(crate) kind: Kind,
    /// `coded_block_pattern`.
    pub(crate) pattern: u8,
    pub(crate) chroma_mode: u8,
    /// Blocks with coefficients: bits 0 to 15 luma in raster order (without DC of Intra16), 16 to
    /// 19 Cb's AC, 20 to 23 Cr's AC, 24 DC of Intra16, 25 and 26 DC of Cb and Cr.
    pub(crate) coded: u32,
    pub(crate) vector: Vector,
    /// Magnitudes of the vector's difference to its prediction, cut at 127.
    pub(crate) difference: [u8; 2],
    /// `Intra4x4PredMode` in raster order; 2 for every other kind.
    pub(crate) modes: [u8; 16],
}

impl Macroblock {
    pub(crate) const OUTSIDE: Self = Self {
        kind: Kind::Outside,
        pattern: 0,
        chroma_mode: 0,
        coded: 0,
        vector: [0; 2],
        difference: [0; 2],
        modes: [2; 16],
    };

    pub(crate) fn is_intra(&self) -> bool {
        matches!(self.kind, Kind::Intra4 | Kind::Intra16)
    }

    pub(crate) fn is_outside(&self) -> bool {
        self.kind == Kind::Outside
    }
}

/// The macroblocks at the left and above.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbours<'a> {
    pub(crate) left: &'a Macroblock,
    pub(crate) top: &'a Macroblock,
}

/// The order in which blocks of luma are coded, by their places in raster order.
pub(crate) const ORDER4: [usize; 16] = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15];

/// The mode that an Intra4's block is expected to have (§8.3.1.1).
#[inline(always)]
pub(crate) fn predict_mode(near: Neighbours<'_>, modes: &[u8; 16], block: usize) -> u8 {
    let left = match block % 4 {
        0 if near.left.is_outside() => return 2,
        0 => near.left.modes[block + 3],
        _ => modes[block - 1],
    };
    let top = match block / 4 {
        0 if near.top.is_outside() => return 2,
        0 => near.top.modes[block + 12],
        _ => modes[block - 4],
    };
    left.min(top)
}
