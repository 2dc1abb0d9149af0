//! Decoded frames and their rotation.

use reelwright_core::{
    ColorInfo, ColorModel, Component, DataType, PixelFormat, Plane, Planes, VideoFormat, VideoView,
};

use crate::packet::Orientation;

/// A decoded frame: contiguous planes, rows without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Pixel format.
    pub format: PixelFormat,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Color code points.
    pub color: ColorInfo,
    /// Planes in the order of the format.
    pub planes: FramePlanes,
}

/// Planes of a [`Frame`]. Planes that its format does not have are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FramePlanes {
    /// Up to 8 bits.
    U8([Vec<u8>; 4]),
    /// More than 8 bits.
    U16([Vec<u16>; 4]),
}

impl Frame {
    /// Copies planes of bytes or little-endian words, whose rows may be padded. Returns `None` if
    /// they are too short. Strides are in bytes.
    pub(crate) fn copied(
        format: PixelFormat,
        (width, height): (usize, usize),
        color: ColorInfo,
        planes: &[(&[u8], usize)],
    ) -> Option<Self> {
        let bytes = format.data_type().bytes();
        let row = |plane: usize, y: usize| {
            let (data, stride) = *planes.get(plane)?;
            let (elements, _) = format.plane_size(plane, width, height);
            let start = y.checked_mul(stride)?;
            data.get(start..start.checked_add(elements.checked_mul(bytes)?)?)
        };
        let planes = if format.data_type() == DataType::U8 {
            FramePlanes::U8(gathered(format, (width, height), |plane, y, to| {
                to.extend_from_slice(row(plane, y)?);
                Some(())
            })?)
        } else {
            FramePlanes::U16(gathered(format, (width, height), |plane, y, to| {
                let (words, _) = row(plane, y)?.as_chunks();
                to.extend(words.iter().map(|word| u16::from_le_bytes(*word)));
                Some(())
            })?)
        };
        Some(Self { format, width, height, color, planes })
    }

    /// Creates a packed 8-bit frame.
    pub(crate) fn packed(
        format: PixelFormat,
        (width, height): (usize, usize),
        color: ColorInfo,
        data: Vec<u8>,
    ) -> Self {
        let planes = FramePlanes::U8([data, Vec::new(), Vec::new(), Vec::new()]);
        Self { format, width, height, color, planes }
    }

    /// Converts the frame losslessly to another packed format, with color, alpha or 16 bits.
    /// Returns the frame unchanged if it is not packed, or if the conversion would be lossy.
    pub(crate) fn widened(self, format: PixelFormat) -> Self {
        let loses = (self.format.is_rgb() && !format.is_rgb())
            || (self.format.has_alpha() && !format.has_alpha())
            || self.format.depth() > format.depth();
        if self.format == format || loses || self.format.planes() > 1 || format.planes() > 1 {
            return self;
        }
        let planes = match (&self.planes, format.data_type()) {
            (FramePlanes::U8([data, ..]), DataType::U8) => FramePlanes::U8([
                widened(self.format, format, data, u8::MAX, |v| v),
                vec![],
                vec![],
                vec![],
            ]),
            (FramePlanes::U8([data, ..]), _) => FramePlanes::U16([
                widened(self.format, format, data, u16::MAX, |v| u16::from(v) * 257),
                vec![],
                vec![],
                vec![],
            ]),
            (FramePlanes::U16([data, ..]), _) => FramePlanes::U16([
                widened(self.format, format, data, u16::MAX, |v| v),
                vec![],
                vec![],
                vec![],
            ]),
        };
        Self { format, planes, ..self }
    }

