//! Parameter sets, and their configuration record (ISO/IEC 14496-15 §5.3.3.1).

use super::nal::{NalType, NalUnit};
use crate::{Error, Result};

/// H.264's parameter sets, as in AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).
///
/// H.264 packets are the NAL units of one picture, each after its length in four big-endian bytes,
/// without parameter sets. [`append_byte_stream`](super::append_byte_stream) converts packets to a
/// byte stream, and [`append_packet`](Self::append_packet) converts a byte stream to packets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AvcConfig {
    /// Sequence parameter set, a NAL unit with its header.
    pub sps: Vec<u8>,
    /// Picture parameter set, a NAL unit with its header.
    pub pps: Vec<u8>,
    /// Further parameter sets of both kinds, and sequence parameter set extensions.
    pub extra_sets: Vec<Vec<u8>>,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma_format: u8,
    /// Bits per luma and per chroma sample.
    pub bit_depth: (u8, u8),
}

impl AvcConfig {
    /// Creates a configuration with one set of each kind, for 4:2:0 with 8 bits.
    pub const fn new(sps: Vec<u8>, pps: Vec<u8>) -> Self {
        Self { sps, pps, extra_sets: Vec::new(), chroma_format: 1, bit_depth: (8, 8) }
    }

    /// Reads an AVCDecoderConfigurationRecord (`avcC`, FFmpeg's extradata). Returns the
    /// configuration and the bytes per NAL unit length. If these are not 4, convert packets with
    /// [`append_with_four_byte_lengths`](super::append_with_four_byte_lengths).
    ///
    /// # Errors
    /// The record is truncated, or lacks a parameter set of each kind.
    pub fn from_record(record: &[u8]) -> Result<(Self, usize)> {
        let reject = || {
            Error::invalid_data(
                "The data is not an AVCDecoderConfigurationRecord (avcC) with a sequence and a \
                 picture parameter set. Read byte streams with AvcConfig::from_byte_stream.",
            )
        };
        let &[1, profile, _, _, lengths, ..] = record else { return Err(reject()) };
        let mut rest = &record[5..];
        let mut sets = Vec::new();
        for mask in [0x1f, 0xff] {
            take_sets(&mut rest, mask, &mut sets).ok_or_else(reject)?;
        }
        let mut config = Self::of_sets(sets).ok_or_else(reject)?;
        if has_chroma(profile)
            && let &[chroma, luma_depth, chroma_depth, ref more @ ..] = rest
        {
            config.chroma_format = chroma & 3;
            config.bit_depth = (8 + (luma_depth & 7), 8 + (chroma_depth & 7));
            rest = more;
            let mut extensions = Vec::new();
            if !rest.is_empty() {
                take_sets(&mut rest, 0xff, &mut extensions).ok_or_else(reject)?;
            }
            config.extra_sets.extend(extensions);
        }
        Ok((config, usize::from(lengths & 3) + 1))
    }

    /// Reads the parameter sets of a byte stream (ITU-T H.264 annex B), for example of its first
    /// access unit.
    ///
    /// # Errors
    /// The byte stream lacks a set of one kind.
    pub fn from_byte_stream(bytes: &[u8]) -> Result<Self> {
        let is_set = |unit: &NalUnit<'_>| unit.nal_type().is_parameter_set();
        let mut sets: Vec<Vec<u8>> = Vec::new();
        for unit in byte_stream_units(bytes).filter(is_set) {
            if !sets.iter().any(|set| set == unit.bytes) {
                sets.push(unit.bytes.to_vec());
            }
        }
        let mut config = Self::of_sets(sets).ok_or_else(|| {
            Error::invalid_data(
                "The byte stream must have a sequence and a picture parameter set, NAL units of \
                 the types 7 and 8 after start codes. Pass its first access unit.",
            )
        })?;
        if let Some((chroma_format, bit_depth)) = chroma(&config.sps) {
            (config.chroma_format, config.bit_depth) = (chroma_format, bit_depth);
        }
        Ok(config)
    }

    /// Appends an access unit of a byte stream as a packet: NAL units after their lengths, without
    /// delimiters and parameter sets. Returns whether the packet is a keyframe.
    ///
    /// # Errors
    /// The access unit has a parameter set that is not in the configuration, or no NAL unit.
    pub fn append_packet(&self, access_unit: &[u8], to: &mut Vec<u8>) -> Result<bool> {
        let start = to.len();
        let mut is_keyframe = false;
        for unit in byte_stream_units(access_unit) {
            let kind = unit.nal_type();
            if kind.is_parameter_set() && !self.parameter_sets().any(|set| set == unit.bytes) {
                to.truncate(start);
                return Err(Error::unsupported(
                    "The parameter sets of the byte stream change. Start another stream or file.",
                ));
            }
            if kind.is_parameter_set() || kind == NalType::DELIMITER {
                continue;
            }
            is_keyframe |= kind == NalType::IDR_SLICE;
            to.extend((unit.bytes.len() as u32).to_be_bytes());
            to.extend(unit.bytes);
        }
        if to.len() == start {
            return Err(Error::invalid_data(
                "An access unit of a byte stream must have a NAL unit after a start code, 00 00 \
                 01.",
            ));
        }
        Ok(is_keyframe)
    }

