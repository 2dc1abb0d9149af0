//! An ADTS muxer for Reelwright: AAC as a stream that can be joined anywhere
//! (ISO/IEC 14496-3 §1.A.2.2).
//!
//! Each packet gets a header of 7 bytes that repeats what a decoder must know. There is no place
//! for metadata, nor to say how much of the start and the end is not to be heard.

mod header;
mod muxer;

use reelwright_core::{CodecId, MuxerInfo};

use crate::muxer::Adts;

/// `adts`.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("adts", "ADTS AAC (Advanced Audio Coding)", &|_| Ok(Box::new(Adts::default())))
        .extensions(&["aac", "adts"])
        .mime_type("audio/aac")
        .audio_codecs(&[CodecId::Aac]);
