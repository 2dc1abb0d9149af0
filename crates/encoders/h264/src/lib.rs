//! An H.264 encoder (ITU-T H.264, ISO/IEC 14496-10), around OpenH264, which is built from its C++
//! sources; its assembly is used where nasm is there at build time.
//!
//! Packets are the NAL units of a picture after their lengths in four bytes; the parameter sets
//! are in the parameters' record. There are no B-frames: packets come at once and in order.
//! Chroma is 4:2:0, so both sizes must be even.
//!
//! It stands in for encoders that old scripts name, with a warning: `libx264` and `h264_nvenc`, and
//! `mpeg1video` and `mpeg2video`, whose codecs nothing here encodes.

mod config;
mod encoder;
mod level;
mod library;
mod rate;
mod timing;

use reelwright_core::{
    Backing, CodecConfigField, CodecId, EncoderInfo, PixelFormat, VideoColor, VideoEncoderInfo,
};

/// The `libopenh264` encoder.
pub static ENCODER: VideoEncoderInfo = VideoEncoderInfo {
    encoder: EncoderInfo {
        name: "libopenh264",
        long_name: "OpenH264 H.264 / AVC / MPEG-4 part 10",
        aliases: &["h264", "libx264", "h264_nvenc", "mpeg1video", "mpeg2video"],
        codec: CodecId::H264,
        backing: Backing::Binding { library: "OpenH264", licence: "BSD-2-Clause" },
        options: config::OPTIONS,
        config: &[
            CodecConfigField::BitRate,
            CodecConfigField::Qscale,
            CodecConfigField::GopSize,
            CodecConfigField::MaxBFrames,
        ],
    },
    pixel_formats: &[PixelFormat::Yuv420p, PixelFormat::Yuvj420p],
    color: VideoColor::Tagged,
    open: encoder::H264Encoder::open,
};
