//! How the pixels of a picture are stored.

use std::fmt;
use std::str::FromStr;

use crate::error::list;
use crate::{Error, Result};

/// How the pixels of a video frame are stored. Names are FFmpeg's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelFormat {
    /// `gray` (also `gray8`): one byte of luma.
    Gray8,
    /// `rgb24`: red, green, blue, packed.
    Rgb24,
    /// `bgr24`: blue, green, red, packed.
    Bgr24,
    /// `rgb0`: red, green, blue, one unused byte, packed.
    Rgb0,
    /// `bgr0`: blue, green, red, one unused byte, packed.
    Bgr0,
    /// `yuv420p`: planes Y, U, V; chroma halved both ways.
    Yuv420p,
    /// `yuv422p`: planes Y, U, V; chroma halved horizontally.
    Yuv422p,
    /// `yuv444p`: planes Y, U, V of one size.
    Yuv444p,
    /// `yuvj420p`: [`Yuv420p`](Self::Yuv420p) whose luma and chroma take the full range, 0–255.
    Yuvj420p,
    /// `yuvj422p`: [`Yuv422p`](Self::Yuv422p) in full range.
    Yuvj422p,
    /// `yuvj444p`: [`Yuv444p`](Self::Yuv444p) in full range.
    Yuvj444p,
    /// `nv12`: a plane Y, and a plane of interleaved U and V halved both ways.
    Nv12,
}

impl PixelFormat {
    /// Every format.
    pub const ALL: &'static [Self] = &[
        Self::Gray8,
        Self::Rgb24,
        Self::Bgr24,
        Self::Rgb0,
        Self::Bgr0,
        Self::Yuv420p,
        Self::Yuv422p,
        Self::Yuv444p,
        Self::Yuvj420p,
        Self::Yuvj422p,
        Self::Yuvj444p,
        Self::Nv12,
    ];

    /// FFmpeg's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gray8 => "gray",
            Self::Rgb24 => "rgb24",
            Self::Bgr24 => "bgr24",
            Self::Rgb0 => "rgb0",
            Self::Bgr0 => "bgr0",
            Self::Yuv420p => "yuv420p",
            Self::Yuv422p => "yuv422p",
            Self::Yuv444p => "yuv444p",
            Self::Yuvj420p => "yuvj420p",
            Self::Yuvj422p => "yuvj422p",
            Self::Yuvj444p => "yuvj444p",
            Self::Nv12 => "nv12",
        }
    }

    /// How many planes a picture has.
    pub const fn planes(self) -> usize {
        match self {
            Self::Gray8 | Self::Rgb24 | Self::Bgr24 | Self::Rgb0 | Self::Bgr0 => 1,
            Self::Yuv420p
            | Self::Yuv422p
            | Self::Yuv444p
            | Self::Yuvj420p
            | Self::Yuvj422p
            | Self::Yuvj444p => 3,
            Self::Nv12 => 2,
        }
    }

    /// How many numbers a pixel has in a tensor of this format, as the size of its channel
    /// dimension: 1, 3, or 4 for `rgb0` and `bgr0`, which are taken with 3 too.
    pub const fn components(self) -> usize {
        match self {
            Self::Gray8 => 1,
            Self::Rgb0 | Self::Bgr0 => 4,
            _ => 3,
        }
    }

    /// Whether pixels are red, green and blue.
    pub const fn is_rgb(self) -> bool {
        matches!(self, Self::Rgb24 | Self::Bgr24 | Self::Rgb0 | Self::Bgr0)
    }

    /// Whether the format itself says that values take the full range, as `yuvj420p` does.
    pub const fn is_full_range(self) -> bool {
        matches!(self, Self::Yuvj420p | Self::Yuvj422p | Self::Yuvj444p)
    }

    /// By how many bits the width and the height of a picture are shifted right, rounded up, to
    /// those of its chroma.
    pub const fn chroma_shift(self) -> (u32, u32) {
        match self {
            Self::Yuv420p | Self::Yuvj420p | Self::Nv12 => (1, 1),
            Self::Yuv422p | Self::Yuvj422p => (1, 0),
            _ => (0, 0),
        }
    }

    /// Bytes of a picture whose rows follow each other without gaps; none if there are more than a
    /// `usize` counts. Sides are below 2^32.
    pub fn picture_size(self, width: usize, height: usize) -> Option<usize> {
        let mut planes = (0..self.planes()).map(|plane| self.plane_size(plane, width, height));
        planes.try_fold(0usize, |sum, (bytes, rows)| sum.checked_add(bytes.checked_mul(rows)?))
    }

    /// Bytes per row and rows of plane `plane` in a picture of `width` × `height` pixels.
    /// Subsampled sizes are rounded up.
    pub const fn plane_size(self, plane: usize, width: usize, height: usize) -> (usize, usize) {
        match (self, plane) {
            (Self::Rgb24 | Self::Bgr24, _) => (3 * width, height),
            (Self::Rgb0 | Self::Bgr0, _) => (4 * width, height),
            (Self::Yuv420p | Self::Yuvj420p, 1..) => (width.div_ceil(2), height.div_ceil(2)),
            (Self::Yuv422p | Self::Yuvj422p, 1..) => (width.div_ceil(2), height),
            (Self::Nv12, 1..) => (2 * width.div_ceil(2), height.div_ceil(2)),
            _ => (width, height),
        }
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PixelFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let name = if name == "gray8" { "gray" } else { name };
        Self::ALL.iter().copied().find(|f| f.name() == name).ok_or_else(|| {
            Error::unknown_name(format!(
                "Unknown pixel format: {name}. Valid values are {}.",
                list(Self::ALL)
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_pictures_keep_their_last_chroma_sample() {
        assert_eq!(PixelFormat::Yuv420p.plane_size(1, 5, 3), (3, 2));
        assert_eq!(PixelFormat::Nv12.plane_size(1, 5, 3), (6, 2));
        assert_eq!(PixelFormat::Yuv422p.plane_size(2, 5, 3), (3, 3));
        assert_eq!(PixelFormat::Rgb24.plane_size(0, 5, 3), (15, 3));
    }

    #[test]
    fn names_go_both_ways() {
        for format in PixelFormat::ALL {
            assert_eq!(format.name().parse::<PixelFormat>().unwrap(), *format);
        }
        assert_eq!("gray8".parse::<PixelFormat>().unwrap(), PixelFormat::Gray8);
        assert!("zz".parse::<PixelFormat>().is_err());
    }
}
