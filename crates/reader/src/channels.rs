//! Channel layouts of codecs and containers.

use reelwright_core::{Channel as C, ChannelLayout};
use symphonia::core::audio::{Channels, Position};

/// Index of each coded channel in the layout's own order.
pub(crate) type Order = [u8; 8];

/// Returns the default layout of a codec for `count` channels.
pub(crate) fn codec_layout(codec: &str, count: usize) -> Option<ChannelLayout> {
    let layout = match (codec, count) {
        // ISO/IEC 14496-3 table 1.19.
        ("aac", 3) => Some(ChannelLayout::SURROUND_3_0),
        ("aac", 4) => Some(ChannelLayout::SURROUND_4_0),
        // Apple's definition of the magic cookie.
        ("alac", 3) => Some(ChannelLayout::SURROUND_3_0),
        ("alac", 4) => Some(ChannelLayout::SURROUND_4_0),
        ("alac", 7) => Some(ChannelLayout::SURROUND_6_1_BACK),
        ("alac", 8) => Some(ChannelLayout::SURROUND_7_1_WIDE),
        // RFC 9639 §9.1.3 allows side or back channels. FFmpeg assumes side channels if the file
        // does not state them. The other layouts are those of Vorbis.
        ("flac", 5) => ChannelLayout::from_mask(0x607).ok(),
        ("flac", 6) => ChannelLayout::from_mask(0x60F).ok(),
        ("flac" | "opus" | "vorbis", _) => ChannelLayout::vorbis_default(count),
        _ => None,
    };
    layout.or_else(|| ChannelLayout::default_for(count).ok())
}

/// Returns symphonia's channels of a layout, or `None` if symphonia has no such channels.
pub(crate) fn positions(layout: ChannelLayout) -> Option<Channels> {
    match layout.mask() {
        Some(mask) => Position::from_bits(mask.into()).map(Channels::Positioned),
        None => u16::try_from(layout.channels()).ok().map(Channels::Discrete),
    }
}

/// Returns the layout of a decoder's channels, or `None` for mono, which some place on the left.
pub(crate) fn decoder_layout(channels: &Channels) -> Option<ChannelLayout> {
    let count = channels.count();
    let Channels::Positioned(position) = channels else { return None };
    let mask = u32::try_from(position.bits()).ok().filter(|_| count > 1)?;
    ChannelLayout::from_mask(mask).ok().filter(|layout| layout.channels() == count)
}

/// Returns the layout whose channel order symphonia's ALAC decoder uses, whatever it states.
pub(crate) fn alac_decoder_layout(count: usize) -> Option<ChannelLayout> {
    let mask = |positions: &[C]| positions.iter().fold(0, |mask, c| mask | 1 << *c as u32);
    match count {
        7 => Some(ChannelLayout::SURROUND_6_1),
        8 => {
            use C::{
                FrontCenter, FrontLeft, FrontLeftOfCenter, FrontRight, FrontRightOfCenter,
                LowFrequency, SideLeft, SideRight,
            };
            let front = [FrontLeft, FrontRight, FrontCenter, LowFrequency, FrontLeftOfCenter];
            let rest = [FrontRightOfCenter, SideLeft, SideRight];
            ChannelLayout::from_mask(mask(&front) | mask(&rest)).ok()
        }
        _ => codec_layout("alac", count),
    }
}

/// Returns the index in `to` of each channel of `from`. Side channels match back channels. `None`
/// if the order is the same, or if the layouts have different channels.
pub(crate) fn order_in(from: ChannelLayout, to: ChannelLayout) -> Option<Order> {
    let list: Vec<C> = from.positions().collect();
    let counterpart = |position: C| match position {
        C::SideLeft => C::BackLeft,
        C::SideRight => C::BackRight,
        C::BackLeft => C::SideLeft,
        C::BackRight => C::SideRight,
        other => other,
    };
    let in_target = |position: C| to.index_of(position).or(to.index_of(counterpart(position)));
    order(list.into_iter().map(in_target), to.channels())
}

/// Builds an order from the index of each coded channel. `None` if it is the identity or invalid.
pub(crate) fn order(indices: impl Iterator<Item = Option<usize>>, count: usize) -> Option<Order> {
    let mut order = [0; 8];
    let mut seen = [false; 8];
    let mut length = 0;
    for index in indices {
        let index = index.filter(|index| *index < count)?;
        if std::mem::replace(seen.get_mut(index)?, true) {
            return None;
        }
        *order.get_mut(length)? = index as u8;
        length += 1;
    }
    let is_same = order[..length].iter().enumerate().all(|(at, index)| at == usize::from(*index));
    (length == count && !is_same).then_some(order)
}

