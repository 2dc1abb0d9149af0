//! Sample formats and channel remixing for Reelwright, with SIMD.

pub mod audio;
pub use audio::{AudioConverter, first_nan};
