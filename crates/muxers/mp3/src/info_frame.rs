//! The information frame: Xing header and LAME tag.
//!
//! Neither is standardized. The fields are those of Xing's SDK and of the description "Mp3 Info
//! Tag" revision 1, which all players implement.

use reelwright_core::{Mp3Info, Mp3RateControl, Packet};

use crate::frame::Header;

/// Size of the Xing header with all optional fields.
const XING: usize = 120;

/// Size of the LAME tag.
const LAME: usize = 36;

/// Encoder name. Players use the delay and the padding only for known encoder names.
const ENCODER: &[u8; 9] = b"LAMEreelw";

/// Samples that a decoder adds to the encoder's delay. The tag does not include them.
const DECODER_DELAY: u32 = 529;

/// Maximum of a 12-bit field.
const MAX_12_BITS: u32 = (1 << 12) - 1;

/// Maximum number of stored seek positions.
const MAX_POSITIONS: usize = 512;

/// Contents of the frame, collected while the stream is written.
#[derive(Debug)]
pub(crate) struct InfoFrame {
    header: [u8; 4],
    /// Header of an audio frame.
    audio: Header,
    length: usize,
    /// Position in the output.
    pub(crate) at: u64,
    frames: u32,
    bytes: u64,
    /// Position of every `step`th frame, relative to the information frame.
    positions: Vec<u64>,
    step: u32,
    trim_start: u32,
    trim_end: u32,
    crc: u16,
}

impl InfoFrame {
    /// Creates an information frame for a stream with this header, at position `at` of the output.
    pub(crate) fn new(audio: Header, at: u64) -> Option<Self> {
        let (header, length) = audio.with_room(4 + audio.side_info() + XING + LAME)?;
        Some(Self {
            header,
            audio,
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

    /// Returns a frame of silence, to be replaced at the end.
    pub(crate) fn placeholder(&self) -> Vec<u8> {
        let mut frame = self.header.to_vec();
        frame.resize(self.length, 0);
        frame
    }

    /// Adds a frame.
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

    /// Returns the complete frame.
    pub(crate) fn to_bytes(&self, info: Mp3Info, bit_rate: Option<u64>) -> Vec<u8> {
        let bytes = u32::try_from(self.bytes).unwrap_or(u32::MAX);
        let is_constant = info.rate_control == Mp3RateControl::Constant;
        let mut frame = self.header.to_vec();
        frame.resize(4 + self.audio.side_info(), 0);
        frame.extend(if is_constant { b"Info" } else { b"Xing" });
        // Flags: frames, bytes, table of contents and quality.
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
        // Peak and gain are unknown. No flags.
        frame.extend([0; 4 + 2 + 2 + 1]);
        frame.push((bit_rate.unwrap_or(0) / 1000).min(255) as u8);
        let delay = self.trim_start.saturating_sub(DECODER_DELAY).min(MAX_12_BITS);
        let padding = self.trim_end.saturating_add(DECODER_DELAY).min(MAX_12_BITS);
        frame.extend(&(delay << 12 | padding).to_be_bytes()[1..]);
        let mode = match self.audio.mode() {
            0 => 1u8,
            1 => 3,
            2 => 2,
            _ => 0,
        };
        let source = match self.audio.sample_rate {
            ..=32_000 => 0u8,
            32_001..=44_100 => 1,
            44_101..=48_000 => 2,
            _ => 3,
        };
        frame.push(source << 6 | mode << 2);
        // No gain and no preset.
        frame.extend([0; 1 + 2]);
        frame.extend(bytes.to_be_bytes());
        frame.extend(self.crc.to_be_bytes());
        let crc = crc(0, &frame);
        frame.extend(crc.to_be_bytes());
        frame.resize(self.length, 0);
        frame
    }

    /// Returns the table of contents: the position of each hundredth of the time, in 1/256 of the
    /// bytes.
    fn contents(&self) -> [u8; 100] {
        std::array::from_fn(|i| {
            let frame = i as u64 * u64::from(self.frames) / 100;
            let position = self.positions.get((frame / u64::from(self.step)) as usize);
            let position = u128::from(position.copied().unwrap_or(self.length as u64));
            (position * 256 / u128::from(self.bytes)).min(255) as u8
        })
    }
}

/// Returns the reflected CRC-16 with the polynomial 0x8005.
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
