//! What users pass as chunks: arrays of anybody's, read where they lie.

mod buffer;
mod dlpack;
mod interface;
mod memory;
mod torch;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use reelwright::{ErrorKind, TensorView};

pub(crate) use memory::{Axes, Memory};

use crate::errors::exception;

/// Why something cannot be a chunk.
pub(crate) enum Refusal {
    /// Its elements are of this type, which no stream takes.
    Type(String),
    Raised(PyErr),
}

impl<E: Into<PyErr>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Raised(error.into())
    }
}

impl Refusal {
    /// A chunk with something wrong that the message tells.
    fn chunk(py: Python<'_>, message: impl Into<String>) -> Self {
        Self::Raised(exception(py, ErrorKind::Chunk, message))
    }

    /// A chunk in the memory of another device.
    fn device(py: Python<'_>, found: &str) -> Self {
        Self::chunk(
            py,
            format!(
                "Input tensor has to be on CPU. Found: {found}. There is no encoding in hardware \
                 yet; pass a copy in the memory of the CPU, for example chunk.cpu()."
            ),
        )
    }
}

/// Runs `use_it` with `chunk`, which stays where it is until that returns.
pub(crate) fn with_memory<T>(
    chunk: &Bound<'_, PyAny>,
    use_it: impl FnOnce(&Memory) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    if torch::is_tensor_itself(chunk) {
        return torch::with_memory(chunk, use_it);
    }
    if buffer::is_buffer(chunk) {
        return buffer::with_memory(chunk, use_it);
    }
    if torch::is_tensor(chunk)? {
        return torch::with_memory(chunk, use_it);
    }
    if dlpack::has(chunk)? {
        return dlpack::with_memory(chunk, use_it);
    }
    if interface::has(chunk)? {
        return interface::with_memory(chunk, use_it);
    }
    let class = chunk.get_type().fully_qualified_name()?;
    Err(Refusal::Raised(PyTypeError::new_err(format!(
        "A chunk must be a tensor or an array: an object with __dlpack__, the buffer protocol or \
         __array_interface__, as those of torch, numpy and jax. Found: {class}"
    ))))
}

/// Some rows of an array with other axes.
pub(crate) struct Part {
    pub(crate) axes: Axes,
    /// The first one, and the one after the last; as far as there are so many.
    pub(crate) rows: (usize, usize),
}

/// As [`with_memory`], with a view of the chunk or a part of it.
pub(crate) fn with_view<T>(
    chunk: &Bound<'_, PyAny>,
    part: Option<&Part>,
    use_it: impl FnOnce(&TensorView<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let py = chunk.py();
    with_memory(chunk, |memory| {
        let Some(Part { axes, rows }) = part else {
            // SAFETY: `with_memory` keeps the memory until this closure returns, and its owner
            // said that shape and strides stay in it.
            return use_it(&unsafe { memory.view(py) }?);
        };
        let memory = memory.arranged(py, axes)?;
        // SAFETY: as above; they are the same elements.
        let view = unsafe { memory.view(py) }?;
        let last = memory.shape().first().copied().unwrap_or_default();
        let rows = (rows.0.min(last), rows.1.min(last));
        use_it(&view.rows(rows.0, rows.1.max(rows.0)))
    })
}
