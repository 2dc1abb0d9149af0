//! Borrowed views of n-dimensional arrays: chunks to encode, without a copy.

use std::fmt;

use crate::{DataType, Error, Result};

/// Maximum number of dimensions of a view.
pub const MAX_RANK: usize = 5;

/// Element type of a tensor or an audio frame.
pub trait Element: Copy + Default + Send + Sync + sealed::Sealed + 'static {
    /// Value that represents this type.
    const DATA_TYPE: DataType;

    /// Wraps a slice of this type.
    fn slice(data: &[Self]) -> TypedSlice<'_>;

    /// Returns the wrapped slice, if it has this type.
    fn of(slice: TypedSlice<'_>) -> Option<&[Self]>;
}

mod sealed {
    pub trait Sealed {}
}

/// Slice with an element type known at run time.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)] // the names are self-explanatory
pub enum TypedSlice<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    F32(&'a [f32]),
    F64(&'a [f64]),
}

/// Runs `$body` with `$name` bound to the typed slice inside a [`TypedSlice`].
#[macro_export]
macro_rules! with_slice {
    ($slice:expr, $name:ident => $body:expr) => {
        match $slice {
            $crate::TypedSlice::U8($name) => $body,
            $crate::TypedSlice::U16($name) => $body,
            $crate::TypedSlice::I16($name) => $body,
            $crate::TypedSlice::I32($name) => $body,
            $crate::TypedSlice::I64($name) => $body,
            $crate::TypedSlice::F32($name) => $body,
            $crate::TypedSlice::F64($name) => $body,
        }
    };
}

macro_rules! element {
    ($type:ty, $variant:ident) => {
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DATA_TYPE: DataType = DataType::$variant;

            fn slice(data: &[Self]) -> TypedSlice<'_> {
                TypedSlice::$variant(data)
            }

            fn of(slice: TypedSlice<'_>) -> Option<&[Self]> {
                match slice {
                    TypedSlice::$variant(data) => Some(data),
                    _ => None,
                }
            }
        }
    };
}

element!(u8, U8);
element!(u16, U16);
element!(i16, I16);
element!(i32, I32);
element!(i64, I64);
element!(f32, F32);
element!(f64, F64);

impl TypedSlice<'_> {
    /// Returns the type of the elements.
    pub const fn data_type(&self) -> DataType {
        match self {
            Self::U8(_) => DataType::U8,
            Self::U16(_) => DataType::U16,
            Self::I16(_) => DataType::I16,
            Self::I32(_) => DataType::I32,
            Self::I64(_) => DataType::I64,
            Self::F32(_) => DataType::F32,
            Self::F64(_) => DataType::F64,
        }
    }

    /// Returns the number of elements.
    pub const fn len(&self) -> usize {
        with_slice!(self, data => data.len())
    }

    /// Returns whether the slice is empty.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Borrowed n-dimensional array with any strides.
///
/// Audio chunks have the shape (frame, channel), video chunks (frame, channel, height, width).
/// Converters read through the strides; no copy makes a view contiguous.
///
/// ```
/// # use reelwright_core::TensorView;
/// let interleaved = [0.0f32, 0.5, 0.1, 0.6, 0.2, 0.7];
/// let stereo = TensorView::contiguous(&interleaved, &[3, 2])?;
/// assert_eq!(stereo.shape(), &[3, 2]);
///
/// // The same samples, one channel after the other.
/// let planar = [0.0f32, 0.1, 0.2, 0.5, 0.6, 0.7];
/// let stereo = TensorView::contiguous(&planar, &[2, 3])?.transposed();
/// assert_eq!(stereo.shape(), &[3, 2]);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct TensorView<'a> {
    data: TypedSlice<'a>,
    /// Index of the element at the origin.
    offset: usize,
    rank: usize,
    shape: [usize; MAX_RANK],
    /// Strides in elements.
    strides: [isize; MAX_RANK],
}

