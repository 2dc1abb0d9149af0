//! An AV1 encoder, around the crate `rav1e`.
//!
//! Packets are temporal units without their temporal delimiter, one for each picture; the
//! AV1CodecConfigurationRecord with its sequence header is in the parameters' record.

mod config;
mod encoder;

use reelwright_core::{
    Backing, CodecConfigField, CodecId, EncoderInfo, MemoryKind, PixelFormat, VideoColor,
    VideoEncoderInfo,
};

/// The `librav1e` encoder.
pub static ENCODER: VideoEncoderInfo = VideoEncoderInfo {
    encoder: EncoderInfo {
        name: "librav1e",
        long_name: "rav1e AV1",
        aliases: &["av1", "libaom-av1", "libsvtav1"],
        codec: CodecId::Av1,
        backing: Backing::Rust,
        options: config::OPTIONS,
        config: &[CodecConfigField::BitRate, CodecConfigField::Qscale, CodecConfigField::GopSize],
    },
    pixel_formats: &[
        PixelFormat::Yuv420p,
        PixelFormat::Yuv422p,
        PixelFormat::Yuv444p,
        PixelFormat::Gray8,
        PixelFormat::Yuv420p10Le,
        PixelFormat::Yuv422p10Le,
        PixelFormat::Yuv444p10Le,
        PixelFormat::Gray10Le,
    ],
    forced_keyframes: true,
    memory: &[MemoryKind::HOST],
    color: VideoColor::Tagged,
    open: encoder::open,
};
