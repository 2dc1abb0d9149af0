//! NAL units in the format of packets: a length in four bytes, the header, and the payload with
//! emulation prevention (ITU-T H.264 §7.3.1, ISO/IEC 14496-15 §5.3.4.2).

use reelwright_core::h264::NalType;

const LENGTH_BYTES: usize = 4;
/// `nal_ref_idc` of all NAL units: all may be references.
const REFERENCE: u8 = 3;
/// `emulation_prevention_three_byte`.
const ESCAPE: u8 = 3;

/// Number of bytes that are tested at once.
const CHUNK: usize = 8;
/// Number of bytes at which entropy coders move theirs to the NAL unit.
pub(crate) const DRAIN: usize = 1024;

/// Writer of one NAL unit.
#[derive(Debug, Default)]
pub(crate) struct NalWriter {
    bytes: Vec<u8>,
    /// Number of zeros at the end of `bytes`, at most two.
    zeros: u32,
}

impl NalWriter {
    /// Starts a new unit and discards the last one.
    pub(crate) fn start(&mut self, nal_type: NalType) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        self.bytes.push(REFERENCE << 5 | nal_type.0);
        self.zeros = 0;
    }

    /// Appends bytes of the payload.
    pub(crate) fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // Only after two zeros does a byte need an escape.
            let plain = if self.zeros == 2 { 0 } else { without_zeros(bytes) };
            if plain > 0 {
                self.bytes.extend_from_slice(&bytes[..plain]);
                self.zeros = 0;
            }
            let (some, rest) = bytes[plain..].split_at(CHUNK.min(bytes.len() - plain));
            some.iter().for_each(|byte| self.put_byte(*byte));
            bytes = rest;
        }
    }

    #[inline]
    fn put_byte(&mut self, byte: u8) {
        if self.zeros == 2 && byte <= ESCAPE {
            self.bytes.push(ESCAPE);
            self.zeros = 0;
        }
        self.bytes.push(byte);
        self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
    }

    /// Ends the unit, whose payload must not end with a zero.
    pub(crate) fn finish(&mut self) {
        debug_assert!(self.zeros == 0);
        let length = (self.bytes.len() - LENGTH_BYTES) as u32;
        self.bytes[..LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
    }

    /// Returns the unit with its length.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the unit without its length.
    pub(crate) fn unit(&self) -> &[u8] {
        &self.bytes[LENGTH_BYTES..]
    }

    /// Swaps the buffer, so that the unit can be written into a packet's buffer.
    pub(crate) fn swap_buffer(&mut self, buffer: &mut Vec<u8>) {
        std::mem::swap(&mut self.bytes, buffer);
    }
}

/// Returns the length of the leading chunks without a zero.
#[inline]
fn without_zeros(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let has_zero = |chunk: &[u8; CHUNK]| {
        let bytes = u64::from_ne_bytes(*chunk);
        bytes.wrapping_sub(ONES) & !bytes & (ONES << 7) != 0
    };
    let chunks = bytes.as_chunks::<CHUNK>().0;
    CHUNK * chunks.iter().position(has_zero).unwrap_or(chunks.len())
}

/// Returns the payload of a unit that [`NalWriter`] wrote, without emulation prevention.
#[cfg(test)]
pub(crate) fn payload(unit: &[u8]) -> Vec<u8> {
    let (mut payload, mut zeros) = (Vec::new(), 0);
    for &byte in &unit[1..] {
        if zeros == 2 && byte == ESCAPE {
            zeros = 0;
            continue;
        }
        assert!(zeros < 2 || byte > ESCAPE, "a start code");
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_escapes_for_any_split_of_the_bytes() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 29) as usize
        };
        for length in 0..600 {
            let mut bytes: Vec<u8> =
                (0..length).map(|_| [0, 0, 0, 1, 3, 200, 0, 4][next()]).collect();
            // Some inputs have few zeros.
            if length % 3 == 0 {
                bytes
                    .iter_mut()
                    .for_each(|byte| *byte = if next() > 0 { *byte | 4 } else { *byte });
            }
            bytes.push(0x80);
            let mut writer = NalWriter::default();
            writer.start(NalType::SLICE);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (some, after) = rest.split_at((8 * next() + next()).min(rest.len()));
                writer.put(some);
                rest = after;
            }
            writer.finish();
            assert_eq!(writer.unit()[0], 0x61);
            assert_eq!(payload(writer.unit()), bytes);
            let escapes = writer.unit().len() - 1 - bytes.len();
            assert_eq!(escapes, expected_escapes(&bytes));
            let (prefix, unit) = writer.bytes().split_first_chunk::<4>().unwrap();
            assert_eq!((u32::from_be_bytes(*prefix) as usize, unit), (unit.len(), writer.unit()));
        }
    }

    /// Returns the number of bytes from 0 to 3 that follow two zeros in a payload.
    fn expected_escapes(payload: &[u8]) -> usize {
        let (mut escapes, mut zeros) = (0, 0);
        for &byte in payload {
            if zeros == 2 && byte <= 3 {
                (escapes, zeros) = (escapes + 1, 0);
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
        }
        escapes
    }
}
