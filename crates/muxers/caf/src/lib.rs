//! CAF muxer for Reelwright.
//!
//! Follows Apple's *Core Audio Format Specification 1.0*: an audio description, a channel layout,
//! information strings, and the audio data as the last chunk.
//!
//! The length of the data may be -1, "up to the end of the file", and is where the output cannot
//! seek; elsewhere `flush` and `finish` write it. It has 64 bits.
//!
//! ALAC has its magic cookie in front of the data and a packet table behind it: where packets
//! begin and how many samples are to be heard. A file of ALAC can be read only after `finish`,
//! which is why it needs an output that can seek.
//!
//! All metadata is kept, under FFmpeg's names, which Apple's list of keys leaves room for.

mod caf;
mod chunk;
mod packet_table;
mod sound;

use reelwright_core::MuxerInfo;

use crate::caf::Caf;
use crate::sound::CODECS;

/// `caf`.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("caf", "Apple CAF (Core Audio Format)", &|_| Ok(Box::new(Caf::default())))
        .extensions(&["caf"])
        .mime_type("audio/x-caf")
        .audio_codecs(CODECS);
