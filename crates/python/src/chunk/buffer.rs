//! Buffer protocol (PEP 3118): numpy's arrays, `array.array`, `memoryview`.

use std::ffi::CStr;

use pyo3::ffi;
use pyo3::prelude::*;
use reelwright::DataType;
use reelwright_foreign_array::ForeignArray;

use super::Refusal;

/// A buffer that is released when it is dropped.
struct Buffer<'py> {
    /// Filled in by `PyObject_GetBuffer`. Its address is stable, because exporters may point into
    /// it.
    view: ffi::Py_buffer,
    py: Python<'py>,
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        if !self.view.obj.is_null() {
            // SAFETY: `PyObject_GetBuffer` filled it in, and the thread is attached (`py`).
            unsafe { ffi::PyBuffer_Release(&mut self.view) };
        }
    }
}

pub(super) fn is_buffer(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the object is alive, and the thread is attached.
    unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) != 0 }
}

pub(super) fn with_memory<T>(
    object: &Bound<'_, PyAny>,
    use_it: impl FnOnce(&ForeignArray) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let py = object.py();
    let mut buffer = Buffer { view: ffi::Py_buffer::new(), py };
    // SAFETY: the object is alive, and the view is not moved until it is released.
    let got = unsafe {
        ffi::PyObject_GetBuffer(object.as_ptr(), &mut buffer.view, ffi::PyBUF_RECORDS_RO)
    };
    if got != 0 {
        let error = PyErr::fetch(buffer.py);
        // numpy does not export types such as bfloat16.
        return Err(match object.getattr_opt("dtype")? {
            Some(data_type) => Refusal::Type(data_type.str()?.to_string()),
            None => error.into(),
        });
    }
    let memory = describe(&buffer.view)?;
    use_it(&memory)
}

fn describe(view: &ffi::Py_buffer) -> Result<ForeignArray, Refusal> {
    let format = if view.format.is_null() {
        c"B"
    } else {
        // SAFETY: the exporter's format is NUL-terminated and lives as long as the buffer.
        unsafe { CStr::from_ptr(view.format) }
    };
    let Some(data_type) = data_type(format.to_bytes(), view.itemsize) else {
        let format = format.to_str().unwrap_or("?");
        return Err(Refusal::Type(type_name(format, view.itemsize)));
    };
    if !view.suboffsets.is_null() {
        return Err(Refusal::chunk(
            "A chunk must be in one block of memory. Found: a buffer with suboffsets.",
        ));
    }
    let rank = usize::try_from(view.ndim).unwrap_or_default();
    let mut memory =
        ForeignArray::new(view.buf.cast_const().cast(), data_type, rank).map_err(Refusal::Chunk)?;
    for axis in 0..rank {
        // SAFETY: because of PyBUF_STRIDES, both have an element for each dimension.
        let (size, stride) = unsafe { (*view.shape.add(axis), *view.strides.add(axis)) };
        memory.set_bytes(axis, size, stride).map_err(Refusal::Chunk)?;
    }
    Ok(memory)
}

/// Parses a format of the `struct` module in this machine's byte order.
fn data_type(format: &[u8], bytes: isize) -> Option<DataType> {
    let native = if cfg!(target_endian = "little") { b'<' } else { b'>' };
    let code = match format {
        [order, code] if [b'@', b'=', native].contains(order) => code,
        [code] => code,
        _ => return None,
    };
    Some(match (code, bytes) {
        (b'B', 1) => DataType::U8,
        (b'H', 2) => DataType::U16,
        (b'h', 2) => DataType::I16,
        (b'i' | b'l' | b'q' | b'n', 4) => DataType::I32,
        (b'i' | b'l' | b'q' | b'n', 8) => DataType::I64,
        (b'f', 4) => DataType::F32,
        (b'd', 8) => DataType::F64,
        _ => return None,
    })
}

/// Returns torch's or numpy's name of an unsupported type.
fn type_name(format: &str, bytes: isize) -> String {
    match (format, bytes) {
        ("e", _) => "Half".into(),
        ("?", _) => "Bool".into(),
        ("b", _) => "Char".into(),
        ("H" | "I" | "L" | "Q", 1..) => format!("UInt{}", 8 * bytes),
        (">h" | ">i" | ">l" | ">q" | ">f" | ">d", _) => {
            format!("{format} (not in this machine's byte order)")
        }
        _ => format!("format {format:?} with {bytes} bytes"),
    }
}
