//! Converter of video frames.

use std::fmt;

use reelwright_core::{
    ColorModel, DataType, Error, PixelFormat, PlaneElement, Result, TensorView, VideoFormat,
    VideoFrame, VideoView,
};

use super::component::Source;
use super::interpretation::{is_centered, is_full};
use super::matrix::has_same_matrix;
use super::narrow::Narrow;
use super::scale_filter::ScaleFilter;
use super::wide::Wide;
use crate::level::Level;

/// Maximum width and height.
const MAX_SIZE: u32 = 65_535;

/// Maximum number of pixels of a frame; FFmpeg's is slightly lower.
const MAX_PIXELS: u64 = 1 << 28;

/// Converts frames with any strides to the pixel format, color space and size of an encoder.
///
/// The [crate's documentation](crate#video) describes the arithmetic. Frames are converted
/// independently.
///
/// ```
/// use reelwright_convert::{ScaleFilter, VideoConverter};
/// use reelwright_core::{ColorInfo, PixelFormat, TensorView, VideoFormat, VideoFrame};
///
/// let input = VideoFormat::new(PixelFormat::Rgb24, 4, 2, ColorInfo::SRGB);
/// let output = VideoFormat::new(PixelFormat::Yuv420p, 4, 2, ColorInfo::BT601);
/// let mut converter = VideoConverter::new(&input, &output, ScaleFilter::default())?;
/// let white = vec![255u8; 3 * 2 * 4];
/// let chunk = TensorView::contiguous(&white, &[1, 3, 2, 4])?;
/// let mut out = VideoFrame::new(&output)?;
/// converter.convert(&chunk, 0, &mut out);
/// let view = out.view()?;
/// let planes = view.planes_of::<u8>()?;
/// assert_eq!(planes[0].row(0, 4), [235; 4]);
/// assert_eq!(planes[1].row(0, 2), [128; 2]);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
pub struct VideoConverter {
    input: PixelFormat,
    size: (usize, usize),
    output: PixelFormat,
    out_size: (usize, usize),
    path: Path,
    /// True if frames are copied unchanged.
    is_copy: bool,
}

enum Path {
    Narrow(Box<Narrow>),
    Wide(Box<Wide>),
}

impl VideoConverter {
    /// Creates a converter of frames from one format to another, with scaling if the sizes differ.
    ///
    /// Of the color space, the matrix, range and chroma location are used. Gray has full range
    /// regardless of its color space. For an unknown matrix, that of the other side or BT.601 is
    /// used. The sample aspect ratio is ignored. Alpha that the output does not have is dropped,
    /// and frames without alpha become opaque.
    ///
    /// # Errors
    /// Width and height are not from 1 to 65,535, their product exceeds 2^28, or a conversion
    /// between RGB and YUV has a matrix without coefficients.
    pub fn new(input: &VideoFormat, output: &VideoFormat, filter: ScaleFilter) -> Result<Self> {
        Self::with_level(Level::detect(), input, output, filter, None)
    }

    /// Like [`new`](Self::new), and composes frames with alpha over a background: red, green and
    /// blue from 0 to 255. The result is opaque.
    ///
    /// # Errors
    /// As `new`.
    pub fn over_background(
        input: &VideoFormat,
        output: &VideoFormat,
        filter: ScaleFilter,
        background: [u8; 3],
    ) -> Result<Self> {
        Self::with_level(Level::detect(), input, output, filter, Some(background))
    }

    fn with_level(
        level: Level,
        input: &VideoFormat,
        output: &VideoFormat,
        filter: ScaleFilter,
        background: Option<[u8; 3]>,
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
        let background = background.filter(|_| input.pixel_format.has_alpha());
        let in_memory = |format: &VideoFormat| (format.width as usize, format.height as usize);
        let is_narrow = background.is_none() && Narrow::converts(input, output);
        let path = if is_narrow {
            Path::Narrow(Box::new(Narrow::new(level, input, output, filter)?))
        } else {
            Path::Wide(Box::new(Wide::new(level, input, output, filter, background)?))
        };
        Ok(Self {
            input: input.pixel_format,
            size: in_memory(input),
            output: output.pixel_format,
            out_size: in_memory(output),
            path,
            is_copy: background.is_none() && keeps_numbers(input, output),
        })
    }

    /// Returns whether frames are copied unchanged, so that they can be shared instead.
    pub const fn is_copy(&self) -> bool {
        self.is_copy
    }

    /// Converts frame `index` of `chunk`, whose shape is (frame, channel, height, width).
    ///
    /// Channels are in the order of the input format's name. `rgb0` and `bgr0` may have three.
    ///
    /// # Panics
    /// If the chunk has another type, size or number of channels than the converter, or no such
    /// frame; if the input has chroma subsampling, which chunks do not support; if `to` has another
    /// format or size than the output.
    pub fn convert(&mut self, chunk: &TensorView<'_>, index: usize, to: &mut VideoFrame) {
        let (shape, input) = (chunk.shape(), self.input);
        let is_right = shape.len() == 4
            && (shape[1] == input.channels() || shape[1] == input.components().len())
            && (shape[3], shape[2]) == self.size
            && input.chroma_shift() == (0, 0);
        assert!(is_right, "{shape:?} of {input} and {:?}", self.size);
        assert!(index < shape[0], "frame {index} of {}", shape[0]);
        self.check(to);
        match (&mut self.path, input.data_type()) {
            (Path::Narrow(narrow), _) => narrow.run(&Source::of_chunk(chunk, index, input), to),
            (Path::Wide(wide), DataType::U8) => {
                wide.run::<u8>(&Source::of_chunk(chunk, index, input), to);
            }
            (Path::Wide(wide), _) => wide.run::<u16>(&Source::of_chunk(chunk, index, input), to),
        }
    }

