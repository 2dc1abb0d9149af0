//! Streams of units that follow each other, each found in a buffer that grows until it has one.

use crate::packet::Packet;
use crate::source::Source;

/// The most bytes of a unit.
const MAX: usize = 256 << 20;
/// The least bytes that are read at once.
const PIECE: usize = 1 << 16;

/// A stream of coded frames without times: they are counted.
pub(crate) struct UnitReader {
    source: Source,
    at: u64,
    buffer: Vec<u8>,
    is_at_end: bool,
    frames: i64,
}

impl UnitReader {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, at: 0, buffer: Vec::new(), is_at_end: false, frames: 0 }
    }

    /// Reads the next unit; none at the end. `end` returns the end of the unit at the start of the
    /// buffer, none if more bytes are needed. Its second argument tells that there are no more; the
    /// rest is dropped if it finds no unit then.
    ///
    /// # Errors
    /// The input's own.
    pub(crate) fn next(
        &mut self,
        mut end: impl FnMut(&mut Vec<u8>, bool) -> Option<usize>,
    ) -> anyhow::Result<Option<Packet>> {
        let end = loop {
            let is_last = self.is_at_end || self.buffer.len() > MAX;
            match end(&mut self.buffer, is_last) {
                Some(end) if end > 0 => break end,
                _ if is_last => return Ok(None),
                _ => {}
            }
            // Twice as much each time: a unit is searched a few times only.
            let mut piece = vec![0; PIECE.max(self.buffer.len())];
            let read = self.source.read_at(self.at, &mut piece)?;
            self.at += read as u64;
            self.is_at_end = read < piece.len();
            self.buffer.extend_from_slice(&piece[..read]);
        };
        let rest = self.buffer.split_off(end);
        let data = std::mem::replace(&mut self.buffer, rest);
        let packet = Packet::new(data, self.frames, 1);
        self.frames += 1;
        Ok(Some(packet))
    }
}
