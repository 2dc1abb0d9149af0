//! Arrays of other languages as tensor views.
//!
//! An owner of an array describes it by an address, a type of elements, a shape and strides:
//! Python's buffer protocol, DLPack and `__array_interface__` all do. [`ForeignArray`] checks such a
//! description, and makes a [`TensorView`] of it without a copy. It knows nothing of Python, so that
//! Miri can run its tests: only here is an address made into a slice.
//!
//! Errors are messages for the user who passed the array.

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::ops::Range;

use reelwright_core::{DataType, Element, TensorView};

/// The most dimensions a view can have.
const MAX_RANK: usize = 5;

/// Axes of a view: for each one, the axis of the array that it is, or `None` for a new one of size 1.
pub type Axes = Vec<Option<usize>>;

/// Array in memory, as its owner describes it.
#[derive(Clone, PartialEq)]
pub struct ForeignArray {
    /// Address of the element at the origin.
    address: *const u8,
    data_type: DataType,
    rank: usize,
    shape: [usize; MAX_RANK],
    /// In elements.
    strides: [isize; MAX_RANK],
}

impl ForeignArray {
    /// Creates an array of `rank` dimensions of size 1; [`set`](Self::set) changes them.
    ///
    /// # Errors
    /// If `rank` is above 5.
    pub fn new(address: *const u8, data_type: DataType, rank: usize) -> Result<Self, String> {
        if rank > MAX_RANK {
            return Err(format!("A chunk has at most {MAX_RANK} dimensions. Found: {rank}"));
        }
        let (shape, strides) = ([1; MAX_RANK], [0; MAX_RANK]);
        Ok(Self { address, data_type, rank, shape, strides })
    }

    /// Sets a dimension; the stride is in elements. A negative size has no elements.
    pub fn set(&mut self, axis: usize, size: isize, stride: isize) {
        self.shape[axis] = usize::try_from(size).unwrap_or_default();
        self.strides[axis] = stride;
    }

    /// Sets the strides of a row-major array: its last dimension is contiguous.
    pub fn set_row_major(&mut self) {
        let mut step = 1isize;
        for axis in (0..self.rank).rev() {
            self.strides[axis] = step;
            step = step.saturating_mul(self.shape[axis].max(1) as isize);
        }
    }

    /// Returns whether its elements lie one after the other in row-major order.
    pub fn is_row_major(&self) -> bool {
        let mut step = 1isize;
        for axis in (0..self.rank).rev() {
            if self.shape[axis] != 1 && self.strides[axis] != step {
                return false;
            }
            step = step.saturating_mul(self.shape[axis] as isize);
        }
        true
    }

    /// Returns whether it has more than one element.
    pub fn has_many(&self) -> bool {
        self.shape().iter().any(|&size| size > 1)
    }

    /// Sets a dimension; the stride is in bytes.
    ///
    /// # Errors
    /// If the stride is no multiple of the size of an element.
    pub fn set_bytes(&mut self, axis: usize, size: isize, stride: isize) -> Result<(), String> {
        // A power of two: divisions would take longer than all else here.
        let bytes = self.data_type.bytes();
        if stride & (bytes as isize - 1) != 0 && size > 1 {
            return Err(format!(
                "The elements of a chunk must be whole elements apart. Found: a stride of \
                     {stride} bytes, and elements of {bytes}. Pass a copy, for example \
                     chunk.copy()."
            ));
        }
        self.set(axis, size, stride >> bytes.trailing_zeros());
        Ok(())
    }

    /// Returns the address of the element at the origin.
    pub const fn address(&self) -> *const u8 {
        self.address
    }

    /// Returns the type of its elements.
    pub const fn data_type(&self) -> DataType {
        self.data_type
    }