impl<'a> TensorView<'a> {
    /// Creates a view of `data` in row-major order: the last dimension is contiguous.
    ///
    /// # Errors
    /// `shape` and `data` have different numbers of elements, or `shape` has more than [`MAX_RANK`]
    /// dimensions.
    pub fn contiguous<T: Element>(data: &'a [T], shape: &[usize]) -> Result<Self> {
        let elements = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        if elements != Some(data.len()) {
            return Err(Error::chunk(format!(
                "A tensor of shape {shape:?} requires another number of elements. Found: {}",
                data.len()
            )));
        }
        let mut strides = [0isize; MAX_RANK];
        let mut step = 1usize;
        // `new` rejects a higher rank.
        let rank = shape.len().min(MAX_RANK);
        for axis in (0..rank).rev() {
            strides[axis] = step as isize;
            step = step.saturating_mul(shape[axis].max(1));
        }
        Self::new(data, 0, shape, &strides[..rank])
    }

    /// Creates a view of `data` with any strides in elements, which may be zero or negative.
    /// `offset` is the index of the element at the origin.
    ///
    /// # Errors
    /// An element of the view is outside of `data`, or `shape` has more than [`MAX_RANK`]
    /// dimensions.
    pub fn new<T: Element>(
        data: &'a [T],
        offset: usize,
        shape: &[usize],
        strides: &[isize],
    ) -> Result<Self> {
        let rank = shape.len();
        if rank > MAX_RANK || strides.len() != rank {
            return Err(Error::chunk(format!(
                "A tensor has at most {MAX_RANK} dimensions and one stride for each. Found: shape \
                 {shape:?}, strides {strides:?}"
            )));
        }
        let mut view = Self {
            data: T::slice(data),
            offset,
            rank,
            shape: [1; MAX_RANK],
            strides: [0; MAX_RANK],
        };
        view.shape[..rank].copy_from_slice(shape);
        view.strides[..rank].copy_from_slice(strides);
        let is_empty = shape.contains(&0);
        if !is_empty {
            let (mut lowest, mut highest) = (offset as i128, offset as i128);
            for (&size, &stride) in shape.iter().zip(strides) {
                let reach = (size as i128 - 1) * stride as i128;
                lowest += reach.min(0);
                highest += reach.max(0);
            }
            if lowest < 0 || highest >= data.len() as i128 {
                return Err(Error::chunk(format!(
                    "A tensor of shape {shape:?}, strides {strides:?} and offset {offset} reaches \
                     elements {lowest} to {highest} of {}.",
                    data.len()
                )));
            }
        }
        Ok(view)
    }

    /// Returns the type of the elements.
    pub const fn data_type(&self) -> DataType {
        self.data.data_type()
    }

    /// Returns the slice that contains the view.
    pub const fn data(&self) -> TypedSlice<'a> {
        self.data
    }

    /// Returns the index in [`data`](Self::data) of the element at the origin.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the size of each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape[..self.rank]
    }

    /// Returns the distance in elements from one index to the next, for each dimension.
    pub fn strides(&self) -> &[isize] {
        &self.strides[..self.rank]
    }

    /// Returns the view with its dimensions in reverse order: (channel, frame) becomes (frame,
    /// channel).
    #[must_use]
    pub fn transposed(mut self) -> Self {
        self.shape[..self.rank].reverse();
        self.strides[..self.rank].reverse();
        self
    }

    /// Returns the part from `start` (inclusive) to `end` (exclusive) along the first dimension.
    ///
    /// # Panics
    /// If the range exceeds the first dimension.
    #[must_use]
    pub fn rows(mut self, start: usize, end: usize) -> Self {
        assert!(start <= end && end <= self.shape[0], "rows {start}..{end} of {:?}", self.shape());
        self.shape[0] = end - start;
        // The offset of an empty view may be outside of the data.
        if start < end {
            self.offset = self.offset.wrapping_add_signed(start as isize * self.strides[0]);
        }
        self
    }
}

