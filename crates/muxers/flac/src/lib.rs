//! FLAC muxer for Reelwright.
//!
//! Follows RFC 9639: `fLaC`, STREAMINFO, an optional seek table, a Vorbis comment, a cover,
//! padding, then the frames. `finish` writes the totals and checksum of STREAMINFO and the seek
//! table if the output can seek. Otherwise STREAMINFO states "unknown", which all players support,
//! and the seek table is an error.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod block;
mod flac;
mod seek_table;

use reelwright_core::{ChapterSupport, CodecId, Error, MuxerInfo, OptionInfo};

use crate::flac::{Flac, Header};

/// The option that FFmpeg has under the same name.
static WRITE_HEADER: OptionInfo = OptionInfo::bool(
    "write_header",
    true,
    "write the header before the frames; without it, the frames can be appended to another file",
);

static PADDING: OptionInfo = OptionInfo::int(
    "padding",
    (0, block::MAX_LENGTH as i64),
    Some(8192),
    "bytes of padding, for later edits of the metadata; 0 omits the block",
);

static SEEK_INTERVAL: OptionInfo = OptionInfo::int(
    "seek_interval",
    (0, 3600),
    Some(0),
    "seconds between seek points; 0 writes no seek table; a long file that fills the table's 512 \
     points doubles the interval; requires a seekable output",
);

/// The `flac` muxer.
pub static MUXER: MuxerInfo = MuxerInfo::new("flac", "raw FLAC", &|options| {
    let write_header = options.take_bool(&WRITE_HEADER)?;
    let padding = options.take_int(&PADDING)?.unwrap_or(0) as u32;
    let seek_interval = options.take_int(&SEEK_INTERVAL)?.unwrap_or(0) as u32;
    if !write_header && seek_interval > 0 {
        return Err(Error::option(format!(
            "Invalid value for option seek_interval: {seek_interval}. With write_header=false, \
             the only valid value is 0."
        )));
    }
    Ok(Box::new(Flac::new(write_header.then_some(Header { padding, seek_interval }))))
})
.extensions(&["flac"])
.mime_type("audio/flac")
.audio_codecs(&[CodecId::Flac])
.cover_art(true)
.chapters(ChapterSupport::Starts)
.options(&[WRITE_HEADER, PADDING, SEEK_INTERVAL]);
