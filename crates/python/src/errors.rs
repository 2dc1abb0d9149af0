//! Conversion of the library's errors to Python exceptions and back.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyConnectionError, PyException, PyRuntimeError, PyTimeoutError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use reelwright::{Error, ErrorKind};

/// Returns the name of the Python class of an error kind, in `reelwright._errors`.
fn class_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::State => "StateError",
        ErrorKind::Argument => "ArgumentError",
        ErrorKind::Chunk => "ChunkError",
        ErrorKind::UnknownName => "UnknownNameError",
        ErrorKind::Option => "OptionError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::TooLarge => "TooLargeError",
        ErrorKind::InvalidData => "InvalidDataError",
        ErrorKind::Io => "OutputError",
        ErrorKind::TimedOut => "TimedOutError",
        ErrorKind::Disconnected => "DisconnectedError",
        ErrorKind::Interrupted => "StateError",
        _ => "Error",
    }
}

/// Creates an exception of the kind with a message.
pub(crate) fn exception(py: Python<'_>, kind: ErrorKind, message: impl Into<String>) -> PyErr {
    of_class(py, class_name(kind), message)
}

/// Creates an exception of a class in `reelwright._errors`.
pub(crate) fn of_class(py: Python<'_>, class: &str, message: impl Into<String>) -> PyErr {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let message = message.into();
    let class = MODULE
        .get_or_try_init(py, || py.import("reelwright._errors").map(Bound::unbind))
        .and_then(|module| Ok(module.bind(py).getattr(class)?.cast_into::<PyType>()?));
    match class {
        Ok(class) => PyErr::from_type(class, message),
        // Only while the package is imported or finalized.
        Err(_) => PyRuntimeError::new_err(message),
    }
}

/// Converts `error` to an exception. An exception of a Python writer is raised again, but only
/// once: later calls that fail because of it only have its text.
pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    let cause = error.io_error();
    let raised = cause.and_then(io::Error::get_ref).and_then(|raised| raised.downcast_ref());
    if let Some(raised) = raised.and_then(Raised::take) {
        return raised;
    }
    let kind = match raised {
        Some(Raised { is_exception: false, .. }) => ErrorKind::Io,
        _ => error.kind(),
    };
    let exception = exception(py, kind, error.report().to_string());
    if let Some(number) = cause.and_then(io::Error::raw_os_error) {
        // Raises the exception without the attribute if it cannot be set.
        let _ = exception.value(py).setattr(intern!(py, "errno"), number);
    }
    exception
}

/// Exception of a Python call. The encoder keeps its text. The exception is moved to the caller,
/// because its traceback may refer to the encoder, which the garbage collector cannot detect.
#[derive(Debug)]
struct Raised {
    text: String,
    error: Mutex<Option<PyErr>>,
    /// False for exceptions such as KeyboardInterrupt.
    is_exception: bool,
}

impl Raised {
    fn take(&self) -> Option<PyErr> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Raised {}

/// Converts an exception of a Python call to an error that `to_python` converts back. Exceptions
/// that are not an `Exception`, such as KeyboardInterrupt, have a separate kind, because they stop
/// all work.
pub(crate) fn to_io(py: Python<'_>, error: PyErr) -> io::Error {
    let is_exception = error.is_instance_of::<PyException>(py);
    let kind = if !is_exception {
        io::ErrorKind::ConnectionAborted
    } else if error.is_instance_of::<PyTimeoutError>(py) {
        io::ErrorKind::TimedOut
    } else if error.is_instance_of::<PyConnectionError>(py) {
        io::ErrorKind::ConnectionReset
    } else {
        io::ErrorKind::Other
    };
    let text = error.to_string();
    io::Error::new(kind, Raised { text, error: Mutex::new(Some(error)), is_exception })
}
