//! WAV, RF64 and BW64 (EBU Tech 3306), and Sony's Wave64.

use anyhow::{Context, bail};
use reelwright_core::ChannelLayout;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};

use super::header::{Block, Header, MAX_CHUNK, Size, le16, le32, le64, push_tag, text};
use crate::packet::Codec;
use crate::pcm::{PcmFormat, PcmKind};
use crate::source::Source;

/// Sizes from this value on mean "unknown" if the file is shorter. Writers to pipes write 7FFFFFFF
/// or FFFFFFFF, minus the size of their header.
const SENTINEL: u64 = 0x7FFF_F000;
/// The same as `SENTINEL`, for 64-bit sizes.
const SENTINEL_64: u64 = 1 << 40;

/// Identifiers of Wave64: the GUID of its RIFF chunk, and the start of that of WAVE.
const W64_RIFF: &[u8; 16] = b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00";
const W64_WAVE: &[u8] = b"wave";

/// Identifiers in INFO lists (RIFF MCI §3), and FFmpeg's names of them.
const INFO: &[(&[u8; 4], &str)] = &[
    (b"IARL", "archival_location"),
    (b"IART", "artist"),
    (b"ICMT", "comment"),
    (b"ICOP", "copyright"),
    (b"ICRD", "date"),
    (b"IGNR", "genre"),
    (b"ILNG", "language"),
    (b"INAM", "title"),
    (b"IPRD", "album"),
    (b"IPRT", "track"),
    (b"ITRK", "track"),
];

pub(super) fn matches(start: &[u8]) -> bool {
    let is_riff = [b"RIFF", b"RF64", b"BW64"].iter().any(|id| start.starts_with(*id));
    (is_riff && start.get(8..12) == Some(b"WAVE")) || start.starts_with(W64_RIFF)
}

pub(super) fn header(source: &mut Source) -> anyhow::Result<Header> {
    let is_w64 = source.peek(16)?.starts_with(W64_RIFF);
    let start = source.bytes_at(0, 40)?;
    let is_wide = !start.starts_with(b"RIFF");
    if is_w64 && start.get(24..28) != Some(W64_WAVE) {
        bail!("the Wave64 file type is not WAVE");
    }
    let riff = if is_w64 { le64(&start, 16) } else { le32(&start, 4).into() };
    let mut at: u64 = if is_w64 { 40 } else { 12 };
    let (mut format, mut fact, mut ds64, mut tags) = (None, None, None, Vec::new());
    loop {
        let head = source.bytes_at(at, if is_w64 { 24 } else { 8 })?;
        let (id, size, body) = if is_w64 {
            (head.get(..4), le64(&head, 16).saturating_sub(24), at.saturating_add(24))
        } else {
            (head.get(..4), u64::from(le32(&head, 4)), at.saturating_add(8))
        };
        let Some(id) = id.filter(|_| head.len() >= 8) else {
            bail!("no audio (no data chunk)");
        };
        if id == b"data" {
            let (data, samples) = ds64.map_or((None, None), |(data, n)| (Some(data), Some(n)));
            let size = match data.filter(|_| size == u32::MAX.into()) {
                Some(data) => data,
                None => size,
            };
            let limit = if is_wide { SENTINEL_64 } else { SENTINEL };
            let size = extent(source, size, body, limit, riff)?;
            let format: Vec<u8> = format.context("the format chunk is missing")?;
            let samples = fact.or(samples.filter(|n| *n > 0));
            let mut header = describe(&format, body, size, samples)?;
            header.name = if is_w64 { "w64" } else { "wav" };
            header.tags = tags;
            return Ok(header);
        }
        let wanted = usize::try_from(size.min(MAX_CHUNK)).unwrap_or(0);
        match id {
            b"fmt " => format = Some(source.bytes_at(body, wanted)?),
            b"ds64" if !is_w64 => {
                let body = source.bytes_at(body, wanted)?;
                ds64 = Some((le64(&body, 8), le64(&body, 16)));
            }
            b"fact" => {
                let body = source.bytes_at(body, wanted)?;
                let count =
                    if is_w64 && body.len() >= 8 { le64(&body, 0) } else { le32(&body, 0).into() };
                // 0 and the largest number mean "unknown".
                fact = Some(count).filter(|n| *n > 0 && *n != u32::MAX.into());
            }
            b"LIST" if !is_w64 => info(&source.bytes_at(body, wanted)?, &mut tags),
            _ => {}
        }
        let even = if is_w64 { 8 } else { 2 };
        let next = size.checked_next_multiple_of(even).and_then(|size| body.checked_add(size));
        at = next.context("a chunk before its audio has an invalid size")?;
    }
}

