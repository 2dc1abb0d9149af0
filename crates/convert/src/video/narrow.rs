//! Integer conversion of 8-bit components, for most video.

use std::ops::Range;

use reelwright_core::{ColorInfo, ColorModel, PixelFormat, Result, VideoFormat, VideoFrame};

use super::component::Source;
use super::group::{Group, Origin};
use super::interpretation::{is_centered, is_full};
use super::kernels;
use super::matrix::{BT601, FromYuv, Rerange, ToYuv, has_same_matrix, weights};
use super::pack::pack;
use super::scale_filter::ScaleFilter;
use super::scaler::{Rest, Scaler};
use super::taps::Grid;
use super::to_yuv::RgbToYuv;
use crate::level::Level;

/// Number of rows per band with scaling. It is even, so that chroma rows are not split.
const SCALED_BAND: usize = 32;

/// Number of rows per band without scaling: those that share chroma.
const BAND: usize = 2;

/// Output formats of this path. Inputs are all 8-bit formats; alpha is not supported.
const OUTPUTS: &[PixelFormat] = &[
    PixelFormat::Gray8,
    PixelFormat::Rgb24,
    PixelFormat::Bgr24,
    PixelFormat::Rgb0,
    PixelFormat::Bgr0,
    PixelFormat::Rgba,
    PixelFormat::Bgra,
    PixelFormat::Yuv420p,
    PixelFormat::Yuv422p,
    PixelFormat::Yuv444p,
    PixelFormat::Nv12,
];

/// Converter of frames by planes or by pixels.
#[derive(Debug)]
pub(super) struct Narrow {
    level: Level,
    output: PixelFormat,
    out_size: (usize, usize),
    /// Groups before scaling.
    to_yuv: Option<RgbToYuv>,
    groups: Vec<Group>,
    /// Groups after scaling.
    finish: Finish,
    band: usize,
    /// Planes of one band, unless they are those of the result.
    scratch: Vec<u8>,
    /// One row each of red, green and blue.
    rgb: Vec<u8>,
}

/// Last step, from scaled planes to the output.
#[derive(Debug)]
enum Finish {
    /// The planes are those of the result.
    Planes { luma: Option<Rerange>, chroma: Option<Rerange> },
    /// Packed red, green and blue, converted from luma and chroma or copied.
    Packed { matrix: Option<FromYuv> },
}

impl Narrow {
    /// Returns whether this path supports a conversion.
    pub(super) fn converts(input: &VideoFormat, output: &VideoFormat) -> bool {
        let (from, to) = (input.pixel_format, output.pixel_format);
        let is_yuv = from.model() == ColorModel::Yuv && to.model() == ColorModel::Yuv;
        let keeps_alpha = from.has_alpha() && to.has_alpha();
        from.depth() == 8
            && OUTPUTS.contains(&to)
            && !keeps_alpha
            && (!is_yuv || has_same_matrix(&input.color, &output.color))
    }

    pub(super) fn new(
        level: Level,
        input: &VideoFormat,
        output: &VideoFormat,
        filter: ScaleFilter,
    ) -> Result<Self> {
        let in_memory = |format: &VideoFormat| (format.width as usize, format.height as usize);
        let (size, output_size) = (in_memory(input), in_memory(output));
        let (input_color, color) = (input.color, output.color);
        let (input, output) = (input.pixel_format, output.pixel_format);
        let (from, to) = (input.model(), output.model());
        let (is_full, to_full) = (is_full(input, &input_color), is_full(output, &color));
        let planes = Planes { level, size, out_size: output_size, filter };
        let mut to_yuv = None;
        let mut finish = Finish::Planes { luma: None, chroma: None };
        let groups = match (from, to) {
            (ColorModel::Rgb, ColorModel::Rgb) => {
                finish = Finish::Packed { matrix: None };
                vec![planes.whole(Origin::Source(0), 0, 3)]
            }
            (ColorModel::Rgb, ColorModel::Gray) => {
                // Gray needs no matrix.
                let matrix = weights(&color).ok().flatten().unwrap_or(BT601);
                let matrix = ToYuv::new(matrix, true);
                to_yuv = Some(RgbToYuv::new(level, matrix, size, (0, 0), false));
                vec![planes.whole(Origin::Luma, 0, 1)]
            }
            (ColorModel::Rgb, ColorModel::Yuv) => {
                let matrix = ToYuv::new(weights(&color)?.unwrap_or(BT601), to_full);
                let (across, down) = output.chroma_shift();
                // Chroma is computed no finer than in the result, unless the frame is enlarged.
                let shift = (
                    if output_size.0 <= size.0 { across } else { 0 },
                    if output_size.1 <= size.1 { down } else { 0 },
                );
                let is_centered = is_centered(&color);
                to_yuv = Some(RgbToYuv::new(level, matrix, size, shift, is_centered));
                let out_shift = (across, down);
                vec![
                    planes.whole(Origin::Luma, 0, 1),
                    planes.chroma(Origin::Chroma, (shift, is_centered), (out_shift, is_centered)),
                ]
            }
            (ColorModel::Gray, ColorModel::Gray) => vec![planes.whole(Origin::Source(0), 0, 1)],
            (ColorModel::Gray, ColorModel::Rgb) => {
                finish = Finish::Packed { matrix: None };
                vec![planes.whole(Origin::Source(0), 0, 1)]
            }
            (ColorModel::Gray, ColorModel::Yuv) | (ColorModel::Yuv, ColorModel::Gray) => {
                finish = Finish::Planes { luma: Rerange::luma(is_full, to_full), chroma: None };
                vec![planes.whole(Origin::Source(0), 0, 1)]
            }
            (ColorModel::Yuv, ColorModel::Rgb) => {
                let matrix = weights(&input_color)?.unwrap_or(BT601);
                finish = Finish::Packed { matrix: Some(FromYuv::new(matrix, is_full)) };
                planes.yuv(input, &input_color, (0, 0), false)
            }
            (ColorModel::Yuv, ColorModel::Yuv) => {
                let (shift, is_centered) = (output.chroma_shift(), is_centered(&color));
                let luma = Rerange::luma(is_full, to_full);
                let chroma = Rerange::chroma(is_full, to_full);
                finish = Finish::Planes { luma, chroma };
                planes.yuv(input, &input_color, shift, is_centered)
            }
        };
        let is_scaled = groups.iter().any(Group::is_scaled);
        let band = if is_scaled { SCALED_BAND } else { BAND };
        let needs_scratch = !matches!(finish, Finish::Planes { .. }) || output == PixelFormat::Nv12;
        let scratch = if needs_scratch { 3 * band * output_size.0 } else { 0 };
        let rgb = if needs_scratch { 3 * output_size.0 } else { 0 };
        Ok(Self {
            level,
            output,
            out_size: output_size,
            to_yuv,
            groups,
            finish,
            band,
            scratch: vec![0; scratch],
            rgb: vec![0; rgb],
        })
    }

