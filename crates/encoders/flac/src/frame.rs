//! Frame header (RFC 9639 §9.1).

use crate::crc::crc8;
use reelwright_core::helpers::bits::BitWriter;

/// Size of the longest header: sync and codes 4, number 7, block size 2, sample rate 2, checksum 1.
pub(crate) const MAX_HEADER_BYTES: usize = 16;

/// Stereo mode of a frame (RFC 9639 §9.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelMode {
    /// Independent channels; also for any number of channels but two.
    Independent,
    /// Left, and left − right.
    LeftSide,
    /// Left − right, and right.
    SideRight,
    /// (left + right) / 2, and left − right.
    MidSide,
}

/// Fields of a frame header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameHeader {
    /// Frame number, counted from 0; less than 2³¹.
    pub(crate) number: u32,
    pub(crate) block_size: usize,
    pub(crate) sample_rate: u32,
    pub(crate) channels: usize,
    pub(crate) mode: ChannelMode,
    pub(crate) bits_per_sample: u32,
}

impl FrameHeader {
    /// Writes the header at the start of the writer.
    pub(crate) fn write(&self, to: &mut BitWriter) {
        // Sync code, reserved bit, and 0 for a fixed block size.
        to.put(0b11_1111_1111_1110 << 2, 16);
        let (size_code, size_bits) = block_size_code(self.block_size);
        let (rate_code, rate, rate_bits) = sample_rate_code(self.sample_rate);
        to.put(size_code, 4);
        to.put(rate_code, 4);
        to.put(
            match self.mode {
                ChannelMode::Independent => self.channels as u64 - 1,
                ChannelMode::LeftSide => 8,
                ChannelMode::SideRight => 9,
                ChannelMode::MidSide => 10,
            },
            4,
        );
        to.put(
            match self.bits_per_sample {
                8 => 1,
                12 => 2,
                16 => 4,
                20 => 5,
                24 => 6,
                32 => 7,
                _ => 0, // taken from STREAMINFO
            },
            3,
        );
        to.put(0, 1);
        put_coded_number(to, self.number);
        if size_bits > 0 {
            to.put(self.block_size as u64 - 1, size_bits);
        }
        to.put(rate, rate_bits);
        to.align();
        let crc = crc8(to.bytes());
        to.put(u64::from(crc), 8);
    }
}

/// Returns the code of a block size, and the number of extra bits if the header must store the
/// size.
fn block_size_code(size: usize) -> (u64, u32) {
    match size {
        192 => (1, 0),
        576 => (2, 0),
        1152 => (3, 0),
        2304 => (4, 0),
        4608 => (5, 0),
        256 | 512 | 1024 | 2048 | 4096 | 8192 | 16_384 | 32_768 => {
            (u64::from(size.trailing_zeros()), 0)
        }
        ..=255 => (6, 8),
        _ => (7, 16),
    }
}

/// Returns the code of a sample rate. If the header must store the rate, also returns the stored
/// number and its bits.
fn sample_rate_code(rate: u32) -> (u64, u64, u32) {
    let code = match rate {
        88_200 => 1,
        176_400 => 2,
        192_000 => 3,
        8_000 => 4,
        16_000 => 5,
        22_050 => 6,
        24_000 => 7,
        32_000 => 8,
        44_100 => 9,
        48_000 => 10,
        96_000 => 11,
        _ if rate.is_multiple_of(1000) && rate <= 255_000 => {
            return (12, u64::from(rate / 1000), 8);
        }
        _ if rate <= 65_535 => return (13, u64::from(rate), 16),
        _ if rate.is_multiple_of(10) && rate <= 655_350 => return (14, u64::from(rate / 10), 16),
        _ => 0, // taken from STREAMINFO
    };
    (code, 0, 0)
}

/// Writes a number in UTF-8's scheme, extended to 31 bits (RFC 9639 §9.1.5).
fn put_coded_number(to: &mut BitWriter, number: u32) {
    if number < 0x80 {
        to.put(u64::from(number), 8);
        return;
    }
    // A code of n bytes has 5n + 1 payload bits.
    let bytes = (30 - number.leading_zeros()) / 5 + 1;
    let first = (0xff00u32 >> bytes) & 0xff;
    to.put(u64::from(first | (number >> (6 * (bytes - 1)))), 8);
    for i in (0..bytes - 1).rev() {
        to.put(u64::from(0x80 | ((number >> (6 * i)) & 0x3f)), 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coded_numbers_are_utf8() {
        for number in [0u32, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xffff, 0x1_0000, 0x10_ffff] {
            let mut bits = BitWriter::default();
            bits.start(8);
            put_coded_number(&mut bits, number);
            let text = char::from_u32(number).unwrap().to_string();
            assert_eq!(bits.bytes(), text.as_bytes(), "{number:#x}");
        }
        let mut bits = BitWriter::default();
        bits.start(8);
        put_coded_number(&mut bits, 0x7fff_ffff);
        assert_eq!(bits.bytes(), [0xfd, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf]);
    }

    #[test]
    fn decodes_the_header_example_of_the_rfc() {
        // RFC 9639 appendix D.1.2.
        let mut bits = BitWriter::default();
        bits.start(MAX_HEADER_BYTES);
        FrameHeader {
            number: 0,
            block_size: 1,
            sample_rate: 44_100,
            channels: 2,
            mode: ChannelMode::Independent,
            bits_per_sample: 16,
        }
        .write(&mut bits);
        assert_eq!(bits.bytes(), [0xff, 0xf8, 0x69, 0x18, 0x00, 0x00, 0xbf]);
    }
}
