//! An Opus encoder (RFC 6716), using the crate `opus-pure`.
//!
//! Packet times have a rate of 48 kHz at any sample rate. Up to two channels use one stream
//! (mapping family 0). Up to eight use several streams in Vorbis channel order (family 1, RFC 7845
//! §5.1.1). Samples beyond ±1 are clamped.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod encoder;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayouts, CodecConfigField, CodecId, EncoderInfo, SampleFormat,
    SampleRates,
};

/// The `opus` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("opus", "Opus", CodecId::Opus)
        .aliases(&["libopus"])
        .options(config::OPTIONS)
        .config(&[CodecConfigField::BitRate, CodecConfigField::CompressionLevel]),
    &encoder::OpusEncoder::open,
)
.sample_formats(&[SampleFormat::S16, SampleFormat::Flt])
.sample_rates(SampleRates::List(&[8000, 12_000, 16_000, 24_000, 48_000]))
.layouts(ChannelLayouts::List(config::LAYOUTS));
