//! Color spaces of video: code points of ITU-T H.273.

use std::fmt;
use std::str::FromStr;

use crate::error::list;
use crate::{Error, Result};

/// Color space: primaries, transfer function, matrix, range and chroma location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ColorInfo {
    /// Chromaticities of red, green, blue and white.
    pub primaries: ColorPrimaries,
    /// Conversion of light to code values.
    pub transfer: TransferCharacteristics,
    /// Conversion of RGB to YUV.
    pub matrix: MatrixCoefficients,
    /// Code values of black and white.
    pub range: ColorRange,
    /// Location of subsampled chroma.
    pub chroma_location: ChromaLocation,
}

impl ColorInfo {
    /// BT.709 in limited range: high definition.
    pub const BT709: Self = Self {
        primaries: ColorPrimaries::Bt709,
        transfer: TransferCharacteristics::Bt709,
        matrix: MatrixCoefficients::Bt709,
        range: ColorRange::Limited,
        chroma_location: ChromaLocation::Left,
    };

    /// BT.601 with 525 lines in limited range: standard definition.
    pub const BT601: Self = Self {
        primaries: ColorPrimaries::Smpte170M,
        transfer: TransferCharacteristics::Smpte170M,
        matrix: MatrixCoefficients::Smpte170M,
        ..Self::BT709
    };

    /// JFIF: BT.601's matrix in full range, chroma in the center.
    pub const JFIF: Self = Self {
        primaries: ColorPrimaries::Unspecified,
        transfer: TransferCharacteristics::Unspecified,
        matrix: MatrixCoefficients::Bt470Bg,
        range: ColorRange::Full,
        chroma_location: ChromaLocation::Center,
    };

    /// sRGB, as displays use it.
    pub const SRGB: Self = Self {
        primaries: ColorPrimaries::Bt709,
        transfer: TransferCharacteristics::Srgb,
        matrix: MatrixCoefficients::Identity,
        range: ColorRange::Full,
        chroma_location: ChromaLocation::Left,
    };
}

/// Opaque color: red, green and blue from 0 to 255.
///
/// ```
/// use reelwright_core::RgbColor;
///
/// assert_eq!("orange".parse::<RgbColor>()?.0, [255, 165, 0]);
/// assert_eq!("#102030".parse::<RgbColor>()?.0, [0x10, 0x20, 0x30]);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RgbColor(pub [u8; 3]);

/// Basic color names of CSS Color 4 §6.1, and orange.
const COLOR_NAMES: &[(&str, [u8; 3])] = &[
    ("black", [0, 0, 0]),
    ("silver", [192, 192, 192]),
    ("gray", [128, 128, 128]),
    ("white", [255, 255, 255]),
    ("maroon", [128, 0, 0]),
    ("red", [255, 0, 0]),
    ("purple", [128, 0, 128]),
    ("fuchsia", [255, 0, 255]),
    ("magenta", [255, 0, 255]),
    ("green", [0, 128, 0]),
    ("lime", [0, 255, 0]),
    ("olive", [128, 128, 0]),
    ("yellow", [255, 255, 0]),
    ("navy", [0, 0, 128]),
    ("blue", [0, 0, 255]),
    ("teal", [0, 128, 128]),
    ("aqua", [0, 255, 255]),
    ("cyan", [0, 255, 255]),
    ("orange", [255, 165, 0]),
];

impl FromStr for RgbColor {
    type Err = Error;

    /// Parses a name, `#RRGGBB` or `0xRRGGBB`.
    fn from_str(text: &str) -> Result<Self> {
        let is_name = |row: &&(&str, [u8; 3])| row.0.eq_ignore_ascii_case(text);
        if let Some((_, rgb)) = COLOR_NAMES.iter().find(is_name) {
            return Ok(Self(*rgb));
        }
        let digits = text.strip_prefix('#').or_else(|| text.strip_prefix("0x"));
        let is_hex =
            |digits: &&str| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let number = digits.filter(is_hex).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(number) = number else {
            return Err(Error::option(format!(
                "Unknown color: {text}. Valid values are #RRGGBB, 0xRRGGBB, {}.",
                list(COLOR_NAMES.iter().map(|row| row.0))
            )));
        };
        let [_, rgb @ ..] = number.to_be_bytes();
        Ok(Self(rgb))
    }
}

