//! A muxer that writes the packets' bytes, of one stream of one PCM codec.

use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters,
};

/// A headerless muxer.
#[derive(Debug)]
pub(crate) struct Raw {
    name: &'static str,
    codec: CodecId,
    /// Bytes of one sample of every channel, once there is a stream.
    block: Option<usize>,
}

impl Raw {
    /// The muxer `name` for `codec`.
    pub(crate) const fn new(name: &'static str, codec: CodecId) -> Self {
        Self { name, codec, block: None }
    }

    fn started(&self) -> Result<usize> {
        self.block.ok_or_else(|| {
            Error::state(format!(
                "{}: start must come before packets, and finish after the last one",
                self.name
            ))
        })
    }
}

impl Muxer for Raw {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        _: &mut dyn Destination,
    ) -> Result<()> {
        let [stream] = streams else {
            return Err(Error::unsupported(format!(
                "{} holds exactly one stream. Found: {}",
                self.name,
                streams.len()
            )));
        };
        let (Some(audio), Some(bytes), true) =
            (stream.audio(), stream.codec.bytes_per_sample(), stream.codec == self.codec)
        else {
            return Err(Error::unsupported(format!(
                "{} does not support {}. The supported value is {}.",
                self.name, stream.codec, self.codec
            ))
            .in_stream(0));
        };
        self.block = Some(bytes * audio.layout.channels());
        Ok(())
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let block = self.started()?;
        if packet.stream != 0 {
            return Err(Error::argument(format!(
                "A packet must be of stream 0, the only one. Found: {}",
                packet.stream
            )));
        }
        if !packet.data.len().is_multiple_of(block) {
            return Err(Error::chunk(format!(
                "A packet of {} must hold whole samples of all channels, {block} bytes each. \
                 Found: {} bytes",
                self.codec,
                packet.data.len()
            ))
            .in_stream(0));
        }
        to.output().write(&packet.data)
    }

    fn finish(&mut self, _: &[StreamParameters], _: &mut dyn Destination) -> Result<()> {
        self.started()?;
        self.block = None;
        Ok(())
    }
}
