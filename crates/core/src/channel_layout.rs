//! Channel layouts: the loudspeaker position of each audio channel.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Loudspeaker position. The discriminant is its bit in a channel mask, as in
/// `WAVEFORMATEXTENSIBLE.dwChannelMask` and FFmpeg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // the names are self-explanatory
pub enum Channel {
    FrontLeft = 0,
    FrontRight = 1,
    FrontCenter = 2,
    LowFrequency = 3,
    BackLeft = 4,
    BackRight = 5,
    FrontLeftOfCenter = 6,
    FrontRightOfCenter = 7,
    BackCenter = 8,
    SideLeft = 9,
    SideRight = 10,
    TopCenter = 11,
    TopFrontLeft = 12,
    TopFrontCenter = 13,
    TopFrontRight = 14,
    TopBackLeft = 15,
    TopBackCenter = 16,
    TopBackRight = 17,
}

impl Channel {
    /// All positions, in the order of their bits.
    pub const ALL: [Self; 18] = [
        Self::FrontLeft,
        Self::FrontRight,
        Self::FrontCenter,
        Self::LowFrequency,
        Self::BackLeft,
        Self::BackRight,
        Self::FrontLeftOfCenter,
        Self::FrontRightOfCenter,
        Self::BackCenter,
        Self::SideLeft,
        Self::SideRight,
        Self::TopCenter,
        Self::TopFrontLeft,
        Self::TopFrontCenter,
        Self::TopFrontRight,
        Self::TopBackLeft,
        Self::TopBackCenter,
        Self::TopBackRight,
    ];

    /// Returns FFmpeg's abbreviation: `FL`, `LFE`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::FrontLeft => "FL",
            Self::FrontRight => "FR",
            Self::FrontCenter => "FC",
            Self::LowFrequency => "LFE",
            Self::BackLeft => "BL",
            Self::BackRight => "BR",
            Self::FrontLeftOfCenter => "FLC",
            Self::FrontRightOfCenter => "FRC",
            Self::BackCenter => "BC",
            Self::SideLeft => "SL",
            Self::SideRight => "SR",
            Self::TopCenter => "TC",
            Self::TopFrontLeft => "TFL",
            Self::TopFrontCenter => "TFC",
            Self::TopFrontRight => "TFR",
            Self::TopBackLeft => "TBL",
            Self::TopBackCenter => "TBC",
            Self::TopBackRight => "TBR",
        }
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Channels of an audio stream: their number and, if known, their loudspeaker positions.
///
/// Channels with positions are always in the order of their bits in the mask, as in WAV and FFmpeg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelLayout {
    channels: u16,
    /// 0 if the positions are unknown.
    mask: u32,
}

/// Layouts with a name in FFmpeg.
const NAMED: &[(&str, u32)] = {
    use Channel as C;
    const FRONT: u32 = C::FrontLeft.bit() | C::FrontRight.bit();
    const FC: u32 = C::FrontCenter.bit();
    const LFE: u32 = C::LowFrequency.bit();
    const BACK: u32 = C::BackLeft.bit() | C::BackRight.bit();
    const SIDE: u32 = C::SideLeft.bit() | C::SideRight.bit();
    const BC: u32 = C::BackCenter.bit();
    const WIDE: u32 = C::FrontLeftOfCenter.bit() | C::FrontRightOfCenter.bit();
    &[
        ("mono", FC),
        ("stereo", FRONT),
        ("2.1", FRONT | LFE),
        ("3.0", FRONT | FC),
        ("3.0(back)", FRONT | BC),
        ("4.0", FRONT | FC | BC),
        ("quad", FRONT | BACK),
        ("quad(side)", FRONT | SIDE),
        ("3.1", FRONT | FC | LFE),
        ("5.0", FRONT | FC | BACK),
        ("5.0(side)", FRONT | FC | SIDE),
        ("4.1", FRONT | FC | LFE | BC),
        ("5.1", FRONT | FC | LFE | BACK),
        ("5.1(side)", FRONT | FC | LFE | SIDE),
        ("6.0", FRONT | FC | BC | SIDE),
        ("6.0(front)", FRONT | SIDE | WIDE),
        ("hexagonal", FRONT | FC | BACK | BC),
        ("6.1", FRONT | FC | LFE | BC | SIDE),
        ("6.1(back)", FRONT | FC | LFE | BACK | BC),
        ("6.1(front)", FRONT | LFE | SIDE | WIDE),
        ("7.0", FRONT | FC | BACK | SIDE),
        ("7.0(front)", FRONT | FC | SIDE | WIDE),
        ("7.1", FRONT | FC | LFE | BACK | SIDE),
        ("7.1(wide)", FRONT | FC | LFE | BACK | WIDE),
        ("7.1(wide-side)", FRONT | FC | LFE | SIDE | WIDE),
        ("octagonal", FRONT | FC | BACK | BC | SIDE),
    ]
};

