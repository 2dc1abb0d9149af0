//! Streams of consecutive units. A buffer grows until it contains a whole unit.

use crate::packet::Packet;
use crate::source::Source;

/// Maximum size of a unit in bytes.
const MAX: usize = 256 << 20;
/// Minimum number of bytes that are read at once.
const PIECE: usize = 1 << 16;

/// Stream of coded frames without timestamps. The pts is the number of the frame.
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

    /// Reads the next unit, or returns `None` at the end.
    ///
    /// `end` returns the length of the first unit in the buffer, or `None` if it needs more bytes.
    /// Its second argument is true if there are no more bytes. If it returns `None` then, the rest
    /// is dropped.
    ///
    /// # Errors
    /// Reading the input fails.
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
            // Doubling the size keeps the number of searches for the end of a unit small.
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
