//! Checks that muxers of exactly one stream share.

use crate::{
    ChannelLayout, CodecId, CodecRecord, Error, Packet, Result, StreamParameters, VideoParameters,
    error::list,
};

/// Returns the only stream of `streams`.
///
/// # Errors
/// There is not exactly one stream.
pub fn only<'a>(container: &str, streams: &'a [StreamParameters]) -> Result<&'a StreamParameters> {
    match streams {
        [stream] => Ok(stream),
        _ => Err(Error::unsupported(format!(
            "{container} supports exactly one stream. Found: {}",
            streams.len()
        ))),
    }
}

/// Checks that a packet belongs to the only stream.
///
/// # Errors
/// The packet is not of stream 0.
pub fn check(packet: &Packet) -> Result<()> {
    if packet.stream == 0 {
        return Ok(());
    }
    Err(Error::argument(format!(
        "A packet must be of stream 0, the only one. Found: {}",
        packet.stream
    )))
}

/// Returns the error of a muxer's `write`, `flush` or `finish` without `start`.
pub fn not_started(container: &str) -> Error {
    Error::state(format!("{container}: call start before packets, and finish after the last one"))
}

/// Returns the only stream of `streams`, which must be video with one of `codecs`.
///
/// # Errors
/// The stream is not video, has another codec, or is not the only one.
pub fn video<'a>(
    container: &str,
    streams: &'a [StreamParameters],
    codecs: &[CodecId],
) -> Result<&'a VideoParameters> {
    let stream = only(container, streams)?;
    match stream.video() {
        Some(video) if codecs.contains(&stream.codec) => Ok(video),
        _ => Err(Error::unsupported(format!(
            "{container} does not support {}. Supported values are {}.",
            stream.codec,
            list(codecs)
        ))
        .in_stream(0)),
    }
}

/// Single stream of a container whose packets consist of blocks of the same size: one sample per
/// channel in PCM, more in ADPCM.
#[derive(Debug, Clone, Copy)]
pub struct BlockStream {
    /// Codec of the samples.
    pub codec: CodecId,
    /// Sample rate in Hz, at least 1.
    pub sample_rate: u32,
    /// Channel layout.
    pub layout: ChannelLayout,
    /// Bits per encoded sample and channel.
    pub bits_per_sample: u32,
    /// Bytes per block.
    pub block_size: usize,
    /// Samples per channel in a block.
    pub samples_per_block: u16,
}

impl BlockStream {
    /// Creates the stream from the only one of `streams`.
    ///
    /// # Errors
    /// There is not exactly one stream, its codec is not one of `codecs` (PCM, ADPCM and G.722), or
    /// its sample rate is 0.
    pub fn new(container: &str, streams: &[StreamParameters], codecs: &[CodecId]) -> Result<Self> {
        let stream = only(container, streams)?;
        Self::of(container, stream, codecs).map_err(|error| error.in_stream(0))
    }

    fn of(container: &str, stream: &StreamParameters, codecs: &[CodecId]) -> Result<Self> {
        let codec = stream.codec;
        let (Some(audio), true) = (stream.audio(), codecs.contains(&codec)) else {
            return Err(Error::unsupported(format!(
                "{container} does not support {codec}. Supported values are {}.",
                list(codecs)
            )));
        };
        let channels = audio.format.layout.channels();
        let (bits_per_sample, block_size, samples_per_block) = match (codec, &stream.record) {
            (_, CodecRecord::Adpcm(blocks))
                if blocks.block_align > 0 && blocks.samples_per_block > 0 =>
            {
                (4, blocks.block_align.into(), blocks.samples_per_block)
            }
            (CodecId::AdpcmG722, _) if channels == 1 => (4, 1, 2),
            _ => match codec.bytes_per_sample() {
                Some(bytes) => (8 * bytes as u32, bytes * channels, 1),
                None => {
                    return Err(Error::unsupported(format!(
                        "{container} does not support {codec} with {channels} channels without the \
                         size of its blocks."
                    )));
                }
            },
        };
        let sample_rate = audio.format.sample_rate;
        if sample_rate == 0 {
            return Err(Error::unsupported(format!(
                "{container} does not support a sample rate of 0 Hz. It must be positive."
            )));
        }
        let layout = audio.format.layout;
        Ok(Self { codec, sample_rate, layout, bits_per_sample, block_size, samples_per_block })
    }