    /// Converts a frame.
    pub(super) fn run(&mut self, source: &Source<'_>, to: &mut VideoFrame) {
        self.groups.iter_mut().for_each(Group::restart);
        self.to_yuv.iter_mut().for_each(RgbToYuv::restart);
        let height = self.out_size.1;
        let Ok(mut planes) = to.planes_mut::<u8>() else { return };
        for start in (0..height).step_by(self.band) {
            let band = start..height.min(start + self.band);
            match self.finish {
                Finish::Planes { .. } => self.band_of_planes(source, band, &mut planes),
                Finish::Packed { .. } => self.band_of_pixels(source, band, &mut planes[0]),
            }
        }
    }

    /// Writes luma rows `band` of the result, and their chroma.
    fn band_of_planes(
        &mut self,
        source: &Source<'_>,
        band: Range<usize>,
        planes: &mut [Rest<'_>; 4],
    ) {
        let Finish::Planes { luma, chroma } = self.finish else { return };
        let chroma_rows = self.chroma_rows(&band);
        let is_nv12 = self.output == PixelFormat::Nv12;
        let chroma_width = self.chroma_width();
        for group in &mut self.groups {
            let to_yuv = self.to_yuv.as_mut();
            if group.first == 0 {
                let mut to = [Some(rest(&mut planes[0], band.start)), None, None];
                group.write(source, to_yuv, band.clone(), &mut to);
            } else if is_nv12 {
                let (u, v) = self.scratch.split_at_mut(self.band * chroma_width);
                let mut to = [Some((u, chroma_width)), Some((v, chroma_width)), None];
                group.write(source, to_yuv, chroma_rows.clone(), &mut to);
            } else {
                let [_, u, v, _] = planes;
                let start = chroma_rows.start;
                let mut to = [Some(rest(u, start)), Some(rest(v, start)), None];
                group.write(source, to_yuv, chroma_rows.clone(), &mut to);
            }
        }
        let level = self.level;
        if let Some(map) = luma {
            for row in rows_of(&mut planes[0], &band) {
                kernels::rerange(level, &map, &mut row[..self.out_size.0]);
            }
        }
        let has_no_chroma = self.groups.len() == 1;
        for index in 1..self.output.planes() {
            let (bytes, _) = self.output.plane_size(index, self.out_size.0, self.out_size.1);
            for (place, row) in rows_of(&mut planes[index], &chroma_rows).enumerate() {
                let row = &mut row[..bytes];
                if has_no_chroma {
                    row.fill(128);
                    continue;
                }
                if is_nv12 {
                    let at = place * chroma_width;
                    let u = &self.scratch[at..][..chroma_width];
                    let v = &self.scratch[self.band * chroma_width + at..][..chroma_width];
                    kernels::join_two(level, u, v, row.as_chunks_mut().0);
                }
                if let Some(map) = chroma {
                    kernels::rerange(level, &map, row);
                }
            }
        }
    }

    /// Writes rows `band` of packed pixels.
    fn band_of_pixels(&mut self, source: &Source<'_>, band: Range<usize>, to: &mut Rest<'_>) {
        self.fill_scratch(source, &band);
        let Finish::Packed { matrix } = self.finish else { return };
        let width = self.out_size.0;
        let scratch = &self.scratch;
        for (place, row) in rows_of(to, &band).enumerate() {
            let y = band.start + place;
            let parts = [0, 1, 2].map(|part| {
                let (group, plane) = group_of(&self.groups, part);
                let part = group.first + plane;
                group
                    .plain_row(source, plane, y)
                    .unwrap_or_else(|| &scratch[(part * self.band + place) * width..][..width])
            });
            let rgb = match &matrix {
                Some(matrix) => {
                    kernels::to_rgb(self.level, matrix, parts, thirds(&mut self.rgb, width));
                    thirds(&mut self.rgb, width).map(|row| &*row)
                }
                None => parts,
            };
            pack(self.level, self.output, rgb, row);
        }
    }

    /// Computes rows `band` of all planes that cannot be used in place.
    fn fill_scratch(&mut self, source: &Source<'_>, band: &Range<usize>) {
        let width = self.out_size.0;
        for group in &mut self.groups {
            let is_plain =
                (0..group.count).all(|plane| group.plain_row(source, plane, 0).is_some());
            if is_plain {
                continue;
            }
            let scratch = &mut self.scratch[group.first * self.band * width..];
            let mut planes = scratch.chunks_mut(self.band * width).take(group.count);
            let mut to = [(); 3].map(|()| planes.next().map(|plane| (plane, width)));
            group.write(source, None, band.clone(), &mut to);
        }
    }

    /// Returns the chroma rows of luma rows `band`.
    fn chroma_rows(&self, band: &Range<usize>) -> Range<usize> {
        let (_, down) = self.output.chroma_shift();
        band.start >> down..band.end.div_ceil(1 << down)
    }

    fn chroma_width(&self) -> usize {
        self.out_size.0.div_ceil(1 << self.output.chroma_shift().0)
    }
}

/// Properties that all groups share.
struct Planes {
    level: Level,
    size: (usize, usize),
    out_size: (usize, usize),
    filter: ScaleFilter,
}

impl Planes {
    /// Returns the horizontal and vertical grids of planes with subsampling `shift`.
    fn grids((width, height): (usize, usize), shift: (u32, u32), centered: bool) -> (Grid, Grid) {
        let across = Grid { pixels: width, shift: shift.0, is_centered: centered };
        // No supported format has subsampled chroma located on a row of pixels.
        let down = Grid { pixels: height, shift: shift.1, is_centered: true };
        (across, down)
    }

