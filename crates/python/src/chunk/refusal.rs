//! Errors of chunks.

use pyo3::prelude::*;
use reelwright::ErrorKind;

use crate::errors::exception;

/// Reason why something cannot be a chunk.
pub(crate) enum Refusal {
    /// Its element type is not supported by any stream.
    Type(String),
    /// Its elements cannot be read. The message states the reason.
    Chunk(String),
    Raised(PyErr),
}

impl<E: Into<PyErr>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Raised(error.into())
    }
}

impl Refusal {
    /// Returns the exception for an array that does not belong to a stream.
    pub(crate) fn raised(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Raised(error) => error,
            Self::Chunk(message) => exception(py, ErrorKind::Chunk, message),
            Self::Type(found) => exception(
                py,
                ErrorKind::Chunk,
                format!(
                    "Expected Byte, Short, Int, Long, Float or Double type. Found: {found}. \
                     Convert the array first, with array.to(dtype) with torch or \
                     array.astype(dtype) with numpy."
                ),
            ),
        }
    }

    /// Creates an error with a message.
    pub(super) fn chunk(message: impl Into<String>) -> Self {
        Self::Chunk(message.into())
    }

    /// Creates the error of a chunk in the memory of another device.
    pub(super) fn device(found: &str) -> Self {
        Self::chunk(format!(
            "Input tensor has to be on CPU. Found: {found}. Hardware encoding is not supported \
             yet. Pass a copy in CPU memory, for example chunk.cpu()."
        ))
    }
}
