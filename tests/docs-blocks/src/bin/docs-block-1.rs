use reelwright::{
    AudioEncoder, AudioEncoderInfo, AudioEncoderRequest, AudioFrame, AudioParameters, CodecId,
    CustomCodec, EncoderInfo, Error, MediaKind, MediaParameters, Options, PacketClock, PacketQueue,
    Registry, Result, SampleFormat, StreamParameters, TimeBase,
};

static CUSTOM: CustomCodec = CustomCodec::new("bytes", MediaKind::Audio);
const CODEC: CodecId = CodecId::Custom(&CUSTOM);
static ENCODER: AudioEncoderInfo =
    AudioEncoderInfo::new(EncoderInfo::new("bytes", "The upper byte of each sample", CODEC), &open)
        .sample_formats(&[SampleFormat::S16]);

fn open(request: &AudioEncoderRequest, _: &mut Options) -> Result<Box<dyn AudioEncoder>> {
    let time_base = TimeBase::of_sample_rate(request.format.sample_rate)?;
    let media = MediaParameters::Audio(AudioParameters::new(request.format).frame_size(Some(1024)));
    let parameters = StreamParameters::new(CODEC, time_base, media);
    Ok(Box::new(Bytes { parameters, clock: PacketClock::new(0) }))
}

struct Bytes {
    parameters: StreamParameters,
    clock: PacketClock,
}

impl AudioEncoder for Bytes {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(1024)
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        let samples =
            frame.interleaved::<i16>().ok_or_else(|| Error::chunk("No 16-bit samples."))?;
        self.clock.receive(frame.samples()); // before the packets that hold them
        let packet = packets.push();
        packet.data.extend(samples.iter().map(|sample| (sample >> 8) as u8));
        self.clock.stamp(packet, frame.samples() as u32);
        Ok(())
    }

    fn finish(&mut self, _: &mut PacketQueue) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let registry = Registry::builtin().with(ENCODER.clone());
    let last = registry.audio_encoders().last();
    println!("{}", last.map_or("none", |info| info.encoder.long_name));
}
