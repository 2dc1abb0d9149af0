//! Where a chunk has a NaN.

use reelwright_core::{TensorView, TypedSlice};

use super::block::Place;
use super::kernels;
use super::sample::Mix;
use crate::level::Level;

/// The (row, column) of the first NaN of a 2-D view in row-major order; always `None` where the
/// elements are integers.
///
/// # Panics
/// If the view does not have two dimensions.
pub fn first_nan(chunk: &TensorView<'_>) -> Option<(usize, usize)> {
    let (place, size) = Place::of(chunk);
    match chunk.data() {
        TypedSlice::F32(data) => search(Level::detect(), data, place, size),
        TypedSlice::F64(data) => search(Level::detect(), data, place, size),
        _ => None,
    }
}

fn search<M: Mix>(
    level: Level,
    data: &[M],
    place: Place,
    (rows, columns): (usize, usize),
) -> Option<(usize, usize)> {
    if rows == 0 || columns == 0 || !any(level, data, place, (rows, columns)) {
        return None;
    }
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .find(|&(row, column)| data[place.index(row, column)].is_nan())
}

/// Whether there is a NaN at all, in whatever order is fastest to look.
fn any<M: Mix>(level: Level, data: &[M], place: Place, (rows, columns): (usize, usize)) -> bool {
    let mut origin = place.origin;
    // From the element that comes first in memory, the axis with the smaller steps last.
    let mut axes = [(place.row, rows), (place.column, columns)].map(|(stride, size)| {
        if stride < 0 {
            origin = origin.wrapping_add_signed(stride * (size as isize - 1));
        }
        // An axis with one element needs no steps.
        (if size == 1 { 1 } else { stride.unsigned_abs() }, size)
    });
    axes.sort_by_key(|&(stride, size)| std::cmp::Reverse((stride, size)));
    let [(outer, lines), (inner, len)] = axes;
    if inner == 1 && outer == len {
        return kernels::any_nan(level, &data[origin..][..lines * len]);
    }
    (0..lines).map(|line| origin + line * outer).any(|start| match inner {
        1 => kernels::any_nan(level, &data[start..][..len]),
        _ => (0..len).any(|i| data[start + i * inner].is_nan()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_have_none() {
        let view = TensorView::contiguous(&[0i16, 1], &[1, 2]).unwrap();
        assert_eq!(first_nan(&view), None);
    }

    #[test]
    fn infinities_are_numbers() {
        let data = [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -0.0];
        let view = TensorView::contiguous(&data, &[2, 2]).unwrap();
        assert_eq!(first_nan(&view), None);
    }

    proptest! {
        /// Against the plain definition, for views that run through memory in every way.
        #[test]
        fn the_first_is_found(
            rows in 0usize..40,
            columns in 1usize..6,
            strides in prop_oneof![
                Just((5isize, 1isize)), Just((1, 40)), Just((-6, 1)), Just((-1, 40)), Just((-7, -1)),
                Just((0, 1)), Just((12, 2)), Just((1, 0)), Just((1, -40)), Just((3, -12))
            ],
            nans in prop::collection::vec(0usize..2000, 0..4),
        ) {
            const MIDDLE: usize = 1000;
            let mut data = vec![0.5f32; 2 * MIDDLE];
            for nan in nans {
                data[nan] = f32::from_bits(0xffc0_0001);
            }
            let (row_stride, column_stride) = strides;
            let at = |row: usize, column: usize| {
                MIDDLE.wrapping_add_signed(row as isize * row_stride + column as isize * column_stride)
            };
            let view =
                TensorView::new(&data, MIDDLE, &[rows, columns], &[row_stride, column_stride])
                    .unwrap();
            let expected = (0..rows)
                .flat_map(|row| (0..columns).map(move |column| (row, column)))
                .find(|&(row, column)| data[at(row, column)].is_nan());
            prop_assert_eq!(first_nan(&view), expected);
        }

        #[test]
        fn the_first_of_many_is_found(len in 1usize..9000, nan in 0usize..9000) {
            let mut data = vec![0.0f64; len];
            if let Some(number) = data.get_mut(nan) {
                *number = f64::NAN;
            }
            let view = TensorView::contiguous(&data, &[len, 1]).unwrap();
            prop_assert_eq!(first_nan(&view), (nan < len).then_some((nan, 0)));
        }
    }
}
