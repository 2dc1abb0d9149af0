//! The converter: pictures of a chunk in, an encoder's pictures out.

use std::fmt;
use std::ops::Range;

use reelwright_core::{
    ChromaLocation, ColorInfo, ColorRange, Error, PixelFormat, Result, TensorView, VideoBuffer,
    VideoFormat, VideoFrame,
};

use super::component::Source;
use super::group::{Group, Origin};
use super::kernels;
use super::matrix::{BT601, FromYuv, Rerange, ToYuv, weights};
use super::pack::pack;
use super::scale_filter::ScaleFilter;
use super::scaler::{Rest, Scaler};
use super::taps::Grid;
use super::to_yuv::RgbToYuv;
use crate::level::Level;

/// The largest width and height.
const MAX_SIZE: u32 = 65_535;

/// The most pixels of a picture; FFmpeg allows a few less.
const MAX_PIXELS: u64 = 1 << 28;

/// Rows that are made at once where something is scaled. Even, so that no chroma is cut in two.
const SCALED_BAND: usize = 32;

/// Rows that are made at once where nothing is: those that share chroma.
const BAND: usize = 2;

/// Converts pictures with any strides to the pixel format, colours and size of an encoder.
///
/// What is done to the numbers is in the [crate's documentation](crate#pictures). Nothing is
/// remembered from one picture to the next.
///
/// ```
/// use reelwright_convert::{ScaleFilter, VideoConverter};
/// use reelwright_core::{ColorInfo, PixelFormat, TensorView, Timestamp, VideoBuffer, VideoFormat};
///
/// let input = VideoFormat::new(PixelFormat::Rgb24, 4, 2, ColorInfo::SRGB);
/// let output = VideoFormat::new(PixelFormat::Yuv420p, 4, 2, ColorInfo::BT601);
/// let mut converter = VideoConverter::new(&input, &output, ScaleFilter::default())?;
/// let white = vec![255u8; 3 * 2 * 4];
/// let chunk = TensorView::contiguous(&white, &[1, 3, 2, 4])?;
/// let mut out = VideoBuffer::new(PixelFormat::Yuv420p, 4, 2, ColorInfo::BT601)?;
/// converter.convert(&chunk, 0, &mut out);
/// let frame = out.frame(Timestamp(0));
/// assert_eq!(frame.planes[0].data[..4], [235; 4]);
/// assert_eq!(frame.planes[1].data[..2], [128; 2]);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
pub struct VideoConverter {
    level: Level,
    input: PixelFormat,
    size: (usize, usize),
    output: PixelFormat,
    out_size: (usize, usize),
    /// Before scaling.
    to_yuv: Option<RgbToYuv>,
    groups: Vec<Group>,
    /// After scaling.
    finish: Finish,
    band: usize,
    /// Planes of one band, where they are not those of the result.
    scratch: Vec<u8>,
    /// A row each of red, green and blue.
    rgb: Vec<u8>,
    /// Whether a picture's bytes stay what they are.
    is_copy: bool,
}

/// What becomes of scaled planes.
enum Finish {
    /// They are the result's.
    Planes { luma: Option<Rerange>, chroma: Option<Rerange> },
    /// Packed red, green and blue, made of luma and chroma, or of what is there.
    Packed { matrix: Option<FromYuv> },
    /// Luma and chroma of another matrix, by way of red, green and blue.
    OtherYuv { matrix: FromYuv, to_yuv: RgbToYuv },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Gray,
    Rgb,
    Yuv,
}

impl Family {
    fn of(format: PixelFormat) -> Self {
        match format {
            PixelFormat::Gray8 => Self::Gray,
            _ if format.is_rgb() => Self::Rgb,
            _ => Self::Yuv,
        }
    }
}

