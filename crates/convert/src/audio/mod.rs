//! Audio: sample formats, memory layouts and channels.

mod block;
mod converter;
mod kernels;
mod mixer;
mod outliers;
mod remix;
pub(crate) mod sample;
mod straight;

pub use converter::AudioConverter;
pub use outliers::{Outliers, outliers};
