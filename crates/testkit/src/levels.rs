//! SIMD levels of the machine. The output of all levels must be the same.

use fearless_simd::Level;

/// Returns all levels of this machine, the portable one first.
pub fn levels() -> Vec<Level> {
    let mut levels = vec![Level::fallback()];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        let best = Level::new();
        levels.extend(best.as_sse2().map(Level::Sse2));
        levels.extend(best.as_sse4_2().map(Level::Sse4_2));
        levels.extend(best.as_avx2().map(Level::Avx2));
    }
    levels.push(Level::new());
    levels
}
