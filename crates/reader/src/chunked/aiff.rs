//! AIFF and AIFF-C.

use anyhow::{Context, bail};
use reelwright_core::ChannelLayout;

use super::header::{Block, Header, MAX_CHUNK, Size, be16, be32, push_tag, text};
use crate::channels::{Order, core_audio_layout};
use crate::packet::Codec;
use crate::pcm::{PcmFormat, PcmKind};
use crate::source::Source;

/// Sizes from this value on mean "unknown" if the file is shorter.
const SENTINEL: u64 = 0x7FFF_F000;

/// Text chunks and FFmpeg's names of them.
const TEXTS: &[(&[u8; 4], &str)] =
    &[(b"NAME", "title"), (b"AUTH", "artist"), (b"(c) ", "copyright"), (b"ANNO", "comment")];

pub(super) fn header(source: &mut Source) -> anyhow::Result<Header> {
    let mut at = 12u64;
    let (mut common, mut layout, mut tags) = (None, None, Vec::new());
    loop {
        let head = source.bytes_at(at, 8)?;
        let Some(id) = head.get(..4).filter(|_| head.len() == 8) else {
            bail!("no audio (no SSND chunk)");
        };
        let (size, body) = (u64::from(be32(&head, 4)), at + 8);
        let wanted = usize::try_from(size.min(MAX_CHUNK)).unwrap_or(0);
        match id {
            b"SSND" => {
                let common: Vec<u8> = match common {
                    Some(common) => common,
                    // The COMM chunk may follow the audio.
                    None if source.is_seekable() => {
                        find_common(source, body + size.next_multiple_of(2))?
                    }
                    None => bail!(
                        "the COMM chunk follows the audio, so the input must be seekable. Pass a file \
                         name"
                    ),
                };
                let offset = u64::from(be32(&source.bytes_at(body, 8)?, 0));
                let start = body + 8 + offset;
                let available = source.size().map(|end| end.saturating_sub(start));
                let claimed = size.saturating_sub(8 + offset);
                let is_open = match available {
                    Some(available) => {
                        (size <= 8 && available > 0) || (claimed > available && claimed >= SENTINEL)
                    }
                    None => size == 0 || claimed >= SENTINEL,
                };
                let size = if is_open { Size::Open } else { Size::Known(claimed) };
                return describe(&common, layout, start, size, tags);
            }
            b"COMM" => common = Some(source.bytes_at(body, wanted)?),
            b"CHAN" => {
                let chan = source.bytes_at(body, wanted)?;
                layout = core_audio_layout(&chan);
            }
            _ => {
                if let Some((_, key)) = TEXTS.iter().find(|(known, _)| *known == id) {
                    push_tag(&mut tags, key, text(&source.bytes_at(body, wanted)?));
                }
            }
        }
        at = body + size.next_multiple_of(2);
    }
}

fn find_common(source: &mut Source, mut at: u64) -> anyhow::Result<Vec<u8>> {
    loop {
        let head = source.bytes_at(at, 8)?;
        if head.len() < 8 {
            bail!("the COMM chunk is missing");
        }
        let size = u64::from(be32(&head, 4));
        if &head[..4] == b"COMM" {
            return Ok(source.bytes_at(at + 8, usize::try_from(size.min(MAX_CHUNK))?)?);
        }
        at += 8 + size.next_multiple_of(2);
    }
}

fn describe(
    common: &[u8],
    layout: Option<(ChannelLayout, Option<Order>)>,
    start: u64,
    size: Size,
    tags: Vec<(String, String)>,
) -> anyhow::Result<Header> {
    let rate = common.get(8..18).context("the COMM chunk is truncated")?;
    let channels = usize::from(be16(common, 0));
    let bits = u32::from(be16(common, 6));
    let bytes = bits.div_ceil(8) as usize;
    // An 80-bit float: exponent, and a mantissa whose top bit is its integer part.
    let exponent = i32::from(be16(rate, 0) & 0x7FFF) - 16_383 - 63;
    let mantissa = u64::from_be_bytes(rate[2..].try_into()?);
    let sample_rate = (mantissa as f64 * f64::from(exponent).exp2()).round();
    if !(1.0..=f64::from(u32::MAX)).contains(&sample_rate) {
        bail!("the COMM chunk has an invalid sample rate: {sample_rate}");
    }
    let compression = common.get(18..22).map_or(*b"NONE", |c| [c[0], c[1], c[2], c[3]]);
    let format = match &compression {
        b"NONE" | b"twos" => PcmFormat::new(PcmKind::Signed, bytes, true),
        b"sowt" => PcmFormat::new(PcmKind::Signed, bytes, false),
        b"raw " => PcmFormat::new(PcmKind::Unsigned, bytes, true),
        b"in24" => PcmFormat::new(PcmKind::Signed, 3, true),
        b"in32" => PcmFormat::new(PcmKind::Signed, 4, true),
        b"fl32" | b"FL32" => PcmFormat::new(PcmKind::Float, 4, true),
        b"fl64" | b"FL64" => PcmFormat::new(PcmKind::Float, 8, true),
        b"alaw" | b"ALAW" => PcmFormat::new(PcmKind::ALaw, 1, true),
        b"ulaw" | b"ULAW" => PcmFormat::new(PcmKind::MuLaw, 1, true),
        _ => None,
    };
    if channels == 0 {
        bail!("the COMM chunk has a channel count of 0");
    }
    let (layout, order) = match layout.filter(|(layout, _)| layout.channels() == channels) {
        Some(found) => found,
        None => (ChannelLayout::default_for(channels)?, None),
    };
    let frame = format.map_or(1, PcmFormat::bytes) * channels;
    let is_integer = matches!(&compression, b"NONE" | b"twos" | b"sowt");
    Ok(Header {
        name: "aiff",
        codec: format.map_or_else(
            || format!("compression {}", String::from_utf8_lossy(&compression).trim()),
            |format| format.codec().to_owned(),
        ),
        decoder: format.map(Codec::Pcm),
        sample_rate: sample_rate as u32,
        layout: Some(layout),
        order,
        bits: format.map(|format| if is_integer { bits } else { format.bits() }),
        block: Block::Frames { bytes: frame, samples: 1 },
        start,
        size,
        delay: 0,
        samples: None,
        tags,
    })
}
