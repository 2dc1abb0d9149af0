//! An AV1 encoder that uses the crate `rav1e`.
//!
//! Each packet is the temporal unit of one frame, without its temporal delimiter. The parameters'
//! record is the AV1CodecConfigurationRecord with the sequence header.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod encoder;

use reelwright_core::{
    CodecConfigField, CodecId, EncoderInfo, PixelFormat, VideoColor, VideoEncoderInfo,
};

/// The `librav1e` encoder.
pub static ENCODER: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new("librav1e", "rav1e AV1", CodecId::Av1)
        .aliases(&["av1", "libaom-av1", "libsvtav1"])
        .options(config::OPTIONS)
        .config(&[CodecConfigField::BitRate, CodecConfigField::Qscale, CodecConfigField::GopSize]),
    &encoder::open,
)
.pixel_formats(&[
    PixelFormat::Yuv420p,
    PixelFormat::Yuv422p,
    PixelFormat::Yuv444p,
    PixelFormat::Gray8,
    PixelFormat::Yuv420p10Le,
    PixelFormat::Yuv422p10Le,
    PixelFormat::Yuv444p10Le,
    PixelFormat::Gray10Le,
])
.forced_keyframes(true)
.sample_aspect_ratio(true)
.color(VideoColor::Tagged);
