//! Where the encoder writes: addresses, paths, and Python objects with `write`.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyBlockingIOError, PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyString};
use reelwright::{ErrorKind, Target};

use crate::errors::{exception, to_io};

/// The one reference to a Python writer, which the garbage collector is shown.
#[derive(Clone, Default)]
pub(crate) struct Writer(Arc<Mutex<Option<Py<PyAny>>>>);

impl Writer {
    fn new(object: &Bound<'_, PyAny>) -> Self {
        Self(Arc::new(Mutex::new(Some(object.clone().unbind()))))
    }

    fn get<'py>(&self, py: Python<'py>) -> io::Result<Bound<'py, PyAny>> {
        let object = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let object = object.as_ref().map(|object| object.bind(py).clone());
        object.ok_or_else(|| io::Error::other("the writer is gone"))
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.0.try_lock() {
            Ok(object) => object.iter().try_for_each(|object| visit.call(object)),
            // Somebody is writing to it, so it is alive.
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn clear(&self) {
        let object = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(object);
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let writer = self.get(py)?;
            let piece = PyBytes::new(py, bytes);
            let taken = writer.call_method1(intern!(py, "write"), (piece,)).map_err(to_io)?;
            count(&writer, &taken, bytes.len()).map_err(to_io)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Python::attach(|py| {
            let writer = self.get(py)?;
            let Some(flush) = writer.getattr_opt(intern!(py, "flush")).map_err(to_io)? else {
                return Ok(());
            };
            flush.call0().map(drop).map_err(to_io)
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
                    return seek(offset.into(), 0).map(|_| offset).map_err(to_io);
                }
                SeekFrom::Current(offset) => seek(offset.into(), 1),
                SeekFrom::End(offset) => seek(offset.into(), 2),
            };
            position.and_then(|position| located(&writer, position)).map_err(to_io)
        })
    }
}

/// Where a writer is, by what its `seek` returned. Some return nothing, and have `tell`.
fn located(writer: &Bound<'_, PyAny>, position: Bound<'_, PyAny>) -> PyResult<u64> {
    let position = if position.is_none() { writer.call_method0("tell")? } else { position };
    position.extract().map_err(|_| {
        PyValueError::new_err(format!(
            "seek() must return the position that it went to, in bytes. Found: {position}"
        ))
    })
}

/// How many of `given` bytes a writer took, by what its `write` returned. What is no number says
/// nothing, and all were taken; so they were where it is `True`.
fn count(writer: &Bound<'_, PyAny>, taken: &Bound<'_, PyAny>, given: usize) -> PyResult<usize> {
    let py = writer.py();
    if taken.is_none() {
        let raw = py.import("io")?.getattr("RawIOBase")?;
        if writer.is_instance(&raw)? {
            return Err(PyBlockingIOError::new_err(
                "write() of a non-blocking writer took nothing. Pass one that blocks, or wrap it \
                 in io.BufferedWriter.",
            ));
        }
        return Ok(given);
    }
    if taken.is(PyBool::new(py, true)) || !taken.hasattr(intern!(py, "__index__"))? {
        return Ok(given);
    }
    match taken.extract::<usize>() {
        Ok(taken) if taken <= given => Ok(taken),
        _ => Err(PyValueError::new_err(format!(
            "write() must return how many of the {given} bytes it took. Found: {taken}"
        ))),
    }
}

/// Whether a writer can go back. A file that is open for appending cannot, whatever it says.
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

/// What a user passed as `dst`, and the writer it holds if it is one.
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
    if let Ok(address) = dst.cast::<PyString>() {
        return Ok((
            match address.to_str() {
                Ok(address) => Target::from(address),
                // The name of a file that is no UTF-8, as `os.listdir` returns it.
                Err(_) => Target::from(address.extract::<PathBuf>()?),
            },
            None,
        ));
    }
    let path = py.import("os")?.call_method1("fsdecode", (dst,));
    let path: PathBuf = path.and_then(|path| path.extract()).map_err(|_| {
        let class = dst.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string());
        PyTypeError::new_err(format!(
            "dst must be a str, a path-like object or an object with a method `write`. Found: \
             {class}"
        ))
    })?;
    Ok((Target::from(path), None))
}
