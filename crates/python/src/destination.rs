//! Destinations: addresses, paths, and Python objects with `write`.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyBlockingIOError, PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};
use reelwright::{ErrorKind, Target};

use crate::errors::{exception, of_class, to_io};

/// References to a Python writer. The garbage collector can visit them.
#[derive(Clone, Default)]
pub(crate) struct Writer(Arc<Mutex<Objects>>);

#[derive(Default)]
struct Objects {
    writer: Option<Py<PyAny>>,
    /// `fsspec.OpenFile` that opens and closes the writer.
    opener: Option<Py<PyAny>>,
    /// Format of the opened file's extension.
    format: Option<&'static str>,
    /// Number of bytes that were written.
    taken: u64,
}

impl Writer {
    fn new(object: &Bound<'_, PyAny>) -> Self {
        let writer = Some(object.clone().unbind());
        Self(Arc::new(Mutex::new(Objects { writer, ..Objects::default() })))
    }

    /// Creates a writer that is opened together with the encoder.
    fn of_opener(opener: &Bound<'_, PyAny>) -> PyResult<Self> {
        let path: String = opener.getattr("path")?.extract()?;
        let extension = Path::new(&path).extension().and_then(|extension| extension.to_str());
        let extension = extension.map(str::to_ascii_lowercase);
        let format = extension.and_then(|extension| {
            reelwright::muxers().find(|muxer| muxer.extensions.contains(&extension.as_str()))
        });
        let opener = Some(opener.clone().unbind());
        let format = format.map(|muxer| muxer.name);
        Ok(Self(Arc::new(Mutex::new(Objects { opener, format, ..Objects::default() }))))
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the format of the opened file's extension.
    pub(crate) fn format(&self) -> Option<&'static str> {
        self.objects().format
    }

    fn opener<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.objects().opener.as_ref().map(|opener| opener.bind(py).clone())
    }

    /// Opens the writer if there is an opener.
    pub(crate) fn open(&self, py: Python<'_>) -> PyResult<()> {
        let Some(opener) = self.opener(py) else { return Ok(()) };
        if self.objects().writer.is_some() {
            return Ok(());
        }
        let writer = opener.call_method0("open")?.unbind();
        self.objects().writer = Some(writer);
        Ok(())
    }

    /// Closes the writer if the encoder opened it.
    pub(crate) fn release(&self, py: Python<'_>) -> PyResult<()> {
        let Some(opener) = self.opener(py) else { return Ok(()) };
        let writer = self.objects().writer.take();
        let Some(writer) = writer else { return Ok(()) };
        writer.bind(py).call_method0("close")?;
        // Closes all layers, for example the file below a compressed one.
        opener.call_method0("close").map(drop)
    }

    /// Returns true if the writer is opened and closed with the encoder.
    pub(crate) fn is_ours(&self) -> bool {
        self.objects().opener.is_some()
    }

    /// Returns true if the encoder opened the writer, or the writer can discard its content.
    pub(crate) fn can_discard(&self, py: Python<'_>) -> bool {
        let writer = self.objects().writer.as_ref().map(|writer| writer.bind(py).clone());
        let has = |name: &str| {
            writer.as_ref().is_some_and(|writer| writer.hasattr(name).unwrap_or(false))
        };
        self.is_ours() || has("discard") || has("abort")
    }

    /// Discards content that was not committed after a failure, if the writer supports it. Removes
    /// an empty object that the encoder created. Errors are ignored, because another error is
    /// reported.
    pub(crate) fn discard(&self, py: Python<'_>, has_content: bool) {
        let opener = self.opener(py);
        let (writer, taken) = {
            let mut objects = self.objects();
            // Later writes must fail.
            (objects.writer.take(), objects.taken)
        };
        let Some(writer) = writer else { return };
        let writer = writer.bind(py);
        let mut files = vec![writer.clone()];
        let of_opener = opener.as_ref().and_then(|opener| opener.getattr("fobjects").ok());
        if let Some(others) = of_opener.and_then(|files| files.extract::<Vec<Bound<'_, _>>>().ok())
        {
            files.extend(others);
        }
        for method in ["discard", "abort"] {
            for file in &files {
                if let Ok(Some(method)) = file.getattr_opt(method) {
                    let _ = method.call0();
                }
            }
        }
        let Some(opener) = opener else { return };
        let _ = writer.call_method0("close");
        let _ = opener.call_method0("close");
        let remove = || -> PyResult<()> {
            let (system, path) = (opener.getattr("fs")?, opener.getattr("path")?);
            let size = system.call_method1("size", (&path,))?.extract::<u64>()?;
            if size == 0 || !has_content {
                system.call_method1("rm_file", (&path,))?;
            }
            Ok(())
        };
        if taken == 0 || !has_content {
            let _ = remove();
        }
    }

    fn get<'py>(&self, py: Python<'py>) -> io::Result<Bound<'py, PyAny>> {
        let objects = self.objects();
        let writer = objects.writer.as_ref().map(|writer| writer.bind(py).clone());
        writer.ok_or_else(|| io::Error::other("the writer was released"))
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.0.try_lock() {
            Ok(objects) => {
                let mut objects = objects.writer.iter().chain(&objects.opener);
                objects.try_for_each(|object| visit.call(object))
            }
            // A locked writer is in use, and so is alive.
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn clear(&self) {
        let objects = std::mem::take(&mut *self.objects());
        drop(objects);
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let writer = self.get(py)?;
            let piece = PyBytes::new(py, bytes);
            let taken = writer.call_method1(intern!(py, "write"), (piece,));
            let taken = taken.and_then(|taken| count(&writer, &taken, bytes.len()));
            let taken = taken.map_err(|error| to_io(py, error))?;
            self.objects().taken += taken as u64;
            Ok(taken)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Python::attach(|py| {
            let writer = self.get(py)?;
            let flush = writer.getattr_opt(intern!(py, "flush"));
            let flushed = flush.and_then(|flush| flush.map_or(Ok(()), |f| f.call0().map(drop)));
            flushed.map_err(|error| to_io(py, error))
        })
    }
}