impl VideoConverter {
    /// Converter of frames of one format to another, scaled where their sizes differ.
    ///
    /// Of the colors the matrix, range and chroma location count. The formats `yuvj…` and `gray` have
    /// full range whatever they state. An unknown matrix is that of BT.601, or of the other side. The
    /// sample aspect ratio is not looked at.
    ///
    /// # Errors
    /// Width and height must be from 1 to 65,535, their product at most 2^28, and the matrix one that
    /// has coefficients where RGB and YUV are converted.
    pub fn new(input: &VideoFormat, output: &VideoFormat, filter: ScaleFilter) -> Result<Self> {
        Self::with_level(Level::detect(), input, output, filter)
    }

    fn with_level(
        level: Level,
        input: &VideoFormat,
        output: &VideoFormat,
        filter: ScaleFilter,
    ) -> Result<Self> {
        for (width, height) in [input.size(), output.size()] {
            let is_allowed = (1..=MAX_SIZE).contains(&width)
                && (1..=MAX_SIZE).contains(&height)
                && u64::from(width) * u64::from(height) <= MAX_PIXELS;
            if !is_allowed {
                return Err(Error::argument(format!(
                    "The width and height of a frame must be from 1 to {MAX_SIZE}, and their \
                     product at most {MAX_PIXELS}. Found: {width}x{height}"
                )));
            }
        }
        let in_memory = |format: &VideoFormat| (format.width as usize, format.height as usize);
        let (size, output_size) = (in_memory(input), in_memory(output));
        let (input_color, color) = (input.color, output.color);
        let (input, output) = (input.pixel_format, output.pixel_format);
        let (from, to) = (Family::of(input), Family::of(output));
        let (is_full, to_full) = (is_full(input, &input_color), is_full(output, &color));
        let planes = Planes { level, size, out_size: output_size, filter };
        let mut to_yuv = None;
        let mut finish = Finish::Planes { luma: None, chroma: None };
        let groups = match (from, to) {
            (Family::Rgb, Family::Rgb) => {
                finish = Finish::Packed { matrix: None };
                vec![planes.whole(Origin::Source(0), 0, 3)]
            }
            (Family::Rgb, Family::Gray) => {
                // Grey has no matrix that could be wrong.
                let matrix = weights(&color).ok().flatten().unwrap_or(BT601);
                let matrix = ToYuv::new(matrix, true);
                to_yuv = Some(RgbToYuv::new(level, matrix, size, (0, 0), false));
                vec![planes.whole(Origin::Luma, 0, 1)]
            }
            (Family::Rgb, Family::Yuv) => {
                let matrix = ToYuv::new(weights(&color)?.unwrap_or(BT601), to_full);
                let (across, down) = output.chroma_shift();
                // Chroma is made no finer than the result's, unless the picture grows.
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
            (Family::Gray, Family::Gray) => vec![planes.whole(Origin::Source(0), 0, 1)],
            (Family::Gray, Family::Rgb) => {
                finish = Finish::Packed { matrix: None };
                vec![planes.whole(Origin::Source(0), 0, 1)]
            }
            (Family::Gray, Family::Yuv) | (Family::Yuv, Family::Gray) => {
                finish = Finish::Planes { luma: Rerange::luma(is_full, to_full), chroma: None };
                vec![planes.whole(Origin::Source(0), 0, 1)]
            }
            (Family::Yuv, Family::Rgb) => {
                let matrix = weights(&input_color)?.unwrap_or(BT601);
                finish = Finish::Packed { matrix: Some(FromYuv::new(matrix, is_full)) };
                planes.yuv(input, &input_color, (0, 0), false)
            }
            (Family::Yuv, Family::Yuv) => {
                let other = if input_color.matrix == color.matrix {
                    None
                } else {
                    weights(&input_color)?.zip(weights(&color)?).filter(|(from, to)| from != to)
                };
                let (shift, is_centered) = (output.chroma_shift(), is_centered(&color));
                match other {
                    Some((from, to)) => {
                        let to = ToYuv::new(to, to_full);
                        let to_yuv = RgbToYuv::new(level, to, output_size, shift, is_centered);
                        let matrix = FromYuv::new(from, is_full);
                        finish = Finish::OtherYuv { matrix, to_yuv };
                        planes.yuv(input, &input_color, (0, 0), false)
                    }
                    None => {
                        let luma = Rerange::luma(is_full, to_full);
                        let chroma = Rerange::chroma(is_full, to_full);
                        finish = Finish::Planes { luma, chroma };
                        planes.yuv(input, &input_color, shift, is_centered)
                    }
                }
            }
        };
        let is_scaled = groups.iter().any(Group::is_scaled);
        let band = if is_scaled { SCALED_BAND } else { BAND };
        let changes = match &finish {
            Finish::Planes { luma, chroma } => luma.is_some() || chroma.is_some(),
            Finish::Packed { matrix } => matrix.is_some(),
            Finish::OtherYuv { .. } => true,
        };
        let needs_scratch = !matches!(finish, Finish::Planes { .. }) || output == PixelFormat::Nv12;
        let scratch = if needs_scratch { 3 * band * output_size.0 } else { 0 };
        let rgb = if needs_scratch { 3 * output_size.0 } else { 0 };
        Ok(Self {
            level,
            input,
            size,
            output,
            out_size: output_size,
            to_yuv,
            groups,
            finish,
            band,
            scratch: vec![0; scratch],
            rgb: vec![0; rgb],
            is_copy: input == output && !is_scaled && !changes,
        })
    }

    /// Converts picture `index` of `chunk`, whose shape is (frame, channel, height, width).
    ///
    /// The channels are in the order of the input format's name. One of four numbers a pixel may
    /// come with three.
    ///
    /// # Panics
    /// If the chunk is not of bytes, or of another size or number of channels than the converter was
    /// made for, or has no such picture; if the input's chroma is smaller than its luma, so that no
    /// chunk can hold it; if `to` is not of the output's format and size.
    pub fn convert(&mut self, chunk: &TensorView<'_>, index: usize, to: &mut VideoBuffer) {
        let (shape, components) = (chunk.shape(), self.input.components());
        let is_right = shape.len() == 4
            && (shape[1] == components || (components == 4 && shape[1] == 3))
            && (shape[3], shape[2]) == self.size
            && self.input.chroma_shift() == (0, 0);
        assert!(is_right, "{shape:?} of {} and {:?}", self.input, self.size);
        assert!(index < shape[0], "picture {index} of {}", shape[0]);
        self.run(&Source::of_chunk(chunk, index, self.input), to);
    }

    /// Converts a picture that is in planes or packed already.
    ///
    /// # Panics
    /// If the frame is not of the input's format and size, or `to` not of the output's.
    pub fn convert_frame(&mut self, frame: &VideoFrame<'_>, to: &mut VideoBuffer) {
        let (width, height) = self.size;
        let found = frame.expect(self.input, width as u32, height as u32);
        assert!(found.is_ok(), "{}", found.unwrap_err());
        if !self.is_copy {
            self.run(&Source::of_frame(frame), to);
            return;
        }
        self.check(to);
        let planes = frame.planes.iter().zip(to.planes_mut()).take(self.output.planes());
        for (index, (from, (to, stride))) in planes.enumerate() {
            let (bytes, rows) = self.output.plane_size(index, width, height);
            for (from, to) in from.rows(bytes, rows).zip(to.chunks_mut(stride)) {
                to[..bytes].copy_from_slice(from);
            }
        }
    }

    fn check(&self, to: &VideoBuffer) {
        let found = (to.format(), (to.width(), to.height()));
        assert_eq!(found, (self.output, self.out_size), "another buffer");
    }

    fn run(&mut self, source: &Source<'_>, to: &mut VideoBuffer) {
        self.check(to);
        self.groups.iter_mut().for_each(Group::restart);
        self.to_yuv.iter_mut().for_each(RgbToYuv::restart);
        let height = self.out_size.1;
        let mut planes = to.planes_mut();
        for start in (0..height).step_by(self.band) {
            let band = start..height.min(start + self.band);
            match self.finish {
                Finish::Planes { .. } => self.band_of_planes(source, band, &mut planes),
                Finish::Packed { .. } => self.band_of_pixels(source, band, &mut planes[0]),
                Finish::OtherYuv { .. } => self.band_of_other(source, band, &mut planes),
            }
        }
    }

    /// Writes luma rows `band` of the result, and the chroma that belongs to them.
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
        self.fill_scratch(source, &band, false);
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

    /// Writes luma rows `band` of the result, and the chroma that belongs to them, from luma and
    /// chroma of another matrix.
    fn band_of_other(
        &mut self,
        source: &Source<'_>,
        band: Range<usize>,
        planes: &mut [Rest<'_>; 4],
    ) {
        self.fill_scratch(source, &band, true);
        let chroma_rows = self.chroma_rows(&band);
        let chroma_width = self.chroma_width();
        let Finish::OtherYuv { matrix, to_yuv } = &mut self.finish else { return };
        let width = self.out_size.0;
        for place in 0..band.len() {
            let place_of = |part: usize| (part * self.band + place) * width;
            let yuv = [0, 1, 2].map(|part| &self.scratch[place_of(part)..][..width]);
            kernels::to_rgb(self.level, matrix, yuv, thirds(&mut self.rgb, width));
            for (part, row) in thirds(&mut self.rgb, width).into_iter().enumerate() {
                self.scratch[place_of(part)..][..width].copy_from_slice(row);
            }
        }
        let source = Source::of_rows(&self.scratch, self.band, width, band.start);
        for (y, row) in band.clone().zip(rows_of(&mut planes[0], &band)) {
            to_yuv.luma(&source, y, &mut row[..width]);
        }
        let [_, first, second, _] = planes;
        if self.output == PixelFormat::Nv12 {
            for (y, row) in chroma_rows.clone().zip(rows_of(first, &chroma_rows)) {
                let [u, v, _] = thirds(&mut self.rgb, chroma_width);
                to_yuv.chroma(&source, y, u, v);
                kernels::join_two(self.level, u, v, row[..2 * chroma_width].as_chunks_mut().0);
            }
            return;
        }
        let rows = rows_of(first, &chroma_rows).zip(rows_of(second, &chroma_rows));
        for (y, (u, v)) in chroma_rows.clone().zip(rows) {
            to_yuv.chroma(&source, y, &mut u[..chroma_width], &mut v[..chroma_width]);
        }
    }

    /// Makes rows `band` of all that is not used as it lies in memory, or of everything.
    fn fill_scratch(&mut self, source: &Source<'_>, band: &Range<usize>, is_all: bool) {
        let width = self.out_size.0;
        for group in &mut self.groups {
            let is_plain =
                (0..group.count).all(|plane| group.plain_row(source, plane, 0).is_some());
            if is_plain && !is_all {
                continue;
            }
            let scratch = &mut self.scratch[group.first * self.band * width..];
            let mut planes = scratch.chunks_mut(self.band * width).take(group.count);
            let mut to = [(); 3].map(|()| planes.next().map(|plane| (plane, width)));
            group.write(source, None, band.clone(), &mut to);
        }
    }

    /// The rows of chroma that belong to luma rows `band`.
    fn chroma_rows(&self, band: &Range<usize>) -> Range<usize> {
        let (_, down) = self.output.chroma_shift();
        band.start >> down..band.end.div_ceil(1 << down)
    }

    fn chroma_width(&self) -> usize {
        self.out_size.0.div_ceil(1 << self.output.chroma_shift().0)
    }
}

impl fmt::Debug for VideoConverter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoConverter")
            .field("input", &self.input)
            .field("size", &self.size)
            .field("output", &self.output)
            .field("out_size", &self.out_size)
            .finish_non_exhaustive()
    }
}

