//! AAC of more than two channels and HE-AAC for symphonia, whose own decoder takes neither.

use symphonia::core::audio::{
    AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;

use crate::aac_config::AacConfig;
use crate::channels::Order;
use syom::{ChannelMode, DecodeOptions, Decoder};

/// Samples of each channel in the longest packet: two halves of a frame whose rate is doubled.
const MAX_SAMPLES: usize = 2048;

/// An AAC decoder (ISO/IEC 14496-3): LC, HE and HE version 2, up to 5.1.
pub(crate) struct Aac {
    parameters: AudioCodecParameters,
    decoder: Decoder,
    /// Index of each decoded channel in the buffer, where it is another one.
    order: Option<Order>,
    buffer: AudioBuffer<f32>,
}

impl Aac {
    fn new(parameters: &AudioCodecParameters) -> Result<Self> {
        let config = parameters.extra_data.as_deref();
        let config = config.ok_or(Error::Unsupported("aac: without an AudioSpecificConfig"))?;
        let options = DecodeOptions::unbounded().with_channel_mode(ChannelMode::Split);
        let decoder = Decoder::from_asc(config, options)
            .map_err(|_| Error::Unsupported("aac: this profile, or these channels"))?;
        let channels = parameters.channels.clone().ok_or(Error::Unsupported("aac: channels"))?;
        // Packets may say otherwise.
        let rate = parameters.sample_rate.unwrap_or(48_000);
        let buffer = AudioBuffer::new(AudioSpec::new(rate, channels), MAX_SAMPLES);
        let order = AacConfig::new(config).and_then(|config| config.order);
        Ok(Self { parameters: parameters.clone(), decoder, order, buffer })
    }

    fn decode(&mut self, packet: &PacketRef<'_>) -> Result<()> {
        let (buffer, order) = (&mut self.buffer, self.order);
        buffer.clear();
        let mut misfit = false;
        let decoded = self.decoder.decode_au(packet.data, |frame| {
            let channels = buffer.spec().channels().clone();
            if frame.planar.len() != channels.count() || frame.samples > MAX_SAMPLES {
                misfit = true;
                return Ok(());
            }
            if buffer.spec().rate() != frame.sample_rate {
                *buffer =
                    AudioBuffer::new(AudioSpec::new(frame.sample_rate, channels), MAX_SAMPLES);
            }
            buffer.render_silence(Some(frame.samples));
            for (channel, from) in frame.planar.iter().enumerate() {
                let ours = order.map_or(channel, |order| order[channel].into());
                if let Some(plane) = buffer.plane_mut(ours) {
                    plane.copy_from_slice(&from[..frame.samples]);
                }
            }
            Ok(())
        });
        decoded.map_err(|_| Error::DecodeError("aac: malformed packet"))?;
        if misfit {
            return Err(Error::DecodeError("aac: other channels than the stream says"));
        }
        Ok(())
    }
}

impl AudioDecoder for Aac {
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

impl RegisterableAudioDecoder for Aac {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        _: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        Ok(Box::new(Self::new(parameters)?))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        const INFO: CodecInfo =
            CodecInfo { short_name: "aac", long_name: "Advanced Audio Coding", profiles: &[] };
        &[SupportedAudioCodec { id: CODEC_ID_AAC, info: INFO }]
    }
}
