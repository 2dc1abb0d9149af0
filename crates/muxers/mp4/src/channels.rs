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
/// Fails like [`append_full`], which it never does.
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
/// Fails like [`full_box`], which it never does.
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
