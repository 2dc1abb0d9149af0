//! The encoder: takes frames of samples and returns packets.

use reelwright_core::{
    AlacConfig, AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters,
    CodecId, CodecRecord, Error, MediaParameters, Options, PacketClock, PacketQueue, Result,
    SampleFormat, StreamParameters, TimeBase,
};

use crate::config::Config;
use crate::golomb::RICE;
use crate::packet::{FRAME_SIZE, Packets};

pub(crate) struct AlacEncoder {
    parameters: StreamParameters,
    sample_format: SampleFormat,
    sample_rate: u32,
    bits: u32,
    /// A frame's samples, right-aligned.
    planes: Vec<Vec<i32>>,
    packets: Packets,
    clock: PacketClock,
    record: AlacConfig,
    bytes: u64,
}

impl AlacEncoder {
    pub(crate) fn open(
        request: &AudioEncoderRequest,
        options: &mut Options,
    ) -> Result<Box<dyn AudioEncoder>> {
        let AudioEncoderRequest {
            format: AudioFormat { sample_format, sample_rate, layout }, ..
        } = *request;
        let config = Config::new(request, options)?;
        let channels = layout.channels();
        let record = AlacConfig {
            frame_length: FRAME_SIZE as u32,
            bit_depth: config.bits as u8,
            rice: RICE,
            channels: channels as u8,
            max_frame_bytes: 0,
            average_bit_rate: 0,
            sample_rate,
        };
        let parameters = StreamParameters::new(
            CodecId::Alac,
            TimeBase::from_sample_rate(sample_rate)?,
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat { sample_rate, layout, sample_format })
                    .bits_per_sample(config.bits)
                    .frame_size(Some(FRAME_SIZE)),
            ),
        )
        .record(CodecRecord::Alac(record));
        Ok(Box::new(Self {
            parameters,
            sample_format,
            sample_rate,
            bits: config.bits,
            planes: vec![Vec::with_capacity(FRAME_SIZE); channels],
            packets: Packets::new(config, channels),
            clock: PacketClock::new(0),
            record,
            bytes: 0,
        }))
    }
}

impl AudioEncoder for AlacEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(FRAME_SIZE)
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(self.sample_format, self.planes.len())?;
        let samples = frame.samples();
        if samples > FRAME_SIZE {
            return Err(Error::chunk(format!(
                "Expected at most {FRAME_SIZE} samples in a frame. Found: {samples}"
            )));
        }
        if samples == 0 {
            return Ok(());
        }
        for (c, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            if let Some(samples) = frame.plane::<i16>(c) {
                plane.extend(samples.iter().map(|sample| i32::from(*sample)));
            } else {
                let samples = frame.plane::<i32>(c).expect("the format was checked");
                plane.extend(samples.iter().map(|sample| sample >> (32 - self.bits)));
            }
        }
        self.clock.receive(samples);
        let bytes = self.packets.encode(&self.planes);
        let packet = packets.push();
        packet.data.extend_from_slice(bytes);
        self.clock.set_times(packet, samples as u32);
        self.bytes += bytes.len() as u64;
        self.record.max_frame_bytes = self.record.max_frame_bytes.max(bytes.len() as u32);
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        let bits = u128::from(self.bytes) * 8 * u128::from(self.sample_rate);
        if let Some(rate) = bits.checked_div(self.clock.received() as u128) {
            self.record.average_bit_rate = u32::try_from(rate).unwrap_or(0);
            self.parameters.bit_rate = Some(rate as u64);
            self.parameters.record = CodecRecord::Alac(self.record);
        }
        Ok(())
    }
}