impl Seek for Writer {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        Python::attach(|py| {
            let writer = self.get(py)?;
            let seek = |offset: i128, whence: u8| {
                writer.call_method1(intern!(py, "seek"), (offset, whence))
            };
            let position = match to {
                SeekFrom::Start(offset) => {
                    let sought = seek(offset.into(), 0).map(|_| offset);
                    return sought.map_err(|error| to_io(py, error));
                }
                SeekFrom::Current(offset) => seek(offset.into(), 1),
                SeekFrom::End(offset) => seek(offset.into(), 2),
            };
            let position = position.and_then(|position| located(&writer, position));
            position.map_err(|error| to_io(py, error))
        })
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Python::attach(|py| {
            let writer = self.get(py)?;
            let tell = writer.getattr_opt(intern!(py, "tell"));
            let position = match tell {
                Ok(Some(tell)) => tell.call0().and_then(|position| position_of(&position, "tell")),
                Ok(None) => {
                    let position = writer.call_method1(intern!(py, "seek"), (0, 1));
                    position.and_then(|position| position_of(&position, "seek"))
                }
                Err(error) => Err(error),
            };
            position.map_err(|error| to_io(py, error))
        })
    }
}

/// Returns the position of a writer after `seek`. If `seek` returns None, calls `tell`.
fn located(writer: &Bound<'_, PyAny>, position: Bound<'_, PyAny>) -> PyResult<u64> {
    if position.is_none() {
        return position_of(&writer.call_method0("tell")?, "tell");
    }
    position_of(&position, "seek")
}

/// Converts the position that a method returned.
fn position_of(position: &Bound<'_, PyAny>, method: &str) -> PyResult<u64> {
    position.extract().map_err(|_| {
        PyValueError::new_err(format!(
            "{method}() must return a position in bytes. Found: {position}"
        ))
    })
}

