//! Buffered writing to a file or writer.

use std::fs::File;
use std::io::{self, Seek, Write};

use reelwright_core::{Error, Result};

use crate::blocking::{Gate, stop_of};

/// Buffer size of a file, in bytes.
pub(crate) const FILE_BUFFER: usize = 1 << 16;
/// Maximum number of bytes to keep that an output did not accept before an interrupt.
pub(super) const MAX_PENDING: usize = 64 << 20;

/// Writer that can seek.
pub(crate) trait WriteSeek: Write + Seek {}
impl<W: Write + Seek> WriteSeek for W {}

/// Writer, with additional operations of files.
pub(crate) trait Storage: Write {
    /// Returns the length in bytes, if known.
    fn length(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, _to: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Reports errors that the system reports only when a file is closed.
    fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> Storage for Box<dyn Write + Send + 'w> {}
impl<'w> Storage for Box<dyn WriteSeek + Send + 'w> {}

impl Storage for File {
    fn length(&self) -> io::Result<Option<u64>> {
        self.metadata().map(|metadata| Some(metadata.len()))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }

    fn truncate(&mut self, to: u64) -> io::Result<()> {
        self.set_len(to)
    }

    // Network file systems and quotas may report errors only at this point.
    #[cfg(unix)]
    fn close(&mut self) -> io::Result<()> {
        // Closing any descriptor of a file reports its errors. If there is no other descriptor,
        // syncing reports them.
        match self.try_clone() {
            Ok(copy) => nix::unistd::close(copy).map_err(Into::into),
            Err(_) => self.sync_all(),
        }
    }
}

/// Buffered writer, whose writes are at most the buffer's size.
pub(crate) struct BufferedWriter<W> {
    pub(super) writer: W,
    pub(super) name: String,
    /// Bytes to write. Longer than a buffer only after an interrupt of a write.
    pub(super) buffer: Vec<u8>,
    pub(super) size: usize,
    pub(super) position: u64,
    gate: Gate,
    /// Last position that was marked as playable and written, and the positions marked later, each
    /// at the end of a packet in the buffer.
    pub(super) playable: u64,
    pub(super) marks: Vec<u64>,
}

impl<W: Storage> BufferedWriter<W> {
    pub(crate) fn new(writer: W, name: String, size: usize, gate: Gate) -> Self {
        // The buffer grows with use, because a caller may request any size.
        let buffer = Vec::with_capacity(size.min(FILE_BUFFER));
        Self { writer, name, buffer, size, position: 0, gate, playable: 0, marks: Vec::new() }
    }

    /// Returns the number of bytes that the writer has accepted.
    pub(super) fn flushed(&self) -> u64 {
        self.position - self.buffer.len() as u64
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        loop {
            if self.gate.is_stopped() {
                return self.keep(bytes);
            }
            if self.buffer.is_empty() && bytes.len() >= self.size {
                // A full buffer's worth of bytes needs no copy.
                self.gate.poll_interrupt();
                let flushed = self.position;
                self.check_length(flushed)?;
                let taken = write_all(&mut self.writer, &bytes[..self.size]);
                let taken = self.settle(taken, self.size, flushed)?;
                self.position += taken as u64;
                bytes = &bytes[taken..];
                continue;
            }
            let room = self.size.saturating_sub(self.buffer.len());
            if bytes.len() < room {
                self.buffer.extend_from_slice(bytes);
                self.position += bytes.len() as u64;
                return Ok(());
            }
            let (piece, rest) = bytes.split_at(room);
            self.buffer.extend_from_slice(piece);
            self.position += piece.len() as u64;
            bytes = rest;
            self.flush_output()?;
        }
    }

    /// Keeps bytes that cannot be written before the interrupt is handled.
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > MAX_PENDING {
            return Err(failed(&self.name, io::ErrorKind::TimedOut.into()));
        }
        self.position += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the number of accepted bytes among `given` bytes, after `flushed` earlier ones.
    /// After an interrupt, the rest can be written later.
    ///
    /// # Errors
    /// The writer fails. Failed writes are not repeated.
    fn settle(
        &mut self,
        taken: Result<(), (usize, io::Error)>,
        given: usize,
        flushed: u64,
    ) -> Result<usize> {
        match taken {
            Ok(()) => Ok(given),
            Err((taken, error)) => {
                if let Some(reason) = stop_of(&error) {
                    self.gate.stop(reason.clone());
                    return Ok(taken);
                }
                self.buffer.clear();
                self.position = flushed + taken as u64;
                self.settle_marks();
                Err(failed(&self.name, error))
            }
        }
    }

    /// Writes the buffer, or the part of it that the writer accepts before an interrupt.
    pub(super) fn flush_output(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        while !self.buffer.is_empty() && !self.gate.is_stopped() {
            let piece = self.buffer.len().min(self.size);
            let flushed = self.flushed();
            self.check_length(flushed)?;
            let taken = write_all(&mut self.writer, &self.buffer[..piece]);
            let taken = self.settle(taken, piece, flushed)?;
            if taken == self.buffer.len() {
                self.buffer.clear();
            } else {
                self.buffer.drain(..taken);
            }
        }
        self.settle_marks();
        Ok(())
    }

    /// Checks that no other program truncated the file, which would leave a hole.
    fn check_length(&mut self, flushed: u64) -> Result<()> {
        let length = self.writer.length().map_err(|error| failed(&self.name, error))?;
        match length {
            Some(length) if length < flushed => {
                self.buffer.clear();
                self.position = length;
                Err(Error::io(
                    format!(
                        "Failed to write to dst: {} has {length} of the {flushed} bytes that \
                         were written. Keep other programs from changing it until it is closed",
                        self.name
                    ),
                    io::Error::other("another program truncated the file"),
                ))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn mark_playable(&mut self) {
        if self.buffer.is_empty() {
            // Large packets are not buffered.
            self.playable = self.position;
            self.marks.clear();
        } else if self.marks.last() != Some(&self.position) {
            self.marks.push(self.position);
        }
    }

    /// Removes marks before the last written one.
    fn settle_marks(&mut self) {
        let flushed = self.flushed();
        let passed = self.marks.partition_point(|mark| *mark <= flushed);
        if let Some(last) = self.marks.drain(..passed).next_back() {
            self.playable = last;
        }
    }

    /// Returns the last mark that was written.
    pub(super) fn playable_length(&self) -> u64 {
        let flushed = self.flushed();
        let passed = self.marks.partition_point(|mark| *mark <= flushed);
        passed.checked_sub(1).map_or(self.playable, |last| self.marks[last])
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.flush_output()?;
        if self.gate.is_stopped() {
            return Ok(());
        }
        self.check_length(self.flushed())?;
        self.writer.flush().map_err(|error| failed(&self.name, error))
    }

    pub(super) fn sync(&mut self) -> Result<()> {
        self.flush()?;
        if self.gate.is_stopped() {
            return Ok(());
        }
        match self.writer.sync() {
            // Not every file system supports syncing.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced.map_err(|error| failed(&self.name, error)),
        }
    }

    pub(super) fn close(&mut self) -> Result<()> {
        self.flush()?;
        self.gate.take_stop()?;
        self.writer.close().map_err(|error| failed(&self.name, error))
    }
}

/// Writes all bytes as `Write::write_all` does. Returns the number of accepted bytes with an error.
fn write_all(writer: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut taken = 0;
    while taken < bytes.len() {
        match writer.write(&bytes[taken..]) {
            Ok(0) => {
                let message = format!("its write accepted 0 of {} bytes", bytes.len() - taken);
                return Err((taken, io::Error::new(io::ErrorKind::WriteZero, message)));
            }
            Ok(more) => taken += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((taken, error)),
        }
    }
    Ok(())
}

pub(super) fn failed(name: &str, error: io::Error) -> Error {
    Error::output(format!("Failed to write to dst: {name}"), error)
}
