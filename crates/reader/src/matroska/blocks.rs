//! Blocks (RFC 9559 §10): header and lacing.

use std::ops::Range;

use super::ebml::{children, int, number, uint};
use super::ids;

/// A block: one or more frames of a track.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Block {
    pub(super) track: u64,
    /// Time relative to the cluster.
    pub(super) time: i16,
    pub(super) is_keyframe: bool,
    /// Duration of all frames in the block, if stated.
    pub(super) duration: Option<u64>,
    /// Nanoseconds to drop at the end of the decoded audio, or at its start if negative.
    pub(super) discard: i64,
    pub(super) data: Vec<u8>,
    /// Ranges of the frames in `data`.
    pub(super) frames: Vec<Range<usize>>,
}

impl Block {
    /// Reads a `SimpleBlock`. Returns `None` if it is damaged.
    pub(super) fn simple(data: Vec<u8>) -> Option<Self> {
        let (track, length) = track(&data)?;
        let time = i16::from_be_bytes([*data.get(length)?, *data.get(length + 1)?]);
        let flags = *data.get(length + 2)?;
        let frames = laces(&data, length + 3, flags)?;
        let is_keyframe = flags & 0x80 != 0;
        Some(Self { track, time, is_keyframe, data, frames, ..Self::default() })
    }

    /// Reads the content of a `BlockGroup`. Returns `None` if its block is missing or damaged.
    pub(super) fn group(body: &[u8]) -> Option<Self> {
        let (mut block, mut duration, mut discard, mut has_reference) = (None, None, 0, false);
        for (id, body) in children(body) {
            match id {
                ids::BLOCK => block = Self::simple(body.to_vec()),
                ids::BLOCK_DURATION => duration = uint(body),
                ids::REFERENCE_BLOCK => has_reference = true,
                ids::DISCARD_PADDING => discard = int(body).unwrap_or(0),
                _ => {}
            }
        }
        Some(Self { is_keyframe: !has_reference, duration, discard, ..block? })
    }
}

/// Reads the track number of a block. Returns it and its length in bytes.
pub(super) fn track(data: &[u8]) -> Option<(u64, usize)> {
    let (track, length) = number(data)?;
    Some((track?, length))
}

/// Returns the ranges of the frames, whose lacing begins at `at`.
fn laces(data: &[u8], at: usize, flags: u8) -> Option<Vec<Range<usize>>> {
    let lacing = flags >> 1 & 3;
    if lacing == 0 {
        return Some(std::iter::once(at..data.len()).collect());
    }
    let count = usize::from(*data.get(at)?) + 1;
    let mut at = at + 1;
    let mut sizes = Vec::with_capacity(count);
    match lacing {
        // Xiph lacing: each size is a sum of bytes of 255 and one smaller byte.
        1 => {
            for _ in 1..count {
                let mut size = 0;
                loop {
                    let byte = *data.get(at)?;
                    at += 1;
                    size += usize::from(byte);
                    if byte < 255 {
                        break;
                    }
                }
                sizes.push(size);
            }
        }
        // Fixed-size lacing.
        2 => {
            let rest = data.len().checked_sub(at)?;
            if rest % count > 0 {
                return None;
            }
            sizes.resize(count - 1, rest / count);
        }
        // EBML lacing: the first size, then differences from the size before.
        _ => {
            let mut size = 0i64;
            for index in 1..count {
                let (value, length) = number(data.get(at..)?)?;
                let value = i64::try_from(value?).ok()?;
                at += length;
                let bias = if index == 1 { 0 } else { (1i64 << (7 * length - 1)) - 1 };
                size = size.checked_add(value - bias)?;
                sizes.push(usize::try_from(size).ok()?);
            }
        }
    }
    let mut frames = Vec::with_capacity(count);
    for size in sizes {
        let end = at.checked_add(size).filter(|end| *end <= data.len())?;
        frames.push(at..end);
        at = end;
    }
    frames.push(at..data.len());
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(flags: u8, rest: &[u8]) -> Option<Vec<Range<usize>>> {
        let data = [&[0x81, 0xFF, 0xFE, flags], rest].concat();
        let block = Block::simple(data)?;
        assert_eq!((block.track, block.time, block.is_keyframe), (1, -2, flags & 0x80 != 0));
        Some(block.frames)
    }

    #[test]
    fn splits_laced_blocks() {
        assert_eq!(frames(0x80, &[1, 2, 3]), Some(std::iter::once(4..7).collect()));
        // Xiph: two frames of 256 and 1 bytes, and the rest.
        let xiph = [&[2, 255, 1, 1][..], &[0; 260]].concat();
        assert_eq!(frames(0x02, &xiph), Some(vec![8..264, 264..265, 265..268]));
        assert_eq!(frames(0x04, &[2, 1, 2, 3, 4, 5, 6]), Some(vec![5..7, 7..9, 9..11]));
        assert_eq!(frames(0x04, &[2, 1, 2, 3, 4]), None);
        // EBML: 2 bytes, one byte less, and the rest.
        assert_eq!(frames(0x06, &[2, 0x82, 0xBE, 1, 1, 2, 3, 3]), Some(vec![7..9, 9..10, 10..12]));
        assert_eq!(frames(0x06, &[2, 0x82, 0x80, 1, 1, 2]), None);
        assert_eq!(frames(0x02, &[1, 9, 1]), None);
    }

    #[test]
    fn reads_references_durations_and_padding_of_groups() {
        let group = [
            &[0xA1, 0x85, 0x82, 0, 1, 0, 9][..],
            &[0x9B, 0x81, 20],
            &[0x75, 0xA2, 0x82, 0xFF, 0],
            &[0xFB, 0x81, 0xFF],
        ]
        .concat();
        let block = Block::group(&group).unwrap();
        assert_eq!((block.track, block.time, block.is_keyframe), (2, 1, false));
        assert_eq!((block.duration, block.discard), (Some(20), -256));
        assert!(Block::group(&[0xA1, 0x81, 0x81]).is_none());
    }
}
