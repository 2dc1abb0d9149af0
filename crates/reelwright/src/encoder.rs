//! The encoder of media files: streams in, a file out.

use reelwright_core::{
    Destination, Error, Metadata, Muxer, MuxerInfo, OptionInfo, Options, Picture, Result,
    StreamParameters, TensorView, VideoFrame, list,
};

use crate::audio_pipeline::AudioPipeline;
use crate::audio_stream::AudioStream;
use crate::interleave;
use crate::registry::{muxer_by_extension, muxer_by_name, muxers};
use crate::stream::Stream;
use crate::target::{Opened, Target};
use crate::video_pipeline::{Source, VideoPipeline};
use crate::video_stream::VideoStream;

const FILL_GAPS: OptionInfo = OptionInfo::bool(
    "fill_gaps",
    true,
    "whether a gap that pts leaves is filled: with silence, or by repeating a picture where the \
     format cannot show one longer; without, sound pauses in MP4 and its kin, and in other formats \
     the gap is left out",
);

/// Samples of silence that are written at a time.
const SILENCE: i64 = 1 << 20;

/// The options of [`StreamingMediaEncoder::open_with`] that every format has.
pub static OPEN_OPTIONS: &[OptionInfo] = &[FILL_GAPS];

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
    state: State<'w>,
}

