//! Image muxers for Reelwright: single or numbered files, and the animations GIF and APNG.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod apng;
mod delay;
mod gif;
mod numbered;

use reelwright_core::{CodecId, MuxerInfo};

/// All muxers of this crate.
pub static MUXERS: &[MuxerInfo] = &[
    MuxerInfo::new("image2", "image2 sequence", &|options| {
        Ok(Box::new(numbered::Numbered::new(options)?))
    })
    .extensions(&["png", "jpg", "jpeg", "bmp", "ppm", "pgm", "webp"])
    .video_codecs(numbered::CODECS)
    .image_codecs(&[
        ("png", CodecId::Png),
        ("jpg", CodecId::Mjpeg),
        ("jpeg", CodecId::Mjpeg),
        ("bmp", CodecId::Bmp),
        ("ppm", CodecId::Ppm),
        ("pgm", CodecId::Pgm),
        ("webp", CodecId::Webp),
    ])
    .options(numbered::OPTIONS),
    MuxerInfo::new("gif", "CompuServe Graphics Interchange Format (GIF)", &|options| {
        Ok(Box::new(gif::Gif::new(options)?))
    })
    .extensions(&["gif"])
    .mime_type("image/gif")
    .video_codecs(&[CodecId::Gif])
    .variable_frame_rate(true)
    .options(gif::OPTIONS),
    MuxerInfo::new("apng", "Animated Portable Network Graphics", &|options| {
        Ok(Box::new(apng::Apng::new(options)?))
    })
    .extensions(&["apng"])
    .mime_type("image/png")
    .video_codecs(&[CodecId::Png])
    .variable_frame_rate(true)
    .options(apng::OPTIONS),
];
