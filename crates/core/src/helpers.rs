//! Code that encoders and muxers share.

pub mod bits;
mod extrapolate;
pub mod itunes;
pub mod single_stream;
#[cfg(feature = "spool")]
mod spool;
pub mod timed_text;
mod vorbis_comment;
mod webvtt;

pub use extrapolate::extrapolate_backwards;
#[cfg(feature = "spool")]
pub use spool::Spool;
pub use vorbis_comment::VorbisComment;
pub use webvtt::WebVttCue;

pub use crate::audio_frame::clamp_sample;
pub use crate::error::list;
pub use crate::rational::MAX_TERM;
