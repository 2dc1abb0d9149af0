//! Pixel formats, generated from one table of their properties.

use std::fmt;
use std::str::FromStr;

use crate::error::list;
use crate::{ColorRange, DataType, Error, Result};

/// Layout of one component of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Index of the component's plane.
    pub plane: usize,
    /// Distance between values in a row, in elements of the plane.
    pub step: usize,
    /// Index of the first value of a row, in elements.
    pub offset: usize,
    /// Unused bits below the value in its element, which are zero: 6 in `p010le`.
    pub shift: u32,
    /// Bits per value.
    pub depth: u32,
}

/// Meaning of a pixel format's components, in the order of [`PixelFormat::components`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColorModel {
    /// Luma.
    Gray,
    /// Red, green and blue.
    Rgb,
    /// Luma and two chroma components.
    Yuv,
}

/// Row of the table.
struct Row {
    name: &'static str,
    model: ColorModel,
    /// Base-2 logarithms of the number of pixels that share a chroma value, horizontally and
    /// vertically.
    chroma_shift: (u32, u32),
    components: &'static [Component],
}

/// Returns a component of `depth` bits at `offset` of every `step` elements of plane `plane`.
const fn at(plane: usize, step: usize, offset: usize, depth: u32) -> Component {
    Component { plane, step, offset, shift: 0, depth }
}

/// Returns a component in the high bits of 16-bit elements.
const fn high(plane: usize, step: usize, offset: usize, depth: u32) -> Component {
    Component { plane, step, offset, shift: 16 - depth, depth }
}

/// Returns packed components: one plane, component `i` at `offsets[i]` of every `step` elements.
const fn packed<const N: usize>(step: usize, offsets: [usize; N], depth: u32) -> [Component; N] {
    let mut components = [at(0, step, 0, depth); N];
    let mut index = 0;
    while index < N {
        components[index].offset = offsets[index];
        index += 1;
    }
    components
}

/// Returns planar components: component `i` in plane `planes[i]`.
const fn planar<const N: usize>(planes: [usize; N], depth: u32) -> [Component; N] {
    let mut components = [at(0, 1, 0, depth); N];
    let mut index = 0;
    while index < N {
        components[index].plane = planes[index];
        index += 1;
    }
    components
}

