//! Byte streams of NAL units (H.264 Annex B).

use crate::packet::{Demuxer, Packet};
use crate::source::Source;
use crate::unit_reader::UnitReader;

/// Returns the NAL units between start codes.
pub(crate) fn units(stream: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(next) = start_code(&stream[at..]) {
        let code = at + next;
        if let Some(start) = start {
            found.push(trimmed(&stream[start..code]));
        }
        start = Some(code + 3);
        at = code + 3;
    }
    if let Some(start) = start {
        found.push(trimmed(&stream[start..]));
    }
    found.retain(|unit| !unit.is_empty());
    found
}

/// Returns the position of the next 00 00 01.
fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|three| three == [0, 0, 1])
}

/// Removes the zeros before the next start code, which are not part of a unit.
fn trimmed(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &unit[..end]
}

/// Demuxer of a raw H.264 stream. A packet is an access unit.
pub(crate) struct AnnexB(UnitReader);

impl AnnexB {
    /// Returns true if the input begins with a start code and a NAL unit that can begin a stream: a
    /// parameter set, a delimiter, a SEI message or a slice.
    pub(crate) fn matches(start: &[u8]) -> bool {
        let zeros = start.iter().take_while(|byte| **byte == 0).count();
        let header = start.get(zeros + 1).copied().unwrap_or(0xFF);
        (2..=3).contains(&zeros)
            && start.get(zeros) == Some(&1)
            && header & 0x80 == 0
            && matches!(header & 0x1f, 1 | 5 | 6 | 7 | 8 | 9)
    }

    pub(crate) fn new(source: Source) -> Self {
        Self(UnitReader::new(source))
    }
}

/// Returns the end of the access unit at the start of the buffer (§7.4.1.2.3).
fn boundary(buffer: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut has_slice = false;
    while let Some(next) = start_code(&buffer[at..]) {
        let code = at + next;
        let kind = buffer.get(code + 3)? & 0x1f;
        // first_mb_in_slice is 0 only in the first slice of a frame.
        let begins_frame = matches!(kind, 1 | 5) && buffer.get(code + 4)? & 0x80 != 0;
        let begins_unit = begins_frame || matches!(kind, 6..=9 | 14..=18);
        if has_slice && begins_unit {
            let is_long = code > 0 && buffer[code - 1] == 0;
            return Some(code - usize::from(is_long));
        }
        has_slice |= matches!(kind, 1 | 5);
        at = code + 3;
    }
    None
}

impl Demuxer for AnnexB {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        let packet = self
            .0
            .next(|buffer, is_last| boundary(buffer).or_else(|| is_last.then_some(buffer.len())));
        Ok(packet?.map(|packet| {
            let is_sync = units(&packet.data).iter().any(|unit| unit[0] & 0x1f == 5);
            Packet { is_sync, ..packet }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_a_stream_into_access_units() {
        let stream = [
            &[0, 0, 0, 1, 0x67, 1, 2][..],
            &[0, 0, 0, 1, 0x68, 3],
            &[0, 0, 1, 0x65, 0x80, 4],
            &[0, 0, 1, 0x65, 0x40, 5],
            &[0, 0, 0, 1, 0x41, 0x80, 6],
            &[0, 0, 0, 1, 0x09, 0x10],
            &[0, 0, 1, 0x41, 0x80, 7, 0, 0],
        ]
        .concat();
        assert!(AnnexB::matches(&stream));
        assert_eq!(units(&stream).len(), 7);
        assert_eq!(units(&stream)[6], [0x41, 0x80, 7]);
        let mut demuxer = AnnexB::new(Source::memory(stream));
        let mut packets = Vec::new();
        while let Some(packet) = demuxer.next(0).unwrap() {
            packets.push((packet.pts, packet.is_sync, packet.data.len()));
        }
        assert_eq!(packets, [(0, true, 25), (1, false, 7), (2, false, 14)]);
    }
}
