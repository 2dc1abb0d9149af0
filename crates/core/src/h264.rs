//! NAL units of H.264 packets, and the byte stream format (ITU-T H.264 annex B).

mod config;
mod nal;

pub use config::AvcConfig;
pub use nal::{NalType, NalUnit, NalUnits, append_with_four_byte_lengths, nal_units};

use crate::{Packet, Result};

/// Start code before each NAL unit of a byte stream.
const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// Access unit delimiter that allows slices of any type (§7.3.2.4).
const DELIMITER: [u8; 2] = [0x09, 0xf0];

/// Appends a packet as a byte stream: a delimiter, the parameter sets if it is a keyframe, and the
/// packet's NAL units.
///
/// # Errors
/// The same errors as [`nal_units`]. After an error, `to` is unchanged.
pub fn append_byte_stream(config: &AvcConfig, packet: &Packet, to: &mut Vec<u8>) -> Result<()> {
    let start = to.len();
    let mut append = |bytes: &[u8]| {
        to.extend(START_CODE);
        to.extend(bytes);
    };
    append(&DELIMITER);
    if packet.keyframe {
        config.parameter_sets().for_each(&mut append);
    }
    let result = nal_units(&packet.data).try_for_each(|unit| unit.map(|unit| append(unit.bytes)));
    if result.is_err() {
        to.truncate(start);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_follow_their_parameter_sets() {
        let config = AvcConfig::new(vec![0x67, 1], vec![0x68]);
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
    fn rejects_lengths_beyond_the_packet() {
        let config = AvcConfig::new(vec![0x67, 1], vec![0x68]);
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
}
