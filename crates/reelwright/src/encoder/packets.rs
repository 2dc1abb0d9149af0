//! Passing of packets to the sink.

use reelwright_core::{OutputRequest, Result};

use super::StreamingMediaEncoder;
use super::state::State;
use crate::interleave;
use crate::stream::Stream;

impl<W> StreamingMediaEncoder<'_, W> {
    /// Passes all encoded packets to the output, and makes the file playable up to this point if
    /// the format supports this. Encoders with fixed block sizes (such as FLAC's) keep samples that
    /// do not fill a block.
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
        let flushed = open.sink.flush();
        self.or_fail(flushed)?;
        self.check_interrupt()?;
        self.was_interrupted = false;
        Ok(())
    }

    /// Passes the ready packets to the sink, in the order of their dts. Passes all packets if
    /// `is_complete` (all streams have ended).
    pub(super) fn write_packets(&mut self, is_complete: bool) -> Result<()> {
        for index in 0..self.streams.len() {
            // Other streams do not wait for a paused stream, so its packets are passed first.
            if self.paused.contains(index) && self.streams[index].can_drain() {
                let drained = self.streams[index].drain(&self.interrupt);
                self.or_fail(drained.map_err(|error| error.in_stream(index)))?;
            }
        }
        let State::Open(open) = &mut self.state else { return Ok(()) };
        while let Some(index) = interleave::next(&mut self.streams, &self.paused, is_complete) {
            let packets = self.streams[index].packets_mut();
            let Some(mut packet) = packets.pop() else { break };
            packet.stream = index;
            let written = open.sink.write(&mut packet);
            packets.recycle(packet);
            if written.is_err() {
                return self.or_fail(written);
            }
        }
        if let Some(OutputRequest::Keyframe) = open.sink.take_request() {
            for (index, stream) in self.streams.iter_mut().enumerate() {
                if let Stream::Video(video) = stream
                    && let Err(error) = video.force_keyframe()
                {
                    log::debug!("Stream {index}: {}", error.report());
                }
            }
        }
        Ok(())
    }
}
