//! MPEG audio without a container: MP3, MP2 and MP1 with tags. Several files may be joined.

use reelwright_core::{ChannelLayout, Rational, TimeBase};
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;

/// Decoder delay of layer III in samples, in addition to the encoder's delay.
const DECODER_DELAY: u32 = 529;
/// Maximum number of bytes that are searched for the next frame.
const MAX_GARBAGE: u64 = 1 << 20;

/// Bit rates in kbit/s of MPEG-1 and MPEG-2 by layer (ISO/IEC 11172-3 §2.4.2.3, 13818-3 §2.4.2.3).
const BIT_RATES: [[[u32; 15]; 3]; 2] = [
    [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    ],
    [
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ],
];

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    /// 1 to 3.
    layer: u8,
    is_mpeg1: bool,
    sample_rate: u32,
    channels: u8,
    /// Size of the frame in bytes, including its header.
    size: usize,
    samples: u32,
}

impl Header {
    fn new(bytes: &[u8]) -> Option<Self> {
        let &[sync, a, b, c, ..] = bytes else { return None };
        if sync != 0xFF || a & 0xE0 != 0xE0 {
            return None;
        }
        let (version, layer) = (a >> 3 & 3, 4 - (a >> 1 & 3));
        if version == 1 || layer == 4 {
            return None;
        }
        let is_mpeg1 = version == 3;
        let kbits = *BIT_RATES[usize::from(!is_mpeg1)][usize::from(layer) - 1]
            .get(usize::from(b >> 4))
            .filter(|rate| **rate > 0)?;
        let base = *[44_100, 48_000, 32_000].get(usize::from(b >> 2 & 3))?;
        let sample_rate = match version {
            3 => base,
            2 => base / 2,
            _ => base / 4,
        };
        let padding = usize::from(b >> 1 & 1);
        let samples = match (layer, is_mpeg1) {
            (1, _) => 384,
            (3, false) => 576,
            _ => 1152,
        };
        let slot = samples / 8 * kbits * 1000 / sample_rate;
        let size = match layer {
            1 => (12 * kbits * 1000 / sample_rate) as usize * 4 + 4 * padding,
            _ => slot as usize + padding,
        };
        let channels = if c >> 6 == 3 { 1 } else { 2 };
        Some(Self { layer, is_mpeg1, sample_rate, channels, size, samples })
    }

    /// Returns true if two frames can belong to one stream.
    fn agrees(self, other: Self) -> bool {
        (self.layer, self.is_mpeg1, self.sample_rate)
            == (other.layer, other.is_mpeg1, other.sample_rate)
    }

    /// Size of the side information, after which a Xing header would begin.
    const fn side_info(self) -> usize {
        match (self.is_mpeg1, self.channels) {
            (true, 1) | (false, 2) => 17,
            (true, _) => 32,
            (false, _) => 9,
        }
    }
}

/// Returns the sample rate, the number of channels, and the number of audio frames of a frame of
/// layer 3.
pub(crate) fn frame_format(frame: &[u8]) -> Option<(u32, u8, u32)> {
    let header = Header::new(frame).filter(|header| header.layer == 3)?;
    Some((header.sample_rate, header.channels, header.samples))
}

/// Contents of an information frame: Xing's header with LAME's tag.
#[derive(Debug, Clone, Copy, Default)]
struct Info {
    frames: Option<u32>,
    delay: u32,
    padding: u32,
}

impl Info {
    fn new(header: Header, frame: &[u8]) -> Option<Self> {
        if header.layer != 3 {
            return None;
        }
        if frame.get(36..40) == Some(b"VBRI") {
            let frames = frame.get(50..54)?.try_into().ok().map(u32::from_be_bytes);
            return Some(Self { frames, ..Self::default() });
        }
        let tag = frame.get(4 + header.side_info()..)?;
        if !tag.starts_with(b"Xing") && !tag.starts_with(b"Info") {
            return None;
        }
        let be32 = |at: usize| tag.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let flags = be32(4)?;
        let frames = if flags & 1 != 0 { be32(8) } else { None };
        let sizes = [(1, 4), (2, 4), (4, 100), (8, 4)];
        let skip: usize = sizes.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, n)| n).sum();
        let mut info = Self { frames, delay: 0, padding: 0 };
        // LAME's tag begins with the encoder's name in printable characters.
        if let Some(lame) = tag.get(8 + skip..8 + skip + 24)
            && lame[..4].iter().all(u8::is_ascii_graphic)
        {
            let (a, b, c) = (u32::from(lame[21]), u32::from(lame[22]), u32::from(lame[23]));
            info.delay = a << 4 | b >> 4;
            info.padding = (b & 15) << 8 | c;
        }
        Some(info)
    }
}

