//! Headerless audio muxer: writes the packets of one stream.

use reelwright_core::helpers::single_stream::{BlockStream, not_started};
use reelwright_core::{CodecId, Destination, Metadata, Muxer, Packet, Result, StreamParameters};

/// Headerless muxer of one audio codec.
#[derive(Debug)]
pub(crate) struct Raw {
    name: &'static str,
    codec: CodecId,
    audio: Option<BlockStream>,
}

impl Raw {
    /// Creates the muxer `name` for `codec`.
    pub(crate) const fn new(name: &'static str, codec: CodecId) -> Self {
        Self { name, codec, audio: None }
    }
}

impl Muxer for Raw {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        _: &mut dyn Destination,
    ) -> Result<()> {
        self.audio = Some(BlockStream::new(self.name, streams, &[self.codec])?);
        Ok(())
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        self.audio.as_ref().ok_or_else(|| not_started(self.name))?.check(packet)?;
        to.output().write(&packet.data)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        self.audio.as_ref().ok_or_else(|| not_started(self.name))?;
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], _: &mut dyn Destination) -> Result<()> {
        self.audio.take().map(drop).ok_or_else(|| not_started(self.name))
    }
}
