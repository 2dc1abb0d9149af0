//! Planes of video frames: rows of elements.

use crate::{DataType, Element};

/// Element type of video planes: `u8` or `u16`.
pub trait PlaneElement: Element {
    /// Returns the planes, if they have this element type.
    fn planes<'a, 'b>(planes: &'b Planes<'a>) -> Option<&'b [Plane<'a, Self>; 4]>;

    /// Returns the elements of a buffer, if they have this type.
    fn elements(elements: &mut PlaneBuffer) -> Option<&mut [Self]>;
}

/// Planes of a video frame, all of one element type. Planes that the pixel format does not have are
/// empty.
#[derive(Debug, Clone, Copy)]
pub enum Planes<'a> {
    /// Up to 8 bits.
    U8([Plane<'a, u8>; 4]),
    /// More than 8 bits.
    U16([Plane<'a, u16>; 4]),
}

impl Planes<'_> {
    /// Returns the type of the elements.
    pub const fn data_type(&self) -> DataType {
        match self {
            Self::U8(_) => DataType::U8,
            Self::U16(_) => DataType::U16,
        }
    }

    /// Returns whether a plane has `rows` rows of `width` elements.
    pub(crate) fn holds(&self, plane: usize, width: usize, rows: usize) -> bool {
        match self {
            Self::U8(planes) => planes[plane].holds(width, rows),
            Self::U16(planes) => planes[plane].holds(width, rows),
        }
    }
}

/// One plane of a video frame: rows at a fixed distance, in ascending or descending memory order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plane<'a, T = u8> {
    data: &'a [T],
    first: usize,
    stride: isize,
}

impl<'a, T> Plane<'a, T> {
    /// Creates a plane whose first row starts at the first element, with a row every `stride`
    /// elements.
    ///
    /// # Panics
    /// If the stride is more than `isize::MAX`.
    pub const fn new(data: &'a [T], stride: usize) -> Self {
        assert!(stride <= isize::MAX as usize);
        Self { data, first: 0, stride: stride as isize }
    }

    /// Creates a plane whose first row starts at element `first`. A negative stride reads a frame
    /// that is stored from its last row to its first.
    pub const fn with_first_row(data: &'a [T], first: usize, stride: isize) -> Self {
        Self { data, first, stride }
    }

    /// Returns the elements of all rows, and those between rows.
    pub const fn data(&self) -> &'a [T] {
        self.data
    }

    /// Returns the index of the first row's first element.
    pub const fn first(&self) -> usize {
        self.first
    }

    /// Returns the distance in elements from one row to the next.
    pub const fn stride(&self) -> isize {
        self.stride
    }

    /// Returns the first `width` elements of row `y`.
    ///
    /// # Panics
    /// If the row exceeds the plane.
    #[inline]
    pub fn row(&self, y: usize, width: usize) -> &'a [T] {
        let start = self.first.wrapping_add_signed((y as isize).wrapping_mul(self.stride));
        &self.data[start..][..width]
    }

    /// Returns the first `count` rows of `width` elements each.
    ///
    /// # Panics
    /// While iterating, if a row exceeds the plane.
    pub fn rows(self, width: usize, count: usize) -> impl Iterator<Item = &'a [T]> {
        (0..count).map(move |y| self.row(y, width))
    }

    /// Returns whether the plane has `rows` rows of `width` elements, none of which share elements.
    fn holds(&self, width: usize, rows: usize) -> bool {
        let Some(last) = rows.checked_sub(1) else { return true };
        let last = isize::try_from(last).ok().and_then(|last| last.checked_mul(self.stride));
        let last = last.and_then(|last| self.first.checked_add_signed(last));
        let ends = [Some(self.first), last].map(|start| start.and_then(|s| s.checked_add(width)));
        (rows == 1 || self.stride.unsigned_abs() >= width)
            && ends.iter().all(|end| end.is_some_and(|end| end <= self.data.len()))
    }
}

/// Mutable planes, all of one element type: the elements from the first row to the last, and the
/// distance in elements from one row to the next. Planes that the pixel format does not have are
/// empty.
#[derive(Debug)]
pub enum PlanesMut<'a> {
    /// Up to 8 bits.
    U8([(&'a mut [u8], usize); 4]),
    /// More than 8 bits.
    U16([(&'a mut [u16], usize); 4]),
}

/// Elements of the planes of a frame in host memory.
#[derive(Debug)]
#[allow(missing_docs)] // the names are self-explanatory
pub enum PlaneBuffer {
    U8(Vec<u8>),
    U16(Vec<u16>),
}

macro_rules! plane_element {
    ($type:ty, $variant:ident) => {
        impl PlaneElement for $type {
            fn planes<'a, 'b>(planes: &'b Planes<'a>) -> Option<&'b [Plane<'a, Self>; 4]> {
                match planes {
                    Planes::$variant(planes) => Some(planes),
                    _ => None,
                }
            }

            fn elements(elements: &mut PlaneBuffer) -> Option<&mut [Self]> {
                match elements {
                    PlaneBuffer::$variant(elements) => Some(elements),
                    _ => None,
                }
            }
        }
    };
}

plane_element!(u8, U8);
plane_element!(u16, U16);

/// Byte order of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The least significant byte first.
    Little,
    /// The most significant byte first.
    Big,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_run_in_both_directions() {
        let data = [0, 1, 2, 3, 4, 5, 6, 7];
        let down: Vec<_> = Plane::new(&data, 3).rows(2, 3).collect();
        assert_eq!(down, [[0, 1], [3, 4], [6, 7]]);
        let up: Vec<_> = Plane::with_first_row(&data, 6, -3).rows(2, 3).collect();
        assert_eq!(up, [[6, 7], [3, 4], [0, 1]]);
    }

    #[test]
    fn detects_rows_outside_of_the_data() {
        let data = [0u8; 8];
        let plane = |first, stride| Plane::with_first_row(&data, first, stride);
        assert!(plane(0, 3).holds(2, 3) && plane(6, -3).holds(2, 3) && plane(9, 1).holds(4, 0));
        assert!(plane(7, 0).holds(1, 1), "one row needs no stride");
        let wrong =
            [(0, 3, 3, 3), (1, 3, 2, 3), (5, -3, 2, 3), (0, isize::MAX, 1, 3), (0, 1, 2, 2)];
        for (first, stride, width, rows) in wrong {
            assert!(!plane(first, stride).holds(width, rows), "{first} {stride} {width} {rows}");
        }
        assert!(!plane(0, isize::MIN).holds(1, usize::MAX) && !plane(usize::MAX, 1).holds(1, 1));
    }
}
