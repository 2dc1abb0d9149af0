//! Sun's AU.

use anyhow::bail;
use reelwright_core::ChannelLayout;

use super::header::{Block, Header, MAX_CHUNK, Size, be32, push_tag, text};
use crate::packet::Codec;
use crate::pcm::{PcmFormat, PcmKind};
use crate::source::Source;

pub(super) fn header(source: &mut Source) -> anyhow::Result<Header> {
    let head = source.bytes_at(0, 24)?;
    if head.len() < 24 {
        bail!("the header is truncated");
    }
    let (start, size) = (u64::from(be32(&head, 4)), be32(&head, 8));
    let encoding = be32(&head, 12);
    let format = match encoding {
        1 => PcmFormat::new(PcmKind::MuLaw, 1, true),
        2 => PcmFormat::new(PcmKind::Signed, 1, true),
        3 => PcmFormat::new(PcmKind::Signed, 2, true),
        4 => PcmFormat::new(PcmKind::Signed, 3, true),
        5 => PcmFormat::new(PcmKind::Signed, 4, true),
        6 => PcmFormat::new(PcmKind::Float, 4, true),
        7 => PcmFormat::new(PcmKind::Float, 8, true),
        27 => PcmFormat::new(PcmKind::ALaw, 1, true),
        _ => None,
    };
    let (sample_rate, channels) = (be32(&head, 16), be32(&head, 20) as usize);
    let layout = ChannelLayout::default_for(channels)?;
    let mut tags = Vec::new();
    let annotation = start.saturating_sub(24).min(MAX_CHUNK);
    for line in text(&source.bytes_at(24, usize::try_from(annotation)?)?).lines() {
        if let Some((key, value)) = line.split_once('=') {
            push_tag(&mut tags, &key.to_ascii_lowercase(), value.to_owned());
        }
    }
    let available = source.size().map(|end| end.saturating_sub(start));
    let is_open =
        size == u32::MAX || (size == 0 && available.is_none_or(|available| available > 0));
    Ok(Header {
        name: "au",
        codec: format
            .map_or_else(|| format!("encoding {encoding}"), |format| format.codec().to_owned()),
        decoder: format.map(Codec::Pcm),
        sample_rate,
        layout: Some(layout),
        order: None,
        bits: format.map(PcmFormat::bits),
        block: Block::Frames { bytes: format.map_or(1, PcmFormat::bytes) * channels, samples: 1 },
        start,
        size: if is_open { Size::Open } else { Size::Known(size.into()) },
        delay: 0,
        samples: None,
        tags,
    })
}
