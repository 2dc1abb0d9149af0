//! Headers of chunked containers, and what reads their fields.

use std::collections::VecDeque;

use reelwright_core::ChannelLayout;

use crate::channels::Order;
use crate::packet::Codec;

/// How the bytes are divided into packets.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// Frames of so many bytes and samples, of which several are read at once.
    Frames { bytes: usize, samples: u64 },
    /// Blocks that are decoded one by one.
    Blocks { bytes: usize, samples: u64 },
    /// Packets of these sizes, of so many samples each.
    Packets { sizes: VecDeque<u32>, samples: u64 },
}

/// A container's header.
pub(super) struct Header {
    pub(super) name: &'static str,
    pub(super) codec: String,
    pub(super) decoder: Option<Codec>,
    pub(super) sample_rate: u32,
    pub(super) layout: Option<ChannelLayout>,
    /// Order of the channels in the samples, where it is not the layout's own.
    pub(super) order: Option<Order>,
    pub(super) bits: Option<u32>,
    pub(super) block: Block,
    /// Start of the audio, and its number of bytes as the header states it.
    pub(super) start: u64,
    pub(super) size: Size,
    /// Samples to drop at the start, and those that follow.
    pub(super) delay: u64,
    pub(super) samples: Option<u64>,
    pub(super) tags: Vec<(String, String)>,
}

/// A length that a header states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// As many bytes.
    Known(u64),
    /// Up to the end of the input: the writer could not come back, as into a pipe.
    Open,
    /// Up to the end of the input, which has no header.
    Unknown,
}

/// Text in a chunk, up to a NUL.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned()
}

/// Appends an entry that has a value; of several the first counts.
pub(super) fn push_tag(tags: &mut Vec<(String, String)>, key: &str, value: String) {
    if !value.is_empty() && !tags.iter().any(|(known, _)| known == key) {
        tags.push((key.to_owned(), value));
    }
}

/// Numbers at fixed places; 0 where the bytes end before them.
pub(super) fn le16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]))
}

pub(super) fn le32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

pub(super) fn le64(bytes: &[u8], at: usize) -> u64 {
    u64::from(le32(bytes, at)) | u64::from(le32(bytes, at + 4)) << 32
}

pub(super) fn be16(bytes: &[u8], at: usize) -> u16 {
    le16(bytes, at).swap_bytes()
}

pub(super) fn be32(bytes: &[u8], at: usize) -> u32 {
    le32(bytes, at).swap_bytes()
}

pub(super) fn be64(bytes: &[u8], at: usize) -> u64 {
    le64(bytes, at).swap_bytes()
}

/// The most bytes of a chunk other than the audio that are looked into.
pub(super) const MAX_CHUNK: u64 = 16 << 20;
