//! Encoding and writing of audio and video chunk by chunk, without FFmpeg: torio's
//! `StreamingMediaEncoder` in Rust.
//!
//! [`StreamingMediaEncoder`] accepts chunks of audio samples and video frames ([`TensorView`], any
//! strides) and writes a file, a pipe or a writer ([`Target`]). [`muxers`], [`audio_encoders`] and
//! [`video_encoders`] list the compiled formats and encoders with their options.
//!
//! ```
//! use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};
//!
//! let samples = [0.0f32, 0.25, -0.25, 0.5];
//! let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), "wav")?;
//! encoder.add_audio_stream(&AudioStream::new(48_000, 2))?;
//! encoder.open()?;
//! encoder.write_audio_chunk(0, &TensorView::contiguous(&samples, &[2, 2])?, None)?;
//! let wav = encoder.finish()?;
//! assert_eq!(&wav[..4], b"RIFF");
//! # Ok::<(), reelwright::Error>(())
//! ```
//!
//! torio's parameters have the same names: those of the constructor and `add_audio_stream` are the
//! arguments of [`StreamingMediaEncoder::new`] and the methods of [`AudioStream`]. The `option` of
//! `open` is an argument of [`StreamingMediaEncoder::open_with`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audio_pipeline;
mod audio_stream;
mod blocking;
mod encoder;
mod encoder_options;
mod endpoint;
mod frame_rate;
mod interleave;
mod muxer_sink;
mod nearest_pixel_format;
mod output;
mod packet_sink;
mod packet_stream;
mod registry;
mod sample_buffer;
mod schedule;
mod stream;
mod subtitle_pipeline;
mod subtitle_stream;
mod subtitle_text;
mod target;
mod tee;
mod threaded_encoder;
mod video_color;
mod video_input;
mod video_pipeline;
mod video_stream;

pub use audio_stream::AudioStream;
pub use encoder::{ChunkCursor, Erased, OPEN_OPTIONS, StreamingMediaEncoder, WriterError};
pub use encoder_options::{audio_encoder_options, video_encoder_options};
pub use packet_sink::Packets;
pub use reelwright_convert::{ResampleQuality, ScaleFilter};
pub use reelwright_core::helpers::WebVttCue;
pub use reelwright_core::*;
pub use registry::{
    Registry, RegistryEntry, audio_encoders, default_audio_encoder, default_video_encoder, muxers,
    output_devices, output_protocols, video_encoders,
};
pub use subtitle_stream::SubtitleStream;
pub use target::Target;
pub use tee::format::TEE;
pub use video_input::VideoInput;
pub use video_stream::VideoStream;
