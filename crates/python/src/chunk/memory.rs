//! An array as its owner describes it, and the view this becomes.

use std::ops::Range;

use pyo3::prelude::*;
use reelwright::{DataType, Element, TensorView};

use super::Refusal;

/// The most dimensions a view can have.
const MAX_RANK: usize = 5;

/// For each axis of a view, the axis of the array it is, or none for a new one of size 1.
pub(crate) type Axes = Vec<Option<usize>>;

/// An array as its owner describes it.
#[derive(Clone, PartialEq)]
pub(crate) struct Memory {
    /// The element at the origin.
    address: *const u8,
    data_type: DataType,
    rank: usize,
    shape: [usize; MAX_RANK],
    /// In elements.
    strides: [isize; MAX_RANK],
}

impl Memory {
    /// An array of `rank` dimensions, which are set with [`set`](Self::set).
    pub(crate) fn new(
        py: Python<'_>,
        address: *const u8,
        data_type: DataType,
        rank: usize,
    ) -> Result<Self, Refusal> {
        if rank > MAX_RANK {
            return Err(Refusal::chunk(
                py,
                format!("A chunk has at most {MAX_RANK} dimensions. Found: {rank}"),
            ));
        }
        let (shape, strides) = ([1; MAX_RANK], [0; MAX_RANK]);
        Ok(Self { address, data_type, rank, shape, strides })
    }

    /// Sets a dimension; the stride is in elements. A negative size has no elements.
    pub(crate) fn set(&mut self, axis: usize, size: isize, stride: isize) {
        self.shape[axis] = usize::try_from(size).unwrap_or_default();
        self.strides[axis] = stride;
    }

    /// Sets the strides of an array whose last dimension is contiguous, and all others in turn.
    pub(crate) fn set_row_major(&mut self) {
        let mut step = 1isize;
        for axis in (0..self.rank).rev() {
            self.strides[axis] = step;
            step = step.saturating_mul(self.shape[axis].max(1) as isize);
        }
    }

    /// Whether its elements lie one after the other.
    pub(crate) fn is_row_major(&self) -> bool {
        let mut step = 1isize;
        for axis in (0..self.rank).rev() {
            if self.shape[axis] != 1 && self.strides[axis] != step {
                return false;
            }
            step = step.saturating_mul(self.shape[axis] as isize);
        }
        true
    }

    /// Whether it has more than one element.
    pub(crate) fn has_many(&self) -> bool {
        self.shape().iter().any(|&size| size > 1)
    }

    /// Takes strides in bytes.
    pub(crate) fn set_bytes(
        &mut self,
        py: Python<'_>,
        axis: usize,
        size: isize,
        stride: isize,
    ) -> Result<(), Refusal> {
        // A power of two: divisions would take longer than all else here.
        let bytes = self.data_type.bytes();
        if stride & (bytes as isize - 1) != 0 && size > 1 {
            return Err(Refusal::chunk(
                py,
                format!(
                    "The elements of a chunk must be whole elements apart. Found: a stride of \
                     {stride} bytes, and elements of {bytes}. Pass a copy, for example \
                     chunk.copy()."
                ),
            ));
        }
        self.set(axis, size, stride >> bytes.trailing_zeros());
        Ok(())
    }

    pub(crate) const fn address(&self) -> *const u8 {
        self.address
    }

    pub(crate) const fn data_type(&self) -> DataType {
        self.data_type
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape[..self.rank]
    }

    /// The same elements, with other axes.
    pub(crate) fn arranged(&self, py: Python<'_>, axes: &Axes) -> Result<Self, Refusal> {
        let mut memory = Self::new(py, self.address, self.data_type, axes.len())?;
        // Each axis once: otherwise they would not reach the same elements.
        let is_same = axes.iter().flatten().count() == self.rank
            && (0..self.rank).all(|axis| axes.contains(&Some(axis)));
        for (to, from) in axes.iter().enumerate() {
            match from {
                None => {}
                Some(from) if *from < self.rank && is_same => {
                    memory.shape[to] = self.shape[*from];
                    memory.strides[to] = self.strides[*from];
                }
                Some(_) => {
                    let shape = self.shape();
                    return Err(Refusal::chunk(py, format!("Unexpected shape: {shape:?}")));
                }
            }
        }
        Ok(memory)
    }

