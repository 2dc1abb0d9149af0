//! Lossless WebP (RFC 9649 §3), using the crate `image-webp`.

use image_webp::{ColorType, WebPEncoder};
use reelwright_core::{
    CodecId, EncoderInfo, Error, Options, PixelFormat, Result, VideoColor, VideoEncoder,
    VideoEncoderInfo, VideoEncoderRequest, VideoView,
};

use crate::still::{Coder, StillEncoder, check_size, gather};

const NAME: &str = "webp";

pub(crate) const ENCODER: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new(NAME, "WebP image, lossless", CodecId::Webp).aliases(&["libwebp"]),
    &open,
)
.pixel_formats(&[PixelFormat::Rgb24, PixelFormat::Rgba, PixelFormat::Gray8, PixelFormat::Ya8])
.forced_keyframes(true)
.color(VideoColor::Untagged);

#[derive(Default)]
struct Webp {
    rows: Vec<u8>,
}

fn open(request: &VideoEncoderRequest, _: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    check_size(NAME, request, 16_384)?;
    Ok(StillEncoder::boxed(request, Webp::default()))
}

impl Coder for Webp {
    fn code(&mut self, frame: &VideoView<'_>, to: &mut Vec<u8>) -> Result<bool> {
        gather(frame, &mut self.rows);
        let color =
            match (frame.format.pixel_format.is_rgb(), frame.format.pixel_format.has_alpha()) {
                (false, false) => ColorType::L8,
                (false, true) => ColorType::La8,
                (true, false) => ColorType::Rgb8,
                (true, true) => ColorType::Rgba8,
            };
        let (width, height) = (frame.format.width, frame.format.height);
        let coded = WebPEncoder::new(to).encode(&self.rows, width, height, color);
        coded.map_err(|error| Error::unsupported(format!("{NAME}: {error}")))?;
        Ok(true)
    }
}
