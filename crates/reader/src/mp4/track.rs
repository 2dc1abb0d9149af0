//! A track: its description, its samples in decoding order, and its presented segments.

use std::collections::VecDeque;

use mp4_atom::{Elst, Mdhd, Trex};
use reelwright_core::{Rational, TimeBase};

use super::boxes::{be16, be32, child, decode_child, descendant};
use super::edits::{Segment, segments};
use super::entry::entry;
use super::tables::{Cursor, Sample, Tables};
use super::tags::language;
use crate::packet::{Codec, Kind, Orientation, Track};

/// Number of samples that are decoded before the first presented sample. Audio codecs with
/// overlapping windows or a bit reservoir need them.
const PREROLL: usize = 12;

/// A track and the read position in it.
#[derive(Debug)]
pub(super) struct TrackReader {
    pub(super) info: Track,
    /// ID of the track in the file.
    pub(super) id: u32,
    pub(super) defaults: Defaults,
    tables: Tables,
    cursor: Cursor,
    /// Samples of the fragments that were read so far.
    pub(super) fragments: VecDeque<Sample>,
    /// Decoding time at the end of the last fragment.
    pub(super) next_dts: i64,
    segments: Vec<Segment>,
    segment: usize,
    has_entered: bool,
    is_discontinuous: bool,
    pending: Option<Pending>,
    is_done: bool,
    /// True if samples before the first required one are also returned.
    pub(super) keeps_all: bool,
}

/// The next sample, with the properties of its packet.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) sample: Sample,
    pub(super) segment: Segment,
    pub(super) is_discontinuous: bool,
}

/// Default values of a fragment's samples.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Defaults {
    pub(super) duration: u32,
    pub(super) size: u32,
    pub(super) flags: u32,
}

