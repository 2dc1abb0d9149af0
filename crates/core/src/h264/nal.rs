//! NAL units of packets, each after its length.

use crate::{Error, Result};

/// Type of a NAL unit: `nal_unit_type` (table 7-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NalType(pub u8);

impl NalType {
    /// Slice of a picture that is not an IDR picture.
    pub const SLICE: Self = Self(1);
    /// Slice of an IDR picture.
    pub const IDR_SLICE: Self = Self(5);
    /// Sequence parameter set.
    pub const SPS: Self = Self(7);
    /// Picture parameter set.
    pub const PPS: Self = Self(8);
    /// Access unit delimiter.
    pub const DELIMITER: Self = Self(9);
    /// Sequence parameter set extension.
    pub const SPS_EXTENSION: Self = Self(13);

    /// Returns whether the unit is a parameter set, which packets do not contain.
    pub const fn is_parameter_set(self) -> bool {
        matches!(self, Self::SPS | Self::PPS | Self::SPS_EXTENSION)
    }
}

/// NAL unit: its header in one byte, then its payload with emulation prevention (§7.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NalUnit<'a> {
    /// Header and payload.
    pub bytes: &'a [u8],
}

impl NalUnit<'_> {
    /// Returns the type in the header, or 0 (unspecified) if the unit is empty.
    pub fn nal_type(self) -> NalType {
        NalType(self.bytes.first().map_or(0, |header| header & 0x1f))
    }
}

/// Iterator over the NAL units of a packet. It ends after an error.
#[derive(Debug, Clone)]
pub struct NalUnits<'a> {
    rest: &'a [u8],
}

/// Returns the NAL units of a packet, each after its length in four bytes.
///
/// # Errors
/// An item is an error if its length exceeds the packet.
pub const fn nal_units(packet: &[u8]) -> NalUnits<'_> {
    NalUnits { rest: packet }
}

impl<'a> Iterator for NalUnits<'a> {
    type Item = Result<NalUnit<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let unit = self
            .rest
            .split_first_chunk::<4>()
            .and_then(|(length, rest)| rest.split_at_checked(u32::from_be_bytes(*length) as usize));
        let Some((bytes, rest)) = unit else {
            self.rest = &[];
            return Some(Err(Error::invalid_data(
                "A packet of H.264 must be NAL units after their lengths in four bytes. A length \
                 exceeds the packet.",
            )));
        };
        self.rest = rest;
        Some(Ok(NalUnit { bytes }))
    }
}

/// Appends a packet with NAL unit lengths in `size` bytes, 1 to 4, as a packet with lengths in four
/// bytes.
///
/// # Errors
/// A length exceeds the packet. After an error, the output is unchanged.
pub fn append_with_four_byte_lengths(packet: &[u8], size: usize, to: &mut Vec<u8>) -> Result<()> {
    let start = to.len();
    let mut rest = packet;
    while !rest.is_empty() {
        let unit = rest.split_at_checked(size.clamp(1, 4)).and_then(|(length, rest)| {
            let length =
                length.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
            rest.split_at_checked(length)
        });
        let Some((unit, after)) = unit else {
            to.truncate(start);
            return Err(Error::invalid_data(format!(
                "A packet of H.264 must be NAL units after their lengths in {size} bytes. A length \
                 exceeds the packet."
            )));
        };
        to.extend((unit.len() as u32).to_be_bytes());
        to.extend(unit);
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nal_units_have_the_types_of_their_headers() {
        let data = [0, 0, 0, 2, 0x65, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0x41];
        let types: Vec<_> = nal_units(&data).map(|unit| unit.unwrap().nal_type()).collect();
        assert_eq!(types, [NalType::IDR_SLICE, NalType(0), NalType::SLICE]);
    }

    #[test]
    fn converts_lengths_to_four_bytes() {
        let mut packet = Vec::new();
        append_with_four_byte_lengths(&[0, 2, 0x65, 1, 0, 1, 0x65], 2, &mut packet).unwrap();
        assert_eq!(packet, [0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x65]);
        assert!(append_with_four_byte_lengths(&[0, 2, 0x65], 2, &mut packet).is_err());
        assert_eq!(packet.len(), 11);
    }
}
