//! The encoder of all codecs in this crate.

use reelwright_core::{
    AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters, Error,
    MediaParameters, Options, PacketQueue, Result, SampleFormat, StreamParameters, TimeBase,
};

use crate::bytes::{self, Write};

/// Opens the encoder for `request.codec`.
pub(crate) fn open(
    request: &AudioEncoderRequest,
    _options: &mut Options,
) -> Result<Box<dyn AudioEncoder>> {
    let AudioEncoderRequest {
        codec,
        format: AudioFormat { sample_format, sample_rate, layout },
        ..
    } = *request;
    let (Some((takes, write)), Some(bytes_per_sample)) =
        (bytes::writer(codec), codec.bytes_per_sample())
    else {
        return Err(Error::unsupported(format!("The PCM encoders do not support {codec}.")));
    };
    if sample_format.data_type() != takes || sample_format.is_planar() {
        return Err(Error::unsupported(format!(
            "{codec} does not support {sample_format} format. Supported values are; {}",
            SampleFormat::packed(takes)
        )));
    }
    let bytes_per_frame = (layout.channels() * bytes_per_sample) as u64;
    let parameters = StreamParameters::new(
        codec,
        TimeBase::from_sample_rate(sample_rate)?,
        MediaParameters::Audio(
            AudioParameters::new(AudioFormat { sample_rate, layout, sample_format })
                .bits_per_sample(8 * bytes_per_sample as u32),
        ),
    )
    .bit_rate(Some(u64::from(sample_rate) * bytes_per_frame * 8));
    Ok(Box::new(PcmEncoder { parameters, write, sample_format, channels: layout.channels() }))
}

struct PcmEncoder {
    parameters: StreamParameters,
    write: Write,
    sample_format: SampleFormat,
    channels: usize,
}

impl AudioEncoder for PcmEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        None
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(self.sample_format, self.channels)?;
        if frame.samples() == 0 {
            return Ok(());
        }
        let packet = packets.push();
        packet.pts = frame.pts();
        packet.dts = frame.pts();
        packet.duration = frame.samples() as i64;
        packet.keyframe = true;
        (self.write)(frame, &mut packet.data);
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        Ok(())
    }
}
