//! `toy_delta`: stores the difference of each sample from the previous one of its channel.
//!
//! A difference is one byte, or 128 (as -128) and the sample, little-endian. A packet starts from
//! 0, so that decoding can start at any packet.

use reelwright::{
    AudioEncoder, AudioEncoderInfo, AudioEncoderRequest, AudioFrame, AudioParameters, CodecId,
    CodecRecord, CustomCodec, EncoderInfo, Error, MediaKind, MediaParameters, OptionInfo, Options,
    PacketClock, PacketQueue, Result, SampleFormat, StreamParameters, TimeBase,
};

static DELTA: CustomCodec = CustomCodec::new("toy_delta", MediaKind::Audio).lossless();

/// The codec.
pub const CODEC: CodecId = CodecId::Custom(&DELTA);

const BLOCK: OptionInfo =
    OptionInfo::int("block", (16, 65_536), Some(1024), "samples of each channel in a packet");

/// The encoder.
pub static ENCODER: AudioEncoderInfo = AudioEncoderInfo::new(
    EncoderInfo::new("toy_delta", "Differences of 16-bit samples", CODEC).options(&[BLOCK]),
    &open,
)
.sample_formats(&[SampleFormat::S16]);

/// Marker before a sample whose difference does not fit in one byte.
const ESCAPE: u8 = 128;

fn open(request: &AudioEncoderRequest, options: &mut Options) -> Result<Box<dyn AudioEncoder>> {
    let block = options.take_int(&BLOCK)?.unwrap_or_default() as usize;
    let parameters = StreamParameters::new(
        CODEC,
        TimeBase::from_sample_rate(request.format.sample_rate)?,
        MediaParameters::Audio(
            AudioParameters::new(request.format).bits_per_sample(16).frame_size(Some(block)),
        ),
    )
    .record(CodecRecord::Raw((block as u32).to_le_bytes().to_vec()));
    let channels = request.format.layout.channels();
    Ok(Box::new(Delta { parameters, block, last: vec![0; channels], clock: PacketClock::new(0) }))
}

struct Delta {
    parameters: StreamParameters,
    block: usize,
    /// Previous sample of each channel.
    last: Vec<i16>,
    clock: PacketClock,
}

impl AudioEncoder for Delta {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(self.block)
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(SampleFormat::S16, self.last.len())?;
        let samples = frame
            .interleaved::<i16>()
            .ok_or_else(|| Error::chunk("The samples must be 16-bit."))?;
        self.clock.receive(frame.samples());
        self.last.fill(0);
        let packet = packets.push();
        for all in samples.chunks_exact(self.last.len()) {
            for (last, &sample) in self.last.iter_mut().zip(all) {
                match i8::try_from(i32::from(sample) - i32::from(*last)) {
                    Ok(difference) if difference != i8::MIN => {
                        packet.data.push(difference.cast_unsigned());
                    }
                    _ => {
                        packet.data.push(ESCAPE);
                        packet.data.extend(sample.to_le_bytes());
                    }
                }
                *last = sample;
            }
        }
        self.clock.set_times(packet, frame.samples() as u32);
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        Ok(())
    }
}

/// Decodes a packet to interleaved samples. Returns `None` if it is damaged.
pub fn decode(packet: &[u8], channels: usize) -> Option<Vec<i16>> {
    let mut last = vec![0i16; channels];
    let (mut samples, mut bytes) = (Vec::new(), packet.iter().copied());
    while let Some(byte) = bytes.next() {
        let last = &mut last[samples.len() % channels];
        *last = match byte {
            ESCAPE => i16::from_le_bytes([bytes.next()?, bytes.next()?]),
            difference => last.checked_add(difference.cast_signed().into())?,
        };
        samples.push(*last);
    }
    samples.len().is_multiple_of(channels).then_some(samples)
}
