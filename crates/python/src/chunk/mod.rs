//! Chunks: arrays of any library, which are read in place.

mod buffer;
mod dlpack;
mod interface;
mod refusal;
mod torch;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use reelwright::{DataType, TensorView};
use reelwright_foreign_array::{Axes, ForeignArray};

pub(crate) use refusal::Refusal;

/// An array that was passed as a chunk. Its memory is borrowed only while it is read. Its address
/// is requested each time.
pub(crate) struct Chunk<'py> {
    object: Bound<'py, PyAny>,
    kind: Kind<'py>,
    /// Memory of the first borrow, if it is borrowed again.
    lent: Option<ForeignArray>,
}

/// Number of elements below which releasing the GIL takes longer than reading the chunk.
const SMALL: usize = 4096;

#[inline]
pub(crate) fn is_small(shape: &[usize]) -> bool {
    shape.iter().fold(1usize, |all, size| all.saturating_mul(*size)) <= SMALL
}

enum Kind<'py> {
    Torch,
    Buffer,
    /// The owner keeps the memory unchanged while the capsule exists.
    Dlpack {
        _promise: Bound<'py, PyCapsule>,
    },
    Interface,
}

impl<'py> Chunk<'py> {
    pub(crate) fn new(object: &Bound<'py, PyAny>) -> Result<Self, Refusal> {
        let py = object.py();
        let object = object.clone();
        let (kind, lent) = if torch::is_tensor_itself(&object) {
            (Kind::Torch, None)
        } else if buffer::is_buffer(&object) {
            (Kind::Buffer, None)
        } else if torch::is_tensor(&object)? {
            (Kind::Torch, None)
        } else if dlpack::has(&object)? {
            let (capsule, memory) = dlpack::lend(&object)?;
            (Kind::Dlpack { _promise: capsule }, Some(memory))
        } else if interface::has(&object)? {
            (Kind::Interface, None)
        } else if object.hasattr(intern!(py, "shape"))?
            && object.hasattr(intern!(py, "__array__"))?
        {
            // Objects with only `__array__`, such as data sets in files and tables.
            let array = object.call_method0(intern!(py, "__array__"))?;
            if !buffer::is_buffer(&array) {
                return Err(not_an_array(&object));
            }
            return Ok(Self::of(array, Kind::Buffer, None));
        } else {
            return Err(not_an_array(&object));
        };
        Ok(Self::of(object, kind, lent))
    }

    fn of(object: Bound<'py, PyAny>, kind: Kind<'py>, lent: Option<ForeignArray>) -> Self {
        Self { object, kind, lent }
    }

    pub(crate) fn py(&self) -> Python<'py> {
        self.object.py()
    }

    /// Calls `use_it` with the chunk's memory, which stays valid during the call. `use_it` must not
    /// call into Python. If `is_needed_again`, a later call verifies that the memory is the same.
    pub(crate) fn lend<T>(
        &mut self,
        use_it: impl FnOnce(&ForeignArray) -> Result<T, Refusal>,
        is_needed_again: impl FnOnce(&T) -> bool,
    ) -> Result<T, Refusal> {
        let Self { object, kind, lent } = self;
        if let (Kind::Dlpack { .. }, Some(memory)) = (&kind, &lent) {
            return use_it(memory);
        }
        let is_new = lent.is_none();
        let checked = |memory: &ForeignArray| {
            if let Some(first) = lent
                && first != memory
            {
                let (was, is) = (first.shape(), memory.shape());
                return Err(Refusal::chunk(format!(
                    "The memory of the chunk changed during the call. The shape was {was:?}, and \
                     is now {is:?}, or the address changed. The earlier part was written. Do \
                     not modify a chunk until the call returns."
                )));
            }
            let used = use_it(memory)?;
            if lent.is_none() && is_needed_again(&used) {
                *lent = Some(memory.clone());
            }
            Ok(used)
        };
        match kind {
            Kind::Torch if is_new => checked(&torch::memory(object)?),
            Kind::Torch => checked(&torch::describe(object)?),
            Kind::Buffer => buffer::with_memory(object, checked),
            Kind::Interface | Kind::Dlpack { .. } => interface::with_memory(object, checked),
        }
    }

    /// Does the same as [`lend`](Self::lend), with a view of the whole chunk or a part of it.
    pub(crate) fn view<T>(
        &mut self,
        part: Option<&Part>,
        use_it: impl FnOnce(&TensorView<'_>) -> Result<T, Refusal>,
        is_needed_again: impl FnOnce(&T) -> bool,
    ) -> Result<T, Refusal> {
        let with_view = |memory: &ForeignArray| {
            let Some(Part { axes, rows }) = part else {
                // SAFETY: `lend` keeps the memory alive until this closure returns, and the owner
                // guarantees that shape and strides are inside it.
                return use_it(&unsafe { memory.view() }.map_err(Refusal::Chunk)?);
            };
            let memory = memory.arranged(axes).map_err(Refusal::Chunk)?;
            // SAFETY: as above, for the same elements.
            let view = unsafe { memory.view() }.map_err(Refusal::Chunk)?;
            let last = memory.shape().first().copied().unwrap_or_default();
            let rows = (rows.0.min(last), rows.1.min(last));
            use_it(&view.rows(rows.0, rows.1.max(rows.0)))
        };
        self.lend(with_view, is_needed_again)
    }

    /// Converts the chunk to another element type with its own library.
    pub(crate) fn converted(&self, to: DataType) -> PyResult<Option<Self>> {
        let py = self.object.py();
        let converted = if matches!(self.kind, Kind::Torch) {
            let method = if to == DataType::F64 { "double" } else { "float" };
            self.object.call_method0(method)?
        } else if let Some(astype) = self.object.getattr_opt(intern!(py, "astype"))? {
            astype.call1((if to == DataType::F64 { "float64" } else { "float32" },))?
        } else {
            return Ok(None);
        };
        Self::new(&converted).map(Some).map_err(|refusal| match refusal {
            Refusal::Type(found) => PyTypeError::new_err(found),
            other => other.raised(py),
        })
    }
}

/// Returns true if `name` is a library's name of a 16-bit float type.
pub(crate) fn is_half(name: &str) -> bool {
    matches!(name, "Half" | "BFloat16" | "float16" | "bfloat16")
}

fn not_an_array(object: &Bound<'_, PyAny>) -> Refusal {
    let class = match object.get_type().fully_qualified_name() {
        Ok(class) => class,
        Err(error) => return error.into(),
    };
    Refusal::Raised(PyTypeError::new_err(format!(
        "A chunk must be a tensor or an array: an object with __dlpack__, the buffer protocol, \
         __array_interface__ or __array__, as those of torch, numpy and jax. Found: {class}"
    )))
}

/// Rows and axis order of an array.
pub(crate) struct Part {
    pub(crate) axes: Axes,
    /// First row and the row after the last, limited to the array.
    pub(crate) rows: (usize, usize),
}
