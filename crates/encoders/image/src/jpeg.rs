//! JPEG (ITU-T T.81) with JFIF's color space, using the crate `jpeg-encoder`.

use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};
use reelwright_core::{
    CodecConfigField, CodecId, EncoderInfo, Error, OptionInfo, Options, PixelFormat, Plane, Result,
    VideoColor, VideoEncoder, VideoEncoderInfo, VideoEncoderRequest, VideoFormat, VideoView,
};

use crate::still::{Coder, StillEncoder, check_size};

const NAME: &str = "mjpeg";
const QUALITY: OptionInfo = OptionInfo::int(
    "quality",
    (1, 100),
    None,
    "quality on the Independent JPEG Group's scale; 90 if qscale is not set",
);
const HUFFMAN: OptionInfo = OptionInfo::choice(
    "huffman",
    &[
        ("default", "tables of the standard: faster"),
        ("optimal", "separate tables for each frame: smaller files"),
    ],
    "default",
    "Huffman tables",
);

pub(crate) const ENCODER: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new(NAME, "MJPEG (Motion JPEG)", CodecId::Mjpeg)
        .options(&[QUALITY, HUFFMAN])
        .config(&[CodecConfigField::Qscale]),
    &open,
)
.pixel_formats(&[
    PixelFormat::Yuv420p,
    PixelFormat::Yuv422p,
    PixelFormat::Yuv444p,
    PixelFormat::Gray8,
])
.forced_keyframes(true)
.color(VideoColor::Jfif);

struct Jpeg {
    quality: u8,
    is_optimal: bool,
}

fn open(request: &VideoEncoderRequest, options: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    check_size(NAME, request, 65_535)?;
    let quality = match (options.take_int(&QUALITY)?, request.config.qscale) {
        (Some(quality), _) => quality as u8,
        (None, None) => 90,
        // FFmpeg's scale multiplies MPEG's matrix by an eighth. The matrix at 8 is close to the
        // standard's table.
        (None, Some(qscale)) if (1.0..=31.0).contains(&qscale) => {
            let scale = qscale / 8.0;
            let quality = if scale <= 1.0 { 100.0 - 50.0 * scale } else { 50.0 / scale };
            (quality.round() as u8).max(1)
        }
        (None, Some(qscale)) => {
            return Err(Error::option(format!(
                "qscale of {NAME} must be 1 (best) to 31. Found: {qscale}"
            )));
        }
    };
    let is_optimal = options.take_choice(&HUFFMAN)? == "optimal";
    Ok(StillEncoder::boxed(request, Jpeg { quality, is_optimal }))
}

impl Coder for Jpeg {
    fn code(&mut self, frame: &VideoView<'_>, to: &mut Vec<u8>) -> Result<bool> {
        let mut encoder = Encoder::new(to, self.quality);
        encoder.set_sampling_factor(match frame.format.pixel_format.chroma_shift() {
            (1, 1) => SamplingFactor::F_2_2,
            (1, _) => SamplingFactor::F_2_1,
            _ => SamplingFactor::F_1_1,
        });
        encoder.set_optimized_huffman_tables(self.is_optimal);
        let failed = |error| Error::unsupported(format!("{NAME}: {error}"));
        let image = Image { format: frame.format, planes: frame.planes_of()? };
        encoder.encode_image(image).map_err(failed)?;
        Ok(true)
    }
}

/// Adapts a frame for the crate, which wants full-size rows and averages chroma again.
struct Image<'a> {
    format: VideoFormat,
    planes: &'a [Plane<'a>; 4],
}

impl ImageBuffer for Image<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if self.format.pixel_format == PixelFormat::Gray8 {
            JpegColorType::Luma
        } else {
            JpegColorType::Ycbcr
        }
    }

    fn width(&self) -> u16 {
        self.format.width as u16
    }

    fn height(&self) -> u16 {
        self.format.height as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let VideoFormat { pixel_format, width, .. } = self.format;
        let (shift_x, shift_y) = pixel_format.chroma_shift();
        let row = |plane: usize, y: usize| {
            let (bytes, _) = self.format.plane_size(plane);
            self.planes[plane].row(y, bytes)
        };
        buffers[0].extend_from_slice(row(0, y.into()));
        for (plane, buffer) in buffers.iter_mut().enumerate().take(pixel_format.planes()).skip(1) {
            let row = row(plane, usize::from(y) >> shift_y);
            if shift_x == 0 {
                buffer.extend_from_slice(row);
            } else {
                let start = buffer.len();
                buffer.extend(row.iter().flat_map(|sample| [*sample; 2]));
                buffer.truncate(start + width as usize);
            }
        }
    }
}
