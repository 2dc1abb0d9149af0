//! Ogg (RFC 3533) with Opus (RFC 7845), Vorbis and FLAC. Several streams may be chained.

use std::collections::VecDeque;

use anyhow::bail;
use reelwright_core::{ChannelLayout, Rational, TimeBase};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_OPUS, CODEC_ID_VORBIS};

use crate::channels::{codec_layout, positions};
use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;
use crate::vorbis_comment::Comments;

/// Maximum number of bytes that are searched for the next page.
const MAX_GARBAGE: u64 = 1 << 20;
/// Maximum size of a packet in bytes.
const MAX_PACKET: usize = 64 << 20;

/// Flags of a page's header.
const CONTINUED: u8 = 1;
const BEGINS: u8 = 2;
const ENDS: u8 = 4;

/// Checksum table of pages (RFC 3533 §6): CRC-32 with polynomial 0x04c11db7, most significant bit
/// first.
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value >> 31 == 1 { value << 1 ^ 0x04C1_1DB7 } else { value << 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

/// Granule position of a page without one (RFC 3533 §6).
const UNKNOWN: i64 = -1;

struct Page {
    flags: u8,
    granule: i64,
    serial: u32,
    sequence: u32,
    /// Packets. The last one may continue on the next page.
    packets: Vec<Vec<u8>>,
    is_open: bool,
    is_cut: bool,
}

/// A logical stream.
struct Stream {
    serial: u32,
    /// Index of its track, or `None` if its codec is not supported.
    track: Option<usize>,
    mapping: Mapping,
    /// Number of headers that are not read yet.
    headers: usize,
    partial: Vec<u8>,
    is_broken: bool,
    has_lost: bool,
    sequence: u32,
    /// Complete packets of the current page, and their durations.
    page: Vec<(Vec<u8>, u64)>,
    /// Position after the last packet relative to the link, in the track's unit.
    position: Option<i64>,
    is_discontinuous: bool,
}

/// Properties of a codec that determine the times of packets.
enum Mapping {
    Opus { pre_skip: i64 },
    Vorbis(Box<Vorbis>),
    Flac { block: u64 },
    Other,
}

/// Computes durations of Vorbis packets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vorbis {
    identification: Vec<u8>,
    /// Number of samples in half a short block and half a long block.
    halves: [u64; 2],
    /// True for modes with long blocks.
    modes: Vec<bool>,
    last: Option<u64>,
}

/// Demuxer of an Ogg file.
pub(crate) struct Ogg {
    source: Source,
    at: u64,
    tracks: Vec<Track>,
    streams: Vec<Stream>,
    ready: Vec<VecDeque<Packet>>,
    selected: Vec<usize>,
    tags: Vec<(String, String)>,
    is_damaged: bool,
    /// Position of the start of the current link, for each track.
    bases: Vec<i64>,
    /// True if packets were read after the last page that begins a stream.
    has_packets: bool,
    /// Number of tracks of the current link that have a stream.
    assigned: usize,
}

impl Ogg {
    pub(crate) fn matches(start: &[u8]) -> bool {
        start.starts_with(b"OggS")
    }

