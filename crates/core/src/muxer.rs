//! What a muxer is, and how it is described.

use crate::{
    CodecId, Destination, Metadata, OptionInfo, Options, Packet, Result, StreamParameters,
};

/// One container at work. Knows streams and packets, never encoders, files or sockets.
///
/// Calls come in this order: `start` once, `write` and `flush` any number of times, `finish` once.
/// After an error nothing but `mend` is called.
pub trait Muxer: Send {
    /// Writes what comes before the first packet. The streams' codecs and number are among those
    /// of the [`MuxerInfo`].
    ///
    /// # Errors
    /// A stream the container cannot describe, or an output that fails.
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()>;

    /// The times that the container can store for a stream, once it was started.
    fn time_limits(&self, _stream: &StreamParameters) -> TimeLimits {
        TimeLimits::NONE
    }

    /// Writes a packet. Within a stream dts never decreases; across streams packets come in the
    /// order of their dts.
    ///
    /// # Errors
    /// More than the container's fields can count, or an output that fails.
    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()>;

    /// Makes all that was written so far playable, where the container can.
    ///
    /// # Errors
    /// An output that fails.
    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        to.output().flush()
    }

    /// Hands on what is whole, as a file on its way: it is called twice a second of media. Unlike
    /// [`flush`](Self::flush) it changes no byte of the complete file.
    ///
    /// # Errors
    /// An output that fails.
    fn hand_on(&mut self, to: &mut dyn Destination) -> Result<()> {
        to.output().flush()
    }

    /// Mends the header of a file that was cut back to `length` bytes after its output failed.
    /// Nothing else is called after it.
    ///
    /// # Errors
    /// An output that fails.
    fn mend(&mut self, _length: u64, _to: &mut dyn Destination) -> Result<()> {
        Ok(())
    }

    /// Writes what comes after the last packet and, where the output can seek, mends what was
    /// written before it was known. `streams` are the streams' parameters as they are at the end.
    /// Flushing the output afterwards is left to whoever owns it.
    ///
    /// # Errors
    /// An output that fails.
    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()>;
}

/// The times that a container can store for a stream, in units of the stream's time base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// The largest pts.
    pub pts: i64,
    /// The longest gap that pts may leave between two frames.
    pub gap: i64,
}

impl TimeLimits {
    /// Any time that an `i64` holds with room for reordering.
    pub const NONE: Self = Self { pts: i64::MAX >> 1, gap: i64::MAX >> 1 };
}

/// A muxer's description and constructor.
#[derive(Debug, Clone, Copy)]
pub struct MuxerInfo {
    /// FFmpeg's name of the format.
    pub name: &'static str,
    /// A few words for people.
    pub long_name: &'static str,
    /// File extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Internet media type.
    pub mime_type: Option<&'static str>,
    /// The audio codecs it can carry; the first is the default one.
    pub audio_codecs: &'static [CodecId],
    /// The video codecs it can carry; the first is the default one.
    pub video_codecs: &'static [CodecId],
    /// The most streams a file can have.
    pub max_streams: usize,
    /// Whether pictures can be shown for any time; otherwise each is shown for one unit of its
    /// time base.
    pub variable_frame_rate: bool,
    /// Whether sound can begin late and pause: packets are heard at their times, whatever is
    /// between them; otherwise each follows the last one.
    pub pauses: bool,
    /// Where each picture is a file of its own: how it is coded, by the file's extension. The
    /// destination's name may have a place for its number, as `frame_%04d.png`, and the muxer
    /// makes all files as siblings: the main output is never asked for. Empty for all others.
    pub pictures: &'static [(&'static str, CodecId)],
    /// Whether it has a place for the metadata's cover.
    pub covers: bool,
    /// Its own options.
    pub options: &'static [OptionInfo],
    /// Makes a muxer; takes its options out of the given ones.
    pub open: fn(&mut Options) -> Result<Box<dyn Muxer>>,
}
