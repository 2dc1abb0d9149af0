//! Base class of `StreamingMediaEncoder`. One thread at a time may use an encoder.

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

/// Writes streams to a file. The Python subclass has the documentation.
#[pyclass(subclass, frozen, weakref, module = "reelwright._reelwright")]
pub(crate) struct Encoder {
    /// `None` before `__init__`.
    core: Mutex<Option<Core>>,
    writer: OnceLock<Writer>,
    /// Process that opened the encoder, or else created it.
    process: AtomicU32,
}

struct Core {
    encoder: StreamingMediaEncoder<'static>,
    signals: Signals,
    /// Destination, if it is a Python object.
    writer: Option<Writer>,
    /// Kinds of chunks of the streams.
    streams: Vec<Kind>,
    /// Packets, if the encoder returns them.
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
    /// Ignores all arguments: `__init__` uses them, and subclasses may have their own.
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
                return Err(exception(
                    py,
                    ErrorKind::State,
                    "__init__ was already called. Create a new encoder.",
                ));
            }
            let (target, writer) = destination::target(dst, format.is_some(), buffer_size)?;
            let guessed = writer.as_ref().and_then(|writer| writer.format());
            let mut encoder = StreamingMediaEncoder::new(target, format.or(guessed))
                .map_err(|error| to_python(py, error))?;
            let signals = Signals::new();
            encoder.set_interrupt(signals.interrupt()).map_err(|error| to_python(py, error))?;
            if let Some(writer) = &writer {
                // It cannot fail: there was no encoder before.
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

    /// Initializes an encoder that returns packets.
    fn _start_packets(&self, py: Python<'_>) -> PyResult<()> {
        settled(py, || {
            let mut core = self.lock(py)?;
            if core.is_some() {
                return Err(exception(
                    py,
                    ErrorKind::State,
                    "__init__ was already called. Create a new encoder.",
                ));
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

    /// Returns the packets since the last call.
    fn _packets<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        self.with(py, |core| {
            let all = core.packets.clone().into_iter().flatten();
            all.map(|packet| packets::fields(py, &packet)).collect()
        })
    }

    /// Returns the parameters of the streams of packets.
    fn _packet_streams<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.with(py, |core| {
            packets::streams(py, &core.packets.as_ref().map(Packets::streams).unwrap_or_default())
        })
    }

    /// Converts a packet of H.264 to start codes.
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

    fn _set_cover(&self, py: Python<'_>, image: Vec<u8>) -> PyResult<()> {
        self.with(py, |core| {
            let cover = CoverArt::front_cover(image);
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

    /// Completes the file after an error, unless the destination can discard its content.
    fn _discard(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |core| {
            if let Some(writer) = core.writer.as_ref().filter(|writer| writer.can_discard(py)) {
                writer.discard(py, false);
                // The destination no longer exists.
                let _ = core.detached(py, StreamingMediaEncoder::abandon);
                return Ok(());
            }
            let closed = core.detached(py, StreamingMediaEncoder::close);
            core.release(py).and(closed)
        })
    }

    /// Completes the file without the frames that encoders still hold.
    fn _abandon(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |core| {
            let abandoned = core.detached(py, StreamingMediaEncoder::abandon);
            core.release(py).and(abandoned)
        })
    }

    /// Returns true if an interrupt ended the last call that wrote data.
    fn _was_interrupted(&self) -> bool {
        match self.core.try_lock() {
            Ok(core) => core.as_ref().is_some_and(|core| core.encoder.was_interrupted()),
            Err(_) => false,
        }
    }

    /// Returns true if the encoder is open, or another thread is using it.
    fn _is_open(&self) -> bool {
        match self.core.try_lock() {
            Ok(mut core) => core.as_mut().is_some_and(Core::is_open),
            Err(_) => true,
        }
    }

    /// Returns true if the output failed or could not be opened.
    fn _has_failed(&self) -> bool {
        match self.core.try_lock() {
            Ok(core) => core.as_ref().is_some_and(|core| core.encoder.has_failed()),
            Err(_) => false,
        }
    }

    /// Returns true if the encoder has a file that its finalizer must complete. After a fork, only
    /// the process that opened the file completes it.
    fn _is_unfinished(&self) -> bool {
        self.process.load(Ordering::Relaxed) == process::current() && self._is_open()
    }

    /// Write a chunk of audio.
    ///
    /// Args:
    ///     i: Index of the stream.
    ///     chunk: Samples of shape (frame, channel), with the dtype of the stream's ``format``. A
    ///         tensor of torch, an array of numpy or jax, or any object with ``__dlpack__``, the
    ///         buffer protocol or ``__array_interface__``. It is read in place, with any strides.
    ///         Other threads must not write to it, resize it or free it during the call.
    ///     pts: Time of the first frame in seconds, rounded to the nearest sample. Without it, the
    ///         chunk follows the last one. A gap is filled with silence, up to one hour unless the
    ///         option ``fill_gaps`` of ``open`` has another number of seconds, or is false.
    ///
    /// Raises:
    ///     ChunkError: The dtype, shape or pts is invalid, or the chunk contains NaN. The
    ///         chunk was not written, and the next chunk can be written.
    ///     StateError: The output is not open, or another thread is using the encoder.
    ///     OutputError: Writing failed. Exceptions of a file-like object's ``write`` are raised
    ///         unchanged.
    #[pyo3(signature = (i, chunk, pts=None), text_signature = "($self, i, chunk, pts=None)")]
    fn write_audio_chunk(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        pts: Option<f64>,
    ) -> PyResult<()> {
        self.write::<true>(i, chunk, pts, None)
    }

    /// Write a chunk of video frames.
    ///
    /// Args:
    ///     i: Index of the stream.
    ///     chunk: Frames of shape (frame, channel, height, width) and dtype uint8, or uint16 if the
    ///         format has more than 8 bits. Otherwise as in :meth:`write_audio_chunk`.
    ///     pts: Time of the first frame in seconds, rounded to the stream's time base. Without it,
    ///         the chunk follows the last one. If it leaves a gap, the last frame is shown longer.
    ///
    /// Raises:
    ///     ChunkError: The dtype, shape or pts is invalid. The chunk was not written, and
    ///         the next chunk can be written.
    ///     StateError: The output is not open, or another thread is using the encoder.
    ///     OutputError: Writing failed. Exceptions of a file-like object's ``write`` are raised
    ///         unchanged.
    #[pyo3(signature = (i, chunk, pts=None), text_signature = "($self, i, chunk, pts=None)")]
    fn write_video_chunk(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        pts: Option<f64>,
    ) -> PyResult<()> {
        self.write::<false>(i, chunk, pts, None)
    }

    /// Writes some rows of an array with another axis order, as `write_audio_chunk` does.
    fn _write_audio(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        axes: Axes,
        rows: (usize, usize),
    ) -> PyResult<()> {
        self.write::<true>(i, chunk, None, Some(&Part { axes, rows }))
    }

    /// Writes some rows of an array with another axis order, as `write_video_chunk` does.
    fn _write_video(
        &self,
        i: isize,
        chunk: &Bound<'_, PyAny>,
        axes: Axes,
        rows: (usize, usize),
    ) -> PyResult<()> {
        self.write::<false>(i, chunk, None, Some(&Part { axes, rows }))
    }

    /// Write the data that was encoded so far, and make the file playable up to there if the format
    /// supports it. An encoder with a block size keeps samples that do not fill a block.
    ///
    /// Raises:
    ///     StateError: The output is not open.
    ///     OutputError: Writing failed.
    #[pyo3(text_signature = "($self)")]
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |core| core.detached(py, StreamingMediaEncoder::flush))
    }

    /// Encode the remaining data, complete the file and release it. A second call does nothing. If
    /// the exception of a signal handler such as KeyboardInterrupt stops it, the next call
    /// continues. If that is stopped too, it completes the file without the remaining data.
    ///
    /// Raises:
    ///     StateError: The output was never opened.
    ///     OutputError: Writing failed, now or before. Everything is released nevertheless.
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

    /// Return the number of samples of an audio stream beyond ±1 that were clamped. None for a
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
                    "The encoder is in use by another thread, or by a call from its own \
                     writer. Create an encoder for each thread, or hold a lock around the calls."
                }
                TryLockError::Poisoned(_) => "The encoder cannot be used, because an earlier call panicked. Create a new one.",
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
                "The encoder was not initialized. Call super().__init__() in the subclass.",
            )),
        })
    }

    /// Rejects an encoder that another process opened. An encoder that is not open moves to this
    /// process.
    fn settle_here(&self, py: Python<'_>, core: &mut Core) -> PyResult<()> {
        let here = process::current();
        if self.process.load(Ordering::Relaxed) == here {
            return Ok(());
        }
        if core.is_open() {
            return Err(exception(
                py,
                ErrorKind::State,
                "The encoder was opened before this process was forked, so only the process that \
                 opened it can use it. Open an encoder in each process.",
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
                Err(refusal) => return Err(core.rejected(py, index, IS_AUDIO, refusal)),
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
        // After a fork, dropping it would write to the file of the process that opened it, and wait
        // for threads that do not exist in this process.
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

    /// Closes the destination if the encoder opened it.
    fn release(&mut self, py: Python<'_>) -> PyResult<()> {
        self.writer.as_ref().map_or(Ok(()), |writer| writer.release(py))
    }

    /// Discards uncommitted content of the destination if the output failed.
    fn give_up_after_failure(&mut self, py: Python<'_>) {
        if self.encoder.has_failed()
            && let Some(writer) = &self.writer
        {
            writer.discard(py, true);
        }
    }

    /// Writes a chunk. Its memory is borrowed only while it is read, because Python code of an
    /// output may change it.
    fn write<const IS_AUDIO: bool>(
        &mut self,
        py: Python<'_>,
        index: usize,
        chunk: &mut Chunk<'_>,
        pts: Option<f64>,
        part: Option<&Part>,
    ) -> Result<(), Refusal> {
        let encoder = &mut self.encoder;
        let rejected = |error| Refusal::Raised(to_python(py, error));
        let begin = |view: &TensorView<'_>| {
            let mut begin = || {
                if IS_AUDIO {
                    encoder.begin_audio_chunk(index, view, pts)
                } else {
                    encoder.begin_video_chunk(index, view, pts)
                }
            };
            let begun = if is_small(view) { begin() } else { py.detach(begin) };
            begun.map_err(rejected)
        };
        let mut cursor = chunk.view(part, begin, |cursor| !cursor.is_taken())?;
        while !cursor.is_done() {
            if cursor.has_work() {
                py.detach(|| encoder.advance(&mut cursor)).map_err(rejected)?;
            }
            if cursor.is_done() {
                break;
            }
            let take = |view: &TensorView<'_>| {
                // A block of audio takes less time than releasing the GIL.
                let taken = if IS_AUDIO {
                    encoder.take(&mut cursor, view)
                } else {
                    py.detach(|| encoder.take(&mut cursor, view))
                };
                taken.map_err(rejected)
            };
            chunk.view(part, take, |()| true)?;
        }
        Ok(())
    }

    /// Converts a chunk of an unsupported type and writes it, if possible.
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
            return written.map_err(|refusal| self.rejected(py, index, IS_AUDIO, refusal));
        }
        Err(self.rejected(py, index, IS_AUDIO, refusal))
    }

    #[cold]
    fn rejected(&mut self, py: Python<'_>, index: usize, is_audio: bool, why: Refusal) -> PyErr {
        match why {
            Refusal::Type(found) => self.wrong_type(py, index, is_audio, &found),
            other => other.raised(py),
        }
    }

    /// Returns the sample type of a stream if it is a float type.
    fn float(&self, index: usize) -> Option<DataType> {
        match self.streams.get(index) {
            Some(Kind::Audio(float)) if !float.is_integer() => Some(*float),
            _ => None,
        }
    }

    /// Converts a stream's index. Rejects negative ones. The library rejects indices that are too
    /// large.
    fn index(&self, py: Python<'_>, i: isize) -> PyResult<usize> {
        usize::try_from(i).map_err(|_| {
            let message = format!(
                "Invalid stream index. Index must be in range of [0, {}). Found: {i}",
                self.streams.len()
            );
            exception(py, ErrorKind::Argument, message)
        })
    }

    /// Returns the error of a chunk whose element type the library does not have.
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
             chunk.to(dtype) with torch or chunk.astype(dtype) with numpy."
        );
        exception(py, ErrorKind::Chunk, message)
    }
}

fn is_small(view: &TensorView<'_>) -> bool {
    chunk::is_small(view.shape())
}
