//! Edit lists (ISO/IEC 14496-12 §8.6.6): the part of a track's media that is presented, and its
//! start.

use mp4_atom::{Elst, ElstEntry};
use reelwright_core::Result;

use crate::boxes::{Bytes, boxed, put};
use crate::track::{Kind, Track};

/// Returns the presentation time of a finished track, including the delay before it, in ticks of
/// the movie.
pub(crate) fn length(track: &Track, movie_timescale: u32) -> u64 {
    let (_, end) = track.span.presented();
    track.clock.rescale(end, movie_timescale).max(0).unsigned_abs()
}

/// Appends the edit list of a finished track, unless all of its media is presented from time 0.
///
/// # Errors
/// Fails if a value does not fit in its field.
pub(crate) fn write(out: &mut Bytes, track: &Track, movie_timescale: u32) -> Result<()> {
    let span = &track.span;
    let Some(first_dts) = span.first_dts else { return Ok(()) };
    let (start, end) = span.presented();
    // Rounds both ends instead of the length, so that tracks end together.
    let wait = track.clock.rescale(start, movie_timescale).max(0).unsigned_abs();
    let media_time = start.saturating_sub(first_dts).max(0).unsigned_abs();
    // Without an edit list, FFmpeg takes the length of the file as that of subtitles.
    let is_subtitle = track.kind == Kind::Subtitle;
    if wait == 0 && media_time == 0 && end == span.media && !is_subtitle {
        return Ok(());
    }
    let mut entries = Vec::new();
    if wait > 0 {
        entries.push(entry(wait, None));
    }
    let presented = length(track, movie_timescale).saturating_sub(wait);
    entries.push(entry(presented, Some(media_time)));
    boxed(out, b"edts", |out| put(out, &Elst { entries }))
}

/// Appends the edit list of a fragmented track, whose length is unknown. The presentation starts
/// `media_time` ticks into its media.
///
/// # Errors
/// Fails if a value does not fit in its field.
pub(crate) fn write_open(out: &mut Bytes, media_time: i64) -> Result<()> {
    let media_time = media_time.max(0).unsigned_abs();
    if media_time == 0 {
        return Ok(());
    }
    // A length of 0 means up to the end (§8.6.6.1).
    boxed(out, b"edts", |out| put(out, &Elst { entries: vec![entry(0, Some(media_time))] }))
}

fn entry(segment_duration: u64, media_time: Option<u64>) -> ElstEntry {
    ElstEntry { segment_duration, media_time, media_rate: 1.into() }
}
