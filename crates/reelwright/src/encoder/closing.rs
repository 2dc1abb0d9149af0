//! Completing the file and releasing the output.

use reelwright_core::Result;

use super::checks::{failed_before, unopened};
use super::state::State;
use super::{Erased, StreamingMediaEncoder};

impl<W> StreamingMediaEncoder<'_, W> {
    /// Encodes what is left, completes the file and releases the output. A second call does
    /// nothing.
    ///
    /// # Errors
    /// The output was never opened, or failed, now or before: everything is released all the same.
    /// After an earlier failure the error [repeats](crate::Error::is_repeat) that one, with its kind, cause
    /// and stream. Or there was an interrupt or
    /// a timeout: a call of `close` goes on where this one stopped.
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
                        // The interrupt is the one to tell.
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
                // The first error is the one to tell; this only saves what can be saved.
                let _ = sink.as_mut().map(|sink| sink.close());
                self.state = State::Closed;
                Err(error)
            }
        }
    }

    /// Gives up what encoders still hold, completes the file with what they gave so far, as far as
    /// the output takes it at once, and releases the output.
    ///
    /// # Errors
    /// The file could not be completed: the output failed or would have to be waited for, or the
    /// file has no frame yet.
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

    /// Completes the file and releases the output; continues after an interrupt.
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

    /// Closes the encoder and releases the output, whatever happens.
    pub(super) fn end(&mut self) -> Result<()> {
        let closed = self.close();
        if let State::Open(_) = self.state {
            // Nobody is left to continue after an interrupt, which is the error to report.
            let _ = self.abandon();
        }
        self.state = State::Closed;
        closed
    }
}

impl StreamingMediaEncoder<'_, Erased> {
    /// Closes the encoder as [`close`](Self::close) does, and ends its borrow of the output. An
    /// interrupt leaves the file as [`abandon`](Self::abandon) does.
    ///
    /// # Errors
    /// As `close`.
    pub fn finish(mut self) -> Result<()> {
        self.end()
    }
}

impl<W> Drop for StreamingMediaEncoder<'_, W> {
    fn drop(&mut self) {
        if let State::Open(_) = self.state
            && let Err(error) = self.close()
        {
            // Nobody is left to go on after an interrupt.
            let _ = self.abandon();
            log::error!("Failed to complete {}: {}", self.name, error.report());
        }
    }
}
