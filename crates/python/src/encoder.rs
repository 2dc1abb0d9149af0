//! The base class of `StreamingMediaEncoder`: one encoder, used by one thread at a time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, TryLockError};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use reelwright::{
    Chapter, CoverArt, DataType, ErrorKind, Packets, StreamingMediaEncoder, TensorView,
};
use reelwright_foreign_array::Axes;

use crate::chunk::{self, Chunk, Part, Refusal, is_half};
use crate::destination::{self, Writer};
use crate::errors::{exception, to_python};
use crate::packets::{self, PacketArguments};
use crate::process;
use crate::signals::Signals;
use crate::streams::{self, AudioArguments, VideoArguments, options};
use crate::warnings::settled;

/// Writes streams to a file. Its subclass in Python has the documentation.
#[pyclass(subclass, frozen, weakref, module = "reelwright._reelwright")]
pub(crate) struct Encoder {
    /// Nothing before `__init__`.
    core: Mutex<Option<Core>>,
    writer: OnceLock<Writer>,
    /// The process that opens it, or else made it.
    process: AtomicU32,
}

struct Core {
    encoder: StreamingMediaEncoder<'static>,
    signals: Signals,
    /// The destination, if it is an object.
    writer: Option<Writer>,
    /// What chunks the streams take.
    streams: Vec<Kind>,
    /// The packets, if they come back.
    packets: Option<Packets>,
}

#[derive(Clone, Copy)]
enum Kind {
    Audio(DataType),
    Video,
    Packets,
    Subtitle,
}

