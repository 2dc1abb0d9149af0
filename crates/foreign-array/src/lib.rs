//! Arrays of other libraries and languages as tensor views.
//!
//! The owner of an array describes it by an address, an element type, a shape and strides, as with
//! Python's buffer protocol, DLPack and `__array_interface__`. [`ForeignArray`] checks such a
//! description and creates a [`TensorView`] without a copy. The crate does not depend on Python, so
//! that Miri can run its tests. Only this crate creates slices from addresses.
//!
//! Errors are messages for the user who passed the array.

#![cfg_attr(docsrs, feature(doc_cfg))]

use std::ops::Range;

use reelwright_core::{DataType, Element, TensorView};

/// Maximum number of dimensions of a view.
const MAX_RANK: usize = 5;

/// Axes of a view: the axis of the array for each one, or `None` for a new one of size 1.
pub type Axes = Vec<Option<usize>>;

/// Array in memory, as its owner describes it.
#[derive(Clone, PartialEq)]
pub struct ForeignArray {
    /// Address of the element at the origin.
    address: *const u8,
    data_type: DataType,
    rank: usize,
    shape: [usize; MAX_RANK],
    /// Strides in elements.
    strides: [isize; MAX_RANK],
}

impl ForeignArray {
    /// Creates an array of `rank` dimensions of size 1, which [`set`](Self::set) changes.
    ///
    /// # Errors
    /// `rank` is above 5.
    pub fn new(address: *const u8, data_type: DataType, rank: usize) -> Result<Self, String> {
        if rank > MAX_RANK {
            return Err(format!("A chunk must have at most {MAX_RANK} dimensions. Found: {rank}"));
        }
        let (shape, strides) = ([1; MAX_RANK], [0; MAX_RANK]);
        Ok(Self { address, data_type, rank, shape, strides })
    }

    /// Sets the size and the stride of a dimension, in elements. A negative size means no elements.
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

    /// Returns true if the elements are contiguous in row-major order.
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

    /// Returns true if there is more than one element.
    pub fn has_many(&self) -> bool {
        self.shape().iter().any(|&size| size > 1)
    }

    /// Sets the size of a dimension, and its stride in bytes.
    ///
    /// # Errors
    /// The stride is not a multiple of the element size.
    pub fn set_bytes(&mut self, axis: usize, size: isize, stride: isize) -> Result<(), String> {
        // The size is a power of two. A division would be the slowest operation here.
        let bytes = self.data_type.bytes();
        if stride & (bytes as isize - 1) != 0 && size > 1 {
            return Err(format!(
                "The strides of a chunk must be multiples of the element size, {bytes} bytes. \
                 Found: {stride} bytes. Pass a copy, for example chunk.copy()."
            ));
        }
        self.set(axis, size, stride >> bytes.trailing_zeros());
        Ok(())
    }

    /// Returns the address of the element at the origin.
    pub const fn address(&self) -> *const u8 {
        self.address
    }

    /// Returns the element type.
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
    /// `axes` does not contain each axis of the array once.
    pub fn arranged(&self, axes: &Axes) -> Result<Self, String> {
        let mut array = Self::new(self.address, self.data_type, axes.len())?;
        // A repeated or missing axis would select other elements.
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

    /// Calls `each` with the float elements of some rows in row-major order.
    ///
    /// # Errors
    /// `each` fails, which ends the iteration.
    ///
    /// # Safety
    /// All elements that are reachable from the address through shape and strides must be
    /// initialized and stay alive. This crate does not write to them.
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
                // SAFETY: the caller guarantees that all elements are valid, at any address.
                let value = unsafe {
                    match self.data_type {
                        DataType::F64 => self.address.cast::<f64>().offset(offset).read_unaligned(),
                        _ => self.address.cast::<f32>().offset(offset).read_unaligned().into(),
                    }
                };
                each(value)?;
            }
            // Advances the other axes.
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
    /// The address is null or unaligned, or the array is too large for memory.
    ///
    /// # Safety
    /// All elements that are reachable from the address through shape and strides must be
    /// initialized and stay alive for `'a`. This crate does not write to them.
    pub unsafe fn view<'a>(&self) -> Result<TensorView<'a>, String> {
        // SAFETY: the contract is the same.
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
    /// The same as [`view`](Self::view), and `T` must be the element type.
    unsafe fn typed<'a, T: Element>(&self) -> Result<TensorView<'a>, String> {
        let (shape, strides) = (self.shape(), &self.strides[..self.rank]);
        let to_message = |error: reelwright_core::Error| error.to_string();
        if shape.contains(&0) {
            return TensorView::new::<T>(&[], 0, shape, strides).map_err(to_message);
        }
        let unreachable = || format!("A chunk of shape {shape:?} is too large for memory.");
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
            return Err("The address of the chunk must not be a null pointer.".into());
        }
        if !origin.is_aligned() {
            return Err(
                "The elements of a chunk must be aligned in memory. Found: elements that are not \
                 aligned. Pass a copy, for example chunk.copy()."
                    .into(),
            );
        }
        // SAFETY: the caller guarantees the memory from the lowest to the highest element. The
        // address is aligned and not null, and the extent fits in an isize. As everywhere in
        // Python, concurrent writes to the array only produce a mixture of old and new values.
        let data = unsafe { std::slice::from_raw_parts(origin.offset(lowest), elements as usize) };
        TensorView::new(data, lowest.unsigned_abs(), shape, strides).map_err(to_message)
    }
}

