//! Clusters (RFC 9559 §5.1.3): iteration over blocks, with recovery after damage.

use super::blocks::{self, Block};
use super::ebml::{self, Element, Read, uint};
use super::ids;
use crate::source::Source;

/// Maximum size of a block in bytes.
const MAX_BLOCK: u64 = 256 << 20;
/// Number of bytes that are searched at once for the next cluster.
const PIECE: usize = 1 << 16;
/// Number of bytes that identify a cluster: its header, and the header of its first element.
const CLUSTER_START: usize = 16;

/// Position among the blocks of a segment.
#[derive(Debug, Clone)]
pub(super) struct Walker {
    at: u64,
    /// Offset of the end of the segment, if stated.
    segment_end: Option<u64>,
    cluster: Option<Cluster>,
    /// Number of times that blocks were lost.
    losses: u32,
    is_done: bool,
    /// True if the checksums of clusters are verified.
    pub(super) checks_sums: bool,
    pub(super) is_damaged: bool,
    /// True if another file follows this one.
    pub(super) is_followed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Cluster {
    end: Option<u64>,
    time: i64,
}

/// A block and its context.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) block: Block,
    /// Time of the cluster.
    pub(super) cluster: i64,
    /// True if the input ends within the block.
    pub(super) is_cut: bool,
    /// Number of times that blocks were lost before it.
    pub(super) losses: u32,
}

impl Walker {
    pub(super) fn new(at: u64, segment_end: Option<u64>) -> Self {
        Self {
            at,
            segment_end,
            cluster: None,
            losses: 0,
            is_done: false,
            checks_sums: false,
            is_damaged: false,
            is_followed: false,
        }
    }