    /// Returns the number of samples per channel in `bytes`.
    pub const fn samples(&self, bytes: u64) -> u64 {
        bytes / self.block_size as u64 * self.samples_per_block as u64
    }

    /// Checks that a packet belongs to the stream and consists of complete blocks.
    ///
    /// # Errors
    /// The packet is not of stream 0, or ends within a block, which would shift the channels.
    pub fn check(&self, packet: &Packet) -> Result<()> {
        check(packet)?;
        if packet.data.len().is_multiple_of(self.block_size) {
            return Ok(());
        }
        Err(Error::chunk(format!(
            "A packet of {} must have complete samples of all channels, {} bytes each. Found: {} \
             bytes",
            self.codec,
            self.block_size,
            packet.data.len()
        ))
        .in_stream(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AdpcmBlocks, AudioFormat, AudioParameters, ErrorKind, MediaParameters, SampleFormat,
        TimeBase,
    };

    const CODECS: &[CodecId] = &[CodecId::PcmS16Le, CodecId::PcmS24Le];

    fn stream(codec: CodecId, sample_rate: u32) -> StreamParameters {
        StreamParameters::new(
            codec,
            TimeBase::from_sample_rate(8000).unwrap(),
            MediaParameters::Audio(
                AudioParameters::new(AudioFormat {
                    sample_rate,
                    layout: ChannelLayout::STEREO,
                    sample_format: SampleFormat::S32,
                })
                .bits_per_sample(24),
            ),
        )
    }

    #[test]
    fn accepts_one_supported_stream() {
        let pcm = BlockStream::new("box", &[stream(CodecId::PcmS24Le, 8000)], CODECS).unwrap();
        assert_eq!((pcm.block_size, pcm.samples(605)), (6, 100));
        let rejected = |streams: &[StreamParameters]| {
            let error = BlockStream::new("box", streams, CODECS).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            error.to_string()
        };
        let two = [stream(CodecId::PcmS24Le, 8000), stream(CodecId::PcmS24Le, 8000)];
        assert_eq!(rejected(&[]), "box supports exactly one stream. Found: 0");
        assert_eq!(rejected(&two), "box supports exactly one stream. Found: 2");
        assert_eq!(
            rejected(&[stream(CodecId::PcmU8, 8000)]),
            "Stream 0: box does not support pcm_u8. Supported values are pcm_s16le, pcm_s24le."
        );
        assert_eq!(
            rejected(&[stream(CodecId::PcmS16Le, 0)]),
            "Stream 0: box does not support a sample rate of 0 Hz. It must be positive."
        );
    }

    #[test]
    fn adpcm_has_larger_blocks() {
        let blocks = AdpcmBlocks { block_align: 1024, samples_per_block: 1012 };
        let adpcm = stream(CodecId::AdpcmMs, 8000).record(CodecRecord::Adpcm(blocks));
        let adpcm = BlockStream::new("box", &[adpcm], &[CodecId::AdpcmMs]).unwrap();
        assert_eq!((adpcm.block_size, adpcm.samples(2048), adpcm.bits_per_sample), (1024, 2024, 4));
        let without = [stream(CodecId::AdpcmMs, 8000)];
        let error = BlockStream::new("box", &without, &[CodecId::AdpcmMs]).unwrap_err();
        assert!(error.to_string().contains("the size of its blocks"), "{error}");
    }

    #[test]
    fn rejects_partial_samples_and_other_streams() {
        let pcm = BlockStream::new("box", &[stream(CodecId::PcmS24Le, 8000)], CODECS).unwrap();
        let packet = |stream, bytes| Packet { stream, data: vec![0; bytes], ..Packet::default() };
        pcm.check(&packet(0, 0)).unwrap();
        pcm.check(&packet(0, 12)).unwrap();
        assert_eq!(pcm.check(&packet(1, 12)).unwrap_err().kind(), ErrorKind::Argument);
        let ragged = pcm.check(&packet(0, 7)).unwrap_err();
        assert_eq!(ragged.kind(), ErrorKind::Chunk);
        assert!(ragged.to_string().ends_with("6 bytes each. Found: 7 bytes"), "{ragged}");
    }
}
