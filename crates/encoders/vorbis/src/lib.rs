//! A Vorbis encoder (*Vorbis I specification*) that uses libvorbis with the aoTuV tuning, built
//! from its C sources.
//!
//! `qscale` selects a constant quality from -1 to 10, `bit_rate` an average bit rate. The encoder
//! reorders channels from the layout's order to that of Vorbis. Samples beyond ±1 are clamped.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod encoder;
mod libvorbis;

use reelwright_core::{
    AudioEncoderInfo, Backing, ChannelLayout, ChannelLayouts, CodecConfigField, CodecId,
    EncoderInfo, SampleFormat, SampleRates,
};

/// The `libvorbis` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("libvorbis", "Vorbis", CodecId::Vorbis)
        .aliases(&["vorbis"])
        .backing(Backing::Binding { library: "libvorbis (aoTuV)", license: "BSD-3-Clause" })
        .config(&[CodecConfigField::BitRate, CodecConfigField::Qscale]),
    &encoder::VorbisEncoder::open,
)
.sample_formats(&[SampleFormat::Fltp])
.sample_rates(SampleRates::UpTo(192_000))
.layouts(ChannelLayouts::List(&[
    ChannelLayout::MONO,
    ChannelLayout::STEREO,
    ChannelLayout::SURROUND_3_0,
    ChannelLayout::QUAD,
    ChannelLayout::SURROUND_5_0,
    ChannelLayout::SURROUND_5_1,
    ChannelLayout::SURROUND_6_1,
    ChannelLayout::SURROUND_7_1,
]));
