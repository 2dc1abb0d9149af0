//! Edit lists (ISO/IEC 14496-12 §8.6.6): the parts of a track's media that are presented.

use std::ops::Range;

use mp4_atom::Elst;

/// Part of the media on the movie's timeline, in the media's time base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Media time at which the segment begins.
    pub(super) media_start: i64,
    /// Presentation time minus media time.
    pub(super) shift: i64,
    /// Presentation times of the segment.
    pub(super) window: Range<i64>,
}

impl Segment {
    /// The whole media without a shift.
    pub(super) const WHOLE: Self =
        Self { media_start: i64::MIN, shift: 0, window: i64::MIN..i64::MAX };
}

/// Rescales a duration from the movie's time base to the media's, to the nearest unit.
fn rescaled(duration: u64, movie: u32, media: u32) -> i64 {
    let (movie, media) = (u128::from(movie.max(1)), u128::from(media));
    let scaled = (u128::from(duration) * media + movie / 2) / movie;
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

/// Returns the segments of an edit list, or the whole media if there is no list.
/// `media_duration` is 0 if it is unknown, as in fragmented files.
pub(super) fn segments(
    list: Option<&Elst>,
    movie: u32,
    media: u32,
    media_duration: u64,
) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut start = 0i64;
    for entry in list.map(|list| &list.entries[..]).unwrap_or_default() {
        let duration = rescaled(entry.segment_duration, movie, media);
        let end = start.saturating_add(duration);
        let Some(media_start) = entry.media_time.and_then(|time| i64::try_from(time).ok()) else {
            // An empty edit: nothing is presented.
            start = end;
            continue;
        };
        // A rate of 0 shows one frame for the whole duration.
        let is_dwell = entry.media_rate.integer() == 0 && entry.media_rate.decimal() == 0;
        let window_end = if is_dwell {
            start.saturating_add(1)
        } else if entry.segment_duration == 0 {
            i64::MAX
        } else {
            // The movie's time base is often too coarse for the exact end of the media. An end
            // within one unit of it means the end.
            let unit = rescaled(1, movie, media).max(1);
            let whole =
                i64::try_from(media_duration).unwrap_or(i64::MAX).saturating_sub(media_start);
            let is_whole = media_duration > 0 && (whole - duration).abs() <= unit;
            if is_whole { start.saturating_add(whole) } else { end }
        };
        segments.push(Segment {
            media_start,
            shift: start.saturating_sub(media_start),
            window: start..window_end,
        });
        start = end;
    }
    if segments.is_empty() {
        // A list of only empty edits presents nothing.
        let is_nothing = list.is_some_and(|list| !list.entries.is_empty());
        let window = if is_nothing { 0..0 } else { Segment::WHOLE.window };
        segments.push(Segment { window, ..Segment::WHOLE });
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use mp4_atom::{ElstEntry, FixedPoint};

    fn list(entries: &[(u64, Option<u64>)]) -> Elst {
        let entry = |&(segment_duration, media_time): &(u64, Option<u64>)| ElstEntry {
            segment_duration,
            media_time,
            media_rate: FixedPoint::new(1, 0),
        };
        Elst { entries: entries.iter().map(entry).collect() }
    }

    #[test]
    fn priming_precedes_the_window_and_the_end_is_exact() {
        // 5312 ms are 254,976 samples at 48 kHz. 5311 ms are a few samples short.
        for length in [5312, 5311] {
            let list = list(&[(length, Some(1024))]);
            let found = segments(Some(&list), 1000, 48_000, 256_000);
            assert_eq!(found[0].window, 0..254_976);
            assert_eq!((found[0].media_start, found[0].shift), (1024, -1024));
        }
    }

    #[test]
    fn empty_edits_delay_and_edits_are_consecutive() {
        let list = list(&[(500, None), (1000, Some(2048)), (250, Some(0)), (0, Some(96_000))]);
        let found = segments(Some(&list), 1000, 48_000, 960_000);
        let windows: Vec<_> = found.iter().map(|segment| segment.window.clone()).collect();
        assert_eq!(windows, [24_000..72_000, 72_000..84_000, 84_000..i64::MAX]);
        assert_eq!(found[1].shift, 72_000);
        assert_eq!(segments(None, 1000, 48_000, 0), [Segment::WHOLE]);
    }
}
