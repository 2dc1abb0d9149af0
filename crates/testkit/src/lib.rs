//! What the tests of Reelwright's crates share; no part of the product.
//!
//! [`signal`] makes samples, [`encoding`] runs an encoder over them, [`pictures`] does both for
//! video, [`footage`] has natural video, [`lossy`] measures what lossy audio codecs keep, [`levels`] are a machine's SIMD,
//! [`output`] misbehaves like the outputs of real life, [`muxing`] runs a muxer over packets, [`pcm_muxer`] holds what every muxer of PCM must do, and
//! [`decode`] and [`program`] ask decoders and programs that nobody here wrote. Everything here panics where it
//! finds something wrong: it is for tests.

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
pub mod pictures;
pub mod program;
pub mod signal;
