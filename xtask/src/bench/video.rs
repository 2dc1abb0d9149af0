//! Frame conversion, video encoders and MP4, compared with ffmpeg and, if `TORIO_PYTHON` is a Python
//! with torio, with torio.
//!
//! The time of a program is the difference between many frames and one, without its start and the
//! input that it reads in advance.

pub(super) mod av1;
pub(super) mod bit_rates;
mod clip;
pub(super) mod frames;
pub(super) mod h264;
pub(super) mod muxing;
mod own;
pub(super) mod rate_quality;
mod ssim;
mod torio;
