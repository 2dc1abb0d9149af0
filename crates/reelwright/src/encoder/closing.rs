//! Completing the file and releasing the output.

use reelwright_core::Result;

use super::checks::{failed_before, unopened};
use super::state::State;
use super::{Erased, StreamingMediaEncoder};

impl<W> StreamingMediaEncoder<'_, W> {
    /// Encodes the remaining data, completes the file and releases the output. A second call does
    /// nothing.
    ///
    /// # Errors
    /// The output was never opened, or failed now or earlier. The output is released nevertheless.
    /// After an earlier failure, the error [repeats](crate::Error::is_repeat) the earlier error,
    /// with its kind, cause and stream. After an interrupt or a timeout, another call of `close`
    /// continues.
    pub fn close(&mut self) -> Result<()> {
        match &mut self.state {
            State::New(_) => Err(self.not_open()),
            State::Unopened(error) => Err(unopened(error)),
            State::Closed => Ok(()),
            State::Open(_) => {
                let finished = self.complete();
                if let Err(error) = &finished
                    && error.can_continue()
                    && matches!(self.state, State::Open(_))
                {
                    if std::mem::replace(&mut self.was_interrupted, true) {
                        // Reports the interrupt.
                        let _ = self.abandon();
                    }
                    return finished;
                }
                match std::mem::replace(&mut self.state, State::Closed) {
                    State::Failed(Some(mut sink), _) => finished.and(sink.close()),
                    _ => finished,
                }
            }
            State::Failed(sink, error) => {
                let error = failed_before(error);
                // Completes as much of the file as possible. The first error is reported.
                let _ = sink.as_mut().map(|sink| sink.close());
                self.state = State::Closed;
                Err(error)
            }
        }
    }

    /// Discards the frames in the encoders, completes the file with the packets that the output
    /// accepts without waiting, and releases the output.
    ///
    /// # Errors
    /// The file could not be completed: the output failed or would have to wait, or the file has no
    /// frame yet.
    pub fn abandon(&mut self) -> Result<()> {
        let State::Open(open) = &mut self.state else {
            self.state = State::Closed;
            return Ok(());
        };
        open.gate.abandon();
        for stream in &mut self.streams {
            stream.abandon();
        }
        let written = self.write_packets(true).and_then(|()| self.finish_sink());
        self.state = State::Closed;
        written
    }

    /// Completes the file and releases the output. After an interrupt, another call continues.
    fn complete(&mut self) -> Result<()> {
        if let State::Open(open) = &mut self.state {
            open.is_ending = true;
        }
        for index in 0..self.streams.len() {
            let finished = self.streams[index].finish(&self.interrupt);
            self.or_fail(finished.map_err(|error| error.in_stream(index)))?;
        }
        self.write_packets(true)?;
        self.finish_sink()
    }

    fn finish_sink(&mut self) -> Result<()> {
        let parameters = self.parameters();
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let finished = open.sink.finish(&parameters);
        self.or_fail(finished)?;
        let State::Open(open) = &mut self.state else { return Ok(()) };
        open.sink.close()
    }

    /// Closes the encoder and releases the output in any case.
    pub(super) fn end(&mut self) -> Result<()> {
        let closed = self.close();
        if let State::Open(_) = self.state {
            // Reports the interrupt, after which the caller cannot continue.
            let _ = self.abandon();
        }
        self.state = State::Closed;
        closed
    }
}

impl StreamingMediaEncoder<'_, Erased> {
    /// Closes the encoder like [`close`](Self::close), and ends its borrow of the output. After an
    /// interrupt, completes the file like [`abandon`](Self::abandon).
    ///
    /// # Errors
    /// The same errors as `close`.
    pub fn finish(mut self) -> Result<()> {
        self.end()
    }
}

impl<W> Drop for StreamingMediaEncoder<'_, W> {
    fn drop(&mut self) {
        if let State::Open(_) = self.state
            && let Err(error) = self.close()
        {
            // The caller cannot continue after an interrupt.
            let _ = self.abandon();
            log::error!("Failed to complete {}: {}", self.name, error.report());
        }
    }
}
