//! An MP3 encoder: MPEG-1, MPEG-2 and MPEG-2.5 Layer III (ISO/IEC 11172-3, ISO/IEC 13818-3).
//!
//! Supports constant, average and variable bit rates, a psychoacoustic model, block switching,
//! mid/side stereo and the bit reservoir. Each packet is one frame of the file. The main data of a
//! frame may begin in earlier packets. The output depends only on the samples and the options, not
//! on the processor.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod analysis;
mod bitstream;
mod config;
mod encoder;
mod fft;
mod filterbank;
mod granule;
mod huffman;
mod huffman_codes;
mod psycho;
mod quantizer;
mod rate;
mod scalefactors;
mod tables;
mod window;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayout, ChannelLayouts, CodecConfigField, CodecId, EncoderInfo,
    SampleFormat, SampleRates,
};

/// The `mp3` encoder.
///
/// With `bit_rate`, all frames have the nearest rate that the standard allows. The option `abr`
/// makes it an average. `qscale` selects a constant quality from 0 (best) to below 10; it may have
/// a fraction. `compression_level` is 0 (slowest) to 9 (fastest).
///
/// The encoder has 1105 samples of priming: its own 576, as in LAME, and 529 of every decoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("mp3", "MP3 (MPEG audio layer 3)", CodecId::Mp3)
        .aliases(&["libmp3lame"])
        .options(config::OPTIONS)
        .config(&[
            CodecConfigField::BitRate,
            CodecConfigField::CompressionLevel,
            CodecConfigField::Qscale,
        ]),
    &encoder::Mp3Encoder::open,
)
.sample_formats(&[SampleFormat::Fltp, SampleFormat::S16p, SampleFormat::S32p])
.sample_rates(SampleRates::List(&tables::SAMPLE_RATES))
.layouts(ChannelLayouts::List(&[ChannelLayout::MONO, ChannelLayout::STEREO]));
