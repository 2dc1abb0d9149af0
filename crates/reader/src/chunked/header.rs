//! Headers of chunked containers, and functions that read their fields.

use std::collections::VecDeque;

use reelwright_core::ChannelLayout;

use crate::channels::Order;
use crate::packet::Codec;

/// Division of the bytes into packets.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// Audio frames. Several are read at once.
    Frames { bytes: usize, samples: u64 },
    /// Blocks that are decoded one by one.
    Blocks { bytes: usize, samples: u64 },
    /// Packets of these sizes, each with `samples` audio frames.
    Packets { sizes: VecDeque<u32>, samples: u64 },
}

/// A container's header.
pub(super) struct Header {
    pub(super) name: &'static str,
    pub(super) codec: String,
    pub(super) decoder: Option<Codec>,
    pub(super) sample_rate: u32,
    pub(super) layout: Option<ChannelLayout>,
    /// Index of each coded channel in the layout's order, if it differs.
    pub(super) order: Option<Order>,
    pub(super) bits: Option<u32>,
    pub(super) block: Block,
    /// Offset of the audio, and its size as the header states it.
    pub(super) start: u64,
    pub(super) size: Size,
    /// Number of audio frames to drop at the start, and number of those that follow.
    pub(super) delay: u64,
    pub(super) samples: Option<u64>,
    pub(super) tags: Vec<(String, String)>,
}

/// Size of the audio according to a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Size in bytes.
    Known(u64),
    /// Up to the end of the input: the writer could not seek back to write the size.
    Open,
    /// Up to the end of the input, which has no header.
    Unknown,
}

/// Reads text up to a NUL.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned()
}

/// Appends an entry unless the value is empty or the key exists.
pub(super) fn push_tag(tags: &mut Vec<(String, String)>, key: &str, value: String) {
    if !value.is_empty() && !tags.iter().any(|(known, _)| known == key) {
        tags.push((key.to_owned(), value));
    }
}

/// Reads a number at an offset. Returns 0 if the bytes end before it.
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

/// Maximum number of bytes that are read of a chunk other than the audio.
pub(super) const MAX_CHUNK: u64 = 16 << 20;
