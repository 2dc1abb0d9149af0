//! Where a muxer's bytes go.

use std::io;

use crate::{Error, OutputRequest, Result};

/// Bytes, in order; overwriting only where [`is_seekable`](Self::is_seekable).
///
/// Required are [`write`](Self::write), [`position`](Self::position),
/// [`is_seekable`](Self::is_seekable), [`patch`](Self::patch) and [`flush`](Self::flush); the defaults
/// of all others suit an output that is a stream.
///
/// [`Error::output`] makes the errors of an output: it tells lost connections and timeouts from other
/// failures. An output that waits asks [`OpenContext::wait`](crate::OpenContext::wait) whether it still
/// may, and returns that error as it is: [`position`](Self::position) then tells how much of a write was
/// taken, and the rest comes with a later call.
pub trait Output: Send {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    /// The output's own. Files then report in [`position`](Self::position) how many bytes they
    /// hold.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// How many bytes were appended.
    fn position(&self) -> u64;

    /// Whether bytes that were appended can be overwritten.
    fn is_seekable(&self) -> bool;

    /// Whether bytes can be overwritten now: the output can seek, and still is where it was left.
    /// Muxers ask before they patch what a stream can do without.
    ///
    /// # Errors
    /// The output's own.
    fn can_patch(&mut self) -> Result<bool> {
        Ok(self.is_seekable())
    }

    /// Overwrites `bytes.len()` bytes at `at`, all of which were appended before; the next
    /// [`write`](Self::write) appends at the end as ever.
    ///
    /// # Errors
    /// The output's own, or that it cannot seek.
    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()>;

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// The output's own.
    fn flush(&mut self) -> Result<()>;

    /// Durability barrier: returns once everything written and patched so far survives a power
    /// cut. Does nothing where the output has no storage of its own.
    ///
    /// # Errors
    /// The output's own.
    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    /// Removes everything from byte `to` on; the next [`write`](Self::write) appends there.
    ///
    /// # Errors
    /// The output cannot be truncated, or is shorter than `to`.
    fn truncate(&mut self, _to: u64) -> Result<()> {
        Err(Error::io("Failed to truncate the output", io::ErrorKind::Unsupported.into()))
    }

    /// Marks what was appended so far as whole: a file that ends here plays.
    fn mark_playable(&mut self) {}

    /// Returns the last position marked as whole that the output holds; after an error of the
    /// output, what comes behind it may be cut off.
    fn playable_length(&self) -> u64 {
        self.position()
    }

    /// The largest message in bytes, of an output whose writes are messages that arrive whole or not
    /// at all, such as datagrams: each [`write`](Self::write) is one, and a longer one is cut before it
    /// gets here. None where bytes are a stream.
    fn message_size(&self) -> Option<usize> {
        None
    }

    /// What the other end asked of the streams since the last call.
    fn take_request(&mut self) -> Option<OutputRequest> {
        None
    }

    /// Ends and releases the output. After an error that [can continue](Error::can_continue) it is
    /// called again; nothing else is called after it.
    ///
    /// # Errors
    /// The output's own: some file systems report a full disk no sooner, a server its refusal.
    fn close(&mut self) -> Result<()> {
        self.flush()
    }
}

impl<O: Output + ?Sized> Output for Box<O> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        (**self).write(bytes)
    }

    fn position(&self) -> u64 {
        (**self).position()
    }

    fn is_seekable(&self) -> bool {
        (**self).is_seekable()
    }

    fn can_patch(&mut self) -> Result<bool> {
        (**self).can_patch()
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        (**self).patch(at, bytes)
    }

    fn flush(&mut self) -> Result<()> {
        (**self).flush()
    }

    fn sync(&mut self) -> Result<()> {
        (**self).sync()
    }

    fn truncate(&mut self, to: u64) -> Result<()> {
        (**self).truncate(to)
    }

    fn mark_playable(&mut self) {
        (**self).mark_playable();
    }

    fn playable_length(&self) -> u64 {
        (**self).playable_length()
    }

    fn message_size(&self) -> Option<usize> {
        (**self).message_size()
    }

    fn take_request(&mut self) -> Option<OutputRequest> {
        (**self).take_request()
    }

    fn close(&mut self) -> Result<()> {
        (**self).close()
    }
}

/// An output into memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryOutput {
    bytes: Vec<u8>,
    seekable: bool,
}

impl MemoryOutput {
    /// An empty output that can be patched, like a file.
    pub const fn seekable() -> Self {
        Self { bytes: Vec::new(), seekable: true }
    }

    /// An empty output that cannot be patched, like a socket.
    pub const fn streaming() -> Self {
        Self { bytes: Vec::new(), seekable: false }
    }

    /// What was written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Output for MemoryOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn position(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let refuse = || Error::io("Failed to patch memory", io::ErrorKind::InvalidInput.into());
        if !self.seekable {
            return Err(refuse());
        }
        let start = usize::try_from(at).map_err(|_| refuse())?;
        let end = start.checked_add(bytes.len()).ok_or_else(refuse)?;
        self.bytes.get_mut(start..end).ok_or_else(refuse)?.copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn truncate(&mut self, to: u64) -> Result<()> {
        match usize::try_from(to) {
            Ok(to) if to <= self.bytes.len() => {
                self.bytes.truncate(to);
                Ok(())
            }
            _ => Err(Error::io("Failed to truncate memory", io::ErrorKind::InvalidInput.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_patched_only_where_it_was_written() {
        let mut output = MemoryOutput::seekable();
        output.write(b"abcd").unwrap();
        output.patch(1, b"XY").unwrap();
        assert!(output.patch(3, b"12").is_err());
        assert!(output.patch(u64::MAX, b"1").is_err());
        assert_eq!(output.bytes(), b"aXYd");
        assert!(output.truncate(5).is_err());
        output.truncate(2).unwrap();
        output.write(b"!").unwrap();
        assert_eq!(output.bytes(), b"aX!");
        let mut output = MemoryOutput::streaming();
        output.write(b"abcd").unwrap();
        assert!(output.patch(1, b"X").is_err());
    }
}