impl ChannelLayout {
    /// Mono: front center.
    pub const MONO: Self = Self { channels: 1, mask: Channel::FrontCenter.bit() };
    /// Front left and front right.
    pub const STEREO: Self =
        Self { channels: 2, mask: Channel::FrontLeft.bit() | Channel::FrontRight.bit() };
    /// Stereo and front center.
    pub const SURROUND_3_0: Self = Self::and(Self::STEREO, &[Channel::FrontCenter]);
    /// 3.0 and back center.
    pub const SURROUND_4_0: Self = Self::and(Self::SURROUND_3_0, &[Channel::BackCenter]);
    /// Stereo, back left and back right.
    pub const QUAD: Self = Self::and(Self::STEREO, &[Channel::BackLeft, Channel::BackRight]);
    /// Quad and front center.
    pub const SURROUND_5_0: Self = Self::and(Self::QUAD, &[Channel::FrontCenter]);
    /// 5.0 and low frequencies.
    pub const SURROUND_5_1: Self = Self::and(Self::SURROUND_5_0, &[Channel::LowFrequency]);
    /// 5.1 with side instead of back channels, and back center.
    pub const SURROUND_6_1: Self = Self::and(
        Self::SURROUND_3_0,
        &[Channel::LowFrequency, Channel::BackCenter, Channel::SideLeft, Channel::SideRight],
    );
    /// 5.1, side left and side right.
    pub const SURROUND_7_1: Self =
        Self::and(Self::SURROUND_5_1, &[Channel::SideLeft, Channel::SideRight]);

    /// 5.1 and back center.
    pub const SURROUND_6_1_BACK: Self = Self::and(Self::SURROUND_5_1, &[Channel::BackCenter]);
    /// 5.1, front left of center and front right of center.
    pub const SURROUND_7_1_WIDE: Self =
        Self::and(Self::SURROUND_5_1, &[Channel::FrontLeftOfCenter, Channel::FrontRightOfCenter]);

    const fn and(layout: Self, more: &[Channel]) -> Self {
        let mut mask = layout.mask;
        let mut i = 0;
        while i < more.len() {
            mask |= more[i].bit();
            i += 1;
        }
        Self { channels: mask.count_ones() as u16, mask }
    }

    /// Returns FFmpeg's default layout of `channels` channels; of 6, it is `5.1`. Numbers without a
    /// named layout have no positions.
    ///
    /// # Errors
    /// `channels` is not from 1 to 65,535.
    pub fn default_for(channels: usize) -> Result<Self> {
        let layout = Self::unspecified(channels)?;
        let usual = NAMED.iter().find(|(_, mask)| mask.count_ones() as usize == channels);
        Ok(usual.map_or(layout, |&(_, mask)| Self { mask, ..layout }))
    }

    /// Returns a layout of `channels` channels with unknown positions.
    ///
    /// # Errors
    /// `channels` is not from 1 to 65,535.
    pub fn unspecified(channels: usize) -> Result<Self> {
        if channels == 0 {
            return Err(Error::argument(format!(
                "The number of channels must be positive. Found: {channels}"
            )));
        }
        let channels = u16::try_from(channels).map_err(|_| {
            Error::argument(format!(
                "The number of channels must be at most {}. Found: {channels}",
                u16::MAX
            ))
        })?;
        Ok(Self { channels, mask: 0 })
    }