/// Demuxer of MPEG audio frames.
pub(crate) struct MpegAudio {
    source: Source,
    at: u64,
    first: Header,
    /// Last packet, held until it is known whether its part ends.
    held: Option<Packet>,
    /// Position of the next frame. `info` and `frames` describe the current part.
    position: i64,
    info: Info,
    frames: u32,
    is_discontinuous: bool,
    /// Position at which the current part begins.
    part_start: i64,
    is_damaged: bool,
    is_at_end: bool,
}

/// Returns the size of a tag at the start of `bytes`, if there is one.
fn tag_size(bytes: &[u8]) -> Option<u64> {
    if bytes.starts_with(b"ID3") && bytes.len() >= 10 {
        let size = bytes[6..10].iter().fold(0u64, |sum, byte| sum << 7 | u64::from(byte & 0x7F));
        let footer = if bytes[5] & 0x10 != 0 { 10 } else { 0 };
        return Some(10 + size + footer);
    }
    if bytes.starts_with(b"TAG") {
        return Some(128);
    }
    if bytes.starts_with(b"APETAGEX") && bytes.len() >= 24 {
        let size = u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]);
        let is_header = bytes[23] & 0x20 != 0;
        return Some(if is_header { 32 + u64::from(size) } else { 32 });
    }
    bytes.starts_with(b"LYRICSBEGIN").then_some(11)
}

impl MpegAudio {
    /// Opens a stream that begins with a frame or a tag. Two frames must follow each other, or one
    /// frame must fill the input. Otherwise returns the source.
    pub(crate) fn open(mut source: Source) -> anyhow::Result<Result<(Self, Track), Source>> {
        let mut at = 0;
        while let Some(size) = tag_size(&source.bytes_at(at, 32)?) {
            at += size;
        }
        // Captured streams often begin in the middle of a frame.
        let window = source.bytes_at(at, 1 << 16)?;
        let found = (0..window.len().saturating_sub(3)).find_map(|start| {
            let header = Header::new(&window[start..])?;
            let rest = &window[start..];
            let next = rest.get(header.size..).filter(|rest| !rest.is_empty());
            let is_followed = match next {
                Some(next) => {
                    Header::new(next).is_some_and(|next| next.agrees(header))
                        || tag_size(next).is_some()
                }
                // A single frame, even a truncated one, must be at the start.
                None => start == 0,
            };
            is_followed.then_some((start, header))
        });
        let Some((start, first)) = found else { return Ok(Err(source)) };
        let (codec, id): (_, AudioCodecId) = match first.layer {
            1 => ("mp1", CODEC_ID_MP1),
            2 => ("mp2", CODEC_ID_MP2),
            _ => ("mp3", CODEC_ID_MP3),
        };
        let unit = Rational::new(1, first.sample_rate.into())?;
        let mut track = Track::new(0, Kind::Audio, codec, TimeBase::new(unit));
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(id).with_sample_rate(first.sample_rate);
        track.audio.sample_rate = Some(first.sample_rate);
        track.audio.is_gapless = true;
        track.audio.layout = ChannelLayout::default_for(first.channels.into()).ok();
        if let Some(channels) = track.audio.layout.and_then(crate::channels::positions) {
            parameters.with_channels(channels);
        }
        track.decoder = Some(Codec::Symphonia(Box::new(parameters)));
        let frame = window.get(start..).unwrap_or_default();
        if let Some(info) = Info::new(first, frame) {
            let samples = info.frames.map(|frames| u64::from(frames) * u64::from(first.samples));
            let trimmed = u64::from(info.delay + info.padding);
            track.duration = samples.map(|samples| samples.saturating_sub(trimmed));
        } else if let Some(size) = source.size() {
            let frames = size.saturating_sub(at) / first.size.max(1) as u64;
            track.duration = Some(frames * u64::from(first.samples));
        }
        let stream = Self {
            source,
            at: at + start as u64,
            first,
            held: None,
            position: 0,
            info: Info::default(),
            frames: 0,
            is_discontinuous: false,
            part_start: 0,
            is_damaged: false,
            is_at_end: false,
        };
        Ok(Ok((stream, track)))
    }

