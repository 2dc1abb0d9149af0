//! `AudioSpecificConfig` of AAC (ISO/IEC 14496-3 §1.6.2.1): sample rate and channels.

use reelwright_core::{Channel as C, ChannelLayout};

use crate::channels::{Order, codec_layout, order};

/// Sample rates by index (ISO/IEC 14496-3 table 1.18).
pub(crate) const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Sample rate and channels of an `AudioSpecificConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AacConfig {
    pub(crate) sample_rate: u32,
    pub(crate) layout: ChannelLayout,
    /// Index of each decoded channel in the layout's order, if it differs.
    pub(crate) order: Option<Order>,
}

/// Bit reader, most significant bit first.
struct Bits<'a>(&'a [u8], usize);

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0u32;
        for _ in 0..count {
            let bit = self.0.get(self.1 / 8)? >> (7 - self.1 % 8) & 1;
            (value, self.1) = (value << 1 | u32::from(bit), self.1 + 1);
        }
        Some(value)
    }

    fn is_set(&mut self) -> Option<bool> {
        Some(self.take(1)? == 1)
    }
}

impl AacConfig {
    /// Parses a configuration. Returns `None` if it is truncated or its channels are unknown.
    pub(crate) fn new(config: &[u8]) -> Option<Self> {
        let mut bits = Bits(config, 0);
        let mut sample_rate = || {
            if bits.take(5)? == 31 {
                bits.take(6)?;
            }
            Some(match bits.take(4)? {
                15 => bits.take(24)?,
                index => *SAMPLE_RATES.get(index as usize)?,
            })
        };
        let sample_rate = sample_rate()?;
        let (layout, order) = match bits.take(4)? {
            0 => {
                // frameLengthFlag, dependsOnCoreCoder and its delay, extensionFlag.
                bits.take(1)?;
                if bits.is_set()? {
                    bits.take(14)?;
                }
                bits.take(1)?;
                program_config(&mut bits)?
            }
            7 => (codec_layout("aac", 8)?, None),
            count @ 1..=6 => (codec_layout("aac", count as usize)?, None),
            _ => return None,
        };
        Some(Self { sample_rate, layout, order })
    }
}

/// Builds an `AudioSpecificConfig` for frames that describe their channels themselves. Copies the
/// program configuration element at the start of `frame`. Returns `None` if there is none.
pub(crate) fn config_from_frame(object: u8, rate_index: u8, frame: &[u8]) -> Option<Vec<u8>> {
    const PROGRAM_CONFIG: u32 = 5;
    let mut bits = Bits(frame, 0);
    if bits.take(3)? != PROGRAM_CONFIG {
        return None;
    }
    let start = bits.1;
    program_config(&mut bits)?;
    // Object type, rate, no channels, and the three flags of a general audio configuration.
    let mut config = vec![object << 3 | rate_index >> 1, rate_index << 7];
    let mut at = 16;
    let mut copied = Bits(frame, start);
    while copied.1 < bits.1 {
        if at % 8 == 0 {
            config.push(0);
        }
        *config.last_mut()? |= (copied.take(1)? as u8) << (7 - at % 8);
        at += 1;
    }
    // An empty comment.
    config.push(0);
    Some(config)
}

/// Reads the channels of a program configuration element (§4.4.1.1). Decoders output them in its
/// order: front, side, back, low frequencies.
fn program_config(bits: &mut Bits<'_>) -> Option<(ChannelLayout, Option<Order>)> {
    // Tag, object type and sample rate of the element.
    bits.take(10)?;
    let [front, side, back] = [bits.take(4)?, bits.take(4)?, bits.take(4)?];
    let low = bits.take(2)?;
    let (associated, coupling) = (bits.take(3)?, bits.take(4)?);
    // Element numbers of the mono and stereo mixdowns, and the matrix mixdown.
    for size in [4, 4, 3] {
        if bits.is_set()? {
            bits.take(size)?;
        }
    }
    // Each element is a single channel or a pair. Its tag is not used.
    let mut pairs = |count: u32| {
        let pair = |_| {
            let pair = bits.is_set()?;
            bits.take(4)?;
            Some(pair)
        };
        (0..count).map(pair).collect::<Option<Vec<bool>>>()
    };
    let (front, side, back) = (pairs(front)?, pairs(side)?, pairs(back)?);
    for size in std::iter::repeat_n(4, (low + associated) as usize) {
        bits.take(size)?;
    }
    (0..coupling).try_for_each(|_| bits.take(5).map(drop))?;
    let mut found = Vec::new();
    let wide = front.iter().filter(|pair| **pair).count() > 1;
    for (index, pair) in front.iter().enumerate() {
        let is_inner = wide && !front[..index].contains(&true);
        found.extend_from_slice(match (pair, is_inner) {
            (false, _) => &[C::FrontCenter],
            (true, true) => &[C::FrontLeftOfCenter, C::FrontRightOfCenter],
            (true, false) => &[C::FrontLeft, C::FrontRight],
        });
    }
    // A single side channel has no position. The check for duplicates below rejects it.
    for pair in &side {
        found.extend_from_slice(if *pair {
            &[C::SideLeft, C::SideRight]
        } else {
            &[C::FrontCenter]
        });
    }
    let behind = back.iter().filter(|pair| **pair).count();
    for (index, pair) in back.iter().enumerate() {
        // Without side elements, the first of two back pairs is the side pair.
        let is_side = side.is_empty() && behind > 1 && !back[..index].contains(&true);
        found.extend_from_slice(match (pair, is_side) {
            (false, _) => &[C::BackCenter],
            (true, true) => &[C::SideLeft, C::SideRight],
            (true, false) => &[C::BackLeft, C::BackRight],
        });
    }
    found.extend((0..low).map(|_| C::LowFrequency));
    let mask = found.iter().fold(0, |mask, channel| mask | 1 << *channel as u32);
    let layout = ChannelLayout::from_mask(mask).ok()?;
    if layout.channels() != found.len() || side.contains(&false) {
        return Some((ChannelLayout::unspecified(found.len()).ok()?, None));
    }
    let indices = found.iter().map(|channel| layout.index_of(*channel));
    Some((layout, order(indices, found.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_channels_and_sample_rate() {
        let of = |config: &[u8]| {
            AacConfig::new(config).map(|config| (config.layout.to_string(), config.sample_rate))
        };
        assert_eq!(of(&[0x12, 0x10]), Some(("stereo".into(), 44_100)));
        assert_eq!(of(&[0x11, 0xB0]), Some(("5.1".into(), 48_000)));
        assert_eq!(of(&[0x11, 0x98]), Some(("3.0".into(), 48_000)));
        assert_eq!(of(&[0x11]), None);
    }

    #[test]
    fn reads_channels_of_a_program_configuration() {
        // LC, 48 kHz, no channel configuration, and a program of the given elements: 4-bit counts,
        // then for each element a pair flag and a tag.
        let program = |counts: [u32; 4], pairs: &[bool]| {
            let mut bits = format!("{:05b}{:04b}{:04b}000{:04b}{:02b}{:04b}", 2, 3, 0, 0, 1, 3);
            for (count, size) in counts.iter().zip([4, 4, 4, 2]) {
                bits += &format!("{count:0size$b}");
            }
            bits += "0000000000";
            for pair in pairs {
                bits += if *pair { "10000" } else { "00000" };
            }
            bits += "0000000000000000";
            let bytes = bits.as_bytes().chunks_exact(8);
            let byte = |eight: &[u8]| eight.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
            AacConfig::new(&bytes.map(byte).collect::<Vec<u8>>()).unwrap()
        };
        assert_eq!(config_from_frame(2, 3, &[0xA0, 0, 0]), None);
        let quad = program([1, 0, 1, 0], &[true, true]);
        assert_eq!((quad.layout, quad.order), (ChannelLayout::QUAD, None));
        let seven = program([2, 1, 1, 1], &[false, true, true, false]);
        assert_eq!(seven.layout, ChannelLayout::SURROUND_6_1);
        // Center, left, right, sides, back center, low frequencies.
        assert_eq!(seven.order.unwrap()[..7], [2, 0, 1, 5, 6, 4, 3]);
    }
}
