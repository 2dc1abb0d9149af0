//! FLAC muxer for Reelwright.
//!
//! Follows RFC 9639: `fLaC`, STREAMINFO, a seek table if asked for, a Vorbis comment, a cover, padding, then
//! the frames as they come. STREAMINFO's totals and checksum, and the seek table, are known at the
//! end: `finish` writes them where the output can seek. Elsewhere STREAMINFO says "not known",
//! which every player takes, and a seek table is refused.

mod block;
mod flac;
mod seek_table;

use reelwright_core::{ChapterSupport, CodecId, Error, MuxerInfo, OptionInfo};

use crate::flac::{Flac, Header};

/// FFmpeg's option of the same name.
static WRITE_HEADER: OptionInfo = OptionInfo::bool(
    "write_header",
    true,
    "whether anything comes before the frames; without, they go on where another file ended",
);

static PADDING: OptionInfo = OptionInfo::int(
    "padding",
    (0, block::MAX_LENGTH as i64),
    Some(8192),
    "bytes left free for metadata that is edited later; 0 leaves out the block",
);

static SEEK_INTERVAL: OptionInfo = OptionInfo::int(
    "seek_interval",
    (0, 3600),
    Some(0),
    "seconds from one seek point to the next, 0 for no seek table; doubled when a long file has \
     filled the table's 512 points. The output must be able to seek",
);

/// `flac`.
pub static MUXER: MuxerInfo = MuxerInfo::new("flac", "raw FLAC", &|options| {
    let write_header = options.take_bool(&WRITE_HEADER)?;
    let padding = options.take_int(&PADDING)?.unwrap_or(0) as u32;
    let seek_interval = options.take_int(&SEEK_INTERVAL)?.unwrap_or(0) as u32;
    if !write_header && seek_interval > 0 {
        return Err(Error::option(format!(
            "Invalid value for option seek_interval: {seek_interval}. With write_header=false \
                 there is no seek table; the valid value is 0."
        )));
    }
    Ok(Box::new(Flac::new(write_header.then_some(Header { padding, seek_interval }))))
})
.extensions(&["flac"])
.mime_type("audio/flac")
.audio_codecs(&[CodecId::Flac])
.covers(true)
.chapters(ChapterSupport::Starts)
.options(&[WRITE_HEADER, PADDING, SEEK_INTERVAL]);