/// Declares an enum of code points with FFmpeg's names. The first name is displayed.
macro_rules! code_points {
    (
        $(#[$doc:meta])*
        $type:ident, $what:literal, $default:ident;
        $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $name:literal $(| $alias:literal)*;)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_doc])* $variant = $code,)*
        }

        impl $type {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns FFmpeg's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns the code point.
            pub const fn code(self) -> u8 {
                self as u8
            }
        }

        impl Default for $type {
            fn default() -> Self {
                Self::$default
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = Error;

            fn from_str(name: &str) -> Result<Self> {
                match name {
                    $($name $(| $alias)* => Ok(Self::$variant),)*
                    _ => Err(Error::unknown_name(format!(
                        "Unknown {}: {name}. Valid values are {}.",
                        $what,
                        list(Self::ALL)
                    ))),
                }
            }
        }
    };
}

code_points! {
    /// `ColourPrimaries` (H.273 §8.1).
    ColorPrimaries, "color primaries", Unspecified;
    /// BT.709 primaries, which sRGB also has.
    Bt709 = 1, "bt709";
    /// Unknown.
    Unspecified = 2, "unknown" | "unspecified";
    /// NTSC of 1953.
    Bt470M = 4, "bt470m";
    /// BT.601 with 625 lines.
    Bt470Bg = 5, "bt470bg";
    /// BT.601 with 525 lines.
    Smpte170M = 6, "smpte170m";
    /// The same primaries as [`Self::Smpte170M`].
    Smpte240M = 7, "smpte240m";
    /// Film with illuminant C.
    Film = 8, "film";
    /// Ultra high definition.
    Bt2020 = 9, "bt2020";
    /// CIE 1931 XYZ.
    Smpte428 = 10, "smpte428" | "smpte428_1";
    /// DCI P3.
    Smpte431 = 11, "smpte431";
    /// Display P3.
    Smpte432 = 12, "smpte432";
    /// EBU Tech 3213.
    Ebu3213 = 22, "ebu3213" | "jedec-p22";
}

code_points! {
    /// `TransferCharacteristics` (H.273 §8.2).
    TransferCharacteristics, "color transfer", Unspecified;
    /// High definition.
    Bt709 = 1, "bt709";
    /// Unknown.
    Unspecified = 2, "unknown" | "unspecified";
    /// A gamma of 2.2.
    Gamma22 = 4, "bt470m" | "gamma22";
    /// A gamma of 2.8.
    Gamma28 = 5, "bt470bg" | "gamma28";
    /// BT.601; the same curve as [`Self::Bt709`].
    Smpte170M = 6, "smpte170m";
    /// SMPTE ST 240.
    Smpte240M = 7, "smpte240m";
    /// Linear light.
    Linear = 8, "linear";
    /// Logarithmic, 100 to 1.
    Log100 = 9, "log100" | "log";
    /// Logarithmic, 316 to 1.
    Log316 = 10, "log316" | "log_sqrt";
    /// xvYCC.
    Xvycc = 11, "iec61966-2-4" | "iec61966_2_4";
    /// BT.1361 with its extended gamut.
    Bt1361 = 12, "bt1361e" | "bt1361";
    /// sRGB.
    Srgb = 13, "iec61966-2-1" | "iec61966_2_1" | "srgb";
    /// BT.2020 at 10 bits; the same curve as [`Self::Bt709`].
    Bt2020Ten = 14, "bt2020-10" | "bt2020_10bit";
    /// BT.2020 at 12 bits.
    Bt2020Twelve = 15, "bt2020-12" | "bt2020_12bit";
    /// SMPTE ST 2084: the perceptual quantizer of HDR10.
    Pq = 16, "smpte2084";
    /// SMPTE ST 428-1.
    Smpte428 = 17, "smpte428" | "smpte428_1";
    /// Hybrid log-gamma.
    Hlg = 18, "arib-std-b67";
}

