//! Bytes of an input: a seekable file, or a forward-only stream.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Number of bytes that are read at once if packets are smaller.
const WINDOW: usize = 1 << 18;

/// Random access to an input's bytes.
pub struct Source {
    kind: Kind,
    /// Bytes from `start` on that were read last, or read ahead.
    window: Vec<u8>,
    start: u64,
}

enum Kind {
    File { file: File, size: u64 },
    Stream(Box<dyn Read + Send + Sync>),
    Memory(Vec<u8>),
}

impl Source {
    /// Creates a source of a regular file of `size` bytes.
    pub fn file(file: File, size: u64) -> Self {
        Self { kind: Kind::File { file, size }, window: Vec::new(), start: 0 }
    }

    /// Creates a source of a pipe, a terminal or the like. It cannot seek back.
    pub fn stream(reader: impl Read + Send + Sync + 'static) -> Self {
        Self { kind: Kind::Stream(Box::new(reader)), window: Vec::new(), start: 0 }
    }

    /// Creates a source of bytes in memory.
    pub fn memory(bytes: Vec<u8>) -> Self {
        Self { kind: Kind::Memory(bytes), window: Vec::new(), start: 0 }
    }

    /// Returns the size in bytes, or `None` for a stream.
    pub fn size(&self) -> Option<u64> {
        match &self.kind {
            Kind::File { size, .. } => Some(*size),
            Kind::Memory(bytes) => Some(bytes.len() as u64),
            Kind::Stream(_) => None,
        }
    }

    /// Returns true if any offset can be read at any time.
    pub fn is_seekable(&self) -> bool {
        !matches!(self.kind, Kind::Stream(_))
    }

