//! Outputs of protocols. Keeps data that the protocol does not accept before an interrupt or a
//! timeout, and splits long messages.

use std::collections::VecDeque;
use std::io;

use reelwright_core::{Error, Output, OutputRequest, Result};

use super::buffered_writer::MAX_PENDING;
use crate::blocking::Gate;

/// Output of a protocol that can continue after an interrupt.
pub(crate) struct ProtocolOutput {
    output: Box<dyn Output>,
    name: String,
    gate: Gate,
    /// Calls that the output has not completed, in order.
    pending: VecDeque<Call>,
    /// Number of bytes in `pending`, and number of bytes that will be appended.
    bytes: usize,
    appended: u64,
}

enum Call {
    Write(Vec<u8>),
    Patch(u64, Vec<u8>),
}

impl ProtocolOutput {
    pub(crate) fn new(output: Box<dyn Output>, name: String, gate: Gate) -> Self {
        Self { output, name, gate, pending: VecDeque::new(), bytes: 0, appended: 0 }
    }

    fn keep(&mut self, call: Call) -> Result<()> {
        let (Call::Write(bytes) | Call::Patch(_, bytes)) = &call;
        if self.bytes + bytes.len() > MAX_PENDING {
            let what = format!("Failed to write to dst: {}", self.name);
            return Err(Error::output(what, io::ErrorKind::TimedOut.into()));
        }
        self.bytes += bytes.len();
        if let Call::Write(bytes) = &call {
            self.appended += bytes.len() as u64;
        }
        self.pending.push_back(call);
        Ok(())
    }

    /// Returns `result`. Stores an error after which the output can continue, and returns `Ok`.
    fn settle(&self, result: Result<()>) -> Result<()> {
        match result {
            Err(error) if error.can_continue() => {
                self.gate.stop(error);
                Ok(())
            }
            other => other,
        }
    }

    /// Writes a message and returns the number of accepted bytes.
    fn send(&mut self, bytes: &[u8]) -> Result<usize> {
        let before = self.output.position();
        let written = self.output.write(bytes);
        let is_whole = written.is_ok();
        self.settle(written)?;
        let taken = self.output.position().saturating_sub(before) as usize;
        Ok(if is_whole { bytes.len() } else { taken.min(bytes.len()) })
    }

    /// Repeats the pending calls until the output stops. Returns whether all calls succeeded.
    fn catch_up(&mut self) -> Result<bool> {
        while !self.gate.is_stopped() {
            let Some(mut call) = self.pending.pop_front() else { return Ok(true) };
            match &mut call {
                Call::Write(bytes) => {
                    let taken = self.send(bytes)?;
                    self.bytes -= taken;
                    self.appended -= taken as u64;
                    bytes.drain(..taken);
                    if !bytes.is_empty() {
                        self.pending.push_front(call);
                    }
                }
                Call::Patch(at, bytes) => {
                    let patched = self.output.patch(*at, bytes);
                    self.settle(patched)?;
                    if self.gate.is_stopped() {
                        self.pending.push_front(call);
                    } else {
                        self.bytes -= bytes.len();
                    }
                }
            }
        }
        Ok(self.pending.is_empty() && !self.gate.is_stopped())
    }
}

impl Output for ProtocolOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let size = self.output.message_size().unwrap_or(usize::MAX).max(1);
        for message in bytes.chunks(size) {
            let taken = if self.catch_up()? { self.send(message)? } else { 0 };
            if taken < message.len() {
                self.keep(Call::Write(message[taken..].to_vec()))?;
            }
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        self.output.position() + self.appended
    }

    fn is_seekable(&self) -> bool {
        self.output.is_seekable()
    }

    fn can_patch(&mut self) -> Result<bool> {
        self.output.can_patch()
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        if self.catch_up()? {
            let patched = self.output.patch(at, bytes);
            self.settle(patched)?;
            if !self.gate.is_stopped() {
                return Ok(());
            }
        }
        self.keep(Call::Patch(at, bytes.to_vec()))
    }

    fn flush(&mut self) -> Result<()> {
        if self.catch_up()? {
            let flushed = self.output.flush();
            self.settle(flushed)?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        if self.catch_up()? {
            let synced = self.output.sync();
            self.settle(synced)?;
        }
        Ok(())
    }

    fn truncate(&mut self, to: u64) -> Result<()> {
        self.pending.clear();
        (self.bytes, self.appended) = (0, 0);
        self.output.truncate(to)
    }

    fn mark_playable(&mut self) {
        // Pending data is not playable yet.
        if self.pending.is_empty() {
            self.output.mark_playable();
        }
    }

    fn playable_length(&self) -> u64 {
        self.output.playable_length()
    }

    fn message_size(&self) -> Option<usize> {
        self.output.message_size()
    }

    fn take_request(&mut self) -> Option<OutputRequest> {
        self.output.take_request()
    }

    fn close(&mut self) -> Result<()> {
        if self.catch_up()? {
            return self.output.close();
        }
        self.gate.take_stop()
    }
}
