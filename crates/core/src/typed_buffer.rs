//! Owned samples with a type known at run time.

use crate::{DataType, TypedSlice, with_slice};

/// Owned samples with a type known at run time: a reusable buffer of conversions.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // the names are self-explanatory
pub enum TypedBuffer {
    U8(Vec<u8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl TypedBuffer {
    /// Creates a buffer of `len` zeros.
    ///
    /// # Panics
    /// If `data_type` is `U16`, which audio does not support.
    pub fn zeroed(data_type: DataType, len: usize) -> Self {
        match data_type {
            DataType::U8 => Self::U8(vec![0; len]),
            DataType::U16 => panic!("audio does not support {data_type}"),
            DataType::I16 => Self::I16(vec![0; len]),
            DataType::I32 => Self::I32(vec![0; len]),
            DataType::I64 => Self::I64(vec![0; len]),
            DataType::F32 => Self::F32(vec![0.0; len]),
            DataType::F64 => Self::F64(vec![0.0; len]),
        }
    }

    /// Copies elements to a new buffer.
    ///
    /// # Panics
    /// If their type is `U16`, which audio does not support.
    pub fn copy_of(data: TypedSlice<'_>) -> Self {
        match data {
            TypedSlice::U8(data) => Self::U8(data.to_vec()),
            TypedSlice::U16(_) => panic!("audio does not support {}", DataType::U16),
            TypedSlice::I16(data) => Self::I16(data.to_vec()),
            TypedSlice::I32(data) => Self::I32(data.to_vec()),
            TypedSlice::I64(data) => Self::I64(data.to_vec()),
            TypedSlice::F32(data) => Self::F32(data.to_vec()),
            TypedSlice::F64(data) => Self::F64(data.to_vec()),
        }
    }

    /// Returns the elements.
    pub fn as_slice(&self) -> TypedSlice<'_> {
        match self {
            Self::U8(data) => TypedSlice::U8(data),
            Self::I16(data) => TypedSlice::I16(data),
            Self::I32(data) => TypedSlice::I32(data),
            Self::I64(data) => TypedSlice::I64(data),
            Self::F32(data) => TypedSlice::F32(data),
            Self::F64(data) => TypedSlice::F64(data),
        }
    }

    /// Returns the type of the elements.
    pub fn data_type(&self) -> DataType {
        self.as_slice().data_type()
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        with_slice!(self.as_slice(), data => data.len())
    }

    /// Returns whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