    /// Returns the next block of a track for which `is_wanted` returns true, or `None` at the end.
    ///
    /// # Errors
    /// Reading the input fails.
    pub(super) fn next(
        &mut self,
        source: &mut Source,
        is_wanted: &dyn Fn(u64) -> bool,
    ) -> anyhow::Result<Option<Found>> {
        while !self.is_done {
            if self.cluster.and_then(|cluster| cluster.end).is_some_and(|end| self.at >= end) {
                self.cluster = None;
            }
            if self.cluster.is_none() && self.segment_end.is_some_and(|end| self.at >= end) {
                self.is_done = true;
                let next = ebml::read(source, self.at)?;
                self.is_followed = matches!(next, Read::Element(Element { id: ids::EBML, .. }));
                self.is_damaged |= self.is_followed;
                break;
            }
            let element = match ebml::read(source, self.at)? {
                Read::Element(element) => element,
                Read::End(has_rest) => {
                    let end = self.cluster.and_then(|cluster| cluster.end).or(self.segment_end);
                    self.is_damaged |= has_rest || end.is_some_and(|end| self.at < end);
                    self.is_done = true;
                    break;
                }
                Read::Malformed => {
                    self.resync(source, self.at + 1)?;
                    continue;
                }
            };
            if let Some(found) = self.step(source, element, is_wanted)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Reads or skips an element.
    fn step(
        &mut self,
        source: &mut Source,
        element: Element,
        is_wanted: &dyn Fn(u64) -> bool,
    ) -> anyhow::Result<Option<Found>> {
        let start = self.at;
        if element.id == ids::CLUSTER {
            self.cluster = Some(Cluster { end: element.end(), time: 0 });
            self.at = element.body;
            self.is_damaged |= self.checks_sums && !has_right_sum(source, &element)?;
            return Ok(None);
        }
        if matches!(element.id, ids::EBML | ids::SEGMENT) {
            // Another file follows.
            self.is_damaged = true;
            self.is_done = true;
            self.is_followed = true;
            return Ok(None);
        }
        let is_block = matches!(element.id, ids::SIMPLE_BLOCK | ids::BLOCK_GROUP | ids::TIMESTAMP);
        let in_cluster = is_block || ids::is_skipped_in_cluster(element.id);
        if ids::is_top_level(element.id) {
            self.cluster = None;
        }
        let limit = self.cluster.and_then(|cluster| cluster.end).or(self.segment_end);
        let (Some(end), Some(size)) = (element.end(), element.size) else {
            return self.resync(source, start + 1).map(|()| None);
        };
        let is_cut = source.size().is_some_and(|size| end > size);
        if limit.is_some_and(|limit| end > limit) || (is_block && size > MAX_BLOCK) {
            return self.resync(source, start + 1).map(|()| None);
        }
        let is_known = in_cluster || ids::is_top_level(element.id);
        if !is_known && !self.is_plausible(source, end, limit)? {
            return self.resync(source, start + 1).map(|()| None);
        }
        if !is_block || self.cluster.is_none() {
            self.is_damaged |= is_cut || (is_block && self.cluster.is_none());
            self.at = end;
            return Ok(None);
        }
        if element.id == ids::TIMESTAMP {
            let body = source.bytes_at(element.body, size.min(8) as usize)?;
            let time = uint(&body).and_then(|time| i64::try_from(time).ok());
            if let (Some(cluster), Some(time)) = (&mut self.cluster, time) {
                cluster.time = time;
            }
            self.at = end;
            return Ok(None);
        }
        let track = track_of(source, &element)?;
        if track.is_some_and(|track| !is_wanted(track)) {
            if is_cut {
                return self.resync(source, start + 1).map(|()| None);
            }
            self.at = end;
            return Ok(None);
        }
        let body = source.bytes_at(element.body, usize::try_from(size)?)?;
        let is_cut = (body.len() as u64) < size;
        let block = match element.id {
            ids::SIMPLE_BLOCK => Block::simple(body),
            _ => Block::group(&body),
        };
        let cluster = self.cluster.map_or(0, |cluster| cluster.time);
        if is_cut {
            self.is_damaged = true;
            self.is_done = true;
            // A damaged size can look like an unknown one. Clusters follow then.
            if source.is_seekable() {
                self.resync(source, start + 1)?;
            }
            if !self.is_done {
                return Ok(None);
            }
        }
        self.at = end;
        let Some(block) = block else {
            self.is_damaged = true;
            self.losses += 1;
            return Ok(None);
        };
        Ok(Some(Found { block, cluster, is_cut, losses: self.losses }))
    }

    /// Returns true if an unknown element may belong to a later version, because a known element
    /// follows. Otherwise it is damage.
    fn is_plausible(
        &self,
        source: &mut Source,
        end: u64,
        limit: Option<u64>,
    ) -> anyhow::Result<bool> {
        if limit == Some(end) || !source.is_seekable() {
            return Ok(limit.is_some() || !source.is_seekable());
        }
        Ok(match ebml::read(source, end)? {
            Read::Element(next) => {
                ids::is_top_level(next.id)
                    || ids::is_skipped_in_cluster(next.id)
                    || matches!(next.id, ids::SIMPLE_BLOCK | ids::BLOCK_GROUP | ids::TIMESTAMP)
            }
            Read::End(_) | Read::Malformed => false,
        })
    }

    /// Continues at the next cluster from `from` on.
    fn resync(&mut self, source: &mut Source, from: u64) -> anyhow::Result<()> {
        self.is_damaged = true;
        self.losses += 1;
        self.is_done = false;
        let mut at = from;
        loop {
            let bytes = source.bytes_at(at, PIECE)?;
            let marks = bytes.windows(4).enumerate();
            let found = marks
                .filter(|(_, four)| *four == ids::CLUSTER.to_be_bytes())
                .map(|(index, _)| index)
                .find(|index| {
                    let start = &bytes[*index..];
                    start.len() < CLUSTER_START || begins_cluster(start)
                });
            match found {
                Some(index) if index > 0 && bytes.len() - index < CLUSTER_START => {
                    // The identifier is at the end of the bytes that were read.
                    if bytes.len() < PIECE {
                        break;
                    }
                    at += index as u64;
                    continue;
                }
                Some(index) if begins_cluster(&bytes[index..]) => {
                    self.cluster = None;
                    self.at = at + index as u64;
                    return Ok(());
                }
                _ if bytes.len() < PIECE => break,
                _ => at += (bytes.len() - 3) as u64,
            }
        }
        self.is_done = true;
        Ok(())
    }
}

/// Returns true if the bytes begin with the header of a cluster and of a possible first element.
fn begins_cluster(bytes: &[u8]) -> bool {
    let Some((ids::CLUSTER, _, length)) = ebml::header(bytes) else { return false };
    match ebml::header(bytes.get(length..).unwrap_or_default()) {
        Some((id, Some(size), _)) => {
            (id == ids::TIMESTAMP && size <= 8) || ids::is_skipped_in_cluster(id)
        }
        _ => false,
    }
}

/// Returns true if a cluster matches its checksum, or has none (RFC 8794 §11.3.1).
fn has_right_sum(source: &mut Source, cluster: &Element) -> anyhow::Result<bool> {
    const HEADER: [u8; 2] = [ids::CRC_32 as u8, 0x84];
    let Some(size) = cluster.size.filter(|size| *size <= MAX_BLOCK) else { return Ok(true) };
    if !source.is_seekable() || source.bytes_at(cluster.body, 2)? != HEADER {
        return Ok(true);
    }
    let body = source.bytes_at(cluster.body, usize::try_from(size)?)?;
    let Some((stated, rest)) = body.get(2..).and_then(<[u8]>::split_first_chunk::<4>) else {
        return Ok(true);
    };
    let mut sum = flate2::Crc::new();
    sum.update(rest);
    // A truncated cluster is detected elsewhere.
    Ok((body.len() as u64) < size || sum.sum() == u32::from_le_bytes(*stated))
}

/// Returns the track of a block, or of the first block of a group.
fn track_of(source: &mut Source, element: &Element) -> anyhow::Result<Option<u64>> {
    let mut start = [0; 24];
    let count = source.read_at(element.body, &mut start)?;
    let start = &start[..count];
    let block = if element.id == ids::SIMPLE_BLOCK {
        Some(start)
    } else {
        match ebml::header(start) {
            Some((ids::BLOCK, _, length)) => start.get(length..),
            _ => None,
        }
    };
    Ok(block.and_then(blocks::track).map(|(track, _)| track))
}