    /// Returns the layout of the positions whose bits are set in `mask`.
    ///
    /// # Errors
    /// The mask is 0, or has a bit of an unknown position.
    pub fn from_mask(mask: u32) -> Result<Self> {
        if mask == 0 || mask >> Channel::ALL.len() != 0 {
            return Err(Error::argument(format!(
                "A channel mask must have at least one of the lowest {} bits only. Found: \
                 {mask:#x}",
                Channel::ALL.len()
            )));
        }
        Ok(Self { channels: mask.count_ones() as u16, mask })
    }

    /// Returns the number of channels, at least 1.
    pub const fn channels(self) -> usize {
        self.channels as usize
    }

    /// Returns the positions as a mask, if they are known.
    pub const fn mask(self) -> Option<u32> {
        if self.mask == 0 { None } else { Some(self.mask) }
    }

    /// Returns the positions in the order of the channels, or nothing if they are unknown.
    pub fn positions(self) -> impl Iterator<Item = Channel> {
        Channel::ALL.into_iter().filter(move |c| self.mask & c.bit() != 0)
    }

    /// Returns whether each channel of `other` has a position in this layout. Side channels can use
    /// the back positions and vice versa, if only one of the two pairs exists, and a back center
    /// channel can use a free back pair.
    pub fn includes(self, other: Self) -> bool {
        const BACK: u32 = Channel::BackLeft.bit() | Channel::BackRight.bit();
        const SIDE: u32 = Channel::SideLeft.bit() | Channel::SideRight.bit();
        if self.mask == 0 || other.mask == 0 {
            return self.channels == other.channels;
        }
        let moved = match other.mask & (BACK | SIDE) {
            BACK if self.mask & BACK == 0 => other.mask & !BACK | SIDE,
            SIDE if self.mask & SIDE == 0 => other.mask & !SIDE | BACK,
            _ => other.mask,
        };
        const MIDDLE: u32 = Channel::BackCenter.bit();
        let has_room = self.mask & BACK == BACK && moved & BACK == 0;
        let moved = if has_room { moved & !MIDDLE } else { moved };
        moved & !self.mask == 0
    }

    /// Returns the layout of `channels` channels in Vorbis and Opus.
    pub const fn vorbis_default(channels: usize) -> Option<Self> {
        Some(match channels {
            1 => Self::MONO,
            2 => Self::STEREO,
            3 => Self::SURROUND_3_0,
            4 => Self::QUAD,
            5 => Self::SURROUND_5_0,
            6 => Self::SURROUND_5_1,
            7 => Self::SURROUND_6_1,
            8 => Self::SURROUND_7_1,
            _ => return None,
        })
    }

    /// Returns the channel order of Vorbis (Vorbis I §4.3.9) and Opus: for each of their channels,
    /// the index in this layout. `None` if Vorbis does not define the layout.
    pub fn vorbis_order(self) -> Option<&'static [usize]> {
        Some(match self {
            Self::MONO => &[0],
            Self::STEREO => &[0, 1],
            // Center is between left and right, and LFE is last.
            Self::SURROUND_3_0 => &[0, 2, 1],
            Self::QUAD => &[0, 1, 2, 3],
            Self::SURROUND_5_0 => &[0, 2, 1, 3, 4],
            Self::SURROUND_5_1 => &[0, 2, 1, 4, 5, 3],
            // Left, center, right, side left, side right, back center, LFE.
            Self::SURROUND_6_1 => &[0, 2, 1, 5, 6, 4, 3],
            // Left, center, right, side left, side right, back left, back right, LFE.
            Self::SURROUND_7_1 => &[0, 2, 1, 6, 7, 4, 5, 3],
            _ => return None,
        })
    }

    /// Returns the index of the channel for `position`, if the layout includes it.
    pub fn index_of(self, position: Channel) -> Option<usize> {
        (self.mask & position.bit() != 0)
            .then(|| (self.mask & (position.bit() - 1)).count_ones() as usize)
    }
}