    /// Returns the first bytes, at most `count`. Later reads return them again, also of a stream.
    ///
    /// # Errors
    /// Reading the input fails.
    pub fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.start > 0 || self.window.len() < count {
            self.fill(0, count)?;
        }
        Ok(&self.window[..count.min(self.window.len())])
    }

    /// Fills `buffer` from `offset` on. Returns the number of bytes that were read, which is
    /// smaller only at the end.
    ///
    /// # Errors
    /// Reading the input fails, or `offset` precedes the position of a stream.
    pub fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if let Kind::Memory(bytes) = &self.kind {
            let at = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let count = buffer.len().min(bytes.len() - at);
            buffer[..count].copy_from_slice(&bytes[at..at + count]);
            return Ok(count);
        }
        let in_window = |source: &Self| {
            let at = offset.checked_sub(source.start).and_then(|at| usize::try_from(at).ok())?;
            let rest = source.window.get(at..)?;
            (rest.len() >= buffer.len()).then_some(at)
        };
        if in_window(self).is_none() {
            if buffer.len() >= WINDOW
                && let Kind::File { file, .. } = &mut self.kind
            {
                file.seek(SeekFrom::Start(offset))?;
                return read_full(file, buffer);
            }
            // Streams are not read ahead, because that could block.
            let ahead = if self.is_seekable() { WINDOW } else { 0 };
            self.fill(offset, buffer.len().max(ahead))?;
        }
        let at = (offset - self.start).min(self.window.len() as u64) as usize;
        let count = buffer.len().min(self.window.len() - at);
        buffer[..count].copy_from_slice(&self.window[at..at + count]);
        Ok(count)
    }

    /// Reads `count` bytes from `offset` on, or fewer at the end.
    ///
    /// # Errors
    /// The same errors as [`read_at`](Self::read_at).
    pub fn bytes_at(&mut self, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        // The available bytes limit the allocation, not a field that may be damaged.
        let known = self.size().map(|size| size.saturating_sub(offset));
        let count = known.map_or(count, |known| count.min(known.try_into().unwrap_or(usize::MAX)));
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let at = bytes.len();
            let piece = (count - at).min(1 << 24);
            bytes.resize(at + piece, 0);
            let read = self.read_at(offset + at as u64, &mut bytes[at..])?;
            bytes.truncate(at + read);
            if read < piece {
                break;
            }
        }
        Ok(bytes)
    }

    /// Reads up to `count` bytes from `offset` on, without waiting for more than one unit of `unit`
    /// bytes. Returns whole units; at the end of the input, the last may be partial.
    ///
    /// # Errors
    /// The same errors as [`read_at`](Self::read_at).
    pub fn available_at(&mut self, offset: u64, count: usize, unit: usize) -> io::Result<Vec<u8>> {
        if self.is_seekable() {
            return self.bytes_at(offset, count);
        }
        if offset
            .checked_sub(self.start)
            .is_none_or(|at| at + unit as u64 > self.window.len() as u64)
        {
            self.fill(offset, unit)?;
        }
        let at = (offset - self.start).min(self.window.len() as u64) as usize;
        let ready = count.min(self.window.len() - at);
        let whole = if ready < unit { ready } else { ready / unit * unit };
        Ok(self.window[at..at + whole].to_vec())
    }

    /// Reads `count` bytes from `offset` on into the window, or fewer at the end.
    fn fill(&mut self, offset: u64, count: usize) -> io::Result<()> {
        match &mut self.kind {
            Kind::Memory(bytes) => {
                self.start = 0;
                self.window.clone_from(bytes);
                Ok(())
            }
            Kind::File { file, .. } => {
                file.seek(SeekFrom::Start(offset))?;
                self.window.resize(count, 0);
                self.start = offset;
                let read = read_full(file, &mut self.window)?;
                self.window.truncate(read);
                Ok(())
            }
            Kind::Stream(reader) => {
                let Some(skipped) = offset.checked_sub(self.start) else {
                    return Err(io::Error::new(
                        io::ErrorKind::NotSeekable,
                        "the input is a stream, which cannot seek back",
                    ));
                };
                // Skips the bytes before the offset.
                let kept = self.window.len() as u64;
                if skipped <= kept {
                    self.window.drain(..skipped as usize);
                } else {
                    self.window.clear();
                    let mut left = skipped - kept;
                    let mut passed = [0; 1 << 14];
                    while left > 0 {
                        let piece = left.min(passed.len() as u64) as usize;
                        let read = read_full(reader, &mut passed[..piece])?;
                        left -= read as u64;
                        if read < piece {
                            break;
                        }
                    }
                }
                self.start = offset;
                while self.window.len() < count {
                    let at = self.window.len();
                    self.window.resize(at + (1 << 16), 0);
                    let read = reader.read(&mut self.window[at..]);
                    self.window.truncate(at + *read.as_ref().unwrap_or(&0));
                    match read {
                        Ok(0) => break,
                        Ok(_) => {}
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }
        }
    }
}

/// Sequential reader of a source.
pub(crate) struct Sequential {
    source: Source,
    at: u64,
}

impl Sequential {
    /// Creates a reader at the first byte.
    pub(crate) fn new(source: Source) -> Self {
        Self { source, at: 0 }
    }
}

impl Read for Sequential {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let source = &mut self.source;
        let end = source.start + source.window.len() as u64;
        let count = if source.is_seekable() || self.at >= end || self.at < source.start {
            source.read_at(self.at, buffer)?
        } else {
            // Returns available bytes of a stream without waiting for more.
            let at = (self.at - source.start) as usize;
            let count = buffer.len().min(source.window.len() - at);
            buffer[..count].copy_from_slice(&source.window[at..at + count]);
            count
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Sequential {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.source.size().and_then(|size| size.checked_add_signed(by)),
        };
        self.at = from.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Reads until `buffer` is full or the input ends. Returns the number of bytes.
pub(crate) fn read_full(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<u8> {
        (0..count).map(|i| (i / 7) as u8).collect()
    }

    #[test]
    fn stream_reads_forward_and_keeps_peeked_bytes() {
        let bytes = numbers(700_000);
        let mut source = Source::stream(io::Cursor::new(bytes.clone()));
        assert_eq!(source.peek(16).unwrap(), &bytes[..16]);
        assert_eq!(source.bytes_at(0, 100).unwrap(), &bytes[..100]);
        assert_eq!(source.bytes_at(600_000, 50).unwrap(), &bytes[600_000..600_050]);
        assert_eq!(source.bytes_at(699_990, 50).unwrap(), &bytes[699_990..]);
        assert_eq!(source.bytes_at(0, 1).unwrap_err().kind(), io::ErrorKind::NotSeekable);
        assert!(source.bytes_at(1 << 40, 1).unwrap().is_empty());
    }

    #[test]
    fn reads_all_bytes_in_order_from_each_kind() {
        let bytes = numbers(600_000);
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &bytes).unwrap();
        let stream = Source::stream(io::Cursor::new(bytes.clone()));
        for source in [Source::file(file, 600_000), stream, Source::memory(bytes.clone())] {
            let mut read = Vec::new();
            Sequential::new(source).read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes);
        }
    }

    #[test]
    fn claimed_sizes_do_not_allocate_memory() {
        let mut source = Source::memory(vec![1; 10]);
        assert_eq!(source.bytes_at(4, usize::MAX).unwrap(), [1; 6]);
        let mut source = Source::stream(io::Cursor::new(vec![1; 10]));
        assert_eq!(source.bytes_at(4, 1 << 40).unwrap(), [1; 6]);
    }
}
