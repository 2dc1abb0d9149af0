//! Durations of packets, by their content: Matroska's own times are rounded.

use crate::ogg::{Vorbis, flac_block, opus_duration};

/// The way to find out how many samples of each channel a packet has.
#[derive(Debug, Clone)]
pub(super) enum Timing {
    /// Frames of so many bytes and samples.
    Bytes {
        bytes: usize,
        samples: u64,
    },
    /// Blocks of so many bytes and samples, which are decoded one by one.
    Blocks {
        bytes: usize,
        samples: u64,
    },
    /// As many in every packet.
    Fixed(u64),
    Opus,
    Vorbis(Box<Vorbis>),
    Flac {
        block: u64,
    },
    /// Only the container tells.
    Unknown,
}

impl Timing {
    /// The samples of a packet; none if only the container tells.
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

    /// The bytes that a packet is cut into; none if it is decoded as a whole.
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
