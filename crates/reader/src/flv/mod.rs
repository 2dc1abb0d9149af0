//! FLV (Adobe's *Flash Video File Format Specification* 10.1, Enhanced RTMP): files and streams.

mod amf;
mod tags;
#[cfg(test)]
mod tests;
mod track;

use std::collections::VecDeque;

use anyhow::bail;
use reelwright_core::Rational;

use crate::packet::{Demuxer, Kind, Packet, Track};
use crate::source::Source;
use amf::{Reader, Value};
use tags::{Content, parts};
use track::TrackReader;

/// Maximum number of bytes that are buffered for tracks of a stream that are read later.
const MAX_WAITING: usize = 256 << 20;
/// Number of bytes that are searched for the next tag after damage.
const SEARCHED: usize = 1 << 20;
/// Bytes of a tag's header, and after its body.
const HEADER: u64 = 11;
const TRAILER: u64 = 4;
/// Limits of the search for tracks, in bytes and milliseconds of media.
const MAX_SCANNED: u64 = 16 << 20;
const MAX_SCANNED_MILLIS: i64 = 10_000;
/// Milliseconds of media that are searched for tracks if the header of the file states none.
const SCANNED_MILLIS: i64 = 1000;
/// Properties of the metadata that describe the file.
const PROPERTIES: &[&str] = &["metadatacreator", "creationdate", "audiocodecid", "videocodecid"];

/// A tag.
struct Tag {
    kind: TagKind,
    /// Time in milliseconds, modulo 2^32.
    time: u32,
    body: u64,
    size: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagKind {
    Media(Kind),
    Script,
    /// An encrypted tag.
    Encrypted,
}

/// Position in a file, and the time there.
#[derive(Debug, Clone, Copy)]
struct Walker {
    at: u64,
    /// Time of the last tag in milliseconds, without wraps.
    time: i64,
    /// True if tags before this position were lost.
    is_lost: bool,
}

/// Demuxer of FLV.
pub(crate) struct Flv {
    name: String,
    source: Source,
    tracks: Vec<TrackReader>,
    /// Read positions: one per track of a file, or a single one for a stream.
    walkers: Vec<Walker>,
    selected: Vec<usize>,
    waiting: Vec<VecDeque<Packet>>,
    waiting_bytes: usize,
    tags: Vec<(String, String)>,
    /// Size of the complete file, if the metadata states it.
    stated_size: u64,
    /// Time of the file at which the media begins, in milliseconds.
    origin: i64,
    is_damaged: bool,
    has_warned: bool,
}

/// Frame that was found while searching for tracks.
struct Frame {
    track: usize,
    data: Vec<u8>,
    time: i64,
    offset: i64,
    is_keyframe: bool,
}

impl Flv {
    /// Returns true if the input begins with the signature and version of FLV.
    pub(crate) fn matches(start: &[u8]) -> bool {
        start.starts_with(b"FLV\x01")
    }

    /// Reads the header, the metadata, and tags up to the first frame of each track. `name` is the
    /// input's name in messages.
    ///
    /// # Errors
    /// The header is truncated, or the input has no tracks.
    pub(crate) fn open(mut source: Source, name: &str) -> anyhow::Result<Self> {
        let header = source.bytes_at(0, 9)?;
        let &[_, _, _, _, flags, a, b, c, d] = &header[..] else {
            bail!("its header is truncated");
        };
        let start = u64::from(u32::from_be_bytes([a, b, c, d]).clamp(9, 1 << 16)) + TRAILER;
        let first = Walker { at: start, time: 0, is_lost: false };
        let mut flv = Self {
            name: name.to_owned(),
            source,
            tracks: Vec::new(),
            walkers: Vec::new(),
            selected: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            tags: Vec::new(),
            stated_size: 0,
            origin: 0,
            is_damaged: false,
            has_warned: false,
        };
        let (walker, frames, metadata) = flv.scan(first, flags)?;
        if flv.tracks.is_empty() {
            bail!("it has no audio and no video");
        }
        flv.describe(&metadata, &frames);
        let count = flv.tracks.len();
        flv.selected = (0..count).collect();
        flv.waiting = (0..count).map(|_| VecDeque::new()).collect();
        if flv.source.is_seekable() {
            // Each track is read from the start. Damage before the media was found.
            flv.walkers = vec![first; count];
        } else {
            flv.walkers = vec![walker];
            for frame in frames {
                flv.push(&frame);
            }
        }
        Ok(flv)
    }

    /// Returns the tracks.
    pub(crate) fn tracks(&self) -> Vec<Track> {
        self.tracks.iter().map(|track| track.info.clone()).collect()
    }

