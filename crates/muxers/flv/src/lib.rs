//! An FLV muxer for Reelwright.
//!
//! Tags follow Adobe's *Flash Video File Format Specification* 10.1 and *Enhanced RTMP* (version
//! 2), metadata follows *Action Message Format* (AMF 0).
//!
//! **Codecs.** The first video stream is written in Adobe's tags if it is H.264, and the first audio
//! stream if it is AAC, PCM, G.711 or MP3 at a rate that these tags can store. Other codecs, other
//! rates and further streams of the same kind are written in enhanced tags, which state a FourCC
//! and, from the second stream of a kind on, a track number.
//!
//! **Time.** Tags have milliseconds, each rounded from the exact time of its packet. If the first
//! packet has a negative dts, because of priming or reordered frames, all streams are later by the
//! same number of milliseconds. Packets of a stream that begins after others cannot be before time 0:
//! the first tags of its priming have time 0. The field is a signed 32-bit number, so a file ends at
//! 24.8 days with an error. (FFmpeg starts again at 0 there.) FLV cannot store the padding at the
//! end of audio. `audiodelay` of the metadata states the priming at its start.
//!
//! **Metadata** is a script tag, `onMetaData`. If the output is seekable, `flush` and the end of the
//! file patch its duration and size. Otherwise it has neither.
//!
//! **Index.** `add_keyframe_index` reserves the space of 1024 keyframes before the media. A
//! longer file keeps every second, fourth, … keyframe, so the index always covers the whole file.
//! An empty script tag, `filler`, occupies the unused space.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod amf;
mod index;
mod metadata;
mod muxer;
mod options;
mod tag;
mod track;

use reelwright_core::{CodecId, MuxerInfo};

use crate::muxer::Flv;
use crate::options::{FLVFLAGS, Flags};

/// Maximum number of streams. Track numbers have 8 bits, for each kind of stream.
const MAX_STREAMS: usize = 256;

/// The `flv` muxer.
pub static MUXER: MuxerInfo = MuxerInfo::new("flv", "FLV (Flash Video)", &|options| {
    Ok(Box::new(Flv::new(Flags::take(options)?)))
})
.extensions(&["flv"])
.mime_type("video/x-flv")
.audio_codecs(track::AUDIO_CODECS)
.video_codecs(&[CodecId::H264, CodecId::Av1])
.max_streams(MAX_STREAMS)
.variable_frame_rate(true)
.audio_gaps(true)
.options(&[FLVFLAGS]);
