//! Settings of an encoder: everything that the request and the options decide.

use reelwright_core::{ColorInfo, Error, Rational, Result, VideoEncoderRequest};

/// Minimum and maximum of width and height.
const SIZES: std::ops::RangeInclusive<u32> = 2..=4096;

/// Profile (ITU-T H.264 annex A): the tools that a decoder needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Constrained Baseline, which has no CABAC.
    Baseline,
    Main,
    /// High; the encoder uses no more of it than of Main.
    High,
}

/// Rate control mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    /// One quantizer for all frames.
    Quantizer(u32),
    /// Average bits per second.
    Average(u64),
}

/// Settings of an encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// Columns and rows of luma, 2 to 4096 and even.
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) profile: Profile,
    /// Selects CABAC, or else CAVLC, which takes about a tenth more bits. Baseline has no CABAC.
    pub(crate) cabac: bool,
    /// Strength of the deblocking filter, −6 (least) to 6 (`slice_alpha_c0_offset_div2` and
    /// `slice_beta_offset_div2`); `None` turns it off.
    pub(crate) deblocking: Option<i32>,
    /// Slices of each frame, 1 to the rows of macroblocks; they change the bytes.
    pub(crate) slices: usize,
    /// Threads that share the slices of a frame, from 1 on; the bytes do not depend on it.
    pub(crate) threads: usize,
    /// Terms of the nominal frame rate, 1 to 2³¹ − 1.
    pub(crate) timing: (u32, u32),
    /// Terms of the sample aspect ratio, from 1 on.
    pub(crate) aspect: (u16, u16),
    pub(crate) color: ColorInfo,
    pub(crate) rate: Rate,
    /// Frames per second, as far as known before the first frame.
    pub(crate) frame_rate: Rational,
    /// Frames from one keyframe to the next at that rate.
    pub(crate) gop_size: u32,
    /// Maximum number of frames from one keyframe to the next, and of units of the time base.
    pub(crate) max_gop_size: u32,
    pub(crate) keyframe_interval: Option<i64>,
    /// Minimum share of intra macroblocks of a scene cut; 1 disables detection.
    pub(crate) cut_share: f32,
}

impl Settings {
    /// Columns and rows of macroblocks.
    pub(crate) fn macroblocks(&self) -> (usize, usize) {
        (self.width.div_ceil(16), self.height.div_ceil(16))
    }

    /// Settings of the tests of the coder.
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
/// Width and height must be even and within the encoder's limits.
pub(crate) fn size(request: &VideoEncoderRequest) -> Result<(usize, usize)> {
    let (width, height) = (request.format.width, request.format.height);
    if width % 2 != 0 || height % 2 != 0 {
        return Err(Error::unsupported(format!(
            "H.264 with 4:2:0 chroma needs an even width and height. Found: {width}x{height}. \
             Pass encoder_width={} and encoder_height={}, or an encoder that takes odd sizes.",
            width + width % 2,
            height + height % 2
        )));
    }
    if !SIZES.contains(&width) || !SIZES.contains(&height) {
        return Err(Error::unsupported(format!(
            "Width and height of h264 must be {} to {}. Found: {width}x{height}. Pass encoder_width \
             and encoder_height.",
            SIZES.start(),
            SIZES.end()
        )));
    }
    Ok((width as usize, height as usize))
}

/// Returns the terms of a sample aspect ratio.
///
/// # Errors
/// They must have 16 bits (H.264 §E.2.1).
pub(crate) fn aspect(ratio: Rational) -> Result<(u16, u16)> {
    let term = |term: i64| u16::try_from(term).ok().filter(|term| *term > 0);
    term(ratio.num()).zip(term(ratio.den())).ok_or_else(|| {
        Error::argument(format!(
            "The terms of a sample aspect ratio must be from 1 to 65535. Found: {ratio}"
        ))
    })
}

/// Returns the terms of a frame rate.
///
/// # Errors
/// They must have 31 bits (H.264 §E.2.1, where a tick is half a frame).
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
    fn terms_are_what_the_fields_hold() {
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
