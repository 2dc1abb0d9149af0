//! Matroska and WebM (RFC 9559): headers, tracks and clusters of files and streams.

mod blocks;
mod chapters;
mod clusters;
mod codecs;
mod ebml;
mod encodings;
mod ids;
mod tags;
mod timing;
mod tracks;

use std::collections::VecDeque;

use anyhow::bail;
use reelwright_core::{Chapter, CoverArt};

use crate::packet::{Demuxer, Kind, Packet, Track};
use crate::source::Source;
use chapters::Chapters;
use clusters::Walker;
use ebml::{Element, Read, child, children, float, int, text, uint, uint_child};
use tags::{Attachments, Tags};
use tracks::TrackReader;

/// Maximum number of bytes that are buffered for tracks of a stream that are read later.
const MAX_WAITING: usize = 256 << 20;
/// Maximum size in bytes of elements other than clusters.
const MAX_ELEMENT: u64 = 64 << 20;
/// Default duration of a time unit in nanoseconds.
const TIMESTAMP_SCALE: u64 = 1_000_000;

/// Demuxer of a segment.
pub(crate) struct Matroska {
    name: String,
    container: &'static str,
    source: Source,
    tracks: Vec<TrackReader>,
    selected: Vec<usize>,
    /// Read positions: one per track of a file, or a single one for a stream.
    walkers: Vec<Walker>,
    waiting: Vec<VecDeque<Packet>>,
    waiting_bytes: usize,
    tags: Vec<(String, String)>,
    cover: Option<CoverArt>,
    chapters: Vec<Chapter>,
    is_damaged: bool,
    has_warned: bool,
}

/// Elements before the clusters, or found through the index of a file.
#[derive(Default)]
struct Headers {
    info: Option<Vec<u8>>,
    tracks: Option<Vec<u8>>,
    tags: Tags,
    has_tags: bool,
    attachments: Option<Attachments>,
    chapters: Option<Chapters>,
    /// Identifiers and offsets of further elements.
    seek: Vec<(u32, u64)>,
    is_damaged: bool,
}

impl Matroska {
    /// Returns true if the input begins with an EBML header.
    pub(crate) fn matches(start: &[u8]) -> bool {
        start.starts_with(&ids::EBML.to_be_bytes())
    }

    /// Reads the headers. `name` is the input's name in messages.
    ///
    /// # Errors
    /// The input is another kind of EBML document, or has no tracks.
    pub(crate) fn open(mut source: Source, name: &str) -> anyhow::Result<Self> {
        let (container, at) = document(&mut source)?;
        let segment = segment(&mut source, at)?;
        let segment_end = segment.end();
        let mut headers = Headers::default();
        let mut at = headers.walk(&mut source, segment.body, segment_end)?;
        if headers.tracks.is_none()
            && let Some(tracks) = search(&mut source, at)?
        {
            // The elements before the tracks are damaged.
            headers.is_damaged = true;
            at = headers.walk(&mut source, tracks, segment_end)?;
        }
        if source.is_seekable() {
            headers.follow(&mut source, segment.body)?;
        }
        let Some(entries) = headers.tracks.take() else {
            bail!("no tracks. The header is truncated or damaged");
        };
        let info = headers.info.take().unwrap_or_default();
        let scale = uint_child(&info, ids::TIMESTAMP_SCALE);
        let scale = scale.filter(|scale| (1..1 << 40).contains(scale)).unwrap_or(TIMESTAMP_SCALE);
        let duration = child(&info, ids::DURATION).and_then(float);
        let mut all = children(&entries);
        let mut tracks: Vec<TrackReader> = Vec::new();
        for (_, entry) in all.by_ref().filter(|(id, _)| *id == ids::TRACK_ENTRY) {
            match TrackReader::new(tracks.len(), entry, scale) {
                Some(mut track) => {
                    if let Some(duration) = duration {
                        track.set_duration(duration);
                    }
                    tracks.push(track);
                }
                None => headers.is_damaged = true,
            }
        }
        headers.is_damaged |= all.is_cut();
        if tracks.is_empty() {
            bail!("the list of tracks is empty or damaged");
        }
        let mut tags = Vec::new();
        if let Some(title) = child(&info, ids::TITLE).map(text).filter(|title| !title.is_empty()) {
            tags.push(("title".to_owned(), title));
        }
        if let Some(date) = child(&info, ids::DATE_UTC).and_then(int).and_then(date) {
            tags.push(("creation_time".to_owned(), date));
        }
        for (key, value) in headers.tags.named() {
            if !tags.iter().any(|(known, _)| *known == key) {
                tags.push((key, value));
            }
        }
        let chapters = headers.chapters.unwrap_or_default();
        if chapters.others > 0 {
            log::warn!(
                "{name}: {} chapters are ignored. Only top-level chapters of an edition in storage \
                 order are supported.",
                chapters.others
            );
        }
        let attachments = headers.attachments.unwrap_or_default();
        for file in &attachments.others {
            log::warn!("{name}: attachment {file:?} is ignored. Only a cover is kept.");
        }
        let walker = Walker::new(at, segment_end);
        let walkers = if source.is_seekable() { tracks.len() } else { 1 };
        Ok(Self {
            name: name.to_owned(),
            container,
            source,
            selected: (0..tracks.len()).collect(),
            walkers: vec![walker; walkers],
            waiting: tracks.iter().map(|_| VecDeque::new()).collect(),
            tracks,
            waiting_bytes: 0,
            tags,
            cover: attachments.cover,
            chapters: chapters.all,
            is_damaged: headers.is_damaged,
            has_warned: false,
        })
    }

