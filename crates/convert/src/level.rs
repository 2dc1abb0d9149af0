//! SIMD levels: the vector instructions that the kernels use.
//!
//! Kernels are plain loops that the compiler vectorizes, once for each level.

use fearless_simd::Level as Simd;

/// SIMD level of the kernels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level(pub(crate) Simd);

impl Level {
    /// Returns the fastest level of this machine.
    pub(crate) fn detect() -> Self {
        Self(Simd::new())
    }

    /// Returns the level without AVX-512, for loops that compilers make slower with it.
    pub(crate) fn without_avx512(self) -> Self {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512(_) => Self(self.0.as_avx2().map_or(self.0, Simd::Avx2)),
            _ => self,
        }
    }

    /// Returns the size of a vector, in bytes.
    pub(crate) fn vector_bytes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512(_) => 64,
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2(_) => 32,
            _ => 16,
        }
    }

    /// Returns every level of this machine, the portable one first.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        reelwright_testkit::levels::levels().into_iter().map(Self).collect()
    }
}

/// Defines kernels: `$name` runs its body with the instructions of a level. Parameters after a
/// semicolon are const generics.
///
/// Levels below AVX2 use the baseline code of the target. Other levels get the arguments as
/// parameters, not in a closure, so that the compiler knows that slices do not overlap.
macro_rules! kernels {
    ($(
        $(#[$doc:meta])*
        fn $name:ident<$($type:ident: $bound:ident),* $(; $($number:ident),+)?>($($arg:ident: $arg_type:ty),*) $(-> $result:ty)?
        $body:block
    )*) => {
        mod portable {
            use super::*;
            $(
                #[inline(always)]
                pub(super) fn $name<$($type: $bound,)* $($(const $number: usize),+)?>($($arg: $arg_type),*) $(-> $result)? $body
            )*
        }

        #[cfg(target_arch = "x86_64")]
        mod vector {
            use super::*;
            use fearless_simd::Simd;
            $(
                #[fearless_simd_macros::simd]
                #[inline(always)]
                pub(super) fn $name<L: Simd, $($type: $bound,)* $($(const $number: usize),+)?>(simd: L, $($arg: $arg_type),*) $(-> $result)? {
                    portable::$name::<$($type,)* $($($number),+)?>($($arg),*)
                }
            )*
        }

        $(
            $(#[$doc])*
            pub(super) fn $name<$($type: $bound,)* $($(const $number: usize),+)?>(level: Level, $($arg: $arg_type),*) $(-> $result)? {
                match level.0 {
                    #[cfg(target_arch = "x86_64")]
                    fearless_simd::Level::Avx512(simd) => vector::$name::<_, $($type,)* $($($number),+)?>(simd, $($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    fearless_simd::Level::Avx2(simd) => vector::$name::<_, $($type,)* $($($number),+)?>(simd, $($arg),*),
                    _ => portable::$name::<$($type,)* $($($number),+)?>($($arg),*),
                }
            }
        )*
    };
}

pub(crate) use kernels;
