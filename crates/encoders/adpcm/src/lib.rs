//! IMA and Microsoft ADPCM encoders: 4 bits per sample, in WAV's block formats.
//!
//! Blocks are identical to those of FFmpeg's encoders of the same names without trellis
//! quantization. Silence fills the last block; its packet's `trim_end` is the number of added
//! samples.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod encoder;
mod ima_wav;
mod ms;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayout, ChannelLayouts, CodecId, EncoderInfo, SampleFormat,
    SampleRates,
};

/// Descriptions and constructors of the encoders in this crate.
pub static ENCODERS: &[AudioEncoderInfo] = &[
    info(CodecId::AdpcmImaWav, "ADPCM IMA WAV", &[SampleFormat::S16p]),
    info(CodecId::AdpcmMs, "ADPCM Microsoft", &[SampleFormat::S16]),
];

const fn info(
    codec: CodecId,
    long_name: &'static str,
    sample_formats: &'static [SampleFormat],
) -> AudioEncoderInfo {
    AudioEncoderInfo::new(
        EncoderInfo::new(codec.name(), long_name, codec).options(&[encoder::BLOCK_SIZE]),
        &encoder::open,
    )
    .sample_formats(sample_formats)
    .sample_rates(SampleRates::UpTo(i32::MAX as u32))
    .layouts(ChannelLayouts::List(&[ChannelLayout::MONO, ChannelLayout::STEREO]))
}
