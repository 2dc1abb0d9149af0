//! Muxers of the MP4 family for Reelwright: MP4, QuickTime, M4A and 3GPP.
//!
//! The muxers follow ISO/IEC 14496-12 (boxes), 14496-14 (MP4), 14496-15 (H.264), 23003-5 (PCM),
//! *AV1 Codec ISO Media File Format Binding*, *Encapsulation of Opus in ISO Base Media File
//! Format*, *Encapsulation of FLAC in ISO Base Media File Format*, 14496-30 (WebVTT), 3GPP TS
//! 26.245 (timed text), and Apple's *QuickTime File Format*.
//!
//! **Layouts.** On a seekable output, a file is fragmented while it is written and an ordinary file
//! when finished (`hybrid_fragmented`). If writing stops early, the file is playable up to that
//! point. On other outputs, files are fragmented. `movflags` selects ordinary files from the start
//! (`progressive`, `faststart`) and other rules for fragments.
//!
//! Every layout except `frag_…` ends as an ordinary file, in which the tracks are interleaved in
//! chunks of half a second. Fragments begin at keyframes if there is one at least every five
//! seconds. Otherwise they end without one, so that memory stays bounded.
//!
//! **Subtitles.** The samples of a text track are contiguous: empty samples fill the gaps between
//! subtitles. If subtitles overlap, a sample of `webvtt` contains all of their cues, and a sample
//! of `mov_text` contains all of their texts, one per line.
//!
//! **Chapters** are stored twice, because players read one or the other: in Nero's box `chpl` (at
//! most 255 chapters, titles of 255 bytes), and as a QuickTime text track. Fragmented files have
//! only the box.
//!
//! **Time.** A unit of a stream's time base is an integer number of ticks, so every time is exact.
//! Edit lists store priming, a late start and the exact length.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audio_entry;
mod boxes;
mod channels;
mod chapter_track;
mod chapters;
mod clock;
mod creation_time;
mod edit_list;
mod esds;
mod file;
mod flavor;
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
mod subtitle;
mod tables;
mod text_entry;
mod track;

use reelwright_core::{Muxer, MuxerInfo, OpenMuxer, Options, Result};

use crate::flavor::{Flavor, IPOD, MOV, MP4, THREE_G2, THREE_GP};
use crate::muxer::Mp4;
use crate::options::{OPTIONS, Settings};

/// Maximum number of streams in a file.
const MAX_STREAMS: usize = 64;

fn open(flavor: &'static Flavor, options: &mut Options) -> Result<Box<dyn Muxer>> {
    Ok(Box::new(Mp4::new(flavor, Settings::take(options)?)))
}

/// Defaults of all descriptions.
const fn info(
    flavor: &Flavor,
    long_name: &'static str,
    extensions: &'static [&'static str],
    mime_type: &'static str,
    open: &'static OpenMuxer,
) -> MuxerInfo {
    MuxerInfo::new(flavor.name, long_name, open)
        .extensions(extensions)
        .mime_type(mime_type)
        .audio_codecs(flavor.audio_codecs)
        .video_codecs(flavor.video_codecs)
        .subtitle_codecs(flavor.subtitle_codecs)
        .max_streams(MAX_STREAMS)
        .variable_frame_rate(true)
        .audio_gaps(true)
        .sample_aspect_ratio(true)
        .cover_art(true)
        .chapters(flavor.chapters)
        .options(OPTIONS)
}

/// The muxers `mp4`, `mov`, `ipod` (M4A and M4V), `3gp` and `3g2`.
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
