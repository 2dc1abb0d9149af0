//! An H.264 encoder (ITU-T H.264, ISO/IEC 14496-10).
//!
//! Packets hold the NAL units of a frame, each after its length in four bytes. The parameter sets
//! are in the parameters' record. There are no B-frames: each frame becomes a packet immediately
//! and in order. Chroma is 4:2:0, so width and height must be even. All macroblocks of a frame have
//! the same quantizer, and none is I_PCM: noise with a quantizer below about 12 takes more bits per
//! macroblock than §A.3.1 allows, and the encoder writes no cabac_zero_words (§7.4.2.10).
//!
//! It replaces other encoders that scripts name, with a warning: `libx264`, `libopenh264` and
//! `h264_nvenc`, and `mpeg1video` and `mpeg2video`, whose codecs have no encoder.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod coder;
mod encoder;
mod frame_rate_meter;
mod gop;
mod level;
mod options;
mod rate;
mod scene_cut;
mod settings;

use reelwright_core::{
    CodecConfigField, CodecId, EncoderInfo, PixelFormat, VideoColor, VideoEncoderInfo,
};

/// The `h264` encoder.
pub static ENCODER: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new("h264", "H.264 / AVC / MPEG-4 part 10", CodecId::H264)
        .aliases(&["libx264", "libopenh264", "h264_nvenc", "mpeg1video", "mpeg2video"])
        .options(options::OPTIONS)
        .config(&[
            CodecConfigField::BitRate,
            CodecConfigField::Qscale,
            CodecConfigField::GopSize,
            CodecConfigField::MaxBFrames,
        ]),
    &encoder::H264Encoder::open,
)
.pixel_formats(&[PixelFormat::Yuv420p])
.forced_keyframes(true)
.sample_aspect_ratio(true)
.color(VideoColor::Tagged);
