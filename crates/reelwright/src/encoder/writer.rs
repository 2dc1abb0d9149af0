//! Writers that an encoder owns and returns.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use reelwright_core::Error;

/// Type parameter of a [`StreamingMediaEncoder`](crate::StreamingMediaEncoder) that does not return
/// its output: a path, an address or a [`Target`](crate::Target).
#[derive(Debug)]
pub enum Erased {}

/// [`Error`] with the writer that an encoder owned. The writer's content is incomplete.
///
/// `?` converts the error to an [`Error`] without the writer.
pub struct WriterError<W> {
    error: Error,
    writer: W,
}

impl<W> WriterError<W> {
    pub(super) const fn new(error: Error, writer: W) -> Self {
        Self { error, writer }
    }

    /// Returns the error.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the error without the writer.
    pub fn into_error(self) -> Error {
        self.error
    }

    /// Returns the writer without the error.
    pub fn into_writer(self) -> W {
        self.writer
    }

    /// Returns the error and the writer.
    pub fn into_parts(self) -> (Error, W) {
        (self.error, self.writer)
    }
}

impl<W> From<WriterError<W>> for Error {
    fn from(error: WriterError<W>) -> Self {
        error.error
    }
}

impl<W> fmt::Debug for WriterError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriterError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<W> fmt::Display for WriterError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<W> StdError for WriterError<W> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

/// Slot for a writer that its output no longer needs.
pub(super) struct Slot<W>(Arc<Mutex<Option<W>>>);

impl<W> Slot<W> {
    fn put(&self, writer: W) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
    }

    /// Takes the writer after the output was dropped.
    pub(super) fn take(&self) -> W {
        let writer = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writer) = writer else { unreachable!("the output was dropped before") };
        writer
    }
}

impl<W> Default for Slot<W> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<W> Clone for Slot<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Writer that moves to its slot when it is dropped.
pub(super) struct ReturnedWriter<W> {
    /// `None` only during the drop.
    writer: Option<W>,
    slot: Slot<W>,
}

impl<W> ReturnedWriter<W> {
    pub(super) fn new(writer: W, slot: Slot<W>) -> Self {
        Self { writer: Some(writer), slot }
    }

    fn get(&mut self) -> io::Result<&mut W> {
        self.writer.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<W> Drop for ReturnedWriter<W> {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.slot.put(writer);
        }
    }
}

impl<W: Write> Write for ReturnedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.get()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.get()?.flush()
    }
}

impl<W: Seek> Seek for ReturnedWriter<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.get()?.seek(to)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        self.get()?.stream_position()
    }
}
