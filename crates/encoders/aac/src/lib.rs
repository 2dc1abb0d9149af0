//! An AAC-LC encoder (ISO/IEC 14496-3), around the crate `syom`.
//!
//! Packets are raw access units of 1024 samples; the AudioSpecificConfig is in the parameters'
//! record. The bit rate is an average, unless `cbr` or a quality (`qscale`) is asked for. Samples
//! beyond ±1 are clamped.

mod config;
mod encoder;

use reelwright_core::{
    AudioEncoderInfo, Backing, CodecConfigField, CodecId, EncoderInfo, Layouts, SampleFormat,
    SampleRates,
};

/// The `aac` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo {
    encoder: EncoderInfo {
        name: "aac",
        long_name: "AAC (Advanced Audio Coding)",
        aliases: &["libfdk_aac"],
        codec: CodecId::Aac,
        backing: Backing::Rust,
        options: config::OPTIONS,
        config: &[CodecConfigField::BitRate, CodecConfigField::Qscale],
    },
    sample_formats: &[SampleFormat::Fltp],
    sample_rates: SampleRates::List(&[
        8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200,
        96_000,
    ]),
    layouts: Layouts::List(config::LAYOUTS),
    open: encoder::AacEncoder::open,
};
