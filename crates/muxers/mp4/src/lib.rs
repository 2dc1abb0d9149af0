//! Muxers of the MP4 family for Reelwright: MP4, QuickTime, M4A and 3GPP.
//!
//! Follow ISO/IEC 14496-12 (boxes), 14496-14 (MP4), 14496-15 (H.264), 23003-5 (PCM), *AV1 Codec
//! ISO Media File Format Binding*, *Encapsulation of Opus in ISO Base Media File Format*,
//! *Encapsulation of FLAC in ISO Base Media File Format*, 14496-30 (WebVTT), 3GPP TS 26.245 (timed text),
//! and Apple's *QuickTime File Format*.
//!
//! **Layouts.** A file on an output that can seek is fragmented while it is written and an
//! ordinary file in the end (`hybrid_fragmented`): whenever writing stops, what is there plays.
//! An output that cannot seek gets fragments. Ordinary files from the start (`progressive`,
//! `faststart`) and fragments by other rules are to be had with `movflags`.
//!
//! Every layout but `frag_…` ends as an ordinary file; in it, the media is in runs of half a second
//! of each track. Fragments begin at keyframes where these come at least
//! every five seconds, else they end without one, so that memory stays bounded.
//!
//! **Subtitles.** The samples of a text track follow on each other without gaps: between subtitles come
//! empty samples. Where subtitles overlap, a sample of `webvtt` holds all of their cues, and one of
//! `mov_text` all of their texts, a line each.
//!
//! **Chapters** are written twice, as players read one or the other: in Nero's box `chpl` (at most 255
//! chapters, titles of 255 bytes), and as a QuickTime text track. Files in fragments have only the box.
//!
//! **Time.** A unit of a stream's time base is a whole number of ticks, so every time is exact.
//! Edit lists tell the encoder's delay, a late start and the exact length.

mod boxes;
mod channels;
mod chapter_track;
mod chapters;
mod clock;
mod edit_list;
mod esds;
mod file;
mod flavour;
mod fragment;
mod gapless;
mod layout;
mod metadata;
mod movie;
mod muxer;
mod options;
mod random_access;
mod roll;
mod sample_entry;
mod sound_entry;
mod subtitle;
mod tables;
mod text_entry;
mod time_of_day;
mod track;

use reelwright_core::{Muxer, MuxerInfo, OpenMuxer, Options, Result};

use crate::flavour::{Flavour, IPOD, MOV, MP4, THREE_G2, THREE_GP};
use crate::muxer::Mp4;
use crate::options::{OPTIONS, Settings};

/// Streams of a file at most: more than anyone has.
const MAX_STREAMS: usize = 64;

fn open(flavour: &'static Flavour, options: &mut Options) -> Result<Box<dyn Muxer>> {
    Ok(Box::new(Mp4::new(flavour, Settings::take(options)?)))
}

/// What the descriptions have in common.
const fn info(
    flavour: &Flavour,
    long_name: &'static str,
    extensions: &'static [&'static str],
    mime_type: &'static str,
    open: &'static OpenMuxer,
) -> MuxerInfo {
    MuxerInfo::new(flavour.name, long_name, open)
        .extensions(extensions)
        .mime_type(mime_type)
        .audio_codecs(flavour.audio_codecs)
        .video_codecs(flavour.video_codecs)
        .subtitle_codecs(flavour.subtitle_codecs)
        .max_streams(MAX_STREAMS)
        .variable_frame_rate(true)
        .pauses(true)
        .sample_aspect_ratio(true)
        .covers(true)
        .chapters(flavour.chapters)
        .options(OPTIONS)
}

/// `mp4`, `mov`, `ipod` (M4A and M4V), `3gp` and `3g2`.
pub static MUXERS: &[MuxerInfo] = &[
    info(&MP4, "MP4 (MPEG-4 Part 14)", &["mp4"], "video/mp4", &|options| open(&MP4, options)),
    info(&MOV, "QuickTime / MOV", &["mov"], "video/quicktime", &|options| open(&MOV, options)),
    info(
        &IPOD,
        "iPod H.264 MP4 (MPEG-4 Part 14)",
        &["m4v", "m4a", "m4b"],
        "audio/mp4",
        &|options| open(&IPOD, options),
    ),
    info(&THREE_GP, "3GP (3GPP file format)", &["3gp"], "video/3gpp", &|options| {
        open(&THREE_GP, options)
    }),
    info(&THREE_G2, "3GP2 (3GPP2 file format)", &["3g2"], "video/3gpp2", &|options| {
        open(&THREE_G2, options)
    }),
];