    /// Removes and returns the metadata with FFmpeg's names.
    pub(crate) fn take_tags(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.tags)
    }

    /// Searches for tracks. Returns the position after the search, the frames found on the way, and
    /// the metadata.
    fn scan(
        &mut self,
        mut walker: Walker,
        flags: u8,
    ) -> anyhow::Result<(Walker, Vec<Frame>, Value)> {
        let start = walker.at;
        let mut frames: Vec<Frame> = Vec::new();
        let mut metadata = Value::Other;
        let expected = [(4, Kind::Audio), (1, Kind::Video)];
        while let Some(tag) = self.read(&mut walker)? {
            let is_media = matches!(tag.kind, TagKind::Media(_));
            if tag.kind == TagKind::Script || is_media {
                let body = self.source.bytes_at(tag.body, tag.size as usize)?;
                if body.len() < tag.size as usize {
                    self.is_damaged = true;
                    break;
                }
                match tag.kind {
                    TagKind::Media(kind) => self.scan_media(kind, &body, walker.time, &mut frames),
                    _ if metadata == Value::Other => metadata = script(&body),
                    _ => {}
                }
            }
            let has_frame = |index| frames.iter().any(|frame| frame.track == index);
            let mut ready = self.tracks.iter().enumerate();
            let are_ready = ready.all(|(index, track)| track.is_ready() && has_frame(index));
            let has = |kind| self.tracks.iter().any(|track| track.info.kind == kind);
            let are_found = expected.iter().all(|(flag, kind)| flags & flag == 0 || has(*kind));
            let passed = frames.first().map_or(0, |first| walker.time - first.time);
            let is_stated = flags & 5 != 0 || passed >= SCANNED_MILLIS;
            if (!self.tracks.is_empty() && are_ready && are_found && is_stated)
                || passed >= MAX_SCANNED_MILLIS
                || walker.at - start > MAX_SCANNED
            {
                break;
            }
        }
        Ok((walker, frames, metadata))
    }

    fn scan_media(&mut self, kind: Kind, body: &[u8], time: i64, frames: &mut Vec<Frame>) {
        for part in parts(kind, body) {
            if part.content == Content::Nothing {
                continue;
            }
            let is_known =
                |track: &TrackReader| track.info.kind == kind && track.number == part.number;
            let index = match self.tracks.iter().position(is_known) {
                Some(index) => index,
                None => {
                    let mut track = TrackReader::new(kind, part.number, part.codec);
                    track.info.index = self.tracks.len();
                    self.tracks.push(track);
                    self.tracks.len() - 1
                }
            };
            let track = &mut self.tracks[index];
            let data = &body[part.data];
            if !track.has_codec(part.codec) {
                continue;
            }
            match part.content {
                Content::Configuration if track.info.decoder.is_none() => track.configure(data),
                Content::Channels => track.set_channels(data),
                Content::Frame { is_keyframe, offset } if !data.is_empty() => {
                    track.begin(data);
                    let (data, offset) = (data.to_vec(), offset.into());
                    frames.push(Frame { track: index, data, time, offset, is_keyframe });
                }
                _ => {}
            }
        }
    }