impl fmt::Display for ChannelLayout {
    /// Writes FFmpeg's name (`5.1(side)`), or the positions (`FL+TC`), or `3 channels`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMED.iter().find(|(_, mask)| *mask == self.mask) {
            return f.write_str(name);
        }
        if self.mask == 0 {
            return write!(f, "{} channels", self.channels);
        }
        for (i, position) in self.positions().enumerate() {
            if i > 0 {
                f.write_str("+")?;
            }
            f.write_str(position.name())?;
        }
        Ok(())
    }
}

impl FromStr for ChannelLayout {
    type Err = Error;

    /// Parses a name (`stereo`, `5.1(side)`), positions (`FL+FR+LFE`) or a number of channels.
    fn from_str(text: &str) -> Result<Self> {
        if let Ok(channels) = text.parse::<usize>() {
            return Self::default_for(channels);
        }
        if let Some(&(_, mask)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Self::from_mask(mask);
        }
        let mut mask = 0;
        for name in text.split('+') {
            match Channel::ALL.iter().find(|c| c.name() == name) {
                Some(position) if mask < position.bit() => mask |= position.bit(),
                _ => {
                    return Err(Error::unknown_name(format!(
                        "Unknown channel layout: {text}. Valid values are a number of channels, \
                         positions in ascending order joined by + ({}), or one of {}.",
                        crate::error::list(Channel::ALL.map(Channel::name)),
                        crate::error::list(NAMED.iter().map(|(name, _)| name)),
                    )));
                }
            }
        }
        Self::from_mask(mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_layouts_equal_those_of_ffmpeg() {
        let names = ["mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1", "9 channels"];
        // 3 is 2.1 and 4 is 4.0 because they come first in FFmpeg's table.
        for (channels, name) in [1, 2, 3, 4, 5, 6, 7, 8, 9].into_iter().zip(names) {
            assert_eq!(ChannelLayout::default_for(channels).unwrap().to_string(), name);
        }
    }

    #[test]
    fn vorbis_order_contains_every_channel_once() {
        for channels in 1..=8 {
            let layout = ChannelLayout::vorbis_default(channels).unwrap();
            let mut order = layout.vorbis_order().unwrap().to_vec();
            order.sort_unstable();
            assert!(order.into_iter().eq(0..channels), "{layout}");
        }
    }

    #[test]
    fn constants_match_their_names() {
        for (layout, name) in [
            (ChannelLayout::MONO, "mono"),
            (ChannelLayout::STEREO, "stereo"),
            (ChannelLayout::SURROUND_3_0, "3.0"),
            (ChannelLayout::SURROUND_4_0, "4.0"),
            (ChannelLayout::QUAD, "quad"),
            (ChannelLayout::SURROUND_5_0, "5.0"),
            (ChannelLayout::SURROUND_5_1, "5.1"),
            (ChannelLayout::SURROUND_6_1, "6.1"),
            (ChannelLayout::SURROUND_6_1_BACK, "6.1(back)"),
            (ChannelLayout::SURROUND_7_1, "7.1"),
            (ChannelLayout::SURROUND_7_1_WIDE, "7.1(wide)"),
        ] {
            assert_eq!(name.parse::<ChannelLayout>().unwrap(), layout);
        }
    }

    #[test]
    fn parses_names_and_positions() {
        for (name, mask) in NAMED {
            let layout: ChannelLayout = name.parse().unwrap();
            assert_eq!(layout.mask(), Some(*mask));
            assert_eq!(layout.to_string(), *name);
        }
        let layout: ChannelLayout = "FL+TC".parse().unwrap();
        assert_eq!(layout.to_string(), "FL+TC");
        assert_eq!(layout.index_of(Channel::TopCenter), Some(1));
        for wrong in ["", "FR+FL", "FL+FL", "0", "nope", "70000"] {
            assert!(wrong.parse::<ChannelLayout>().is_err(), "{wrong}");
        }
    }
}
