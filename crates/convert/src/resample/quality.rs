//! Qualities of resampling.

use std::fmt;
use std::str::FromStr;

use reelwright_core::{DataType, Error, Result, helpers::list};

/// Filter quality of a [`Resampler`](super::Resampler); the [module's documentation](super) has the
/// figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResampleQuality {
    /// Fastest, with aliasing just below half of the lower rate.
    Fast,
    /// No audible error, and below the resolution of 16 bits; no aliasing.
    #[default]
    Default,
    /// Computed in `f64`, for further processing.
    High,
}

impl ResampleQuality {
    /// All qualities, the fastest first.
    pub const ALL: &[Self] = &[Self::Fast, Self::Default, Self::High];

    /// Returns the name: `fast`, `default` or `high`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Default => "default",
            Self::High => "high",
        }
    }

    /// Returns the type of the samples that are filtered.
    pub const fn data_type(self) -> DataType {
        match self {
            Self::Fast | Self::Default => DataType::F32,
            Self::High => DataType::F64,
        }
    }
}

impl fmt::Display for ResampleQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ResampleQuality {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|quality| quality.name() == name).ok_or_else(|| {
            Error::unknown_name(format!(
                "Unknown resample quality: {name}. Valid values are {}.",
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
        for quality in ResampleQuality::ALL {
            assert_eq!(quality.to_string().parse::<ResampleQuality>().unwrap(), *quality);
        }
        let message = "best".parse::<ResampleQuality>().unwrap_err().to_string();
        assert_eq!(
            message,
            "Unknown resample quality: best. Valid values are fast, default, high."
        );
    }
}
