//! What the header says of the sound, checked against the size of its fields.

use reelwright_core::{ChannelLayout, CodecId, Error, Packet, Result, StreamParameters};

/// `numChannels` is a signed number of 16 bits.
const MAX_CHANNELS: usize = i16::MAX as usize;

/// One PCM stream that the header can describe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sound {
    pub(crate) codec: CodecId,
    pub(crate) rate: u32,
    pub(crate) layout: ChannelLayout,
    /// Bytes of one sample of one channel.
    pub(crate) sample_bytes: usize,
}

impl Sound {
    /// The only stream of a file.
    ///
    /// # Errors
    /// There must be one stream, its codec one of [`CODECS`](crate::CODECS), and their
    /// number must fit in its field.
    pub(crate) fn new(streams: &[StreamParameters]) -> Result<Self> {
        let [stream] = streams else {
            return Err(Error::unsupported(format!(
                "aiff holds exactly one stream. Found: {}",
                streams.len()
            )));
        };
        Self::of_stream(stream).map_err(|error| error.in_stream(0))
    }

    fn of_stream(stream: &StreamParameters) -> Result<Self> {
        let codec = stream.codec;
        let known = crate::CODECS.contains(&codec);
        let (Some(audio), Some(sample_bytes), true) =
            (stream.audio(), codec.bytes_per_sample(), known)
        else {
            return Err(Error::unsupported(format!(
                "aiff does not support {codec}. Supported values are {}.",
                reelwright_core::list(crate::CODECS)
            )));
        };
        let (rate, channels) = (audio.sample_rate, audio.layout.channels());
        if rate == 0 || channels > MAX_CHANNELS {
            return Err(Error::unsupported(format!(
                "aiff cannot describe {channels} channels at {rate} Hz: there may be up to \
                 {MAX_CHANNELS} channels, and the sample rate must be positive."
            )));
        }
        Ok(Self { codec, rate: audio.sample_rate, layout: audio.layout, sample_bytes })
    }

    /// Bytes of one sample of every channel.
    pub(crate) const fn block(&self) -> usize {
        self.sample_bytes * self.layout.channels()
    }

    /// Refuses a packet that would shift the channels of all that follows.
    pub(crate) fn check(&self, packet: &Packet) -> Result<()> {
        if packet.stream != 0 {
            return Err(Error::argument(format!(
                "A packet must be of stream 0, the only one. Found: {}",
                packet.stream
            )));
        }
        if !packet.data.len().is_multiple_of(self.block()) {
            return Err(Error::chunk(format!(
                "A packet of {} must hold whole samples of all channels, {} bytes each. Found: {} \
                 bytes",
                self.codec,
                self.block(),
                packet.data.len()
            ))
            .in_stream(0));
        }
        Ok(())
    }
}

/// A call of `write`, `flush` or `finish` that `start` did not precede.
pub(crate) fn not_started() -> Error {
    Error::state("aiff: start must come before packets, and finish after the last one")
}
