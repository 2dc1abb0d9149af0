//! Outputs that fail, and outputs that are too large to keep.

use std::io;

use reelwright_core::{Error, MemoryOutput, Output, Result};

/// Fails once a number of bytes were written or patched.
#[derive(Debug)]
pub struct FailingOutput {
    inner: MemoryOutput,
    left: usize,
}

impl FailingOutput {
    /// An output into `inner` that takes `left` bytes.
    pub const fn new(inner: MemoryOutput, left: usize) -> Self {
        Self { inner, left }
    }

    /// What was written.
    pub fn bytes(&self) -> &[u8] {
        self.inner.bytes()
    }

    fn spend(&mut self, bytes: usize) -> Result<()> {
        let full = || Error::io("Failed to write", io::ErrorKind::StorageFull.into());
        self.left = self.left.checked_sub(bytes).ok_or_else(full)?;
        Ok(())
    }
}

impl Output for FailingOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.spend(bytes.len())?;
        self.inner.write(bytes)
    }

    fn position(&self) -> u64 {
        self.inner.position()
    }

    fn is_seekable(&self) -> bool {
        self.inner.is_seekable()
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.spend(bytes.len())?;
        self.inner.patch(at, bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Keeps nothing of what is written but its first bytes, which can be patched, and counts: for
/// files larger than memory.
#[derive(Debug, Default)]
pub struct CountingOutput {
    /// The first 4096 bytes.
    pub head: Vec<u8>,
    /// How many bytes there were.
    pub length: u64,
}

impl CountingOutput {
    const HEAD: usize = 4096;

    /// An output of no bytes so far.
    pub const fn new() -> Self {
        Self { head: Vec::new(), length: 0 }
    }
}

impl Output for CountingOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let room = Self::HEAD - self.head.len();
        self.head.extend(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn position(&self) -> u64 {
        self.length
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let at = at as usize;
        self.head[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
