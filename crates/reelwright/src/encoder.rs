//! The encoder of media files: streams in, a file out.

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
use crate::interleave::Pauses;
use crate::packet_sink::{PACKETS, Packets};
use crate::registry::Registry;
use crate::stream::Stream;
use crate::target::Target;
use crate::tee::format::TEE;
use crate::tee::{self, Member};

/// Encodes and writes audio and video streams chunk by chunk.
///
/// The order of calls: add streams, [`open`](Self::open), write chunks, and `finish`, or
/// [`close`](Self::close) where the encoder is only borrowed. Dropping an open encoder closes it too,
/// but then errors only reach the log.
///
/// `W` is the writer that `finish` returns, of encoders that [`to_writer`](Self::to_writer) and
/// [`to_seekable_writer`](Self::to_seekable_writer) make. [`Erased`] stands for all other outputs.
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
    /// Whether the container of each stream can have pauses.
    keeps_pauses: Vec<bool>,
    pauses: Pauses,
    state: State<'w>,
    interrupt: Interrupt,
    /// True if an interrupt ended the last call, or one of `close` before.
    was_interrupted: bool,
    /// The report of the last call of `open` that failed before anything was opened.
    open_error: Option<String>,
    /// Receives the writer that `finish` returns.
    writer: Slot<W>,
}

impl<'w> StreamingMediaEncoder<'w> {
    /// An encoder that will write to `dst`: a path, an address or a writer, see [`Target`].
    /// Nothing is opened yet.
    ///
    /// `format` is the name of one of [`muxers`](crate::muxers); without it the file name's extension tells it.
    ///
    /// # Errors
    /// An unknown format or extension, a writer without a format, a protocol that is not served.
    pub fn new(dst: impl Into<Target<'w>>, format: Option<&str>) -> Result<Self> {
        Self::with_registry(&Registry::builtin(), dst, format)
    }

    /// As [`new`](Self::new), with the encoders, containers and protocols of a registry.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_registry(
        registry: &Registry,
        dst: impl Into<Target<'w>>,
        format: Option<&str>,
    ) -> Result<Self> {
        Self::with_target(registry.clone(), dst.into(), format, Slot::default())
    }
}

impl StreamingMediaEncoder<'static> {
    /// An encoder whose packets come back: without a container and an output. Every codec that there is
    /// can be encoded; the first one of the build, unless a stream names its encoder.
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

    /// As [`to_packets`](Self::to_packets), with the encoders of a registry.
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
                    "The outputs of a tee are passed as text, as \"[f=mp4]a.mp4|[f=wav]b.wav\". Found: a \
                     writer",
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
            pauses: Pauses::default(),
            keeps_pauses: Vec::new(),
            state: State::New(destinations),
            interrupt: Interrupt::new(),
            was_interrupted: false,
            open_error: None,
            writer,
        }
    }

    /// The container that is written.
    pub fn format(&self) -> &MuxerInfo {
        &self.format
    }

    /// Where `open` will write, several places for a tee, each with its container: the path of a file or,
    /// of a container that [makes objects](MuxerInfo::multiple_objects), of their pattern; none for a writer,
    /// a descriptor or another address. Empty once it is open.
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

    /// Parameters of a stream, as its encoder states them.
    pub fn stream_parameters(&self, index: usize) -> Option<&StreamParameters> {
        self.streams.get(index).map(Stream::parameters)
    }

    /// Number of samples of a stream that were beyond ±1 and were clamped. A stream that holds such
    /// samples as they are, as `pcm_f32le` does, has none.
    pub fn clamped_samples(&self, index: usize) -> Option<u64> {
        match self.streams.get(index)? {
            Stream::Audio(audio) => Some(audio.clamped),
            Stream::Video(_) | Stream::Packets(_) | Stream::Subtitle(_) => None,
        }
    }

    /// Returns whether `open` was called with success, or the output failed since.
    pub fn is_opened(&self) -> bool {
        !matches!(self.state, State::New(_))
    }

    /// Returns whether the output could not be opened, or failed: nothing more can be written.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, State::Unopened(_) | State::Failed(..))
    }

    /// Returns whether an interrupt ended the last call that wrote something.
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// Number of bytes that the outputs were handed so far; none if they are not open.
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
