//! Sample formats of audio, and element types of tensors.

use std::fmt;
use std::str::FromStr;

use crate::error::list;
use crate::{Error, Result};

/// Element type of a tensor or of a frame's samples, in native byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `u8`; as audio, silence is 128.
    U8,
    /// `u16`, for video frames only.
    U16,
    /// `i16`.
    I16,
    /// `i32`.
    I32,
    /// `i64`.
    I64,
    /// `f32`; as audio, full scale is ±1.
    F32,
    /// `f64`; as audio, full scale is ±1.
    F64,
}

impl DataType {
    /// Returns torch's name of the type: `Float`, `Short`, …
    pub const fn torch_name(self) -> &'static str {
        match self {
            Self::U8 => "Byte",
            Self::U16 => "UInt16",
            Self::I16 => "Short",
            Self::I32 => "Int",
            Self::I64 => "Long",
            Self::F32 => "Float",
            Self::F64 => "Double",
        }
    }

    /// Returns the size of one element in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// Returns whether elements are integers.
    pub const fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::F64)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.torch_name())
    }
}

/// Storage of an audio frame's samples: an element type, interleaved ("packed") or with one plane
/// per channel ("planar"). Names are FFmpeg's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SampleFormat {
    /// `u8`: unsigned 8 bits, packed.
    U8,
    /// `s16`: signed 16 bits, packed.
    S16,
    /// `s32`: signed 32 bits, packed.
    S32,
    /// `s64`: signed 64 bits, packed.
    S64,
    /// `flt`: 32-bit float, packed.
    Flt,
    /// `dbl`: 64-bit float, packed.
    Dbl,
    /// `u8p`: unsigned 8 bits, planar.
    U8p,
    /// `s16p`: signed 16 bits, planar.
    S16p,
    /// `s32p`: signed 32 bits, planar.
    S32p,
    /// `s64p`: signed 64 bits, planar.
    S64p,
    /// `fltp`: 32-bit float, planar.
    Fltp,
    /// `dblp`: 64-bit float, planar.
    Dblp,
}

impl SampleFormat {
    /// All formats.
    pub const ALL: &'static [Self] = &[
        Self::U8,
        Self::S16,
        Self::S32,
        Self::S64,
        Self::Flt,
        Self::Dbl,
        Self::U8p,
        Self::S16p,
        Self::S32p,
        Self::S64p,
        Self::Fltp,
        Self::Dblp,
    ];

    /// Packed formats, which a tensor of shape (frame, channel) can have.
    pub const PACKED: &'static [Self] = Self::ALL.split_at(6).0;

    /// Returns FFmpeg's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::S64 => "s64",
            Self::Flt => "flt",
            Self::Dbl => "dbl",
            Self::U8p => "u8p",
            Self::S16p => "s16p",
            Self::S32p => "s32p",
            Self::S64p => "s64p",
            Self::Fltp => "fltp",
            Self::Dblp => "dblp",
        }
    }

    /// Returns the type of one sample.
    pub const fn data_type(self) -> DataType {
        match self {
            Self::U8 | Self::U8p => DataType::U8,
            Self::S16 | Self::S16p => DataType::I16,
            Self::S32 | Self::S32p => DataType::I32,
            Self::S64 | Self::S64p => DataType::I64,
            Self::Flt | Self::Fltp => DataType::F32,
            Self::Dbl | Self::Dblp => DataType::F64,
        }
    }

    /// Returns the packed format with samples of `data_type`.
    ///
    /// # Panics
    /// If `data_type` is `U16`, which audio does not support.
    pub const fn packed(data_type: DataType) -> Self {
        match data_type {
            DataType::U8 => Self::U8,
            DataType::U16 => panic!("audio does not support UInt16"),
            DataType::I16 => Self::S16,
            DataType::I32 => Self::S32,
            DataType::I64 => Self::S64,
            DataType::F32 => Self::Flt,
            DataType::F64 => Self::Dbl,
        }
    }

    /// Returns whether each channel has its own plane.
    pub const fn is_planar(self) -> bool {
        matches!(self, Self::U8p | Self::S16p | Self::S32p | Self::S64p | Self::Fltp | Self::Dblp)
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SampleFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|f| f.name() == name).ok_or_else(|| {
            Error::unknown_name(format!(
                "Unknown sample format: {name}. Valid values are {}.",
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
        for format in SampleFormat::ALL {
            assert_eq!(format.name().parse::<SampleFormat>().unwrap(), *format);
            assert_eq!(SampleFormat::packed(format.data_type()).data_type(), format.data_type());
        }
        assert!(SampleFormat::PACKED.iter().all(|f| !f.is_planar()));
        let message = "zz".parse::<SampleFormat>().unwrap_err().to_string();
        assert!(message.starts_with("Unknown sample format: zz"), "{message}");
    }
}