/// Returns the size of the audio. `size` is the size in the header.
fn extent(
    source: &mut Source,
    size: u64,
    body: u64,
    limit: u64,
    riff: u64,
) -> anyhow::Result<Size> {
    let available = source.size().map(|end| end.saturating_sub(body));
    if size == 0 {
        // An empty file ends here, or other chunks follow. Otherwise the writer could not seek back
        // to write the size.
        let is_empty = match available {
            Some(0) => true,
            Some(available) => {
                let next = source.bytes_at(body, 8)?;
                let is_name =
                    next.len() == 8 && next[..4].iter().all(|c| (b' '..=b'~').contains(c));
                is_name && u64::from(le32(&next, 4)) <= available - 8
            }
            None => riff.saturating_add(8) == body,
        };
        return Ok(if is_empty { Size::Known(0) } else { Size::Open });
    }
    let is_beyond = available.is_none_or(|available| size > available);
    // The data chunk cannot be longer than the RIFF chunk around it.
    let contradicts = riff < u64::from(u32::MAX) && size > riff;
    Ok(if is_beyond && (size >= limit || contradicts) { Size::Open } else { Size::Known(size) })
}

/// Reads the entries of an INFO list.
fn info(list: &[u8], tags: &mut Vec<(String, String)>) {
    let Some(mut rest) = list.strip_prefix(b"INFO") else { return };
    while rest.len() >= 8 {
        let (id, size) = (&rest[..4], le32(rest, 4) as usize);
        let Some(value) = rest.get(8..8usize.saturating_add(size)) else { return };
        if let Some((_, key)) = INFO.iter().find(|(known, _)| *known == id) {
            push_tag(tags, key, text(value));
        }
        rest = rest.get(8 + size.next_multiple_of(2)..).unwrap_or_default();
    }
}

/// Reads a format chunk.
pub(super) fn describe(
    format: &[u8],
    start: u64,
    size: Size,
    fact: Option<u64>,
) -> anyhow::Result<Header> {
    if format.len() < 14 {
        bail!("the format chunk is truncated");
    }
    let (mut tag, channels) = (le16(format, 0), usize::from(le16(format, 2)));
    let (sample_rate, align) = (le32(format, 4), usize::from(le16(format, 12)));
    let mut bits = u32::from(le16(format, 14));
    let container = bits;
    let mut mask = 0;
    if tag == 0xFFFE && format.len() >= 40 {
        let valid = u32::from(le16(format, 18));
        if valid > 0 && valid <= bits {
            bits = valid;
        }
        mask = le32(format, 20);
        tag = le16(format, 24);
    }
    if channels == 0 {
        bail!("the format chunk has a channel count of 0");
    }
    let positions = ChannelLayout::from_mask(mask).ok().filter(|l| l.channels() == channels);
    let layout = match positions {
        Some(layout) => layout,
        None => ChannelLayout::default_for(channels)?,
    };
    // Some writers state the significant bits, others the stored bits.
    let bytes = if align > 0 && align.is_multiple_of(channels) {
        align / channels
    } else {
        container.div_ceil(8) as usize
    };
    let pcm = |kind: PcmKind| {
        PcmFormat::new(kind, bytes, false).map(|f| (f.codec().to_owned(), Some(Codec::Pcm(f))))
    };
    let samples_per_block = u64::from(le16(format, 18));
    let adpcm = |id, codec: &str| {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(id).with_sample_rate(sample_rate);
        if let Some(channels) = crate::channels::positions(layout) {
            parameters.with_channels(channels);
        }
        parameters.with_max_frames_per_packet(samples_per_block);
        parameters.with_frames_per_block(samples_per_block);
        parameters.with_bits_per_sample(16);
        Some((codec.to_owned(), Some(Codec::Symphonia(Box::new(parameters)))))
    };
    let found = match tag {
        1 if bytes == 1 => pcm(PcmKind::Unsigned),
        1 => pcm(PcmKind::Signed),
        3 => pcm(PcmKind::Float),
        6 => pcm(PcmKind::ALaw),
        7 => pcm(PcmKind::MuLaw),
        2 if samples_per_block > 0 => adpcm(CODEC_ID_ADPCM_MS, "adpcm_ms"),
        0x11 if samples_per_block > 0 => adpcm(CODEC_ID_ADPCM_IMA_WAV, "adpcm_ima_wav"),
        0x28F | 0x65 if channels == 1 => Some(("adpcm_g722".to_owned(), Some(Codec::G722))),
        0x55 => Some(("mp3".to_owned(), None)),
        _ => None,
    };
    let (codec, decoder) =
        found.unwrap_or_else(|| (format!("format tag {tag:#06x} of {container} bits"), None));
    let block = match tag {
        2 | 0x11 => Block::Blocks { bytes: align.max(1), samples: samples_per_block },
        0x28F | 0x65 => Block::Frames { bytes: 1, samples: 2 },
        _ => Block::Frames { bytes: bytes.max(1) * channels, samples: 1 },
    };
    let is_pcm = matches!(decoder, Some(Codec::Pcm(_)));
    Ok(Header {
        name: "wav",
        codec,
        sample_rate,
        layout: Some(layout),
        order: None,
        bits: match &decoder {
            Some(Codec::Pcm(format)) => {
                Some(if tag == 1 { bits.min(format.bits()) } else { format.bits() })
            }
            _ => Some(16),
        },
        decoder,
        block,
        start,
        size,
        delay: 0,
        samples: fact.filter(|_| !is_pcm),
        tags: Vec::new(),
    })
}
