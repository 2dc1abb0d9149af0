//! Writers that an encoder owns and gives back.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use reelwright_core::{Error, Result};

use super::StreamingMediaEncoder;
use crate::target::Target;

/// The type parameter of a [`StreamingMediaEncoder`] whose output is not given back: a path, an
/// address or a [`Target`].
#[derive(Debug)]
pub enum Erased {}

impl<'w, W: Write + Send + 'w> StreamingMediaEncoder<'w, W> {
    /// An encoder that will write to `writer`, which [`finish`](Self::finish) returns. As with
    /// [`Target::writer`], bytes are only appended. `format` is the name of one of
    /// [`muxers`](crate::muxers).
    ///
    /// ```
    /// use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};
    ///
    /// let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), "adts")?;
    /// encoder.add_audio_stream(&AudioStream::new(48_000, 1))?;
    /// encoder.open()?;
    /// encoder.write_audio_chunk(0, &TensorView::contiguous(&[0.0f32; 4800], &[4800, 1])?, None)?;
    /// let aac: Vec<u8> = encoder.finish()?;
    /// assert_eq!(aac[0], 0xff);
    /// # Ok::<(), reelwright::Error>(())
    /// ```
    ///
    /// # Errors
    /// The format is unknown. The error holds the writer.
    pub fn to_writer(writer: W, format: &str) -> Result<Self, WriterError<W>> {
        Self::returning(writer, format, Target::writer)
    }

    /// An encoder that will write to `writer`, which [`finish`](Self::finish) returns. As with
    /// [`Target::seekable_writer`], the file begins at its present position. `format` is the name of
    /// one of [`muxers`](crate::muxers).
    ///
    /// # Errors
    /// The format is unknown. The error holds the writer.
    pub fn to_seekable_writer(writer: W, format: &str) -> Result<Self, WriterError<W>>
    where
        W: Seek,
    {
        Self::returning(writer, format, Target::seekable_writer)
    }

    fn returning(
        writer: W,
        format: &str,
        target: impl FnOnce(Returning<W>) -> Target<'w>,
    ) -> Result<Self, WriterError<W>> {
        let slot = Slot::default();
        let writer = Returning { writer: Some(writer), slot: slot.clone() };
        Self::with_target(target(writer), Some(format), slot.clone())
            .map_err(|error| WriterError { error, writer: slot.take() })
    }

    /// Closes the encoder as [`close`](Self::close) does, and returns the writer. An interrupt leaves
    /// the file as [`abandon`](Self::abandon) does.
    ///
    /// ```
    /// use reelwright::{AudioStream, StreamingMediaEncoder};
    ///
    /// let mut encoder = StreamingMediaEncoder::to_writer(vec![1, 2, 3], "wav")?;
    /// encoder.add_audio_stream(&AudioStream::new(48_000, 1))?;
    /// // `open` is missing.
    /// let error = encoder.finish().unwrap_err();
    /// assert_eq!(error.error().kind(), reelwright::ErrorKind::State);
    /// assert_eq!(error.into_writer(), [1, 2, 3]);
    /// # Ok::<(), reelwright::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `close`. The error holds the writer.
    pub fn finish(mut self) -> Result<W, WriterError<W>> {
        let finished = self.end();
        let writer = self.writer.take();
        match finished {
            Ok(()) => Ok(writer),
            Err(error) => Err(WriterError { error, writer }),
        }
    }
}

/// An [`Error`] together with the writer that an encoder owned. What it holds is incomplete.
///
/// `?` makes an [`Error`] of it where the writer is not needed.
pub struct WriterError<W> {
    error: Error,
    writer: W,
}

impl<W> WriterError<W> {
    /// The error.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The error alone.
    pub fn into_error(self) -> Error {
        self.error
    }

    /// The writer alone.
    pub fn into_writer(self) -> W {
        self.writer
    }

    /// The error and the writer.
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

/// The place of a writer that its output no longer needs.
pub(super) struct Slot<W>(Arc<Mutex<Option<W>>>);

impl<W> Slot<W> {
    fn put(&self, writer: W) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
    }

    /// Takes the writer, after the output was dropped.
    fn take(&self) -> W {
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

/// A writer that goes to its slot when it is dropped.
struct Returning<W> {
    /// None only while it is dropped.
    writer: Option<W>,
    slot: Slot<W>,
}

impl<W> Returning<W> {
    fn get(&mut self) -> io::Result<&mut W> {
        self.writer.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<W> Drop for Returning<W> {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.slot.put(writer);
        }
    }
}

impl<W: Write> Write for Returning<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.get()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.get()?.flush()
    }
}

impl<W: Seek> Seek for Returning<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.get()?.seek(to)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        self.get()?.stream_position()
    }
}
