//! Durations of packets, computed from their content, because Matroska rounds timestamps.

use crate::ogg::{Vorbis, flac_block, opus_duration};

/// Method of computing the number of audio frames in a packet.
#[derive(Debug, Clone)]
pub(super) enum Timing {
    /// The packet consists of units of `bytes` bytes and `samples` audio frames.
    Bytes {
        bytes: usize,
        samples: u64,
    },
    /// The same as `Bytes`, for blocks that are decoded one by one.
    Blocks {
        bytes: usize,
        samples: u64,
    },
    /// Every packet has this number of audio frames.
    Fixed(u64),
    Opus,
    Vorbis(Box<Vorbis>),
    Flac {
        block: u64,
    },
    /// Packets do not state their duration. The container does.
    Unknown,
}

impl Timing {
    /// Returns the number of audio frames in a packet, or `None` if only the container states it.
    pub(super) fn duration(&mut self, packet: &[u8]) -> Option<u64> {
        Some(match self {
            Self::Bytes { bytes, samples } | Self::Blocks { bytes, samples } => {
                (packet.len() / (*bytes).max(1)) as u64 * *samples
            }
            Self::Fixed(samples) => *samples,
            Self::Opus => opus_duration(packet),
            Self::Vorbis(vorbis) => vorbis.duration(packet),
            Self::Flac { block } => flac_block(packet).unwrap_or(*block),
            Self::Unknown => return None,
        })
    }

    /// Returns the size of a block in bytes and audio frames, or `None` if packets are not split.
    pub(super) fn block(&self) -> Option<(usize, u64)> {
        match self {
            Self::Blocks { bytes, samples } => Some(((*bytes).max(1), *samples)),
            _ => None,
        }
    }

    /// Returns true if a part of a packet can be decoded.
    pub(super) fn is_divisible(&self) -> bool {
        matches!(self, Self::Bytes { .. } | Self::Blocks { .. })
    }
}