    /// Reads the headers of all streams.
    ///
    /// # Errors
    /// A header is damaged.
    pub(crate) fn open(source: Source) -> anyhow::Result<Self> {
        let mut ogg = Self {
            source,
            at: 0,
            tracks: Vec::new(),
            streams: Vec::new(),
            ready: Vec::new(),
            selected: Vec::new(),
            tags: Vec::new(),
            is_damaged: false,
            bases: Vec::new(),
            has_packets: false,
            assigned: 0,
        };
        loop {
            let is_complete = ogg.streams.iter().all(|stream| stream.headers == 0);
            if (!ogg.streams.is_empty() && is_complete && ogg.has_packets) || !ogg.step()? {
                break;
            }
        }
        ogg.selected = (0..ogg.tracks.len()).collect();
        Ok(ogg)
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Returns the comments of the first stream, with FFmpeg's names.
    pub(crate) fn tags(&self) -> &[(String, String)] {
        &self.tags
    }

    /// Reads a page, or returns `None` at the end.
    fn page(&mut self) -> anyhow::Result<Option<Page>> {
        let mut garbage = 0u64;
        loop {
            let header = self.source.bytes_at(self.at, 27)?;
            if header.len() < 27 {
                self.is_damaged |= !header.is_empty();
                return Ok(None);
            }
            if !header.starts_with(b"OggS") || header[4] != 0 {
                self.is_damaged = true;
                garbage += 1;
                self.at += 1;
                if garbage > MAX_GARBAGE {
                    return Ok(None);
                }
                continue;
            }
            let segments = usize::from(header[26]);
            let table = self.source.bytes_at(self.at + 27, segments)?;
            let size: usize = table.iter().map(|length| usize::from(*length)).sum();
            let body = self.source.bytes_at(self.at + 27 + segments as u64, size)?;
            if table.len() < segments {
                self.is_damaged = true;
                return Ok(None);
            }
            // The complete packets of a truncated page are kept.
            let is_cut = body.len() < size;
            self.is_damaged |= is_cut;
            let mut checked = [&header[..], &table, &body].concat();
            let stated = [checked[22], checked[23], checked[24], checked[25]];
            checked[22..26].fill(0);
            let crc = checked
                .iter()
                .fold(0u32, |crc, byte| crc << 8 ^ CRC[usize::from((crc >> 24) as u8 ^ byte)]);
            if !is_cut && crc.to_le_bytes() != stated {
                self.is_damaged = true;
                self.at += 4;
                continue;
            }
            self.at += (27 + segments + size) as u64;
            let le32 = |at: usize| {
                u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
            };
            let mut packets = Vec::new();
            let mut packet: Option<Vec<u8>> = None;
            let mut rest = &body[..];
            for length in &table {
                let Some((piece, after)) = rest.split_at_checked(usize::from(*length)) else {
                    packet.get_or_insert_default();
                    break;
                };
                rest = after;
                packet.get_or_insert_default().extend_from_slice(piece);
                if *length < 255 {
                    packets.extend(packet.take());
                }
            }
            let is_open = packet.is_some();
            packets.extend(packet);
            return Ok(Some(Page {
                flags: if is_cut { header[5] & !ENDS } else { header[5] },
                is_cut,
                granule: if is_cut {
                    UNKNOWN
                } else {
                    i64::from(le32(6)) | i64::from(le32(10) as i32) << 32
                },
                serial: le32(14),
                sequence: le32(18),
                packets,
                is_open,
            }));
        }
    }

    /// Reads and processes a page. Returns false at the end.
    fn step(&mut self) -> anyhow::Result<bool> {
        let Some(page) = self.page()? else { return Ok(false) };
        if page.flags & BEGINS != 0 {
            if self.has_packets {
                // A new link: its streams continue the earlier ones, in the same order.
                self.streams.clear();
                self.has_packets = false;
                self.assigned = 0;
            }
            self.begin(&page)?;
        }
        let Some(index) = self.streams.iter().position(|stream| stream.serial == page.serial)
        else {
            self.is_damaged = true;
            return Ok(true);
        };
        let stream = &mut self.streams[index];
        if page.flags & BEGINS == 0 && page.sequence != stream.sequence.wrapping_add(1) {
            self.is_damaged = true;
            stream.partial.clear();
            stream.is_broken = true;
            // The next page states the position of its packets.
            stream.position = None;
            stream.has_lost = true;
        }
        stream.sequence = page.sequence;
        let count = page.packets.len();
        for (number, piece) in page.packets.into_iter().enumerate() {
            let continues = number == 0 && page.flags & CONTINUED != 0;
            if continues && stream.is_broken {
                stream.is_broken = page.is_open && count == 1;
                continue;
            }
            stream.is_broken = false;
            if !continues {
                stream.partial.clear();
            }
            stream.partial.extend(piece);
            if stream.partial.len() > MAX_PACKET {
                bail!("a packet is larger than the maximum of {MAX_PACKET} bytes");
            }
            if page.is_open && number + 1 == count {
                break;
            }
            let packet = std::mem::take(&mut stream.partial);
            if stream.headers > 0 {
                if let Some(tags) = stream.header(&packet, &mut self.tracks)
                    && self.tags.is_empty()
                {
                    self.tags = tags;
                }
                continue;
            }
            if stream.track.is_some() && !packet.is_empty() {
                self.has_packets = true;
                let duration = stream.mapping.duration(&packet);
                stream.page.push((packet, duration));
            }
        }
        let is_known = page.granule >= 0 || page.is_cut;
        if is_known && !self.streams[index].page.is_empty() {
            self.place(index, page.granule, page.flags & ENDS != 0);
        }
        Ok(true)
    }

    /// Computes the times of the packets of a page.
    fn place(&mut self, index: usize, granule: i64, ends: bool) {
        let stream = &mut self.streams[index];
        let Some(track) = stream.track else { return };
        let base = self.bases[track];
        let sum = stream.page.iter().map(|(_, n)| *n).fold(0, u64::saturating_add);
        let (skip, sum) = (stream.mapping.pre_skip(), i64::try_from(sum).unwrap_or(i64::MAX));
        // The position of a page is that after its last packet. On the last page it may be smaller,
        // which trims the end. On the first page it may be larger, if a live stream was joined.
        let start = match stream.position {
            Some(position) => position,
            None if (ends && !stream.has_lost) || granule == UNKNOWN => 0,
            None => granule.saturating_sub(sum).max(0),
        };
        let end = if ends { granule } else { i64::MAX };
        let mut at = start;
        for (data, duration) in std::mem::take(&mut stream.page) {
            let mut packet = Packet::new(data, base.saturating_add(at - skip), duration);
            packet.window.start = base;
            if end < i64::MAX {
                packet.window.end = base.saturating_add(end - skip);
            }
            packet.is_discontinuous = std::mem::take(&mut stream.is_discontinuous);
            if packet.is_discontinuous {
                packet.config = stream_config(&self.tracks[track]);
            }
            at = at.saturating_add_unsigned(duration);
            if self.selected.contains(&track) || self.selected.is_empty() {
                self.ready[track].push_back(packet);
            }
        }
        stream.position = Some(at);
        if ends {
            self.bases[track] = base.saturating_add((granule - skip).max(0));
            stream.position = None;
        }
    }

    /// Starts a logical stream with its first page.
    fn begin(&mut self, page: &Page) -> anyhow::Result<()> {
        let first = page.packets.first().map(Vec::as_slice).unwrap_or_default();
        let (codec, kind, mapping, headers) = if first.starts_with(b"OpusHead") {
            let pre_skip =
                first.get(10..12).map_or(0, |b| i64::from(u16::from_le_bytes([b[0], b[1]])));
            ("opus", Kind::Audio, Mapping::Opus { pre_skip }, 2)
        } else if first.starts_with(b"\x01vorbis") {
            ("vorbis", Kind::Audio, Mapping::Vorbis(Box::default()), 3)
        } else if first.starts_with(b"\x7FFLAC") {
            let count =
                first.get(7..9).map_or(0, |b| usize::from(u16::from_be_bytes([b[0], b[1]])));
            // Without a count, only the comment header is required.
            ("flac", Kind::Audio, Mapping::Flac { block: 4096 }, 1 + count.max(1))
        } else {
            let (codec, kind) = match first {
                [0x80, b't', b'h', ..] => ("theora", Kind::Video),
                [b'S', b'p', b'e', b'e', b'x', ..] => ("speex", Kind::Audio),
                [b'B', b'B', b'C', b'D', ..] => ("dirac", Kind::Video),
                [0x80, b'k', b'a', ..] => ("kate", Kind::Subtitle),
                [b'f', b'i', b's', b'h', ..] => ("skeleton", Kind::Data),
                _ => ("unknown", Kind::Data),
            };
            (codec, kind, Mapping::Other, 0)
        };
        let supported = !matches!(mapping, Mapping::Other);
        let mut track = None;
        if kind != Kind::Data {
            let number = self.assigned;
            self.assigned += 1;
            if self.tracks.len() <= number {
                if self.bases.iter().any(|base| *base > 0) {
                    // This link has more streams than the first one.
                    self.is_damaged = true;
                } else {
                    let unit = Rational::new(1, 48_000)?;
                    self.tracks.push(Track::new(number, kind, codec, TimeBase::new(unit)));
                    self.ready.push(VecDeque::new());
                    self.bases.push(0);
                }
            }
            track = self.tracks.get(number).filter(|_| supported).map(|track| track.index);
            if self.tracks.get(number).is_some_and(|track| track.codec != codec) {
                bail!(
                    "the codec of its chained streams changes from {} to {codec}",
                    self.tracks[number].codec
                );
            }
        }
        let is_discontinuous = track.is_some_and(|track| self.bases[track] > 0);
        self.streams.push(Stream {
            serial: page.serial,
            track,
            mapping,
            headers,
            partial: Vec::new(),
            is_broken: false,
            has_lost: false,
            sequence: page.sequence,
            page: Vec::new(),
            position: None,
            is_discontinuous,
        });
        Ok(())
    }
}

fn stream_config(track: &Track) -> Option<Box<Codec>> {
    track.decoder.clone().map(Box::new)
}

impl Mapping {
    const fn pre_skip(&self) -> i64 {
        match self {
            Self::Opus { pre_skip } => *pre_skip,
            _ => 0,
        }
    }

