//! MP4 and QuickTime (ISO/IEC 14496-12): sample tables, edit lists and fragments. Streams are
//! supported if the index is at the start.

mod boxes;
mod chapters;
mod edits;
mod entry;
mod fragments;
mod tables;
mod tags;
mod track;

use std::collections::VecDeque;

use anyhow::bail;
use mp4_atom::Mvhd;
use reelwright_core::{Chapter, CoverArt};

use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2};

use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;
use boxes::{child, children, decode_child};
use tags::Tags;
use track::TrackReader;

pub(crate) use entry::{code_point, descriptor, sample_entry};

/// Maximum number of bytes that are buffered for tracks of a stream that are read later.
const MAX_WAITING: usize = 256 << 20;
/// Maximum size in bytes of an index or a packet of a stream, whose total size is unknown.
const MAX_BOX: u64 = 256 << 20;

/// Maximum number of chapters, and maximum size in bytes of a chapter sample.
const MAX_CHAPTERS: usize = 1 << 16;
const MAX_TITLE: u64 = 1 << 17;

/// Demuxer of a movie.
pub(crate) struct Mp4 {
    source: Source,
    tracks: Vec<TrackReader>,
    selected: Vec<usize>,
    /// Packets of other tracks that were read from a stream, and their total size in bytes.
    waiting: Vec<VecDeque<Packet>>,
    waiting_bytes: usize,
    /// Offset of the next top-level box, or `None` if no fragments follow.
    next_box: Option<u64>,
    is_damaged: bool,
    tags: Tags,
    chapters: Vec<Chapter>,
}

/// Header of a top-level box.
struct TopBox {
    kind: [u8; 4],
    body: u64,
    /// Offset of the next box, or `None` if this box extends to the end of the file.
    end: Option<u64>,
}

/// Error: the header of a box is truncated or has an invalid size.
struct BadHeader;

/// Reads the header of the box at `at`, or returns `None` at the end of the input.
fn top_box(source: &mut Source, at: u64) -> anyhow::Result<Option<Result<TopBox, BadHeader>>> {
    let mut header = [0; 16];
    let read = source.read_at(at, &mut header)?;
    if read == 0 {
        return Ok(None);
    }
    let [a, b, c, d, k0, k1, k2, k3, long @ ..] = header;
    let (size, skip) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (None, 8),
        1 => (Some(u64::from_be_bytes(long)), 16),
        size => (Some(u64::from(size)), 8),
    };
    let end = size.map(|size| at.checked_add(size).filter(|_| size >= skip as u64));
    Ok(Some(match end {
        Some(None) => Err(BadHeader),
        _ if read < skip => Err(BadHeader),
        end => Ok(TopBox { kind: [k0, k1, k2, k3], body: at + skip as u64, end: end.flatten() }),
    }))
}

