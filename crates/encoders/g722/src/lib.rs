//! A G.722 encoder (ITU-T G.722): 7 kHz of speech in 64 kbit/s, a byte for two samples.
//!
//! A decoder brings every sample 22 samples late, the delay of the two filter banks; no container
//! of G.722 can say so, and as everywhere the stream is as long as its input, made even.

mod band;
mod encoder;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayout, CodecId, EncoderInfo, Layouts, SampleFormat, SampleRates,
};

/// The `g722` encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("g722", "G.722 ADPCM", CodecId::AdpcmG722).aliases(&["adpcm_g722"]),
    &encoder::open,
)
.sample_formats(&[SampleFormat::S16])
.sample_rates(SampleRates::List(&[16_000]))
.layouts(Layouts::List(&[ChannelLayout::MONO]));
