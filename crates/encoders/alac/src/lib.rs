//! An ALAC encoder (Apple Lossless). Each block of 4096 samples becomes a packet.
//!
//! Uses adaptive linear prediction, mid/side stereo and adaptive Golomb coding, for 16, 20, 24 and
//! 32 bits per sample and 1 to 8 channels. Apple's published decoder is the specification.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod encoder;
mod golomb;
mod packet;
mod predictor;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayouts, CodecConfigField, CodecId, EncoderInfo, SampleFormat,
    SampleRates,
};

/// The `alac` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("alac", "ALAC (Apple Lossless Audio Codec)", CodecId::Alac)
        .options(config::OPTIONS)
        .config(&[CodecConfigField::CompressionLevel]),
    &encoder::AlacEncoder::open,
)
.sample_formats(&[SampleFormat::S32p, SampleFormat::S16p])
.sample_rates(SampleRates::UpTo(384_000))
.layouts(ChannelLayouts::List(config::LAYOUTS));
