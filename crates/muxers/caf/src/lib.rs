//! CAF muxer for Reelwright.
//!
//! Follows Apple's *Core Audio Format Specification 1.0*: an audio description, a channel layout,
//! information strings, and the audio data as the last chunk.
//!
//! The length of the data is -1 ("up to the end of the file") if the output cannot seek. Otherwise
//! `flush` and `finish` write it. It has 64 bits.
//!
//! ALAC has its magic cookie before the data. The packet table after the data has the sizes of the
//! packets and the number of valid samples. A file of ALAC is readable only after `finish`, so it
//! requires a seekable output.
//!
//! All metadata is stored under FFmpeg's keys, which Apple's specification permits in addition to
//! its own.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audio;
mod caf;
mod chunk;
mod packet_table;

use reelwright_core::MuxerInfo;

use crate::audio::CODECS;
use crate::caf::Caf;

/// The `caf` muxer.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("caf", "Apple CAF (Core Audio Format)", &|_| Ok(Box::new(Caf::default())))
        .extensions(&["caf"])
        .mime_type("audio/x-caf")
        .audio_codecs(CODECS);
