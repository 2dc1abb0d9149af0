//! Shared code of the tests of Reelwright's crates. Not a part of the product.
//!
//! [`signal`] generates samples, [`encoding`] and [`video`] run encoders, [`footage`] has natural
//! video, [`lossy`] measures lossy audio codecs, [`levels`] lists the machine's SIMD levels,
//! [`output`] simulates failing outputs, [`muxing`] runs muxers, and [`pcm_muxer`] checks muxers of
//! PCM. [`decode`] and [`program`] call independent decoders and programs. All functions panic if a
//! check fails.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod decode;
pub mod encoding;
pub mod footage;
pub mod levels;
pub mod lossy;
pub mod muxing;
pub mod output;
pub mod parallel;
pub mod pcm_muxer;
pub mod program;
pub mod signal;
pub mod video;
