//! An ADTS muxer for Reelwright: AAC as a stream that can be cut and joined between packets
//! (ISO/IEC 14496-3 §1.A.2.2).
//!
//! Each packet has a header of 7 bytes with the decoder's configuration. The format does not
//! support metadata, or trimming of the start and the end.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod header;
mod muxer;

use reelwright_core::{CodecId, MuxerInfo};

use crate::muxer::Adts;

/// The `adts` muxer.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("adts", "ADTS AAC (Advanced Audio Coding)", &|_| Ok(Box::new(Adts::default())))
        .extensions(&["aac", "adts"])
        .mime_type("audio/aac")
        .audio_codecs(&[CodecId::Aac]);
