//! FLAC (RFC 9639). Several streams may be joined.

use anyhow::bail;
use reelwright_core::{CoverArt, Rational, TimeBase};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;

use crate::channels::{codec_layout, positions};
use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;
use crate::vorbis_comment::{self, Comments};

/// Maximum size of a frame: an uncompressed block of 65,535 samples of 8 channels (§9), and a
/// margin.
const MAX_FRAME: usize = 65_535 * 8 * 5;
/// Maximum size of a frame header (§9.1).
const MAX_HEADER: usize = 16;
/// Number of bytes that are searched at once for the end of a frame.
const WINDOW: usize = 1 << 15;
/// Maximum size of a metadata block that is read.
const MAX_BLOCK: usize = 32 << 20;

/// Contents of a STREAMINFO block (§8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamInfo {
    /// Bytes of the block, for decoders.
    pub(crate) bytes: [u8; 34],
    pub(crate) sample_rate: u32,
    pub(crate) channels: usize,
    pub(crate) bits: u32,
    /// Number of audio frames, or 0 if unknown.
    samples: u64,
    /// Number of audio frames in a block, if all blocks have the same size.
    pub(crate) block: u64,
}

impl StreamInfo {
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 34] = bytes.get(..34)?.try_into().ok()?;
        let fields = u64::from_be_bytes(bytes[10..18].try_into().ok()?);
        let info = Self {
            bytes,
            sample_rate: (fields >> 44) as u32,
            channels: (fields >> 41 & 7) as usize + 1,
            bits: (fields >> 36 & 31) as u32 + 1,
            samples: fields & 0xF_FFFF_FFFF,
            block: u16::from_be_bytes([bytes[0], bytes[1]]).into(),
        };
        (info.sample_rate > 0).then_some(info)
    }
}

/// Demuxer of native FLAC.
pub(crate) struct Flac {
    source: Source,
    /// Position of the next frame.
    at: u64,
    info: StreamInfo,
    /// Number of audio frames in earlier streams.
    base: u64,
    /// Number of audio frames read of this stream.
    found: u64,
    /// True if this stream's first frame is next, and another stream precedes it.
    is_joined: bool,
    is_damaged: bool,
}

/// The header of a frame (§9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    /// Samples of each channel.
    block: u64,
    /// Position of the first sample.
    first: u64,
}

/// Metadata before the frames of a stream.
struct Metadata {
    info: StreamInfo,
    comments: Comments,
    cover: Option<CoverArt>,
    end: u64,
}

impl Flac {
    /// Returns true if the input begins with a stream, optionally after an ID3 tag.
    pub(crate) fn matches(source: &mut Source) -> anyhow::Result<bool> {
        let at = behind_id3(source, 0)?;
        Ok(source.bytes_at(at, 4)?.starts_with(b"fLaC"))
    }

    /// Reads the metadata. Also returns the tags and the cover.
    ///
    /// # Errors
    /// There is no valid STREAMINFO.
    #[expect(clippy::type_complexity, reason = "each is used once")]
    pub(crate) fn open(
        mut source: Source,
    ) -> anyhow::Result<(Self, Track, Vec<(String, String)>, Option<CoverArt>)> {
        let at = behind_id3(&mut source, 0)?;
        let Some(metadata) = metadata(&mut source, at)? else {
            bail!("the STREAMINFO block is damaged");
        };
        let info = metadata.info;
        let unit = Rational::new(1, info.sample_rate.into())?;
        let mut track = Track::new(0, Kind::Audio, "flac", TimeBase::new(unit));
        track.duration = Some(info.samples).filter(|samples| *samples > 0);
        track.audio.sample_rate = Some(info.sample_rate);
        track.audio.bits = Some(info.bits);
        track.audio.is_gapless = true;
        let stated = metadata.comments.layout.filter(|layout| layout.channels() == info.channels);
        track.audio.layout = stated.or_else(|| codec_layout("flac", info.channels));
        track.decoder = Some(decoder(&info));
        let flac = Self {
            source,
            at: metadata.end,
            info,
            base: 0,
            found: 0,
            is_joined: false,
            is_damaged: false,
        };
        Ok((flac, track, metadata.comments.tags, metadata.cover))
    }

