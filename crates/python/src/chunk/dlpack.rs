//! DLPack's Python protocol: `__dlpack_device__` and `__dlpack__`, versioned or not.

use std::ffi::{CStr, c_void};

use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods, PyDict};
use reelwright::DataType;
use reelwright_foreign_array::ForeignArray;

use super::Refusal;

const UNVERSIONED: &CStr = c"dltensor";
const VERSIONED: &CStr = c"dltensor_versioned";
/// Maximum supported version.
const MAX_VERSION: (u32, u32) = (1, 0);

/// `DLDevice` of dlpack.h.
#[repr(C)]
struct Device {
    kind: i32,
    index: i32,
}

/// Kinds of devices in CPU memory: `kDLCPU`, `kDLCUDAHost`, `kDLROCMHost`.
const ON_CPU: &[i32] = &[1, 3, 11];

/// `DLDataType`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Type {
    code: u8,
    bits: u8,
    lanes: u16,
}

/// `DLTensor`.
#[repr(C)]
struct Tensor {
    data: *const c_void,
    device: Device,
    rank: i32,
    data_type: Type,
    shape: *const i64,
    /// Strides in elements. Null if the tensor is row-major.
    strides: *const i64,
    byte_offset: u64,
}

/// First fields of `DLManagedTensor`. The others are for consumers that take ownership. Here, the
/// capsule keeps it.
#[repr(C)]
struct Managed {
    tensor: Tensor,
}

/// `DLManagedTensorVersioned`.
#[repr(C)]
struct ManagedVersioned {
    major: u32,
    minor: u32,
    manager: *mut c_void,
    deleter: Option<unsafe extern "C" fn(*mut ManagedVersioned)>,
    flags: u64,
    tensor: Tensor,
}

pub(super) fn has(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    object.hasattr(intern!(object.py(), "__dlpack__"))
}

/// Returns the memory of a tensor, and the capsule that keeps it alive. The capsule is not renamed,
/// so it frees the tensor when it is dropped.
pub(super) fn lend<'py>(
    object: &Bound<'py, PyAny>,
) -> Result<(Bound<'py, PyCapsule>, ForeignArray), Refusal> {
    let py = object.py();
    if let Some(device) = object.getattr_opt(intern!(py, "__dlpack_device__"))? {
        let (kind, index) = device.call0()?.extract()?;
        check(&Device { kind, index })?;
    }
    let capsule = capsule(object)?;
    let memory = describe(&capsule)?;
    Ok((capsule, memory))
}

fn capsule<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyCapsule>> {
    let py = object.py();
    let export = object.getattr(intern!(py, "__dlpack__"))?;
    let versioned = PyDict::new(py);
    versioned.set_item("max_version", MAX_VERSION)?;
    let capsule = match export.call((), Some(&versioned)) {
        // Implemented before DLPack had versions.
        Err(error) if error.is_instance_of::<PyTypeError>(py) => export.call0(),
        other => other,
    };
    Ok(capsule?.cast_into::<PyCapsule>()?)
}

fn describe(capsule: &Bound<'_, PyCapsule>) -> Result<ForeignArray, Refusal> {
    let is_versioned = capsule.is_valid_checked(Some(VERSIONED));
    let name = if is_versioned { VERSIONED } else { UNVERSIONED };
    let pointer = capsule.pointer_checked(Some(name))?;
    // SAFETY: a capsule with this name contains this struct and keeps it alive.
    let tensor = unsafe {
        if is_versioned {
            let managed = pointer.cast::<ManagedVersioned>().as_ref();
            if managed.major > MAX_VERSION.0 {
                let version = format!("{}.{}", managed.major, managed.minor);
                let message = format!(
                    "DLPack {version} is not supported. Supported versions are 0.8 and 1.0."
                );
                return Err(PyBufferError::new_err(message).into());
            }
            &managed.tensor
        } else {
            &pointer.cast::<Managed>().as_ref().tensor
        }
    };
    check(&tensor.device)?;
    let data_type =
        data_type(tensor.data_type).ok_or_else(|| Refusal::Type(type_name(tensor.data_type)))?;
    let address = tensor.data.cast::<u8>().wrapping_add(tensor.byte_offset as usize);
    let rank = usize::try_from(tensor.rank).unwrap_or_default();
    let mut memory = ForeignArray::new(address, data_type, rank).map_err(Refusal::Chunk)?;
    for axis in 0..rank {
        // SAFETY: the shape has an element for each dimension, and so do the strides, if not null.
        let (size, stride) = unsafe {
            let stride = if tensor.strides.is_null() { 0 } else { tensor.strides.add(axis).read() };
            (tensor.shape.add(axis).read(), stride)
        };
        memory.set(axis, size as isize, stride as isize);
    }
    if tensor.strides.is_null() {
        memory.set_row_major();
    }
    Ok(memory)
}

fn check(device: &Device) -> Result<(), Refusal> {
    if ON_CPU.contains(&device.kind) {
        return Ok(());
    }
    let name = match device.kind {
        2 | 13 => "cuda".to_owned(),
        8 => "metal".to_owned(),
        10 => "rocm".to_owned(),
        kind => format!("DLPack's device {kind}"),
    };
    Err(Refusal::device(&format!("{name}:{}", device.index)))
}

fn data_type(of: Type) -> Option<DataType> {
    Some(match (of.code, of.bits, of.lanes) {
        (1, 8, 1) => DataType::U8,
        (1, 16, 1) => DataType::U16,
        (0, 16, 1) => DataType::I16,
        (0, 32, 1) => DataType::I32,
        (0, 64, 1) => DataType::I64,
        (2, 32, 1) => DataType::F32,
        (2, 64, 1) => DataType::F64,
        _ => return None,
    })
}

/// Returns torch's name of an unsupported type.
fn type_name(of: Type) -> String {
    match (of.code, of.bits) {
        (0, 8) => "Char".into(),
        (1, bits) => format!("UInt{bits}"),
        (2, 16) => "Half".into(),
        (4, _) => "BFloat16".into(),
        (5, _) => "Complex".into(),
        (6, _) => "Bool".into(),
        (code, bits) => format!("DLPack's type {code} with {bits} bits"),
    }
}
