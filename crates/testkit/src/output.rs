//! Outputs that fail, and outputs for data that does not fit in memory.

use std::io;

use reelwright_core::{Error, MemoryOutput, Output, Result};

/// Output that fails after a number of written or patched bytes.
#[derive(Debug)]
pub struct FailingOutput {
    inner: MemoryOutput,
    left: usize,
}

impl FailingOutput {
    /// Creates an output to `inner` that accepts `left` bytes.
    pub const fn new(inner: MemoryOutput, left: usize) -> Self {
        Self { inner, left }
    }

    /// Returns the written bytes.
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

/// Output that keeps only the first bytes, which can be patched, and counts all: for files larger
/// than memory.
#[derive(Debug, Default)]
pub struct CountingOutput {
    /// First 4096 bytes.
    pub head: Vec<u8>,
    /// Number of written bytes.
    pub length: u64,
}

impl CountingOutput {
    const HEAD: usize = 4096;

    /// Creates an empty output.
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

/// Output that records every write and barrier, to simulate a power failure.
#[derive(Debug, Default)]
pub struct CrashOutput {
    writes: Vec<(u64, Vec<u8>)>,
    /// Number of writes before each barrier.
    barriers: Vec<usize>,
    length: u64,
}

impl CrashOutput {
    /// An output of nothing so far.
    pub const fn new() -> Self {
        Self { writes: Vec::new(), barriers: Vec::new(), length: 0 }
    }

    /// Returns the number of barriers.
    pub const fn barriers(&self) -> usize {
        self.barriers.len()
    }

    /// Returns a possible file after a power failure that follows `barrier` barriers. The writes
    /// before them are complete. Each write up to the next barrier is complete, missing, or
    /// truncated at any byte, in any order. `seed` determines the state.
    pub fn state(&self, barrier: usize, mut seed: u64) -> Vec<u8> {
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below.max(1)
        };
        let durable = barrier.checked_sub(1).map_or(0, |last| self.barriers[last]);
        let next = self.barriers.get(barrier).copied().unwrap_or(self.writes.len());
        let mut file = Vec::new();
        let mut put = |at: u64, bytes: &[u8]| {
            let end = at as usize + bytes.len();
            file.resize(file.len().max(end), 0);
            file[at as usize..end].copy_from_slice(bytes);
        };
        for (at, bytes) in &self.writes[..durable] {
            put(*at, bytes);
        }
        let mut rest: Vec<_> = self.writes[durable..next].iter().collect();
        while !rest.is_empty() {
            let (at, bytes) = rest.swap_remove(random(rest.len()));
            match random(3) {
                0 => {}
                1 => put(*at, &bytes[..random(bytes.len() + 1)]),
                _ => put(*at, bytes),
            }
        }
        file
    }
}

impl Output for CrashOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writes.push((self.length, bytes.to_vec()));
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
        self.writes.push((at, bytes.to_vec()));
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.barriers.push(self.writes.len());
        Ok(())
    }
}
