//! An IVF muxer for Reelwright: AV1 packets with their times.
//!
//! The format is that of libvpx and libaom: a header of 32 bytes, and before each packet its size
//! and time. There is no place for metadata.

mod muxer;

use reelwright_core::{CodecId, MuxerInfo};

use crate::muxer::Ivf;

/// `ivf`.
pub static MUXER: MuxerInfo = MuxerInfo {
    name: "ivf",
    long_name: "On2 IVF",
    extensions: &["ivf"],
    mime_type: None,
    audio_codecs: &[],
    video_codecs: &[CodecId::Av1],
    max_streams: 1,
    variable_frame_rate: true,
    pauses: false,
    pictures: &[],
    covers: false,
    options: &[],
    open: |_| Ok(Box::new(Ivf::default())),
};
