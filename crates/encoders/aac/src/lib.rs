//! An AAC-LC encoder (ISO/IEC 14496-3, audio object type 2).
//!
//! Average, constant and variable bit rates, a psychoacoustic model, block switching and mid/side
//! stereo. Packets are raw access units of 1024 samples; the AudioSpecificConfig is in the
//! parameters' record. Samples beyond ±1 are clamped. The bytes depend on the samples and the
//! options alone, not on the processor.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bands;
mod config;
mod element;
mod encoder;
mod huffman;
mod huffman_codes;
mod layout;
mod mdct;
mod psycho;
mod quantizer;
mod rate;
mod stream;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayouts, CodecConfigField, CodecId, EncoderInfo, SampleFormat,
    SampleRates,
};

/// The `aac` encoder.
///
/// With `bit_rate`, the encoder meets that average. The option `cbr` also keeps the rate within the
/// limits of a decoder's buffer. `qscale` selects a constant quality from 0 (smallest) to 10
/// (best).
///
/// The encoder has 1024 samples of priming.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("aac", "AAC (Advanced Audio Coding)", CodecId::Aac)
        .aliases(&["libfdk_aac"])
        .options(config::OPTIONS)
        .config(&[CodecConfigField::BitRate, CodecConfigField::Qscale]),
    &encoder::AacEncoder::open,
)
.sample_formats(&[SampleFormat::Fltp])
.sample_rates(SampleRates::List(&[
    8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000,
]))
.layouts(ChannelLayouts::List(config::LAYOUTS));
