//! An MP3 muxer for Reelwright: MPEG audio frames of layer III between tags.
//!
//! In front stands an ID3v2 tag (id3.org, versions 2.3 and 2.4) with the metadata, the cover, and the
//! chapters (*ID3v2 Chapter Frame Addendum*). A last chapter without an end gets the end of the media
//! where the output can seek, and else the largest time, 4294967.295 s;
//! behind, if asked for, an ID3v1 tag. Where the output can seek, the first frame becomes the
//! information frame ("Xing" or "Info") that players know: how many frames and bytes there are,
//! where to seek to, and how many samples at the start and the end are not to be heard. It is
//! written by `finish`; until then, and wherever the output cannot seek, nothing is in its place
//! that a player would take for it.

mod frame;
mod id3;
mod info_frame;
mod muxer;

use reelwright_core::{ChapterSupport, CodecId, MuxerInfo, OptionInfo};

use crate::muxer::Mp3;

/// FFmpeg's option of the same name, in words where it has numbers.
const ID3V2_VERSION: OptionInfo = OptionInfo::choice(
    "id3v2_version",
    &[("4", "ID3v2.4"), ("3", "ID3v2.3, for old players"), ("0", "no ID3v2 tag")],
    "4",
    "version of the ID3v2 tag in front",
);

/// FFmpeg's option of the same name.
const WRITE_ID3V1: OptionInfo =
    OptionInfo::bool("write_id3v1", false, "whether an ID3v1 tag comes last");

/// FFmpeg's option of the same name.
const WRITE_XING: OptionInfo = OptionInfo::bool(
    "write_xing",
    true,
    "whether an information frame comes first, where the output can seek",
);

/// `mp3`.
pub static MUXER: MuxerInfo = MuxerInfo::new("mp3", "MP3 (MPEG audio layer 3)", &|options| {
    let version = match options.take_choice(&ID3V2_VERSION)? {
        "0" => None,
        "3" => Some(::id3::Version::Id3v23),
        _ => Some(::id3::Version::Id3v24),
    };
    let id3v1 = options.take_bool(&WRITE_ID3V1)?;
    Ok(Box::new(Mp3::new(version, id3v1, options.take_bool(&WRITE_XING)?)))
})
.extensions(&["mp3"])
.mime_type("audio/mpeg")
.audio_codecs(&[CodecId::Mp3])
.covers(true)
.chapters(ChapterSupport::Ends)
.options(&[ID3V2_VERSION, WRITE_ID3V1, WRITE_XING]);