    /// Returns the parameter sets, each a NAL unit.
    pub fn parameter_sets(&self) -> impl Iterator<Item = &[u8]> {
        // Sequence parameter sets come before the picture parameter sets that refer to them.
        let of = |kind: NalType| {
            let is_one = move |set: &&[u8]| NalUnit { bytes: set }.nal_type() == kind;
            self.extra_sets.iter().map(Vec::as_slice).filter(is_one)
        };
        std::iter::once(self.sps.as_slice())
            .chain(of(NalType::SPS))
            .chain(of(NalType::SPS_EXTENSION))
            .chain(std::iter::once(self.pps.as_slice()))
            .chain(of(NalType::PPS))
    }

    fn of_sets(mut sets: Vec<Vec<u8>>) -> Option<Self> {
        let mut take = |kind: NalType| {
            let at = sets.iter().position(|bytes| NalUnit { bytes }.nal_type() == kind)?;
            Some(sets.remove(at))
        };
        let (sps, pps) = (take(NalType::SPS)?, take(NalType::PPS)?);
        Some(Self { extra_sets: sets, ..Self::new(sps, pps) })
    }

    /// Returns the record's bytes.
    ///
    /// # Errors
    /// A set is not a NAL unit of its kind, or exceeds 65,535 bytes.
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
        self.put_sets(&mut bytes, NalType::SPS, 31, 0xe0)?;
        self.put_sets(&mut bytes, NalType::PPS, 255, 0)?;
        if has_chroma(profile) {
            let (luma, chroma) = self.bit_depth;
            bytes.push(0xfc | self.chroma_format & 3);
            bytes.extend([luma, chroma].map(|depth| 0xf8 | depth.saturating_sub(8) & 7));
            self.put_sets(&mut bytes, NalType::SPS_EXTENSION, 255, 0)?;
        }
        Ok(bytes)
    }

    /// Appends the number of sets of a kind, and the sets.
    fn put_sets(&self, to: &mut Vec<u8>, kind: NalType, most: u8, reserved: u8) -> Result<()> {
        let of_kind = || self.parameter_sets().filter(|bytes| NalUnit { bytes }.nal_type() == kind);
        let count = of_kind().count();
        let count = u8::try_from(count).ok().filter(|count| *count <= most).ok_or_else(|| {
            Error::argument(format!(
                "H.264's record has at most {most} sets of type {}. Found: {count}",
                kind.0
            ))
        })?;
        to.push(reserved | count);
        for set in of_kind() {
            let length = u16::try_from(set.len()).map_err(|_| {
                Error::argument(format!(
                    "A parameter set of H.264 has at most 65535 bytes. Found: {}",
                    set.len()
                ))
            })?;
            to.extend(length.to_be_bytes());
            to.extend(set);
        }
        Ok(())
    }
}

/// Returns whether the record contains chroma format and bit depths for this profile.
const fn has_chroma(profile: u8) -> bool {
    matches!(profile, 100 | 110 | 122 | 144)
}

fn take_sets(rest: &mut &[u8], mask: u8, sets: &mut Vec<Vec<u8>>) -> Option<()> {
    let (count, after) = rest.split_first()?;
    *rest = after;
    for _ in 0..count & mask {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (set, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
        sets.push(set.to_vec());
        *rest = after;
    }
    Some(())
}

/// Returns the NAL units of a byte stream (annex B), without start codes and trailing zeros.
fn byte_stream_units(bytes: &[u8]) -> impl Iterator<Item = NalUnit<'_>> {
    let mut rest = after_start_code(bytes);
    std::iter::from_fn(move || {
        let unit = rest?;
        let end = find_start_code(unit).unwrap_or(unit.len());
        rest = after_start_code(&unit[end..]);
        let unit = &unit[..end];
        let length = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(NalUnit { bytes: &unit[..length] })
    })
    .filter(|unit| !unit.bytes.is_empty())
}

fn find_start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|three| three == [0, 0, 1])
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    find_start_code(bytes).map(|at| &bytes[at + 3..])
}

