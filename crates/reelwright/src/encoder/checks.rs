//! Checks of the state that a call needs, and the errors of calls at the wrong time and after a failure.

use reelwright_core::{Error, ErrorKind, Result};

use super::StreamingMediaEncoder;
use super::state::{Ending, State};
use crate::patient::Gate;
use crate::stream::Stream;

/// Precedes the reason why `open` failed.
const UNOPENED: &str = "Output is not opened: `open` failed. ";

impl<W> StreamingMediaEncoder<'_, W> {
    /// A stream that can be written to.
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
            State::Open(open) if open.ending == Ending::NotBegun => Ok(()),
            State::Open(_) => Err(Error::state(
                "An interrupt stopped `close`. Call it again to complete the file.",
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

    /// Reports an interrupt that stopped the output. What it did not take is written later.
    pub(super) fn take_stop(&mut self) -> Result<()> {
        match &self.state {
            State::Open(open) if open.gate.take_stop() => self.or_fail(Err(Gate::error())),
            _ => Ok(()),
        }
    }

    /// Reports an interrupt, at a place where the stream holds whole frames.
    pub(super) fn check_interrupt(&mut self) -> Result<()> {
        self.take_stop()?;
        let checked = self.interrupt.check();
        self.or_fail(checked)
    }

    /// After an error in the middle of the work nothing more can be written, unless it is an
    /// interrupt: these come where the work can go on.
    pub(super) fn or_fail<T>(&mut self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if error.kind() == ErrorKind::Interrupted {
                // `close` counts its own.
                if matches!(&self.state, State::Open(open) if open.ending == Ending::NotBegun) {
                    self.was_interrupted = true;
                }
                return;
            }
            let block = self.block();
            let output = match std::mem::replace(&mut self.state, State::Closed) {
                State::Open(mut open) => {
                    if error.kind().is_io() {
                        open.cut_back(block);
                    }
                    Some(open.output)
                }
                State::Failed(output, _) => output,
                State::New(_) | State::Unopened(_) | State::Closed => None,
            };
            self.state = State::Failed(output, error.clone());
        })
    }
}

/// The error of a call after `open` failed.
pub(super) fn unopened(error: &Error) -> Error {
    error.repeat(UNOPENED)
}

/// The error of a call after the output failed.
pub(super) fn failed_before(error: &Error) -> Error {
    error.repeat("The output failed before, and is incomplete: ")
}
