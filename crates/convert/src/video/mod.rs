//! Video: pixel formats, color spaces, chroma subsampling and size.

mod chroma_subsample;
mod component;
mod converter;
mod group;
mod interpretation;
mod kernels;
mod matrix;
mod narrow;
mod pack;
mod scale_filter;
mod scaler;
mod taps;
mod to_yuv;
mod wide;
mod wide_kernels;

pub use converter::VideoConverter;
pub use scale_filter::ScaleFilter;
