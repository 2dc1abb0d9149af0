//! An MP3 encoder: MPEG-1, MPEG-2 and MPEG-2.5 Layer III (ISO/IEC 11172-3, ISO/IEC 13818-3).
//!
//! Constant, average and variable bit rates, a psychoacoustic model, block switching, mid/side
//! stereo and the bit reservoir. Each packet is one frame of the file: the main data that begins
//! in it may be in the packets before. The bytes depend on the samples and the options alone, not
//! on the processor.

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
    AudioEncoderInfo, ChannelLayout, CodecConfigField, CodecId, EncoderInfo, Layouts, SampleFormat,
    SampleRates,
};

/// The `mp3` encoder. `bit_rate` is the rate of every frame, the nearest that the standard
/// has; with the option `abr` an average. `qscale`, from 0 (best) to below 10, takes as many bits as that
/// quality needs; fractions count. `compression_level` is 0 (slowest) to 9 (fastest).
///
/// 1105 samples come before the first one of the input: 576 of the encoder, as LAME has it, and
/// 529 of every decoder.
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
.layouts(Layouts::List(&[ChannelLayout::MONO, ChannelLayout::STEREO]));
