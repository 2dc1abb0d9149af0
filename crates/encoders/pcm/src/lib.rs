//! PCM, A-law and mu-law encoders for Reelwright.
//!
//! Each frame becomes one packet with its samples as stored in a file: interleaved, in the byte
//! order of the codec. The encoders have no delay and do not round. Each codec supports only the
//! sample format of its samples, and the caller converts to it. Only `pcm_s24le` and `pcm_s24be`
//! drop bits, the lowest 8 of an `s32` sample, and A-law and mu-law compand `s16` samples (ITU-T
//! G.711).
//!
//! ```
//! use reelwright_core::{AudioEncoderRequest, AudioFormat, AudioFrame, ChannelLayout};
//! use reelwright_core::{CodecId, Options, PacketQueue, SampleFormat, Timestamp, TypedBuffer};
//!
//! let codec = CodecId::PcmS16Be;
//! let info = reelwright_enc_pcm::ENCODERS.iter().find(|info| info.encoder.codec == codec).unwrap();
//! let format = AudioFormat::new(SampleFormat::S16, 48_000, ChannelLayout::STEREO);
//! let request = AudioEncoderRequest::new(codec, format);
//! let mut encoder = info.open(&request, &mut Options::new())?;
//! let mut packets = PacketQueue::new();
//! let samples = TypedBuffer::I16(vec![1, -1, 256, -256]);
//! encoder.encode(&AudioFrame::new(request.format, samples, Timestamp(0))?, &mut packets)?;
//! assert_eq!(packets.pop().unwrap().data, [0, 1, 255, 255, 1, 0, 255, 0]);
//! # Ok::<(), reelwright_core::Error>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bytes;
mod encoder;
mod g711;

use reelwright_core::{
    AudioEncoderInfo, ChannelLayouts, CodecId, EncoderInfo, SampleFormat, SampleRates,
};

/// Descriptions and constructors of the encoders in this crate.
pub static ENCODERS: &[AudioEncoderInfo] = &[
    info(CodecId::PcmS16Le, "PCM signed 16-bit little-endian", &[SampleFormat::S16]),
    info(CodecId::PcmS16Be, "PCM signed 16-bit big-endian", &[SampleFormat::S16]),
    info(CodecId::PcmS24Le, "PCM signed 24-bit little-endian", &[SampleFormat::S32]),
    info(CodecId::PcmS24Be, "PCM signed 24-bit big-endian", &[SampleFormat::S32]),
    info(CodecId::PcmS32Le, "PCM signed 32-bit little-endian", &[SampleFormat::S32]),
    info(CodecId::PcmS32Be, "PCM signed 32-bit big-endian", &[SampleFormat::S32]),
    info(CodecId::PcmS64Le, "PCM signed 64-bit little-endian", &[SampleFormat::S64]),
    info(CodecId::PcmS64Be, "PCM signed 64-bit big-endian", &[SampleFormat::S64]),
    info(CodecId::PcmF32Le, "PCM 32-bit floating point little-endian", &[SampleFormat::Flt]),
    info(CodecId::PcmF32Be, "PCM 32-bit floating point big-endian", &[SampleFormat::Flt]),
    info(CodecId::PcmF64Le, "PCM 64-bit floating point little-endian", &[SampleFormat::Dbl]),
    info(CodecId::PcmF64Be, "PCM 64-bit floating point big-endian", &[SampleFormat::Dbl]),
    info(CodecId::PcmU8, "PCM unsigned 8-bit", &[SampleFormat::U8]),
    info(CodecId::PcmS8, "PCM signed 8-bit", &[SampleFormat::U8]),
    info(CodecId::PcmALaw, "PCM A-law / G.711 A-law", &[SampleFormat::S16]),
    info(CodecId::PcmMuLaw, "PCM mu-law / G.711 mu-law", &[SampleFormat::S16]),
];

const fn info(
    codec: CodecId,
    long_name: &'static str,
    sample_formats: &'static [SampleFormat],
) -> AudioEncoderInfo {
    AudioEncoderInfo::new(
        EncoderInfo::new(
            // A PCM encoder has the name of its codec.
            codec.name(),
            long_name,
            codec,
        ),
        &encoder::open,
    )
    .sample_formats(sample_formats)
    .sample_rates(SampleRates::UpTo(i32::MAX as u32))
    .layouts(ChannelLayouts::UpTo(u16::MAX as usize))
}
