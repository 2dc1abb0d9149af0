//! Uncompressed video: packets are the planes of a picture, their rows one after the other.

mod encoder;

use reelwright_core::{
    Backing, CodecId, EncoderInfo, MemoryKind, PixelFormat, VideoColor, VideoEncoderInfo,
};

use crate::encoder::RawVideoEncoder;

/// The encoders `rawvideo`, and `wrapped_avframe` for containers that take only some formats.
pub static ENCODERS: &[VideoEncoderInfo] = &[
    VideoEncoderInfo {
        encoder: EncoderInfo {
            name: "rawvideo",
            long_name: "raw video",
            aliases: &[],
            codec: CodecId::RawVideo,
            backing: Backing::Rust,
            options: &[],
            config: &[],
        },
        pixel_formats: PixelFormat::ALL,
        forced_keyframes: true,
        memory: &[MemoryKind::HOST],
        color: VideoColor::Untagged,
        open: RawVideoEncoder::open,
    },
    VideoEncoderInfo {
        encoder: EncoderInfo {
            name: "wrapped_avframe",
            long_name: "raw video for YUV4MPEG",
            aliases: &[],
            codec: CodecId::WrappedAvframe,
            backing: Backing::Rust,
            options: &[],
            config: &[],
        },
        pixel_formats: &[
            PixelFormat::Yuv420p,
            PixelFormat::Yuv422p,
            PixelFormat::Yuv444p,
            PixelFormat::Gray8,
            PixelFormat::Yuv420p10Le,
            PixelFormat::Yuv422p10Le,
            PixelFormat::Yuv444p10Le,
            PixelFormat::Yuv420p12Le,
            PixelFormat::Gray10Le,
            PixelFormat::Gray12Le,
            PixelFormat::Gray16Le,
        ],
        forced_keyframes: true,
        memory: &[MemoryKind::HOST],
        color: VideoColor::Untagged,
        open: RawVideoEncoder::open,
    },
];