impl TrackReader {
    /// Reads a `TrackBox`. Returns `None` if required boxes are missing.
    pub(super) fn new(
        index: usize,
        trak: &[u8],
        movie_timescale: u32,
        mvex: Option<&[u8]>,
    ) -> Option<Self> {
        let tkhd = child(trak, b"tkhd")?;
        let is_long = *tkhd.first()? == 1;
        let id = be32(tkhd, if is_long { 20 } else { 12 })?;
        let mdia = child(trak, b"mdia")?;
        let mdhd = decode_child::<Mdhd>(mdia)?;
        let handler = child(mdia, b"hdlr").and_then(|hdlr| hdlr.get(8..12))?;
        let kind = match handler {
            b"soun" => Kind::Audio,
            b"vide" => Kind::Video,
            b"subt" | b"sbtl" | b"text" | b"clcp" | b"subp" => Kind::Subtitle,
            _ => Kind::Data,
        };
        let timescale = mdhd.timescale.max(1);
        let time_base = TimeBase::new(Rational::new(1, timescale.into()).ok()?);
        let stbl = descendant(mdia, &[b"minf", b"stbl"])?;
        let entry = child(stbl, b"stsd").and_then(|stsd| entry(stsd, kind));
        let codec = entry.as_ref().map_or("unknown", |entry| &entry.codec);
        let mut info = Track::new(index, kind, codec, time_base);
        let header = child(mdia, b"mdhd")?;
        let at = if header.first() == Some(&1) { 32 } else { 20 };
        info.language = be16(header, at).and_then(language);
        let pcm_bytes = entry.as_ref().and_then(|entry| entry.pcm_bytes);
        if let Some(entry) = entry {
            (info.decoder, info.video, info.audio) = (entry.decoder, entry.video, entry.audio);
        }
        match orientation(tkhd, is_long) {
            Some(orientation) => info.video.orientation = orientation,
            None if kind == Kind::Video => log::warn!(
                "Video track {index} has a transformation other than a quarter turn or mirroring, \
                 which is not supported. Its frames are not transformed."
            ),
            None => {}
        }
        let tables = Tables::new(stbl, pcm_bytes);
        let list = descendant(trak, &[b"edts"]).and_then(decode_child::<Elst>);
        if list.is_some() {
            // The edit list removes the delay.
            info.audio.delay = 0;
        }
        let has_fragments = mvex.is_some();
        // The header's duration is often rounded, or that of the movie. The table is exact.
        let known = if has_fragments { 0 } else { tables.duration() };
        let mut segments = segments(list.as_ref(), movie_timescale, timescale, known);
        if kind == Kind::Video && !has_fragments {
            align(&mut segments, &tables);
        }
        if !has_fragments {
            let shown = |segment: &Segment| {
                let end = segment
                    .window
                    .end
                    .min(i64::try_from(known).unwrap_or(i64::MAX).saturating_add(segment.shift));
                u64::try_from(end.saturating_sub(segment.window.start.max(0))).unwrap_or(0)
            };
            let sum = segments.iter().map(shown).fold(0, u64::saturating_add);
            info.duration = Some(sum).filter(|sum| *sum > 0);
            if kind == Kind::Video && tables.samples() > 0 {
                frame_rate(&mut info, &tables, timescale, known);
            }
        }
        // The durations in fragments are unknown, and several edits break a constant rate.
        info.video.is_variable |= has_fragments || segments.len() > 1;
        let trex = mvex.and_then(|mvex| {
            let boxes = super::boxes::children(mvex).filter(|(kind, _)| kind == b"trex");
            let all = boxes.filter_map(|(_, body)| super::boxes::decode::<Trex>(body));
            all.into_iter().find(|trex| trex.track_id == id)
        });
        let defaults = trex.map_or_else(Defaults::default, |trex| Defaults {
            duration: trex.default_sample_duration,
            size: trex.default_sample_size,
            flags: trex.default_sample_flags,
        });
        let next_dts = i64::try_from(tables.duration()).unwrap_or(i64::MAX);
        Some(Self {
            info,
            id,
            defaults,
            cursor: tables.cursor(),
            tables,
            fragments: VecDeque::new(),
            next_dts,
            segments,
            segment: 0,
            has_entered: false,
            is_discontinuous: false,
            pending: None,
            is_done: false,
            keeps_all: false,
        })
    }

    /// Returns the next sample in decoding order, as far as tables and fragments were read.
    pub(super) fn pending(&mut self) -> Option<&Pending> {
        while self.pending.is_none() && !self.is_done {
            let segment = self.segments[self.segment].clone();
            if !self.has_entered {
                self.has_entered = true;
                if segment.media_start > i64::MIN && self.tables.samples() > 0 {
                    self.cursor = if self.keeps_all && self.segment == 0 {
                        self.tables.cursor()
                    } else {
                        let preroll = if self.info.kind == Kind::Audio { PREROLL } else { 0 };
                        self.tables.cursor_for(segment.media_start, preroll)
                    };
                    self.is_discontinuous = self.segment > 0;
                }
            }
            let sample = self.cursor.next(&self.tables).or_else(|| self.fragments.pop_front())?;
            let pts = sample.pts.saturating_add(segment.shift);
            // Later samples in decoding order may be presented earlier, but not across a sync
            // sample.
            let is_past = pts >= segment.window.end
                && (sample.is_sync
                    || sample.dts.saturating_add(segment.shift) >= segment.window.end);
            if is_past {
                if self.segment + 1 == self.segments.len() {
                    self.is_done = true;
                } else {
                    self.segment += 1;
                    self.has_entered = false;
                    if self.tables.samples() == 0 {
                        // Samples of fragments cannot be read again.
                        self.fragments.push_front(sample);
                    }
                }
                continue;
            }
            let is_discontinuous = std::mem::take(&mut self.is_discontinuous);
            self.pending = Some(Pending { sample, segment, is_discontinuous });
        }
        self.pending.as_ref()
    }

