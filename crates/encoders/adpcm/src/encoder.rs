//! The encoder of both codecs: takes a block of samples and returns a block of bytes.

use reelwright_core::{
    AdpcmBlocks, AudioEncoder, AudioEncoderRequest, AudioFormat, AudioFrame, AudioParameters,
    CodecId, CodecRecord, Error, MediaParameters, OptionInfo, Options, PacketClock, PacketQueue,
    Result, SampleFormat, StreamParameters, TimeBase,
};

use crate::{ima_wav, ms};

/// Option `block_size`.
pub(crate) const BLOCK_SIZE: OptionInfo = OptionInfo::int(
    "block_size",
    (32, 8192),
    Some(1024),
    "bytes per block, a power of two: larger blocks make smaller files and coarser seeking",
);

/// A codec and its state between blocks.
enum Codec {
    ImaWav(Vec<ima_wav::Channel>),
    Ms(Vec<ms::Channel>),
}

/// Opens the encoder for `request.codec`.
pub(crate) fn open(
    request: &AudioEncoderRequest,
    options: &mut Options,
) -> Result<Box<dyn AudioEncoder>> {
    let AudioEncoderRequest {
        codec,
        format: AudioFormat { sample_format, sample_rate, layout },
        ..
    } = *request;
    let channels = layout.channels();
    let block_size = options.take_int(&BLOCK_SIZE)?.expect("it has a default") as usize;
    if !block_size.is_power_of_two() {
        return Err(Error::option(format!(
            "Invalid value for option block_size: {block_size}. Valid values are powers of two \
             from 32 to 8192."
        )));
    }
    let (codec_state, samples_per_block) = match codec {
        CodecId::AdpcmImaWav => (
            Codec::ImaWav(vec![ima_wav::Channel::default(); channels]),
            ima_wav::samples_per_block(block_size, channels),
        ),
        CodecId::AdpcmMs => (
            Codec::Ms(vec![ms::Channel::default(); channels]),
            ms::samples_per_block(block_size, channels),
        ),
        _ => {
            return Err(Error::unsupported(format!("The ADPCM encoders do not support {codec}.")));
        }
    };
    let bit_rate = u64::from(sample_rate) * block_size as u64 * 8 / samples_per_block as u64;
    let parameters = StreamParameters::new(
        codec,
        TimeBase::from_sample_rate(sample_rate)?,
        MediaParameters::Audio(
            AudioParameters::new(AudioFormat { sample_rate, layout, sample_format })
                .bits_per_sample(4)
                .frame_size(Some(samples_per_block)),
        ),
    )
    .record(CodecRecord::Adpcm(AdpcmBlocks {
        block_align: block_size as u16,
        samples_per_block: samples_per_block as u16,
    }))
    .bit_rate(Some(bit_rate));
    Ok(Box::new(AdpcmEncoder {
        parameters,
        codec: codec_state,
        sample_format,
        channels,
        samples_per_block,
        block: vec![0; channels * samples_per_block],
        clock: PacketClock::new(0),
    }))
}

struct AdpcmEncoder {
    parameters: StreamParameters,
    codec: Codec,
    sample_format: SampleFormat,
    channels: usize,
    samples_per_block: usize,
    /// Samples of a block, in the codec's order.
    block: Vec<i16>,
    clock: PacketClock,
}

impl AudioEncoder for AdpcmEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn frame_size(&self) -> Option<usize> {
        Some(self.samples_per_block)
    }

    fn encode(&mut self, frame: &AudioFrame, packets: &mut PacketQueue) -> Result<()> {
        frame.check_format(self.sample_format, self.channels)?;
        let samples = frame.samples();
        if samples > self.samples_per_block {
            return Err(Error::chunk(format!(
                "Expected at most {} samples in a frame. Found: {samples}",
                self.samples_per_block
            )));
        }
        if samples == 0 {
            return Ok(());
        }
        self.block.fill(0);
        match frame.interleaved::<i16>() {
            Some(interleaved) => self.block[..interleaved.len()].copy_from_slice(interleaved),
            None => {
                for (c, plane) in self.block.chunks_exact_mut(self.samples_per_block).enumerate() {
                    let samples = frame.plane::<i16>(c).expect("the format was checked");
                    plane[..samples.len()].copy_from_slice(samples);
                }
            }
        }
        self.clock.receive(samples);
        let packet = packets.push();
        match &mut self.codec {
            Codec::ImaWav(channels) => ima_wav::encode(channels, &self.block, &mut packet.data),
            Codec::Ms(channels) => ms::encode(channels, &self.block, &mut packet.data),
        }
        self.clock.set_times(packet, self.samples_per_block as u32);
        Ok(())
    }

    fn finish(&mut self, _packets: &mut PacketQueue) -> Result<()> {
        Ok(())
    }
}
