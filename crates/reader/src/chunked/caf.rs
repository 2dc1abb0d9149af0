//! Apple's Core Audio Format.

use std::collections::VecDeque;

use anyhow::{Context, bail};
use reelwright_core::ChannelLayout;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ALAC};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};

use super::header::{Block, Header, MAX_CHUNK, Size, be32, be64, push_tag};
use crate::channels::{Order, codec_layout, core_audio_layout, positions};
use crate::packet::Codec;
use crate::pcm::{PcmFormat, PcmKind};
use crate::source::Source;

/// Maximum number of bytes of the packet table.
const MAX_TABLE: u64 = 256 << 20;

#[derive(Default)]
struct Chunks {
    description: Vec<u8>,
    cookie: Vec<u8>,
    layout: Option<(ChannelLayout, Option<Order>)>,
    packets: Vec<u8>,
    tags: Vec<(String, String)>,
    /// Offset and size of the audio. A negative size means up to the end of the input.
    data: Option<(u64, i64)>,
}

pub(super) fn header(source: &mut Source) -> anyhow::Result<Header> {
    let mut chunks = Chunks::default();
    let mut at = 8u64;
    loop {
        let head = source.bytes_at(at, 12)?;
        let Some(id) = head.get(..4).filter(|_| head.len() == 12) else { break };
        let (size, body) = (be64(&head, 4), at + 12);
        let body_of = |source: &mut Source, max: u64| {
            source.bytes_at(body, usize::try_from(size.min(max)).unwrap_or(0))
        };
        match id {
            b"data" => {
                let size = size as i64;
                // The chunk begins with an edit count of 4 bytes.
                chunks.data = Some((body + 4, if size < 0 { -1 } else { size.saturating_sub(4) }));
                let is_coded =
                    chunks.description.get(8..12).is_some_and(|f| f == b"alac" || f == b"aac ");
                let needs_more = is_coded && chunks.packets.is_empty();
                if size < 0 || !needs_more || !source.is_seekable() {
                    break;
                }
            }
            b"desc" => chunks.description = body_of(source, MAX_CHUNK)?,
            b"kuki" => chunks.cookie = body_of(source, MAX_CHUNK)?,
            b"pakt" => chunks.packets = body_of(source, MAX_TABLE)?,
            b"chan" => {
                let chan = body_of(source, MAX_CHUNK)?;
                chunks.layout = core_audio_layout(&chan);
            }
            b"info" => {
                let info = body_of(source, MAX_CHUNK)?;
                let mut texts = info.get(4..).unwrap_or_default().split(|byte| *byte == 0);
                while let (Some(key), Some(value)) = (texts.next(), texts.next()) {
                    let key = String::from_utf8_lossy(key).to_ascii_lowercase();
                    push_tag(&mut chunks.tags, &key, String::from_utf8_lossy(value).into_owned());
                }
            }
            _ => {}
        }
        let Some(next) = body.checked_add(size) else { break };
        at = next;
    }
    describe(chunks)
}

