//! Headerless muxers for Reelwright: PCM, G.722, and video without a container.
//!
//! A file contains only the samples or frames. Readers need the properties that the codec does not
//! store, such as rates and the size of raw frames, and metadata is not supported. The formats and
//! their names are FFmpeg's, one for each codec. `h264` is a byte stream (ITU-T H.264 annex B),
//! `obu` is the low-overhead format (AV1 §5.2).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod raw;
mod video;

use reelwright_core::{CodecId, MuxerInfo};

use crate::raw::Raw;
use crate::video::Video;

/// Defines the muxer `$name` for one codec.
macro_rules! info {
    ($name:literal, $codec:ident, $long_name:literal, $extensions:expr) => {
        MuxerInfo::new($name, $long_name, &|_| Ok(Box::new(Raw::new($name, CodecId::$codec))))
            .extensions(&$extensions)
            .audio_codecs(&[CodecId::$codec])
    };
}

/// Defines the muxer `$name` for one video codec.
macro_rules! video {
    ($name:literal, $codec:ident, $long_name:literal, $extensions:expr) => {
        MuxerInfo::new($name, $long_name, &|_| Ok(Box::new(Video::new($name, CodecId::$codec))))
            .extensions(&$extensions)
            .video_codecs(&[CodecId::$codec])
    };
}

/// All muxers of this crate.
pub static MUXERS: &[MuxerInfo] = &[
    info!("s16le", PcmS16Le, "PCM signed 16-bit little-endian", ["sw"]),
    info!("s16be", PcmS16Be, "PCM signed 16-bit big-endian", []),
    info!("u8", PcmU8, "PCM unsigned 8-bit", ["ub"]),
    info!("s8", PcmS8, "PCM signed 8-bit", ["sb"]),
    info!("s24le", PcmS24Le, "PCM signed 24-bit little-endian", []),
    info!("s24be", PcmS24Be, "PCM signed 24-bit big-endian", []),
    info!("s32le", PcmS32Le, "PCM signed 32-bit little-endian", []),
    info!("s32be", PcmS32Be, "PCM signed 32-bit big-endian", []),
    info!("f32le", PcmF32Le, "PCM 32-bit floating-point little-endian", []),
    info!("f32be", PcmF32Be, "PCM 32-bit floating-point big-endian", []),
    info!("f64le", PcmF64Le, "PCM 64-bit floating-point little-endian", []),
    info!("f64be", PcmF64Be, "PCM 64-bit floating-point big-endian", []),
    info!("alaw", PcmALaw, "PCM A-law", ["al"]),
    info!("mulaw", PcmMuLaw, "PCM mu-law", ["ul"]),
    info!("g722", AdpcmG722, "raw G.722", ["g722"]),
    video!("rawvideo", RawVideo, "raw video", ["yuv", "rgb"]),
    video!("h264", H264, "raw H.264 video", ["h264", "264"]),
    video!("obu", Av1, "AV1 low overhead OBU", ["obu"]),
    video!("mjpeg", Mjpeg, "raw MJPEG video", ["mjpg", "mjpeg"]),
];
