//! Opus for symphonia, which reads its containers but does not decode it.

use opus_pure::{OpusDecoder, OpusMSDecoder};
use reelwright_core::ChannelLayout;
use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;

/// Samples of each channel in the longest packet: 120 ms.
const MAX_SAMPLES: usize = 5760;

/// The rate of everything that is decoded.
const RATE: u32 = 48_000;

/// One stream, or several.
enum Streams {
    One(Box<OpusDecoder>),
    Several(Box<OpusMSDecoder>),
}

/// An Opus decoder (RFC 6716, with the channel mappings of RFC 7845).
pub(crate) struct Opus {
    parameters: AudioCodecParameters,
    streams: Streams,
    /// For each channel of the packets, which of ours it is.
    order: Vec<usize>,
    /// What the header has decoders multiply by.
    gain: f32,
    samples: Vec<f32>,
    buffer: AudioBuffer<f32>,
}

impl Opus {
    fn new(parameters: &AudioCodecParameters) -> Result<Self> {
        let unsupported = |_| Error::Unsupported("opus: channels");
        let channels = parameters.channels.clone().ok_or(Error::Unsupported("opus: channels"))?;
        let count = channels.count();
        let head = parameters.extra_data.as_deref().unwrap_or_default();
        let family = head.get(18).copied().unwrap_or(0);
        let gain = match head.get(16..18) {
            Some(gain) => f32::from(i16::from_le_bytes([gain[0], gain[1]])) / 256.0,
            None => 0.0,
        };
        let rate = RATE as i32;
        let streams = if count <= 2 && family == 0 {
            Streams::One(Box::new(OpusDecoder::new(rate, count).map_err(unsupported)?))
        } else {
            let decoder = OpusMSDecoder::new(rate, count, family).map_err(unsupported)?;
            Streams::Several(Box::new(decoder))
        };
        let order = ChannelLayout::of_vorbis(count).and_then(ChannelLayout::vorbis_order);
        Ok(Self {
            parameters: parameters.clone(),
            streams,
            order: order.map_or_else(|| (0..count).collect(), <[usize]>::to_vec),
            gain: 10f32.powf(gain / 20.0),
            samples: vec![0.0; MAX_SAMPLES * count],
            buffer: AudioBuffer::new(AudioSpec::new(RATE, channels), MAX_SAMPLES),
        })
    }

    fn decode(&mut self, packet: &PacketRef<'_>) -> Result<()> {
        let samples = match &mut self.streams {
            Streams::One(decoder) => decoder.decode(packet.data, MAX_SAMPLES, &mut self.samples),
            Streams::Several(decoder) => {
                decoder.decode(packet.data, MAX_SAMPLES, &mut self.samples)
            }
        };
        let samples = samples.map_err(|_| Error::DecodeError("opus: malformed packet"))?;
        self.buffer.clear();
        self.buffer.render_silence(Some(samples));
        let channels = self.order.len();
        for (c, ours) in self.order.iter().enumerate() {
            let Some(plane) = self.buffer.plane_mut(*ours) else { continue };
            for (to, from) in plane.iter_mut().zip(self.samples.iter().skip(c).step_by(channels)) {
                *to = from * self.gain;
            }
        }
        // What comes before the first sample is left out by whoever reads, for no reader of Ogg says
        // it in its packets.
        self.buffer.trim(0, packet.trim_end.get() as usize);
        Ok(())
    }
}

impl AudioDecoder for Opus {
    fn reset(&mut self) {
        if let Ok(fresh) = Self::new(&self.parameters) {
            *self = fresh;
        }
    }

    fn codec_info(&self) -> &CodecInfo {
        &Self::supported_codecs()[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        if let Err(error) = self.decode(packet) {
            self.buffer.clear();
            return Err(error);
        }
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

impl RegisterableAudioDecoder for Opus {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        _: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        Ok(Box::new(Self::new(parameters)?))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        const INFO: CodecInfo = CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] };
        &[SupportedAudioCodec { id: CODEC_ID_OPUS, info: INFO }]
    }
}
