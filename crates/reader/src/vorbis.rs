//! Vorbis decoder for symphonia, whose own decoder undoes channel coupling in the wrong order if
//! there are more than two channels.

use lewton::audio::{PreviousWindowRight, read_audio_packet_generic};
use lewton::header::{IdentHeader, SetupHeader, read_header_ident, read_header_setup};
use reelwright_core::ChannelLayout;
use symphonia::core::audio::{AudioBuffer, AudioMut, AudioSpec};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::codecs::registry::SupportedAudioCodec;
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;

use crate::symphonia_adapter::PacketDecoder;

/// Size of the identification header in bytes (Vorbis I §4.2.2).
const IDENTIFICATION: usize = 30;
/// Maximum number of audio frames in a packet: half of the longest block.
const MAX_SAMPLES: usize = 4096;

/// A Vorbis decoder.
pub(crate) struct Vorbis {
    identification: IdentHeader,
    setup: SetupHeader,
    window: PreviousWindowRight,
    /// Index of each decoded channel in the buffer.
    order: Vec<usize>,
}

impl PacketDecoder for Vorbis {
    const CODECS: &'static [SupportedAudioCodec] = &[SupportedAudioCodec {
        id: CODEC_ID_VORBIS,
        info: CodecInfo { short_name: "vorbis", long_name: "Vorbis", profiles: &[] },
    }];

    fn new(parameters: &AudioCodecParameters) -> Result<(Self, AudioBuffer<f32>)> {
        let malformed = Error::DecodeError("vorbis: malformed headers");
        let headers = parameters.extra_data.as_deref().unwrap_or_default();
        let Some((identification, setup)) = headers.split_at_checked(IDENTIFICATION) else {
            return Err(malformed);
        };
        let Ok(identification) = read_header_ident(identification) else { return Err(malformed) };
        let count = identification.audio_channels;
        let blocks = (identification.blocksize_0, identification.blocksize_1);
        let Ok(setup) = read_header_setup(setup, count, blocks) else { return Err(malformed) };
        let channels = parameters.channels.clone().filter(|known| known.count() == count.into());
        let channels = channels.ok_or(Error::Unsupported("vorbis: channels"))?;
        let order =
            ChannelLayout::vorbis_default(count.into()).and_then(ChannelLayout::vorbis_order);
        let spec = AudioSpec::new(identification.audio_sample_rate, channels);
        let decoder = Self {
            identification,
            setup,
            window: PreviousWindowRight::new(),
            order: order.map_or_else(|| (0..count.into()).collect(), <[usize]>::to_vec),
        };
        Ok((decoder, AudioBuffer::new(spec, MAX_SAMPLES)))
    }

    fn decode(&mut self, packet: &PacketRef<'_>, buffer: &mut AudioBuffer<f32>) -> Result<()> {
        const MALFORMED: Error = Error::DecodeError("vorbis: malformed packet");
        let (identification, setup) = (&self.identification, &self.setup);
        let planes: std::result::Result<Vec<Vec<f32>>, _> =
            read_audio_packet_generic(identification, setup, packet.data, &mut self.window);
        let planes = planes.map_err(|_| MALFORMED)?;
        let samples = planes.first().map_or(0, Vec::len);
        if samples > MAX_SAMPLES {
            return Err(MALFORMED);
        }
        buffer.render_silence(Some(samples));
        for (plane, ours) in planes.iter().zip(&self.order) {
            if let Some(to) = buffer.plane_mut(*ours) {
                to.copy_from_slice(plane);
            }
        }
        Ok(())
    }
}
