//! Encoder of media files.

use std::path::Path;

use reelwright_core::{Error, Interrupt, Metadata, MuxerInfo, Result, StreamParameters};

mod chapters;
mod checks;
mod chunks;
mod closing;
mod opening;
mod owned_writer;
mod packet_input;
mod packets;
mod setup;
mod state;
mod subtitles;
mod writer;

pub use chunks::ChunkCursor;
pub use opening::OPEN_OPTIONS;
pub use writer::{Erased, WriterError};

use state::{Destinations, State};
use writer::Slot;

use crate::endpoint::Endpoint;
use crate::interleave::PausedStreams;
use crate::packet_sink::{PACKETS, Packets};
use crate::registry::Registry;
use crate::stream::Stream;
use crate::target::Target;
use crate::tee::format::TEE;
use crate::tee::{self, Member};

/// Encodes and writes audio and video streams chunk by chunk.
///
/// Add streams, [`open`](Self::open), write chunks, and call `finish`, or [`close`](Self::close) to
/// keep the encoder. Dropping an open encoder closes it too, but only logs errors.
///
/// `W` is the type of the writer that `finish` returns, for encoders from
/// [`to_writer`](Self::to_writer) and [`to_seekable_writer`](Self::to_seekable_writer). It is
/// [`Erased`] for all other outputs.
///
/// ```
/// use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("tone.flac");
/// let mut encoder = StreamingMediaEncoder::new(&path, None)?;
/// encoder.add_audio_stream(&AudioStream::new(16_000, 1))?;
/// encoder.set_metadata([("title", "A tone")])?;
/// encoder.open()?;
/// for second in 0..3 {
///     let tone: Vec<f32> = (0..16_000).map(|i| 0.5 * (i as f32 * 0.17).sin()).collect();
///     encoder.write_audio_chunk(0, &TensorView::contiguous(&tone, &[16_000, 1])?, None)?;
/// }
/// encoder.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StreamingMediaEncoder<'w, W = Erased> {
    name: String,
    registry: Registry,
    format: MuxerInfo,
    metadata: Metadata,
    streams: Vec<Stream>,
    /// Language of each stream.
    languages: Vec<Option<String>>,
    /// True for each stream whose container supports gaps.
    supports_gaps: Vec<bool>,
    paused: PausedStreams,
    state: State<'w>,
    interrupt: Interrupt,
    /// True if an interrupt stopped the last call, or an earlier call of `close`.
    was_interrupted: bool,
    /// Report of the last call of `open` that failed before opening the output.
    open_error: Option<String>,
    /// Receives the writer that `finish` returns.
    writer: Slot<W>,
}

impl<'w> StreamingMediaEncoder<'w> {
    /// Creates an encoder that writes to `dst`: a path, an address or a writer, see [`Target`].
    /// [`open`](Self::open) opens the output.
    ///
    /// `format` is the name of one of [`muxers`](crate::muxers). The default depends on the file
    /// name's extension.
    ///
    /// # Errors
    /// The format, extension or protocol is unknown, or a writer has no format.
    pub fn new(dst: impl Into<Target<'w>>, format: Option<&str>) -> Result<Self> {
        Self::with_registry(&Registry::builtin(), dst, format)
    }

    /// Creates an encoder as [`new`](Self::new) does, with the encoders, containers and protocols
    /// of a registry.
    ///
    /// # Errors
    /// The same errors as `new`.
    pub fn with_registry(
        registry: &Registry,
        dst: impl Into<Target<'w>>,
        format: Option<&str>,
    ) -> Result<Self> {
        Self::with_target(registry.clone(), dst.into(), format, Slot::default())
    }
}

impl StreamingMediaEncoder<'static> {
    /// Creates an encoder that returns packets, without a container and an output. All codecs are
    /// supported. The default encoder of a stream is the first encoder of the build.
    ///
    /// ```
    /// use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};
    ///
    /// let (mut encoder, packets) = StreamingMediaEncoder::to_packets();
    /// encoder.add_audio_stream(&AudioStream::new(48_000, 1).encoder("opus"))?;
    /// encoder.open()?;
    /// encoder.write_audio_chunk(0, &TensorView::contiguous(&[0.1f32; 4800], &[4800, 1])?, None)?;
    /// let early = packets.len();
    /// encoder.finish()?;
    /// let samples: i64 = packets.map(|packet| packet.duration).sum();
    /// assert!(early >= 3 && samples >= 4800);
    /// # Ok::<(), reelwright::Error>(())
    /// ```
    pub fn to_packets() -> (Self, Packets) {
        Self::to_packets_with(&Registry::builtin())
    }

    /// Creates an encoder as [`to_packets`](Self::to_packets) does, with the encoders of a
    /// registry.
    pub fn to_packets_with(registry: &Registry) -> (Self, Packets) {
        let packets = Packets::default();
        let mut format = PACKETS.clone();
        format.audio_codecs = registry.audio_codecs();
        format.video_codecs = registry.video_codecs();
        let destinations = Destinations::Packets(packets.clone());
        let name = format.name.to_owned();
        let slot = Slot::default();
        (Self::of_destinations(registry.clone(), name, format, destinations, slot), packets)
    }
}