    /// Completes the tracks with the metadata, and finds the start of the media.
    fn describe(&mut self, metadata: &Value, frames: &[Frame]) {
        let number = |name: &str| metadata.get(name).and_then(Value::number);
        for track in &mut self.tracks {
            let map = match track.info.kind {
                Kind::Video => "videoTrackIdInfoMap",
                _ => "audioTrackIdInfoMap",
            };
            let own = metadata.get(map).and_then(|map| map.get(&track.number.to_string()));
            let of_track = |name: &str| match track.number {
                0 => number(name),
                _ => own.and_then(|own| own.get(name)).and_then(Value::number),
            };
            if track.info.kind == Kind::Video {
                let side = |name| of_track(name).filter(|side| (1.0..65_536.0).contains(side));
                if let (None, Some(width), Some(height)) =
                    (track.info.video.size, side("width"), side("height"))
                {
                    track.info.video.size = Some((width as usize, height as usize));
                }
                let rate = of_track("framerate").filter(|rate| (0.1..=1000.0).contains(rate));
                track.info.video.frame_rate = rate.and_then(|rate| Rational::from_f64(rate).ok());
                track.info.video.is_variable = track.info.video.frame_rate.is_none();
            } else if track.number == 0
                && let Some(delay) = number("audiodelay")
            {
                track.set_delay(delay);
            }
        }
        // If times begin at 0, a writer may have added the priming and the delay of reordered
        // frames to all of them. The media begins with the first frame that is presented.
        let first = frames.iter().map(|frame| frame.time).min();
        if first == Some(0) {
            let starts = self.tracks.iter().enumerate().filter_map(|(index, track)| {
                let frame = frames.iter().find(|frame| frame.track == index)?;
                Some(frame.time + frame.offset + track.priming_millis())
            });
            self.origin = starts.min().unwrap_or(0).max(0);
        }
        self.stated_size = number("filesize").map_or(0, |size| size as u64);
        let millis = number("duration").map(|seconds| (seconds * 1000.0).round() as i64);
        let millis = millis.map(|millis| millis.saturating_sub(self.origin));
        for track in &mut self.tracks {
            let unit = track.info.time_base.seconds().to_f64();
            let units = millis.map(|millis| millis as f64 / 1000.0 / unit);
            let units = units.filter(|units| (1.0..1e18).contains(units));
            track.info.duration = units.map(|units| units.round() as u64);
            if track.info.kind == Kind::Audio {
                let end = number("duration").map(|seconds| seconds - self.origin as f64 / 1000.0);
                let end = end.map(|seconds| seconds / unit).filter(|end| (1.0..1e15).contains(end));
                track.stated_end = end.map(|end| end.round() as i64);
            }
        }
        if let Value::Object(properties) = metadata {
            for (name, value) in properties {
                if let Value::Text(text) = value
                    && !text.is_empty()
                    && !PROPERTIES.contains(&&name.to_ascii_lowercase()[..])
                {
                    self.tags.push((name.clone(), text.clone()));
                }
            }
        }
    }

    /// Adds a packet to those that wait.
    fn push(&mut self, frame: &Frame) {
        let dts = frame.time.saturating_sub(self.origin);
        if frame.time == 0 && self.origin == 0 {
            self.tracks[frame.track].begin_with_priming();
        }
        let pts = dts.saturating_add(frame.offset);
        let packet = self.tracks[frame.track].packet(&frame.data, dts, pts, frame.is_keyframe);
        if let Some(packet) = packet {
            self.waiting_bytes += packet.data.len();
            self.waiting[frame.track].push_back(packet);
        }
    }

    /// Reads the header of the next complete tag, and moves after the tag. Returns `None` at the
    /// end.
    fn read(&mut self, walker: &mut Walker) -> anyhow::Result<Option<Tag>> {
        loop {
            let header = self.source.bytes_at(walker.at, HEADER as usize)?;
            if header.is_empty() {
                // The file may end between two tags.
                self.is_damaged |= walker.at < self.stated_size;
                return Ok(None);
            }
            let tag = tag(&header, walker.at);
            let Some(tag) = tag.filter(|tag| self.is_whole(tag)) else {
                self.is_damaged = true;
                match self.search(walker.at)? {
                    Some(at) => {
                        (walker.at, walker.is_lost) = (at, true);
                        continue;
                    }
                    None => return Ok(None),
                }
            };
            walker.at = tag.body + u64::from(tag.size) + TRAILER;
            walker.time = unwrapped(walker.time, tag.time);
            return Ok(Some(tag));
        }
    }

    /// Returns false if a tag is longer than a file.
    fn is_whole(&self, tag: &Tag) -> bool {
        self.source.size().is_none_or(|size| tag.body + u64::from(tag.size) <= size)
    }

    /// Searches for the next tag after `at` whose size is repeated after it.
    fn search(&mut self, at: u64) -> anyhow::Result<Option<u64>> {
        let bytes = self.source.bytes_at(at, SEARCHED)?;
        let is_tag = |index: usize| {
            let Some(found) = tag(&bytes[index..], 0) else { return false };
            let end = index + HEADER as usize + found.size as usize;
            let trailer = bytes.get(end..end + TRAILER as usize);
            let size = HEADER as u32 + found.size;
            trailer.is_some_and(|trailer| trailer == size.to_be_bytes())
        };
        let found = (1..bytes.len()).find(|index| is_tag(*index));
        Ok(found.map(|index| at + index as u64))
    }