/// Returns `chroma_format_idc` and the bit depths of a sequence parameter set (§7.3.2.1.1), if its
/// profile has them.
fn chroma(sps: &[u8]) -> Option<(u8, (u8, u8))> {
    let profile = *sps.get(1)?;
    if !matches!(profile, 100 | 110 | 122 | 144 | 244 | 44 | 83 | 86 | 118 | 128) {
        return None;
    }
    let mut payload = Vec::with_capacity(sps.len());
    for byte in sps.get(4..)? {
        // Emulation prevention (§7.4.1.1).
        if *byte != 3 || !payload.ends_with(&[0, 0]) {
            payload.push(*byte);
        }
    }
    let mut at = 0;
    let mut bit = || {
        let bit = payload.get(at / 8)? >> (7 - at % 8) & 1;
        at += 1;
        Some(bit)
    };
    let mut number = || {
        let mut zeros = 0u32;
        while bit()? == 0 {
            zeros += 1;
        }
        let mut value = 1u32;
        for _ in 0..zeros.min(31) {
            value = value << 1 | u32::from(bit()?);
        }
        Some((value, zeros))
    };
    number()?;
    let (format, _) = number()?;
    let format = u8::try_from(format - 1).ok().filter(|format| *format <= 3)?;
    if format == 3 {
        // separate_colour_plane_flag is one bit, which reads as an Exp-Golomb code of 0 if it is
        // set.
        return None;
    }
    let mut depth =
        || u8::try_from(number()?.0 - 1).ok().filter(|more| *more <= 6).map(|more| 8 + more);
    Some((format, (depth()?, depth()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_has_the_fields_of_the_standard() {
        // ISO/IEC 14496-15 §5.3.3.1.2: the record of High profile ends with chroma format and bit
        // depths.
        let mut config = AvcConfig::new(vec![0x67, 66, 0xc0, 31, 9], vec![0x68, 7]);
        let baseline = [1, 66, 0xc0, 31, 0xff, 0xe1, 0, 5, 0x67, 66, 0xc0, 31, 9, 1, 0, 2, 0x68, 7];
        assert_eq!(config.to_bytes().unwrap(), baseline);
        config.sps[1] = 100;
        assert_eq!(config.to_bytes().unwrap()[18..], [0xfd, 0xf8, 0xf8, 0]);
        config.pps = vec![0; 0x1_0000];
        assert!(config.to_bytes().is_err());
        assert!(AvcConfig::new(vec![], vec![0x68]).to_bytes().is_err());
    }

    #[test]
    fn records_of_other_programs_round_trip() {
        let record = [
            &[1, 110, 0, 31, 0xff, 0xe2, 0, 4, 0x67, 110, 0, 31, 0, 3, 0x67, 1, 2][..],
            &[2, 0, 2, 0x68, 9, 0, 1, 0x68, 0xfe, 0xfa, 0xfb, 1, 0, 2, 0x6d, 7],
        ]
        .concat();
        let (config, lengths) = AvcConfig::from_record(&record).unwrap();
        assert_eq!((lengths, config.chroma_format, config.bit_depth), (4, 2, (10, 11)));
        assert_eq!(config.extra_sets, [vec![0x67, 1, 2], vec![0x68], vec![0x6d, 7]]);
        assert_eq!(config.to_bytes().unwrap(), record);
        for length in 0..record.len() - 6 {
            let _ = AvcConfig::from_record(&record[..length]);
        }
        assert!(AvcConfig::from_record(&record[..12]).is_err());
        let short = [1, 66, 0, 31, 0xfd, 0xe1, 0, 4, 0x67, 66, 0, 31, 1, 0, 1, 0x68];
        assert_eq!(AvcConfig::from_record(&short).unwrap().1, 2);
    }

    #[test]
    fn converts_byte_streams_to_packets() {
        let stream = [
            &[0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 66, 0, 31, 5][..],
            &[0, 0, 1, 0x68, 7, 0, 0, 1, 0x65, 1, 2, 0, 0, 0, 1, 0x65, 3, 0, 0],
        ]
        .concat();
        let config = AvcConfig::from_byte_stream(&stream).unwrap();
        assert_eq!((&config.sps[..], &config.pps[..]), (&[0x67, 66, 0, 31, 5][..], &[0x68, 7][..]));
        let mut packet = Vec::new();
        assert!(config.append_packet(&stream, &mut packet).unwrap());
        assert_eq!(packet, [0, 0, 0, 3, 0x65, 1, 2, 0, 0, 0, 2, 0x65, 3]);
        let mut packet = Vec::new();
        assert!(!config.append_packet(&[0, 0, 1, 0x41, 9], &mut packet).unwrap());
        assert_eq!(packet, [0, 0, 0, 2, 0x41, 9]);
        assert!(config.append_packet(&[0, 0, 1, 0x68, 8], &mut packet).is_err());
        assert!(config.append_packet(&[1, 2, 3], &mut packet).is_err());
        assert_eq!(packet.len(), 6);
        assert!(AvcConfig::from_byte_stream(&[0, 0, 1, 0x67, 1]).is_err());
    }

    #[test]
    fn reads_chroma_from_the_sequence_parameter_set() {
        // profile_idc 110; then the codes of 0, 1 (4:2:0), 2 and 2 (10 bits): 1 010 011 011.
        let sps = [0x67, 110, 0, 31, 0b1010_0110, 0b1100_0000];
        assert_eq!(chroma(&sps), Some((1, (10, 10))));
        assert_eq!(chroma(&[0x67, 66, 0, 31, 0xff]), None);
    }
}