    /// Returns the name of the container: `matroska` or `webm`.
    pub(crate) fn container(&self) -> &'static str {
        self.container
    }

    /// Returns the tracks.
    pub(crate) fn tracks(&self) -> Vec<Track> {
        self.tracks.iter().map(|track| track.info.clone()).collect()
    }

    /// Removes and returns the metadata with FFmpeg's names, and the cover.
    pub(crate) fn take_tags(&mut self) -> (Vec<(String, String)>, Option<CoverArt>) {
        (std::mem::take(&mut self.tags), self.cover.take())
    }

    /// Removes and returns the chapters.
    pub(crate) fn take_chapters(&mut self) -> Vec<Chapter> {
        std::mem::take(&mut self.chapters)
    }

    /// Reads the next block of the track, or of any track of a stream. Returns false at the end.
    fn step(&mut self, index: usize) -> anyhow::Result<bool> {
        let is_file = self.source.is_seekable();
        let walker = if is_file { self.walkers.get_mut(index) } else { self.walkers.first_mut() };
        let Some(walker) = walker else { return Ok(false) };
        let (tracks, selected) = (&self.tracks, &self.selected);
        let is_wanted = |number: u64| match is_file {
            true => tracks[index].number == number,
            false => selected.iter().any(|index| tracks[*index].number == number),
        };
        let Some(found) = walker.next(&mut self.source, &is_wanted)? else {
            if walker.is_followed && !std::mem::replace(&mut self.has_warned, true) {
                log::warn!("Another file is appended to {}. It is ignored.", self.name);
            }
            return Ok(false);
        };
        let number = found.block.track;
        let owner = match is_file {
            true => Some(index).filter(|index| tracks[*index].number == number),
            false => selected.iter().copied().find(|index| tracks[*index].number == number),
        };
        let Some(owner) = owner else { return Ok(true) };
        let (packets, is_damaged) = self.tracks[owner].packets(&found);
        self.is_damaged |= is_damaged;
        for packet in packets {
            self.waiting_bytes += packet.data.len();
            self.waiting[owner].push_back(packet);
        }
        if self.waiting_bytes > MAX_WAITING && !is_file {
            bail!(
                "the tracks are not interleaved enough to be read from a stream. Pass a file name"
            );
        }
        Ok(true)
    }
}

impl Headers {
    /// Reads elements from `at` on. Returns the offset of the first cluster, or of damage.
    fn walk(&mut self, source: &mut Source, at: u64, limit: Option<u64>) -> anyhow::Result<u64> {
        let mut at = at;
        while limit.is_none_or(|end| at < end) {
            let Read::Element(element) = ebml::read(source, at)? else { break };
            let Some(end) = element.end().filter(|_| element.id != ids::CLUSTER) else { break };
            let is_known = ids::is_top_level(element.id)
                || ids::is_skipped_in_cluster(element.id)
                || self.tracks.is_none();
            let is_beyond = source.size().is_some_and(|size| end > size) && self.tracks.is_none();
            if !is_known || is_beyond {
                break;
            }
            self.read(source, &element)?;
            at = end;
        }
        Ok(at)
    }

