//! WAV, RF64 and W64 muxers for Reelwright.
//!
//! `wav` follows Microsoft's *Multimedia Programming Interface and Data Specifications 1.0* (RIFF,
//! the `fmt `, `fact` and `data` chunks, LIST/INFO), its *Multiple Channel Audio Data and WAVE
//! Files* (`WAVE_FORMAT_EXTENSIBLE`) and EBU Tech 3306 (RF64). `w64` follows Sony's *Wave64*
//! description, as FFmpeg and libsndfile read it.
//!
//! | output | lengths in the file |
//! |---|---|
//! | seekable | written by `flush` and `finish` |
//! | not seekable | "open": players take everything up to the end of the file as sound |
//!
//! The `fact` chunk has the number of samples without what fills up the last block of ADPCM.
//!
//! Metadata becomes LIST/INFO in front of the sound (in W64, a summary list). What has no INFO
//! id is left out: INFO has no place for free keys.

mod fmt_chunk;
mod info;
mod riff;
mod sound;
mod w64;

use reelwright_core::{MuxerInfo, OptionInfo};

use crate::riff::{Rf64, Wav};
use crate::sound::CODECS;
use crate::w64::Wave64;

/// `wav`'s option `rf64`.
const RF64: OptionInfo = OptionInfo::choice(
    "rf64",
    &[
        ("auto", "leave room for 64-bit lengths, and use it for a file past 4 GiB"),
        ("always", "write 64-bit lengths from the start"),
        ("never", "plain WAV; a seekable file ends with an error at 4 GiB"),
    ],
    "auto",
    "64-bit lengths (EBU Tech 3306)",
);

/// `wav`.
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

/// `w64`.
pub const W64: MuxerInfo =
    MuxerInfo::new("w64", "Sony Wave64", &|_| Ok(Box::new(Wave64::default())))
        .extensions(&["w64"])
        .audio_codecs(CODECS);

/// Every muxer of this crate.
pub static MUXERS: &[MuxerInfo] = &[WAV, W64];
