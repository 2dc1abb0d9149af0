//! What the numbers of a picture mean as colours: ITU-T H.273 code points.

/// Primaries, transfer, matrix and range of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ColorInfo {
    /// Which red, green, blue and white.
    pub primaries: ColorPrimaries,
    /// How light becomes code values.
    pub transfer: TransferCharacteristics,
    /// How RGB becomes YUV.
    pub matrix: MatrixCoefficients,
    /// Which code values are black and white.
    pub range: ColorRange,
}

/// `ColourPrimaries` (H.273 §8.1); the discriminant is the code point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
#[non_exhaustive]
pub enum ColorPrimaries {
    /// `bt709`, also sRGB.
    Bt709 = 1,
    /// Not known.
    #[default]
    Unspecified = 2,
    /// `bt470bg`: BT.601 with 625 lines.
    Bt470Bg = 5,
    /// `smpte170m`: BT.601 with 525 lines.
    Smpte170M = 6,
    /// `bt2020`.
    Bt2020 = 9,
}

/// `TransferCharacteristics` (H.273 §8.2); the discriminant is the code point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
#[non_exhaustive]
pub enum TransferCharacteristics {
    /// `bt709`.
    Bt709 = 1,
    /// Not known.
    #[default]
    Unspecified = 2,
    /// `smpte170m`: BT.601.
    Smpte170M = 6,
    /// `iec61966-2-1`: sRGB.
    Srgb = 13,
}

/// `MatrixCoefficients` (H.273 §8.3); the discriminant is the code point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
#[non_exhaustive]
pub enum MatrixCoefficients {
    /// `gbr`: no conversion.
    Identity = 0,
    /// `bt709`.
    Bt709 = 1,
    /// Not known.
    #[default]
    Unspecified = 2,
    /// `bt470bg`: BT.601 with 625 lines; the same numbers as [`Self::Smpte170M`].
    Bt470Bg = 5,
    /// `smpte170m`: BT.601 with 525 lines.
    Smpte170M = 6,
    /// `bt2020nc`.
    Bt2020NonConstant = 9,
}

/// Which code values are black and white (`VideoFullRangeFlag`, H.273 §8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorRange {
    /// `tv`: luma 16–235, chroma 16–240 at 8 bits.
    #[default]
    Limited,
    /// `pc`: 0–255 at 8 bits.
    Full,
}
