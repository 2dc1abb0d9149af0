//! IMA and Microsoft ADPCM encoders: 4 bits a sample, in the blocks that WAV holds.
//!
//! Blocks are byte for byte what FFmpeg's encoders of the same names make without a trellis. The
//! last block is filled up with silence; its packet's `trim_end` says with how much.

mod encoder;
mod ima_wav;
mod ms;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayout, CodecId, EncoderInfo, Layouts, SampleFormat, SampleRates,
};

/// The description and constructor of every encoder in this crate.
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
    .layouts(Layouts::List(&[ChannelLayout::MONO, ChannelLayout::STEREO]))
}
