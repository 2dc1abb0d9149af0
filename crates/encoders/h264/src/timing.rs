//! What the library leaves out of its sequence parameter sets: the frame rate, and where chroma
//! lies (ITU-T H.264 §7.3.2.1.1, annex E).

use reelwright_core::{ChromaLocation, Error, Rational, Result};

/// The type of chroma in the middle of its pixels (figure E-1).
const CENTER: u32 = 1;
/// The profile that has more fields, of those that the library writes.
const HIGH: u32 = 100;

/// `sps`, a NAL unit, with the frame rate and the place of chroma told.
///
/// The rate is not told as fixed: what pictures' times are is not the encoder's to say. One whose
/// terms leave the fields is left out.
///
/// # Errors
/// Not the parameter set of the library.
pub(crate) fn tell(
    sps: &[u8],
    frame_rate: Rational,
    chroma_location: ChromaLocation,
) -> Result<Vec<u8>> {
    let rbsp = without_escapes(sps);
    rewrite(&rbsp, frame_rate, chroma_location)
        .map(|rbsp| escaped(&rbsp))
        .ok_or_else(|| Error::unsupported("libopenh264 wrote a parameter set that is not known."))
}

fn rewrite(rbsp: &[u8], frame_rate: Rational, chroma_location: ChromaLocation) -> Option<Vec<u8>> {
    let mut old = Bits { bytes: rbsp, at: 0 };
    old.skip(8);
    let profile = old.read(8)?;
    old.skip(16);
    old.golomb()?;
    if profile == HIGH {
        // 4:2:0 of 8 bits, without scaling matrices.
        if (old.golomb()?, old.golomb()?, old.golomb()?) != (1, 0, 0) || old.read(2)? != 0 {
            return None;
        }
    }
    old.golomb()?;
    match old.golomb()? {
        0 => drop(old.golomb()?),
        2 => {}
        _ => return None,
    }
    old.golomb()?;
    old.skip(1);
    for _size in 0..2 {
        old.golomb()?;
    }
    // Frames only; direct_8x8_inference_flag.
    if old.read(1)? == 0 {
        return None;
    }
    old.skip(1);
    if old.read(1)? == 1 {
        for _edge in 0..4 {
            old.golomb()?;
        }
    }
    // There is usability information, without an aspect ratio and overscan, with a signal type.
    if old.read(4)? != 0b1001 {
        return None;
    }
    old.skip(4);
    if old.read(1)? == 1 {
        old.skip(24);
    }
    let mut new = Writer::default();
    new.copy(Bits { bytes: rbsp, at: 0 }, old.at)?;
    // Neither the place of chroma nor the time is told so far.
    if old.read(2)? != 0 {
        return None;
    }
    let is_center = chroma_location == ChromaLocation::Center;
    new.write(is_center.into(), 1);
    if is_center {
        new.golomb(CENTER);
        new.golomb(CENTER);
    }
    // A frame is two ticks (§E.2.1).
    let ticks = u32::try_from(frame_rate.den());
    let scale = frame_rate.num().checked_mul(2).map(u32::try_from);
    if let (Ok(ticks), Some(Ok(scale))) = (ticks, scale) {
        new.write(1, 1);
        new.write(ticks, 32);
        new.write(scale, 32);
    }
    // No timing, or no fixed frame rate.
    new.write(0, 1);
    // All that follows, up to the last bit that is set, and zeros up to a whole byte.
    let last = rbsp.len() * 8 - 1 - rbsp.last()?.trailing_zeros() as usize;
    let count = (last + 1).checked_sub(old.at)?;
    new.copy(old, count)?;
    Some(new.bytes)
}

/// Bits that are read, from a byte's highest on.
#[derive(Debug, Clone, Copy)]
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// Up to 32 bits.
    fn read(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let bit = self.bytes.get(self.at / 8)? >> (7 - self.at % 8) & 1;
            value = value << 1 | u32::from(bit);
            self.at += 1;
        }
        Some(value)
    }

    const fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// An unsigned Exp-Golomb code (§9.1).
    fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.read(1)? == 0 {
            zeros += 1;
        }
        if zeros > 31 {
            return None;
        }
        Some((1 << zeros) - 1 + self.read(zeros)?)
    }
}

/// Bits that are written; what is left of the last byte is zeros.
#[derive(Debug, Default)]
struct Writer {
    bytes: Vec<u8>,
    bits: usize,
}

impl Writer {
    /// The lowest `count` bits.
    fn write(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            self.bytes[self.bits / 8] |= ((value >> shift & 1) as u8) << (7 - self.bits % 8);
            self.bits += 1;
        }
    }

    fn golomb(&mut self, value: u32) {
        let bits = u32::BITS - (value + 1).leading_zeros();
        self.write(value + 1, 2 * bits - 1);
    }

    fn copy(&mut self, mut from: Bits<'_>, count: usize) -> Option<()> {
        for _ in 0..count {
            self.write(from.read(1)?, 1);
        }
        Some(())
    }
}

/// A NAL unit's payload without the bytes that keep start codes out of it (§7.4.1).
fn without_escapes(unit: &[u8]) -> Vec<u8> {
    let mut rbsp = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for byte in unit {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        rbsp.push(*byte);
    }
    rbsp
}

fn escaped(rbsp: &[u8]) -> Vec<u8> {
    let mut unit = Vec::with_capacity(rbsp.len() + 8);
    let mut zeros = 0;
    for byte in rbsp {
        if zeros >= 2 && *byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        unit.push(*byte);
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_are_written() {
        let mut writer = Writer::default();
        let values = [0, 1, 2, 3, 7, 8, 254, 255, 65_535];
        values.iter().for_each(|value| writer.golomb(*value));
        let mut bits = Bits { bytes: &writer.bytes, at: 0 };
        assert!(values.iter().all(|value| bits.golomb() == Some(*value)));
        assert_eq!(bits.at, writer.bits);
    }

    #[test]
    fn escapes_keep_start_codes_out() {
        let rbsp = [0x67, 0, 0, 0, 0, 0, 1, 0, 0, 3, 0, 0, 4];
        let unit = escaped(&rbsp);
        assert!(unit.windows(3).all(|three| !matches!(three, [0, 0, 0..=2])));
        assert_eq!(without_escapes(&unit), rbsp);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let rate = Rational::new(25, 1).unwrap();
        for sps in [&[][..], &[0x67], &[0x67, 77, 0, 30, 0xff, 0xff], &[0; 40]] {
            assert!(tell(sps, rate, ChromaLocation::Left).is_err(), "{sps:?}");
        }
    }
}
