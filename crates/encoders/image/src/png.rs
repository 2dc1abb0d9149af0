//! PNG (W3C Portable Network Graphics), using the crate `png`.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};
use reelwright_core::{
    CodecConfigField, CodecId, EncoderInfo, Error, OptionInfo, Options, PixelFormat, Result,
    VideoColor, VideoEncoder, VideoEncoderInfo, VideoEncoderRequest, VideoView,
};

use crate::still::{Coder, StillEncoder, check_size, gather};

const NAME: &str = "png";
const PREDICTION: OptionInfo = OptionInfo::choice(
    "pred",
    &[
        ("auto", "chosen by the compression_level"),
        ("none", "none"),
        ("sub", "from the left pixel"),
        ("up", "from the pixel above"),
        ("avg", "from the mean of the left pixel and the pixel above"),
        ("paeth", "from three neighbors"),
        ("mixed", "the best for each row"),
    ],
    "auto",
    "prediction filter of rows",
);

pub(crate) const ENCODER: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new(NAME, "PNG (Portable Network Graphics) image", CodecId::Png)
        .options(&[PREDICTION])
        .config(&[CodecConfigField::CompressionLevel]),
    &open,
)
.pixel_formats(&[
    PixelFormat::Rgb24,
    PixelFormat::Rgba,
    PixelFormat::Gray8,
    PixelFormat::Ya8,
    PixelFormat::Rgb48Le,
    PixelFormat::Rgba64Le,
    PixelFormat::Gray16Le,
    PixelFormat::Ya16Le,
])
.forced_keyframes(true)
.color(VideoColor::Untagged);

struct Png {
    level: u8,
    filter: Filter,
    rows: Vec<u8>,
}

fn open(request: &VideoEncoderRequest, options: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    check_size(NAME, request, i32::MAX as u32)?;
    let level = match request.config.compression_level {
        // Level 1 is fast and nearly as small as level 2.
        None => 1,
        Some(level @ 0..=9) => level as u8,
        Some(level) => {
            return Err(Error::option(format!(
                "compression_level of {NAME} must be 0 (fastest) to 9 (smallest). Found: {level}"
            )));
        }
    };
    let filter = match options.take_choice(&PREDICTION)? {
        "none" => Filter::NoFilter,
        "sub" => Filter::Sub,
        "up" => Filter::Up,
        "avg" => Filter::Avg,
        "paeth" => Filter::Paeth,
        "mixed" => Filter::Adaptive,
        _ if level == 0 => Filter::NoFilter,
        _ if level <= 2 => Filter::Up,
        _ => Filter::Adaptive,
    };
    Ok(StillEncoder::boxed(request, Png { level, filter, rows: Vec::new() }))
}

impl Coder for Png {
    fn code(&mut self, frame: &VideoView<'_>, to: &mut Vec<u8>) -> Result<bool> {
        let failed = |error| Error::unsupported(format!("{NAME}: {error}"));
        gather(frame, &mut self.rows);
        let mut encoder = Encoder::new(to, frame.format.width, frame.format.height);
        encoder.set_color(
            match (frame.format.pixel_format.is_rgb(), frame.format.pixel_format.has_alpha()) {
                (false, false) => ColorType::Grayscale,
                (false, true) => ColorType::GrayscaleAlpha,
                (true, false) => ColorType::Rgb,
                (true, true) => ColorType::Rgba,
            },
        );
        let is_deep = frame.format.pixel_format.depth() > 8;
        encoder.set_depth(if is_deep { BitDepth::Sixteen } else { BitDepth::Eight });
        encoder.set_deflate_compression(match self.level {
            0 => DeflateCompression::NoCompression,
            1 => DeflateCompression::FdeflateUltraFast,
            level => DeflateCompression::Level(level),
        });
        encoder.set_filter(self.filter);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&self.rows).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(true)
    }
}