impl fmt::Debug for TensorView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TensorView")
            .field("data_type", &self.data_type())
            .field("shape", &self.shape())
            .field("strides", &self.strides())
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "ndarray")]
impl<'a, T: Element, D: ndarray::Dimension> TryFrom<ndarray::ArrayView<'a, T, D>>
    for TensorView<'a>
{
    type Error = Error;

    /// Creates a view of an array without gaps in memory, with its axes in any order and direction.
    ///
    /// # Errors
    /// The array has gaps, because it is a slice of a larger array. Pass the larger array's
    /// elements to [`TensorView::new`], or call `as_standard_layout` first.
    fn try_from(array: ndarray::ArrayView<'a, T, D>) -> Result<Self> {
        // The first element of a reversed axis is the last in memory.
        let offset = array
            .shape()
            .iter()
            .zip(array.strides())
            .filter(|(size, stride)| **stride < 0 && **size > 0)
            .map(|(size, stride)| (size - 1) * stride.unsigned_abs())
            .sum();
        let (shape, strides) = (array.shape().to_vec(), array.strides().to_vec());
        let found = format!("shape {shape:?}, strides {strides:?}");
        let data = array.to_slice_memory_order().ok_or_else(|| {
            Error::chunk(format!(
                "The array has gaps in memory ({found}). Call as_standard_layout() on it, or pass \
                 the larger array's elements to TensorView::new."
            ))
        })?;
        Self::new(data, offset, &shape, &strides)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_views_outside_of_their_slice() {
        let data = [0i16; 6];
        assert!(TensorView::contiguous(&data, &[3, 2]).is_ok());
        assert!(TensorView::contiguous(&data, &[4, 2]).is_err());
        assert!(TensorView::contiguous(&data, &[usize::MAX, 2]).is_err());
        assert!(TensorView::contiguous(&data, &[1; 9]).is_err());
        assert!(TensorView::new(&data, 5, &[6], &[-1]).is_ok());
        assert!(TensorView::new(&data, 4, &[6], &[-1]).is_err());
        assert!(TensorView::new(&data, 0, &[4], &[2]).is_err());
        assert!(TensorView::new(&data, 0, &[1_000_000], &[0]).is_ok());
        assert!(TensorView::new(&data, 99, &[0, 2], &[2, 1]).is_ok());
        assert!(TensorView::new(&data, 0, &[2], &[isize::MIN]).is_err());
    }

    #[test]
    fn rows_follow_any_stride() {
        let data: Vec<i32> = (0..12).collect();
        let reversed = TensorView::new(&data, 11, &[6, 2], &[-2, -1]).unwrap().rows(2, 4);
        assert_eq!((reversed.offset(), reversed.shape()), (7, &[2, 2][..]));
        assert_eq!(reversed.rows(2, 2).shape(), &[0, 2]);
    }

    #[cfg(feature = "ndarray")]
    #[test]
    fn ndarray_views_keep_their_order() {
        use ndarray::{Array2, Axis, Slice};
        let array = Array2::from_shape_fn((3, 2), |(row, column)| (2 * row + column) as i32);
        let at = |view: &TensorView<'_>, row: isize, column: isize| {
            let index =
                view.offset() as isize + row * view.strides()[0] + column * view.strides()[1];
            i32::of(view.data()).unwrap()[index as usize]
        };
        let view = TensorView::try_from(array.view()).unwrap();
        assert_eq!(at(&view, 2, 1), 5);
        let view = TensorView::try_from(array.t()).unwrap();
        assert_eq!((view.shape(), at(&view, 1, 2)), (&[2, 3][..], 5));
        let mut backwards = array.view();
        backwards.invert_axis(Axis(0));
        backwards.invert_axis(Axis(1));
        let view = TensorView::try_from(backwards).unwrap();
        assert_eq!((at(&view, 0, 0), at(&view, 2, 1)), (5, 0));
        let left = array.slice_axis(Axis(1), Slice::from(..1));
        assert!(TensorView::try_from(left).is_err());
    }
}
