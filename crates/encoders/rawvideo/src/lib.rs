//! Uncompressed video: a packet is the planes of a frame without row padding.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod encoder;

use reelwright_core::{CodecId, EncoderInfo, PixelFormat, VideoColor, VideoEncoderInfo};

use crate::encoder::RawVideoEncoder;

/// The encoders `rawvideo`, and `wrapped_avframe` for containers that support only some formats.
pub static ENCODERS: &[VideoEncoderInfo] = &[
    VideoEncoderInfo::new(
        EncoderInfo::new("rawvideo", "raw video", CodecId::RawVideo),
        &RawVideoEncoder::open,
    )
    .pixel_formats(PixelFormat::ALL)
    .forced_keyframes(true)
    .color(VideoColor::Untagged),
    VideoEncoderInfo::new(
        EncoderInfo::new("wrapped_avframe", "raw video for YUV4MPEG", CodecId::WrappedAvframe),
        &RawVideoEncoder::open,
    )
    .pixel_formats(&[
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
    ])
    .forced_keyframes(true)
    .color(VideoColor::Untagged),
];