/// Layout tags of Core Audio without their number of channels, and their channels in order.
/// Surround channels are side channels, as in FFmpeg.
const TAGS: &[(u32, &[C])] = {
    const L: C = C::FrontLeft;
    const R: C = C::FrontRight;
    const M: C = C::FrontCenter;
    const LFE: C = C::LowFrequency;
    const SL: C = C::SideLeft;
    const SR: C = C::SideRight;
    const BL: C = C::BackLeft;
    const BR: C = C::BackRight;
    const BC: C = C::BackCenter;
    const LC: C = C::FrontLeftOfCenter;
    const RC: C = C::FrontRightOfCenter;
    &[
        (100, &[M]),
        (101, &[L, R]),
        (102, &[L, R]),
        (108, &[L, R, BL, BR]),
        (109, &[L, R, BL, BR, M]),
        (113, &[L, R, M]),
        (114, &[M, L, R]),
        (115, &[L, R, M, BC]),
        (116, &[M, L, R, BC]),
        (117, &[L, R, M, SL, SR]),
        (118, &[L, R, SL, SR, M]),
        (119, &[L, M, R, SL, SR]),
        (120, &[M, L, R, SL, SR]),
        (121, &[L, R, M, LFE, SL, SR]),
        (122, &[L, R, SL, SR, M, LFE]),
        (123, &[L, M, R, SL, SR, LFE]),
        (124, &[M, L, R, SL, SR, LFE]),
        // FFmpeg and others write these two in the order of WAVE's mask.
        (125, &[L, R, M, LFE, BC, SL, SR]),
        (126, &[L, R, M, LFE, BL, BR, LC, RC]),
        (127, &[M, LC, RC, L, R, BL, BR, LFE]),
        (128, &[L, R, M, LFE, BL, BR, SL, SR]),
        (131, &[L, R, BC]),
        (132, &[L, R, SL, SR]),
        (133, &[L, R, LFE]),
        (134, &[L, R, LFE, BC]),
        (135, &[L, R, LFE, SL, SR]),
        (136, &[L, R, M, LFE]),
        (137, &[L, R, M, LFE, BC]),
        (138, &[L, R, SL, SR, LFE]),
        (139, &[L, R, SL, SR, M, BC]),
        (141, &[M, L, R, SL, SR, BC]),
        (142, &[M, L, R, SL, SR, BC, LFE]),
    ]
};

/// Reads an `AudioChannelLayout` of Core Audio (AIFF, CAF, QuickTime): the layout, and the order of
/// the channels if it differs. Returns `None` unless it has a bitmap or a known tag.
pub(crate) fn core_audio_layout(body: &[u8]) -> Option<(ChannelLayout, Option<Order>)> {
    const USE_BITMAP: u32 = 1 << 16;
    let word = |at: usize| {
        let bytes = body.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    };
    let tag = word(0)?;
    if tag == USE_BITMAP {
        return ChannelLayout::from_mask(word(4)?).ok().map(|layout| (layout, None));
    }
    let (_, channels) = TAGS
        .iter()
        .find(|(id, channels)| *id == tag >> 16 && channels.len() == (tag & 0xFFFF) as usize)?;
    let mask = channels.iter().fold(0, |mask, channel| mask | 1 << *channel as u32);
    let layout = ChannelLayout::from_mask(mask).ok()?;
    let indices = channels.iter().map(|channel| layout.index_of(*channel));
    Some((layout, order(indices, channels.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_layouts_and_orders_of_tags() {
        let of = |id: u32, count: u32| {
            core_audio_layout(&[(id << 16 | count).to_be_bytes(), [0; 4]].concat())
        };
        assert_eq!(of(113, 3), Some((ChannelLayout::SURROUND_3_0, None)));
        let (layout, order) = of(124, 6).unwrap();
        assert_eq!(layout.to_string(), "5.1(side)");
        assert_eq!(order.unwrap()[..6], [2, 0, 1, 4, 5, 3]);
        assert_eq!(of(124, 5), None);
        for (id, channels) in TAGS {
            assert!(of(*id, channels.len() as u32).is_some(), "{id}");
        }
    }

    #[test]
    fn side_channels_match_back_channels() {
        // Back center follows the back channels and precedes the side channels.
        let order = order_in(ChannelLayout::SURROUND_6_1, ChannelLayout::SURROUND_6_1_BACK);
        assert_eq!(order.unwrap()[..7], [0, 1, 2, 3, 6, 4, 5]);
        assert_eq!(order_in(ChannelLayout::STEREO, ChannelLayout::STEREO), None);
        assert_eq!(order_in(ChannelLayout::QUAD, ChannelLayout::SURROUND_4_0), None);
    }
}
