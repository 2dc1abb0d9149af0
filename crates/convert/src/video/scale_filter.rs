//! Filters for scaling frames.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use reelwright_core::{Error, Result, helpers::list};

/// Filter for scaling frames and resampling chroma. Names are those of FFmpeg's `sws_flags`.
///
/// When downscaling, filters are widened, so that no pixel is skipped, except by
/// [`Nearest`](Self::Nearest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ScaleFilter {
    /// `neighbor`: nearest sample.
    Nearest,
    /// `bilinear`: linear interpolation.
    Bilinear,
    /// `bicubic`: cubic interpolation of four samples, as sharp as FFmpeg's.
    #[default]
    Bicubic,
    /// `lanczos`: windowed sinc of six samples.
    Lanczos,
    /// `area`: mean over the area of the new sample.
    Area,
}

impl ScaleFilter {
    /// All filters.
    pub const ALL: &'static [Self] =
        &[Self::Nearest, Self::Bilinear, Self::Bicubic, Self::Lanczos, Self::Area];

    /// Returns FFmpeg's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nearest => "neighbor",
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
            Self::Lanczos => "lanczos",
            Self::Area => "area",
        }
    }

    /// Returns the radius of the filter in units of old samples. `step` is the distance between new
    /// samples in these units.
    pub(super) fn reach(self, step: f64) -> f64 {
        let wide = step.max(1.0);
        match self {
            Self::Nearest => 0.5,
            Self::Bilinear => wide,
            Self::Bicubic => 2.0 * wide,
            Self::Lanczos => 3.0 * wide,
            // Half of the new sample and half of the old one.
            Self::Area => 0.5 * step + 0.5,
        }
    }

    /// Returns the weight of an old sample at `distance` from a new one, in the same units.
    pub(super) fn weight(self, distance: f64, step: f64) -> f64 {
        let x = distance.abs() / step.max(1.0);
        match self {
            Self::Nearest => 1.0,
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic => bicubic(x),
            Self::Lanczos => lanczos(x),
            Self::Area => {
                let overlap = 0.5 * step + 0.5 - distance.abs();
                overlap.clamp(0.0, step.min(1.0))
            }
        }
    }
}

/// Keys' kernel with a slope of -0.6 at 1, as in swscale.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.6;
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    } else {
        0.0
    }
}

fn lanczos(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else if x < 3.0 {
        // From a Rust dependency, because the standard library's results differ between machines.
        3.0 * libm::sin(PI * x) * libm::sin(PI * x / 3.0) / (PI * PI * x * x)
    } else {
        0.0
    }
}

impl fmt::Display for ScaleFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ScaleFilter {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|filter| filter.name() == name).ok_or_else(|| {
            Error::unknown_name(format!(
                "Unknown scale filter: {name}. Valid values are {}.",
                list(Self::ALL)
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for filter in ScaleFilter::ALL {
            assert_eq!(filter.to_string().parse::<ScaleFilter>().unwrap(), *filter);
        }
        let message = "cubic".parse::<ScaleFilter>().unwrap_err().to_string();
        assert!(message.contains("cubic") && message.contains("lanczos"), "{message}");
    }
}
