//! AIFF and AIFF-C muxer for Reelwright.
//!
//! Follows Apple's *Audio Interchange File Format 1.3* and the *AIFF-C* draft of 1991: big-endian
//! integers (8 bits are signed) become AIFF, everything else AIFF-C with the compression types
//! Apple and FFmpeg use. Positions of more than two channels are in a `CHAN` chunk.
//!
//! Lengths have 32 bits: a file that would outgrow them ends with an error, whole up to then. On a
//! seekable output `flush` and `finish` write them. Elsewhere the file states the largest lengths
//! there can be, with which readers take everything up to the end of the file.
//!
//! Of the metadata, `title`, `author` (or else `artist`), `copyright` and `comment` have a place.

mod aiff;
mod chunk;

use reelwright_core::MuxerInfo;

use crate::aiff::{Aiff, CODECS};

/// `aiff`.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("aiff", "Audio IFF", &|_| Ok(Box::new(Aiff::default())))
        .extensions(&["aif", "aiff", "afc", "aifc"])
        .mime_type("audio/aiff")
        .audio_codecs(CODECS);
