//! What the headers say of the sound, checked against the size of their fields.

use reelwright_core::{ChannelLayout, CodecId, Error, Packet, Result, StreamParameters};

/// A length of 64 bits that means "up to the end of the file": more than anyone will write (8 TiB),
/// and still a position that readers, who skip over the chunk in search of the next, can seek to.
/// FFmpeg refuses larger ones in W64, and SoX in RF64.
pub(crate) const OPEN_64: u64 = 1 << 43;

/// One PCM stream that `fmt ` can describe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sound {
    pub(crate) codec: CodecId,
    pub(crate) rate: u32,
    pub(crate) layout: ChannelLayout,
    /// Bytes of one sample of one channel.
    pub(crate) sample_bytes: u16,
    /// Bytes of one sample of every channel.
    pub(crate) block_align: u16,
    /// Bytes of one second.
    pub(crate) byte_rate: u32,
}

impl Sound {
    /// The only stream of a file of `format`.
    ///
    /// # Errors
    /// There must be one stream, its codec one of [`CODECS`](crate::CODECS), and its rates must
    /// fit in their fields.
    pub(crate) fn new(format: &str, streams: &[StreamParameters]) -> Result<Self> {
        let [stream] = streams else {
            return Err(Error::unsupported(format!(
                "{format} holds exactly one stream. Found: {}",
                streams.len()
            )));
        };
        Self::of_stream(format, stream).map_err(|error| error.in_stream(0))
    }

    fn of_stream(format: &str, stream: &StreamParameters) -> Result<Self> {
        let codec = stream.codec;
        let (Some(audio), Some(bytes)) = (stream.audio(), codec.bytes_per_sample()) else {
            return Err(unsupported_codec(format, codec));
        };
        if !crate::CODECS.contains(&codec) {
            return Err(unsupported_codec(format, codec));
        }
        let (rate, channels) = (audio.sample_rate, audio.layout.channels());
        let too_wide = || {
            Error::unsupported(format!(
                "{format} cannot describe {channels} channels of {codec} at {rate} Hz: the sample \
                 rate must be positive, a sample of all channels at most {} bytes and a second at \
                 most {} bytes.",
                u16::MAX,
                u32::MAX
            ))
        };
        let block_align = u16::try_from(channels * bytes).map_err(|_| too_wide())?;
        let byte_rate = rate.checked_mul(u32::from(block_align)).ok_or_else(too_wide)?;
        if rate == 0 {
            return Err(too_wide());
        }
        Ok(Self {
            codec,
            rate,
            layout: audio.layout,
            sample_bytes: bytes as u16,
            block_align,
            byte_rate,
        })
    }

    /// Whether samples are plain integers, the only ones that need no `fact` chunk.
    pub(crate) const fn is_integer_pcm(&self) -> bool {
        !matches!(
            self.codec,
            CodecId::PcmF32Le | CodecId::PcmF64Le | CodecId::PcmALaw | CodecId::PcmMuLaw
        )
    }

    /// How many samples of each channel `bytes` are.
    pub(crate) fn samples(&self, bytes: u64) -> u64 {
        bytes / u64::from(self.block_align)
    }

    /// Refuses a packet that would shift the channels of all that follows.
    pub(crate) fn check(&self, packet: &Packet) -> Result<()> {
        if packet.stream != 0 {
            return Err(Error::argument(format!(
                "A packet must be of stream 0, the only one. Found: {}",
                packet.stream
            )));
        }
        if !packet.data.len().is_multiple_of(usize::from(self.block_align)) {
            return Err(Error::chunk(format!(
                "A packet of {} must hold whole samples of all channels, {} bytes each. Found: {} \
                 bytes",
                self.codec,
                self.block_align,
                packet.data.len()
            ))
            .in_stream(0));
        }
        Ok(())
    }
}

fn unsupported_codec(format: &str, codec: CodecId) -> Error {
    Error::unsupported(format!(
        "{format} does not support {codec}. Supported values are {}.",
        reelwright_core::list(crate::CODECS)
    ))
}

/// A call of `write`, `flush` or `finish` that `start` did not precede.
pub(crate) fn not_started(format: &str) -> Error {
    Error::state(format!("{format}: start must come before packets, and finish after the last one"))
}
