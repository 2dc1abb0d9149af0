//! Demuxers and decoders of the `reelwright` program.
//!
//! [`Media::open`] identifies an input by its first bytes. Demuxers return packets with
//! presentation times, and decoders turn them into frames and samples. [`AudioInput`] and
//! [`VideoInput`] return these in order, trimmed by edit lists and encoder delays. `is_damaged`
//! reports damage. An input that cannot be decoded is an error that names its container, codec and
//! track.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod aac;
mod aac_config;
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
mod flv;
mod frame;
mod guard;
mod h264;
mod image_sequence;
mod image_stream;
mod interruptible;
mod matroska;
mod media;
mod mp4;
mod mpeg_audio;
mod ogg;
mod opus;
mod packet;
mod packet_input;
mod pcm;
mod source;
mod still;
mod subtitles;
mod symphonia_adapter;
mod tags;
mod test_source;
mod unit_reader;
mod video;
mod vorbis;
mod vorbis_comment;
mod y4m;

pub use audio::AudioInput;
pub use frame::Frame;
pub use image_sequence::{ImageSequence, is_sequence, sequence_files};
pub use interruptible::InterruptibleReader;
pub use media::{Media, OpenOptions, RawInput, is_still};
pub use packet::{Demuxer, Kind, Packet, Track};
pub use packet_input::PacketInput;
pub use pcm::PcmFormat;
pub use source::Source;
pub use subtitles::{SubtitleCue, SubtitleFile, plain_text};
pub use test_source::{Sine, TestSource, frame_rate, size};
pub use video::VideoInput;