impl Mp4 {
    /// Returns true if the input begins as an MP4 or QuickTime file.
    pub(crate) fn matches(start: &[u8]) -> bool {
        const FIRST: &[&[u8; 4]] =
            &[b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot", b"moof"];
        start.get(4..8).is_some_and(|kind| FIRST.iter().any(|first| *first == kind))
    }

    /// Reads the index of the movie.
    ///
    /// # Errors
    /// The index is missing or damaged.
    pub(crate) fn open(mut source: Source) -> anyhow::Result<Self> {
        let mut at = 0;
        let mut is_damaged = false;
        let moov = loop {
            let Some(Ok(top)) = top_box(&mut source, at)? else {
                bail!("no index (moov box). The file is truncated, or not an MP4 file");
            };
            if &top.kind == b"moov" {
                let size = match (top.end, source.size()) {
                    (Some(end), _) => end - top.body,
                    (None, Some(size)) => size.saturating_sub(top.body),
                    (None, None) => MAX_BOX,
                };
                if !source.is_seekable() && size > MAX_BOX {
                    bail!("the index has {size} bytes. The maximum for streams is {MAX_BOX}");
                }
                let wanted = usize::try_from(size).unwrap_or(usize::MAX);
                let moov = source.bytes_at(top.body, wanted)?;
                is_damaged |= moov.len() < wanted && top.end.is_some();
                at = top.end.unwrap_or(u64::MAX);
                break moov;
            }
            let (kind, Some(end)) = (top.kind, top.end) else {
                bail!("no index (moov box) before the media");
            };
            if &kind == b"mdat" && !source.is_seekable() {
                bail!(
                    "the index (moov box) follows the media, so the input must be seekable. Pass a \
                     file name, or write the file with faststart or as fragments"
                );
            }
            at = end;
        };
        let movie_timescale = decode_child::<Mvhd>(&moov).map_or(1, |mvhd| mvhd.timescale);
        let mut tags = Tags::read(&moov);
        let created = decode_child::<Mvhd>(&moov).and_then(|mvhd| time(mvhd.creation_time));
        tags.entries.extend(created.map(|time| ("creation_time".to_owned(), time)));
        let mvex = child(&moov, b"mvex");
        let traks = children(&moov).filter(|(kind, _)| kind == b"trak").map(|(_, body)| body);
        let mut tracks = Vec::new();
        let mut references = Vec::new();
        for trak in traks {
            references.extend(chapters::references(trak));
            match TrackReader::new(tracks.len(), trak, movie_timescale, mvex) {
                Some(track) => tracks.push(track),
                None => is_damaged = true,
            }
        }
        let waiting = tracks.iter().map(|_| VecDeque::new()).collect();
        // Fragments before the index belong to another movie.
        let next_box = mvex.map(|_| at);
        let selected = (0..tracks.len()).collect();
        let mut movie = Self {
            source,
            tracks,
            selected,
            waiting,
            waiting_bytes: 0,
            next_box,
            is_damaged,
            tags,
            chapters: chapters::nero(&moov),
        };
        movie.read_chapters(&references)?;
        if movie.next_box.is_none() {
            movie.check_end(at)?;
        }
        movie.find_layers()?;
        Ok(movie)
    }

    /// Returns the tracks.
    pub(crate) fn tracks(&self) -> Vec<Track> {
        self.tracks.iter().map(|track| track.info.clone()).collect()
    }

    /// Removes and returns the metadata with FFmpeg's names, and the cover art.
    pub(crate) fn take_tags(&mut self) -> (Vec<(String, String)>, Option<CoverArt>) {
        (std::mem::take(&mut self.tags.entries), self.tags.cover.take())
    }

    /// Removes and returns the chapters.
    pub(crate) fn take_chapters(&mut self) -> Vec<Chapter> {
        std::mem::take(&mut self.chapters)
    }

    /// Reads the titles in chapter tracks if the input is seekable.
    fn read_chapters(&mut self, numbers: &[u32]) -> anyhow::Result<()> {
        for index in 0..self.tracks.len() {
            let info = &mut self.tracks[index].info;
            let is_text = matches!(info.kind, Kind::Subtitle | Kind::Data);
            if !is_text || !numbers.contains(&self.tracks[index].id) {
                continue;
            }
            let info = &mut self.tracks[index].info;
            info.is_chapters = true;
            let time_base = info.time_base;
            let mut found = Vec::new();
            while self.source.is_seekable() && found.len() < MAX_CHAPTERS {
                let Some(next) = self.tracks[index].pending() else { break };
                if next.sample.size > MAX_TITLE {
                    break;
                }
                let Some(packet) = self.read(index)? else { break };
                let duration = i64::try_from(packet.duration).unwrap_or(i64::MAX);
                found.extend(chapters::sample(&packet.data, packet.pts, duration, time_base));
            }
            if !found.is_empty() {
                // Nero's box stores fewer chapters.
                self.chapters = found;
            }
        }
        Ok(())
    }

    /// Reads the layer of MPEG audio from its frames (ISO/IEC 11172-3 §2.4.2.3).
    fn find_layers(&mut self) -> anyhow::Result<()> {
        if !self.source.is_seekable() {
            return Ok(());
        }
        for track in &mut self.tracks {
            if track.info.codec != "mp3" {
                continue;
            }
            let Some(offset) = track.pending().map(|next| next.sample.offset) else { continue };
            let header = self.source.bytes_at(offset, 2)?;
            let (id, codec) = match header[..] {
                [0xFF, second] if second & 0xE6 == 0xE4 => (CODEC_ID_MP2, "mp2"),
                [0xFF, second] if second & 0xE6 == 0xE6 => (CODEC_ID_MP1, "mp1"),
                _ => continue,
            };
            codec.clone_into(&mut track.info.codec);
            if let Some(Codec::Symphonia(parameters)) = &mut track.info.decoder {
                parameters.for_codec(id);
            }
        }
        Ok(())
    }

    /// Checks if the last box of a file is truncated.
    fn check_end(&mut self, mut at: u64) -> anyhow::Result<()> {
        let Some(size) = self.source.size() else { return Ok(()) };
        while at < size {
            match top_box(&mut self.source, at)? {
                Some(Ok(TopBox { end: Some(end), .. })) => at = end,
                Some(Err(BadHeader)) => {
                    // A few bytes at the end are not damage.
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
        self.is_damaged |= at > size && at != u64::MAX;
        Ok(())
    }

    /// Reads boxes up to the next fragment. Returns false at the end of the file.
    fn next_fragment(&mut self) -> anyhow::Result<bool> {
        while let Some(at) = self.next_box {
            let top = match top_box(&mut self.source, at)? {
                Some(Ok(top)) => top,
                Some(Err(BadHeader)) => {
                    self.is_damaged = true;
                    self.next_box = None;
                    break;
                }
                None => {
                    // The previous box extends beyond the end of the file.
                    self.is_damaged |= self.source.size().is_some_and(|size| at > size);
                    self.next_box = None;
                    break;
                }
            };
            self.next_box = top.end;
            if &top.kind != b"moof" {
                continue;
            }
            let size = top.end.map_or(0, |end| end - top.body);
            if size > MAX_BOX {
                bail!("a fragment's index has {size} bytes; the maximum is {MAX_BOX}");
            }
            let body = self.source.bytes_at(top.body, size as usize)?;
            if (body.len() as u64) < size {
                self.is_damaged = true;
                self.next_box = None;
                break;
            }
            let left = self.source.size().map(|size| size.saturating_sub(at));
            fragments::read(&body, at, left, &mut self.tracks, &self.selected);
            self.pass_media()?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Skips the media after a fragment's index in a stream, because its header cannot be read
    /// again after its samples.
    fn pass_media(&mut self) -> anyhow::Result<()> {
        if !self.source.is_seekable()
            && let Some(at) = self.next_box
            && let Some(Ok(top)) = top_box(&mut self.source, at)?
            && &top.kind == b"mdat"
        {
            self.next_box = top.end;
        }
        Ok(())
    }

    /// Reads the next sample of a track. Returns `None` if it is truncated.
    fn read(&mut self, index: usize) -> anyhow::Result<Option<Packet>> {
        let track = &mut self.tracks[index];
        let Some(next) = track.take() else { return Ok(None) };
        let sample = next.sample;
        if self.source.size().is_none() && sample.size > MAX_BOX {
            bail!("a packet has {} bytes; the maximum for streams is {MAX_BOX}", sample.size);
        }
        let wanted = usize::try_from(sample.size).unwrap_or(usize::MAX);
        let mut data = self.source.bytes_at(sample.offset, wanted)?;
        let track = &mut self.tracks[index];
        if data.len() < wanted {
            self.is_damaged = true;
            track.end();
            // The available samples of PCM are complete.
            if !track.is_pcm() || data.is_empty() {
                return Ok(None);
            }
        }
        data.shrink_to_fit();
        Ok(Some(Packet {
            data,
            pts: sample.pts.saturating_add(next.segment.shift),
            dts: Some(sample.dts.saturating_add(next.segment.shift)),
            duration: sample.duration,
            is_sync: sample.is_sync,
            window: next.segment.window,
            is_discontinuous: next.is_discontinuous,
            config: None,
            trim: (0, 0),
        }))
    }
}

impl Demuxer for Mp4 {
    fn keep_all(&mut self, track: usize) {
        if let Some(track) = self.tracks.get_mut(track) {
            track.keeps_all = true;
        }
    }

    fn next(&mut self, index: usize) -> anyhow::Result<Option<Packet>> {
        loop {
            if let Some(packet) = self.waiting.get_mut(index).and_then(VecDeque::pop_front) {
                self.waiting_bytes -= packet.data.len();
                return Ok(Some(packet));
            }
            let Some(track) = self.tracks.get_mut(index) else { return Ok(None) };
            if track.is_done() {
                return Ok(None);
            }
            let is_ready = track.pending().is_some();
            if self.source.is_seekable() {
                if is_ready {
                    match self.read(index)? {
                        // Empty samples are not decoded.
                        Some(packet) if packet.data.is_empty() => {}
                        packet => return Ok(packet),
                    }
                } else if self.tracks[index].is_done() || !self.next_fragment()? {
                    return Ok(None);
                }
                continue;
            }
            // Streams are read in storage order.
            let mut first: Option<(u64, usize)> = None;
            for &other in &self.selected {
                if let Some(next) = self.tracks[other].pending() {
                    let candidate = (next.sample.offset, other);
                    first = Some(first.map_or(candidate, |first| first.min(candidate)));
                }
            }
            match first {
                Some((_, other)) => {
                    if let Some(packet) = self.read(other)?.filter(|packet| !packet.data.is_empty())
                    {
                        self.waiting_bytes += packet.data.len();
                        self.waiting[other].push_back(packet);
                    }
                    if self.waiting_bytes > MAX_WAITING {
                        bail!(
                            "the tracks are not interleaved enough to be read from a stream. Pass \
                             a file name"
                        );
                    }
                }
                None if self.next_fragment()? => {}
                None => return Ok(None),
            }
        }
    }

    fn select(&mut self, tracks: &[usize]) {
        self.selected = tracks.iter().copied().filter(|t| *t < self.tracks.len()).collect();
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

/// Converts seconds since 1904 to ISO 8601. Returns `None` for 0, which means "unknown".
pub(crate) fn time(since_1904: u64) -> Option<String> {
    const UNTIL_1970: u64 = 2_082_844_800;
    let seconds = since_1904.checked_sub(UNTIL_1970)?;
    let days = i64::try_from(seconds / 86_400).ok().filter(|days| *days < 3_000_000)?;
    // Converts days to a date of the proleptic Gregorian calendar, in 400-year eras from March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let of_day = seconds % 86_400;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000000Z"))
}