impl<'w, W> StreamingMediaEncoder<'w, W> {
    fn with_target(
        registry: Registry,
        target: Target<'w>,
        format: Option<&str>,
        writer: Slot<W>,
    ) -> Result<Self> {
        let name = target.name().to_owned();
        let (format, destinations) = if format == Some(TEE.name) {
            if target.is_writer() {
                return Err(Error::argument(
                    "The outputs of a tee must be text such as \"[f=mp4]a.mp4|[f=wav]b.wav\". \
                     Found: a writer",
                ));
            }
            let members = Member::parse_all(&registry, &name)?;
            (tee::all(&members), Destinations::Tee(members))
        } else {
            let endpoint = Endpoint::new(&registry, target, format)?;
            (endpoint.format.clone(), Destinations::One(Box::new(endpoint)))
        };
        Ok(Self::of_destinations(registry, name, format, destinations, writer))
    }

    fn of_destinations(
        registry: Registry,
        name: String,
        format: MuxerInfo,
        destinations: Destinations<'w>,
        writer: Slot<W>,
    ) -> Self {
        Self {
            name,
            format,
            registry,
            metadata: Metadata::new(),
            streams: Vec::new(),
            languages: Vec::new(),
            paused: PausedStreams::default(),
            supports_gaps: Vec::new(),
            state: State::New(destinations),
            interrupt: Interrupt::new(),
            was_interrupted: false,
            open_error: None,
            writer,
        }
    }

    /// Returns the container format.
    pub fn format(&self) -> &MuxerInfo {
        &self.format
    }

    /// Returns the destinations with their containers, several for a tee. A destination is the path
    /// of a file, or a pattern of paths for a container with [multiple
    /// objects](MuxerInfo::multiple_objects). It is `None` for a writer, a descriptor or another
    /// address. Empty after `open`.
    pub fn destinations(&self) -> Vec<(Option<&Path>, &MuxerInfo)> {
        let endpoints: Vec<&Endpoint<'_>> = match &self.state {
            State::New(Destinations::One(endpoint)) => vec![endpoint],
            State::New(Destinations::Tee(members)) => {
                members.iter().map(|member| &member.endpoint).collect()
            }
            _ => Vec::new(),
        };
        endpoints.into_iter().map(|endpoint| (endpoint.target.path(), &endpoint.format)).collect()
    }

    /// Returns the parameters of a stream.
    pub fn stream_parameters(&self, index: usize) -> Option<&StreamParameters> {
        self.streams.get(index).map(Stream::parameters)
    }

    /// Returns the number of samples of a stream that were beyond ±1 and were clamped. It is 0 for
    /// codecs that store such samples, such as `pcm_f32le`.
    pub fn clamped_samples(&self, index: usize) -> Option<u64> {
        match self.streams.get(index)? {
            Stream::Audio(audio) => Some(audio.clamped),
            Stream::Video(_) | Stream::Packets(_) | Stream::Subtitle(_) => None,
        }
    }

    /// Returns whether `open` has succeeded, even if the output failed later.
    pub fn is_opened(&self) -> bool {
        !matches!(self.state, State::New(_))
    }

    /// Returns whether the output could not be opened, or failed. Writes are errors then.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, State::Unopened(_) | State::Failed(..))
    }

    /// Returns whether an interrupt stopped the last call that writes.
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Returns the number of bytes written to the outputs so far, or `None` if they are not open.
    pub fn bytes_written(&mut self) -> Option<u64> {
        match &mut self.state {
            State::Open(open) => Some(open.sink.bytes_written()),
            _ => None,
        }
    }

    fn parameters(&self) -> Vec<StreamParameters> {
        let streams = self.streams.iter().zip(&self.languages);
        let parameters = streams
            .map(|(stream, language)| stream.parameters().clone().language(language.clone()));
        parameters.collect()
    }
}

impl<W> std::fmt::Debug for StreamingMediaEncoder<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamingMediaEncoder")
            .field("dst", &self.name)
            .field("format", &self.format.name)
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}
