//! What the header says of the sound, checked against the size of its fields.

use reelwright_core::{ChannelLayout, CodecId, Error, Packet, Result, StreamParameters};

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
    /// There must be one stream, its codec one of [`CODECS`](crate::CODECS).
    pub(crate) fn new(streams: &[StreamParameters]) -> Result<Self> {
        let [stream] = streams else {
            return Err(Error::unsupported(format!(
                "caf holds exactly one stream. Found: {}",
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
                "caf does not support {codec}. Supported values are {}.",
                reelwright_core::list(crate::CODECS)
            )));
        };
        if audio.sample_rate == 0 {
            return Err(Error::unsupported(
                "caf cannot describe a sample rate of 0 Hz; it must be positive.",
            ));
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
    Error::state("caf: start must come before packets, and finish after the last one")
}
