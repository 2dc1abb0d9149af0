//! Sinks of packets.

use crate::{Error, Metadata, OutputRequest, Packet, Result, StreamParameters, TimeLimits};

/// Sink of the packets of all streams: a muxer with its destination, a device, or several of these.
///
/// Calls come in this order: `start` once, `write` and `flush` any number of times, `finish` and
/// `close`. After an error that [can continue](Error::can_continue), all data was accepted, and the
/// next call continues; `finish` and `close` are called again. After any other error, only `fail`
/// and `close` are called.
pub trait Sink: Send {
    /// Starts with the parameters of all streams.
    ///
    /// # Errors
    /// A stream is not supported, or an output fails.
    fn start(&mut self, streams: &[StreamParameters], metadata: &Metadata) -> Result<()>;

    /// Returns the range of timestamps that can be stored for a stream, after `start`.
    fn time_limits(&self, _stream: usize) -> TimeLimits {
        TimeLimits::NONE
    }

    /// Writes a packet. Within a stream dts strictly increases. Packets of all streams come in the
    /// order of their dts. The packet is unchanged on return; the call may change its stream index
    /// temporarily.
    ///
    /// # Errors
    /// A value exceeds the range that can be stored, or an output fails.
    fn write(&mut self, packet: &mut Packet) -> Result<()>;

    /// Makes everything written so far playable, if possible.
    ///
    /// # Errors
    /// An output fails.
    fn flush(&mut self) -> Result<()>;

    /// Completes the output. `streams` are the final parameters of the streams.
    ///
    /// # Errors
    /// An output fails.
    fn finish(&mut self, streams: &[StreamParameters]) -> Result<()>;

    /// Leaves playable output after `error`, an error of the sink or of a stream. `streams` are the
    /// current parameters of the streams.
    fn fail(&mut self, _error: &Error, _streams: &[StreamParameters]) {}

    /// Releases the outputs.
    ///
    /// # Errors
    /// An output fails.
    fn close(&mut self) -> Result<()>;

    /// Returns the number of bytes written to the outputs.
    fn bytes_written(&mut self) -> u64;

    /// Returns the latest request of the peer since the last call.
    fn take_request(&mut self) -> Option<OutputRequest> {
        None
    }
}
