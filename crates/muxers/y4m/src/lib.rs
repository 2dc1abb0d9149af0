//! A YUV4MPEG2 muxer for Reelwright: raw pictures that say their size, rate and format.
//!
//! The format is that of the mjpegtools, with FFmpeg's comments `XYSCSS` and `XCOLORRANGE`. There
//! is no place for metadata, and each picture is shown as long as any other.

mod muxer;

use reelwright_core::MuxerInfo;

use crate::muxer::Y4m;

/// `yuv4mpegpipe`.
pub static MUXER: MuxerInfo =
    MuxerInfo::new("yuv4mpegpipe", "YUV4MPEG pipe", &|_| Ok(Box::new(Y4m::default())))
        .extensions(&["y4m"])
        .video_codecs(muxer::CODECS)
        .sample_aspect_ratio(true);
