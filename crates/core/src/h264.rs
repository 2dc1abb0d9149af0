//! NAL units of H.264 in packets, and the byte stream format (ITU-T H.264 annex B).

use crate::{Error, Packet, Result};

/// The bytes before a NAL unit in a byte stream.
const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// An access unit delimiter that allows slices of any type (§7.3.2.4).
const DELIMITER: [u8; 2] = [0x09, 0xf0];

/// Type of a NAL unit: `nal_unit_type` (table 7-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NalType(pub u8);

impl NalType {
    /// A slice of a picture that is not an IDR picture.
    pub const SLICE: Self = Self(1);
    /// A slice of an IDR picture.
    pub const IDR_SLICE: Self = Self(5);
    /// A sequence parameter set.
    pub const SPS: Self = Self(7);
    /// A picture parameter set.
    pub const PPS: Self = Self(8);
}

/// A NAL unit: its header in one byte, then its payload with emulation prevention (§7.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NalUnit<'a> {
    /// The header and the payload.
    pub bytes: &'a [u8],
}

impl NalUnit<'_> {
    /// The type in the header; 0, which is unspecified, if the unit is empty.
    pub fn nal_type(self) -> NalType {
        NalType(self.bytes.first().map_or(0, |header| header & 0x1f))
    }
}

/// Iterator over the NAL units of a packet. It ends after an error.
#[derive(Debug, Clone)]
pub struct NalUnits<'a> {
    rest: &'a [u8],
}

/// Returns the NAL units of a packet, each of which follows its length in four bytes.
///
/// # Errors
/// An item is an error if its length leaves the packet.
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
                "A packet of H.264 must be NAL units after their lengths in four bytes; one leaves \
                 the packet.",
            )));
        };
        self.rest = rest;
        Some(Ok(NalUnit { bytes }))
    }
}

/// Appends a packet as a byte stream: a delimiter, before a keyframe the parameter sets, and the
/// packet's NAL units.
///
/// # Errors
/// As [`nal_units`]; nothing is appended then.
pub fn append_byte_stream(config: &AvcConfig, packet: &Packet, to: &mut Vec<u8>) -> Result<()> {
    let start = to.len();
    let mut append = |bytes: &[u8]| {
        to.extend(START_CODE);
        to.extend(bytes);
    };
    append(&DELIMITER);
    if packet.keyframe {
        append(&config.sps);
        append(&config.pps);
    }
    let result = nal_units(&packet.data).try_for_each(|unit| unit.map(|unit| append(unit.bytes)));
    if result.is_err() {
        to.truncate(start);
    }
    result
}

/// H.264's parameter sets: what AVCDecoderConfigurationRecord holds (ISO/IEC 14496-15 §5.3.3.1).
///
/// Packets of H.264 are the NAL units of one picture, each after its length in four bytes,
/// big-endian, and without parameter sets; [`append_byte_stream`] makes a byte stream of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvcConfig {
    /// The sequence parameter set, a NAL unit with its header.
    pub sps: Vec<u8>,
    /// The picture parameter set, a NAL unit with its header.
    pub pps: Vec<u8>,
}

impl AvcConfig {
    /// The record as it stands in a file. Chroma is 4:2:0 with 8 bits, where the profile lets the
    /// record say so.
    ///
    /// # Errors
    /// The sets must be such NAL units of at most 65,535 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (&[_, profile, compatibility, level, ..], &[_, ..]) = (&self.sps[..], &self.pps[..])
        else {
            return Err(Error::argument("H.264's parameter sets must not be empty."));
        };
        let types = [&self.sps, &self.pps].map(|bytes| NalUnit { bytes }.nal_type());
        if types != [NalType::SPS, NalType::PPS] {
            return Err(Error::argument(format!(
                "H.264's parameter sets must be NAL units of the types 7 and 8. Found: {} and {}",
                types[0].0, types[1].0
            )));
        }
        // Version 1; reserved bits are ones; lengths of four bytes.
        let mut bytes = vec![1, profile, compatibility, level, 0xff];
        for (count, set) in [(0xe1, &self.sps), (1, &self.pps)] {
            let length = u16::try_from(set.len()).map_err(|_| {
                Error::argument(format!(
                    "A parameter set of H.264 has at most 65535 bytes. Found: {}",
                    set.len()
                ))
            })?;
            bytes.push(count);
            bytes.extend(length.to_be_bytes());
            bytes.extend(set);
        }
        if matches!(profile, 100 | 110 | 122 | 144) {
            bytes.extend([0xfd, 0xf8, 0xf8, 0]);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_bring_their_parameter_sets() {
        let config = AvcConfig { sps: vec![0x67, 1], pps: vec![0x68] };
        let data = vec![0, 0, 0, 2, 0x65, 5, 0, 0, 0, 1, 0x65];
        let mut packet = Packet { data, keyframe: true, ..Packet::default() };
        let mut bytes = Vec::new();
        append_byte_stream(&config, &packet, &mut bytes).unwrap();
        let expected: Vec<u8> = [&[9, 0xf0][..], &[0x67, 1], &[0x68], &[0x65, 5], &[0x65]]
            .iter()
            .flat_map(|unit| [0, 0, 0, 1].iter().chain(*unit).copied())
            .collect();
        assert_eq!(bytes, expected);
        packet.keyframe = false;
        bytes.clear();
        append_byte_stream(&config, &packet, &mut bytes).unwrap();
        assert!(!bytes.contains(&0x67));
    }

    #[test]
    fn units_have_the_types_of_their_headers() {
        let data = [0, 0, 0, 2, 0x65, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0x41];
        let types: Vec<_> = nal_units(&data).map(|unit| unit.unwrap().nal_type()).collect();
        assert_eq!(types, [NalType::IDR_SLICE, NalType(0), NalType::SLICE]);
    }

    #[test]
    fn lengths_stay_in_the_packet() {
        let config = AvcConfig { sps: vec![0x67, 1], pps: vec![0x68] };
        for data in [&[0, 0, 0, 1, 9, 0, 0, 0, 3, 1, 2][..], &[0, 0, 0], &[255, 255, 255, 255, 0]] {
            assert!(nal_units(data).any(|unit| unit.is_err()), "{data:?}");
            assert!(nal_units(data).count() < 3, "{data:?}");
            let packet = Packet { data: data.to_vec(), keyframe: true, ..Packet::default() };
            let mut bytes = vec![7];
            assert!(append_byte_stream(&config, &packet, &mut bytes).is_err());
            assert_eq!(bytes, [7]);
        }
        assert_eq!(nal_units(&[]).count(), 0);
    }

    #[test]
    fn avc_configuration_is_the_standards() {
        // ISO/IEC 14496-15 §5.3.3.1.2: High profile says its chroma and depth at the end.
        let mut config = AvcConfig { sps: vec![0x67, 66, 0xc0, 31, 9], pps: vec![0x68, 7] };
        let baseline = [1, 66, 0xc0, 31, 0xff, 0xe1, 0, 5, 0x67, 66, 0xc0, 31, 9, 1, 0, 2, 0x68, 7];
        assert_eq!(config.to_bytes().unwrap(), baseline);
        config.sps[1] = 100;
        assert_eq!(config.to_bytes().unwrap()[18..], [0xfd, 0xf8, 0xf8, 0]);
        config.pps = vec![0; 0x1_0000];
        assert!(config.to_bytes().is_err());
        assert!(AvcConfig { sps: vec![], pps: vec![0x68] }.to_bytes().is_err());
    }
}
