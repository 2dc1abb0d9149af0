//! Decoders that symphonia lacks, as implementations of its traits.

use symphonia::core::audio::{AsGenericAudioBufferRef, AudioBuffer, GenericAudioBufferRef};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::Result;
use symphonia::core::packet::PacketRef;

/// Decoder of packets into `f32` samples.
pub(crate) trait PacketDecoder: Sized + Send + Sync + 'static {
    /// The supported codec.
    const CODECS: &'static [SupportedAudioCodec];

    /// Opens a decoder. Also returns a buffer for the longest packet.
    ///
    /// # Errors
    /// The configuration is malformed or not supported.
    fn new(parameters: &AudioCodecParameters) -> Result<(Self, AudioBuffer<f32>)>;

    /// Decodes a packet into the empty buffer.
    ///
    /// # Errors
    /// The packet is malformed.
    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()>;
}

/// Adapter of a [`PacketDecoder`] to symphonia's `AudioDecoder`.
pub(crate) struct SymphoniaAdapter<D> {
    parameters: AudioCodecParameters,
    decoder: D,
    buffer: AudioBuffer<f32>,
}

impl<D: PacketDecoder> SymphoniaAdapter<D> {
    fn new(parameters: &AudioCodecParameters) -> Result<Self> {
        let (decoder, buffer) = D::new(parameters)?;
        Ok(Self { parameters: parameters.clone(), decoder, buffer })
    }
}

impl<D: PacketDecoder> AudioDecoder for SymphoniaAdapter<D> {
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

impl<D: PacketDecoder> RegisterableAudioDecoder for SymphoniaAdapter<D> {
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