#[pymethods]
impl Encoder {
    /// Takes any arguments: they are for `__init__`, which subclasses may have their own of.
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            core: Mutex::new(None),
            writer: OnceLock::new(),
            process: AtomicU32::new(process::current()),
        }
    }

    fn _start(
        &self,
        dst: &Bound<'_, PyAny>,
        format: Option<&str>,
        buffer_size: i64,
    ) -> PyResult<()> {
        let py = dst.py();
        settled(py, || {
            let mut core = self.lock(py)?;
            if core.is_some() {
                return Err(exception(py, ErrorKind::State, "__init__ was called already."));
            }
            let (target, writer) = destination::target(dst, format.is_some(), buffer_size)?;
            let guessed = writer.as_ref().and_then(|writer| writer.format());
            let mut encoder = StreamingMediaEncoder::new(target, format.or(guessed))
                .map_err(|error| to_python(py, error))?;
            let signals = Signals::new();
            encoder.set_interrupt(signals.interrupt()).map_err(|error| to_python(py, error))?;
            if let Some(writer) = &writer {
                // It is the first: there was no encoder yet.
                let _ = self.writer.set(writer.clone());
            }
            *core = Some(Core { encoder, signals, writer, streams: Vec::new(), packets: None });
            Ok(())
        })
    }

    fn _add_audio_stream(&self, py: Python<'_>, arguments: &Bound<'_, PyDict>) -> PyResult<usize> {
        self.with(py, |core| {
            let arguments = AudioArguments::new(arguments)?;
            let (stream, format) = arguments.stream(py)?;
            let index = py.detach(|| core.encoder.add_audio_stream(&stream));
            let index = index.map_err(|error| to_python(py, error))?;
            core.streams.push(Kind::Audio(format.data_type()));
            Ok(index)
        })
    }

    fn _add_video_stream(&self, py: Python<'_>, arguments: &Bound<'_, PyDict>) -> PyResult<usize> {
        self.with(py, |core| {
            let arguments = VideoArguments::new(arguments)?;
            let stream = arguments.stream(py)?;
            let index = py.detach(|| core.encoder.add_video_stream(&stream));
            let index = index.map_err(|error| to_python(py, error))?;
            core.streams.push(Kind::Video);
            Ok(index)
        })
    }

    fn _add_subtitle_stream(
        &self,
        py: Python<'_>,
        codec: Option<String>,
        language: Option<String>,
        header: Option<String>,
    ) -> PyResult<usize> {
        self.with(py, |core| {
            let stream = streams::subtitles(codec, language, header);
            let index = core.encoder.add_subtitle_stream(&stream);
            let index = index.map_err(|error| to_python(py, error))?;
            core.streams.push(Kind::Subtitle);
            Ok(index)
        })
    }

    fn _write_subtitle(
        &self,
        py: Python<'_>,
        i: isize,
        start: f64,
        end: f64,
        text: &str,
    ) -> PyResult<()> {
        self.with(py, |core| {
            let index = core.index(py, i)?;
            core.detached(py, |encoder| encoder.write_subtitle(index, start, end, text))
        })
    }

    fn _set_chapters(
        &self,
        py: Python<'_>,
        chapters: Vec<(f64, Option<f64>, String)>,
    ) -> PyResult<()> {
        self.with(py, |core| {
            let chapters = chapters
                .into_iter()
                .map(|(start, end, title)| Chapter::from_seconds(start, end, title))
                .collect::<Result<Vec<_>, _>>();
            let set = chapters.and_then(|chapters| core.encoder.set_chapters(chapters));
            set.map_err(|error| to_python(py, error))
        })
    }

    /// Begins an encoder whose packets come back.
    fn _start_packets(&self, py: Python<'_>) -> PyResult<()> {
        settled(py, || {
            let mut core = self.lock(py)?;
            if core.is_some() {
                return Err(exception(py, ErrorKind::State, "__init__ was called already."));
            }
            let (mut encoder, packets) = StreamingMediaEncoder::to_packets();
            let signals = Signals::new();
            encoder.set_interrupt(signals.interrupt()).map_err(|error| to_python(py, error))?;
            let (writer, streams, packets) = (None, Vec::new(), Some(packets));
            *core = Some(Core { encoder, signals, writer, streams, packets });
            Ok(())
        })
    }

    fn _add_packet_stream(&self, py: Python<'_>, arguments: PacketArguments) -> PyResult<usize> {
        self.with(py, |core| {
            let parameters = arguments.parameters(py)?;
            let index = core.encoder.add_packet_stream(&parameters);
            let index = index.map_err(|error| to_python(py, error))?;
            core.streams.push(Kind::Packets);
            Ok(index)
        })
    }

    fn _write_packet(
        &self,
        py: Python<'_>,
        i: isize,
        data: PyBackedBytes,
        times: (i64, i64, i64),
        keyframe: Option<bool>,
        trim: (u32, u32),
    ) -> PyResult<()> {
        self.with(py, |core| {
            let index = core.index(py, i)?;
            let stream = core.encoder.stream_parameters(index);
            let packet = packets::packet(stream, &data, times, keyframe, trim)
                .map_err(|error| to_python(py, error.in_stream(index)))?;
            core.detached(py, |encoder| encoder.write_packet(index, &packet))
        })
    }

    /// The packets that came back since the last call.
    fn _packets<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        self.with(py, |core| {
            let all = core.packets.clone().into_iter().flatten();
            all.map(|packet| packets::fields(py, &packet)).collect()
        })
    }

    /// The parameters of the streams of packets that come back.
    fn _packet_streams<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.with(py, |core| {
            packets::streams(py, &core.packets.as_ref().map(Packets::streams).unwrap_or_default())
        })
    }

    /// A packet of H.264 with start codes.
    fn _byte_stream(
        &self,
        py: Python<'_>,
        i: usize,
        data: PyBackedBytes,
        keyframe: bool,
    ) -> PyResult<Py<PyBytes>> {
        self.with(py, |core| {
            let streams = core.packets.as_ref().map(Packets::streams).unwrap_or_default();
            let stream = streams
                .get(i)
                .ok_or_else(|| exception(py, ErrorKind::State, "The encoder is not open."))?;
            let bytes = packets::byte_stream(stream, &data, keyframe);
            let bytes = bytes.map_err(|error| to_python(py, error))?;
            Ok(PyBytes::new(py, &bytes).unbind())
        })
    }

    fn _set_metadata(&self, metadata: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = metadata.py();
        self.with(py, |core| {
            let metadata = streams::metadata(metadata)?;
            core.encoder.set_metadata(metadata).map_err(|error| to_python(py, error))
        })
    }

    fn _set_cover(&self, py: Python<'_>, picture: Vec<u8>) -> PyResult<()> {
        self.with(py, |core| {
            let cover = CoverArt::front_cover(picture);
            let set = cover.and_then(|cover| core.encoder.set_cover(cover));
            set.map_err(|error| to_python(py, error))
        })
    }

    #[pyo3(signature = (option=None))]
    fn _open(&self, py: Python<'_>, option: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        self.with(py, |core| {
            let options = options(option)?;
            if let Some(writer) = &core.writer
                && !core.encoder.is_opened()
            {
                writer.open(py)?;
            }
            let opened = core.detached(py, |encoder| encoder.open_with(options));
            if let (Err(_), Some(writer)) = (&opened, &core.writer)
                && writer.is_ours()
                && !core.encoder.is_opened()
            {
                // The next call of `open` opens it again.
                writer.discard(py, true);
            }
            opened
        })
    }

    /// Completes the file after an error, unless the destination can throw away what it holds.
    fn _discard(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |core| {
            if let Some(writer) = core.writer.as_ref().filter(|writer| writer.can_discard(py)) {
                writer.discard(py, false);
                // Nobody is left to write to.
                let _ = core.detached(py, StreamingMediaEncoder::abandon);
                return Ok(());
            }
            let closed = core.detached(py, StreamingMediaEncoder::close);
            core.release(py).and(closed)
        })
    }

    /// Gives up what encoders still hold, and completes the file with what is there.
    fn _abandon(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |core| {
            let abandoned = core.detached(py, StreamingMediaEncoder::abandon);
            core.release(py).and(abandoned)
        })
    }

    /// Whether an interrupt ended the last call that wrote something.
    fn _was_interrupted(&self) -> bool {
        match self.core.try_lock() {
            Ok(core) => core.as_ref().is_some_and(|core| core.encoder.was_interrupted()),
            Err(_) => false,
        }
    }

    /// Whether it was opened and not closed. While another thread is at work it is.
    fn _is_open(&self) -> bool {
        match self.core.try_lock() {
            Ok(mut core) => core.as_mut().is_some_and(Core::is_open),
            Err(_) => true,
        }
    }

    /// Returns whether the output failed, or could not be opened.
    fn _has_failed(&self) -> bool {
        match self.core.try_lock() {
            Ok(core) => core.as_ref().is_some_and(|core| core.encoder.has_failed()),
            Err(_) => false,
        }
    }

    /// Whether it has a file that the garbage collector must complete. One that was opened before a
    /// fork is completed by the process that opened it.
    fn _is_unfinished(&self) -> bool {
        self.process.load(Ordering::Relaxed) == process::current() && self._is_open()
    }

    /// Write a chunk of sound.
    ///
    /// Args:
    ///     i: Index of the stream.
    ///     chunk: Samples of shape (frame, channel), with the dtype that the stream's ``format``
    ///         names. A tensor of torch, an array of numpy or jax, or anything with
    ///         ``__dlpack__``, the buffer protocol or ``__array_interface__``. It is read where it
    ///         lies in memory, with any strides; other threads must not write to it, resize it or
    ///         free it meanwhile.
    ///     pts: When the first frame is heard, in seconds, rounded to the nearest sample. Without
    ///         it the chunk follows the last one. A gap is filled with silence, up to one hour
    ///         unless ``open`` was told another ``fill_gaps``: seconds, or false.
    ///
    /// Raises:
    ///     ChunkError: The dtype, shape or pts does not fit, or the chunk holds NaN. Nothing of
    ///         it was written, and the next one can be.
    ///     StateError: The output is not open, or another thread is using the encoder.
    ///     OutputError: Writing failed. What a file-like object's ``write`` raises comes out as
    ///         it is.
    #[pyo3(signature = (i, chunk, pts=None), text_signature = "($self, i, chunk, pts=None)")]
    fn write_audio_chunk(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        pts: Option<f64>,
    ) -> PyResult<()> {
        self.write::<true>(i, chunk, pts, None)
    }

    /// Write a chunk of pictures.
    ///
    /// Args:
    ///     i: Index of the stream.
    ///     chunk: Pictures of shape (frame, channel, height, width) and dtype uint8; otherwise as
    ///         in :meth:`write_audio_chunk`.
    ///     pts: When the first picture is shown, in seconds, rounded to the nearest picture of the
    ///         stream's frame rate. Without it the chunk follows the last one. Where it leaves a
    ///         gap the last picture is shown longer.
    ///
    /// Raises:
    ///     ChunkError: The dtype, shape or pts does not fit. Nothing of the chunk was written, and
    ///         the next one can be.
    ///     StateError: The output is not open, or another thread is using the encoder.
    ///     OutputError: Writing failed. What a file-like object's ``write`` raises comes out as
    ///         it is.
    #[pyo3(signature = (i, chunk, pts=None), text_signature = "($self, i, chunk, pts=None)")]
    fn write_video_chunk(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        pts: Option<f64>,
    ) -> PyResult<()> {
        self.write::<false>(i, chunk, pts, None)
    }

    /// As `write_audio_chunk`, of some rows of an array with other axes.
    fn _write_audio(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        axes: Axes,
        rows: (usize, usize),
    ) -> PyResult<()> {
        self.write::<true>(i, chunk, None, Some(&Part { axes, rows }))
    }

    /// As `write_video_chunk`, of some rows of an array with other axes.
    fn _write_video(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        axes: Axes,
        rows: (usize, usize),
    ) -> PyResult<()> {
        self.write::<false>(i, chunk, None, Some(&Part { axes, rows }))
    }

    /// Write out what was encoded so far, and make the file playable up to there where the format
    /// can. An encoder that works on blocks keeps the samples that do not fill one.
    ///
    /// Raises:
    ///     StateError: The output is not open.
    ///     OutputError: Writing failed.
    #[pyo3(text_signature = "($self)")]
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |core| core.detached(py, StreamingMediaEncoder::flush))
    }

    /// Encode what is left, complete the file and release it. A second call does nothing. Where a
    /// signal handler's exception stops it, as KeyboardInterrupt, the next call goes on; stopped
    /// again, it completes the file without what encoders still hold.
    ///
    /// Raises:
    ///     StateError: The output was never opened.
    ///     OutputError: Writing failed, now or before. Everything is released all the same.
    #[pyo3(text_signature = "($self)")]
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |core| {
            let closed = core.detached(py, StreamingMediaEncoder::close);
            if core.is_open() {
                // An interrupt stopped it.
                return closed;
            }
            closed.and_then(|()| core.release(py))
        })
    }

    /// How many samples of an audio stream were beyond ±1 so far and were clamped; none for a
    /// video stream.
    #[pyo3(text_signature = "($self, i)")]
    fn clamped_samples(&self, py: Python<'_>, i: isize) -> PyResult<Option<u64>> {
        self.with(py, |core| {
            let index = core.index(py, i)?;
            Ok(core.encoder.clamped_samples(index))
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.writer.get().map_or(Ok(()), |writer| writer.traverse(&visit))
    }

    fn __clear__(&self) {
        if let Some(writer) = self.writer.get() {
            writer.clear();
        }
    }
}

impl Encoder {
    fn lock(&self, py: Python<'_>) -> PyResult<std::sync::MutexGuard<'_, Option<Core>>> {
        self.core.try_lock().map_err(|error| {
            let message = match error {
                TryLockError::WouldBlock => {
                    "The encoder is in use, by another thread or by a call that its own writer \
                     made. Give each thread an encoder of its own, or hold a lock around the calls."
                }
                TryLockError::Poisoned(_) => "The encoder broke down in an earlier call.",
            };
            exception(py, ErrorKind::State, message)
        })
    }

    fn with<T>(&self, py: Python<'_>, call: impl FnOnce(&mut Core) -> PyResult<T>) -> PyResult<T> {
        settled(py, || match self.lock(py)?.as_mut() {
            Some(core) => {
                self.settle_here(py, core)?;
                core.signals.start_call();
                let called = call(core);
                if called.is_err() {
                    core.give_up_after_failure(py);
                }
                match core.signals.take() {
                    Some(raised) => Err(raised),
                    None => called,
                }
            }
            None => Err(exception(
                py,
                ErrorKind::State,
                "The encoder was not initialised. Does a subclass call super().__init__()?",
            )),
        })
    }

    /// Refuses an encoder that another process has opened. One that was not open moves here.
    fn settle_here(&self, py: Python<'_>, core: &mut Core) -> PyResult<()> {
        let here = process::current();
        if self.process.load(Ordering::Relaxed) == here {
            return Ok(());
        }
        if core.is_open() {
            return Err(exception(
                py,
                ErrorKind::State,
                "The encoder was opened before this process was forked, and belongs to the one \
                 that opened it. Open one of its own in each process.",
            ));
        }
        self.process.store(here, Ordering::Relaxed);
        Ok(())
    }

    fn write<const IS_AUDIO: bool>(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        pts: Option<f64>,
        part: Option<&Part>,
    ) -> PyResult<()> {
        let py = chunk.py();
        self.with(py, |core| {
            let index = core.index(py, i)?;
            let mut chunk = match Chunk::new(chunk) {
                Ok(chunk) => chunk,
                Err(refusal) => return Err(core.refused(py, index, IS_AUDIO, refusal)),
            };
            match core.write::<IS_AUDIO>(py, index, &mut chunk, pts, part) {
                Ok(()) => Ok(()),
                Err(refusal) => core.retry::<IS_AUDIO>(index, &chunk, pts, part, refusal),
            }
        })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if *self.process.get_mut() == process::current() {
            return;
        }
        // After a fork: to drop it would write to the file of the process that opened it, and wait
        // for threads which are not here.
        let core = self.core.get_mut().unwrap_or_else(PoisonError::into_inner);
        std::mem::forget(core.take());
    }
}

impl Core {
    fn is_open(&mut self) -> bool {
        self.encoder.bytes_written().is_some()
    }

    fn detached(
        &mut self,
        py: Python<'_>,
        call: impl FnOnce(&mut StreamingMediaEncoder<'static>) -> reelwright::Result<()> + Send,
    ) -> PyResult<()> {
        py.detach(|| call(&mut self.encoder)).map_err(|error| to_python(py, error))
    }

    /// Closes the destination, where we opened it.
    fn release(&mut self, py: Python<'_>) -> PyResult<()> {
        self.writer.as_ref().map_or(Ok(()), |writer| writer.release(py))
    }

    /// Lets the destination commit nothing where the output failed.
    fn give_up_after_failure(&mut self, py: Python<'_>) {
        if self.encoder.has_failed()
            && let Some(writer) = &self.writer
        {
            writer.discard(py, true);
        }
    }

    /// Writes a chunk whose memory is only borrowed while it is read: whatever Python code an
    /// output runs may change it.
    fn write<const IS_AUDIO: bool>(
        &mut self,
        py: Python<'_>,
        index: usize,
        chunk: &mut Chunk<'_>,
        pts: Option<f64>,
        part: Option<&Part>,
    ) -> Result<(), Refusal> {
        let encoder = &mut self.encoder;
        let refused = |error| Refusal::Raised(to_python(py, error));
        let begin = |view: &TensorView<'_>| {
            let mut begin = || {
                if IS_AUDIO {
                    encoder.begin_audio_chunk(index, view, pts)
                } else {
                    encoder.begin_video_chunk(index, view, pts)
                }
            };
            let begun = if is_small(view) { begin() } else { py.detach(begin) };
            begun.map_err(refused)
        };
        let mut cursor = chunk.view(part, begin, |cursor| !cursor.is_taken())?;
        while !cursor.is_done() {
            if cursor.has_work() {
                py.detach(|| encoder.advance(&mut cursor)).map_err(refused)?;
            }
            if cursor.is_done() {
                break;
            }
            let take = |view: &TensorView<'_>| {
                // A block of audio takes less time than to let other threads go on.
                let taken = if IS_AUDIO {
                    encoder.take(&mut cursor, view)
                } else {
                    py.detach(|| encoder.take(&mut cursor, view))
                };
                taken.map_err(refused)
            };
            chunk.view(part, take, |()| true)?;
        }
        Ok(())
    }

    /// Converts a chunk that was refused for its type, and writes that, where it can be.
    #[cold]
    fn retry<const IS_AUDIO: bool>(
        &mut self,
        index: usize,
        chunk: &Chunk<'_>,
        pts: Option<f64>,
        part: Option<&Part>,
        refusal: Refusal,
    ) -> PyResult<()> {
        let py = chunk.py();
        if let Refusal::Type(name) = &refusal
            && is_half(name)
            && let Some(float) = self.float(index)
            && let Some(mut converted) = chunk.converted(float)?
        {
            let written = self.write::<IS_AUDIO>(py, index, &mut converted, pts, part);
            return written.map_err(|refusal| self.refused(py, index, IS_AUDIO, refusal));
        }
        Err(self.refused(py, index, IS_AUDIO, refusal))
    }

    #[cold]
    fn refused(&mut self, py: Python<'_>, index: usize, is_audio: bool, why: Refusal) -> PyErr {
        match why {
            Refusal::Type(found) => self.wrong_type(py, index, is_audio, &found),
            other => other.raised(py),
        }
    }

    /// The type of a stream's samples, if it is of floats.
    fn float(&self, index: usize) -> Option<DataType> {
        match self.streams.get(index) {
            Some(Kind::Audio(float)) if !float.is_integer() => Some(*float),
            _ => None,
        }
    }

    /// A stream's index; what is no index at all is refused here, what is too large by the facade.
    fn index(&self, py: Python<'_>, i: isize) -> PyResult<usize> {
        usize::try_from(i).map_err(|_| {
            let message = format!(
                "Invalid stream index. Index must be in range of [0, {}). Found: {i}",
                self.streams.len()
            );
            exception(py, ErrorKind::Argument, message)
        })
    }

    /// Why a chunk is refused whose elements are of a type that the facade has no name for.
    fn wrong_type(&mut self, py: Python<'_>, index: usize, is_audio: bool, found: &str) -> PyErr {
        if !self.is_open()
            && let Err(error) = self.encoder.flush()
        {
            return to_python(py, error);
        }
        let expected = match (self.streams.get(index), is_audio) {
            (Some(Kind::Audio(expected)), true) => format!("{expected} type"),
            (Some(Kind::Video), false) => "Tensor of uint8 type".into(),
            (Some(_), _) => {
                let kind = if is_audio { "audio" } else { "video" };
                let message = format!("Stream {index} is not {kind} type.");
                return exception(py, ErrorKind::Argument, message);
            }
            (None, _) => {
                let message = format!(
                    "Invalid stream index. Index must be in range of [0, {}). Found: {index}",
                    self.streams.len()
                );
                return exception(py, ErrorKind::Argument, message);
            }
        };
        let message = format!(
            "Stream {index}: Expected {expected}. Found: {found}. Convert the chunk first, with \
             chunk.to(dtype) of torch or chunk.astype(dtype) of numpy."
        );
        exception(py, ErrorKind::Chunk, message)
    }
}

fn is_small(view: &TensorView<'_>) -> bool {
    chunk::is_small(view.shape())
}
