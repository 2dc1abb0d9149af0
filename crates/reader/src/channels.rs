//! Channel layouts that codecs imply and containers state.

use reelwright_core::{Channel as C, ChannelLayout};
use symphonia::core::audio::{Channels, Position};

/// Index of each coded channel in the layout's own order.
pub(crate) type Order = [u8; 8];

/// The layout that a codec of this name implies for `count` channels where nothing states one.
pub(crate) fn of_codec(codec: &str, count: usize) -> Option<ChannelLayout> {
    let layout = match (codec, count) {
        // ISO/IEC 14496-3 table 1.19.
        ("aac", 3) => Some(ChannelLayout::SURROUND_3_0),
        ("aac", 4) => Some(ChannelLayout::SURROUND_4_0),
        // Apple's definition of the magic cookie.
        ("alac", 3) => Some(ChannelLayout::SURROUND_3_0),
        ("alac", 4) => Some(ChannelLayout::SURROUND_4_0),
        ("alac", 7) => Some(ChannelLayout::SURROUND_6_1_BACK),
        ("alac", 8) => Some(ChannelLayout::SURROUND_7_1_WIDE),
        // RFC 9639 §9.1.3 leaves the sides or the back open; FFmpeg, which states the back, has the
        // sides where nothing is stated. All else is as in Vorbis.
        ("flac", 5) => ChannelLayout::from_mask(0x607).ok(),
        ("flac", 6) => ChannelLayout::from_mask(0x60F).ok(),
        ("flac" | "opus" | "vorbis", _) => ChannelLayout::vorbis_default(count),
        _ => None,
    };
    layout.or_else(|| ChannelLayout::default_for(count).ok())
}

/// A layout's channels as symphonia names them; none for more than it knows.
pub(crate) fn positions(layout: ChannelLayout) -> Option<Channels> {
    match layout.mask() {
        Some(mask) => Position::from_bits(mask.into()).map(Channels::Positioned),
        None => u16::try_from(layout.channels()).ok().map(Channels::Discrete),
    }
}

/// The positions that a decoder states; some have mono on the left.
pub(crate) fn of_decoder(channels: &Channels) -> Option<ChannelLayout> {
    let count = channels.count();
    let Channels::Positioned(position) = channels else { return None };
    let mask = u32::try_from(position.bits()).ok().filter(|_| count > 1)?;
    ChannelLayout::from_mask(mask).ok().filter(|layout| layout.channels() == count)
}

/// The layout in whose order symphonia's ALAC decoder brings its channels, whatever it states.
pub(crate) fn of_alac_decoder(count: usize) -> Option<ChannelLayout> {
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
        _ => of_codec("alac", count),
    }
}

/// The order in which the channels of one layout stand in another that has them at the sides or
/// the back instead; none where it is the same order, or the layouts have other channels.
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

/// An order from the index of each coded channel; none where it changes nothing or is none.
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

/// Layout tags of Core Audio without their count of channels, with the channels in their order.
/// Surround channels are at the sides, as FFmpeg has them.
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
        // FFmpeg and those who follow it write these two in the order of WAVE's mask.
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

/// An `AudioChannelLayout` of Core Audio, as AIFF, CAF and QuickTime have it: the layout, and the
/// order of the channels where it is another one. None where it has neither a bitmap nor a tag that
/// is known.
pub(crate) fn of_core_audio(body: &[u8]) -> Option<(ChannelLayout, Option<Order>)> {
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
    fn tags_have_layouts_and_orders() {
        let of = |id: u32, count: u32| {
            of_core_audio(&[(id << 16 | count).to_be_bytes(), [0; 4]].concat())
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
    fn side_channels_stand_in_for_back_ones() {
        // Back center comes behind the back channels and in front of the side ones.
        let order = order_in(ChannelLayout::SURROUND_6_1, ChannelLayout::SURROUND_6_1_BACK);
        assert_eq!(order.unwrap()[..7], [0, 1, 2, 3, 6, 4, 5]);
        assert_eq!(order_in(ChannelLayout::STEREO, ChannelLayout::STEREO), None);
        assert_eq!(order_in(ChannelLayout::QUAD, ChannelLayout::SURROUND_4_0), None);
    }
}
