//! H.264's byte stream format (ITU-T H.264 annex B), for containers that want it.

use crate::{AvcConfig, Error, Packet, Result};

/// What comes before a NAL unit in a byte stream.
const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// An access unit delimiter that allows slices of any type (§7.3.2.4).
const DELIMITER: [u8; 2] = [0x09, 0xf0];

/// The NAL units of a packet, each with its header.
///
/// # Errors
/// A length that leaves the packet.
pub fn nal_units(mut data: &[u8]) -> Result<Vec<&[u8]>> {
    let mut units = Vec::new();
    while !data.is_empty() {
        let unit = data
            .split_first_chunk::<4>()
            .and_then(|(length, rest)| rest.split_at_checked(u32::from_be_bytes(*length) as usize));
        let Some((unit, rest)) = unit else {
            return Err(Error::invalid_data(
                "A packet of H.264 must be NAL units after their lengths in four bytes; one leaves \
                 the packet.",
            ));
        };
        units.push(unit);
        data = rest;
    }
    Ok(units)
}

/// Appends a packet as a byte stream: a delimiter, before a keyframe the parameter sets, and the
/// packet's NAL units.
///
/// # Errors
/// As [`nal_units`]; nothing is appended then.
pub fn append_byte_stream(config: &AvcConfig, packet: &Packet, to: &mut Vec<u8>) -> Result<()> {
    let units = nal_units(&packet.data)?;
    let sets: &[&[u8]] = if packet.keyframe { &[&config.sps, &config.pps] } else { &[] };
    for unit in [&DELIMITER[..]].iter().chain(sets).chain(&units) {
        to.extend(START_CODE);
        to.extend(*unit);
    }
    Ok(())
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
    fn lengths_stay_in_the_packet() {
        for data in [&[0, 0, 0, 3, 1, 2][..], &[0, 0, 0], &[0xff, 0xff, 0xff, 0xff, 0]] {
            assert!(nal_units(data).is_err(), "{data:?}");
        }
        assert!(nal_units(&[]).unwrap().is_empty());
    }
}
