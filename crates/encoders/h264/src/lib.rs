//! An H.264 encoder (ITU-T H.264, ISO/IEC 14496-10) of Reelwright's own.
//!
//! Packets are the NAL units of a picture after their lengths in four bytes; the parameter sets
//! are in the parameters' record. There are no B-frames: packets come at once and in order.
//! Chroma is 4:2:0, so both sizes must be even. All macroblocks of a picture have its quantiser, and
//! none is I_PCM: noise with a quantiser below about 12 takes more bits a macroblock than §A.3.1
//! allows, and no cabac_zero_words are written (§7.4.2.10).
//!
//! It stands in for other encoders that scripts name, with a warning: `libx264`, `libopenh264` and
//! `h264_nvenc`, and `mpeg1video` and `mpeg2video`, whose codecs nothing here encodes.

mod coder;
mod encoder;
mod gop;
mod level;
mod options;
mod pace;
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
