//! Which of the machine's vector instructions the kernels use.
//!
//! A kernel is instantiated as it is, for the instructions every machine of the target has, and
//! inside functions that may use more.

/// A set of instructions that this machine has. Only the functions here make one, which is what makes it sound to run the code compiled for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// What every machine of the target has.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW, DQ and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The fastest level of this machine.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if has_avx512() {
            return Self(Set::Avx512);
        } else if is_x86_feature_detected!("avx2") {
            return Self(Set::Avx2);
        }
        Self(Set::Baseline)
    }

    /// The same without AVX-512, for loops that compilers make slower with it.
    pub(crate) fn without_avx512(self) -> Self {
        match self.0 {
            // What has AVX-512 F has AVX2.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => Self(Set::Avx2),
            set => Self(set),
        }
    }

    /// The size of a vector, in bytes.
    pub(crate) fn vector_bytes(self) -> usize {
        match self.0 {
            Set::Baseline => 16,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => 32,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => 64,
        }
    }

    pub(crate) fn set(self) -> Set {
        self.0
    }

    /// Every level of this machine, the portable one first.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let mut levels = vec![Self(Set::Baseline)];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(is_x86_feature_detected!("avx2").then_some(Self(Set::Avx2)));
            levels.extend(has_avx512().then_some(Self(Set::Avx512)));
        }
        levels
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

/// Defines kernels: `$name` runs `$name`'s body with the instructions of a level. Parameters after
/// a semicolon are numbers.
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
        mod avx2 {
            use super::*;
            $(
                #[target_feature(enable = "avx2")]
                pub(super) fn $name<$($type: $bound,)* $($(const $number: usize),+)?>($($arg: $arg_type),*) $(-> $result)? {
                    portable::$name::<$($type,)* $($($number),+)?>($($arg),*)
                }
            )*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            use super::*;
            $(
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                pub(super) fn $name<$($type: $bound,)* $($(const $number: usize),+)?>($($arg: $arg_type),*) $(-> $result)? {
                    portable::$name::<$($type,)* $($($number),+)?>($($arg),*)
                }
            )*
        }

        $(
            $(#[$doc])*
            pub(super) fn $name<$($type: $bound,)* $($(const $number: usize),+)?>(level: Level, $($arg: $arg_type),*) $(-> $result)? {
                match level.set() {
                    $crate::level::Set::Baseline => portable::$name::<$($type,)* $($($number),+)?>($($arg),*),
                    // SAFETY: a level of AVX2 exists only where the machine has AVX2.
                    #[cfg(target_arch = "x86_64")]
                    $crate::level::Set::Avx2 => unsafe { avx2::$name::<$($type,)* $($($number),+)?>($($arg),*) },
                    // SAFETY: likewise.
                    #[cfg(target_arch = "x86_64")]
                    $crate::level::Set::Avx512 => unsafe { avx512::$name::<$($type,)* $($($number),+)?>($($arg),*) },
                }
            }
        )*
    };
}

pub(crate) use kernels;
