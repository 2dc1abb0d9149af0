//! APNG (W3C PNG, third edition §11.3.2): combines PNG files as the frames of one file.

use reelwright_core::helpers::single_stream::{check, not_started, only, video};
use reelwright_core::{
    CodecId, Destination, Error, FrameLength, Metadata, Muxer, OptionInfo, Options, Packet, Result,
    StreamParameters, TimeLimits, Timestamp, helpers::Spool,
};

use crate::delay::{Delays, limits};

const NAME: &str = "apng";
const PLAYS: OptionInfo = OptionInfo::int(
    "plays",
    (0, i32::MAX as i64),
    Some(1),
    "number of times to play the animation; 0 is forever",
);
pub(crate) static OPTIONS: &[OptionInfo] = &[PLAYS];

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of IHDR with length and checksum.
const IHDR: usize = 25;

pub(crate) struct Apng {
    plays: u32,
    stream: Option<Stream>,
}

struct Stream {
    delays: Delays,
    /// Position of the number of frames in the output.
    control_at: u64,
    /// Buffered frames if the output cannot seek, because the number of frames precedes them.
    waiting: Option<Spool>,
    frames: u32,
    /// Sequence number of the next fcTL or fdAT chunk.
    sequence: u32,
    /// IHDR of the first packet. All packets must have the same.
    header: Vec<u8>,
    /// Length of the last frame, in units of the time base.
    length: FrameLength,
    /// Packet that is shown until the next one arrives.
    last: Option<Packet>,
    /// Start of the last packet. The first one starts at 0 at the latest, because nothing else can
    /// be shown before it.
    begin: Option<Timestamp>,
}

impl Apng {
    pub(crate) fn new(options: &mut Options) -> Result<Self> {
        let plays = options.take_int(&PLAYS)?.unwrap_or(1) as u32;
        Ok(Self { plays, stream: None })
    }

    fn control(&self, frames: u32) -> Vec<u8> {
        chunk(b"acTL", &[frames.to_be_bytes(), self.plays.to_be_bytes()].concat())
    }
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len() + 12);
    bytes.extend((data.len() as u32).to_be_bytes());
    bytes.extend(kind);
    bytes.extend(data);
    let checksum = crc32fast::hash(&bytes[4..]);
    bytes.extend(checksum.to_be_bytes());
    bytes
}

fn malformed() -> Error {
    Error::argument("A packet of apng must be a PNG file with one image.")
}

/// Returns the chunks of a PNG file: type and data.
fn chunks(file: &[u8]) -> Result<Vec<([u8; 4], &[u8])>> {
    let mut rest = file.strip_prefix(SIGNATURE).ok_or_else(malformed)?;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
        let (kind, after) = after.split_first_chunk::<4>().ok_or_else(malformed)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (data, after) = after.split_at_checked(length).ok_or_else(malformed)?;
        rest = after.get(4..).ok_or_else(malformed)?;
        chunks.push((*kind, data));
    }
    Ok(chunks)
}

impl Stream {
    /// Writes the last packet, which is shown until `end`.
    fn show_last(&mut self, end: Timestamp, to: &mut dyn Destination) -> Result<()> {
        let (Some(begin), Some(packet)) = (self.begin, self.last.take()) else { return Ok(()) };
        for delay in self.delays.of(NAME, end.0.saturating_sub(begin.0))? {
            self.show(&packet, delay, to)?;
        }
        Ok(())
    }

