//! Conversion of sample formats, sample rates, channel layouts and video frames, with SIMD.
//!
//! [`AudioConverter`] converts chunks of shape (frame, channel), with any strides, to an encoder's
//! format. [`outliers`] finds NaN and samples beyond ±1 in a chunk. [`Resampler`] converts sample
//! rates, see [`resample`]. [`VideoConverter`] converts the pixel format, color space and size of
//! frames.
//!
//! # Sample formats
//!
//! The arithmetic equals that of FFmpeg's swresample without dither, bit for bit:
//!
//! | from | to | rule |
//! |---|---|---|
//! | integer | wider integer | shifted left |
//! | integer | narrower integer | shifted right, which rounds towards minus infinity |
//! | integer of n bits | float | times 2^-(n-1), in the precision of the result |
//! | float | integer of n bits | times 2^(n-1), rounded to nearest with halves to even, clipped |
//! | float | float | cast |
//!
//! `u8` is an integer of 8 bits with 128 added: silence is 128.
//!
//! The results differ where FFmpeg's depend on its implementation:
//!
//! | sample | to | FFmpeg 5.1 on x86-64 | here |
//! |---|---|---|---|
//! | 65,536 and more, infinity | `s16` | -32768 or 0, by the machine | 32767 |
//! | -131,072 and less, minus infinity | `s16` | -32768 or 0, by the machine | -32768 |
//! | 2^24 and more, infinity | `u8` | 0 or 128 | 255 |
//! | -2^25 and less, minus infinity | `u8` | 128 | 0 |
//! | 2^32 and more, infinity | `s32` | the least or the greatest `s32`, by the machine | the greatest `s32` |
//! | 1 and more, infinity | `s64` | the least `s64` | the greatest `s64` |
//! | NaN | integer | least, greatest or middle, by format and machine | silence |
//!
//! # Channels
//!
//! If the layouts of input and output differ, channels are assigned by position. Channels that the
//! output does not have are mixed into the nearest ones, with FFmpeg's default gains: -3 dB for a
//! channel that is spread over two and for surround channels in front, -6 dB for both.
//! Low-frequency and height channels are dropped if the output does not have them. For integer
//! formats all gains are scaled so that no output can exceed full scale. Floats can exceed it,
//! unless the converter is created [with normalization](AudioConverter::with_normalization), as for
//! encoders that clip.
//!
//! Samples are mixed in `f32` (`s32`, `s64` and `dbl` in `f64`) and then converted as above. FFmpeg
//! mixes `s16` with 15-bit gains and `s32` in `f32`, and does not scale gains for `s64`. It
//! converts reordered channels through a float; this crate converts them directly.
//!
//! A layout without positions can only be converted to one with the same number of channels, in the
//! same order.
//!
//! # Video
//!
//! RGB and YUV are converted by the matrices of ITU-T H.273 (BT.601, BT.709, BT.2020 with
//! non-constant luminance), in limited or full range, rounded to the nearest value. Gray has chroma
//! 128, and the error is little more than rounding. YUV with the same matrix is converted by range
//! only, and with another matrix by the product of both matrices. Gray always has full range. The
//! unused byte of `rgb0` and `bgr0` is 255, as in FFmpeg.
//!
//! Every [`PixelFormat`](reelwright_core::PixelFormat) can be converted to every other one, within
//! 1 of the exact value at the depth of the result. Alpha is straight: it is scaled like any other
//! component, and colors are not multiplied by it. Frames without alpha become opaque. Alpha that
//! the output does not have is dropped, or frames are composed over a color
//! ([`VideoConverter::over_background`]).
//!
//! For chroma subsampling, colors are averaged before rounding: with weights 1, 2, 1 around the
//! pixel of the chroma sample ([`Left`](reelwright_core::ChromaLocation::Left)), or as the mean of
//! both pixels ([`Center`](reelwright_core::ChromaLocation::Center)), and as the mean of two rows.
//!
//! Frames are scaled with a [`ScaleFilter`], rows first, with 14-bit coefficients whose sum is
//! exactly 1. Pixels at the edge are repeated beyond it. RGB to YUV is scaled after the conversion,
//! and YUV to RGB before it. Mirrored frames scale to mirrored results.
//!
//! # Speed
//!
//! The loops are plain Rust that compilers vectorize, for the target's baseline and, on x86-64, for
//! AVX2 and AVX-512. Creating a converter selects one at run time. All give bit-exact results.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod audio;
mod level;
pub mod resample;
mod video;

pub use audio::{AudioConverter, Outliers, outliers};
pub use resample::{ResampleQuality, Resampler};
pub use video::{ScaleFilter, VideoConverter};