    /// Returns the size of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape[..self.rank]
    }

    /// Returns the same elements with other axes.
    ///
    /// # Errors
    /// If `axes` do not name each axis of the array once.
    pub fn arranged(&self, axes: &Axes) -> Result<Self, String> {
        let mut array = Self::new(self.address, self.data_type, axes.len())?;
        // An axis used twice or left out would mean other elements.
        let is_same = axes.iter().flatten().count() == self.rank
            && (0..self.rank).all(|axis| axes.contains(&Some(axis)));
        if !is_same {
            return Err(format!("Unexpected shape: {:?}", self.shape()));
        }
        for (to, from) in axes.iter().enumerate() {
            if let Some(from) = *from {
                array.set(to, self.shape[from] as isize, self.strides[from]);
            }
        }
        Ok(array)
    }

    /// Calls `each` with the elements, which are floats, of some rows in row-major order.
    ///
    /// # Errors
    /// Those of `each`, which stop it.
    ///
    /// # Safety
    /// Every element that shape and strides reach from the address must be initialised and stay
    /// alive, and must not be written to by us.
    pub unsafe fn for_each_float<E>(
        &self,
        rows: Range<usize>,
        mut each: impl FnMut(f64) -> Result<(), E>,
    ) -> Result<(), E> {
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

    /// Returns a view of the elements.
    ///
    /// # Errors
    /// If the address is null or not aligned, or no memory can hold the array.
    ///
    /// # Safety
    /// Every element that shape and strides reach from the address must be initialised and stay
    /// alive for `'a`, and must not be written to by us.
    pub unsafe fn view<'a>(&self) -> Result<TensorView<'a>, String> {
        // SAFETY: passed on.
        unsafe {
            match self.data_type {
                DataType::U8 => self.typed::<u8>(),
                DataType::U16 => self.typed::<u16>(),
                DataType::I16 => self.typed::<i16>(),
                DataType::I32 => self.typed::<i32>(),
                DataType::I64 => self.typed::<i64>(),
                DataType::F32 => self.typed::<f32>(),
                DataType::F64 => self.typed::<f64>(),
            }
        }
    }

    /// # Safety
    /// As [`view`](Self::view), and `T` is the type of the elements.
    unsafe fn typed<'a, T: Element>(&self) -> Result<TensorView<'a>, String> {
        let (shape, strides) = (self.shape(), &self.strides[..self.rank]);
        let refused = |error: reelwright_core::Error| error.to_string();
        if shape.contains(&0) {
            return TensorView::new::<T>(&[], 0, shape, strides).map_err(refused);
        }
        let unreachable = || format!("A chunk of shape {shape:?} cannot lie in memory.");
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
            return Err("The chunk's memory is not there (a null pointer).".into());
        }
        if !origin.is_aligned() {
            return Err(
                "The chunk's elements are not aligned in memory. Pass a copy, for example \
                 chunk.copy()."
                    .into(),
            );
        }
        // SAFETY: the caller vouches for all from the lowest to the highest element, the address
        // is aligned and not null, and its extent fits an isize. Who writes to an array while it is
        // being encoded gets a mixture of both, as everywhere in Python.
        let data = unsafe { std::slice::from_raw_parts(origin.offset(lowest), elements as usize) };
        TensorView::new(data, lowest.unsigned_abs(), shape, strides).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use reelwright_core::TypedSlice;

    use super::*;

    /// A row of `f32` elements 0, 1, 2, …, and nothing around it.
    fn elements(count: usize) -> Box<[f32]> {
        (0..count).map(|index| index as f32).collect()
    }

    /// An array at `origin` of `data`, with (size, stride in elements) of each axis.
    fn memory(data: &[f32], origin: usize, axes: &[(isize, isize)]) -> ForeignArray {
        let address = data.as_ptr().wrapping_add(origin).cast();
        let mut memory = ForeignArray::new(address, DataType::F32, axes.len()).unwrap();
        for (axis, &(size, stride)) in axes.iter().enumerate() {
            memory.set(axis, size, stride);
        }
        memory
    }

    /// Elements of a view in row-major order of its first two axes.
    fn read(memory: &ForeignArray) -> Vec<f32> {
        // SAFETY: each test makes arrays whose elements are within its data.
        let view = unsafe { memory.view() }.unwrap();
        let TypedSlice::F32(data) = view.data() else { panic!("not f32") };
        let (shape, strides) = (view.shape(), view.strides());
        let mut found = Vec::new();
        for row in 0..shape[0] as isize {
            for column in 0..shape[1] as isize {
                let offset = row * strides[0] + column * strides[1];
                found.push(data[view.offset().wrapping_add_signed(offset)]);
            }
        }
        found
    }

    fn message(refused: Result<impl Sized, String>) -> String {
        match refused {
            Err(message) => message,
            Ok(_) => panic!("not refused"),
        }
    }

    #[test]
    fn strides_of_any_sign_reach_exactly_the_elements_of_the_array() {
        let data = elements(6);
        assert_eq!(read(&memory(&data, 0, &[(2, 3), (3, 1)])), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(read(&memory(&data, 5, &[(2, -3), (3, -1)])), [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
        assert_eq!(read(&memory(&data, 3, &[(2, -3), (3, 1)])), [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]);
        assert_eq!(read(&memory(&data, 2, &[(3, -1), (2, 3)])), [2.0, 5.0, 1.0, 4.0, 0.0, 3.0]);
        assert_eq!(read(&memory(&data, 4, &[(2, 0), (2, 1)])), [4.0, 5.0, 4.0, 5.0]);
    }

    #[test]
    fn no_elements_need_no_memory() {
        for address in [0usize, 1, usize::MAX] {
            let mut memory =
                ForeignArray::new(std::ptr::without_provenance(address), DataType::F32, 2).unwrap();
            memory.set(0, 0, isize::MAX);
            memory.set(1, 7, isize::MIN);
            assert!(read(&memory).is_empty());
        }
    }

    #[test]
    fn sizes_that_no_memory_has_are_refused() {
        let data = elements(1);
        for axes in [
            [(isize::MAX, 1), (2, 1)],
            [(2, isize::MAX / 4), (2, isize::MAX / 4)],
            [(2, isize::MIN / 4), (2, isize::MIN / 4)],
            [(2, isize::MAX / 4), (2, isize::MIN / 4)],
        ] {
            // SAFETY: refused before anything is read.
            let refused = message(unsafe { memory(&data, 0, &axes).view() });
            assert!(refused.contains("cannot lie in memory"), "{refused}");
        }
    }

    #[test]
    fn null_and_misaligned_addresses_are_refused() {
        let data = elements(2);
        let misaligned = data.as_ptr().cast::<u8>().wrapping_add(1);
        for (address, why) in [(std::ptr::null(), "null pointer"), (misaligned, "not aligned")] {
            let mut memory = ForeignArray::new(address, DataType::F32, 1).unwrap();
            memory.set(0, 1, 1);
            // SAFETY: refused before anything is read.
            let refused = message(unsafe { memory.view() });
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn strides_of_parts_of_elements_are_refused() {
        let data = elements(2);
        let mut memory = memory(&data, 0, &[(2, 1)]);
        for stride in [1, -1, 6, -6] {
            assert!(message(memory.set_bytes(0, 2, stride)).contains("whole elements apart"));
        }
        // One element has no next one.
        assert!(memory.set_bytes(0, 1, 3).is_ok());
    }

    #[test]
    fn floats_are_read_one_by_one_from_the_rows_asked_for() {
        let data = elements(12);
        // Rows of 2 × 2 with gaps, the last axis backwards.
        let memory = memory(&data, 1, &[(3, 4), (2, 2), (2, -1)]);
        let mut found = Vec::new();
        let each = |value| {
            found.push(value);
            Ok::<(), String>(())
        };
        // SAFETY: the array is within its data.
        assert!(unsafe { memory.for_each_float(1..9, each) }.is_ok());
        assert_eq!(found, [5.0, 4.0, 7.0, 6.0, 9.0, 8.0, 11.0, 10.0]);
    }

    #[test]
    fn arranged_axes_are_each_used_once() {
        let data = elements(6);
        let memory = memory(&data, 0, &[(2, 3), (3, 1)]);
        let turned = memory.arranged(&vec![Some(1), Some(0)]).unwrap();
        assert_eq!(read(&turned), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        for axes in
            [vec![Some(0), Some(0)], vec![Some(0)], vec![Some(0), Some(2)], vec![None, None]]
        {
            message(memory.arranged(&axes));
        }
    }
}