macro_rules! pixel_formats {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $model:ident $shift:tt, $components:expr;)*) => {
        /// Layout of the pixels of a video frame. Names are FFmpeg's.
        ///
        /// Elements are bytes for up to 8 bits, and 16-bit words in native byte order for more.
        /// Files contain little-endian words, as the names say. 10-bit values are from 0 to 1023.
        /// Alpha is straight, not premultiplied.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum PixelFormat {
            $($(#[$doc])* $variant,)*
        }

        impl PixelFormat {
            /// All formats.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        /// Properties, in the order of [`PixelFormat::ALL`].
        static TABLE: &[Row] = &[$(Row {
            name: $name,
            model: ColorModel::$model,
            chroma_shift: $shift,
            components: {
                const COMPONENTS: &[Component] = &$components;
                COMPONENTS
            },
        }),*];
    };
}

pixel_formats! {
    /// `gray` (also `gray8`): one byte of luma, in full range.
    Gray8 = "gray", Gray (0, 0), packed(1, [0], 8);
    /// `gray10le`: 10 bits of luma, in full range.
    Gray10Le = "gray10le", Gray (0, 0), packed(1, [0], 10);
    /// `gray12le`: 12 bits of luma, in full range.
    Gray12Le = "gray12le", Gray (0, 0), packed(1, [0], 12);
    /// `gray16le`: 16 bits of luma, in full range.
    Gray16Le = "gray16le", Gray (0, 0), packed(1, [0], 16);
    /// `ya8`: luma in full range and alpha, packed.
    Ya8 = "ya8", Gray (0, 0), packed(2, [0, 1], 8);
    /// `ya16le`: 16 bits each of luma in full range and of alpha, packed.
    Ya16Le = "ya16le", Gray (0, 0), packed(2, [0, 1], 16);
    /// `rgb24`: red, green, blue, packed.
    Rgb24 = "rgb24", Rgb (0, 0), packed(3, [0, 1, 2], 8);
    /// `bgr24`: blue, green, red, packed.
    Bgr24 = "bgr24", Rgb (0, 0), packed(3, [2, 1, 0], 8);
    /// `rgb0`: red, green, blue, one unused byte, packed.
    Rgb0 = "rgb0", Rgb (0, 0), packed(4, [0, 1, 2], 8);
    /// `bgr0`: blue, green, red, one unused byte, packed.
    Bgr0 = "bgr0", Rgb (0, 0), packed(4, [2, 1, 0], 8);
    /// `rgba`: red, green, blue, alpha, packed.
    Rgba = "rgba", Rgb (0, 0), packed(4, [0, 1, 2, 3], 8);
    /// `bgra`: blue, green, red, alpha, packed.
    Bgra = "bgra", Rgb (0, 0), packed(4, [2, 1, 0, 3], 8);
    /// `rgb48le`: 16 bits each of red, green, blue, packed.
    Rgb48Le = "rgb48le", Rgb (0, 0), packed(3, [0, 1, 2], 16);
    /// `rgba64le`: 16 bits each of red, green, blue, alpha, packed.
    Rgba64Le = "rgba64le", Rgb (0, 0), packed(4, [0, 1, 2, 3], 16);
    /// `gbrp`: planes green, blue, red.
    Gbrp = "gbrp", Rgb (0, 0), planar([2, 0, 1], 8);
    /// `gbrp10le`: planes green, blue, red of 10 bits.
    Gbrp10Le = "gbrp10le", Rgb (0, 0), planar([2, 0, 1], 10);
    /// `gbrap`: planes green, blue, red, alpha.
    Gbrap = "gbrap", Rgb (0, 0), planar([2, 0, 1, 3], 8);
    /// `yuv420p`: planes Y, U, V; chroma halved horizontally and vertically.
    Yuv420p = "yuv420p", Yuv (1, 1), planar([0, 1, 2], 8);
    /// `yuv422p`: planes Y, U, V; chroma halved horizontally.
    Yuv422p = "yuv422p", Yuv (1, 0), planar([0, 1, 2], 8);
    /// `yuv444p`: planes Y, U, V of one size.
    Yuv444p = "yuv444p", Yuv (0, 0), planar([0, 1, 2], 8);
    /// `yuv420p10le`: [`Yuv420p`](Self::Yuv420p) of 10 bits.
    Yuv420p10Le = "yuv420p10le", Yuv (1, 1), planar([0, 1, 2], 10);
    /// `yuv422p10le`: [`Yuv422p`](Self::Yuv422p) of 10 bits.
    Yuv422p10Le = "yuv422p10le", Yuv (1, 0), planar([0, 1, 2], 10);
    /// `yuv444p10le`: [`Yuv444p`](Self::Yuv444p) of 10 bits.
    Yuv444p10Le = "yuv444p10le", Yuv (0, 0), planar([0, 1, 2], 10);
    /// `yuv420p12le`: [`Yuv420p`](Self::Yuv420p) of 12 bits.
    Yuv420p12Le = "yuv420p12le", Yuv (1, 1), planar([0, 1, 2], 12);
    /// `yuva420p`: [`Yuv420p`](Self::Yuv420p) and a plane of alpha.
    Yuva420p = "yuva420p", Yuv (1, 1), planar([0, 1, 2, 3], 8);
    /// `yuva444p`: [`Yuv444p`](Self::Yuv444p) and a plane of alpha.
    Yuva444p = "yuva444p", Yuv (0, 0), planar([0, 1, 2, 3], 8);
    /// `nv12`: a plane Y, and a plane of interleaved U and V halved horizontally and vertically.
    Nv12 = "nv12", Yuv (1, 1), [at(0, 1, 0, 8), at(1, 2, 0, 8), at(1, 2, 1, 8)];
    /// `p010le`: [`Nv12`](Self::Nv12) of 10 bits, stored in the high bits of 16-bit words.
    P010Le = "p010le", Yuv (1, 1), [high(0, 1, 0, 10), high(1, 2, 0, 10), high(1, 2, 1, 10)];
}

/// Names of formats in full range.
const FULL_RANGE_NAMES: &[(&str, PixelFormat)] = &[
    ("yuvj420p", PixelFormat::Yuv420p),
    ("yuvj422p", PixelFormat::Yuv422p),
    ("yuvj444p", PixelFormat::Yuv444p),
];

/// Alternative names of formats.
const ALIASES: &[(&str, PixelFormat)] = &[("gray8", PixelFormat::Gray8)];

impl PixelFormat {
    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// Returns FFmpeg's name.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns the color model of the components before alpha.
    pub const fn model(self) -> ColorModel {
        self.row().model
    }

    /// Returns the layouts of the components: luma, or red, green and blue, or Y, U and V; then
    /// alpha.
    pub const fn components(self) -> &'static [Component] {
        self.row().components
    }

    /// Returns the number of planes.
    pub const fn planes(self) -> usize {
        let components = self.components();
        let (mut planes, mut index) = (0, 0);
        while index < components.len() {
            if components[index].plane >= planes {
                planes = components[index].plane + 1;
            }
            index += 1;
        }
        planes
    }

    /// Returns the size of the channel dimension of a chunk in this format. Channels are in the
    /// order of the format's name: by element, or by plane.
    ///
    /// It is 4 for `rgb0` and `bgr0`, which are also accepted with 3 channels.
    pub const fn channels(self) -> usize {
        if self.planes() == 1 { self.components()[0].step } else { self.components().len() }
    }

    /// Returns the index of the channel of a chunk that contains component `index`.
    pub const fn channel(self, index: usize) -> usize {
        let component = self.components()[index];
        component.plane + component.offset
    }

    /// Returns the bits per component.
    pub const fn depth(self) -> u32 {
        self.components()[0].depth
    }

    /// Returns the element type of the planes: `U8` up to 8 bits, otherwise `U16`.
    pub const fn data_type(self) -> DataType {
        if self.depth() <= 8 { DataType::U8 } else { DataType::U16 }
    }

    /// Returns whether the components are red, green and blue.
    pub const fn is_rgb(self) -> bool {
        matches!(self.model(), ColorModel::Rgb)
    }

    /// Returns whether the last component is alpha.
    pub const fn has_alpha(self) -> bool {
        self.components().len().is_multiple_of(2)
    }

    /// Returns the base-2 logarithms of the number of pixels that share a chroma value,
    /// horizontally and vertically. Sizes of chroma planes are rounded up.
    pub const fn chroma_shift(self) -> (u32, u32) {
        self.row().chroma_shift
    }

    /// Returns the bytes of a frame whose rows have no gaps, or `None` on overflow. `width` and
    /// `height` must be below 2^32.
    pub fn frame_bytes(self, width: usize, height: usize) -> Option<usize> {
        let mut planes = (0..self.planes()).map(|plane| self.plane_size(plane, width, height));
        let elements =
            planes.try_fold(0usize, |sum, (row, rows)| sum.checked_add(row.checked_mul(rows)?))?;
        elements.checked_mul(self.data_type().bytes())
    }

    /// Returns the elements per row and the rows of plane `plane` in a frame of `width` × `height`
    /// pixels.
    pub const fn plane_size(self, plane: usize, width: usize, height: usize) -> (usize, usize) {
        let components = self.components();
        let mut index = 0;
        while index < components.len() && components[index].plane != plane {
            index += 1;
        }
        if index == components.len() {
            return (0, 0);
        }
        let is_chroma = matches!(self.model(), ColorModel::Yuv) && (index == 1 || index == 2);
        let (across, down) = if is_chroma { self.chroma_shift() } else { (0, 0) };
        (width.div_ceil(1 << across) * components[index].step, height.div_ceil(1 << down))
    }

    /// Parses a name that may imply the range: `yuvj420p` is `yuv420p` in full range.
    ///
    /// # Errors
    /// The name is not one of [`ALL`](Self::ALL), `gray8`, `yuvj420p`, `yuvj422p` and `yuvj444p`.
    pub fn parse_with_range(name: &str) -> Result<(Self, Option<ColorRange>)> {
        let full = FULL_RANGE_NAMES.iter().find(|(other, _)| *other == name);
        if let Some((_, format)) = full {
            return Ok((*format, Some(ColorRange::Full)));
        }
        Ok((name.parse()?, None))
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
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, format)| *format);
        let found = alias.or_else(|| Self::ALL.iter().copied().find(|f| f.name() == name));
        found.ok_or_else(|| {
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
    fn odd_sizes_round_chroma_up() {
        assert_eq!(PixelFormat::Yuv420p.plane_size(1, 5, 3), (3, 2));
        assert_eq!(PixelFormat::Nv12.plane_size(1, 5, 3), (6, 2));
        assert_eq!(PixelFormat::Yuv422p.plane_size(2, 5, 3), (3, 3));
        assert_eq!(PixelFormat::Rgb24.plane_size(0, 5, 3), (15, 3));
        assert_eq!(PixelFormat::Rgb24.plane_size(1, 5, 3), (0, 0));
    }

    #[test]
    fn names_round_trip() {
        for format in PixelFormat::ALL {
            assert_eq!(format.name().parse::<PixelFormat>().unwrap(), *format);
        }
        assert_eq!("gray8".parse::<PixelFormat>().unwrap(), PixelFormat::Gray8);
        assert!("zz".parse::<PixelFormat>().is_err());
        let full = PixelFormat::parse_with_range("yuvj422p").unwrap();
        assert_eq!(full, (PixelFormat::Yuv422p, Some(ColorRange::Full)));
        assert!("yuvj422p".parse::<PixelFormat>().is_err());
    }

    #[test]
    fn components_do_not_overlap() {
        for format in PixelFormat::ALL {
            let components = format.components();
            for (index, a) in components.iter().enumerate() {
                assert!(a.offset < a.step && a.depth == format.depth(), "{format}");
                assert!(a.depth + a.shift <= 8 * format.data_type().bytes() as u32, "{format}");
                let same = |b: &Component| (b.plane, b.offset) == (a.plane, a.offset);
                assert!(!components[..index].iter().any(same), "{format}");
            }
            assert!((0..format.planes()).all(|plane| format.plane_size(plane, 2, 2).0 > 0));
        }
    }
}
