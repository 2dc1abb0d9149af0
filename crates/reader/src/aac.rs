//! AAC decoder for symphonia, whose own decoder supports neither HE-AAC nor more than two channels.

use symphonia::core::audio::{Audio, AudioBuffer, AudioMut, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;
use syom::{ChannelMode, DecodeOptions, Decoder};

use crate::aac_config::AacConfig;
use crate::channels::Order;
use crate::symphonia_adapter::PacketDecoder;

/// Maximum number of audio frames in a packet: a frame at twice the sample rate (HE-AAC).
const MAX_SAMPLES: usize = 2048;

/// An AAC decoder (ISO/IEC 14496-3): LC, HE and HE version 2, up to 5.1.
pub(crate) struct Aac {
    decoder: Decoder,
    /// Index of each decoded channel in the buffer, if the order differs.
    order: Option<Order>,
}

impl PacketDecoder for Aac {
    const CODECS: &'static [SupportedAudioCodec] = &[SupportedAudioCodec {
        id: CODEC_ID_AAC,
        info: CodecInfo { short_name: "aac", long_name: "Advanced Audio Coding", profiles: &[] },
    }];

    fn new(parameters: &AudioCodecParameters) -> Result<(Self, AudioBuffer<f32>)> {
        let config = parameters.extra_data.as_deref();
        let config = config.ok_or(Error::Unsupported("aac: without an AudioSpecificConfig"))?;
        let options = DecodeOptions::unbounded().with_channel_mode(ChannelMode::Split);
        let decoder = Decoder::from_asc(config, options)
            .map_err(|_| Error::Unsupported("aac: profile or channels not supported"))?;
        let channels = parameters.channels.clone().ok_or(Error::Unsupported("aac: channels"))?;
        // The packets may have another rate.
        let rate = parameters.sample_rate.unwrap_or(48_000);
        let buffer = AudioBuffer::new(AudioSpec::new(rate, channels), MAX_SAMPLES);
        let order = AacConfig::new(config).and_then(|config| config.order);
        Ok((Self { decoder, order }, buffer))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        let order = self.order;
        let mut has_wrong_format = false;
        let decoded = self.decoder.decode_au(packet.data, |frame| {
            let channels = buffer.spec().channels().clone();
            if frame.planar.len() != channels.count() || frame.samples > MAX_SAMPLES {
                has_wrong_format = true;
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
        if has_wrong_format {
            return Err(Error::DecodeError(
                "aac: number of channels or samples differs from the configuration",
            ));
        }
        Ok(())
    }
}