    /// Converts a frame in planes or packed pixels.
    ///
    /// # Panics
    /// If the frame has another format or size than the input, or `to` than the output.
    pub fn convert_frame(&mut self, frame: &VideoView<'_>, to: &mut VideoFrame) {
        let (width, height) = self.size;
        let found = frame.check_format(self.input, width as u32, height as u32);
        assert!(found.is_ok(), "{}", found.unwrap_err());
        self.check(to);
        match self.input.data_type() {
            DataType::U8 => self.convert_planes::<u8>(frame, to),
            _ => self.convert_planes::<u16>(frame, to),
        }
    }

    fn convert_planes<T: PlaneElement + Into<u32>>(
        &mut self,
        frame: &VideoView<'_>,
        to: &mut VideoFrame,
    ) {
        let Some(planes) = T::planes(&frame.planes) else { return };
        if self.is_copy
            && let Ok(to) = to.planes_mut::<T>()
        {
            let (width, height) = self.size;
            let pairs = planes.iter().zip(to).take(self.output.planes());
            for (index, (from, (to, stride))) in pairs.enumerate() {
                let (row, rows) = self.output.plane_size(index, width, height);
                for (from, to) in from.rows(row, rows).zip(to.chunks_mut(stride)) {
                    to[..row].copy_from_slice(from);
                }
            }
            return;
        }
        match &mut self.path {
            Path::Narrow(narrow) => {
                if let Some(planes) = u8::planes(&frame.planes) {
                    narrow.run(&Source::of_frame(planes, self.input), to);
                }
            }
            Path::Wide(wide) => wide.run(&Source::of_frame(planes, self.input), to),
        }
    }

    fn check(&self, to: &VideoFrame) {
        let size = (to.format.width as usize, to.format.height as usize);
        let found = (to.format.pixel_format, size);
        assert_eq!(found, (self.output, self.out_size), "another buffer");
    }
}

/// Returns whether all values of a frame are unchanged.
fn keeps_numbers(input: &VideoFormat, output: &VideoFormat) -> bool {
    let (from, to) = (&input.color, &output.color);
    let format = input.pixel_format;
    if (format, input.size()) != (output.pixel_format, output.size()) {
        return false;
    }
    if format.model() != ColorModel::Yuv {
        return true;
    }
    let is_shared = format.chroma_shift() != (0, 0);
    has_same_matrix(from, to)
        && is_full(format, from) == is_full(format, to)
        && (!is_shared || is_centered(from) == is_centered(to))
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

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_core::{ByteOrder, ColorInfo};

    fn format(
        pixel_format: PixelFormat,
        color: ColorInfo,
        (width, height): (usize, usize),
    ) -> VideoFormat {
        VideoFormat::new(pixel_format, width as u32, height as u32, color)
    }

    /// Calls the test with bytes and with words.
    fn check_levels<T: PlaneElement>(data: &[T]) {
        let is_own = |f: &&PixelFormat| f.data_type() == T::DATA_TYPE && f.chroma_shift() == (0, 0);
        let inputs = PixelFormat::ALL.iter().filter(is_own);
        // Miri takes seconds per conversion, so every format is converted to only a few others.
        let nth = if cfg!(miri) { 7 } else { 1 };
        let sizes: &[_] = if cfg!(miri) { &[(35, 4)] } else { &[(203, 37), (5, 4)] };
        let inputs = inputs.flat_map(|format| sizes.iter().map(move |size| (format, *size)));
        for (index, (input, (width, height))) in inputs.enumerate() {
            let (channels, area) = (input.channels(), width * height);
            let shape = [1, channels, height, width];
            let planes = TensorView::contiguous(&data[..channels * area], &shape).unwrap();
            let strides = [0, 1, (width * channels) as isize, channels as isize];
            let packed = TensorView::new(data, 0, &shape, &strides).unwrap();
            for output in PixelFormat::ALL.iter().skip(index % nth).step_by(nth) {
                let scaled: &[_] = if cfg!(miri) { &[(18, 3)] } else { &[(131, 20), (203, 9)] };
                let same = [(width, height)];
                for (out_width, out_height) in same.iter().chain(scaled).copied() {
                    for chunk in [planes, packed] {
                        let color = ColorInfo::BT709;
                        let background = input.has_alpha().then_some([1, 100, 200]);
                        let results = Level::available().into_iter().map(|level| {
                            let from = format(*input, ColorInfo::BT601, (width, height));
                            let to = format(*output, color, (out_width, out_height));
                            let filter = ScaleFilter::Lanczos;
                            let converter = VideoConverter::with_level(
                                level,
                                &from,
                                &to,
                                filter,
                                background.filter(|_| out_width == width),
                            );
                            let mut frame = VideoFrame::new(&to).unwrap();
                            converter.unwrap().convert(&chunk, 0, &mut frame);
                            let view = frame.view().unwrap();
                            let mut bytes = Vec::new();
                            for plane in 0..output.planes() {
                                view.append_plane(plane, ByteOrder::Little, &mut bytes);
                            }
                            bytes
                        });
                        let results: Vec<Vec<u8>> = results.collect();
                        assert!(
                            results.iter().all(|result| *result == results[0]),
                            "{input} to {output} of {out_width}x{out_height}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn all_levels_convert_equally() {
        let data: Vec<u32> =
            (0..4 * 203 * 37u32).map(|i| i.wrapping_mul(0x9e37_79b9) >> 23).collect();
        check_levels(&data.iter().map(|v| *v as u8).collect::<Vec<_>>());
        check_levels(&data.iter().map(|v| (*v << 1) as u16).collect::<Vec<_>>());
    }
}