    /// Removes and returns the sample that [`pending`](Self::pending) returned.
    pub(super) fn take(&mut self) -> Option<Pending> {
        self.pending.take()
    }

    /// Returns true if all presented samples were read.
    pub(super) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Ends the track.
    pub(super) fn end(&mut self) {
        self.is_done = true;
        self.pending = None;
        self.fragments.clear();
    }

    /// Returns true if the samples are PCM.
    pub(super) fn is_pcm(&self) -> bool {
        matches!(self.info.decoder, Some(Codec::Pcm(_)))
    }
}

/// Shifts the segments of video as FFmpeg does, so that no segment begins between two frames. The
/// first presented frame in decoding order is decoded at the segment's start. Then all segments
/// move earlier by the composition delay of the first.
fn align(segments: &mut [Segment], tables: &Tables) {
    /// Maximum number of frames after the first in decoding order that may be presented before it.
    const REORDERED: usize = 64;
    let mut late: Option<i64> = None;
    for segment in segments.iter_mut() {
        if segment.media_start == i64::MIN {
            return;
        }
        let start = segment.window.start;
        let length = segment.window.end.saturating_sub(start);
        let media = segment.media_start..segment.media_start.saturating_add(length);
        let mut cursor = tables.cursor_for(segment.media_start, 0);
        let mut presented = std::iter::from_fn(|| cursor.next(tables))
            .skip_while(|sample| !media.contains(&sample.pts))
            .take(REORDERED)
            .filter(|sample| media.contains(&sample.pts))
            .peekable();
        let Some(first) = presented.peek().map(|sample| sample.dts) else { continue };
        segment.shift = start.saturating_sub(first);
        let earliest = presented.map(|sample| sample.pts).min().unwrap_or(first);
        let own = earliest.saturating_sub(first).max(0);
        // The shift of a segment is at most its own delay, so that it does not overlap the one
        // before.
        segment.shift = segment.shift.saturating_sub(own.min(*late.get_or_insert(own)));
        let end = media.end.saturating_add(segment.shift);
        segment.window = media.start.saturating_add(segment.shift)..if media.end == i64::MAX {
            i64::MAX
        } else {
            end
        };
    }
}

/// Sets the frame rate: exact if all frames but the last have one duration, otherwise the mean.
fn frame_rate(info: &mut Track, tables: &Tables, timescale: u32, duration: u64) {
    let timescale = i64::from(timescale);
    match tables.constant_duration() {
        Some(each) => info.video.frame_rate = Rational::new(timescale, each.into()).ok(),
        None => {
            info.video.is_variable = tables.samples() > 1;
            let count = i64::from(tables.samples());
            let duration = i64::try_from(duration).unwrap_or(i64::MAX).max(1);
            info.video.frame_rate = count
                .checked_mul(timescale)
                .and_then(|frames| Rational::new(frames, duration).ok());
        }
    }
}

/// Reads the rotation in a track header's matrix (ISO/IEC 14496-12 §8.3.2). Returns `None` for
/// other transformations.
fn orientation(tkhd: &[u8], is_long: bool) -> Option<Orientation> {
    let at = if is_long { 52 } else { 40 };
    let sign = |index: usize| be32(tkhd, at + 4 * index).map(|value| (value as i32).signum());
    let (a, b, c, d) = (sign(0)?, sign(1)?, sign(3)?, sign(4)?);
    // A negative determinant means mirroring, which is undone first.
    let is_mirrored = a * d - b * c < 0;
    let (a, b) = if is_mirrored { (-a, -b) } else { (a, b) };
    let quarter_turns = match (a, b, c, d) {
        // Some writers write zeros.
        (1, 0, 0, 1) | (0, 0, 0, 0) => 0,
        (0, 1, -1, 0) => 1,
        (-1, 0, 0, -1) => 2,
        (0, -1, 1, 0) => 3,
        // Scaled, sheared or another rotation.
        _ => return None,
    };
    Some(Orientation { quarter_turns, is_mirrored })
}
