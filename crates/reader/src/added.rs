//! Decoders that symphonia lacks, behind its traits.

use symphonia::core::audio::{AsGenericAudioBufferRef, AudioBuffer, GenericAudioBufferRef};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::Result;
use symphonia::core::packet::PacketRef;

/// A decoder of packets into floats.
pub(crate) trait PacketDecoder: Sized + Send + Sync + 'static {
    /// The codec, alone.
    const CODECS: &'static [SupportedAudioCodec];

    /// Opens a decoder, and a buffer for the longest packet.
    ///
    /// # Errors
    /// The configuration is malformed or not supported.
    fn new(parameters: &AudioCodecParameters) -> Result<(Self, AudioBuffer<f32>)>;

    /// Decodes a packet into the buffer, which is empty.
    ///
    /// # Errors
    /// The packet is malformed.
    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()>;
}

/// A [`PacketDecoder`] as symphonia takes it.
pub(crate) struct Added<D> {
    parameters: AudioCodecParameters,
    decoder: D,
    buffer: AudioBuffer<f32>,
}

impl<D: PacketDecoder> Added<D> {
    fn new(parameters: &AudioCodecParameters) -> Result<Self> {
        let (decoder, buffer) = D::new(parameters)?;
        Ok(Self { parameters: parameters.clone(), decoder, buffer })
    }
}

impl<D: PacketDecoder> AudioDecoder for Added<D> {
    fn reset(&mut self) {
        if let Ok(fresh) = Self::new(&self.parameters) {
            *self = fresh;
        }
    }

    fn codec_info(&self) -> &CodecInfo {
        &D::CODECS[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        if let Err(error) = self.decoder.decode(packet, &mut self.buffer) {
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

impl<D: PacketDecoder> RegisterableAudioDecoder for Added<D> {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        _: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        Ok(Box::new(Self::new(parameters)?))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        D::CODECS
    }
}
