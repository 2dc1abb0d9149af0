//! One track: its description, its samples in decoding order, and which of them are presented.

use std::collections::VecDeque;

use mp4_atom::{Elst, Mdhd, Trex};
use reelwright_core::{Rational, TimeBase};

use super::boxes::{be16, be32, child, decode_child, descendant};
use super::edits::{Segment, segments};
use super::entry::entry;
use super::tables::{Cursor, Sample, Tables};
use super::tags::language;
use crate::packet::{Codec, Kind, Orientation, Track};

/// Samples before the first that is presented which are decoded too, so that audio codecs that
/// overlap or lend bits between frames have what they need.
const PREROLL: usize = 12;

/// A track and the position in it.
#[derive(Debug)]
pub(super) struct TrackReader {
    pub(super) info: Track,
    /// The track's number in the file.
    pub(super) id: u32,
    pub(super) defaults: Defaults,
    tables: Tables,
    cursor: Cursor,
    /// Samples of fragments that were read so far.
    pub(super) fragments: VecDeque<Sample>,
    /// Decoding time after the last fragment.
    pub(super) next_dts: i64,
    segments: Vec<Segment>,
    segment: usize,
    has_entered: bool,
    starts_anew: bool,
    pending: Option<Pending>,
    is_done: bool,
    /// True if samples before the first that is needed are brought, too.
    pub(super) keeps_all: bool,
}

/// A sample that is next, with what its packet says.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) sample: Sample,
    pub(super) segment: Segment,
    pub(super) starts_anew: bool,
}

/// Values of a fragment's samples that it does not state itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Defaults {
    pub(super) duration: u32,
    pub(super) size: u32,
    pub(super) flags: u32,
}

impl TrackReader {
    /// Reads a `TrackBox`; none where it is too damaged to say anything.
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
            (info.decoder, info.picture, info.sound) = (entry.decoder, entry.picture, entry.sound);
        }
        match orientation(tkhd, is_long) {
            Some(orientation) => info.picture.orientation = orientation,
            None if kind == Kind::Video => log::warn!(
                "Video track {index} is turned, scaled or sheared in a way that is no quarter turn, \
                 which is not supported: its frames are shown as they are coded."
            ),
            None => {}
        }
        let tables = Tables::new(stbl, pcm_bytes);
        let list = descendant(trak, &[b"edts"]).and_then(decode_child::<Elst>);
        if list.is_some() {
            // The edits leave it out.
            info.sound.delay = 0;
        }
        let has_fragments = mvex.is_some();
        // The header's duration is often rounded, or of the movie; the table is exact.
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
        // Of fragments the durations are not known yet; several edits leave no frame grid.
        info.picture.is_variable |= has_fragments || segments.len() > 1;
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
            starts_anew: false,
            pending: None,
            is_done: false,
            keeps_all: false,
        })
    }

    /// The next sample that is decoded, as far as the tables and the fragments read so far have it.
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
                    self.starts_anew = self.segment > 0;
                }
            }
            let sample = self.cursor.next(&self.tables).or_else(|| self.fragments.pop_front())?;
            let pts = sample.pts.saturating_add(segment.shift);
            // What follows in decoding order may be presented earlier, but not across a point where
            // decoding can start.
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
                        // Fragments go on where they are.
                        self.fragments.push_front(sample);
                    }
                }
                continue;
            }
            let starts_anew = std::mem::take(&mut self.starts_anew);
            self.pending = Some(Pending { sample, segment, starts_anew });
        }
        self.pending.as_ref()
    }

    /// Takes the sample that [`pending`](Self::pending) showed.
    pub(super) fn take(&mut self) -> Option<Pending> {
        self.pending.take()
    }

    /// Whether nothing of the track is presented any more.
    pub(super) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// Ends the track.
    pub(super) fn end(&mut self) {
        self.is_done = true;
        self.pending = None;
        self.fragments.clear();
    }

    /// Whether samples are decoded rather than copied.
    pub(super) fn is_pcm(&self) -> bool {
        matches!(self.info.decoder, Some(Codec::Pcm(_)))
    }
}

/// Shifts the segments of video as FFmpeg does, so that none begins between two frames: in each the
/// first presented frame in decoding order is decoded at the segment's start, and then everything is
/// earlier by what the first frame of all is late.
fn align(segments: &mut [Segment], tables: &Tables) {
    /// Frames that may be presented earlier than the first one in decoding order.
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
        // No later segment begins before its start, where the one before it ends.
        segment.shift = segment.shift.saturating_sub(own.min(*late.get_or_insert(own)));
        let end = media.end.saturating_add(segment.shift);
        segment.window = media.start.saturating_add(segment.shift)..if media.end == i64::MAX {
            i64::MAX
        } else {
            end
        };
    }
}

/// Sets the frame rate: exact where all frames but the last have one duration, else the mean.
fn frame_rate(info: &mut Track, tables: &Tables, timescale: u32, duration: u64) {
    let timescale = i64::from(timescale);
    match tables.constant_duration() {
        Some(each) => info.picture.frame_rate = Rational::new(timescale, each.into()).ok(),
        None => {
            info.picture.is_variable = tables.samples() > 1;
            let count = i64::from(tables.samples());
            let duration = i64::try_from(duration).unwrap_or(i64::MAX).max(1);
            info.picture.frame_rate = count
                .checked_mul(timescale)
                .and_then(|frames| Rational::new(frames, duration).ok());
        }
    }
}

/// The turn in a track header's matrix (ISO/IEC 14496-12 §8.3.2); none where it is another
/// transformation.
fn orientation(tkhd: &[u8], is_long: bool) -> Option<Orientation> {
    let at = if is_long { 52 } else { 40 };
    let sign = |index: usize| be32(tkhd, at + 4 * index).map(|value| (value as i32).signum());
    let (a, b, c, d) = (sign(0)?, sign(1)?, sign(3)?, sign(4)?);
    // The determinant tells mirroring, which is undone first.
    let is_mirrored = a * d - b * c < 0;
    let (a, b) = if is_mirrored { (-a, -b) } else { (a, b) };
    let quarter_turns = match (a, b, c, d) {
        // Some writers leave it empty.
        (1, 0, 0, 1) | (0, 0, 0, 0) => 0,
        (0, 1, -1, 0) => 1,
        (-1, 0, 0, -1) => 2,
        (0, -1, 1, 0) => 3,
        // Scaled, sheared or none at all.
        _ => return None,
    };
    Some(Orientation { quarter_turns, is_mirrored })
}
