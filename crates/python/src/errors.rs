//! Errors of the facade as Python's exceptions.

use std::io;

use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use reelwright::{Error, ErrorKind};

/// The Python class of a kind of error, in `reelwright._errors`.
fn class_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::State => "StateError",
        ErrorKind::Argument => "ArgumentError",
        ErrorKind::Chunk => "ChunkError",
        ErrorKind::UnknownName => "UnknownNameError",
        ErrorKind::Option => "OptionError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::TooLarge => "TooLargeError",
        ErrorKind::Io => "OutputError",
        ErrorKind::Interrupted => "StateError",
        _ => "Error",
    }
}

/// An exception of the kind, with a message of our own.
pub(crate) fn exception(py: Python<'_>, kind: ErrorKind, message: impl Into<String>) -> PyErr {
    of_class(py, class_name(kind), message)
}

/// An exception of a class in `reelwright._errors`.
pub(crate) fn of_class(py: Python<'_>, class: &str, message: impl Into<String>) -> PyErr {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let message = message.into();
    let class = MODULE
        .get_or_try_init(py, || py.import("reelwright._errors").map(Bound::unbind))
        .and_then(|module| Ok(module.bind(py).getattr(class)?.cast_into::<PyType>()?));
    match class {
        Ok(class) => PyErr::from_type(class, message),
        // Only while the package is being imported, or torn down.
        Err(_) => PyRuntimeError::new_err(message),
    }
}

/// The exception that tells `error`. What a Python writer raised comes out as it was.
pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    let (kind, message) = (error.kind(), error.to_string());
    let Some(cause) = error.into_io() else { return exception(py, kind, message) };
    let number = cause.raw_os_error();
    match cause.into_inner().map(|inner| inner.downcast::<PyErr>()) {
        Some(Ok(raised)) => *raised,
        _ => {
            let error = exception(py, kind, message);
            if let Some(number) = number {
                // An exception without the attribute is as good as one can be.
                let _ = error.value(py).setattr(intern!(py, "errno"), number);
            }
            error
        }
    }
}

/// What a Python call raised, as an error that `to_python` finds again. What is no `Exception`, as
/// KeyboardInterrupt, must stop everything, and has a kind of its own.
pub(crate) fn to_io(py: Python<'_>, error: PyErr) -> io::Error {
    let is_exception = error.is_instance_of::<PyException>(py);
    let kind = if is_exception { io::ErrorKind::Other } else { io::ErrorKind::ConnectionAborted };
    io::Error::new(kind, error)
}
