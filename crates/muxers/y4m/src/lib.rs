//! A YUV4MPEG2 muxer for Reelwright: raw pictures that say their size, rate and format.
//!
//! The format is that of the mjpegtools, with FFmpeg's comments `XYSCSS` and `XCOLORRANGE`. There
//! is no place for metadata, and each picture is shown as long as any other.

mod muxer;

use reelwright_core::MuxerInfo;

use crate::muxer::Y4m;

/// `yuv4mpegpipe`.
pub static MUXER: MuxerInfo = MuxerInfo {
    name: "yuv4mpegpipe",
    long_name: "YUV4MPEG pipe",
    extensions: &["y4m"],
    mime_type: None,
    audio_codecs: &[],
    video_codecs: muxer::CODECS,
    max_streams: 1,
    variable_frame_rate: false,
    pauses: false,
    pictures: &[],
    covers: false,
    options: &[],
    open: |_| Ok(Box::new(Y4m::default())),
};