    /// Calls `each` with the elements of some rows in row-major order, which are floats.
    ///
    /// # Safety
    /// Every element that shape and strides reach from the address must be initialised and stay
    /// alive, and must not be written to by us.
    pub(crate) unsafe fn for_each_float(
        &self,
        rows: Range<usize>,
        mut each: impl FnMut(f64) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let (shape, strides) = (self.shape(), &self.strides[..self.rank]);
        let Some(inner) = self.rank.checked_sub(1) else { return Ok(()) };
        if shape.contains(&0) {
            return Ok(());
        }
        let end = |axis: usize| if axis == 0 { rows.end.min(shape[0]) } else { shape[axis] };
        let mut at = [0; MAX_RANK];
        at[0] = rows.start;
        while at[0] < end(0) {
            let offset: isize = (0..self.rank).map(|axis| at[axis] as isize * strides[axis]).sum();
            for index in at[inner]..end(inner) {
                let offset = offset + (index - at[inner]) as isize * strides[inner];
                // SAFETY: the caller vouches for all elements; they may lie anywhere.
                let value = unsafe {
                    match self.data_type {
                        DataType::F64 => self.address.cast::<f64>().offset(offset).read_unaligned(),
                        _ => self.address.cast::<f32>().offset(offset).read_unaligned().into(),
                    }
                };
                each(value)?;
            }
            // The next place of the other axes.
            let mut axis = inner;
            loop {
                if axis == 0 {
                    at[0] = end(0);
                    break;
                }
                at[axis] = 0;
                axis -= 1;
                at[axis] += 1;
                if at[axis] < end(axis) || axis == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The view.
    ///
    /// # Safety
    /// Every element that shape and strides reach from the address must be initialised and stay
    /// alive for `'a`, and must not be written to by us.
    pub(crate) unsafe fn view<'a>(&self, py: Python<'_>) -> Result<TensorView<'a>, Refusal> {
        // SAFETY: passed on.
        unsafe {
            match self.data_type {
                DataType::U8 => self.typed::<u8>(py),
                DataType::U16 => self.typed::<u16>(py),
                DataType::I16 => self.typed::<i16>(py),
                DataType::I32 => self.typed::<i32>(py),
                DataType::I64 => self.typed::<i64>(py),
                DataType::F32 => self.typed::<f32>(py),
                DataType::F64 => self.typed::<f64>(py),
            }
        }
    }

    /// # Safety
    /// As [`view`](Self::view), and `T` is the type of the elements.
    unsafe fn typed<'a, T: Element>(&self, py: Python<'_>) -> Result<TensorView<'a>, Refusal> {
        let (shape, strides) = (self.shape(), &self.strides[..self.rank]);
        let refused = |error: reelwright::Error| Refusal::chunk(py, error.to_string());
        if shape.contains(&0) {
            return TensorView::new::<T>(&[], 0, shape, strides).map_err(refused);
        }
        let unreachable =
            || Refusal::chunk(py, format!("A chunk of shape {shape:?} cannot lie in memory."));
        let (mut lowest, mut highest) = (0isize, 0isize);
        for (&size, &stride) in shape.iter().zip(strides) {
            let steps = isize::try_from(size - 1).map_err(|_| unreachable())?;
            let reach = steps.checked_mul(stride).ok_or_else(unreachable)?;
            let end = if reach < 0 { &mut lowest } else { &mut highest };
            *end = end.checked_add(reach).ok_or_else(unreachable)?;
        }
        let elements = highest.checked_sub(lowest).and_then(|span| span.checked_add(1));
        let bytes = elements.and_then(|elements| elements.checked_mul(size_of::<T>() as isize));
        let (Some(elements), Some(_)) = (elements, bytes) else { return Err(unreachable()) };
        let origin = self.address.cast::<T>();
        if origin.is_null() {
            return Err(Refusal::chunk(py, "The chunk's memory is not there (a null pointer)."));
        }
        if !origin.is_aligned() {
            return Err(Refusal::chunk(
                py,
                "The chunk's elements are not aligned in memory. Pass a copy, for example \
                 chunk.copy().",
            ));
        }
        // SAFETY: the caller vouches for all from the lowest to the highest element, the address
        // is aligned and not null, and its extent fits an isize. Who writes to an array while it is
        // being encoded gets a mixture of both, as everywhere in Python.
        let data = unsafe { std::slice::from_raw_parts(origin.offset(lowest), elements as usize) };
        TensorView::new(data, lowest.unsigned_abs(), shape, strides).map_err(refused)
    }
}
