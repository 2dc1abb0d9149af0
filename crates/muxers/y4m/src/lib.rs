//! A YUV4MPEG2 muxer for Reelwright: raw frames with their size, rate and format.
//!
//! The format is that of the mjpegtools, with FFmpeg's comments `XYSCSS` and `XCOLORRANGE`. It does
//! not support metadata, and all frames have the same duration.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod muxer;

use reelwright_core::MuxerInfo;

use crate::muxer::Y4m;

/// The `yuv4mpegpipe` muxer.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("yuv4mpegpipe", "YUV4MPEG pipe", &|_| Ok(Box::new(Y4m::default())))
        .extensions(&["y4m"])
        .video_codecs(muxer::CODECS)
        .sample_aspect_ratio(true);
