//! The encoder of media files: streams in, a file out.

use reelwright_core::{
    BoolOrSeconds, Destination, Error, ErrorKind, Interrupt, Metadata, Muxer, MuxerInfo,
    OptionInfo, Options, Picture, Result, StreamParameters, Timestamp, list,
};

mod chunks;

pub use chunks::ChunkCursor;

use crate::audio_pipeline::AudioPipeline;
use crate::audio_stream::AudioStream;
use crate::interleave::{self, Pauses};
use crate::output::Opened;
use crate::patient::Gate;
use crate::registry::{muxer_by_extension, muxer_by_name, muxers};
use crate::stream::Stream;
use crate::target::Target;
use crate::video_pipeline::VideoPipeline;
use crate::video_stream::VideoStream;

/// The longest gap that is filled unless `fill_gaps` says otherwise, in seconds.
const LONGEST_GAP: f64 = 60.0 * 60.0;

const FILL_GAPS: OptionInfo = OptionInfo::bool_or_seconds(
    "fill_gaps",
    true,
    1e9,
    "fills a gap that pts leaves: with silence, or by repeating a frame where the format cannot \
     show one longer; a gap longer than so many seconds is refused, one hour with true; without, \
     audio pauses in MP4 and its kin, and in other formats the gap is left out",
);
const FLUSH_PACKETS: OptionInfo = OptionInfo::int(
    "flush_packets",
    (-1, 1),
    Some(-1),
    "1 hands every packet to the output at once; otherwise the output's buffer fills first",
);

/// Seconds of media after which what a file's buffer holds is handed on, unless something of it was
/// meanwhile: a process that is killed loses twice as much at most.
const HAND_ON: f64 = 0.4;

/// The options of [`StreamingMediaEncoder::open_with`] that every format has.
pub static OPEN_OPTIONS: &[OptionInfo] = &[FILL_GAPS, FLUSH_PACKETS];

/// Encodes and writes audio and video streams chunk by chunk.
///
/// The order of calls: add streams, [`open`](Self::open), write chunks, [`close`](Self::close).
/// Dropping an open encoder closes it too, but then errors only reach the log.
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
/// encoder.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StreamingMediaEncoder<'w> {
    name: String,
    format: &'static MuxerInfo,
    metadata: Metadata,
    streams: Vec<Stream>,
    /// Language of each stream.
    languages: Vec<Option<String>>,
    pauses: Pauses,
    state: State<'w>,
    interrupt: Interrupt,
    /// Whether an interrupt ended the last call, or one of `close` before.
    was_interrupted: bool,
    /// The calls of `open` that failed before anything was opened: why the last one did.
    open_error: Option<String>,
}

