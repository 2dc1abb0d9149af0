//! An MP3 muxer for Reelwright: MPEG audio frames of layer III between tags.
//!
//! An ID3v2 tag at the start (id3.org, versions 2.3 and 2.4) has the metadata, the cover and the
//! chapters (*ID3v2 Chapter Frame Addendum*). If the last chapter has no end, it gets the end of
//! the media on a seekable output, and the maximum time, 4294967.295 s, on others. An ID3v1 tag at
//! the end is optional.
//!
//! On a seekable output, the first frame becomes the information frame ("Xing" or "Info") that
//! players expect: numbers of frames and bytes, seek positions, and the numbers of samples to trim
//! at the start and the end. `finish` writes it. Until then it is a frame of silence. Other outputs
//! have no such frame.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod frame;
mod id3;
mod info_frame;
mod muxer;

use reelwright_core::{ChapterSupport, CodecId, MuxerInfo, OptionInfo};

use crate::muxer::Mp3;

/// FFmpeg's option of the same name, but with a description for each number.
const ID3V2_VERSION: OptionInfo = OptionInfo::choice(
    "id3v2_version",
    &[("4", "ID3v2.4"), ("3", "ID3v2.3, for old players"), ("0", "no ID3v2 tag")],
    "4",
    "version of the ID3v2 tag",
);

/// The option that FFmpeg has under the same name.
const WRITE_ID3V1: OptionInfo =
    OptionInfo::bool("write_id3v1", false, "write an ID3v1 tag at the end");

/// The option that FFmpeg has under the same name.
const WRITE_XING: OptionInfo = OptionInfo::bool(
    "write_xing",
    true,
    "write an information frame at the start, if the output can seek",
);

/// The `mp3` muxer.
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
.cover_art(true)
.chapters(ChapterSupport::Ends)
.options(&[ID3V2_VERSION, WRITE_ID3V1, WRITE_XING]);