code_points! {
    /// `MatrixCoefficients` (H.273 §8.3).
    MatrixCoefficients, "colorspace", Unspecified;
    /// RGB without conversion to YUV.
    Identity = 0, "gbr" | "rgb";
    /// High definition.
    Bt709 = 1, "bt709";
    /// Unknown.
    Unspecified = 2, "unknown" | "unspecified";
    /// NTSC of 1953.
    Fcc = 4, "fcc";
    /// BT.601 with 625 lines; the same numbers as [`Self::Smpte170M`].
    Bt470Bg = 5, "bt470bg";
    /// BT.601 with 525 lines.
    Smpte170M = 6, "smpte170m" | "bt601";
    /// SMPTE ST 240.
    Smpte240M = 7, "smpte240m";
    /// YCgCo.
    Ycgco = 8, "ycgco" | "ycocg";
    /// Ultra high definition, non-constant luminance.
    Bt2020NonConstant = 9, "bt2020nc" | "bt2020_ncl";
    /// Ultra high definition, constant luminance.
    Bt2020Constant = 10, "bt2020c" | "bt2020_cl";
    /// SMPTE ST 2085.
    Smpte2085 = 11, "smpte2085";
    /// Derived from the primaries, non-constant luminance.
    DerivedNonConstant = 12, "chroma-derived-nc";
    /// Derived from the primaries, constant luminance.
    DerivedConstant = 13, "chroma-derived-c";
    /// ICtCp.
    Ictcp = 14, "ictcp";
}

code_points! {
    /// Range of code values. The code point is `VideoFullRangeFlag` (H.273 §8.3).
    ColorRange, "color range", Limited;
    /// Luma 16–235, chroma 16–240 at 8 bits.
    Limited = 0, "tv" | "mpeg" | "limited";
    /// 0–255 at 8 bits.
    Full = 1, "pc" | "jpeg" | "full";
}

code_points! {
    /// Location of the chroma sample that several pixels share. The code point is H.264's and
    /// H.273's `ChromaSampleLocType`.
    ChromaLocation, "chroma sample location", Left;
    /// Chroma is at the left pixel, halfway between two rows, as in MPEG-2 and H.264.
    Left = 0, "left";
    /// Chroma is in the center of the pixels, as in MPEG-1 and JPEG.
    Center = 1, "center";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_equal_those_of_ffmpeg() {
        for matrix in MatrixCoefficients::ALL {
            assert_eq!(matrix.name().parse::<MatrixCoefficients>().unwrap(), *matrix);
        }
        assert_eq!("full".parse::<ColorRange>().unwrap(), ColorRange::Full);
        assert_eq!("tv".parse::<ColorRange>().unwrap(), ColorRange::Limited);
        let message = "zz".parse::<MatrixCoefficients>().unwrap_err().to_string();
        assert!(message.contains("colorspace: zz") && message.contains("bt709"), "{message}");
    }

    #[test]
    fn codes_match_the_recommendation() {
        // H.273 tables 2 to 4.
        let color = ColorInfo::BT601;
        let codes = (color.primaries.code(), color.transfer.code(), color.matrix.code());
        assert_eq!(codes, (6, 6, 6));
        assert_eq!(TransferCharacteristics::Srgb.code(), 13);
        assert_eq!(
            (TransferCharacteristics::Pq.code(), TransferCharacteristics::Hlg.code()),
            (16, 18)
        );
        assert_eq!(ColorPrimaries::Ebu3213.code(), 22);
        assert_eq!(MatrixCoefficients::Bt2020NonConstant.code(), 9);
    }
}
