//! Muxers of pictures for Reelwright: files of their own, one or numbered, and the animations GIF
//! and APNG.

mod apng;
mod delay;
mod gif;
mod numbered;

use reelwright_core::{CodecId, MuxerInfo};

/// Every muxer of this crate.
pub static MUXERS: &[MuxerInfo] = &[
    MuxerInfo {
        name: "image2",
        long_name: "image2 sequence",
        extensions: &["png", "jpg", "jpeg", "bmp", "ppm", "pgm", "webp"],
        mime_type: None,
        audio_codecs: &[],
        video_codecs: numbered::CODECS,
        max_streams: 1,
        variable_frame_rate: false,
        pauses: false,
        pictures: &[
            ("png", CodecId::Png),
            ("jpg", CodecId::Mjpeg),
            ("jpeg", CodecId::Mjpeg),
            ("bmp", CodecId::Bmp),
            ("ppm", CodecId::Ppm),
            ("pgm", CodecId::Pgm),
            ("webp", CodecId::Webp),
        ],
        covers: false,
        options: numbered::OPTIONS,
        open: |options| Ok(Box::new(numbered::Numbered::new(options)?)),
    },
    MuxerInfo {
        name: "gif",
        long_name: "CompuServe Graphics Interchange Format (GIF)",
        extensions: &["gif"],
        mime_type: Some("image/gif"),
        audio_codecs: &[],
        video_codecs: &[CodecId::Gif],
        max_streams: 1,
        variable_frame_rate: true,
        pauses: false,
        pictures: &[],
        covers: false,
        options: gif::OPTIONS,
        open: |options| Ok(Box::new(gif::Gif::new(options)?)),
    },
    MuxerInfo {
        name: "apng",
        long_name: "Animated Portable Network Graphics",
        extensions: &["apng"],
        mime_type: Some("image/png"),
        audio_codecs: &[],
        video_codecs: &[CodecId::Png],
        max_streams: 1,
        variable_frame_rate: true,
        pauses: false,
        pictures: &[],
        covers: false,
        options: apng::OPTIONS,
        open: |options| Ok(Box::new(apng::Apng::new(options)?)),
    },
];
