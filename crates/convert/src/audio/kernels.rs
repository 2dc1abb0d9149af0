//! Inner loops of audio conversion, compiled once for each [`Level`].
//!
//! They are plain loops that compilers vectorize.

use super::sample::{Mix, Sample};
use crate::level::{Level, kernels};

kernels! {
    /// Converts each sample of `from`.
    fn convert<S: Sample, D: Sample>(from: &[S], to: &mut [D]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = D::from_sample(*from);
        }
    }

    /// Converts interleaved pairs to two planes.
    fn split_stereo<S: Sample, D: Sample>(from: &[[S; 2]], left: &mut [D], right: &mut [D]) {
        for ((from, left), right) in from.iter().zip(left).zip(right) {
            *left = D::from_sample(from[0]);
            *right = D::from_sample(from[1]);
        }
    }

    /// Converts two planes to interleaved pairs.
    fn join_stereo<S: Sample, D: Sample>(left: &[S], right: &[S], to: &mut [[D; 2]]) {
        for ((to, left), right) in to.iter_mut().zip(left).zip(right) {
            *to = [D::from_sample(*left), D::from_sample(*right)];
        }
    }

    /// Writes `gain` times each sample.
    fn scale<M: Mix>(gain: M, from: &[M], to: &mut [M]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = gain * *from;
        }
    }

    /// Adds `gain` times each sample.
    fn add_scaled<M: Mix>(gain: M, from: &[M], to: &mut [M]) {
        for (to, from) in to.iter_mut().zip(from) {
            *to = *to + gain * *from;
        }
    }

    /// Returns whether a number is not within ±1.
    fn any_outlier<M: Mix>(numbers: &[M]) -> bool {
        // The block size is a compromise between an early exit and the cost of the check.
        numbers.chunks(1024).any(|block| block.iter().fold(false, |any, n| any | n.is_outlier()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Debug;

    /// Random and special values of one sample type.
    trait Samples: Sample + Debug {
        fn samples(len: usize) -> Vec<Self>;
        fn same(self, other: Self) -> bool;
    }

    /// Lengths of the slices to convert; fewer in Miri, which takes seconds per kernel.
    fn lengths() -> impl Iterator<Item = usize> {
        let (all, more): (_, &[usize]) =
            if cfg!(miri) { (1..2, &[33]) } else { (0..70, &[1000, 4099]) };
        all.chain(more.iter().copied())
    }

    /// Pseudo-random numbers, the same in every run.
    fn random(i: usize) -> u64 {
        let mixed = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    macro_rules! integer {
        ($type:ty) => {
            impl Samples for $type {
                fn samples(len: usize) -> Vec<Self> {
                    (0..len)
                        .map(|i| [Self::MIN, Self::MAX, random(i) as Self, 0, 1][i * i % 7 % 5])
                        .collect()
                }

                fn same(self, other: Self) -> bool {
                    self == other
                }
            }
        };
    }

    macro_rules! float {
        ($type:ty, $bits:ty) => {
            impl Samples for $type {
                fn samples(len: usize) -> Vec<Self> {
                    let special = |i: usize| {
                        let values =
                            [0.0, 0.5, 1.0, 65_536.0, 1e9, 1e30, Self::MAX, Self::INFINITY];
                        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
                        if i % 17 == 0 { Self::NAN } else { sign * values[i % values.len()] }
                    };
                    (0..len)
                        .map(|i| match i % 4 {
                            0 => Self::from_bits(random(i) as $bits),
                            1 => special(i / 4),
                            // Near full scale, and halfway between two samples.
                            2 => (random(i) as i64 as Self) / 9e18 * 1.1,
                            _ => (random(i) as i16 as Self + 0.5) / 32_768.0,
                        })
                        .collect()
                }

                fn same(self, other: Self) -> bool {
                    self.to_bits() == other.to_bits() || (self.is_nan() && other.is_nan())
                }
            }
        };
    }

    integer!(u8);
    integer!(i16);
    integer!(i32);
    integer!(i64);
    float!(f32, u32);
    float!(f64, u64);

    fn check<T: Samples>(level: Level, found: &[T], expected: &[T]) {
        for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(found.same(*expected), "{level:?}, {i}: {found:?} and not {expected:?}");
        }
    }

    fn check_pair<S: Samples, D: Samples>() {
        for len in lengths() {
            let from = S::samples(2 * len);
            let expected: Vec<D> = from.iter().map(|v| D::from_sample(*v)).collect();
            let (pairs, (first, second)) = (from.as_chunks().0, from.split_at(len));
            let mut to = vec![D::SILENCE; 2 * len];
            for level in Level::available() {
                convert(level, &from, &mut to);
                check(level, &to, &expected);

                let (left, right) = to.split_at_mut(len);
                split_stereo(level, pairs, left, right);
                let [even, odd] = [0, 1].map(|start| {
                    expected.iter().copied().skip(start).step_by(2).collect::<Vec<D>>()
                });
                check(level, left, &even);
                check(level, right, &odd);

                join_stereo(level, first, second, to.as_chunks_mut().0);
                let joined: Vec<D> = (0..2 * len).map(|i| expected[i % 2 * len + i / 2]).collect();
                check(level, &to, &joined);
            }
        }
    }

    fn check_all_from<S: Samples>() {
        check_pair::<S, u8>();
        check_pair::<S, i16>();
        check_pair::<S, i32>();
        check_pair::<S, i64>();
        check_pair::<S, f32>();
        check_pair::<S, f64>();
    }

    #[test]
    fn all_levels_convert_equally() {
        check_all_from::<u8>();
        check_all_from::<i16>();
        check_all_from::<i32>();
        check_all_from::<i64>();
        check_all_from::<f32>();
        check_all_from::<f64>();
    }

    fn check_mixing<M: Mix + Samples>(gain: M) {
        for len in lengths() {
            let (from, start) = (M::samples(len), M::samples(2 * len).split_off(len));
            let [portable, ..] = Level::available()[..] else { unreachable!() };
            let (mut scaled, mut sum) = (start.clone(), start.clone());
            scale(portable, gain, &from, &mut scaled);
            add_scaled(portable, gain, &from, &mut sum);
            for level in Level::available() {
                let mut to = start.clone();
                scale(level, gain, &from, &mut to);
                check(level, &to, &scaled);
                to.copy_from_slice(&start);
                add_scaled(level, gain, &from, &mut to);
                check(level, &to, &sum);
                assert_eq!(any_outlier(level, &from), from.iter().any(|v| v.is_outlier()));
            }
        }
    }

    #[test]
    fn all_levels_mix_equally() {
        check_mixing(0.7f32);
        check_mixing(0.7f64);
    }
}
