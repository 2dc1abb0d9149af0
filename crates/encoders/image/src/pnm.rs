//! PNM: netpbm's binary PPM (color) and PGM (gray).

use reelwright_core::{
    ByteOrder, CodecId, EncoderInfo, Options, PixelFormat, Result, VideoColor, VideoEncoder,
    VideoEncoderInfo, VideoEncoderRequest, VideoView,
};

use crate::still::{Coder, StillEncoder};

pub(crate) const PPM: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new("ppm", "PPM (Portable PixelMap) image", CodecId::Ppm),
    &open,
)
.pixel_formats(&[PixelFormat::Rgb24, PixelFormat::Rgb48Le])
.forced_keyframes(true)
.color(VideoColor::Untagged);

pub(crate) const PGM: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new("pgm", "PGM (Portable GrayMap) image", CodecId::Pgm),
    &open,
)
.pixel_formats(&[
    PixelFormat::Gray8,
    PixelFormat::Gray10Le,
    PixelFormat::Gray12Le,
    PixelFormat::Gray16Le,
])
.forced_keyframes(true)
.color(VideoColor::Untagged);

struct Pnm;

fn open(request: &VideoEncoderRequest, _: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    Ok(StillEncoder::boxed(request, Pnm))
}

impl Coder for Pnm {
    fn code(&mut self, frame: &VideoView<'_>, to: &mut Vec<u8>) -> Result<bool> {
        let kind = if frame.format.pixel_format.is_rgb() { 6 } else { 5 };
        let most = (1u32 << frame.format.pixel_format.depth()) - 1;
        to.extend(
            format!("P{kind}\n{} {}\n{most}\n", frame.format.width, frame.format.height).as_bytes(),
        );
        frame.append_plane(0, ByteOrder::Big, to);
        Ok(true)
    }
}