    /// Parses a frame header of this stream.
    fn header(&self, bytes: &[u8]) -> Option<Header> {
        let is_variable = bytes.get(1)? & 1 == 1;
        if bytes.first()? != &0xFF || bytes[1] & 0xFE != 0xF8 {
            return None;
        }
        let (sizes, format) = (*bytes.get(2)?, *bytes.get(3)?);
        let channels = match format >> 4 {
            count @ 0..=7 => usize::from(count) + 1,
            8..=10 => 2,
            _ => return None,
        };
        if channels != self.info.channels || format & 1 != 0 {
            return None;
        }
        let (number, mut at) = coded_number(bytes.get(4..)?)?;
        at += 4;
        let mut field = |size: usize| {
            let field = bytes.get(at..at + size)?;
            at += size;
            Some(field.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte)))
        };
        let block = match sizes >> 4 {
            0 => return None,
            1 => 192,
            power @ 2..=5 => 144 << power,
            6 => field(1)? + 1,
            7 => field(2)? + 1,
            power => 1 << power,
        };
        match sizes & 15 {
            12 => drop(field(1)?),
            13 | 14 => drop(field(2)?),
            15 => return None,
            _ => {}
        }
        if crc8(bytes.get(..at)?) != *bytes.get(at)? {
            return None;
        }
        let first =
            if is_variable { number } else { number.checked_mul(self.info.block.max(1))? };
        Some(Header { block, first })
    }

    /// Returns the next frame of this stream, which ends before another frame, another stream, a tag
    /// or the end of the input. Returns `None` if no checksum matches.
    fn frame(&mut self, header: Header) -> anyhow::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let mut crc = 0;
        let mut checked = 0;
        let mut size = WINDOW;
        loop {
            bytes = if bytes.len() < size { self.source.bytes_at(self.at, size)? } else { bytes };
            let is_end = bytes.len() < size;
            let candidates = if is_end { bytes.len() } else { bytes.len() - MAX_HEADER };
            for at in checked.max(1)..candidates {
                if !is_boundary(&bytes[at..]) {
                    continue;
                }
                let next = self.header(&bytes[at..]);
                let follows = next.is_some_and(|next| next.first == header.first + header.block);
                let is_other = bytes[at..].starts_with(b"fLaC") || is_tag(&bytes[at..]);
                if follows || is_other {
                    crc = crc16(crc, &bytes[checked..at]);
                    checked = at;
                    if crc == 0 {
                        bytes.truncate(at);
                        return Ok(Some(bytes));
                    }
                }
            }
            if is_end {
                crc = crc16(crc, &bytes[checked..]);
                return Ok((crc == 0 && !bytes.is_empty()).then_some(bytes));
            }
            crc = crc16(crc, &bytes[checked..candidates]);
            checked = candidates;
            if size > MAX_FRAME {
                return Ok(None);
            }
            size *= 2;
        }
    }

    /// Seeks to the next frame header, stream or tag after damage. Returns false at the end.
    fn resynchronize(&mut self) -> anyhow::Result<bool> {
        self.is_damaged = true;
        self.at += 1;
        loop {
            let bytes = self.source.bytes_at(self.at, WINDOW + MAX_HEADER)?;
            let found = (0..bytes.len()).find(|at| {
                let bytes = &bytes[*at..];
                is_boundary(bytes) && (self.header(bytes).is_some() || bytes.starts_with(b"fLaC"))
            });
            if let Some(at) = found {
                self.at += at as u64;
                return Ok(true);
            }
            if bytes.len() < WINDOW + MAX_HEADER {
                return Ok(false);
            }
            self.at += WINDOW as u64;
        }
    }

    /// Starts the next joined stream.
    fn join(&mut self) -> anyhow::Result<bool> {
        let Some(metadata) = metadata(&mut self.source, self.at)? else { return Ok(false) };
        self.is_damaged |= self.found < self.info.samples;
        self.base += self.found.max(self.info.samples);
        self.info = metadata.info;
        self.at = metadata.end;
        self.found = 0;
        self.is_joined = true;
        Ok(true)
    }
}

impl Demuxer for Flac {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        loop {
            let head = self.source.bytes_at(self.at, MAX_HEADER)?;
            if head.starts_with(b"ID3") {
                self.at = behind_id3(&mut self.source, self.at)?;
                continue;
            }
            if head.is_empty() || is_tag(&head) {
                self.is_damaged |= self.found < self.info.samples;
                return Ok(None);
            }
            let is_next = head.starts_with(b"fLaC") && self.join()?;
            if is_next {
                continue;
            }
            let header = self.header(&head);
            let frame = header.map(|header| self.frame(header)).transpose()?.flatten();
            let (Some(header), Some(data)) = (header, frame) else {
                if !self.resynchronize()? {
                    return Ok(None);
                }
                continue;
            };
            self.at += data.len() as u64;
            self.found = self.found.max(header.first + header.block);
            let pts = self.base.saturating_add(header.first);
            let mut packet = Packet::new(data, i64::try_from(pts)?, header.block);
            if std::mem::take(&mut self.is_joined) {
                packet.is_discontinuous = true;
                packet.config = Some(Box::new(decoder(&self.info)));
            }
            return Ok(Some(packet));
        }
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

fn decoder(info: &StreamInfo) -> Codec {
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_FLAC).with_sample_rate(info.sample_rate);
    parameters.with_extra_data(info.bytes.as_slice().into());
    if let Some(channels) = codec_layout("flac", info.channels).and_then(positions) {
        parameters.with_channels(channels);
    }
    Codec::Symphonia(Box::new(parameters))
}

