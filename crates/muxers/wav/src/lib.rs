//! WAV, RF64 and W64 muxers for Reelwright.
//!
//! `wav` follows Microsoft's *Multimedia Programming Interface and Data Specifications 1.0* (RIFF,
//! the `fmt `, `fact` and `data` chunks, LIST/INFO), its *Multiple Channel Audio Data and WAVE
//! Files* (`WAVE_FORMAT_EXTENSIBLE`) and EBU Tech 3306 (RF64). `w64` follows Sony's *Wave64*
//! description, as implemented by FFmpeg and libsndfile.
//!
//! | output | lengths in the file |
//! |---|---|
//! | seekable | written by `flush` and `finish` |
//! | not seekable | "open": players read audio up to the end of the file |
//!
//! The number of samples in the `fact` chunk excludes the padding of the last ADPCM block.
//!
//! Metadata becomes LIST/INFO before the audio (in W64, a summary list). INFO does not support
//! arbitrary keys, so entries without an id are dropped.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod audio;
mod fmt_chunk;
mod info;
mod riff;
mod w64;

use reelwright_core::{MuxerInfo, OptionInfo};

use crate::audio::CODECS;
use crate::riff::{Rf64, Wav};
use crate::w64::Wave64;

/// Option `rf64` of `wav`.
const RF64: OptionInfo = OptionInfo::choice(
    "rf64",
    &[
        ("auto", "reserve space for 64-bit lengths, and use it for files over 4 GiB"),
        ("always", "write 64-bit lengths from the start"),
        ("never", "plain WAV; a seekable file fails at 4 GiB"),
    ],
    "auto",
    "64-bit lengths (EBU Tech 3306)",
);

/// The `wav` muxer.
pub const WAV: MuxerInfo = MuxerInfo::new("wav", "WAV / WAVE (Waveform Audio)", &|options| {
    let rf64 = match options.take_choice(&RF64)? {
        "always" => Rf64::Always,
        "never" => Rf64::Never,
        _ => Rf64::Auto,
    };
    Ok(Box::new(Wav::new(rf64)))
})
.extensions(&["wav"])
.mime_type("audio/wav")
.audio_codecs(CODECS)
.options(&[RF64]);

/// The `w64` muxer.
pub const W64: MuxerInfo =
    MuxerInfo::new("w64", "Sony Wave64", &|_| Ok(Box::new(Wave64::default())))
        .extensions(&["w64"])
        .audio_codecs(CODECS);

/// All muxers of this crate.
pub static MUXERS: &[MuxerInfo] = &[WAV, W64];
