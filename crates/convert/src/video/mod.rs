//! Pictures: pixel formats, colours, chroma and size.

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
mod share;
mod taps;
mod to_yuv;
mod wide;
mod wide_kernels;

pub use converter::VideoConverter;
pub use scale_filter::ScaleFilter;
