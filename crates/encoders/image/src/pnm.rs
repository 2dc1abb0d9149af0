//! PNM: the netpbm tools' binary PPM (colour) and PGM (grey).

use reelwright_core::{
    Backing, CodecId, EncoderInfo, Options, PixelFormat, Result, VideoColor, VideoEncoder,
    VideoEncoderInfo, VideoEncoderRequest, VideoFrame,
};

use crate::picture::{Coder, Pictures};

pub(crate) const PPM: VideoEncoderInfo = VideoEncoderInfo {
    encoder: EncoderInfo {
        name: "ppm",
        long_name: "PPM (Portable PixelMap) image",
        aliases: &[],
        codec: CodecId::Ppm,
        backing: Backing::Rust,
        options: &[],
        config: &[],
    },
    pixel_formats: &[PixelFormat::Rgb24],
    color: VideoColor::Untagged,
    open,
};

pub(crate) const PGM: VideoEncoderInfo = VideoEncoderInfo {
    encoder: EncoderInfo {
        name: "pgm",
        long_name: "PGM (Portable GrayMap) image",
        codec: CodecId::Pgm,
        ..PPM.encoder
    },
    pixel_formats: &[PixelFormat::Gray8],
    ..PPM
};

struct Pnm;

fn open(request: &VideoEncoderRequest, _: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    Ok(Pictures::boxed(request, Pnm))
}

impl Coder for Pnm {
    fn code(&mut self, frame: &VideoFrame<'_>, to: &mut Vec<u8>) -> Result<bool> {
        let kind = if frame.format == PixelFormat::Gray8 { 5 } else { 6 };
        let (bytes, rows) = frame.format.plane_size(0, frame.width, frame.height);
        to.extend(format!("P{kind}\n{} {}\n255\n", frame.width, frame.height).as_bytes());
        for row in frame.planes[0].rows(bytes, rows) {
            to.extend_from_slice(row);
        }
        Ok(true)
    }
}