    /// Ends a part: removes the padding of its last packet.
    fn end_part(&mut self) {
        let padding = match self.info.padding.checked_sub(DECODER_DELAY) {
            Some(padding) if self.info.delay > 0 || self.info.padding > 0 => i64::from(padding),
            _ => 0,
        };
        if let Some(held) = &mut self.held {
            let end = self.position.saturating_sub(padding);
            held.window.end = end;
            self.position = end;
        }
        let missing = self.info.frames.is_some_and(|frames| frames > self.frames);
        self.is_damaged |= missing;
        self.info = Info::default();
        self.frames = 0;
        self.is_discontinuous = true;
        self.part_start = self.position;
    }

    /// Returns the end of the audio of the current part if `header` is one of its last frames. The
    /// padding may be longer than a frame.
    fn stated_end(&self, header: Header) -> Option<i64> {
        let total = self.info.frames.filter(|total| {
            (self.frames..self.frames.saturating_add(4)).contains(total) && self.info.padding > 0
        })?;
        let samples = i64::from(total) * i64::from(header.samples);
        Some(self.part_start + samples - i64::from(self.info.delay) - i64::from(self.info.padding))
    }

    /// Reads the next audio frame, or returns `None` at the end.
    fn read(&mut self) -> anyhow::Result<Option<Packet>> {
        let mut garbage = 0;
        loop {
            let head = self.source.bytes_at(self.at, 32)?;
            if head.len() < 4 {
                return Ok(None);
            }
            if let Some(size) = tag_size(&head) {
                if self.frames > 0 {
                    self.end_part();
                }
                self.at += size;
                continue;
            }
            let header = Header::new(&head).filter(|header| header.agrees(self.first));
            let Some(header) = header else {
                garbage += 1;
                self.at += 1;
                if garbage > MAX_GARBAGE {
                    self.is_damaged = true;
                    return Ok(None);
                }
                continue;
            };
            let data = self.source.bytes_at(self.at, header.size)?;
            if data.len() < header.size {
                // A partial frame at the end is ignored. The information frame shows if a frame is
                // missing.
                return Ok(None);
            }
            if garbage > 0 {
                // Another frame must follow. Otherwise the bytes only look like a header.
                let next = self.source.bytes_at(self.at + header.size as u64, 32)?;
                let agrees = Header::new(&next).is_some_and(|next| next.agrees(self.first));
                if !agrees && next.len() >= 4 && tag_size(&next).is_none() {
                    garbage += 1;
                    self.at += 1;
                    continue;
                }
                self.is_damaged = true;
                // Lost frames leave a gap of their duration.
                let size = header.size.max(1) as u64;
                let lost = if self.frames > 0 { (garbage + size / 2) / size } else { 0 };
                self.position += (lost * u64::from(header.samples)) as i64;
                self.frames = self.frames.saturating_add(lost as u32);
                garbage = 0;
            }
            self.at += header.size as u64;
            if let Some(info) = Info::new(header, &data) {
                if self.frames > 0 {
                    self.end_part();
                }
                self.info = info;
                if info.delay > 0 || info.padding > 0 {
                    self.position -= i64::from(info.delay + DECODER_DELAY);
                }
                continue;
            }
            self.frames += 1;
            let mut packet = Packet::new(data, self.position, header.samples.into());
            packet.window.start = self.part_start;
            if let Some(end) = self.stated_end(header) {
                packet.window.end = end;
            }
            packet.is_discontinuous = std::mem::take(&mut self.is_discontinuous);
            self.position += i64::from(header.samples);
            return Ok(Some(packet));
        }
    }
}

impl Demuxer for MpegAudio {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        loop {
            if self.is_at_end {
                return Ok(self.held.take());
            }
            // `read` ends the part of the held packet if it finds another part.
            let next = self.read()?;
            if next.is_none() {
                self.is_at_end = true;
                self.end_part();
                continue;
            }
            if let Some(ready) = std::mem::replace(&mut self.held, next) {
                return Ok(Some(ready));
            }
        }
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