    /// Reads the next tag of a track, or of any track of a stream. Returns false at the end.
    fn step(&mut self, index: usize) -> anyhow::Result<bool> {
        let is_file = self.source.is_seekable();
        let position = if is_file { index } else { 0 };
        let Some(mut walker) = self.walkers.get(position).copied() else { return Ok(false) };
        let tag = self.read(&mut walker);
        let is_lost = std::mem::take(&mut walker.is_lost);
        self.walkers[position] = walker;
        let Some(tag) = tag? else { return Ok(false) };
        let selected = if is_file { vec![index] } else { self.selected.clone() };
        for index in &selected {
            self.tracks[*index].is_lost |= is_lost;
        }
        let TagKind::Media(kind) = tag.kind else {
            if tag.kind == TagKind::Encrypted {
                self.warn("it has encrypted tags");
                self.is_damaged = true;
            }
            return Ok(true);
        };
        if !selected.iter().any(|index| self.tracks[*index].info.kind == kind) {
            return Ok(true);
        }
        let body = self.source.bytes_at(tag.body, tag.size as usize)?;
        if body.len() < tag.size as usize {
            // A stream ends within the tag.
            self.is_damaged = true;
            return Ok(true);
        }
        for part in parts(kind, &body) {
            let is_wanted = |index: &usize| {
                let track = &self.tracks[*index];
                track.info.kind == kind && track.number == part.number
            };
            let Some(owner) = selected.iter().copied().find(is_wanted) else { continue };
            let track = &mut self.tracks[owner];
            if !track.has_codec(part.codec) {
                self.warn("the codec of a track changes, and the rest is ignored");
                self.is_damaged = true;
                continue;
            }
            let data = &body[part.data];
            match part.content {
                Content::Configuration => track.configure(data),
                Content::Frame { is_keyframe, offset } => {
                    let (data, offset) = (data.to_vec(), i64::from(offset));
                    let time = walker.time;
                    self.push(&Frame { track: owner, data, time, offset, is_keyframe });
                }
                Content::Channels | Content::Nothing => {}
            }
        }
        if self.waiting_bytes > MAX_WAITING && !is_file {
            bail!(
                "its tracks are not interleaved enough to be read from a stream: pass a file name"
            );
        }
        Ok(true)
    }

    fn warn(&mut self, what: &str) {
        if !std::mem::replace(&mut self.has_warned, true) {
            log::warn!("{}: {what}.", self.name);
        }
    }
}

/// Parses the header of a tag at `at`. Returns `None` if it is truncated or invalid.
fn tag(header: &[u8], at: u64) -> Option<Tag> {
    /// Bit of encrypted tags.
    const FILTER: u8 = 0x20;
    let &[kind, s0, s1, s2, t0, t1, t2, extended, 0, 0, 0, ..] = header else { return None };
    let kind = match kind {
        8 => TagKind::Media(Kind::Audio),
        9 => TagKind::Media(Kind::Video),
        18 => TagKind::Script,
        other if other & FILTER != 0 && matches!(other & !FILTER, 8 | 9 | 18) => TagKind::Encrypted,
        _ => return None,
    };
    let time = u32::from_be_bytes([extended, t0, t1, t2]);
    Some(Tag { kind, time, body: at + HEADER, size: u32::from_be_bytes([0, s0, s1, s2]) })
}

/// Returns the time nearest to that of the last tag. Writers begin again at 0 after 2^31 or 2^32
/// milliseconds.
fn unwrapped(last: i64, time: u32) -> i64 {
    const PERIOD: i64 = 1 << 31;
    let within = i64::from(time) % PERIOD;
    let periods = (last - within + PERIOD / 2).div_euclid(PERIOD).max(0);
    within + periods * PERIOD
}

/// Returns the properties of `onMetaData`.
fn script(body: &[u8]) -> Value {
    let mut reader = Reader(body);
    match (reader.value(), reader.value()) {
        (Some(Value::Text(name)), Some(value)) if name == "onMetaData" => value,
        _ => Value::Other,
    }
}

impl Demuxer for Flv {
    fn next(&mut self, index: usize) -> anyhow::Result<Option<Packet>> {
        // The last packet of audio may be cut, so one waits for the next.
        let held = self.tracks.get(index).map_or(0, |track| track.stated_end.map_or(0, |_| 1));
        loop {
            let Some(waiting) = self.waiting.get(index) else { return Ok(None) };
            let is_last = waiting.len() <= held && !self.step(index)?;
            let waiting = &mut self.waiting[index];
            if waiting.len() <= held && !is_last {
                continue;
            }
            let Some(mut packet) = waiting.pop_front() else { return Ok(None) };
            self.waiting_bytes -= packet.data.len();
            if is_last {
                self.tracks[index].cut_last(&mut packet);
            }
            return Ok(Some(packet));
        }
    }

    fn select(&mut self, tracks: &[usize]) {
        self.selected = tracks.iter().copied().filter(|t| *t < self.tracks.len()).collect();
        for (track, waiting) in self.waiting.iter_mut().enumerate() {
            if !tracks.contains(&track) {
                self.waiting_bytes -= waiting.iter().map(|packet| packet.data.len()).sum::<usize>();
                waiting.clear();
            }
        }
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
