//! Checks of the encoder's state, and errors for calls in the wrong state or after a failure.

use reelwright_core::{Error, Result};

use super::StreamingMediaEncoder;
use super::state::{Open, State};
use crate::stream::Stream;

/// Beginning of errors after `open` failed.
const UNOPENED: &str = "Output is not opened: `open` failed. ";

impl<W> StreamingMediaEncoder<'_, W> {
    /// Returns a stream that can be written to.
    pub(super) fn open_stream(&mut self, index: usize) -> Result<&mut Stream> {
        self.check_open()?;
        let streams = self.streams.len();
        self.streams.get_mut(index).ok_or_else(|| {
            Error::argument(format!(
                "Invalid stream index. Index must be in range of [0, {streams}). Found: {index}"
            ))
        })
    }

    pub(super) fn check_new(&self, what: &str) -> Result<()> {
        let state = match &self.state {
            State::New(_) => return Ok(()),
            State::Open(_) | State::Failed(..) => "opened",
            State::Closed => "closed",
            State::Unopened(error) => return Err(unopened(error)),
        };
        Err(Error::state(format!("Output is already {state}. Cannot {what}.")))
    }

    pub(super) fn check_open(&self) -> Result<()> {
        match &self.state {
            State::Open(open) if !open.is_ending => Ok(()),
            State::Open(_) => Err(Error::state(
                "An interrupt or a timeout stopped `close`. Call it again to complete the file.",
            )),
            State::Failed(_, error) => Err(failed_before(error)),
            State::Unopened(error) => Err(unopened(error)),
            State::New(_) | State::Closed => Err(self.not_open()),
        }
    }

    pub(super) fn not_open(&self) -> Error {
        match (&self.state, &self.open_error) {
            (State::New(_), Some(message)) => Error::state(format!("{UNOPENED}{message}")),
            _ => Error::state("Output is not opened. Did you call `open` method?"),
        }
    }

    /// Reports an interrupt at a position where the stream has only complete frames. Data that an
    /// output did not accept is written later.
    pub(super) fn check_interrupt(&mut self) -> Result<()> {
        let stopped = match &self.state {
            State::Open(open) => open.gate.take_stop(),
            _ => Ok(()),
        };
        let checked = stopped.and_then(|()| self.interrupt.check());
        self.or_fail(checked)
    }

    /// Marks the encoder as failed after an error that is not an interrupt or a timeout.
    pub(super) fn or_fail<T>(&mut self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if error.can_continue() {
                // `close` counts its own interrupts.
                if matches!(&self.state, State::Open(open) if !open.is_ending) {
                    self.was_interrupted = true;
                }
                return;
            }
            let parameters = self.parameters();
            let sink = match std::mem::replace(&mut self.state, State::Closed) {
                State::Open(Open { mut sink, .. }) => {
                    sink.fail(error, &parameters);
                    Some(sink)
                }
                State::Failed(sink, _) => sink,
                State::New(_) | State::Unopened(_) | State::Closed => None,
            };
            self.state = State::Failed(sink, error.clone());
        })
    }
}

/// Returns the error of a call after `open` failed.
pub(super) fn unopened(error: &Error) -> Error {
    error.repeat(UNOPENED)
}

/// Returns the error of a call after the output failed.
pub(super) fn failed_before(error: &Error) -> Error {
    error.repeat("The output failed earlier and is incomplete: ")
}
