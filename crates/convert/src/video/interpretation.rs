//! Interpretation of component values: range and chroma location.

use reelwright_core::{ChromaLocation, ColorInfo, ColorModel, ColorRange, PixelFormat};

/// Returns whether luma and chroma have full range.
pub(super) fn is_full(format: PixelFormat, color: &ColorInfo) -> bool {
    format.model() == ColorModel::Gray || color.range == ColorRange::Full
}

/// Returns whether chroma samples are horizontally centered between their pixels.
pub(super) fn is_centered(color: &ColorInfo) -> bool {
    color.chroma_location == ChromaLocation::Center
}