    /// Writes a frame that is shown for a fraction of a second.
    fn show(&mut self, packet: &Packet, delay: (u16, u16), to: &mut dyn Destination) -> Result<()> {
        let size: [u8; 8] = self.header[8..16].try_into().map_err(|_| malformed())?;
        let mut control = Vec::with_capacity(26);
        control.extend(self.next_sequence()?);
        control.extend(size);
        control.extend([0; 8]);
        control.extend(delay.0.to_be_bytes());
        control.extend(delay.1.to_be_bytes());
        // dispose_op NONE and blend_op SOURCE.
        control.extend([0, 0]);
        self.put(&chunk(b"fcTL", &control), to)?;
        let is_first = self.frames == 0;
        for (_, data) in chunks(&packet.data)?.iter().filter(|(kind, _)| kind == b"IDAT") {
            if is_first {
                self.put(&chunk(b"IDAT", data), to)?;
            } else {
                let sequence = self.next_sequence()?;
                self.put(&chunk(b"fdAT", &[&sequence, *data].concat()), to)?;
            }
        }
        self.frames += 1;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8], to: &mut dyn Destination) -> Result<()> {
        match &mut self.waiting {
            Some(waiting) => waiting.append(bytes).map(drop),
            None => to.output().write(bytes),
        }
    }

    fn next_sequence(&mut self) -> Result<[u8; 4]> {
        let sequence = self.sequence;
        self.sequence = sequence
            .checked_add(1)
            .filter(|next| *next <= i32::MAX as u32)
            .ok_or_else(|| Error::too_large("apng supports at most 2147483647 chunks."))?;
        Ok(sequence.to_be_bytes())
    }
}

impl Muxer for Apng {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let length =
            video(NAME, streams, &[CodecId::Png])?.frame_length(only(NAME, streams)?.time_base);
        let waiting = if to.output().is_seekable() { None } else { Some(Spool::new(NAME)?) };
        self.stream = Some(Stream {
            delays: Delays::new(only(NAME, streams)?.time_base),
            control_at: 0,
            waiting,
            frames: 0,
            sequence: 0,
            header: Vec::new(),
            length,
            last: None,
            begin: None,
        });
        to.output().write(SIGNATURE)
    }

    fn time_limits(&self, stream: &StreamParameters) -> TimeLimits {
        limits(stream)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let control = self.control(0);
        let stream = self.stream.as_mut().ok_or_else(|| not_started(NAME))?;
        check(packet)?;
        let header = packet.data.get(8..8 + IHDR).ok_or_else(malformed)?;
        let parsed = chunks(&packet.data)?;
        if parsed.first().is_none_or(|(kind, data)| kind != b"IHDR" || data.len() != 13) {
            return Err(malformed());
        }
        if stream.header.is_empty() {
            stream.header = header.to_vec();
            if stream.waiting.is_none() {
                to.output().write(header)?;
                stream.control_at = to.output().position();
                to.output().write(&control)?;
            }
        } else if stream.header != header {
            return Err(Error::argument(
                "All packets of apng must have the same size and pixel format.",
            ));
        }
        if let Some(last) = &stream.last {
            stream.length.add(packet.pts.0.saturating_sub(last.pts.0));
        }
        stream.show_last(packet.pts, to)?;
        let first = packet.pts.min(Timestamp(0));
        stream.begin = Some(stream.begin.map_or(first, |_| packet.pts));
        stream.last = Some(packet.clone());
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        // The next frame determines how long the last one is shown.
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let mut stream = self.stream.take().ok_or_else(|| not_started(NAME))?;
        let Some(last) = &stream.last else {
            return Err(Error::state("apng requires at least one frame. None was written."));
        };
        let length = if last.duration > 0 { last.duration } else { stream.length.get() };
        let end = Timestamp(last.pts.0.saturating_add(length));
        stream.show_last(end, to)?;
        let control = self.control(stream.frames);
        if let Some(waiting) = stream.waiting {
            to.output().write(&stream.header)?;
            to.output().write(&control)?;
            waiting.copy(to.output())?;
            to.output().write(&chunk(b"IEND", &[]))
        } else {
            to.output().write(&chunk(b"IEND", &[]))?;
            to.output().patch(stream.control_at, &control)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_files_are_errors() {
        assert!(chunks(b"").is_err());
        assert!(chunks(&[&SIGNATURE[..], &[0, 0, 0, 9, 1, 2, 3, 4]].concat()).is_err());
        assert!(chunks(&[&SIGNATURE[..], &chunk(b"IEND", &[])].concat()).is_ok());
    }
}
