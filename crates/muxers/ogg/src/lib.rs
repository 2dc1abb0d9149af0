//! Ogg muxers for Reelwright.
//!
//! Pages follow RFC 3533; Opus in them RFC 7845, FLAC RFC 9639 §10.1 and Vorbis *Vorbis I* §A.
//! Streams are grouped: all first headers, all other headers, then their packets in the order of
//! time.
//!
//! A page ends after `page_duration` of sound at the latest, so that whoever listens to a stream
//! hears it soon; `flush` ends pages at once. The last page's granule position trims what the
//! encoder padded. Metadata becomes Vorbis comments, a cover their METADATA_BLOCK_PICTURE, and chapters
//! their fields CHAPTER000 and so on, which have no ends. Nothing is ever mended, so that files and
//! streams have the same bytes.

mod headers;
mod muxer;
mod page;

use reelwright_core::{ChapterSupport, CodecId, MuxerInfo, OptionInfo};

use crate::muxer::Ogg;

/// FFmpeg's option of the same name.
const PAGE_DURATION: OptionInfo = OptionInfo::int(
    "page_duration",
    (0, 10_000_000),
    Some(250_000),
    "microseconds of sound after which a page ends; 0 is a page for each packet",
);

/// FFmpeg's option of the same name.
const SERIAL_OFFSET: OptionInfo = OptionInfo::int(
    "serial_offset",
    (0, i32::MAX as i64),
    Some(0),
    "serial number of the first stream; files that are joined end to end need different ones",
);

macro_rules! info {
    ($name:literal, $long_name:literal, $extensions:expr, $mime:literal, $streams:literal, $codecs:expr) => {
        MuxerInfo::new($name, $long_name, &|options| {
            let duration = options.take_int(&PAGE_DURATION)?.expect("it has a default");
            let serial = options.take_int(&SERIAL_OFFSET)?.expect("it has a default");
            Ok(Box::new(Ogg::new($name, &$codecs, duration, serial as u32)))
        })
        .extensions(&$extensions)
        .mime_type($mime)
        .audio_codecs(&$codecs)
        .max_streams($streams)
        .covers(true)
        .chapters(ChapterSupport::Starts)
        .options(&[PAGE_DURATION, SERIAL_OFFSET])
    };
}

/// Every muxer of this crate.
pub static MUXERS: &[MuxerInfo] = &[
    info!(
        "ogg",
        "Ogg",
        ["ogg"],
        "application/ogg",
        255,
        [CodecId::Vorbis, CodecId::Opus, CodecId::Flac]
    ),
    info!(
        "oga",
        "Ogg Audio",
        ["oga"],
        "audio/ogg",
        255,
        [CodecId::Flac, CodecId::Vorbis, CodecId::Opus]
    ),
    info!("opus", "Ogg Opus", ["opus"], "audio/ogg", 1, [CodecId::Opus]),
];
