//! Writes the header, and packets with their sizes and times.

use reelwright_core::helpers::single_stream::{check, not_started, only, video};
use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, Packet, Rational, Result, StreamParameters,
};

const NAME: &str = "ivf";
/// Temporal delimiter OBU, which precedes the OBUs of a frame (AV1 §5.6).
const TEMPORAL_DELIMITER: [u8; 2] = [0x12, 0];
/// Position of the number of packets in the header.
const COUNT_AT: u64 = 24;

#[derive(Debug, Default)]
pub(crate) struct Ivf {
    /// Number of packets so far; `None` before the start.
    count: Option<u32>,
}

fn rejected(what: &str, found: impl std::fmt::Display, allowed: &str) -> Error {
    Error::unsupported(format!("{NAME} requires a {what} {allowed}. Found: {found}")).in_stream(0)
}

impl Muxer for Ivf {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let video = video(NAME, streams, &[CodecId::Av1])?;
        let size =
            |what, size: u32| u16::try_from(size).map_err(|_| rejected(what, size, "up to 65535"));
        let (width, height) =
            (size("width", video.format.width)?, size("height", video.format.height)?);
        let unit: Rational = only(NAME, streams)?.time_base.seconds();
        let term = |term: i64| {
            u32::try_from(term).map_err(|_| rejected("time base", unit, "with terms below 2^32"))
        };
        let mut header = b"DKIF\0\0\x20\0AV01".to_vec();
        header.extend(width.to_le_bytes());
        header.extend(height.to_le_bytes());
        header.extend(term(unit.den())?.to_le_bytes());
        header.extend(term(unit.num())?.to_le_bytes());
        // Number of packets, and four unused bytes.
        header.extend([0; 8]);
        to.output().write(&header)?;
        self.count = Some(0);
        Ok(())
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let count = self.count.as_mut().ok_or_else(|| not_started(NAME))?;
        check(packet)?;
        let size = packet.data.len() + TEMPORAL_DELIMITER.len();
        let too_large = || {
            Error::too_large(format!(
                "{NAME} supports at most 4294967295 packets and packet bytes."
            ))
        };
        let size = u32::try_from(size).map_err(|_| too_large())?;
        let pts = u64::try_from(packet.pts.0).map_err(|_| {
            Error::argument(format!("A pts of {NAME} must not be negative. Found: {}", packet.pts))
        })?;
        *count = count.checked_add(1).ok_or_else(too_large)?;
        let mut header = [0; 14];
        header[..4].copy_from_slice(&size.to_le_bytes());
        header[4..12].copy_from_slice(&pts.to_le_bytes());
        header[12..].copy_from_slice(&TEMPORAL_DELIMITER);
        to.output().write(&header)?;
        to.output().write(&packet.data)
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        let count = self.count.ok_or_else(|| not_started(NAME))?;
        if to.output().can_patch()? {
            to.output().patch(COUNT_AT, &count.to_le_bytes())?;
        }
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let count = self.count.take().ok_or_else(|| not_started(NAME))?;
        if to.output().can_patch()? {
            to.output().patch(COUNT_AT, &count.to_le_bytes())?;
        }
        Ok(())
    }
}
