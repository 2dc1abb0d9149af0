//! torch's tensors. Their attributes are read directly, because `__dlpack__` takes longer than the
//! encoding of a short chunk. torch is never imported: a caller with a tensor has imported it.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};
use reelwright::DataType;
use reelwright_foreign_array::ForeignArray;

use super::Refusal;

/// Types and functions of torch.
struct Torch {
    tensor: Py<PyType>,
    types: Vec<(Py<PyAny>, DataType)>,
}

static TORCH: PyOnceLock<Torch> = PyOnceLock::new();

impl Torch {
    fn find(py: Python<'_>) -> PyResult<Option<&'static Self>> {
        if let Some(torch) = TORCH.get(py) {
            return Ok(Some(torch));
        }
        let modules = py.import("sys")?.getattr("modules")?;
        let torch = modules.call_method1("get", ("torch",))?;
        // torch may be partially imported.
        if torch.is_none() || !torch.hasattr("Tensor")? || !torch.hasattr("float64")? {
            return Ok(None);
        }
        // A mock of torch, as in tests of programs, has no tensors.
        Ok(Self::describe(&torch).ok().map(|found| TORCH.get_or_init(py, || found)))
    }

    fn describe(torch: &Bound<'_, PyAny>) -> PyResult<Self> {
        let of = |name: &str, data_type| Ok::<_, PyErr>((torch.getattr(name)?.unbind(), data_type));
        let mut types = vec![
            of("float32", DataType::F32)?,
            of("uint8", DataType::U8)?,
            of("int16", DataType::I16)?,
            of("int32", DataType::I32)?,
            of("float64", DataType::F64)?,
            of("int64", DataType::I64)?,
        ];
        // Since torch 2.3.
        types.extend(of("uint16", DataType::U16));
        let tensor = torch.getattr("Tensor")?.cast_into::<PyType>()?.unbind();
        Ok(Self { tensor, types })
    }
}

/// Returns true for a `torch.Tensor`, but not for a subclass. Fast.
pub(super) fn is_tensor_itself(object: &Bound<'_, PyAny>) -> bool {
    let py = object.py();
    TORCH.get(py).is_some_and(|torch| object.get_type_ptr() == torch.tensor.as_ptr().cast())
}

pub(super) fn is_tensor(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    Torch::find(py)?.map_or(Ok(false), |torch| object.is_instance(torch.tensor.bind(py)))
}

/// Returns the memory of a tensor. Replaces the tensor by a copy if its elements are not stored as
/// such.
pub(super) fn memory(tensor: &mut Bound<'_, PyAny>) -> Result<ForeignArray, Refusal> {
    let py = tensor.py();
    let memory = describe(tensor)?;
    // Checks for lazily negated views. They skip the real parts, and so are row-major only if they
    // have at most one element.
    if (!memory.is_row_major() || !memory.has_many())
        && tensor.call_method0(intern!(py, "is_neg"))?.is_truthy()?
    {
        *tensor = tensor.call_method0(intern!(py, "resolve_neg"))?;
        return describe(tensor);
    }
    Ok(memory)
}

pub(super) fn describe(tensor: &Bound<'_, PyAny>) -> Result<ForeignArray, Refusal> {
    let py = tensor.py();
    if !tensor.getattr(intern!(py, "is_cpu"))?.is_truthy()? {
        let device = tensor.getattr(intern!(py, "device"))?.str()?.to_string();
        return Err(Refusal::device(&device));
    }
    let data_type = tensor.getattr(intern!(py, "dtype"))?;
    let data_type = Torch::find(py)?
        .and_then(|torch| torch.types.iter().find(|(of, _)| of.is(&data_type)))
        .map(|(_, data_type)| *data_type)
        .ok_or_else(|| type_name(&data_type))?;
    let no_memory = |error: PyErr| {
        let message = format!("The tensor has no elements in memory: {}", error.value(py));
        Refusal::chunk(message)
    };
    // Nested tensors have no shape.
    let shape = tensor.getattr(intern!(py, "shape")).map_err(no_memory)?.cast_into::<PyTuple>()?;
    let strides = tensor.call_method0(intern!(py, "stride")).map_err(no_memory)?;
    let strides = strides.cast_into::<PyTuple>()?;
    let address = tensor.call_method0(intern!(py, "data_ptr")).map_err(no_memory)?;
    let address: usize = address.extract()?;
    let rank = shape.len();
    let mut memory =
        ForeignArray::new(address as *const u8, data_type, rank).map_err(Refusal::Chunk)?;
    for axis in 0..rank {
        let size = shape.get_borrowed_item(axis)?.extract()?;
        memory.set(axis, size, strides.get_borrowed_item(axis)?.extract()?);
    }
    Ok(memory)
}

/// Returns the error for an unsupported type, with torch's name of it.
fn type_name(data_type: &Bound<'_, PyAny>) -> Refusal {
    let name = match data_type.str() {
        Ok(name) => name.to_string(),
        Err(error) => return error.into(),
    };
    Refusal::Type(match name.trim_start_matches("torch.") {
        "float16" => "Half".into(),
        "bfloat16" => "BFloat16".into(),
        "bool" => "Bool".into(),
        "int8" => "Char".into(),
        "complex64" => "ComplexFloat".into(),
        "complex128" => "ComplexDouble".into(),
        other => other.into(),
    })
}