    fn group(
        &self,
        origin: Origin,
        (first, count): (usize, usize),
        from: (Grid, Grid),
        to: (Grid, Grid),
    ) -> Group {
        let scaler = Scaler::new(self.level, count, from, to, self.filter);
        Group::new(self.level, origin, (first, count), from.0.samples(), scaler)
    }

    /// Creates a group of planes without subsampling.
    fn whole(&self, origin: Origin, first: usize, count: usize) -> Group {
        let from = Self::grids(self.size, (0, 0), false);
        let to = Self::grids(self.out_size, (0, 0), false);
        self.group(origin, (first, count), from, to)
    }

    /// Creates the group of both chroma planes.
    fn chroma(&self, origin: Origin, from: ((u32, u32), bool), to: ((u32, u32), bool)) -> Group {
        let from = Self::grids(self.size, from.0, from.1);
        let to = Self::grids(self.out_size, to.0, to.1);
        self.group(origin, (1, 2), from, to)
    }

    /// Creates the groups of luma and chroma for a YUV input.
    fn yuv(
        &self,
        input: PixelFormat,
        color: &ColorInfo,
        shift: (u32, u32),
        centered: bool,
    ) -> Vec<Group> {
        let from = (input.chroma_shift(), is_centered(color));
        let luma = self.whole(Origin::Source(0), 0, 1);
        vec![luma, self.chroma(Origin::Source(1), from, (shift, centered))]
    }
}

/// Returns the group of plane `part`, and the plane's index in it; the last one for planes without
/// a group.
fn group_of(groups: &[Group], part: usize) -> (&Group, usize) {
    let group = groups.iter().rev().find(|group| group.first <= part).unwrap_or(&groups[0]);
    (group, (part - group.first).min(group.count - 1))
}

/// Returns a plane from row `start` on.
fn rest<'a>(plane: &'a mut Rest<'_>, start: usize) -> Rest<'a> {
    (&mut plane.0[start * plane.1..], plane.1)
}

/// Returns rows `rows` of a plane.
fn rows_of<'a>(plane: &'a mut Rest<'_>, rows: &Range<usize>) -> impl Iterator<Item = &'a mut [u8]> {
    plane.0[rows.start * plane.1..].chunks_mut(plane.1).take(rows.len())
}

/// Splits a buffer into three rows of `width` samples.
fn thirds(rows: &mut [u8], width: usize) -> [&mut [u8]; 3] {
    let (a, rest) = rows.split_at_mut(width);
    let (b, rest) = rest.split_at_mut(width);
    [a, b, &mut rest[..width]]
}
