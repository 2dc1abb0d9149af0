//! Sample formats, sample rates, channel remixing and pictures for Reelwright, with SIMD.
//!
//! [`AudioConverter`] turns chunks of shape (frame, channel), with any strides, into what an encoder
//! takes; [`outliers`] says where a chunk has something that is not a number. [`Resampler`] converts
//! sample rates, see [`resample`]. [`VideoConverter`] changes the format, colours and size of pictures.
//!
//! # Sample formats
//!
//! The arithmetic is that of FFmpeg's swresample without dither, sample for sample:
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
//! Where FFmpeg's result is an accident of how it computes it, there is a better one here:
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
//! Where the layouts of input and output differ, channels go where they belong, and those that the
//! output lacks are mixed into the nearest ones it has, with FFmpeg's default gains: -3 dB for a
//! channel that is spread over two and for surround channels in front, -6 dB for both. The
//! low-frequency channel and channels above the listener are left out where the output lacks
//! them. For integer formats all gains are turned down together until no output can exceed full
//! scale; floats can exceed it, unless the converter is
//! [made otherwise](AudioConverter::with_normalization), as for encoders that clip.
//!
//! Samples are mixed in `f32`, those of `s32`, `s64` and `dbl` in `f64`, and then converted as above.
//! FFmpeg mixes `s16` with gains of 15 bits, and `s32` in `f32`; it does not turn gains down for
//! `s64`; and it takes channels through a float that only change their places, where they are
//! converted directly here.
//!
//! A layout without positions can be converted only to one with as many channels, in the same
//! order.
//!
//! # Pictures
//!
//! RGB becomes YUV and back by the matrices of ITU-T H.273 (BT.601, BT.709, BT.2020 with non-constant
//! luminance), in limited or full range, rounded to nearest: grey has chroma 128, and luma or chroma
//! is off the exact value by little more than rounding. YUV of one matrix becomes YUV of the same by
//! its range alone, and of another by the product of both matrices. Gray has full range, always. The
//! unused byte of `rgb0` and `bgr0` is 255, as FFmpeg writes it.
//!
//! Every [`PixelFormat`](reelwright_core::PixelFormat) is converted to every other one, within 1 of the exact
//! value at the depth of the result. Alpha is straight: it is scaled like any other component, and colors
//! are not multiplied by it. Frames without alpha become opaque; alpha that the result does not have is
//! dropped, or frames are composed over a color
//! ([`VideoConverter::over_background`]).
//!
//! Where pixels share chroma, their colours are averaged before they are rounded: by weights of 1, 2, 1
//! about the pixel that the chroma is on ([`Left`](reelwright_core::ChromaLocation::Left)), or
//! the mean of both ([`Center`](reelwright_core::ChromaLocation::Center)), and the mean of two rows.
//!
//! Another size is filtered by [`ScaleFilter`], rows first, with coefficients of 14 bits whose sum is
//! exactly 1. Beyond its edge a picture goes on as at its edge. RGB is scaled as luma and chroma where it
//! becomes YUV, and YUV is scaled before it becomes RGB. A mirrored picture scales to the mirrored
//! result.
//!
//! # Speed
//!
//! The loops are plain Rust that compilers vectorise, compiled for the instructions every machine
//! of the target has and, on x86-64, for AVX2 and AVX-512; which ones run is decided when a
//! converter is made. The results are the same to the bit.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

pub mod audio;
mod level;
pub mod resample;
mod video;

pub use audio::{AudioConverter, Outliers, outliers};
pub use resample::{ResampleQuality, Resampler};
pub use video::{ScaleFilter, VideoConverter};
