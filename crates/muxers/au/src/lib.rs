//! AU muxer for Reelwright.
//!
//! Follows Sun's `audio.h`, later *The Sun/NeXT audio file format*: a header of 24 bytes, an
//! annotation, the sound up to the end of the file. All numbers are big-endian.
//!
//! The length may be "unknown" (all ones), and is where the output cannot seek or the sound
//! outgrows 32 bits; elsewhere `flush` and `finish` write it.
//!
//! Metadata becomes lines of `key=value` in the annotation, as FFmpeg writes and reads them.

mod annotation;
mod au;

use reelwright_core::MuxerInfo;

use crate::au::{Au, CODECS};

/// `au`.
pub static MUXER: MuxerInfo = MuxerInfo::new("au", "Sun AU", &|_| Ok(Box::new(Au::default())))
    .extensions(&["au", "snd"])
    .mime_type("audio/basic")
    .audio_codecs(CODECS);
