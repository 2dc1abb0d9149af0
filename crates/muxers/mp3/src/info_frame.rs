//! The information frame: Xing's header, and LAME's tag behind it.
//!
//! Neither is a standard; the fields are those of Xing's SDK and of the "Mp3 Info Tag" revision 1
//! description, as all players read them.

use reelwright_core::{Mp3Info, Mp3RateControl, Packet};

use crate::frame::Header;

/// Bytes of Xing's header, with everything that its flags can announce.
const XING: usize = 120;

/// Bytes of LAME's tag.
const LAME: usize = 36;

/// Who made the stream. Players heed the delay and the padding only behind the name of an encoder
/// they know.
const ENCODER: &[u8; 9] = b"LAMEreelw";

/// Samples that a decoder adds to an encoder's delay; the tag leaves them out.
const DECODER_DELAY: u32 = 529;

/// The largest number of 12 bits.
const MAX_12_BITS: u32 = (1 << 12) - 1;

/// The most positions that are remembered to seek to.
const MAX_POSITIONS: usize = 512;

/// What is gathered for the frame while the stream goes by.
#[derive(Debug)]
pub(crate) struct InfoFrame {
    header: [u8; 4],
    /// Of the frames of sound.
    sound: Header,
    length: usize,
    /// Where it is in the output.
    pub(crate) at: u64,
    frames: u32,
    bytes: u64,
    /// Where every `step`th frame begins, from the information frame on.
    positions: Vec<u64>,
    step: u32,
    trim_start: u32,
    trim_end: u32,
    crc: u16,
}

impl InfoFrame {
    /// A frame in front of the one with this header, at `at` in the output.
    pub(crate) fn new(sound: Header, at: u64) -> Option<Self> {
        let (header, length) = sound.with_room(4 + sound.side_info() + XING + LAME)?;
        Some(Self {
            header,
            sound,
            length,
            at,
            frames: 0,
            bytes: length as u64,
            positions: Vec::with_capacity(MAX_POSITIONS),
            step: 1,
            trim_start: 0,
            trim_end: 0,
            crc: 0,
        })
    }

    /// A frame of silence, until the real one is known.
    pub(crate) fn placeholder(&self) -> Vec<u8> {
        let mut frame = self.header.to_vec();
        frame.resize(self.length, 0);
        frame
    }

    /// Counts a frame.
    pub(crate) fn add(&mut self, packet: &Packet) {
        if self.frames.is_multiple_of(self.step) {
            if self.positions.len() == MAX_POSITIONS {
                let mut is_odd = false;
                self.positions.retain(|_| {
                    is_odd = !is_odd;
                    is_odd
                });
                self.step = self.step.saturating_mul(2);
            }
            if self.frames.is_multiple_of(self.step) {
                self.positions.push(self.bytes);
            }
        }
        self.frames = self.frames.saturating_add(1);
        self.bytes += packet.data.len() as u64;
        self.trim_start = self.trim_start.saturating_add(packet.trim_start);
        self.trim_end = self.trim_end.saturating_add(packet.trim_end);
        self.crc = crc(self.crc, &packet.data);
    }

    /// The whole frame.
    pub(crate) fn to_bytes(&self, info: Mp3Info, bit_rate: Option<u64>) -> Vec<u8> {
        let bytes = u32::try_from(self.bytes).unwrap_or(u32::MAX);
        let is_constant = info.rate_control == Mp3RateControl::Constant;
        let mut frame = self.header.to_vec();
        frame.resize(4 + self.sound.side_info(), 0);
        frame.extend(if is_constant { b"Info" } else { b"Xing" });
        // Frames, bytes, table of contents and quality follow.
        frame.extend(15u32.to_be_bytes());
        frame.extend(self.frames.to_be_bytes());
        frame.extend(bytes.to_be_bytes());
        frame.extend(self.contents());
        let (method, quality) = match info.rate_control {
            Mp3RateControl::Constant => (1, 50),
            Mp3RateControl::Average => (2, 50),
            Mp3RateControl::Variable(qscale) => (4, 100 - 10 * u32::from(qscale.min(9))),
        };
        frame.extend(quality.to_be_bytes());

        frame.extend(ENCODER);
        frame.push(method);
        frame.push((info.lowpass / 100).min(255) as u8);
        // Peak and gains: not measured. Flags: none.
        frame.extend([0; 4 + 2 + 2 + 1]);
        frame.push((bit_rate.unwrap_or(0) / 1000).min(255) as u8);
        let delay = self.trim_start.saturating_sub(DECODER_DELAY).min(MAX_12_BITS);
        let padding = self.trim_end.saturating_add(DECODER_DELAY).min(MAX_12_BITS);
        frame.extend(&(delay << 12 | padding).to_be_bytes()[1..]);
        let mode = match self.sound.mode() {
            0 => 1u8,
            1 => 3,
            2 => 2,
            _ => 0,
        };
        let source = match self.sound.sample_rate {
            ..=32_000 => 0u8,
            32_001..=44_100 => 1,
            44_101..=48_000 => 2,
            _ => 3,
        };
        frame.push(source << 6 | mode << 2);
        // Gain, and presets: none.
        frame.extend([0; 1 + 2]);
        frame.extend(bytes.to_be_bytes());
        frame.extend(self.crc.to_be_bytes());
        let crc = crc(0, &frame);
        frame.extend(crc.to_be_bytes());
        frame.resize(self.length, 0);
        frame
    }

    /// Where each hundredth of the time begins, in 1/256 of the bytes.
    fn contents(&self) -> [u8; 100] {
        std::array::from_fn(|i| {
            let frame = i as u64 * u64::from(self.frames) / 100;
            let position = self.positions.get((frame / u64::from(self.step)) as usize);
            let position = u128::from(position.copied().unwrap_or(self.length as u64));
            (position * 256 / u128::from(self.bytes)).min(255) as u8
        })
    }
}

/// CRC-16 with the polynomial 0x8005, reflected.
fn crc(crc: u16, bytes: &[u8]) -> u16 {
    const TABLE: [u16; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut crc = i as u16;
            let mut bit = 0;
            while bit < 8 {
                crc = crc >> 1 ^ if crc & 1 == 1 { 0xA001 } else { 0 };
                bit += 1;
            }
            table[i] = crc;
            i += 1;
        }
        table
    };
    bytes.iter().fold(crc, |crc, byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc_16_arc() {
        assert_eq!(crc(0, b"123456789"), 0xBB3D);
    }
}
