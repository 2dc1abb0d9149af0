//! AU muxer for Reelwright.
//!
//! Follows Sun's `audio.h`, later *The Sun/NeXT audio file format*: a header of 24 bytes, an
//! annotation, and the audio up to the end of the file. All numbers are big-endian.
//!
//! The length is "unknown" (all ones) if the output cannot seek or the audio exceeds 32 bits.
//! Otherwise `flush` and `finish` write it.
//!
//! Metadata becomes lines of `key=value` in the annotation, as in FFmpeg.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod annotation;
mod au;

use reelwright_core::MuxerInfo;

use crate::au::{Au, CODECS};

/// The `au` muxer.
pub static MUXER: MuxerInfo = MuxerInfo::new("au", "Sun AU", &|_| Ok(Box::new(Au::default())))
    .extensions(&["au", "snd"])
    .mime_type("audio/basic")
    .audio_codecs(CODECS);
