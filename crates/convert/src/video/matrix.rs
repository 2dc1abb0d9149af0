//! Conversion between RGB and YUV: ITU-T H.273 §8.3 in fixed point.

use reelwright_core::{ColorInfo, Error, MatrixCoefficients, Result};

/// Fraction bits of coefficients from RGB.
pub(super) const TO_YUV_BITS: u32 = 15;
/// Fraction bits of coefficients to RGB; the largest coefficient is 2.14.
pub(super) const FROM_YUV_BITS: u32 = 13;
/// Fraction bits of gains between ranges.
pub(super) const RERANGE_BITS: u32 = 14;

/// Returns the weights of red and blue in luma, `K_R` and `K_B`, or `None` for an unknown matrix.
pub(super) fn weights(color: &ColorInfo) -> Result<Option<(f64, f64)>> {
    Ok(Some(match color.matrix {
        MatrixCoefficients::Unspecified => return Ok(None),
        MatrixCoefficients::Bt709 => (0.2126, 0.0722),
        MatrixCoefficients::Bt470Bg | MatrixCoefficients::Smpte170M => BT601,
        MatrixCoefficients::Bt2020NonConstant => (0.2627, 0.0593),
        MatrixCoefficients::Fcc => (0.30, 0.11),
        MatrixCoefficients::Smpte240M => (0.212, 0.087),
        other => {
            return Err(Error::unsupported(format!(
                "RGB and YUV cannot be converted with the colorspace {other}. Valid values are \
                 bt709, bt470bg, smpte170m, bt2020nc, fcc and smpte240m."
            )));
        }
    }))
}

/// Returns whether two color spaces have the same matrix. This includes unknown matrices and those
/// without coefficients, which cannot be converted.
pub(super) fn has_same_matrix(from: &ColorInfo, to: &ColorInfo) -> bool {
    from.matrix == to.matrix
        || match (weights(from), weights(to)) {
            (Ok(Some(from)), Ok(Some(to))) => from == to,
            (Ok(_), Ok(_)) => true,
            _ => false,
        }
}

/// `K_R` and `K_B` of BT.601.
pub(super) const BT601: (f64, f64) = (0.299, 0.114);

/// Returns the 8-bit ranges of luma and chroma.
pub(super) fn steps(is_full: bool) -> (f64, f64) {
    if is_full { (255.0, 255.0) } else { (219.0, 224.0) }
}

/// Returns the luma of black.
pub(super) fn black(is_full: bool) -> i32 {
    if is_full { 0 } else { 16 }
}

/// RGB to YUV.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToYuv {
    pub(super) luma: [i16; 3],
    /// The sum of each row is zero: gray has neutral chroma.
    pub(super) chroma: [[i16; 3]; 2],
    pub(super) black: i32,
}

impl ToYuv {
    pub(super) fn new((kr, kb): (f64, f64), is_full: bool) -> Self {
        let one = f64::from(1 << TO_YUV_BITS);
        let (luma_steps, chroma_steps) = steps(is_full);
        let round = |value: f64| value.round() as i16;
        // Green compensates rounding, so that the sums are exact.
        let luma_scale = one * luma_steps / 255.0;
        let (red, blue) = (round(kr * luma_scale), round(kb * luma_scale));
        let green = (luma_scale.round() as i32 - i32::from(red) - i32::from(blue)) as i16;
        let half = one * chroma_steps / 255.0 / 2.0;
        // Half of 2^15 would overflow only if chroma exceeded the full range.
        let own = round(half);
        let of_blue = round(-kr / (1.0 - kb) * half);
        let of_red = round(-kb / (1.0 - kr) * half);
        Self {
            luma: [red, green, blue],
            chroma: [[of_blue, -own - of_blue, own], [own, -own - of_red, of_red]],
            black: black(is_full),
        }
    }
}

/// YUV to RGB.
#[derive(Debug, Clone, Copy)]
pub(super) struct FromYuv {
    pub(super) luma: i16,
    pub(super) red_of_v: i16,
    pub(super) green_of_u: i16,
    pub(super) green_of_v: i16,
    pub(super) blue_of_u: i16,
    pub(super) black: i16,
}

impl FromYuv {
    pub(super) fn new((kr, kb): (f64, f64), is_full: bool) -> Self {
        let one = f64::from(1 << FROM_YUV_BITS);
        let (luma_steps, chroma_steps) = steps(is_full);
        let (luma, chroma) = (one * 255.0 / luma_steps, 2.0 * one * 255.0 / chroma_steps);
        let kg = 1.0 - kr - kb;
        let round = |value: f64| value.round() as i16;
        Self {
            luma: round(luma),
            red_of_v: round((1.0 - kr) * chroma),
            green_of_u: round(-kb * (1.0 - kb) / kg * chroma),
            green_of_v: round(-kr * (1.0 - kr) / kg * chroma),
            blue_of_u: round((1.0 - kb) * chroma),
            black: black(is_full) as i16,
        }
    }
}

/// Limited range to full range or back, for luma or chroma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rerange {
    /// Fixed point of the conversion: black, or neutral chroma.
    pub(super) from: i16,
    pub(super) to: i16,
    pub(super) gain: i16,
}

impl Rerange {
    /// Returns `None` if nothing changes.
    pub(super) fn luma(from_full: bool, to_full: bool) -> Option<Self> {
        let gain = Self::gain(steps(from_full).0, steps(to_full).0)?;
        Some(Self { from: black(from_full) as i16, to: black(to_full) as i16, gain })
    }

    /// Returns `None` if nothing changes.
    pub(super) fn chroma(from_full: bool, to_full: bool) -> Option<Self> {
        let gain = Self::gain(steps(from_full).1, steps(to_full).1)?;
        Some(Self { from: 128, to: 128, gain })
    }

    fn gain(from: f64, to: f64) -> Option<i16> {
        let gain = (to / from * f64::from(1 << RERANGE_BITS)).round() as i16;
        (from != to).then_some(gain)
    }
}
