//! numpy's `__array_interface__`, version 3, for older libraries.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use reelwright::DataType;
use reelwright_foreign_array::ForeignArray;

use super::{Refusal, buffer};

pub(super) fn has(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    object.hasattr(intern!(object.py(), "__array_interface__"))
}

pub(super) fn with_memory<T>(
    object: &Bound<'_, PyAny>,
    use_it: impl FnOnce(&ForeignArray) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let py = object.py();
    let interface = object.getattr(intern!(py, "__array_interface__"))?.cast_into::<PyDict>()?;
    let get = |name: &str| {
        interface.get_item(name).transpose().unwrap_or_else(|| {
            Err(pyo3::exceptions::PyKeyError::new_err(format!("__array_interface__ has no {name}")))
        })
    };
    let shape: Vec<isize> = get("shape")?.extract()?;
    let name: String = get("typestr")?.extract()?;
    let data_type = data_type(&name).ok_or_else(|| Refusal::Type(name.clone()))?;
    let strides: Option<Vec<isize>> = match interface.get_item("strides")? {
        Some(strides) => strides.extract()?,
        None => None,
    };
    if strides.as_ref().is_some_and(|strides| strides.len() != shape.len()) {
        return Err(Refusal::chunk(
            "The strides and the shape of __array_interface__ must have the same length.",
        ));
    }
    let data = match interface.get_item("data")? {
        Some(data) if !data.is_none() => data,
        // The object itself provides the buffer.
        _ => object.clone(),
    };
    let describe = |address: *const u8| -> Result<ForeignArray, Refusal> {
        let mut memory =
            ForeignArray::new(address, data_type, shape.len()).map_err(Refusal::Chunk)?;
        for (axis, size) in shape.iter().enumerate() {
            match &strides {
                None => memory.set(axis, *size, 0),
                Some(strides) => {
                    memory.set_bytes(axis, *size, strides[axis]).map_err(Refusal::Chunk)?
                }
            }
        }
        if strides.is_none() {
            memory.set_row_major();
        }
        Ok(memory)
    };
    if let Ok((address, _is_read_only)) = data.extract::<(usize, Bound<'_, PyAny>)>() {
        // `interface` and `object` keep the memory alive.
        return use_it(&describe(address as *const u8)?);
    }
    // Bytes, such as those of an image.
    if !buffer::is_buffer(&data) {
        return Err(Refusal::chunk(
            "The data of __array_interface__ must support the buffer protocol.",
        ));
    }
    buffer::with_memory(&data, |bytes| {
        let needed = shape.iter().try_fold(data_type.bytes() as isize, |n, &size| {
            if size < 0 { None } else { n.checked_mul(size) }
        });
        let has = bytes.shape().iter().product::<usize>() * bytes.data_type().bytes();
        let offset: usize = match interface.get_item("offset")? {
            Some(offset) => offset.extract()?,
            None => 0,
        };
        let end = needed.and_then(|needed| offset.checked_add_signed(needed));
        if strides.is_some() || !bytes.is_row_major() || end.is_none_or(|end| end > has) {
            return Err(Refusal::chunk(
                "The buffer of __array_interface__ is smaller than its shape requires.",
            ));
        }
        use_it(&describe(bytes.address().wrapping_add(offset))?)
    })
}

/// Parses a `typestr` in this machine's byte order.
fn data_type(name: &str) -> Option<DataType> {
    let native = if cfg!(target_endian = "little") { '<' } else { '>' };
    Some(match name.trim_start_matches(['|', '=', native]) {
        "u1" => DataType::U8,
        "u2" => DataType::U16,
        "i2" => DataType::I16,
        "i4" => DataType::I32,
        "i8" => DataType::I64,
        "f4" => DataType::F32,
        "f8" => DataType::F64,
        _ => return None,
    })
}
