//! The encoder: frames of 1024 samples in, access units out.

use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFrame, AudioParameters, AudioSpecificConfig, CodecId,
    CodecRecord, Error, MediaParameters, Options, PacketClock, PacketQueue, Result, SampleFormat,
    StreamParameters, TimeBase, clamp_sample,
};

use crate::config::{LAYOUTS, config};

/// Samples of each channel in an access unit.
const FRAME_SIZE: usize = 1024;

/// What a decoder brings before the first sample: the first half of a window.
const DELAY: u32 = 1024;

/// AAC-LC's audio object type.
const LC: u8 = 2;

pub(crate) struct AacEncoder {
    parameters: StreamParameters,
    encoder: syom::Encoder,
    channels: usize,
    /// A frame's samples, clamped; planes of [`FRAME_SIZE`].
    planes: Vec<f32>,
    clock: PacketClock,
}

impl AacEncoder {
    pub(crate) fn open(
        request: &AudioEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
        let AudioEncoderRequest { sample_format, sample_rate, layout, .. } = *request;
        let channels = layout.channels();
        let Some(index) = LAYOUTS.iter().position(|known| *known == layout) else {
            return Err(Error::unsupported(format!("aac does not support {layout}.")));
        };
        let (config, bit_rate) = config(request, options)?;
        let encoder = syom::Encoder::new(sample_rate, channels, &config).map_err(failed)?;
        let record = AudioSpecificConfig {
            bytes: encoder.asc().to_vec(),
            object_type: LC,
            core_sample_rate: sample_rate,
            channel_configuration: index as u8 + 1,
        };
        let parameters = StreamParameters {
            time_base: TimeBase::of_sample_rate(sample_rate)?,
            codec: CodecId::Aac,
            record: CodecRecord::Aac(record),
            bit_rate,
            media: MediaParameters::Audio(AudioParameters {
                sample_rate,
                layout,
                sample_format,
                bits_per_sample: 16,
                frame_size: Some(FRAME_SIZE),
            }),
        };
        Ok(Box::new(Self {
            parameters,
            encoder,
            channels,
            planes: vec![0.0; channels * FRAME_SIZE],
            clock: PacketClock::new(DELAY),
        }))
    }
}

impl AudioEncoder for AacEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(FRAME_SIZE)
    }

    fn encode(&mut self, frame: &AudioFrame<'_>, packets: &mut PacketQueue) -> Result<()> {
        frame.expect(SampleFormat::Fltp, self.channels)?;
        let samples = frame.samples();
        if samples > FRAME_SIZE {
            return Err(Error::chunk(format!(
                "Expected at most {FRAME_SIZE} samples in a frame. Found: {samples}"
            )));
        }
        for (c, plane) in self.planes.chunks_exact_mut(FRAME_SIZE).enumerate() {
            let from = frame.plane::<f32>(c).expect("the format was checked");
            for (to, from) in plane.iter_mut().zip(from) {
                // The crate refuses what is beyond.
                *to = clamp_sample(*from);
            }
        }
        let mut planes: [&[f32]; 8] = [&[]; 8];
        for (to, plane) in planes.iter_mut().zip(self.planes.chunks_exact(FRAME_SIZE)) {
            *to = &plane[..samples];
        }
        self.clock.receive(samples);
        let Self { encoder, clock, .. } = self;
        encoder
            .feed(&planes[..self.channels], |unit| {
                push(unit.payload, clock, packets);
                Ok(())
            })
            .map_err(failed)?;
        Ok(())
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        if self.clock.received() == 0 {
            return Ok(());
        }
        let Self { encoder, clock, .. } = self;
        encoder
            .finish(|unit| {
                push(unit.payload, clock, packets);
                Ok(())
            })
            .map_err(failed)?;
        Ok(())
    }
}

fn push(unit: &[u8], clock: &mut PacketClock, packets: &mut PacketQueue) {
    let packet = packets.push();
    packet.data.extend_from_slice(unit);
    clock.stamp(packet, FRAME_SIZE as u32);
}

fn failed(error: syom::AacError) -> Error {
    Error::unsupported(format!("aac: {error}"))
}
