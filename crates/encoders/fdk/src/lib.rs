//! An AAC encoder (ISO/IEC 14496-3) that uses the Fraunhofer FDK AAC library, built from its C++
//! sources. Supports AAC-LC, HE-AAC, HE-AAC v2, AAC-LD and AAC-ELD.
//!
//! The library's license grants no patent rights and differs from common free software licenses:
//! read it before you ship a build with this crate. Packets are raw access units; the
//! AudioSpecificConfig is in the parameters' record.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod encoder;
mod library;

use reelwright_core::{
    AudioEncoderInfo, Backing, ChannelLayouts, CodecConfigField, CodecId, EncoderInfo,
    SampleFormat, SampleRates,
};

/// The `libfdk_aac` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("libfdk_aac", "Fraunhofer FDK AAC", CodecId::Aac)
        .backing(Backing::Binding { library: "FDK AAC", license: "FDK-AAC" })
        .options(config::OPTIONS)
        .config(&[CodecConfigField::BitRate, CodecConfigField::Qscale]),
    &encoder::FdkEncoder::open,
)
.sample_formats(&[SampleFormat::S16])
.sample_rates(SampleRates::List(&[
    8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000,
]))
.layouts(ChannelLayouts::List(config::LAYOUTS));
