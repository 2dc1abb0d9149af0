//! The encoder: takes samples and returns Vorbis packets.

use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters, CodecId,
    CodecRecord, Error, MediaParameters, Options, PacketQueue, Result, SampleFormat,
    StreamParameters, TimeBase, Timestamp, VorbisHeaders, helpers::clamp_sample,
};

use crate::libvorbis::{Code, RateControl, Vorbis};

/// FFmpeg's default quality.
const DEFAULT_QSCALE: f32 = 3.0;

/// Samples per call of the library. Its output depends on the sizes of its input, so all calls have
/// the same size.
const BLOCK: usize = 1024;

/// Samples of the longest block (Vorbis I §4.2.2).
const LONGEST_BLOCK: u64 = 8192;

pub(crate) struct VorbisEncoder {
    parameters: StreamParameters,
    vorbis: Vorbis,
    /// Index in the layout of each channel in Vorbis order.
    order: &'static [usize],
    /// Number of samples up to the end of the last packet.
    granule: i64,
    has_samples: bool,
}

impl VorbisEncoder {
    pub(crate) fn open(
        request: &AudioEncoderRequest,
        _options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
        let AudioEncoderRequest {
            format: AudioFormat { sample_format, sample_rate, layout },
            config,
            ..
        } = *request;
        let channels = layout.channels();
        let Some(order) = layout.vorbis_order() else {
            return Err(Error::unsupported(format!("libvorbis does not support {layout}.")));
        };
        let control = match (config.qscale, config.bit_rate) {
            (Some(qscale), _) if !(-1.0..=10.0).contains(&qscale) => {
                return Err(Error::argument(format!(
                    "libvorbis supports a qscale of -1 (smallest) to 10 (best). Found: {qscale}"
                )));
            }
            (Some(qscale), _) => RateControl::Quality(qscale / 10.0),
            (None, Some(bit_rate)) => RateControl::Average(bit_rate),
            (None, None) => RateControl::Quality(DEFAULT_QSCALE / 10.0),
        };
        let mut vorbis = Vorbis::new(sample_rate, channels, control).map_err(|code| {
            Error::unsupported(format!(
                "libvorbis does not support {channels} channels at {sample_rate} Hz with {}: \
                 {code}. Pass another bit_rate, or a qscale of -1 to 10 instead.",
                match control {
                    RateControl::Quality(quality) => format!("qscale {}", quality * 10.0),
                    RateControl::Average(bit_rate) => format!("a bit rate of {bit_rate}"),
                }
            ))
        })?;
        let [identification, setup] = vorbis.headers().map_err(failed)?;
        let parameters = StreamParameters::new(
            CodecId::Vorbis,
            TimeBase::from_sample_rate(sample_rate)?,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat { sample_rate, layout, sample_format })
                    .bits_per_sample(16),
            ),
        )
        .record(CodecRecord::Vorbis(VorbisHeaders { identification, setup }))
        .bit_rate(config.bit_rate.filter(|_| config.qscale.is_none()));
        Ok(Box::new(Self { parameters, vorbis, order, granule: 0, has_samples: false }))
    }

    fn take_packets(&mut self, packets: &mut PacketQueue) -> Result<()> {
        let Self { vorbis, granule, .. } = self;
        vorbis
            .packets(|raw| {
                let packet = packets.push();
                packet.data.extend_from_slice(raw.data);
                // The library counts played samples only: none of the first packet, and at most the
                // input's samples of the last one.
                packet.pts = Timestamp(*granule);
                packet.dts = packet.pts;
                packet.duration = (raw.granule - *granule).max(0);
                packet.keyframe = true;
                *granule = (*granule).max(raw.granule);
            })
            .map_err(failed)
    }
}

impl AudioEncoder for VorbisEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(BLOCK)
    }

    fn max_delay(&self) -> u64 {
        LONGEST_BLOCK
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(SampleFormat::Fltp, self.order.len())?;
        let samples = frame.samples();
        if samples > BLOCK {
            return Err(Error::chunk(format!(
                "Expected at most {BLOCK} samples in a frame. Found: {samples}"
            )));
        }
        if samples == 0 {
            return Ok(());
        }
        let order = self.order;
        self.vorbis
            .write(samples, |channel, to| {
                let plane = frame.plane::<f32>(order[channel]).expect("the format was checked");
                for (to, from) in to.iter_mut().zip(plane) {
                    *to = clamp_sample(*from);
                }
            })
            .map_err(failed)?;
        self.has_samples = true;
        self.take_packets(packets)
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        if !self.has_samples {
            return Ok(());
        }
        self.vorbis.finish().map_err(failed)?;
        self.take_packets(packets)
    }
}

fn failed(code: Code) -> Error {
    Error::unsupported(format!("libvorbis: {code}"))
}