    /// Returns the number of audio frames in a packet.
    fn duration(&mut self, packet: &[u8]) -> u64 {
        match self {
            Self::Opus { .. } => opus_duration(packet),
            Self::Vorbis(vorbis) => vorbis.duration(packet),
            Self::Flac { block } => flac_block(packet).unwrap_or(*block),
            Self::Other => 0,
        }
    }
}

/// Returns the number of audio frames at 48 kHz in an Opus packet (RFC 6716 §3.1).
pub(crate) fn opus_duration(packet: &[u8]) -> u64 {
    let Some(toc) = packet.first() else { return 0 };
    let config = toc >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1).map_or(0, |count| count & 63)),
    };
    frames * frame
}

/// Returns the number of audio frames in a FLAC frame (RFC 9639 §9.1.1).
pub(crate) fn flac_block(packet: &[u8]) -> Option<u64> {
    let code = packet.get(2)? >> 4;
    // The number is coded as in UTF-8.
    let number = match packet.get(4)? {
        0..=0x7F => 1,
        byte => byte.leading_ones() as usize,
    };
    let after = packet.get(4 + number..)?;
    Some(match code {
        1 => 192,
        2..=5 => 576 << (code - 2),
        6 => u64::from(*after.first()?) + 1,
        7 => u64::from(u16::from_be_bytes([*after.first()?, *after.get(1)?])) + 1,
        8..=15 => 256 << (code - 8),
        _ => return None,
    })
}

