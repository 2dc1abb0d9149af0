//! Loudspeaker positions of channels in QuickTime's and MPEG's boxes.

use reelwright_core::{Channel, ChannelLayout, Result};

use crate::boxes::{Bytes, append_full, full_box};

/// `kAudioChannelLayoutTag_UseChannelBitmap`. The bits are those of WAVE's channel mask.
const USE_BITMAP: u32 = 1 << 16;

/// `kAudioChannelLayoutTag_DiscreteInOrder`, plus the number of channels.
const DISCRETE: u32 = 147 << 16;

/// Appends QuickTime's channel layout. Mono and stereo do not need it.
///
/// # Errors
/// None in practice.
pub(crate) fn chan(out: &mut Bytes, layout: ChannelLayout) -> Result<()> {
    if [ChannelLayout::MONO, ChannelLayout::STEREO].contains(&layout) {
        return Ok(());
    }
    let (tag, bitmap) = match layout.mask() {
        Some(mask) => (USE_BITMAP, mask),
        None => (DISCRETE + layout.channels() as u32, 0),
    };
    // No channel descriptions.
    append_full(out, b"chan", &[tag, bitmap, 0].map(u32::to_be_bytes).concat())
}

/// Returns ALAC's tag of a layout (`kALACChannelLayoutTag_…`). Mono and stereo do not need it.
pub(crate) fn alac_tag(layout: ChannelLayout) -> Option<u32> {
    let number = match layout {
        ChannelLayout::SURROUND_3_0 => 113,
        ChannelLayout::SURROUND_4_0 => 116,
        ChannelLayout::SURROUND_5_0 => 120,
        ChannelLayout::SURROUND_5_1 => 124,
        ChannelLayout::SURROUND_6_1_BACK => 142,
        ChannelLayout::SURROUND_7_1_WIDE => 127,
        _ => return None,
    };
    Some(number << 16 | layout.channels() as u32)
}

/// Appends the `ChannelLayout` box (ISO/IEC 14496-12 §12.2.4), version 0, if all positions are
/// known: a loudspeaker of ISO/IEC 23091-3 for each channel.
///
/// # Errors
/// None in practice.
pub(crate) fn chnl(out: &mut Bytes, layout: ChannelLayout) -> Result<()> {
    let mut positions = layout.positions().map(position).peekable();
    if positions.peek().is_none() {
        return Ok(());
    }
    full_box(out, b"chnl", (0, 0), |out| {
        // Channel-based audio, and no predefined layout.
        out.extend([1, 0]);
        out.extend(positions);
        Ok(())
    })
}

/// Returns the `OutputChannelPosition` (ISO/IEC 23091-3 table 2).
const fn position(channel: Channel) -> u8 {
    match channel {
        Channel::FrontLeft => 0,
        Channel::FrontRight => 1,
        Channel::FrontCenter => 2,
        Channel::LowFrequency => 3,
        Channel::SideLeft => 4,
        Channel::SideRight => 5,
        Channel::FrontLeftOfCenter => 6,
        Channel::FrontRightOfCenter => 7,
        Channel::BackLeft => 8,
        Channel::BackRight => 9,
        Channel::BackCenter => 10,
        Channel::TopCenter => 25,
        Channel::TopFrontLeft => 17,
        Channel::TopFrontCenter => 19,
        Channel::TopFrontRight => 18,
        Channel::TopBackLeft => 20,
        Channel::TopBackCenter => 22,
        Channel::TopBackRight => 21,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quicktime_layouts_are_bitmaps_or_discrete_channels() {
        let written = |layout| {
            let mut out = Vec::new();
            chan(&mut out, layout).unwrap();
            out
        };
        assert!(written(ChannelLayout::MONO).is_empty());
        assert!(written(ChannelLayout::STEREO).is_empty());
        // AudioChannelLayout has a tag, a bitmap and a number of descriptions. Core Audio defines the
        // tags: UseChannelBitmap is 0x1_0000, DiscreteInOrder is 0x93_0000 plus the channels.
        let head = b"\0\0\0\x18chan\0\0\0\0";
        let side = ChannelLayout::from_mask(0x60F).unwrap();
        assert_eq!(written(side), [&head[..], &[0, 1, 0, 0, 0, 0, 6, 0x0F, 0, 0, 0, 0]].concat());
        let unknown = ChannelLayout::unspecified(2).unwrap();
        assert_eq!(
            written(unknown),
            [&head[..], &[0, 0x93, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]].concat()
        );
    }

    #[test]
    fn alac_has_tags_of_its_own() {
        // Apple's ALAC specification defines kALACChannelLayoutTag_MPEG_3_0_B and so on.
        for (layout, tag) in [
            ("3.0", 0x71_0003),
            ("4.0", 0x74_0004),
            ("5.0", 0x78_0005),
            ("5.1", 0x7C_0006),
            ("6.1(back)", 0x8E_0007),
            ("7.1(wide)", 0x7F_0008),
        ] {
            assert_eq!(alac_tag(layout.parse().unwrap()), Some(tag), "{layout}");
        }
        for layout in ["mono", "stereo", "quad", "7.1"] {
            assert_eq!(alac_tag(layout.parse().unwrap()), None, "{layout}");
        }
    }
}
