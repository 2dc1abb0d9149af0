//! AIFF and AIFF-C muxer for Reelwright.
//!
//! Follows Apple's *Audio Interchange File Format 1.3* and the *AIFF-C* draft of 1991. Big-endian
//! integers (8 bits are signed) become AIFF; all other codecs become AIFF-C with the compression
//! types that Apple and FFmpeg use. A `CHAN` chunk has the positions of more than two channels.
//!
//! Lengths have 32 bits. If a file would exceed them, `write` returns an error, and the file is
//! complete up to this point. On a seekable output, `flush` and `finish` write the lengths. On
//! other outputs, the file states the maximum lengths, which readers treat as "up to the end of the
//! file".
//!
//! The format stores the metadata `title`, `author` (or else `artist`), `copyright` and `comment`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aiff;
mod chunk;

use reelwright_core::MuxerInfo;

use crate::aiff::{Aiff, CODECS};

/// The `aiff` muxer.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("aiff", "Audio IFF", &|_| Ok(Box::new(Aiff::default())))
        .extensions(&["aif", "aiff", "afc", "aifc"])
        .mime_type("audio/aiff")
        .audio_codecs(CODECS);
