//! State of macroblocks that neighbors, the deblocking filter and the next picture use.

/// Motion vector in quarter samples: right and down.
pub(crate) type Vector = [i16; 2];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Outside the slice.
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
    /// Mask of blocks with coefficients: bits 0 to 15 are luma in raster order (without DC of
    /// Intra16), 16 to 19 Cb's AC, 20 to 23 Cr's AC, 24 DC of Intra16, 25 and 26 DC of Cb and Cr.
    pub(crate) coded: u32,
    pub(crate) vector: Vector,
    /// Magnitudes of the motion vector difference, limited to 127.
    pub(crate) difference: [u8; 2],
    /// `Intra4x4PredMode` in raster order; 2 for all other types.
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

/// Left and upper macroblock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neighbors<'a> {
    pub(crate) left: &'a Macroblock,
    pub(crate) top: &'a Macroblock,
}

/// Coding order of luma blocks, as indices in raster order.
pub(crate) const ORDER4: [usize; 16] = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15];

/// Returns the predicted mode of an Intra4 block (§8.3.1.1).
#[inline(always)]
pub(crate) fn predict_mode(near: Neighbors<'_>, modes: &[u8; 16], block: usize) -> u8 {
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