impl Vorbis {
    /// Reads the identification and setup headers.
    pub(crate) fn new(identification: &[u8], setup: &[u8]) -> Self {
        let mut vorbis = Self::default();
        vorbis.identify(identification);
        vorbis.read_modes(setup);
        vorbis
    }

    fn identify(&mut self, packet: &[u8]) {
        self.identification = packet.to_vec();
        let sizes = packet.get(28).copied().unwrap_or(0);
        let half = |power: u8| 1u64 << u32::from(power).saturating_sub(1);
        self.halves = [half(sizes & 15), half(sizes >> 4)];
    }

    /// Reads the modes at the end of a setup header (Vorbis I §4.2.4). Each mode has a flag, two
    /// fields that are 0, and a mapping. Their number precedes them.
    fn read_modes(&mut self, setup: &[u8]) -> Option<()> {
        let bit = |at: usize| setup.get(at / 8).map(|byte| byte >> (at % 8) & 1 == 1);
        let number = |at: usize, count: usize| {
            (0..count).try_fold(0u32, |sum, i| Some(sum | u32::from(bit(at + i)?) << i))
        };
        let mut end = (0..setup.len() * 8).rev().find(|at| bit(*at) == Some(true))?;
        // Reads from the last mode to the first.
        let mut modes = Vec::new();
        let mut found = None;
        while modes.len() < 64 {
            let Some(start) = end.checked_sub(41) else { break };
            if number(start + 1, 16)? != 0
                || number(start + 17, 16)? != 0
                || number(start + 33, 8)? > 63
            {
                break;
            }
            modes.push(bit(start)?);
            end = start;
            if end >= 6 && number(end - 6, 6)? as usize + 1 == modes.len() {
                found = Some(modes.len());
            }
        }
        modes.truncate(found?);
        modes.reverse();
        self.modes = modes;
        Some(())
    }

    /// Returns the samples that a packet completes (§4.3.8): a quarter of the last block and its
    /// own.
    pub(crate) fn duration(&mut self, packet: &[u8]) -> u64 {
        let Some(first) = packet.first().filter(|byte| **byte & 1 == 0) else { return 0 };
        let bits = usize::BITS - self.modes.len().saturating_sub(1).leading_zeros();
        let mode = usize::from(first >> 1) & ((1 << bits) - 1);
        let is_long = self.modes.get(mode).copied().unwrap_or(false);
        let half = self.halves[usize::from(is_long)];
        let samples = self.last.map_or(0, |last| (last + half) / 2);
        self.last = Some(half);
        samples
    }
}