#[cfg(test)]
mod tests {
    use reelwright_core::TypedSlice;

    use super::*;

    /// Returns `f32` elements 0, 1, 2, … in an exact allocation.
    fn elements(count: usize) -> Box<[f32]> {
        (0..count).map(|index| index as f32).collect()
    }

    /// Returns an array at `origin` of `data`, with (size, stride in elements) of each axis.
    fn memory(data: &[f32], origin: usize, axes: &[(isize, isize)]) -> ForeignArray {
        let address = data.as_ptr().wrapping_add(origin).cast();
        let mut memory = ForeignArray::new(address, DataType::F32, axes.len()).unwrap();
        for (axis, &(size, stride)) in axes.iter().enumerate() {
            memory.set(axis, size, stride);
        }
        memory
    }

    /// Returns the elements of a view in row-major order of its first two axes.
    fn read(memory: &ForeignArray) -> Vec<f32> {
        // SAFETY: all elements of the tests' arrays are in their data.
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

    fn message(rejected: Result<impl Sized, String>) -> String {
        match rejected {
            Err(message) => message,
            Ok(_) => panic!("there must be an error"),
        }
    }

    #[test]
    fn strides_of_any_sign_cover_exactly_the_array() {
        let data = elements(6);
        assert_eq!(read(&memory(&data, 0, &[(2, 3), (3, 1)])), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(read(&memory(&data, 5, &[(2, -3), (3, -1)])), [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
        assert_eq!(read(&memory(&data, 3, &[(2, -3), (3, 1)])), [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]);
        assert_eq!(read(&memory(&data, 2, &[(3, -1), (2, 3)])), [2.0, 5.0, 1.0, 4.0, 0.0, 3.0]);
        assert_eq!(read(&memory(&data, 4, &[(2, 0), (2, 1)])), [4.0, 5.0, 4.0, 5.0]);
    }

    #[test]
    fn empty_array_needs_no_memory() {
        for address in [0usize, 1, usize::MAX] {
            let mut memory =
                ForeignArray::new(std::ptr::without_provenance(address), DataType::F32, 2).unwrap();
            memory.set(0, 0, isize::MAX);
            memory.set(1, 7, isize::MIN);
            assert!(read(&memory).is_empty());
        }
    }

    #[test]
    fn rejects_arrays_that_exceed_memory() {
        let data = elements(1);
        for axes in [
            [(isize::MAX, 1), (2, 1)],
            [(2, isize::MAX / 4), (2, isize::MAX / 4)],
            [(2, isize::MIN / 4), (2, isize::MIN / 4)],
            [(2, isize::MAX / 4), (2, isize::MIN / 4)],
        ] {
            // SAFETY: fails before anything is read.
            let rejected = message(unsafe { memory(&data, 0, &axes).view() });
            assert!(rejected.contains("too large for memory"), "{rejected}");
        }
    }

    #[test]
    fn rejects_null_and_misaligned_addresses() {
        let data = elements(2);
        let misaligned = data.as_ptr().cast::<u8>().wrapping_add(1);
        for (address, why) in [(std::ptr::null(), "null pointer"), (misaligned, "not aligned")] {
            let mut memory = ForeignArray::new(address, DataType::F32, 1).unwrap();
            memory.set(0, 1, 1);
            // SAFETY: fails before anything is read.
            let rejected = message(unsafe { memory.view() });
            assert!(rejected.contains(why), "{rejected}");
        }
    }

    #[test]
    fn rejects_strides_of_fractions_of_elements() {
        let data = elements(2);
        let mut memory = memory(&data, 0, &[(2, 1)]);
        for stride in [1, -1, 6, -6] {
            assert!(message(memory.set_bytes(0, 2, stride)).contains("must be multiples of"));
        }
        // The stride of a single element is not used.
        assert!(memory.set_bytes(0, 1, 3).is_ok());
    }

    #[test]
    fn for_each_float_reads_the_given_rows() {
        let data = elements(12);
        // Rows of 2 × 2 with gaps, and a reversed last axis.
        let memory = memory(&data, 1, &[(3, 4), (2, 2), (2, -1)]);
        let mut found = Vec::new();
        let each = |value| {
            found.push(value);
            Ok::<(), String>(())
        };
        // SAFETY: all elements of the array are in its data.
        assert!(unsafe { memory.for_each_float(1..9, each) }.is_ok());
        assert_eq!(found, [5.0, 4.0, 7.0, 6.0, 9.0, 8.0, 11.0, 10.0]);
    }

    #[test]
    fn arranged_requires_each_axis_once() {
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
