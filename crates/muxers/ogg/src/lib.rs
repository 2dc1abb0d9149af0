//! Ogg muxers for Reelwright.
//!
//! Pages follow RFC 3533. Opus in Ogg follows RFC 7845, FLAC RFC 9639 §10.1, and Vorbis *Vorbis I*
//! §A. Streams are grouped: all first headers, all other headers, then the packets in the order of
//! time.
//!
//! A page ends after at most `page_duration` of audio, so that listeners of a live stream receive
//! the page soon. `flush` ends pages immediately. The last page's granule position trims the
//! encoder's padding. Metadata is stored as Vorbis comments, a cover in the comment
//! METADATA_BLOCK_PICTURE, and chapters in the comments CHAPTER000 and so on, without ends. The
//! muxer does not patch earlier bytes, so the bytes are the same for files and live streams.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod headers;
mod muxer;
mod page;

use reelwright_core::{ChapterSupport, CodecId, MuxerInfo, OptionInfo};

use crate::muxer::Ogg;

/// The option that FFmpeg has under the same name.
const PAGE_DURATION: OptionInfo = OptionInfo::int(
    "page_duration",
    (0, 10_000_000),
    Some(250_000),
    "maximum duration of a page in microseconds; 0 writes one packet per page",
);

/// The option that FFmpeg has under the same name.
const SERIAL_OFFSET: OptionInfo = OptionInfo::int(
    "serial_offset",
    (0, i32::MAX as i64),
    Some(0),
    "serial number of the first stream; files to be concatenated need different numbers",
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
        .cover_art(true)
        .chapters(ChapterSupport::Starts)
        .options(&[PAGE_DURATION, SERIAL_OFFSET])
    };
}

/// All muxers of this crate.
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