/// Returns the number of `given` bytes that a writer wrote, from the return value of `write`.
/// `None` and `True` mean all.
fn count(writer: &Bound<'_, PyAny>, taken: &Bound<'_, PyAny>, given: usize) -> PyResult<usize> {
    let py = writer.py();
    if taken.is_none() {
        let raw = py.import("io")?.getattr("RawIOBase")?;
        if writer.is_instance(&raw)? {
            return Err(PyBlockingIOError::new_err(
                "write() of a non-blocking writer wrote nothing. Pass a blocking writer, or wrap it \
                 in io.BufferedWriter.",
            ));
        }
        return Ok(given);
    }
    if taken.is(PyBool::new(py, true)) {
        return Ok(given);
    }
    if let Ok(taken) = taken.extract::<usize>()
        && taken <= given
    {
        return Ok(taken);
    }
    if taken.hasattr(intern!(py, "__await__"))? {
        // Python warns about a coroutine that is neither awaited nor closed.
        let _ = taken.call_method0(intern!(py, "close"));
        return Err(PyTypeError::new_err(format!(
            "write() must not be asynchronous, and must return the number of written bytes, from 0 \
             to {given}, None or True. Found: {taken}. Pass an object whose write() is not a \
             coroutine function."
        )));
    }
    let is_number = taken.is_instance_of::<PyInt>() || taken.hasattr(intern!(py, "__index__"))?;
    let message = format!(
        "write() must return the number of written bytes, from 0 to {given}, None or True. Found: \
         {}",
        if is_number { taken.str()? } else { taken.repr()? }
    );
    if is_number { Err(PyValueError::new_err(message)) } else { Err(PyTypeError::new_err(message)) }
}

/// Returns true if a writer can seek. A file that is open for appending cannot, whatever it
/// reports.
fn is_seekable(writer: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = writer.py();
    if !writer.hasattr("seek")? {
        return Ok(false);
    }
    let mode = writer.getattr_opt("mode")?;
    let mode = mode.and_then(|mode| mode.extract::<String>().ok());
    if mode.is_some_and(|mode| mode.contains('a')) {
        return Ok(false);
    }
    match writer.getattr_opt(intern!(py, "seekable"))? {
        Some(seekable) => seekable.call0()?.is_truthy(),
        None => Ok(true),
    }
}

/// Returns true for an `fsspec.OpenFile`. Its mode must be for writing.
fn is_opener(dst: &Bound<'_, PyAny>) -> PyResult<bool> {
    for name in ["open", "fs", "path", "mode"] {
        if !dst.hasattr(name)? {
            return Ok(false);
        }
    }
    let mode: String = dst.getattr("mode")?.extract()?;
    if !mode.contains(['w', 'a', 'x']) || !mode.contains('b') {
        let message = format!(
            "dst must be an OpenFile for writing bytes. Found: mode {mode:?}. Pass \
             fsspec.open(path, \"wb\")."
        );
        return Err(exception(dst.py(), ErrorKind::Argument, message));
    }
    Ok(true)
}

/// Converts `dst`. Also returns the writer if it is one.
pub(crate) fn target(
    dst: &Bound<'_, PyAny>,
    has_format: bool,
    buffer_size: i64,
) -> PyResult<(Target<'static>, Option<Writer>)> {
    let py = dst.py();
    if dst.hasattr("write")? {
        if !has_format {
            return Err(exception(
                py,
                ErrorKind::Argument,
                "`format` must be provided when the input is file-like object.",
            ));
        }
        let Some(size) = usize::try_from(buffer_size).ok().filter(|size| *size > 0) else {
            let message = format!("buffer_size must be positive. Found: {buffer_size}");
            return Err(exception(py, ErrorKind::Argument, message));
        };
        let writer = Writer::new(dst);
        let target = if is_seekable(dst)? {
            Target::seekable_writer(writer.clone())
        } else {
            Target::writer(writer.clone())
        };
        return Ok((target.buffer_size(size), Some(writer)));
    }
    if is_opener(dst)? {
        let writer = Writer::of_opener(dst)?;
        if !has_format && writer.format().is_none() {
            let path = dst.getattr("path")?;
            let message = format!(
                "Failed to open output \"{path}\": its extension does not imply a format. Pass `format`."
            );
            return Err(exception(py, ErrorKind::UnknownName, message));
        }
        let target = Target::opened_writer(writer.clone());
        return Ok((target, Some(writer)));
    }
    if let Ok(address) = dst.cast::<PyString>() {
        return Ok((
            match address.to_str() {
                Ok(address) => Target::from(address),
                // A file name that is not UTF-8, as `os.listdir` returns it.
                Err(_) => Target::from(address.extract::<PathBuf>()?),
            },
            None,
        ));
    }
    let path = py.import("os")?.call_method1("fsdecode", (dst,));
    let path: PathBuf = path.and_then(|path| path.extract()).map_err(|_| {
        let class = dst.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        let message = format!(
            "dst must be a str, a path-like object or an object with a method `write`. Found: \
             {class}"
        );
        of_class(py, "DestinationError", message)
    })?;
    Ok((Target::from(path), None))
}
