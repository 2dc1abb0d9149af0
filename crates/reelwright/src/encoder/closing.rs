//! Completing the file and releasing the output.

use reelwright_core::{ErrorKind, Result};

use super::checks::{failed_before, unopened};
use super::state::{Ending, Open, State};
use super::{Erased, StreamingMediaEncoder};

impl<W> StreamingMediaEncoder<'_, W> {
    /// Encodes what is left, completes the file and releases the output. A second call does
    /// nothing.
    ///
    /// # Errors
    /// The output was never opened, or failed, now or before: everything is released all the same.
    /// After an earlier failure the error [repeats](crate::Error::is_repeat) that one, with its kind, cause
    /// and stream. Or there was an interrupt: a call of `close` goes on where this one stopped.
    pub fn close(&mut self) -> Result<()> {
        match &mut self.state {
            State::New(_) => Err(self.not_open()),
            State::Unopened(error) => Err(unopened(error)),
            State::Closed => Ok(()),
            State::Open(_) => {
                let finished = self.complete();
                if let Err(error) = &finished
                    && error.kind() == ErrorKind::Interrupted
                    && matches!(self.state, State::Open(_))
                {
                    if std::mem::replace(&mut self.was_interrupted, true) {
                        // The interrupt is the one to tell.
                        let _ = self.abandon();
                    }
                    return finished;
                }
                match std::mem::replace(&mut self.state, State::Closed) {
                    State::Failed(Some(mut output), _) => finished.and(output.flush()),
                    State::Open(open) => finished.and(open.output.close()),
                    _ => finished,
                }
            }
            State::Failed(output, error) => {
                let error = failed_before(error);
                // The first error is the one to tell; this only saves what can be saved.
                let _ = output.as_mut().map(|output| output.flush());
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
        open.gate.hurry();
        for stream in &mut self.streams {
            stream.abandon();
        }
        let written = self.write_packets(true).and_then(|()| self.finish_muxer());
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(open) => written.and(open.output.close()),
            _ => written,
        }
    }

    /// Completes the file; continues after an interrupt.
    fn complete(&mut self) -> Result<()> {
        if let State::Open(open) = &mut self.state
            && open.ending == Ending::NotBegun
        {
            open.ending = Ending::Begun;
        }
        for index in 0..self.streams.len() {
            let finished = self.streams[index].finish(&self.interrupt);
            self.or_fail(finished.map_err(|error| error.in_stream(index)))?;
        }
        self.write_packets(true)?;
        self.finish_muxer()
    }

    fn finish_muxer(&mut self) -> Result<()> {
        let parameters = self.parameters();
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let Open { muxer, output, ending, .. } = &mut **open;
        if *ending != Ending::MuxerFinished {
            *ending = Ending::MuxerFinished;
            let finished = muxer.finish(&parameters, output);
            self.or_fail(finished)?;
        }
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let flushed = open.output.flush();
        self.or_fail(flushed)?;
        self.take_stop()
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
