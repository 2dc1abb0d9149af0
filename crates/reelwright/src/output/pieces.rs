//! Buffered bytes on their way to a file or writer.

use std::fs::File;
use std::io::{self, Seek, Write};

use reelwright_core::{Error, Result};

use crate::patient::{Gate, stop_of};

/// Buffer of a file, in bytes.
pub(crate) const FILE_BUFFER: usize = 1 << 16;
/// The most bytes that are kept of what an output did not take before an interrupt.
pub(super) const MAX_KEPT: usize = 64 << 20;

/// A writer that can seek.
pub(crate) trait WriteSeek: Write + Seek {}
impl<W: Write + Seek> WriteSeek for W {}

/// A writer, and what files can do beyond writing.
pub(crate) trait Storage: Write {
    /// Returns the length in bytes, where that is known.
    fn length(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, _to: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Tells what the system only says when a file is closed.
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

    // Network file systems and quotas report errors as late as here.
    #[cfg(unix)]
    fn close(&mut self) -> io::Result<()> {
        // Closing any descriptor of a file tells its errors. Where there is no other one, waiting for
        // the storage does.
        match self.try_clone() {
            Ok(copy) => nix::unistd::close(copy).map_err(Into::into),
            Err(_) => self.sync_all(),
        }
    }
}

/// Bytes on their way to a writer, in pieces of at most the buffer's size.
pub(crate) struct Pieces<W> {
    pub(super) writer: W,
    pub(super) name: String,
    /// More than a piece only where an interrupt came before the writer took it.
    pub(super) buffer: Vec<u8>,
    pub(super) size: usize,
    pub(super) position: u64,
    gate: Gate,
    /// The last position that was marked as whole and handed on, and those marked since, each the
    /// end of a packet in the buffer.
    pub(super) whole: u64,
    pub(super) marks: Vec<u64>,
}

impl<W: Storage> Pieces<W> {
    pub(crate) fn new(writer: W, name: String, size: usize, gate: Gate) -> Self {
        // A buffer of any size can be asked for; it grows as it is used.
        let buffer = Vec::with_capacity(size.min(FILE_BUFFER));
        Self { writer, name, buffer, size, position: 0, gate, whole: 0, marks: Vec::new() }
    }

    /// How many bytes the writer has taken.
    pub(super) fn handed_on(&self) -> u64 {
        self.position - self.buffer.len() as u64
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        loop {
            if self.gate.is_stopped() {
                return self.keep(bytes);
            }
            if self.buffer.is_empty() && bytes.len() >= self.size {
                // A whole piece needs no copy.
                self.gate.ask();
                let handed_on = self.position;
                self.check_length(handed_on)?;
                let taken = write_all(&mut self.writer, &bytes[..self.size]);
                let taken = self.settle(taken, self.size, handed_on)?;
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

    /// Keeps what cannot be written before the interrupt is answered.
    fn keep(&mut self, bytes: &[u8]) -> Result<()> {
        if self.buffer.len() + bytes.len() > MAX_KEPT {
            return Err(failed(&self.name, io::ErrorKind::TimedOut.into()));
        }
        self.position += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns how many of `given` bytes were taken, behind `handed_on` others: after an interrupt
    /// the rest can be written later.
    ///
    /// # Errors
    /// The writer's. What failed is not tried again.
    fn settle(
        &mut self,
        taken: Result<(), (usize, io::Error)>,
        given: usize,
        handed_on: u64,
    ) -> Result<usize> {
        match taken {
            Ok(()) => Ok(given),
            Err((taken, error)) => {
                if let Some(reason) = stop_of(&error) {
                    self.gate.stop(reason.clone());
                    return Ok(taken);
                }
                self.buffer.clear();
                self.position = handed_on + taken as u64;
                self.settle_marks();
                Err(failed(&self.name, error))
            }
        }
    }

    /// Hands on the buffer, or what of it the writer takes before an interrupt.
    pub(super) fn flush_output(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        while !self.buffer.is_empty() && !self.gate.is_stopped() {
            let piece = self.buffer.len().min(self.size);
            let handed_on = self.handed_on();
            self.check_length(handed_on)?;
            let taken = write_all(&mut self.writer, &self.buffer[..piece]);
            let taken = self.settle(taken, piece, handed_on)?;
            if taken == self.buffer.len() {
                self.buffer.clear();
            } else {
                self.buffer.drain(..taken);
            }
        }
        self.settle_marks();
        Ok(())
    }

    /// Checks that nothing else truncated the file, which then would have a hole.
    fn check_length(&mut self, handed_on: u64) -> Result<()> {
        let length = self.writer.length().map_err(|error| failed(&self.name, error))?;
        match length {
            Some(length) if length < handed_on => {
                self.buffer.clear();
                self.position = length;
                Err(Error::io(
                    format!(
                        "Failed to write to dst: {} has {length} of the {handed_on} bytes that were \
                         written. Keep other programs from changing it until it is closed",
                        self.name
                    ),
                    io::Error::other("it was truncated meanwhile"),
                ))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn mark_playable(&mut self) {
        if self.buffer.is_empty() {
            // Large packets are not buffered.
            self.whole = self.position;
            self.marks.clear();
        } else if self.marks.last() != Some(&self.position) {
            self.marks.push(self.position);
        }
    }

    /// Forgets the marks that the last one handed on replaces.
    fn settle_marks(&mut self) {
        let handed_on = self.handed_on();
        let passed = self.marks.partition_point(|mark| *mark <= handed_on);
        if let Some(last) = self.marks.drain(..passed).next_back() {
            self.whole = last;
        }
    }

    /// Returns the last mark that the writer was handed.
    pub(super) fn playable_length(&self) -> u64 {
        let handed_on = self.handed_on();
        let passed = self.marks.partition_point(|mark| *mark <= handed_on);
        passed.checked_sub(1).map_or(self.whole, |last| self.marks[last])
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.flush_output()?;
        if self.gate.is_stopped() {
            return Ok(());
        }
        self.check_length(self.handed_on())?;
        self.writer.flush().map_err(|error| failed(&self.name, error))
    }

    pub(super) fn sync(&mut self) -> Result<()> {
        self.flush()?;
        if self.gate.is_stopped() {
            return Ok(());
        }
        match self.writer.sync() {
            // Not every file system has barriers.
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

/// As `Write::write_all`, but says how much was taken before an error.
fn write_all(writer: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut taken = 0;
    while taken < bytes.len() {
        match writer.write(&bytes[taken..]) {
            Ok(0) => {
                let message = format!("its write took 0 of {} bytes", bytes.len() - taken);
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
