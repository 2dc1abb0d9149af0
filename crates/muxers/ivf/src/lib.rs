//! An IVF muxer for Reelwright: AV1 packets with their times.
//!
//! The format is that of libvpx and libaom: a header of 32 bytes, and before each packet its size
//! and time. It does not support metadata.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod muxer;

use reelwright_core::{CodecId, MuxerInfo};

use crate::muxer::Ivf;

/// The `ivf` muxer.
pub static MUXER: MuxerInfo = MuxerInfo::new("ivf", "On2 IVF", &|_| Ok(Box::new(Ivf::default())))
    .extensions(&["ivf"])
    .video_codecs(&[CodecId::Av1])
    .variable_frame_rate(true);