    /// Returns a view of the frame for encoders.
    pub fn view(&self) -> VideoView<'_> {
        let size = (self.width as u32, self.height as u32);
        let planes = match &self.planes {
            FramePlanes::U8(planes) => Planes::U8(self.views(planes)),
            FramePlanes::U16(planes) => Planes::U16(self.views(planes)),
        };
        VideoView::new(&VideoFormat::new(self.format, size.0, size.1, self.color), planes)
    }

    fn views<'a, T: Copy + Default>(&self, planes: &'a [Vec<T>; 4]) -> [Plane<'a, T>; 4] {
        let mut views = [Plane::default(); 4];
        for (index, plane) in planes.iter().enumerate().take(self.format.planes()) {
            let (stride, _) = self.format.plane_size(index, self.width, self.height);
            views[index] = Plane::new(plane, stride);
        }
        views
    }

    /// Rotates the frame upright. Returns the frame unchanged if the rotation exchanges width and
    /// height and the chroma subsampling differs between them.
    pub(crate) fn upright(self, orientation: Orientation) -> Self {
        if orientation.is_upright() {
            return self;
        }
        let turns = orientation.quarter_turns % 4;
        let swaps = turns % 2 == 1;
        let (horizontal, vertical) = self.format.chroma_shift();
        if swaps && horizontal != vertical {
            log::warn!(
                "Frames in {} cannot be rotated by 90 degrees. The frames are not rotated.",
                self.format
            );
            return self;
        }
        let (width, height) =
            if swaps { (self.height, self.width) } else { (self.width, self.height) };
        let planes = match &self.planes {
            FramePlanes::U8(planes) => FramePlanes::U8(self.rotated(planes, orientation)),
            FramePlanes::U16(planes) => FramePlanes::U16(self.rotated(planes, orientation)),
        };
        Self { width, height, planes, ..self }
    }

    fn rotated<T: Copy>(&self, planes: &[Vec<T>; 4], orientation: Orientation) -> [Vec<T>; 4] {
        [0, 1, 2, 3].map(|index| {
            let mut components = self.format.components().iter();
            let Some(component) = components.find(|component| component.plane == index) else {
                return Vec::new();
            };
            let (row, rows) = self.format.plane_size(index, self.width, self.height);
            let from = (&planes[index][..], row / component.step, rows);
            rotated(from, component.step, orientation.quarter_turns % 4, orientation.is_mirrored)
        })
    }
}

/// Builds the planes of a format by calling `append` for each row. Returns `None` if `append` does.
fn gathered<T>(
    format: PixelFormat,
    (width, height): (usize, usize),
    append: impl Fn(usize, usize, &mut Vec<T>) -> Option<()>,
) -> Option<[Vec<T>; 4]> {
    let mut planes = [(); 4].map(|()| Vec::new());
    for (index, plane) in planes.iter_mut().enumerate().take(format.planes()) {
        let (row, rows) = format.plane_size(index, width, height);
        // Reserves memory only if the last row exists.
        append(index, rows.checked_sub(1)?, &mut Vec::new())?;
        plane.reserve_exact(row.checked_mul(rows)?);
        (0..rows).try_for_each(|y| append(index, y, plane))?;
    }
    Some(planes)
}

/// Converts elements of a packed format to those of a format with more components.
fn widened<T: Copy, U: Copy>(
    from: PixelFormat,
    to: PixelFormat,
    data: &[T],
    most: U,
    element: impl Fn(T) -> U,
) -> Vec<U> {
    // Source component of each element of a pixel. `None` means opaque.
    let source = |offset: usize| {
        let index = to.components().iter().position(|c: &Component| c.offset == offset)?;
        let colors =
            |format: PixelFormat| format.components().len() - usize::from(format.has_alpha());
        let own = if index >= colors(to) {
            from.has_alpha().then(|| colors(from))?
        } else if from.model() == ColorModel::Gray {
            0
        } else {
            index
        };
        Some(from.components()[own].offset)
    };
    let sources: Vec<_> = (0..to.channels()).map(source).collect();
    data.chunks_exact(from.channels())
        .flat_map(|pixel| sources.iter().map(|source| source.map_or(most, |at| element(pixel[at]))))
        .collect()
}

