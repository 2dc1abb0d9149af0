//! Image encoders: each packet is one image.
//!
//! JPEG, PNG, BMP, PNM and WebP packets are complete files. A GIF packet holds the blocks of one
//! frame between a file's header and trailer: graphic control extension, image descriptor with its
//! palette, and data. GIF frames after the first contain only changed pixels.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "bmp")]
mod bmp;
#[cfg(feature = "gif")]
mod gif;
#[cfg(feature = "jpeg")]
mod jpeg;
#[cfg(feature = "gif")]
mod palette;
#[cfg(feature = "png")]
mod png;
#[cfg(feature = "pnm")]
mod pnm;
mod still;
#[cfg(feature = "webp")]
mod webp;

use reelwright_core::VideoEncoderInfo;

/// Encoders that the enabled features include.
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
