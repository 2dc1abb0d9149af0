//! Headerless PCM and G.722 muxers for Reelwright.
//!
//! A file is the samples and nothing else: readers must be told encoding, rate and channels, and
//! metadata has no place. The formats are FFmpeg's, one for each encoding, under its names.

mod raw;

use reelwright_core::{CodecId, MuxerInfo};

use crate::raw::Raw;

/// The muxer `$name` for one codec.
macro_rules! info {
    ($name:literal, $codec:ident, $long_name:literal, $extensions:expr) => {
        MuxerInfo {
            name: $name,
            long_name: $long_name,
            extensions: &$extensions,
            mime_type: None,
            audio_codecs: &[CodecId::$codec],
            video_codecs: &[],
            max_streams: 1,
            variable_frame_rate: false,
            numbered_files: false,
            covers: false,
            options: &[],
            open: |_| Ok(Box::new(Raw::new($name, CodecId::$codec))),
        }
    };
}

/// Every muxer of this crate.
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
];
