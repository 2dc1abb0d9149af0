//! The coder: pictures of 4:2:0 in, NAL units out (ITU-T H.264). Progressive, 8 bits, one reference
//! picture, no B-pictures.
//!
//! All arithmetic is in integers: the bytes are the same on every machine.

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
mod lanes;
mod macroblock;
mod motion;
mod nal;
mod parameter_sets;
mod picture;
mod residual;
mod slice;
mod syntax;
#[cfg(test)]
mod tests;
mod transform;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86;

pub(crate) use encoder::{Encoder, Planes};