    /// Reads an element before the clusters, or one that the index refers to.
    fn read(&mut self, source: &mut Source, element: &Element) -> anyhow::Result<()> {
        let is_read = match element.id {
            ids::INFO => self.info.is_none(),
            ids::TRACKS => self.tracks.is_none(),
            ids::ATTACHMENTS => self.attachments.is_none(),
            ids::CHAPTERS => self.chapters.is_none(),
            ids::TAGS | ids::SEEK_HEAD => true,
            _ => false,
        };
        let Some(size) = element.size.filter(|_| is_read) else { return Ok(()) };
        if size > MAX_ELEMENT {
            log::warn!("An element of {size} bytes is ignored. The maximum is {MAX_ELEMENT}.");
            return Ok(());
        }
        let body = source.bytes_at(element.body, size as usize)?;
        self.is_damaged |= (body.len() as u64) < size;
        match element.id {
            ids::INFO => self.info = Some(body),
            ids::TRACKS => self.tracks = Some(body),
            ids::ATTACHMENTS => self.attachments = Some(Attachments::read(&body)),
            ids::CHAPTERS => {
                self.chapters = Some(Chapters::read(&body));
            }
            ids::TAGS => {
                self.has_tags = true;
                self.tags.read(&body);
            }
            _ => {
                for (_, seek) in children(&body).filter(|(id, _)| *id == ids::SEEK) {
                    let id = uint_child(seek, ids::SEEK_ID).and_then(|id| u32::try_from(id).ok());
                    if let (Some(id), Some(at)) = (id, uint_child(seek, ids::SEEK_POSITION)) {
                        self.seek.push((id, at));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the elements of a file after the clusters.
    fn follow(&mut self, source: &mut Source, segment: u64) -> anyhow::Result<()> {
        /// Maximum number of index entries that are read.
        const MAX_ENTRIES: usize = 64;
        for number in 0..MAX_ENTRIES {
            // An index may refer to another one.
            let Some(&(id, at)) = self.seek.get(number) else { break };
            let is_missing = match id {
                ids::INFO => self.info.is_none(),
                ids::TRACKS => self.tracks.is_none(),
                ids::ATTACHMENTS => self.attachments.is_none(),
                ids::CHAPTERS => self.chapters.is_none(),
                ids::TAGS => !self.has_tags,
                ids::SEEK_HEAD => true,
                _ => false,
            };
            if let (true, Some(at)) = (is_missing, segment.checked_add(at))
                && let Read::Element(element) = ebml::read(source, at)?
                && element.id == id
                && element.end().is_some()
            {
                self.read(source, &element)?;
            }
        }
        Ok(())
    }
}

/// Reads the EBML header. Returns the container's name and the offset after the header.
fn document(source: &mut Source) -> anyhow::Result<(&'static str, u64)> {
    let Read::Element(Element { id: ids::EBML, body, size: Some(size) }) = ebml::read(source, 0)?
    else {
        bail!("the EBML header is damaged");
    };
    let header = source.bytes_at(body, size.min(1 << 16) as usize)?;
    let kind = child(&header, ids::DOC_TYPE).map(text).unwrap_or_default();
    let container = match &kind[..] {
        "webm" => "webm",
        "matroska" => "matroska",
        _ => {
            bail!("the EBML document type {kind:?} is not supported. Supported: matroska and webm")
        }
    };
    for (id, name, longest) in
        [(ids::MAX_ID_LENGTH, "identifiers", 4), (ids::MAX_SIZE_LENGTH, "sizes", 8)]
    {
        let length = child(&header, id).and_then(uint).unwrap_or(longest);
        if length > longest {
            bail!("the maximum length of {name} is {length} bytes. At most {longest} is supported");
        }
    }
    Ok((container, body.saturating_add(size)))
}

/// Finds the segment.
fn segment(source: &mut Source, mut at: u64) -> anyhow::Result<Element> {
    loop {
        match ebml::read(source, at)? {
            Read::Element(element) if element.id == ids::SEGMENT => return Ok(element),
            Read::Element(element) if matches!(element.id, ids::VOID | ids::CRC_32) => {
                let Some(end) = element.end() else { bail!("the header is damaged") };
                at = end;
            }
            _ => bail!("no segment. The header is truncated or damaged"),
        }
    }
}

/// Searches for a misplaced list of tracks from `at` on.
fn search(source: &mut Source, at: u64) -> anyhow::Result<Option<u64>> {
    /// Number of bytes that are searched.
    const SEARCHED: usize = 1 << 20;
    let bytes = source.bytes_at(at, SEARCHED)?;
    let mark = ids::TRACKS.to_be_bytes();
    let found =
        bytes.windows(4).enumerate().filter(|(_, four)| **four == mark).find(|(index, _)| {
            ebml::header(&bytes[*index..]).is_some_and(|(_, size, length)| {
                let first = bytes.get(index + length..).and_then(ebml::header);
                let is_entry = |id| id == ids::TRACK_ENTRY || matches!(id, ids::VOID | ids::CRC_32);
                size.is_some() && first.is_some_and(|(id, ..)| is_entry(id))
            })
        });
    Ok(found.map(|(index, _)| at + index as u64))
}

/// Converts nanoseconds since 2001 to ISO 8601.
fn date(ns: i64) -> Option<String> {
    const FROM_1904: i64 = 3_061_152_000;
    crate::mp4::time(u64::try_from(ns.div_euclid(1_000_000_000) + FROM_1904).ok()?)
}

impl Demuxer for Matroska {
    fn next(&mut self, index: usize) -> anyhow::Result<Option<Packet>> {
        loop {
            if let Some(packet) = self.waiting.get_mut(index).and_then(VecDeque::pop_front) {
                self.waiting_bytes -= packet.data.len();
                return Ok(Some(packet));
            }
            if !self.step(index)? {
                return Ok(None);
            }
        }
    }

    fn select(&mut self, tracks: &[usize]) {
        self.selected = tracks.iter().copied().filter(|t| *t < self.tracks.len()).collect();
        // One track's position verifies all clusters.
        for (index, walker) in self.walkers.iter_mut().enumerate() {
            walker.checks_sums = self.selected.first() == Some(&index);
        }
        for index in &self.selected {
            let track = &self.tracks[*index];
            if track.info.kind == Kind::Video && track.is_interlaced {
                log::warn!("{} is interlaced. Its frames are encoded as progressive.", self.name);
            }
            if track.info.kind == Kind::Video && track.is_cropped {
                log::warn!("{} states cropping, which is ignored.", self.name);
            }
        }
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged || self.walkers.iter().any(|walker| walker.is_damaged)
    }
}

#[cfg(test)]
mod tests;