fn describe(chunks: Chunks) -> anyhow::Result<Header> {
    let description = &chunks.description;
    if description.len() < 32 {
        bail!("the desc chunk is missing or too short");
    }
    let (start, size) = chunks.data.context("no audio (no data chunk)")?;
    let rate = f64::from_bits(be64(description, 0)).round();
    let sample_rate = if (1.0..=f64::from(u32::MAX)).contains(&rate) { rate as u32 } else { 0 };
    let kind = &description[8..12];
    let (flags, packet_bytes) = (be32(description, 12), be32(description, 16));
    let (samples, channels) = (be32(description, 20), be32(description, 24) as usize);
    let bits = be32(description, 28);
    let (is_float, is_little) = (flags & 1 != 0, flags & 2 != 0);
    let bytes = (packet_bytes as usize).checked_div(channels).unwrap_or(0);
    let format = match kind {
        b"lpcm" if is_float => PcmFormat::new(PcmKind::Float, bytes, !is_little),
        b"lpcm" => PcmFormat::new(PcmKind::Signed, bytes, !is_little),
        b"alaw" => PcmFormat::new(PcmKind::ALaw, 1, true),
        b"ulaw" => PcmFormat::new(PcmKind::MuLaw, 1, true),
        _ => None,
    };
    let name = if kind == b"alac" { "alac" } else { "aac" };
    let (layout, order) = match chunks.layout.filter(|(layout, _)| layout.channels() == channels) {
        // The codec implies the channels of a compressed stream. The chan chunk is ignored.
        _ if format.is_none() => (codec_layout(name, channels).context("no channels")?, None),
        Some(found) => found,
        None => (ChannelLayout::default_for(channels)?, None),
    };
    let coded = |id: AudioCodecId, extra: &[u8]| {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(id).with_sample_rate(sample_rate).with_extra_data(extra.into());
        if let Some(channels) = codec_layout(name, channels).and_then(positions) {
            parameters.with_channels(channels);
        }
        Some(Codec::Symphonia(Box::new(parameters)))
    };
    let size = if size < 0 { Size::Open } else { Size::Known(size.unsigned_abs()) };
    let mut header = Header {
        name: "caf",
        codec: format.map_or_else(
            || String::from_utf8_lossy(kind).trim().to_owned(),
            |format| format.codec().to_owned(),
        ),
        decoder: format.map(Codec::Pcm),
        sample_rate,
        layout: Some(layout),
        order,
        bits: format.map(|format| if is_float || bits == 0 { format.bits() } else { bits }),
        block: Block::Frames { bytes: format.map_or(1, PcmFormat::bytes) * channels, samples: 1 },
        start,
        size,
        delay: 0,
        samples: None,
        tags: chunks.tags,
    };
    match kind {
        b"alac" => {
            // Older files wrap the configuration in atoms.
            let cookie = &chunks.cookie;
            let wrapped = cookie.windows(4).position(|four| four == b"alac");
            let config = match wrapped {
                Some(at) if cookie.get(4..8) == Some(b"frma") => cookie.get(at + 12 + 4..),
                _ => Some(&cookie[..]),
            };
            let config = config.filter(|config| config.len() >= 24);
            header.decoder = config.and_then(|config| coded(CODEC_ID_ALAC, config));
            header.bits = config.map(|config| config[5].into());
        }
        b"aac " => {
            let es = [&[0; 4][..], &chunks.cookie].concat();
            let config = crate::mp4::descriptor(&es).map(|(_, config)| config.to_vec());
            header.codec = "aac".to_owned();
            header.decoder = config.and_then(|config| coded(CODEC_ID_AAC, &config));
            header.bits = None;
        }
        _ => return Ok(header),
    }
    if chunks.packets.len() < 24 {
        bail!(
            "the packet table is missing, because the file was not completed. Pass a complete file"
        );
    }
    let remainder = be32(&chunks.packets, 20);
    header.delay = be32(&chunks.packets, 16).into();
    // Without a remainder, some writers count a shorter last packet as a full one.
    header.samples = (remainder > 0).then(|| be64(&chunks.packets, 8));
    let sizes = if packet_bytes > 0 {
        let count = be64(&chunks.packets, 0).min(u64::from(u32::MAX) >> 8);
        std::iter::repeat_n(packet_bytes, count as usize).collect()
    } else {
        numbers(&chunks.packets[24..], samples == 0)
    };
    if samples == 0 {
        bail!("the packets have no constant number of samples");
    }
    header.block = Block::Packets { sizes, samples: samples.into() };
    Ok(header)
}

/// Reads the sizes of a packet table: groups of 7 bits, most significant first.
fn numbers(bytes: &[u8], has_samples: bool) -> VecDeque<u32> {
    let mut sizes = VecDeque::new();
    let (mut number, mut index) = (0u32, 0usize);
    for byte in bytes {
        number = number << 7 | u32::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            if !has_samples || index.is_multiple_of(2) {
                sizes.push_back(number);
            }
            (number, index) = (0, index + 1);
        }
    }
    sizes
}
