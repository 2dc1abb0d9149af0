//! Settings of an encoder, from the request and the options.

use reelwright_core::{ColorInfo, Error, Rational, Result, VideoEncoderRequest};

/// Range of width and height.
const SIZES: std::ops::RangeInclusive<u32> = 2..=4096;

/// Profile (ITU-T H.264 annex A): the tools that a decoder needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Constrained Baseline, which has no CABAC.
    Baseline,
    Main,
    /// High. The encoder uses only tools of Main.
    High,
}

/// Rate control mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    /// One quantizer for all frames.
    Quantizer(u32),
    /// Average bit rate in bit/s.
    Average(u64),
}

/// Settings of an encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// Size of luma: 2 to 4096, and even.
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) profile: Profile,
    /// Selects CABAC; otherwise CAVLC, which takes about a tenth more bits. Baseline has no CABAC.
    pub(crate) cabac: bool,
    /// Strength of the deblocking filter, −6 (weakest) to 6 (`slice_alpha_c0_offset_div2` and
    /// `slice_beta_offset_div2`); `None` disables it.
    pub(crate) deblocking: Option<i32>,
    /// Slices per frame, from 1 to the number of rows of macroblocks. They change the output.
    pub(crate) slices: usize,
    /// Threads that encode slices, at least 1. They do not change the output.
    pub(crate) threads: usize,
    /// Numerator and denominator of the nominal frame rate, 1 to 2³¹ − 1.
    pub(crate) timing: (u32, u32),
    /// Numerator and denominator of the sample aspect ratio, at least 1.
    pub(crate) aspect: (u16, u16),
    pub(crate) color: ColorInfo,
    pub(crate) rate: Rate,
    /// Expected frame rate, before the first frame.
    pub(crate) frame_rate: Rational,
    /// Frames between keyframes at that rate.
    pub(crate) gop_size: u32,
    /// Maximum distance of keyframes in frames, and in units of the time base.
    pub(crate) max_gop_size: u32,
    pub(crate) keyframe_interval: Option<i64>,
    /// Minimum fraction of intra macroblocks in a scene cut; 1 disables detection.
    pub(crate) cut_share: f32,
}

impl Settings {
    /// Returns the number of columns and rows of macroblocks.
    pub(crate) fn macroblocks(&self) -> (usize, usize) {
        (self.width.div_ceil(16), self.height.div_ceil(16))
    }

    /// Default settings for tests of the coder.
    #[cfg(test)]
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            profile: Profile::Main,
            cabac: true,
            deblocking: Some(0),
            slices: 1,
            threads: 1,
            timing: (25, 1),
            aspect: (1, 1),
            color: ColorInfo::default(),
            rate: Rate::Quantizer(24),
            frame_rate: Rational::ONE,
            gop_size: 250,
            max_gop_size: 250,
            keyframe_interval: None,
            cut_share: 1.0,
        }
    }
}

/// Returns the size of the frames.
///
/// # Errors
/// Fails if width or height is odd or outside the encoder's limits.
pub(crate) fn size(request: &VideoEncoderRequest) -> Result<(usize, usize)> {
    let (width, height) = (request.format.width, request.format.height);
    if width % 2 != 0 || height % 2 != 0 {
        return Err(Error::unsupported(format!(
            "H.264 with 4:2:0 chroma requires an even width and height. Found: {width}x{height}. \
             Pass encoder_width={} and encoder_height={}, or an encoder that supports odd sizes.",
            width + width % 2,
            height + height % 2
        )));
    }
    if !SIZES.contains(&width) || !SIZES.contains(&height) {
        return Err(Error::unsupported(format!(
            "Width and height of h264 must be {} to {}. Found: {width}x{height}. Pass \
             encoder_width and encoder_height.",
            SIZES.start(),
            SIZES.end()
        )));
    }
    Ok((width as usize, height as usize))
}

/// Returns numerator and denominator of a sample aspect ratio.
///
/// # Errors
/// Fails if they need more than 16 bits (H.264 §E.2.1).
pub(crate) fn aspect(ratio: Rational) -> Result<(u16, u16)> {
    let term = |term: i64| u16::try_from(term).ok().filter(|term| *term > 0);
    term(ratio.num()).zip(term(ratio.den())).ok_or_else(|| {
        Error::argument(format!(
            "The terms of a sample aspect ratio must be from 1 to 65535. Found: {ratio}"
        ))
    })
}

/// Returns numerator and denominator of a frame rate.
///
/// # Errors
/// Fails if they need more than 31 bits (H.264 §E.2.1, where a tick is half a frame).
pub(crate) fn timing(rate: Rational) -> Result<(u32, u32)> {
    let term = |term: i64| u32::try_from(term).ok().filter(|term| (1..1 << 31).contains(term));
    term(rate.num()).zip(term(rate.den())).ok_or_else(|| {
        Error::unsupported(format!(
            "The terms of H.264's frame rate must be from 1 to 2147483647. Found: {rate}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_must_fit_their_fields() {
        let ratio = |num, den| Rational::new(num, den).unwrap();
        assert_eq!(aspect(ratio(64, 45)).unwrap(), (64, 45));
        for found in [ratio(65_536, 1), ratio(1, 65_536)] {
            let message = aspect(found).unwrap_err().to_string();
            assert!(message.contains(&found.to_string()), "{message}");
        }
        assert_eq!(timing(ratio(30_000, 1001)).unwrap(), (30_000, 1001));
        assert_eq!(timing(ratio(i32::MAX.into(), 1)).unwrap(), (i32::MAX as u32, 1));
        for found in [ratio(1 << 31, 1), ratio(1, 1 << 31)] {
            let message = timing(found).unwrap_err().to_string();
            assert!(message.contains(&found.to_string()), "{message}");
        }
    }
}
