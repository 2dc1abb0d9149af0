//! A G.722 encoder (ITU-T G.722): speech of up to 7 kHz at 64 kbit/s. Each byte holds two samples.
//!
//! A decoder has a delay of 22 samples, from the two filter banks. No container of G.722 can store
//! it. The stream has the length of its input, rounded up to an even number of samples.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod band;
mod encoder;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayout, ChannelLayouts, CodecId, EncoderInfo, SampleFormat,
    SampleRates,
};

/// The `g722` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("g722", "G.722 ADPCM", CodecId::AdpcmG722).aliases(&["adpcm_g722"]),
    &encoder::open,
)
.sample_formats(&[SampleFormat::S16])
.sample_rates(SampleRates::List(&[16_000]))
.layouts(ChannelLayouts::List(&[ChannelLayout::MONO]));
