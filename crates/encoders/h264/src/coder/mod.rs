//! The coder: takes 4:2:0 pictures and returns NAL units (ITU-T H.264). Progressive, 8 bits, one
//! reference picture, no B-pictures.
//!
//! All arithmetic is on integers, so the output is the same on every machine.

mod cabac;
mod cabac_tables;
mod cavlc;
mod cavlc_tables;
mod coefficients;
mod deblock;
mod encoder;
mod entropy;
mod interpolate;
mod intra;
mod macroblock;
mod motion;
mod nal;
mod parameter_sets;
mod picture;
mod residual;
mod simd;
mod slice;
mod syntax;
#[cfg(test)]
mod tests;
mod transform;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86;

pub(crate) use encoder::{Encoder, Planes};
