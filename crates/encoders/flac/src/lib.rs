//! A FLAC encoder (RFC 9639). Each block of samples becomes a frame.
//!
//! Supports fixed and linear prediction, mid/side stereo, partitioned Rice coding with escapes,
//! wasted bits, 4 to 32 bits per sample, and 1 to 8 channels. The output depends only on the
//! samples and the options: not on the processor or the number of threads.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod block;
mod config;
mod crc;
mod encoder;
mod frame;
mod kernels;
mod lpc;
mod rice;
mod workers;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayouts, CodecConfigField, CodecId, EncoderInfo, SampleFormat,
    SampleRates,
};

/// The `flac` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("flac", "FLAC (Free Lossless Audio Codec)", CodecId::Flac)
        .options(config::OPTIONS)
        .config(&[CodecConfigField::CompressionLevel]),
    &encoder::FlacEncoder::open,
)
.sample_formats(&[SampleFormat::S16, SampleFormat::S32])
.sample_rates(SampleRates::UpTo((1 << 20) - 1))
.layouts(ChannelLayouts::UpTo(8));
