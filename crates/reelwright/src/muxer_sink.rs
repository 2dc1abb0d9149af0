//! Sink that consists of a muxer and its destination.

use reelwright_core::{
    Destination, Error, Metadata, Muxer, OutputRequest, Packet, Result, Sink, StreamParameters,
    TimeBase, TimeLimits, Timestamp,
};

use crate::blocking::Gate;
use crate::output::Opened;

/// Media duration in seconds after which a file's buffer is flushed, unless a part of it was
/// flushed in the meantime. A killed process loses at most twice this duration.
const FLUSH_INTERVAL: f64 = 0.4;

/// Muxer with its destination.
pub(crate) struct MuxerSink<'w> {
    muxer: Box<dyn Muxer>,
    output: Opened<'w>,
    gate: Gate,
    /// True if every packet is flushed immediately.
    flushes_packets: bool,
    /// True if the container supports one stream at most.
    is_single: bool,
    time_bases: Vec<TimeBase>,
    limits: Vec<TimeLimits>,
    /// Bytes per sample of all channels, if a file consists of a header and samples.
    block: Option<u64>,
    /// Media time and file position of the last flush, if flushes depend on the media time.
    flushed: Option<(f64, u64)>,
    is_finished: bool,
}

impl<'w> MuxerSink<'w> {
    pub(crate) fn new(
        muxer: Box<dyn Muxer>,
        output: Opened<'w>,
        gate: Gate,
        flushes_packets: bool,
        is_single: bool,
    ) -> Self {
        let flushed = output.has_path().then_some((0.0, 0));
        Self {
            muxer,
            output,
            gate,
            flushes_packets,
            is_single,
            time_bases: Vec::new(),
            limits: Vec::new(),
            block: None,
            flushed,
            is_finished: false,
        }
    }

    /// Flushes the file's buffer if enough media was written since the last flush.
    fn flush_output(&mut self, end: f64) -> Result<()> {
        let Some((flushed, bytes)) = &mut self.flushed else { return Ok(()) };
        let position = self.output.output().position();
        if (end - *flushed).abs() < FLUSH_INTERVAL || position == *bytes {
            return Ok(());
        }
        let playable = self.output.output().playable_length();
        if playable > *bytes && playable < position {
            // A full buffer was flushed. The rest is newer.
            (*flushed, *bytes) = (end, playable);
            return Ok(());
        }
        (*flushed, *bytes) = (end, position);
        self.muxer.flush_output(&mut self.output)
    }
}

impl Sink for MuxerSink<'_> {
    fn start(&mut self, streams: &[StreamParameters], metadata: &Metadata) -> Result<()> {
        self.muxer.start(streams, metadata, &mut self.output)?;
        self.time_bases = streams.iter().map(|stream| stream.time_base).collect();
        self.limits = streams.iter().map(|stream| self.muxer.time_limits(stream)).collect();
        self.block = match streams {
            [stream] if self.is_single => block(stream),
            _ => None,
        };
        self.output.output().mark_playable();
        // The header may be in the output's buffer.
        self.gate.take_stop()
    }

    fn time_limits(&self, stream: usize) -> TimeLimits {
        self.limits.get(stream).copied().unwrap_or(TimeLimits::NONE)
    }

    fn write(&mut self, packet: &mut Packet) -> Result<()> {
        self.muxer.write(packet, &mut self.output)?;
        self.output.output().mark_playable();
        if self.flushes_packets {
            self.output.flush()?;
        } else {
            let end = Timestamp(packet.dts.0.saturating_add(packet.duration));
            self.flush_output(self.time_bases[packet.stream].to_seconds(end))?;
        }
        self.gate.take_stop()
    }

    fn flush(&mut self) -> Result<()> {
        self.muxer.flush(&mut self.output)?;
        self.output.flush()?;
        self.gate.take_stop()
    }

    fn finish(&mut self, streams: &[StreamParameters]) -> Result<()> {
        if !std::mem::replace(&mut self.is_finished, true) {
            self.muxer.finish(streams, &mut self.output)?;
        }
        self.output.flush()?;
        self.gate.take_stop()
    }

    /// Leaves a playable file after the output failed, most likely because the disk is full.
    fn fail(&mut self, error: &Error, _: &[StreamParameters]) {
        if !error.kind().is_io() {
            return;
        }
        let Self { muxer, output, block, .. } = self;
        let patched = output
            .truncate_to_playable(*block)
            .and_then(|length| muxer.patch_header(length, output));
        if let Err(error) = patched {
            log::debug!("The incomplete file was not repaired: {}", error.report());
        }
    }

    fn close(&mut self) -> Result<()> {
        self.output.close()
    }

    fn bytes_written(&mut self) -> u64 {
        self.output.output().position()
    }

    fn take_request(&mut self) -> Option<OutputRequest> {
        self.output.output().take_request()
    }
}

fn block(stream: &StreamParameters) -> Option<u64> {
    let bytes = stream.codec.bytes_per_sample()?;
    Some((bytes * stream.audio()?.format.layout.channels()) as u64)
}
