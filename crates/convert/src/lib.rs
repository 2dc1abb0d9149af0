//! Sample formats and channel remixing for Reelwright, with SIMD.
