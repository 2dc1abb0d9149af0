//! Where packets go.

use crate::{Error, Metadata, OutputRequest, Packet, Result, StreamParameters, TimeLimits};

/// Where the packets of all streams go: a muxer with its destination, a device, several of these.
///
/// Calls come in this order: `start` once, `write` and `flush` any number of times, `finish` and `close`.
/// After an error that [can continue](Error::can_continue) everything was taken, and the next call
/// goes on; `finish` and `close` are called again. After any other error only `fail` and `close` are
/// called.
pub trait Sink: Send {
    /// Takes the streams, of which packets will come.
    ///
    /// # Errors
    /// A stream that cannot be described, or an output that fails.
    fn start(&mut self, streams: &[StreamParameters], metadata: &Metadata) -> Result<()>;

    /// The times that can be stored for a stream, once it was started.
    fn time_limits(&self, _stream: usize) -> TimeLimits {
        TimeLimits::NONE
    }

    /// Takes a packet. Within a stream dts strictly increases; across streams packets come in the order of
    /// their dts. The packet is the same afterwards; in between its number of the stream may be another.
    ///
    /// # Errors
    /// More than can be counted, or an output that fails.
    fn write(&mut self, packet: &mut Packet) -> Result<()>;

    /// Hands on all that was written, so that it can be played as far as it goes.
    ///
    /// # Errors
    /// An output that fails.
    fn flush(&mut self) -> Result<()>;

    /// Completes what was written. `streams` are the streams' parameters as they are at the end.
    ///
    /// # Errors
    /// An output that fails.
    fn finish(&mut self, streams: &[StreamParameters]) -> Result<()>;

    /// Leaves what was written so that it plays, after `error` of the sink or of a stream. `streams` are
    /// the streams' parameters as they are then.
    fn fail(&mut self, _error: &Error, _streams: &[StreamParameters]) {}

    /// Releases the outputs.
    ///
    /// # Errors
    /// An output that fails.
    fn close(&mut self) -> Result<()>;

    /// How many bytes were handed to the outputs.
    fn bytes_written(&mut self) -> u64;

    /// What the other end asked of the streams since the last call.
    fn take_request(&mut self) -> Option<OutputRequest> {
        None
    }
}
