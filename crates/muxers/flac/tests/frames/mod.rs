//! FLAC frames for test files: mono, 16 bits, verbatim (RFC 9639 §9), of a swept sine.

use reelwright_core::{Packet, Timestamp};

/// Samples per frame: 192 has its own code.
pub(crate) const BLOCK: usize = 192;

/// An endless stream of frames.
#[derive(Default)]
pub(crate) struct Sine {
    frame: usize,
}

impl Iterator for Sine {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        // Sync code and fixed block size; 192 samples at STREAMINFO's rate; mono of 16 bits.
        let mut data = vec![0xFF, 0xF8, 0x10, 0x08];
        let number = char::from_u32(self.frame as u32).unwrap();
        data.extend(number.encode_utf8(&mut [0; 4]).bytes());
        data.push(crc(&data, 8, 0x07) as u8);
        // A verbatim subframe without wasted bits.
        data.push(0x02);
        data.extend(block(self.frame).flat_map(i16::to_be_bytes));
        let crc = crc(&data, 16, 0x8005) as u16;
        data.extend(crc.to_be_bytes());
        let pts = Timestamp((self.frame * BLOCK) as i64);
        self.frame += 1;
        let duration = BLOCK as i64;
        Some(Packet { data, pts, dts: pts, duration, keyframe: true, ..Packet::default() })
    }
}

/// Returns the decoded samples of the first frames, little-endian.
pub(crate) fn samples(frames: usize) -> Vec<u8> {
    (0..frames).flat_map(block).flat_map(i16::to_le_bytes).collect()
}

fn block(frame: usize) -> impl Iterator<Item = i16> {
    (frame * BLOCK..(frame + 1) * BLOCK).map(|i| {
        let time = i as f64 / 8000.0;
        ((time * (1.0 + time) * 600.0).sin() * 20_000.0) as i16
    })
}

/// Returns a CRC of `bits` bits, most significant first, starting at 0.
fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    let mut crc = 0u32;
    for &byte in bytes {
        crc ^= u32::from(byte) << (bits - 8);
        for _ in 0..8 {
            crc <<= 1;
            if crc >> bits & 1 == 1 {
                crc ^= 1 << bits | polynomial;
            }
        }
    }
    crc
}
