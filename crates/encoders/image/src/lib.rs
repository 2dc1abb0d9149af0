//! Encoders of single pictures: each packet is a picture that stands alone.
//!
//! JPEG, PNG, BMP, PNM and WebP packets are whole files. A GIF packet is what stands between a
//! file's header and its trailer for one picture: graphic control extension, image descriptor with
//! its palette, and data; of pictures after the first only what changed is in it.

#[cfg(feature = "bmp")]
mod bmp;
#[cfg(feature = "gif")]
mod gif;
#[cfg(feature = "jpeg")]
mod jpeg;
#[cfg(feature = "gif")]
mod palette;
mod picture;
#[cfg(feature = "png")]
mod png;
#[cfg(feature = "pnm")]
mod pnm;
#[cfg(feature = "webp")]
mod webp;

use reelwright_core::VideoEncoderInfo;

/// The encoders that are compiled in.
pub static ENCODERS: &[VideoEncoderInfo] = &[
    #[cfg(feature = "jpeg")]
    jpeg::ENCODER,
    #[cfg(feature = "png")]
    png::ENCODER,
    #[cfg(feature = "gif")]
    gif::ENCODER,
    #[cfg(feature = "webp")]
    webp::ENCODER,
    #[cfg(feature = "bmp")]
    bmp::ENCODER,
    #[cfg(feature = "pnm")]
    pnm::PPM,
    #[cfg(feature = "pnm")]
    pnm::PGM,
];