enum State<'w> {
    /// Streams can be added.
    New(Target<'w>),
    Open(Box<Open<'w>>),
    /// Something failed, with this message; the output is kept until `close`.
    Failed(Option<Opened<'w>>, String),
    /// The output could not be opened, with this message.
    Unopened(String),
    Closed,
}

/// What is written to.
struct Open<'w> {
    muxer: Box<dyn Muxer>,
    output: Opened<'w>,
    gate: Gate,
    /// Whether every packet is handed on at once.
    flushes_packets: bool,
    /// End of the media and of the bytes that were handed on, if this goes by time.
    handed_on: Option<(f64, u64)>,
    /// How much of `close` is done.
    ending: Ending,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    NotBegun,
    Begun,
    MuxerFinished,
}

impl<'w> StreamingMediaEncoder<'w> {
    /// An encoder that will write to `dst`: a path, an address or a writer, see [`Target`].
    /// Nothing is opened yet.
    ///
    /// `format` is the name of one of [`muxers`]; without it the file name's extension tells it.
    ///
    /// # Errors
    /// An unknown format or extension, a writer without a format, a protocol that is not served.
    pub fn new(dst: impl Into<Target<'w>>, format: Option<&str>) -> Result<Self> {
        let target = dst.into();
        target.check()?;
        let format = match (format, target.extension()) {
            (Some(name), _) => muxer_by_name(name)?,
            (None, _) if target.is_writer() => {
                return Err(Error::argument(format!(
                    "`format` must be provided when the output is a writer. Available formats \
                     are {}.",
                    list(muxers().map(|muxer| muxer.name))
                )));
            }
            (None, extension) => extension.and_then(muxer_by_extension).ok_or_else(|| {
                Error::unknown_name(format!(
                    "Failed to open output \"{}\": its extension tells no format. Pass `format`, \
                     one of {}.",
                    target.name(),
                    list(muxers().map(|muxer| muxer.name))
                ))
            })?,
        };
        Ok(Self {
            name: target.name().to_owned(),
            format,
            metadata: Metadata::new(),
            streams: Vec::new(),
            languages: Vec::new(),
            pauses: Pauses::default(),
            state: State::New(target),
            interrupt: Interrupt::new(),
            was_interrupted: false,
            open_error: None,
        })
    }

    /// Sets what can stop calls that take long or block. A call that was stopped returns an error of
    /// kind [`Interrupted`](ErrorKind::Interrupted). The stream stays open then and holds whole
    /// frames, and [`close`](Self::close) completes the file; an interrupt of `close` after another
    /// one abandons it, as [`abandon`](Self::abandon) does.
    ///
    /// # Errors
    /// The output is open already.
    pub fn set_interrupt(&mut self, interrupt: Interrupt) -> Result<()> {
        self.check_new("set an interrupt")?;
        self.interrupt = interrupt;
        Ok(())
    }

    /// The container that is written.
    pub fn format(&self) -> &'static MuxerInfo {
        self.format
    }

    /// Adds an audio stream; returns its index.
    ///
    /// # Errors
    /// The output is open already, the format does not take another stream or the codec, or a
    /// parameter or option of the stream is wrong.
    pub fn add_audio_stream(&mut self, stream: &AudioStream) -> Result<usize> {
        let index = self.next_index()?;
        let language = language(stream.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let pipeline = stream.resolve(self.format).and_then(AudioPipeline::new);
        let pipeline = pipeline.map_err(|error| error.in_stream(index))?;
        self.languages.push(language);
        self.streams.push(Stream::Audio(Box::new(pipeline)));
        Ok(index)
    }

    /// Adds a video stream; returns its index.
    ///
    /// # Errors
    /// As [`add_audio_stream`](Self::add_audio_stream).
    pub fn add_video_stream(&mut self, stream: &VideoStream) -> Result<usize> {
        let index = self.next_index()?;
        let extension = match &self.state {
            State::New(target) => target.extension(),
            _ => None,
        };
        let is_variable = self.format.variable_frame_rate;
        let language = language(stream.language.as_deref()).map_err(|e| e.in_stream(index))?;
        let pipeline = stream
            .resolve(self.format, extension)
            .and_then(|stream| VideoPipeline::new(stream, is_variable))
            .map_err(|error| error.in_stream(index))?;
        self.languages.push(language);
        self.streams.push(Stream::Video(Box::new(pipeline)));
        Ok(index)
    }

    /// The index of a stream to add.
    fn next_index(&self) -> Result<usize> {
        self.check_new("add a new stream")?;
        let index = self.streams.len();
        if index >= self.format.max_streams {
            return Err(Error::unsupported(format!(
                "{} does not support more than {index} stream{}.",
                self.format.name,
                if index == 1 { "" } else { "s" }
            )));
        }
        Ok(index)
    }

    /// What the encoder of a stream tells of it.
    pub fn stream_parameters(&self, index: usize) -> Option<&StreamParameters> {
        self.streams.get(index).map(Stream::parameters)
    }

    /// How many samples of a stream were beyond ±1 and were clamped. A stream that holds such
    /// samples as they are, as `pcm_f32le` does, has none.
    pub fn clamped_samples(&self, index: usize) -> Option<u64> {
        match self.streams.get(index)? {
            Stream::Audio(audio) => Some(audio.clamped),
            Stream::Video(_) => None,
        }
    }

    /// Sets what the file says of itself; replaces all that was set before. Keys are FFmpeg's:
    /// `title`, `artist`, `album`, `date`, `comment`, …
    ///
    /// # Errors
    /// The output is open already, or a key is empty or holds `=` or control characters.
    pub fn set_metadata<K: Into<String>, V: Into<String>>(
        &mut self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<()> {
        self.check_new("set metadata")?;
        let mut metadata = Metadata::new();
        for (key, value) in entries {
            metadata.set(key, value)?;
        }
        if let Some(cover) = self.metadata.cover() {
            metadata.set_cover(cover.clone());
        }
        self.metadata = metadata;
        Ok(())
    }

    /// Sets the picture that players show. It is warned of where the format has no place for it.
    ///
    /// # Errors
    /// The output is open already.
    pub fn set_cover(&mut self, cover: Picture) -> Result<()> {
        self.check_new("set a cover")?;
        if !self.format.covers {
            log::warn!("{} has no place for a cover; it is left out.", self.format.name);
        }
        self.metadata.set_cover(cover);
        Ok(())
    }

    /// Opens the output and writes the header. A file is emptied.
    ///
    /// # Errors
    /// See [`open_with`](Self::open_with).
    pub fn open(&mut self) -> Result<()> {
        self.open_with(Options::new())
    }

    /// Opens the output with options: those of the format ([`MuxerInfo::options`]) and
    /// [`OPEN_OPTIONS`].
    ///
    /// # Errors
    /// The output is open already or has no stream, an option is unknown or its value wrong, the
    /// output cannot be opened, or the format cannot describe the streams.
    pub fn open_with(&mut self, options: Options) -> Result<()> {
        let opened = self.try_open(options);
        if let (Err(error), State::New(_)) = (&opened, &self.state) {
            self.open_error = Some(error.to_string());
        }
        opened
    }

    fn try_open(&mut self, mut options: Options) -> Result<()> {
        match &self.state {
            State::New(_) => {}
            State::Open(_) => return Err(Error::state("Output is already opened.")),
            State::Failed(_, message) => return Err(failed_before(message)),
            State::Unopened(message) => return Err(unopened(message)),
            State::Closed => return Err(Error::state("Output is already closed.")),
        }
        if self.streams.is_empty() {
            return Err(Error::state(format!(
                "{} has no stream. Add one before `open`.",
                self.name
            )));
        }
        let longest_gap = match options.take_bool_or_seconds(&FILL_GAPS)? {
            BoolOrSeconds::Bool(fills) => fills.then_some(LONGEST_GAP),
            BoolOrSeconds::Seconds(seconds) => Some(seconds),
        };
        for stream in &mut self.streams {
            stream.set_gaps(longest_gap, self.format.pauses);
        }
        let flushes_packets = options.take_int(&FLUSH_PACKETS)? == Some(1);
        let mut muxer = (self.format.open)(&mut options)?;
        options.finish(self.format.options.iter().chain(OPEN_OPTIONS))?;

        let gate = Gate::new(self.interrupt.clone());
        let reader = match &self.state {
            State::New(target) => target.await_reader(&gate),
            _ => Ok(None),
        };
        if let Err(error) = &reader
            && error.kind() == ErrorKind::Interrupted
        {
            return reader.map(drop);
        }
        let State::New(target) = std::mem::replace(&mut self.state, State::Closed) else {
            unreachable!("the state was just checked")
        };
        let siblings = !self.format.pictures.is_empty() && target.path().is_some();
        let opened = reader.and_then(|reader| target.open(siblings, reader, &gate));
        let mut output = match opened {
            Ok(output) => output,
            Err(error) => {
                self.state = State::Unopened(error.to_string());
                return Err(error);
            }
        };
        let parameters = self.parameters();
        match muxer.start(&parameters, &self.metadata, &mut output) {
            Ok(()) => {
                for (stream, parameters) in self.streams.iter_mut().zip(&parameters) {
                    stream.set_limits(muxer.time_limits(parameters));
                }
                let ending = Ending::NotBegun;
                let handed_on = output.has_path().then_some((0.0, 0));
                output.output().mark_whole();
                let open = Open { muxer, output, gate, flushes_packets, handed_on, ending };
                self.state = State::Open(Box::new(open));
                // The header may wait in the output's buffer.
                self.take_stop()
            }
            Err(error) => {
                self.state = State::Failed(Some(output), error.to_string());
                Err(error)
            }
        }
    }

    /// A stream that can be written to.
    fn open_stream(&mut self, index: usize) -> Result<&mut Stream> {
        self.check_open()?;
        let streams = self.streams.len();
        self.streams.get_mut(index).ok_or_else(|| {
            Error::argument(format!(
                "Invalid stream index. Index must be in range of [0, {streams}). Found: {index}"
            ))
        })
    }

    /// Whether `open` was called with success, or the output failed since.
    pub fn is_opened(&self) -> bool {
        !matches!(self.state, State::New(_))
    }

    /// Whether the output could not be opened, or failed: nothing more can be written.
    pub fn has_failed(&self) -> bool {
        matches!(self.state, State::Unopened(_) | State::Failed(..))
    }

    /// Whether an interrupt ended the last call that wrote something.
    pub fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// How many bytes the output has been handed so far; none where it is not open.
    pub fn bytes_written(&mut self) -> Option<u64> {
        match &mut self.state {
            State::Open(open) => Some(open.output.output().position()),
            _ => None,
        }
    }

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

    /// Encodes what is left, completes the file and releases the output. A second call does
    /// nothing.
    ///
    /// # Errors
    /// The output was never opened, or failed, now or before: everything is released all the same.
    /// Or there was an interrupt: a call of `close` goes on where this one stopped.
    pub fn close(&mut self) -> Result<()> {
        match &mut self.state {
            State::New(_) => Err(self.not_open()),
            State::Unopened(message) => Err(unopened(message)),
            State::Closed => Ok(()),
            State::Open(_) => {
                let finished = self.finish();
                if let Err(error) = &finished
                    && error.kind() == ErrorKind::Interrupted
                    && matches!(self.state, State::Open(_))
                {
                    if std::mem::replace(&mut self.was_interrupted, true) {
                        // The interrupt is the one to tell.
                        let _ = self.abandon();
                    }
                    return finished;
                }
                match std::mem::replace(&mut self.state, State::Closed) {
                    State::Failed(Some(mut output), _) => finished.and(output.flush()),
                    State::Open(open) => finished.and(open.output.close()),
                    _ => finished,
                }
            }
            State::Failed(output, message) => {
                let error = failed_before(message);
                // The first error is the one to tell; this only saves what can be saved.
                let _ = output.as_mut().map(|output| output.flush());
                self.state = State::Closed;
                Err(error)
            }
        }
    }

    /// Gives up what encoders still hold, completes the file with what they gave so far, as far as
    /// the output takes it at once, and releases the output.
    ///
    /// # Errors
    /// The file could not be completed: the output failed or would have to be waited for, or the
    /// file has no frame yet.
    pub fn abandon(&mut self) -> Result<()> {
        let State::Open(open) = &mut self.state else {
            self.state = State::Closed;
            return Ok(());
        };
        open.gate.hurry();
        for stream in &mut self.streams {
            stream.abandon();
        }
        let written = self.write_packets(true).and_then(|()| self.finish_muxer());
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(open) => written.and(open.output.close()),
            _ => written,
        }
    }

    /// Completes the file; after an interrupt, goes on with that.
    fn finish(&mut self) -> Result<()> {
        if let State::Open(open) = &mut self.state
            && open.ending == Ending::NotBegun
        {
            open.ending = Ending::Begun;
        }
        for index in 0..self.streams.len() {
            let finished = self.streams[index].finish(&self.interrupt);
            self.or_fail(finished.map_err(|error| error.in_stream(index)))?;
        }
        self.write_packets(true)?;
        self.finish_muxer()
    }

    fn finish_muxer(&mut self) -> Result<()> {
        let parameters = self.parameters();
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let Open { muxer, output, ending, .. } = &mut **open;
        if *ending != Ending::MuxerFinished {
            *ending = Ending::MuxerFinished;
            let finished = muxer.finish(&parameters, output);
            self.or_fail(finished)?;
        }
        let State::Open(open) = &mut self.state else { return Ok(()) };
        let flushed = open.output.flush();
        self.or_fail(flushed)?;
        self.take_stop()
    }

    fn parameters(&self) -> Vec<StreamParameters> {
        let streams = self.streams.iter().zip(&self.languages);
        let parameters = streams.map(|(stream, language)| StreamParameters {
            language: language.clone(),
            ..stream.parameters().clone()
        });
        parameters.collect()
    }

    fn check_new(&self, what: &str) -> Result<()> {
        let state = match &self.state {
            State::New(_) => return Ok(()),
            State::Open(_) | State::Failed(..) => "opened",
            State::Closed => "closed",
            State::Unopened(message) => return Err(unopened(message)),
        };
        Err(Error::state(format!("Output is already {state}. Cannot {what}.")))
    }

    fn check_open(&self) -> Result<()> {
        match &self.state {
            State::Open(open) if open.ending == Ending::NotBegun => Ok(()),
            State::Open(_) => Err(Error::state(
                "An interrupt stopped `close`. Call it again to complete the file.",
            )),
            State::Failed(_, message) => Err(failed_before(message)),
            State::Unopened(message) => Err(unopened(message)),
            State::New(_) | State::Closed => Err(self.not_open()),
        }
    }

    fn not_open(&self) -> Error {
        match (&self.state, &self.open_error) {
            (State::New(_), Some(message)) => unopened(message),
            _ => Error::state("Output is not opened. Did you call `open` method?"),
        }
    }

    /// Reports an interrupt that stopped the output. What it did not take is written later.
    fn take_stop(&mut self) -> Result<()> {
        match &self.state {
            State::Open(open) if open.gate.take_stop() => self.or_fail(Err(Gate::error())),
            _ => Ok(()),
        }
    }

    /// Reports an interrupt, at a place where the stream holds whole frames.
    fn check_interrupt(&mut self) -> Result<()> {
        self.take_stop()?;
        let checked = self.interrupt.check();
        self.or_fail(checked)
    }

    /// Hands the packets that are ready to the muxer, in the order of their time; the last ones
    /// too where all streams' packets are there.
    fn write_packets(&mut self, is_complete: bool) -> Result<()> {
        if interleave::needs_all(&mut self.streams, &self.pauses) {
            for index in 0..self.streams.len() {
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
    fn block(&self) -> Option<u64> {
        let [stream] = &self.streams[..] else { return None };
        let stream = stream.parameters();
        let bytes = stream.codec.bytes_per_sample().filter(|_| self.format.max_streams == 1)?;
        Some((bytes * stream.audio()?.format.layout.channels()) as u64)
    }

    /// After an error in the middle of the work nothing more can be written, unless it is an
    /// interrupt: these come where the work can go on.
    fn or_fail<T>(&mut self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if error.kind() == ErrorKind::Interrupted {
                // `close` counts its own.
                if matches!(&self.state, State::Open(open) if open.ending == Ending::NotBegun) {
                    self.was_interrupted = true;
                }
                return;
            }
            let block = self.block();
            let output = match std::mem::replace(&mut self.state, State::Closed) {
                State::Open(mut open) => {
                    if error.kind() == ErrorKind::Io {
                        open.cut_back(block);
                    }
                    Some(open.output)
                }
                State::Failed(output, _) => output,
                State::New(_) | State::Unopened(_) | State::Closed => None,
            };
            self.state = State::Failed(output, error.to_string());
        })
    }
}

impl Open<'_> {
    /// Leaves a file that plays after the output failed, most likely on a full disk.
    fn cut_back(&mut self, block: Option<u64>) {
        let Self { muxer, output, .. } = self;
        let mended = output.cut_back(block).and_then(|length| muxer.mend(length, output));
        if let Err(error) = mended {
            log::debug!("The output stays as it is: {error}");
        }
    }
}

/// A stream's language.
///
/// # Errors
/// It is no code of ISO 639-2.
fn language(code: Option<&str>) -> Result<Option<String>> {
    match code {
        Some(code) if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            Err(Error::argument(format!(
                "The language must be a code of ISO 639-2, three lower-case letters such as eng. \
                 Found: {code:?}"
            )))
        }
        code => Ok(code.map(str::to_owned)),
    }
}

fn unopened(message: &str) -> Error {
    Error::state(format!("Output is not opened: `open` failed. {message}"))
}

fn failed_before(message: &str) -> Error {
    Error::state(format!("The output failed before, and is incomplete: {message}"))
}

impl Drop for StreamingMediaEncoder<'_> {
    fn drop(&mut self) {
        if let State::Open(_) = self.state
            && let Err(error) = self.close()
        {
            // Nobody is left to go on after an interrupt.
            let _ = self.abandon();
            log::error!("Failed to complete {}: {error}", self.name);
        }
    }
}

impl std::fmt::Debug for StreamingMediaEncoder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamingMediaEncoder")
            .field("dst", &self.name)
            .field("format", &self.format.name)
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}
