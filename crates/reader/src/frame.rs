//! Decoded frames, and how they are turned upright.

use reelwright_core::{ColorInfo, PixelFormat, Plane, Timestamp, VideoFrame};

use crate::packet::Orientation;

/// One decoded frame: planes one after the other, rows without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Storage of the pixels.
    pub format: PixelFormat,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Meaning of the pixels' numbers.
    pub color: ColorInfo,
    /// Planes in the format's order; the others are empty.
    pub planes: [Vec<u8>; 3],
}

impl Frame {
    /// Copies planes whose rows may have padding; none where they are too short.
    pub(crate) fn copied(
        format: PixelFormat,
        (width, height): (usize, usize),
        color: ColorInfo,
        planes: &[(&[u8], usize)],
    ) -> Option<Self> {
        let mut frame = Self { format, width, height, color, planes: Default::default() };
        for (index, (data, stride)) in planes.iter().enumerate().take(format.planes()) {
            let (bytes, rows) = format.plane_size(index, width, height);
            let plane = frame.planes.get_mut(index)?;
            plane.reserve_exact(bytes.checked_mul(rows)?);
            for row in 0..rows {
                let start = row.checked_mul(*stride)?;
                plane.extend_from_slice(data.get(start..start.checked_add(bytes)?)?);
            }
        }
        Some(frame)
    }

    /// A gray frame as RGB; others as they are.
    pub(crate) fn colored(mut self) -> Self {
        if self.format == PixelFormat::Gray8 {
            self.planes[0] = self.planes[0].iter().flat_map(|gray| [*gray; 3]).collect();
            self.format = PixelFormat::Rgb24;
        }
        self
    }

    /// The frame as encoders take it.
    pub fn view(&self) -> VideoFrame<'_> {
        let mut planes = [Plane::default(); 4];
        for (index, plane) in self.planes.iter().enumerate().take(self.format.planes()) {
            let (stride, _) = self.format.plane_size(index, self.width, self.height);
            planes[index] = Plane { data: plane, stride };
        }
        VideoFrame {
            format: self.format,
            width: self.width,
            height: self.height,
            color: self.color,
            planes,
            pts: Timestamp(0),
            duration: None,
        }
    }

    /// The frame turned upright; unchanged where the format has chroma that is shared by pixels in
    /// one direction only, and width and height would change places.
    pub(crate) fn upright(self, orientation: Orientation) -> Self {
        if orientation.is_upright() {
            return self;
        }
        let turns = orientation.quarter_turns % 4;
        let swaps = turns % 2 == 1;
        let (sideways, upwards) = self.format.chroma_shift();
        if swaps && sideways != upwards {
            log::warn!("Frames of {} cannot be turned; they are left as they are.", self.format);
            return self;
        }
        let (width, height) =
            if swaps { (self.height, self.width) } else { (self.width, self.height) };
        let pixel = match self.format {
            PixelFormat::Rgb24 | PixelFormat::Bgr24 => 3,
            PixelFormat::Rgb0 | PixelFormat::Bgr0 => 4,
            _ => 1,
        };
        let mut planes: [Vec<u8>; 3] = Default::default();
        for (index, to) in planes.iter_mut().enumerate().take(self.format.planes()) {
            let (bytes, rows) = self.format.plane_size(index, self.width, self.height);
            let from = (&self.planes[index][..], bytes / pixel, rows);
            *to = turned(from, pixel, turns, orientation.is_mirrored);
        }
        Self { width, height, planes, ..self }
    }
}

/// A plane of `(data, columns, rows)` mirrored and then turned clockwise.
fn turned(
    (data, columns, rows): (&[u8], usize, usize),
    pixel: usize,
    turns: u8,
    is_mirrored: bool,
) -> Vec<u8> {
    let (out_columns, out_rows) = if turns % 2 == 1 { (rows, columns) } else { (columns, rows) };
    let mut out = Vec::with_capacity(data.len());
    for y in 0..out_rows {
        for x in 0..out_columns {
            // The pixel of the mirrored plane that comes here.
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

    fn gray(width: usize, data: &[u8]) -> Frame {
        Frame {
            format: PixelFormat::Gray8,
            width,
            height: data.len() / width,
            color: ColorInfo::default(),
            planes: [data.to_vec(), Vec::new(), Vec::new()],
        }
    }

    #[test]
    fn frames_turn_clockwise_after_they_are_mirrored() {
        let turn = |quarter_turns, is_mirrored| {
            let frame = gray(3, b"abcdef").upright(Orientation { quarter_turns, is_mirrored });
            (frame.width, String::from_utf8(frame.planes[0].clone()).unwrap())
        };
        assert_eq!(turn(0, false), (3, "abcdef".into()));
        assert_eq!(turn(1, false), (2, "daebfc".into()));
        assert_eq!(turn(2, false), (3, "fedcba".into()));
        assert_eq!(turn(3, false), (2, "cfbead".into()));
        assert_eq!(turn(0, true), (3, "cbafed".into()));
        assert_eq!(turn(1, true), (2, "fcebda".into()));
    }

    #[test]
    fn packed_pixels_stay_whole_and_odd_chroma_follows() {
        let frame = Frame {
            format: PixelFormat::Rgb24,
            width: 2,
            height: 1,
            color: ColorInfo::SRGB,
            planes: [vec![1, 2, 3, 4, 5, 6], Vec::new(), Vec::new()],
        };
        let turned = frame.upright(Orientation { quarter_turns: 2, is_mirrored: false });
        assert_eq!(turned.planes[0], [4, 5, 6, 1, 2, 3]);
        let frame = Frame {
            format: PixelFormat::Yuv420p,
            width: 3,
            height: 1,
            color: ColorInfo::BT601,
            planes: [vec![1, 2, 3], vec![4, 5], vec![6, 7]],
        };
        let turned = frame.upright(Orientation { quarter_turns: 3, is_mirrored: false });
        assert_eq!((turned.width, turned.height), (1, 3));
        assert_eq!(turned.planes, [vec![3, 2, 1], vec![5, 4], vec![7, 6]]);
        turned.view().expect(PixelFormat::Yuv420p, 1, 3).unwrap();
    }
}
