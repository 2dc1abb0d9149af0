//! Reads media files for the `reelwright` program: which tracks an input has, and their frames and
//! samples at their times.
//!
//! [`Media::open`] finds out what an input is by its first bytes. Demuxers bring packets with
//! presentation times; decoders make frames and samples of them; [`AudioInput`] and [`VideoInput`]
//! hand these out in order, cut to what edit lists and encoder delays leave. What is damaged is
//! reported by `is_damaged`, and what cannot be decoded is an error that names container, codec and
//! track.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aac;
mod aac_config;
mod added;
mod adts;
mod annexb;
mod audio;
mod av1;
mod channels;
mod chapters;
mod chunked;
mod decoded;
pub mod ffmetadata;
mod flac;
mod frame;
mod guard;
mod h264;
mod image_stream;
mod matroska;
mod media;
mod mp4;
mod mpeg_audio;
mod ogg;
mod opus;
mod packet;
mod packet_input;
mod patient;
mod pcm;
mod pictures;
mod source;
mod still;
mod subtitles;
mod tags;
mod test_source;
mod unit_reader;
mod video;
mod vorbis;
mod vorbis_comment;
mod y4m;

pub use audio::AudioInput;
pub use frame::Frame;
pub use media::{Media, OpenOptions, RawInput, is_still};
pub use packet::{Demuxer, Kind, Packet, Track};
pub use packet_input::PacketInput;
pub use patient::PatientReader;
pub use pcm::PcmFormat;
pub use pictures::{Pictures, is_sequence, sequence_files};
pub use source::Source;
pub use subtitles::{SubtitleCue, SubtitleFile, plain_text};
pub use test_source::{Sine, TestSource, frame_rate, size};
pub use video::VideoInput;