impl Stream {
    /// Reads a header packet. Returns its comments, if it has any.
    fn header(&mut self, packet: &[u8], tracks: &mut [Track]) -> Option<Vec<(String, String)>> {
        self.headers -= 1;
        let track = tracks.get_mut(self.track?)?;
        let mut parameters = AudioCodecParameters::new();
        let mut set = |track: &mut Track, rate: u32, channels: usize, bits: Option<u32>| {
            parameters.with_sample_rate(rate);
            track.audio.layout = codec_layout(&track.codec, channels);
            if let Some(channels) = track.audio.layout.and_then(positions) {
                parameters.with_channels(channels);
            }
            if let Ok(unit) = Rational::new(1, rate.max(1).into()) {
                track.time_base = TimeBase::new(unit);
            }
            track.audio.sample_rate = Some(rate);
            track.audio.bits = bits;
            track.audio.is_gapless = true;
        };
        match &mut self.mapping {
            Mapping::Opus { .. } if packet.starts_with(b"OpusHead") => {
                let channels = packet.get(9).copied().unwrap_or(0).into();
                set(track, 48_000, channels, None);
                parameters.for_codec(CODEC_ID_OPUS).with_extra_data(packet.into());
                track.decoder = Some(Codec::Symphonia(Box::new(parameters)));
                None
            }
            Mapping::Opus { .. } => Some(Comments::read(packet.strip_prefix(b"OpusTags")?).tags),
            Mapping::Vorbis(vorbis) => match packet.first() {
                Some(1) => {
                    vorbis.identify(packet);
                    None
                }
                Some(3) => Some(Comments::read(packet.strip_prefix(b"\x03vorbis")?).tags),
                Some(5) => {
                    vorbis.read_modes(packet);
                    let identification = &vorbis.identification;
                    let rate =
                        identification.get(12..16)?.try_into().map(u32::from_le_bytes).ok()?;
                    let channels = (*identification.get(11)?).into();
                    set(track, rate, channels, None);
                    let extra = [&identification[..], packet].concat();
                    parameters.for_codec(CODEC_ID_VORBIS).with_extra_data(extra.into());
                    track.decoder = Some(Codec::Symphonia(Box::new(parameters)));
                    None
                }
                _ => None,
            },
            Mapping::Flac { block } => {
                if let Some(info) = packet.strip_prefix(b"\x7FFLAC").and_then(|p| p.get(12..46)) {
                    *block = u16::from_be_bytes([info[0], info[1]]).into();
                    let rate = u32::from(info[10]) << 12
                        | u32::from(info[11]) << 4
                        | u32::from(info[12] >> 4);
                    let channels = usize::from(info[12] >> 1 & 7) + 1;
                    let bits = (u32::from(info[12] & 1) << 4 | u32::from(info[13] >> 4)) + 1;
                    set(track, rate, channels, Some(bits));
                    parameters.for_codec(CODEC_ID_FLAC).with_extra_data(info.into());
                    track.decoder = Some(Codec::Symphonia(Box::new(parameters)));
                    return None;
                }
                // The last metadata block has its top bit set.
                let header = packet.first()?;
                if header & 0x80 != 0 {
                    self.headers = 0;
                } else if self.headers == 0 {
                    self.headers = 1;
                }
                if header & 0x7F != 4 {
                    return None;
                }
                let comments = Comments::read(packet.get(4..)?);
                let known = track.audio.layout.map(ChannelLayout::channels);
                if comments.layout.map(ChannelLayout::channels) == known {
                    track.audio.layout = comments.layout;
                }
                Some(comments.tags)
            }
            Mapping::Other => None,
        }
    }
}

impl Demuxer for Ogg {
    fn next(&mut self, track: usize) -> anyhow::Result<Option<Packet>> {
        loop {
            if let Some(packet) = self.ready.get_mut(track).and_then(VecDeque::pop_front) {
                return Ok(Some(packet));
            }
            if track >= self.ready.len() || !self.step()? {
                return Ok(None);
            }
        }
    }

    fn select(&mut self, tracks: &[usize]) {
        self.selected = tracks.to_vec();
        for (track, ready) in self.ready.iter_mut().enumerate() {
            if !tracks.contains(&track) {
                ready.clear();
            }
        }
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_durations_from_packet_headers() {
        // CELT, 20 ms, one frame; SILK, 60 ms, two frames; CELT, 2.5 ms, three frames.
        assert_eq!(opus_duration(&[31 << 3]), 960);
        assert_eq!(opus_duration(&[3 << 3 | 1]), 5760);
        assert_eq!(opus_duration(&[16 << 3 | 3, 3]), 360);
        assert_eq!(flac_block(&[0xFF, 0xF8, 0xC9, 0x18, 0x00, 0xC2]), Some(4096));
        assert_eq!(flac_block(&[0xFF, 0xF8, 0x79, 0x18, 0x00, 0x0F, 0xFF]), Some(4096));
    }
}
