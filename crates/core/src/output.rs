//! Outputs: files, sockets, memory and other destinations of bytes.

use std::io;

use crate::{Error, OutputRequest, Result};

/// Sink of bytes, written in order. Earlier bytes can be overwritten if
/// [`is_seekable`](Self::is_seekable).
///
/// Required are [`write`](Self::write), [`position`](Self::position),
/// [`is_seekable`](Self::is_seekable), [`patch`](Self::patch) and [`flush`](Self::flush). The
/// defaults of the other methods suit an output that is a stream.
///
/// [`Error::output`] creates the errors of an output and distinguishes lost connections and
/// timeouts from other failures. While an output waits, it calls
/// [`Wait::check`](crate::Wait::check) of [`OpenContext::wait`](crate::OpenContext::wait) and
/// returns its error unchanged. [`position`](Self::position) then states how much of a write was
/// accepted, and a later call passes the rest.
pub trait Output: Send {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    /// The output fails. Files then report the bytes that they contain in
    /// [`position`](Self::position).
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Returns the number of bytes that were appended.
    fn position(&self) -> u64;

    /// Returns whether bytes that were appended can be overwritten.
    fn is_seekable(&self) -> bool;

    /// Returns whether bytes can be overwritten now: the output is seekable, and its position has
    /// not been moved. Muxers check this before an optional patch.
    ///
    /// # Errors
    /// The output fails.
    fn can_patch(&mut self) -> Result<bool> {
        Ok(self.is_seekable())
    }

    /// Overwrites `bytes.len()` bytes at `at`, which were appended before. The next
    /// [`write`](Self::write) appends at the end.
    ///
    /// # Errors
    /// The output fails, or the output is not seekable.
    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()>;

    /// Passes on buffered data.
    ///
    /// # Errors
    /// The output fails.
    fn flush(&mut self) -> Result<()>;

    /// Returns after all written and patched data is durable, safe from a power failure. Does
    /// nothing if the output has no storage.
    ///
    /// # Errors
    /// The output fails.
    fn sync(&mut self) -> Result<()> {
        Ok(())
    }

    /// Removes all bytes from `to` on. The next [`write`](Self::write) appends there.
    ///
    /// # Errors
    /// The output cannot be truncated, or is shorter than `to`.
    fn truncate(&mut self, _to: u64) -> Result<()> {
        Err(Error::io("Failed to truncate the output", io::ErrorKind::Unsupported.into()))
    }

    /// Marks the bytes appended so far as playable: a file that ends here can be played.
    fn mark_playable(&mut self) {}

    /// Returns the last position marked as playable that was written. After an error of the output,
    /// the bytes after it may be cut off.
    fn playable_length(&self) -> u64 {
        self.position()
    }

    /// Returns the maximum message size in bytes, for an output that sends each
    /// [`write`](Self::write) as one message, such as a datagram. Longer writes are split before
    /// this output. `None` if the output is a byte stream.
    fn message_size(&self) -> Option<usize> {
        None
    }

    /// Returns the latest request of the peer since the last call.
    fn take_request(&mut self) -> Option<OutputRequest> {
        None
    }

    /// Ends and releases the output. After an error that [can continue](Error::can_continue), it is
    /// called again. No other method is called after it.
    ///
    /// # Errors
    /// The output fails. Some file systems report a full disk only here, and servers report
    /// rejections.
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

/// Output to memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryOutput {
    bytes: Vec<u8>,
    seekable: bool,
}

impl MemoryOutput {
    /// Creates an empty seekable output, like a file.
    pub const fn seekable() -> Self {
        Self { bytes: Vec::new(), seekable: true }
    }

    /// Creates an empty output that is not seekable, like a socket.
    pub const fn streaming() -> Self {
        Self { bytes: Vec::new(), seekable: false }
    }

    /// Returns the bytes written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes written so far.
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
        let reject = || Error::io("Failed to patch memory", io::ErrorKind::InvalidInput.into());
        if !self.seekable {
            return Err(reject());
        }
        let start = usize::try_from(at).map_err(|_| reject())?;
        let end = start.checked_add(bytes.len()).ok_or_else(reject)?;
        self.bytes.get_mut(start..end).ok_or_else(reject)?.copy_from_slice(bytes);
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
    fn patches_only_bytes_that_were_written() {
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