/// What all groups have in common.
struct Planes {
    level: Level,
    size: (usize, usize),
    out_size: (usize, usize),
    filter: ScaleFilter,
}

impl Planes {
    /// The grids across and down of planes whose samples are shared as `shift` says.
    fn grids((width, height): (usize, usize), shift: (u32, u32), centered: bool) -> (Grid, Grid) {
        let across = Grid { pixels: width, shift: shift.0, is_centered: centered };
        // No format here has chroma on a row of pixels, if it has less than one for each.
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

    /// Planes of one sample a pixel.
    fn whole(&self, origin: Origin, first: usize, count: usize) -> Group {
        let from = Self::grids(self.size, (0, 0), false);
        let to = Self::grids(self.out_size, (0, 0), false);
        self.group(origin, (first, count), from, to)
    }

    /// Both planes of chroma.
    fn chroma(&self, origin: Origin, from: ((u32, u32), bool), to: ((u32, u32), bool)) -> Group {
        let from = Self::grids(self.size, from.0, from.1);
        let to = Self::grids(self.out_size, to.0, to.1);
        self.group(origin, (1, 2), from, to)
    }

    /// Luma and chroma of an input that has them.
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

fn is_full(format: PixelFormat, color: &ColorInfo) -> bool {
    format == PixelFormat::Gray8 || format.is_full_range() || color.range == ColorRange::Full
}

fn is_centered(color: &ColorInfo) -> bool {
    color.chroma_location == ChromaLocation::Center
}

/// The group that makes plane `part`, and which of its own that is: the last one there is stands for
/// those that nothing makes.
fn group_of(groups: &[Group], part: usize) -> (&Group, usize) {
    let group = groups.iter().rev().find(|group| group.first <= part).unwrap_or(&groups[0]);
    (group, (part - group.first).min(group.count - 1))
}

/// A plane from row `start` on.
fn rest<'a>(plane: &'a mut Rest<'_>, start: usize) -> Rest<'a> {
    (&mut plane.0[start * plane.1..], plane.1)
}

/// Rows `rows` of a plane.
fn rows_of<'a>(plane: &'a mut Rest<'_>, rows: &Range<usize>) -> impl Iterator<Item = &'a mut [u8]> {
    plane.0[rows.start * plane.1..].chunks_mut(plane.1).take(rows.len())
}

/// Three rows of `width` samples.
fn thirds(rows: &mut [u8], width: usize) -> [&mut [u8]; 3] {
    let (a, rest) = rows.split_at_mut(width);
    let (b, rest) = rest.split_at_mut(width);
    [a, b, &mut rest[..width]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_core::Timestamp;

    fn format(
        pixel_format: PixelFormat,
        color: ColorInfo,
        (width, height): (usize, usize),
    ) -> VideoFormat {
        VideoFormat::new(pixel_format, width as u32, height as u32, color)
    }

    #[test]
    fn every_level_converts_alike() {
        let data: Vec<u8> =
            (0..4 * 203 * 37u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 23) as u8).collect();
        let inputs = PixelFormat::ALL.iter().filter(|f| f.chroma_shift() == (0, 0));
        for (input, (width, height)) in inputs.flat_map(|f| [(f, (203, 37)), (f, (5, 4))]) {
            let (channels, area) = (input.components(), width * height);
            let shape = [1, channels, height, width];
            let planes = TensorView::contiguous(&data[..channels * area], &shape).unwrap();
            let strides = [0, 1, (width * channels) as isize, channels as isize];
            let packed = TensorView::new(&data, 0, &shape, &strides).unwrap();
            for output in PixelFormat::ALL {
                for (out_width, out_height) in [(width, height), (131, 20), (260, 41), (203, 9)] {
                    for chunk in [planes, packed] {
                        let color = ColorInfo::BT709;
                        let results = Level::available().into_iter().map(|level| {
                            let from = format(*input, ColorInfo::BT601, (width, height));
                            let to = format(*output, color, (out_width, out_height));
                            let filter = ScaleFilter::Lanczos;
                            let converter = VideoConverter::with_level(level, &from, &to, filter);
                            let mut converter = converter.unwrap();
                            let mut to =
                                VideoBuffer::new(*output, out_width, out_height, color).unwrap();
                            converter.convert(&chunk, 0, &mut to);
                            let frame = to.frame(Timestamp(0));
                            frame.planes.map(|plane| plane.data.to_vec())
                        });
                        let results: Vec<_> = results.collect();
                        assert!(
                            results.iter().all(|result| *result == results[0]),
                            "{input} to {output} of {out_width}x{out_height}"
                        );
                    }
                }
            }
        }
    }
}
