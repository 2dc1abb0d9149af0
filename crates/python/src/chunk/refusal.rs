//! Refusals of chunks.

use pyo3::prelude::*;
use reelwright::ErrorKind;

use crate::errors::exception;

/// Reason why something cannot be a chunk.
pub(crate) enum Refusal {
    /// Its elements are of this type, which no stream takes.
    Type(String),
    /// Its elements cannot be read, for the reason in the message.
    Chunk(String),
    Raised(PyErr),
}

impl<E: Into<PyErr>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Raised(error.into())
    }
}

impl Refusal {
    /// The exception for an array of any type.
    pub(crate) fn raised(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Raised(error) => error,
            Self::Chunk(message) => exception(py, ErrorKind::Chunk, message),
            Self::Type(found) => exception(
                py,
                ErrorKind::Chunk,
                format!(
                    "Expected Byte, Short, Int, Long, Float or Double type. Found: {found}. \
                     Convert the array first, with array.to(dtype) of torch or \
                     array.astype(dtype) of numpy."
                ),
            ),
        }
    }

    /// A chunk with something wrong that the message tells.
    pub(super) fn chunk(message: impl Into<String>) -> Self {
        Self::Chunk(message.into())
    }

    /// A chunk in the memory of another device.
    pub(super) fn device(found: &str) -> Self {
        Self::chunk(format!(
            "Input tensor has to be on CPU. Found: {found}. There is no encoding in hardware \
                 yet; pass a copy in the memory of the CPU, for example chunk.cpu()."
        ))
    }
}
