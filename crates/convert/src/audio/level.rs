//! Which of the machine's vector instructions the kernels use.

/// A set of instructions that this machine has. Only [`Level::detect`] and `Level::available` make
/// one, which is what makes it sound to run the code compiled for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
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

    pub(super) fn set(self) -> Set {
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
