//! Packets on their way to the muxer and the output.

use reelwright_core::{Destination, Result, Timestamp};

use super::StreamingMediaEncoder;
use super::state::{Open, State};
use crate::interleave;
use crate::patient::Gate;

/// Seconds of media after which what a file's buffer holds is handed on, unless something of it was
/// meanwhile: a process that is killed loses twice as much at most.
const HAND_ON: f64 = 0.4;

impl<W> StreamingMediaEncoder<'_, W> {
    /// Hands all that was encoded to the output, and makes the file playable as far as it goes,
    /// where the format can. An encoder that works on blocks (flac) keeps the samples that do not
    /// fill one.
    ///
    /// # Errors
    /// The output is not open, or failed.
    pub fn flush(&mut self) -> Result<()> {
        self.check_open()?;
        for index in 0..self.streams.len() {
            let flushed = self.streams[index].flush(&self.interrupt);
            self.or_fail(flushed.map_err(|error| error.in_stream(index)))?;
        }
        self.write_packets(false)?;
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let flushed = open.muxer.flush(&mut open.output).and_then(|()| open.output.flush());
        self.or_fail(flushed)?;
        self.check_interrupt()?;
        self.was_interrupted = false;
        Ok(())
    }

    /// Hands the packets that are ready to the muxer, in the order of their time; the last ones
    /// too where all streams' packets are there.
    pub(super) fn write_packets(&mut self, is_complete: bool) -> Result<()> {
        for index in 0..self.streams.len() {
            // Nothing waits for a stream that pauses: what it brought comes first.
            if self.pauses.has(index) && self.streams[index].can_drain() {
                let drained = self.streams[index].drain(&self.interrupt);
                self.or_fail(drained.map_err(|error| error.in_stream(index)))?;
            }
        }
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let Open { muxer, output, gate, flushes_packets, handed_on, .. } = &mut **open;
        while let Some(index) = interleave::next(&mut self.streams, &self.pauses, is_complete) {
            let time_base = self.streams[index].parameters().time_base;
            let packets = self.streams[index].packets_mut();
            let Some(mut packet) = packets.pop() else { break };
            packet.stream = index;
            let mut written = muxer.write(&packet, output);
            let end = Timestamp(packet.dts.0.saturating_add(packet.duration));
            packets.recycle(packet);
            if written.is_ok() {
                output.output().mark_whole();
            }
            if written.is_ok() && *flushes_packets {
                written = output.flush();
            } else if written.is_ok()
                && let Some((handed_on, bytes)) = handed_on
            {
                let (end, position) = (time_base.seconds_of(end), output.output().position());
                if (end - *handed_on).abs() >= HAND_ON && position != *bytes {
                    let whole = output.output().whole();
                    if whole > *bytes && whole < position {
                        // A full buffer was handed on, and the rest is younger.
                        (*handed_on, *bytes) = (end, whole);
                    } else {
                        written = muxer.hand_on(output);
                        (*handed_on, *bytes) = (end, position);
                    }
                }
            }
            if written.is_ok() && gate.take_stop() {
                written = Err(Gate::error());
            }
            if written.is_err() {
                return self.or_fail(written);
            }
        }
        Ok(())
    }

    /// Returns the bytes of one sample of all channels where a file is these and a header.
    pub(super) fn block(&self) -> Option<u64> {
        let [stream] = &self.streams[..] else { return None };
        let stream = stream.parameters();
        let bytes = stream.codec.bytes_per_sample().filter(|_| self.format.max_streams == 1)?;
        Some((bytes * stream.audio()?.format.layout.channels()) as u64)
    }
}

impl Open<'_> {
    /// Leaves a file that plays after the output failed, most likely on a full disk.
    pub(super) fn cut_back(&mut self, block: Option<u64>) {
        let Self { muxer, output, .. } = self;
        let mended = output.cut_back(block).and_then(|length| muxer.mend(length, output));
        if let Err(error) = mended {
            log::debug!("The output stays as it is: {}", error.report());
        }
    }
}
