//! The loops that all time is spent in, compiled once for each [`Level`].
//!
//! They are plain loops that compilers vectorise. Each is instantiated as it is, for the
//! instructions every machine of the target has, and inside a function that may use more.

use super::level::{Level, Set};
use super::sample::{Mix, Sample};

/// Defines kernels: `$name` runs `$name`'s body with the instructions of a level.
macro_rules! kernels {
    ($(
        $(#[$doc:meta])*
        fn $name:ident<$($type:ident: $bound:ident),*>($($arg:ident: $arg_type:ty),*) $(-> $result:ty)?
        $body:block
    )*) => {
        mod portable {
            use super::*;
            $(
                #[inline(always)]
                pub(super) fn $name<$($type: $bound),*>($($arg: $arg_type),*) $(-> $result)? $body
            )*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx2 {
            use super::*;
            $(
                #[target_feature(enable = "avx2")]
                pub(super) fn $name<$($type: $bound),*>($($arg: $arg_type),*) $(-> $result)? {
                    portable::$name($($arg),*)
                }
            )*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            use super::*;
            $(
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                pub(super) fn $name<$($type: $bound),*>($($arg: $arg_type),*) $(-> $result)? {
                    portable::$name($($arg),*)
                }
            )*
        }

        $(
            $(#[$doc])*
            pub(super) fn $name<$($type: $bound),*>(level: Level, $($arg: $arg_type),*) $(-> $result)? {
                match level.set() {
                    Set::Baseline => portable::$name($($arg),*),
                    // SAFETY: a level of AVX2 exists only where the machine has AVX2.
                    #[cfg(target_arch = "x86_64")]
                    Set::Avx2 => unsafe { avx2::$name($($arg),*) },
                    // SAFETY: likewise.
                    #[cfg(target_arch = "x86_64")]
                    Set::Avx512 => unsafe { avx512::$name($($arg),*) },
                }
            }
        )*
    };
}

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

    /// Whether there is a number that does not equal itself.
    fn any_nan<M: Mix>(numbers: &[M]) -> bool {
        // The blocks are short enough to stop soon and long enough to pay for asking.
        numbers.chunks(1024).any(|block| block.iter().fold(false, |any, n| any | n.is_nan()))
    }
}
