//! The `adts` muxer.

use reelwright_core::helpers::single_stream::{self, not_started};
use reelwright_core::{
    CodecId, CodecRecord, Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters,
};

use crate::header::Header;

/// The `adts` muxer.
#[derive(Debug, Default)]
pub(crate) struct Adts {
    header: Option<Header>,
}

impl Muxer for Adts {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        _: &mut dyn Destination,
    ) -> Result<()> {
        let stream = single_stream::only("adts", streams)?;
        let (CodecId::Aac, CodecRecord::Aac(config)) = (stream.codec, &stream.record) else {
            return Err(Error::unsupported(format!(
                "adts supports packets of aac with its AudioSpecificConfig. Found: {}",
                stream.codec
            ))
            .in_stream(0));
        };
        self.header = Some(Header::new(config).map_err(|error| error.in_stream(0))?);
        Ok(())
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let header = self.header.ok_or_else(|| not_started("adts"))?;
        single_stream::check(packet)?;
        let header = header.of(packet.data.len()).map_err(|error| error.in_stream(0))?;
        to.output().write(&header)?;
        to.output().write(&packet.data)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        self.header.ok_or_else(|| not_started("adts"))?;
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], _: &mut dyn Destination) -> Result<()> {
        self.header.take().map(drop).ok_or_else(|| not_started("adts"))
    }
}