/// Reads metadata blocks (§8). Returns `None` if there is no valid STREAMINFO.
fn metadata(source: &mut Source, at: u64) -> anyhow::Result<Option<Metadata>> {
    if !source.bytes_at(at, 4)?.starts_with(b"fLaC") {
        return Ok(None);
    }
    let mut end = at + 4;
    let (mut info, mut comments, mut cover) = (None, Comments::default(), None);
    loop {
        let head = source.bytes_at(end, 4)?;
        let &[kind, a, b, c] = &head[..] else { return Ok(None) };
        let size = u32::from_be_bytes([0, a, b, c]) as usize;
        let body = |source: &mut Source| source.bytes_at(end + 4, size.min(MAX_BLOCK));
        match kind & 0x7F {
            0 => info = StreamInfo::new(&body(source)?),
            4 => comments = Comments::read(&body(source)?),
            6 => match vorbis_comment::cover(&body(source)?) {
                Some((image, is_front)) if is_front || cover.is_none() => cover = Some(image),
                _ => {}
            },
            _ => {}
        }
        end += 4 + size as u64;
        if kind & 0x80 != 0 {
            return Ok(info.map(|info| Metadata { info, comments, cover, end }));
        }
    }
}

/// Reads the STREAMINFO and the comments from metadata blocks in a container.
pub(crate) fn blocks(mut bytes: &[u8]) -> (Option<StreamInfo>, Comments) {
    let (mut info, mut comments) = (None, Comments::default());
    while let &[kind, a, b, c, ref rest @ ..] = bytes {
        let size = (u32::from_be_bytes([0, a, b, c]) as usize).min(rest.len());
        let (body, after) = rest.split_at(size);
        match kind & 0x7F {
            0 => info = StreamInfo::new(body),
            4 => comments = Comments::read(body),
            _ => {}
        }
        bytes = if kind & 0x80 == 0 { after } else { &[] };
    }
    (info, comments)
}

/// Returns the end of the ID3v2 tag at `at`, or `at` if there is none.
fn behind_id3(source: &mut Source, at: u64) -> anyhow::Result<u64> {
    let head = source.bytes_at(at, 10)?;
    if !head.starts_with(b"ID3") || head.len() < 10 {
        return Ok(at);
    }
    let size = head[6..10].iter().fold(0u64, |size, byte| size << 7 | u64::from(byte & 0x7F));
    let footer = if head[5] & 0x10 != 0 { 10 } else { 0 };
    Ok(at + 10 + size + footer)
}

/// Returns true if a frame, a stream or a tag may begin with these bytes.
fn is_boundary(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, 0xF8 | 0xF9, ..] | [b'f', b'L', ..]) || is_tag(bytes)
}

/// Returns true if a tag begins with these bytes.
fn is_tag(bytes: &[u8]) -> bool {
    [&b"TAG"[..], b"APETAGEX", b"ID3"].iter().any(|tag| bytes.starts_with(tag))
}

/// Reads a number in UTF-8-like coding, up to 36 bits (§9.1.5). Returns it and its length.
fn coded_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = match first.leading_ones() {
        0 => return Some((first.into(), 1)),
        ones @ 2..=7 => ones as usize,
        _ => return None,
    };
    let mut number = u64::from(first) & (0x7F >> length);
    for byte in bytes.get(1..length)? {
        if byte & 0xC0 != 0x80 {
            return None;
        }
        number = number << 6 | u64::from(byte & 0x3F);
    }
    Some((number, length))
}

/// Computes the checksum of headers: polynomial x⁸ + x² + x + 1.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| crc << 1 ^ if crc & 0x80 == 0 { 0 } else { 0x07 })
    })
}

/// Continues the checksum of frames: polynomial x¹⁶ + x¹⁵ + x² + 1. It is 0 over a frame including
/// its checksum.
fn crc16(crc: u16, bytes: &[u8]) -> u16 {
    const TABLE: [u16; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut crc = (index as u16) << 8;
            let mut bit = 0;
            while bit < 8 {
                crc = crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x8005 };
                bit += 1;
            }
            table[index] = crc;
            index += 1;
        }
        table
    };
    bytes.iter().fold(crc, |crc, byte| crc << 8 ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_checksums_of_the_standard() {
        assert_eq!((crc8(b"123456789"), crc16(0, b"123456789")), (0xF4, 0xFEE8));
    }

    #[test]
    fn reads_numbers_of_up_to_seven_bytes() {
        assert_eq!(coded_number(&[0x7F]), Some((127, 1)));
        assert_eq!(coded_number(&[0xC2, 0x80]), Some((128, 2)));
        assert_eq!(
            coded_number(&[0xFE, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]),
            Some((0xF_FFFF_FFFF, 7))
        );
        assert_eq!(coded_number(&[0x80]), None);
        assert_eq!(coded_number(&[0xC2, 0x00]), None);
    }
}
