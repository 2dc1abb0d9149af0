//! What an encoder is opened with.

use std::fmt;

/// The code points of ITU-T H.273 that tell what the samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Color {
    /// `colour_primaries`; 2 is unspecified.
    pub(crate) primaries: u8,
    /// `transfer_characteristics`; 2 is unspecified.
    pub(crate) transfer: u8,
    /// `matrix_coefficients`; 2 is unspecified.
    pub(crate) matrix: u8,
    /// Whether luma takes 0 to 255, not 16 to 235.
    pub(crate) full_range: bool,
    /// Where chroma lies, 0 (left) to 5 (`chroma_sample_loc_type`); nothing is written if unknown.
    pub(crate) chroma_location: Option<u8>,
}

impl Default for Color {
    fn default() -> Self {
        Self { primaries: 2, transfer: 2, matrix: 2, full_range: false, chroma_location: None }
    }
}

/// What a decoder must be able to do (annex A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Constrained Baseline, which has no CABAC.
    Baseline,
    /// Main.
    Main,
    /// High; no more of it is used than of Main.
    High,
}

/// What an encoder is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Columns of luma, 2 to 4096 and even.
    pub(crate) width: usize,
    /// Rows of luma, 2 to 4096 and even.
    pub(crate) height: usize,
    /// What a decoder must be able to do.
    pub(crate) profile: Profile,
    /// Whether bits come from the arithmetic coder, CABAC, or from the codes of CAVLC, which take
    /// about a tenth more of them.
    pub(crate) cabac: bool,
    /// The quantiser, 0 (finest) to 51.
    pub(crate) qp: u8,
    /// Pictures from one IDR picture to the next, from 1 on.
    pub(crate) gop: u32,
    /// Bands that each picture is cut into, 1 to the rows of macroblocks; they shape the bytes.
    pub(crate) slices: usize,
    /// Threads that share a picture's slices, from 1 on; the bytes are the same with any number.
    pub(crate) threads: usize,
    /// How far the deblocking filter goes, −6 (least) to 6 (`slice_alpha_c0_offset_div2` and
    /// `slice_beta_offset_div2`); without a value it does not run.
    pub(crate) deblock: Option<i32>,
    /// Pictures per second: a numerator below 2³¹ and a denominator, both from 1 on.
    pub(crate) frame_rate: (u32, u32),
    /// The shape of a sample, width to height; (0, 0) if unknown.
    pub(crate) pixel_aspect: (u16, u16),
    /// What the samples mean.
    pub(crate) color: Color,
}

impl Settings {
    /// The usual settings for pictures of a size: a quantiser of 24, an IDR picture every 250.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            profile: Profile::Main,
            cabac: true,
            qp: 24,
            gop: 250,
            slices: 1,
            threads: 1,
            deblock: Some(0),
            frame_rate: (25, 1),
            pixel_aspect: (0, 0),
            color: Color::default(),
        }
    }

    /// Columns and rows of macroblocks.
    pub(crate) fn macroblocks(&self) -> (usize, usize) {
        (self.width.div_ceil(16), self.height.div_ceil(16))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |argument, value: usize, allowed: String| {
            Err(Error { argument, value: value.to_string(), allowed })
        };
        for (name, value) in [("width", self.width), ("height", self.height)] {
            if !(2..=4096).contains(&value) || value % 2 != 0 {
                return wrong(name, value, "an even number from 2 to 4096".into());
            }
        }
        if self.cabac && self.profile == Profile::Baseline {
            let allowed = "false in the Baseline profile".into();
            return Err(Error { argument: "cabac", value: "true".into(), allowed });
        }
        if self.qp > 51 {
            return wrong("qp", self.qp.into(), "0 to 51".into());
        }
        if self.gop == 0 {
            return wrong("gop", 0, "1 or more".into());
        }
        let rows = self.macroblocks().1;
        if !(1..=rows).contains(&self.slices) {
            return wrong("slices", self.slices, format!("1 to {rows}, the rows of macroblocks"));
        }
        if self.threads == 0 {
            return wrong("threads", 0, "1 or more".into());
        }
        if let Some(offset) = self.deblock.filter(|offset| !(-6..=6).contains(offset)) {
            let (value, allowed) = (offset.to_string(), "-6 to 6".into());
            return Err(Error { argument: "deblock", value, allowed });
        }
        let (numerator, denominator) = self.frame_rate;
        if numerator == 0 || numerator > i32::MAX as u32 || denominator == 0 {
            return Err(Error {
                argument: "frame_rate",
                value: format!("{numerator}/{denominator}"),
                allowed: "a fraction of numbers from 1 on, the upper one below 2147483648".into(),
            });
        }
        if let Some(location) = self.color.chroma_location.filter(|&location| location > 5) {
            return wrong("chroma_location", location.into(), "0 to 5".into());
        }
        Ok(())
    }
}

/// An argument that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Error {
    /// The argument's name.
    pub(crate) argument: &'static str,
    /// The value that was given.
    pub(crate) value: String,
    /// What is allowed.
    pub(crate) allowed: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: allowed is {}", self.argument, self.value, self.allowed)
    }
}

impl std::error::Error for Error {}