enum State<'w> {
    /// Streams can be added.
    New(Target<'w>),
    Open {
        muxer: Box<dyn Muxer>,
        output: Opened<'w>,
    },
    /// Something failed, with this message; the output is kept until `close`.
    Failed(Option<Opened<'w>>, String),
    Closed,
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
            state: State::New(target),
        })
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
        let pipeline = stream.resolve(self.format).and_then(AudioPipeline::new);
        let pipeline = pipeline.map_err(|error| error.in_stream(index))?;
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
        let pipeline = stream
            .resolve(self.format, extension)
            .and_then(|stream| VideoPipeline::new(stream, is_variable))
            .map_err(|error| error.in_stream(index))?;
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
    pub fn open_with(&mut self, mut options: Options) -> Result<()> {
        match &self.state {
            State::New(_) => {}
            State::Open { .. } => return Err(Error::state("Output is already opened.")),
            State::Failed(_, message) => return Err(failed_before(message)),
            State::Closed => return Err(Error::state("Output is already closed.")),
        }
        if self.streams.is_empty() {
            return Err(Error::state(format!(
                "{} has no stream. Add one before `open`.",
                self.name
            )));
        }
        let fills_gaps = options.take_bool(&FILL_GAPS)?;
        for stream in &mut self.streams {
            stream.set_gaps(fills_gaps, self.format.pauses);
        }
        let mut muxer = (self.format.open)(&mut options)?;
        options.finish(self.format.options.iter().chain(OPEN_OPTIONS))?;

        let State::New(target) = std::mem::replace(&mut self.state, State::Closed) else {
            unreachable!("the state was just checked")
        };
        let siblings = !self.format.pictures.is_empty() && target.path().is_some();
        let mut output = target.open(siblings)?;
        let parameters = self.parameters();
        match muxer.start(&parameters, &self.metadata, &mut output) {
            Ok(()) => {
                self.state = State::Open { muxer, output };
                Ok(())
            }
            Err(error) => {
                self.state = State::Failed(Some(output), error.to_string());
                Err(error)
            }
        }
    }

    /// Writes a chunk of shape (frame, channel) to stream `index`. Its type, layout in memory and
    /// channels must be those of the stream; any number of frames and any strides will do.
    ///
    /// `pts` is when its first frame is heard, in seconds, rounded to the nearest sample. Without
    /// it the chunk follows the last one. A gap is filled with silence, see [`OPEN_OPTIONS`];
    /// where `pts` is before the end of the last chunk, the chunk follows it and a warning is
    /// logged.
    ///
    /// # Errors
    /// The output is not open, there is no such stream, the chunk does not fit it or holds NaN
    /// where integers are encoded: then nothing of the chunk was written, and the next one can
    /// be. Or the output failed, or the container is full: then nothing more can be written.
    pub fn write_audio_chunk(
        &mut self,
        index: usize,
        chunk: &TensorView<'_>,
        pts: Option<f64>,
    ) -> Result<()> {
        let audio = self.open_stream(index)?.audio(index)?;
        let mut gap = audio.check(chunk, pts).map_err(|error| error.in_stream(index))?;
        while gap > 0 {
            let samples = gap.min(SILENCE);
            let silence = self.streams[index].audio(index)?.silence(samples as usize);
            self.write_frames(index, &silence)?;
            gap -= samples;
        }
        self.write_frames(index, chunk)
    }

    /// Writes samples that were checked, frame by frame.
    fn write_frames(&mut self, index: usize, chunk: &TensorView<'_>) -> Result<()> {
        let mut row = 0;
        while row < chunk.shape()[0] {
            let written = self.streams[index].audio(index)?.write(chunk, row);
            row = self.or_fail(written.map_err(|error| error.in_stream(index)))?;
            self.write_packets(false)?;
        }
        Ok(())
    }

    /// Writes a chunk of pictures, of `u8` and of shape (frame, channel, height, width), to stream
    /// `index`. Its channels, height and width must be those of the stream; any number of
    /// pictures and any strides will do.
    ///
    /// `pts` is when its first picture is shown, in seconds, rounded to the nearest frame of the
    /// stream's frame rate, or unit of its [`time_base`](VideoStream::time_base). Without it the chunk follows the last one. Where `pts` leaves a gap
    /// the last picture is shown longer, or repeated where the format cannot say so, see
    /// [`OPEN_OPTIONS`]; where it is before the end of the last chunk, the chunk follows it and a
    /// warning is logged.
    ///
    /// # Errors
    /// The output is not open, there is no such stream, or the chunk does not fit it: then nothing
    /// of the chunk was written, and the next one can be. Or the output failed, or the container
    /// is full: then nothing more can be written.
    pub fn write_video_chunk(
        &mut self,
        index: usize,
        chunk: &TensorView<'_>,
        pts: Option<f64>,
    ) -> Result<()> {
        let video = self.open_stream(index)?.video(index)?;
        let gap = video.check(chunk, pts).map_err(|error| error.in_stream(index))?;
        self.repeat_picture(index, gap, Source::Chunk(chunk, 0))?;
        for picture in 0..chunk.shape()[0] {
            self.write_picture(index, Source::Chunk(chunk, picture), None)?;
        }
        Ok(())
    }

    /// Writes one picture to stream `index`, which must have been added for
    /// [`frames`](VideoStream::frames) of its format. Its own pts is not heeded; `pts` is as in
    /// [`write_video_chunk`](Self::write_video_chunk).
    ///
    /// # Errors
    /// As [`write_video_chunk`](Self::write_video_chunk).
    pub fn write_video_frame(
        &mut self,
        index: usize,
        frame: &VideoFrame<'_>,
        pts: Option<f64>,
    ) -> Result<()> {
        let video = self.open_stream(index)?.video(index)?;
        let gap = video.check_frame(frame, pts).map_err(|error| error.in_stream(index))?;
        self.repeat_picture(index, gap, Source::Frame(frame))?;
        self.write_picture(index, Source::Frame(frame), None)
    }

    /// Writes one frame to stream `index`, as
    /// [`write_video_frame`](Self::write_video_frame), at its own pts. Its duration is used for the
    /// last frame, which else lasts as long as the one before it, and for frames that follow
    /// without a pts. Both are in units of the stream's [`time_base`](VideoStream::time_base);
    /// without one, of 1 / frame rate.
    ///
    /// # Errors
    /// As [`write_video_chunk`](Self::write_video_chunk).
    pub fn write_timed_video_frame(&mut self, index: usize, frame: &VideoFrame<'_>) -> Result<()> {
        let video = self.open_stream(index)?.video(index)?;
        let gap = video.check_timed_frame(frame).map_err(|error| error.in_stream(index))?;
        self.repeat_picture(index, gap, Source::Frame(frame))?;
        self.write_picture(index, Source::Frame(frame), frame.duration)
    }

    fn repeat_picture(&mut self, index: usize, times: i64, source: Source<'_>) -> Result<()> {
        for _ in 0..times {
            let repeated = self.streams[index].video(index)?.repeat(source);
            self.or_fail(repeated.map_err(|error| error.in_stream(index)))?;
            self.write_packets(false)?;
        }
        Ok(())
    }

    fn write_picture(
        &mut self,
        index: usize,
        source: Source<'_>,
        duration: Option<i64>,
    ) -> Result<()> {
        let written = self.streams[index].video(index)?.write(source, duration);
        self.or_fail(written.map_err(|error| error.in_stream(index)))?;
        self.write_packets(false)
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

    /// How many bytes the output has been handed so far; none where it is not open.
    pub fn bytes_written(&mut self) -> Option<u64> {
        match &mut self.state {
            State::Open { output, .. } => Some(output.output().position()),
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
            let flushed = self.streams[index].flush();
            self.or_fail(flushed.map_err(|error| error.in_stream(index)))?;
        }
        self.write_packets(false)?;
        let State::Open { muxer, output } = &mut self.state else { return Ok(()) };
        let flushed = muxer.flush(output).and_then(|()| output.flush());
        self.or_fail(flushed)
    }

    /// Encodes what is left, completes the file and releases the output. A second call does
    /// nothing.
    ///
    /// # Errors
    /// The output was never opened, or failed, now or before: everything is released all the same.
    pub fn close(&mut self) -> Result<()> {
        match &mut self.state {
            State::New(_) => Err(not_open()),
            State::Closed => Ok(()),
            State::Open { .. } => {
                let finished = self.finish();
                let flushed = match std::mem::replace(&mut self.state, State::Closed) {
                    State::Open { mut output, .. } | State::Failed(Some(mut output), _) => {
                        output.flush()
                    }
                    _ => Ok(()),
                };
                finished.and(flushed)
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

    fn finish(&mut self) -> Result<()> {
        for index in 0..self.streams.len() {
            let finished = self.streams[index].finish();
            self.or_fail(finished.map_err(|error| error.in_stream(index)))?;
        }
        self.write_packets(true)?;
        let parameters = self.parameters();
        let State::Open { muxer, output } = &mut self.state else { return Ok(()) };
        muxer.finish(&parameters, output)
    }

    fn parameters(&self) -> Vec<StreamParameters> {
        self.streams.iter().map(|stream| stream.parameters().clone()).collect()
    }

    fn check_new(&self, what: &str) -> Result<()> {
        let state = match &self.state {
            State::New(_) => return Ok(()),
            State::Open { .. } | State::Failed(..) => "opened",
            State::Closed => "closed",
        };
        Err(Error::state(format!("Output is already {state}. Cannot {what}.")))
    }

    fn check_open(&self) -> Result<()> {
        match &self.state {
            State::Open { .. } => Ok(()),
            State::Failed(_, message) => Err(failed_before(message)),
            State::New(_) | State::Closed => Err(not_open()),
        }
    }

    /// Hands the packets that are ready to the muxer, in the order of their time; the last ones
    /// too where all streams' packets are there.
    fn write_packets(&mut self, is_complete: bool) -> Result<()> {
        if interleave::needs_all(&mut self.streams) {
            for index in 0..self.streams.len() {
                let drained = self.streams[index].drain();
                self.or_fail(drained.map_err(|error| error.in_stream(index)))?;
            }
        }
        let State::Open { muxer, output } = &mut self.state else { return Ok(()) };
        while let Some(index) = interleave::next(&mut self.streams, is_complete) {
            let packets = self.streams[index].packets_mut();
            let Some(mut packet) = packets.pop() else { break };
            packet.stream = index;
            let written = muxer.write(&packet, output);
            packets.recycle(packet);
            if written.is_err() {
                return self.or_fail(written);
            }
        }
        Ok(())
    }

    /// After an error in the middle of the work nothing more can be written.
    fn or_fail<T>(&mut self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            let output = match std::mem::replace(&mut self.state, State::Closed) {
                State::Open { output, .. } => Some(output),
                State::Failed(output, _) => output,
                State::New(_) | State::Closed => None,
            };
            self.state = State::Failed(output, error.to_string());
        })
    }
}

fn not_open() -> Error {
    Error::state("Output is not opened. Did you call `open` method?")
}

fn failed_before(message: &str) -> Error {
    Error::state(format!("The output failed before, and is incomplete: {message}"))
}

impl Drop for StreamingMediaEncoder<'_> {
    fn drop(&mut self) {
        if let State::Open { .. } = self.state
            && let Err(error) = self.close()
        {
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