/// Mirrors a plane of `(data, columns, rows)`, then rotates it clockwise.
fn rotated<T: Copy>(
    (data, columns, rows): (&[T], usize, usize),
    pixel: usize,
    turns: u8,
    is_mirrored: bool,
) -> Vec<T> {
    let (out_columns, out_rows) = if turns % 2 == 1 { (rows, columns) } else { (columns, rows) };
    let mut out = Vec::with_capacity(data.len());
    for y in 0..out_rows {
        for x in 0..out_columns {
            // Position in the mirrored plane.
            let (column, row) = match turns {
                0 => (x, y),
                1 => (y, rows - 1 - x),
                2 => (columns - 1 - x, rows - 1 - y),
                _ => (columns - 1 - y, x),
            };
            let column = if is_mirrored { columns - 1 - column } else { column };
            let at = (row * columns + column) * pixel;
            out.extend_from_slice(&data[at..at + pixel]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(frame: &Frame) -> &[Vec<u8>; 4] {
        match &frame.planes {
            FramePlanes::U8(planes) => planes,
            FramePlanes::U16(_) => panic!("{} has words", frame.format),
        }
    }

    #[test]
    fn widens_color_alpha_and_depth() {
        let gray = Frame::packed(PixelFormat::Ya8, (2, 1), ColorInfo::SRGB, vec![1, 2, 3, 4]);
        let rgba = gray.clone().widened(PixelFormat::Rgba);
        assert_eq!(bytes(&rgba)[0], [1, 1, 1, 2, 3, 3, 3, 4]);
        let FramePlanes::U16([deep, ..]) = gray.clone().widened(PixelFormat::Rgba64Le).planes
        else {
            panic!("no words")
        };
        assert_eq!(deep, [257, 257, 257, 514, 771, 771, 771, 1028]);
        assert_eq!(gray.clone().widened(PixelFormat::Rgb24), gray, "alpha would be lost");
        let plain = Frame::packed(PixelFormat::Rgb24, (1, 1), ColorInfo::SRGB, vec![7, 8, 9]);
        assert_eq!(bytes(&plain.widened(PixelFormat::Bgra))[0], [9, 8, 7, 255]);
    }

    #[test]
    fn reads_words_from_bytes() {
        let data = [1, 2, 3, 0, 9, 9, 4, 0, 5, 1, 9, 9];
        let planes = [(&data[..], 6)];
        let frame =
            Frame::copied(PixelFormat::Gray10Le, (2, 2), ColorInfo::default(), &planes).unwrap();
        let expected = FramePlanes::U16([vec![0x201, 3, 4, 0x105], vec![], vec![], vec![]]);
        assert_eq!(frame.planes, expected);
        let short = [(&data[..9], 6)];
        assert!(
            Frame::copied(PixelFormat::Gray10Le, (2, 2), ColorInfo::default(), &short).is_none()
        );
    }

    fn gray(width: usize, data: &[u8]) -> Frame {
        Frame {
            format: PixelFormat::Gray8,
            width,
            height: data.len() / width,
            color: ColorInfo::default(),
            planes: FramePlanes::U8([data.to_vec(), vec![], vec![], vec![]]),
        }
    }

    #[test]
    fn rotates_clockwise_after_mirroring() {
        let turn = |quarter_turns, is_mirrored| {
            let frame = gray(3, b"abcdef").upright(Orientation { quarter_turns, is_mirrored });
            (frame.width, String::from_utf8(bytes(&frame)[0].clone()).unwrap())
        };
        assert_eq!(turn(0, false), (3, "abcdef".into()));
        assert_eq!(turn(1, false), (2, "daebfc".into()));
        assert_eq!(turn(2, false), (3, "fedcba".into()));
        assert_eq!(turn(3, false), (2, "cfbead".into()));
        assert_eq!(turn(0, true), (3, "cbafed".into()));
        assert_eq!(turn(1, true), (2, "fcebda".into()));
    }

    #[test]
    fn rotates_packed_pixels_and_odd_chroma() {
        let frame = Frame {
            format: PixelFormat::Rgb24,
            width: 2,
            height: 1,
            color: ColorInfo::SRGB,
            planes: FramePlanes::U8([vec![1, 2, 3, 4, 5, 6], vec![], vec![], vec![]]),
        };
        let turned = frame.upright(Orientation { quarter_turns: 2, is_mirrored: false });
        assert_eq!(bytes(&turned)[0], [4, 5, 6, 1, 2, 3]);
        let frame = Frame {
            format: PixelFormat::Yuv420p,
            width: 3,
            height: 1,
            color: ColorInfo::BT601,
            planes: FramePlanes::U8([vec![1, 2, 3], vec![4, 5], vec![6, 7], vec![]]),
        };
        let turned = frame.upright(Orientation { quarter_turns: 3, is_mirrored: false });
        assert_eq!((turned.width, turned.height), (1, 3));
        assert_eq!(bytes(&turned)[..3], [vec![3, 2, 1], vec![5, 4], vec![7, 6]]);
        turned.view().check_format(PixelFormat::Yuv420p, 1, 3).unwrap();
    }
}
