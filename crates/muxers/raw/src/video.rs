//! Headerless video muxer: writes the packets of one stream.

use reelwright_core::helpers::single_stream::{check, not_started, only, video};
use reelwright_core::{
    CodecId, CodecRecord, Destination, Metadata, Muxer, Packet, Result, StreamParameters, h264,
};

/// Temporal delimiter OBU, which precedes the OBUs of a frame (AV1 §5.6).
const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0];

/// Headerless muxer of one video codec.
#[derive(Debug)]
pub(crate) struct Video {
    name: &'static str,
    codec: CodecId,
    record: Option<CodecRecord>,
    buffer: Vec<u8>,
}

impl Video {
    /// Creates the muxer `name` for `codec`.
    pub(crate) const fn new(name: &'static str, codec: CodecId) -> Self {
        Self { name, codec, record: None, buffer: Vec::new() }
    }
}

impl Muxer for Video {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        _: &mut dyn Destination,
    ) -> Result<()> {
        video(self.name, streams, &[self.codec])?;
        self.record = Some(only(self.name, streams)?.record.clone());
        Ok(())
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let record = self.record.as_ref().ok_or_else(|| not_started(self.name))?;
        check(packet)?;
        self.buffer.clear();
        match record {
            CodecRecord::H264(config) => {
                h264::append_byte_stream(config, packet, &mut self.buffer)?;
            }
            CodecRecord::Av1(_) => {
                self.buffer.extend(TEMPORAL_DELIMITER);
                self.buffer.extend(&packet.data);
            }
            _ => return to.output().write(&packet.data),
        }
        to.output().write(&self.buffer)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        self.record.as_ref().ok_or_else(|| not_started(self.name))?;
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], _: &mut dyn Destination) -> Result<()> {
        self.record.take().map(drop).ok_or_else(|| not_started(self.name))
    }
}
