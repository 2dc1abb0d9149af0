//! Encoders that own their writer and return it.

use std::io::{Seek, Write};

use reelwright_core::Result;

use super::StreamingMediaEncoder;
use super::writer::{ReturnedWriter, Slot, WriterError};
use crate::registry::Registry;
use crate::target::Target;

impl<'w, W: Write + Send + 'w> StreamingMediaEncoder<'w, W> {
    /// Creates an encoder that writes to `writer`, which [`finish`](Self::finish) returns. As with
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
    /// The format is unknown. The error contains the writer.
    pub fn to_writer(writer: W, format: &str) -> Result<Self, WriterError<W>> {
        Self::returning(writer, format, Target::writer)
    }

    /// Creates an encoder that writes to `writer`, which [`finish`](Self::finish) returns. As with
    /// [`Target::seekable_writer`], the file starts at the writer's current position. `format` is
    /// the name of one of [`muxers`](crate::muxers).
    ///
    /// # Errors
    /// The format is unknown. The error contains the writer.
    pub fn to_seekable_writer(writer: W, format: &str) -> Result<Self, WriterError<W>>
    where
        W: Seek,
    {
        Self::returning(writer, format, Target::seekable_writer)
    }

    fn returning(
        writer: W,
        format: &str,
        target: impl FnOnce(ReturnedWriter<W>) -> Target<'w>,
    ) -> Result<Self, WriterError<W>> {
        let slot = Slot::default();
        let writer = ReturnedWriter::new(writer, slot.clone());
        Self::with_target(Registry::builtin(), target(writer), Some(format), slot.clone())
            .map_err(|error| WriterError::new(error, slot.take()))
    }

    /// Closes the encoder like [`close`](Self::close), and returns the writer. After an interrupt,
    /// completes the file like [`abandon`](Self::abandon).
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
    /// The same errors as `close`. The error contains the writer.
    pub fn finish(mut self) -> Result<W, WriterError<W>> {
        let finished = self.end();
        let writer = self.writer.take();
        match finished {
            Ok(()) => Ok(writer),
            Err(error) => Err(WriterError::new(error, writer)),
        }
    }
}
