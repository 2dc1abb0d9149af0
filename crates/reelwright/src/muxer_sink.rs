//! The sink that most encoders have: a muxer with its destination.

use reelwright_core::{
    Destination, Error, Metadata, Muxer, OutputRequest, Packet, Result, Sink, StreamParameters,
    TimeBase, TimeLimits, Timestamp,
};

use crate::output::Opened;
use crate::patient::Gate;

/// Seconds of media after which what a file's buffer holds is handed on, unless something of it was
/// meanwhile: a process that is killed loses twice as much at most.
const HAND_ON: f64 = 0.4;

/// A muxer with its destination.
pub(crate) struct MuxerSink<'w> {
    muxer: Box<dyn Muxer>,
    output: Opened<'w>,
    gate: Gate,
    /// True if every packet is handed on at once.
    flushes_packets: bool,
    /// True if the container holds one stream at most.
    is_single: bool,
    time_bases: Vec<TimeBase>,
    limits: Vec<TimeLimits>,
    /// Bytes of one sample of all channels where a file is these and a header.
    block: Option<u64>,
    /// End of the media and of the bytes that were handed on, if this goes by time.
    handed_on: Option<(f64, u64)>,
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
        let handed_on = output.has_path().then_some((0.0, 0));
        Self {
            muxer,
            output,
            gate,
            flushes_packets,
            is_single,
            time_bases: Vec::new(),
            limits: Vec::new(),
            block: None,
            handed_on,
            is_finished: false,
        }
    }

    /// Hands on what the file's buffer holds, if the media went on for long enough.
    fn flush_output(&mut self, end: f64) -> Result<()> {
        let Some((handed_on, bytes)) = &mut self.handed_on else { return Ok(()) };
        let position = self.output.output().position();
        if (end - *handed_on).abs() < HAND_ON || position == *bytes {
            return Ok(());
        }
        let whole = self.output.output().playable_length();
        if whole > *bytes && whole < position {
            // A full buffer was handed on, and the rest is younger.
            (*handed_on, *bytes) = (end, whole);
            return Ok(());
        }
        (*handed_on, *bytes) = (end, position);
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
        // The header may wait in the output's buffer.
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

    /// Leaves a file that plays after the output failed, most likely on a full disk.
    fn fail(&mut self, error: &Error, _: &[StreamParameters]) {
        if !error.kind().is_io() {
            return;
        }
        let Self { muxer, output, block, .. } = self;
        let mended = output.cut_back(*block).and_then(|length| muxer.patch_header(length, output));
        if let Err(error) = mended {
            log::debug!("The output stays as it is: {}", error.report());
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
