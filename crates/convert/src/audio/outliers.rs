//! Samples that bounded formats cannot represent.

use reelwright_core::{TensorView, TypedSlice};

use super::block::Place;
use super::kernels;
use super::sample::Mix;
use crate::level::Level;

/// Values of a chunk that a format of samples within ±1 cannot represent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outliers {
    /// The (row, column) of the first NaN in row-major order.
    pub first_nan: Option<(usize, usize)>,
    /// Number of elements beyond ±1.
    pub beyond_unity: u64,
}

/// Searches a 2-D view for outliers. Integers have none.
///
/// # Panics
/// If the view does not have two dimensions.
pub fn outliers(chunk: &TensorView<'_>) -> Outliers {
    let (place, size) = Place::of(chunk);
    match chunk.data() {
        TypedSlice::F32(data) => search(Level::detect(), data, place, size),
        TypedSlice::F64(data) => search(Level::detect(), data, place, size),
        _ => Outliers::default(),
    }
}

fn search<M: Mix>(
    level: Level,
    data: &[M],
    place: Place,
    (rows, columns): (usize, usize),
) -> Outliers {
    let mut outliers = Outliers::default();
    if rows == 0 || columns == 0 || !any(level, data, place, (rows, columns)) {
        return outliers;
    }
    for row in 0..rows {
        for column in 0..columns {
            let sample = data[place.index(row, column)];
            if sample.is_nan() {
                outliers.first_nan.get_or_insert((row, column));
            } else if sample.is_outlier() {
                outliers.beyond_unity += 1;
            }
        }
    }
    outliers
}

/// Returns whether there is any outlier, searching in the order of memory.
fn any<M: Mix>(level: Level, data: &[M], place: Place, (rows, columns): (usize, usize)) -> bool {
    let mut origin = place.origin;
    // Starts at the element with the lowest address, with the smaller stride in the inner loop.
    let mut axes = [(place.row, rows), (place.column, columns)].map(|(stride, size)| {
        if stride < 0 {
            origin = origin.wrapping_add_signed(stride * (size as isize - 1));
        }
        // An axis with one element needs no stride.
        (if size == 1 { 1 } else { stride.unsigned_abs() }, size)
    });
    axes.sort_by_key(|&(stride, size)| std::cmp::Reverse((stride, size)));
    let [(outer, lines), (inner, len)] = axes;
    if inner == 1 && outer == len {
        return kernels::any_outlier(level, &data[origin..][..lines * len]);
    }
    (0..lines).map(|line| origin + line * outer).any(|start| match inner {
        1 => kernels::any_outlier(level, &data[start..][..len]),
        _ => (0..len).any(|i| data[start + i * inner].is_outlier()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_have_no_outliers() {
        let view = TensorView::contiguous(&[0i16, 1], &[1, 2]).unwrap();
        assert_eq!(outliers(&view).first_nan, None);
    }

    #[test]
    fn infinities_are_beyond_unity() {
        let data = [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -0.0];
        let view = TensorView::contiguous(&data, &[2, 2]).unwrap();
        assert_eq!(outliers(&view).first_nan, None);
    }

    proptest! {
        /// Compares with a direct search, for views with any order in memory.
        #[test]
        fn finds_the_first_nan(
            rows in 0usize..40,
            columns in 1usize..6,
            strides in prop_oneof![
                Just((5isize, 1isize)), Just((1, 40)), Just((-6, 1)), Just((-1, 40)), Just((-7, -1)),
                Just((0, 1)), Just((12, 2)), Just((1, 0)), Just((1, -40)), Just((3, -12))
            ],
            nans in prop::collection::vec(0usize..2000, 0..4),
            loud in prop::collection::vec(0usize..2000, 0..4),
        ) {
            const MIDDLE: usize = 1000;
            let mut data = vec![0.5f32; 2 * MIDDLE];
            for at in loud {
                data[at] = if at % 2 == 0 { -1.01 } else { f32::INFINITY };
            }
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
            let all = || {
                (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
            };
            let expected = Outliers {
                first_nan: all().find(|&(row, column)| data[at(row, column)].is_nan()),
                beyond_unity: all().filter(|&(r, c)| data[at(r, c)].abs() > 1.0).count() as u64,
            };
            prop_assert_eq!(outliers(&view), expected);
        }

        #[test]
        fn finds_the_first_of_many_nans(len in 1usize..9000, nan in 0usize..9000) {
            let mut data = vec![0.0f64; len];
            if let Some(number) = data.get_mut(nan) {
                *number = f64::NAN;
            }
            let view = TensorView::contiguous(&data, &[len, 1]).unwrap();
            prop_assert_eq!(outliers(&view).first_nan, (nan < len).then_some((nan, 0)));
        }
    }
}
