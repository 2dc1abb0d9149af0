//! GIF (version 89a): a header, a loop, and pictures with how long they are shown.

use reelwright_core::single_stream::{check, not_started, only, video};
use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, OptionInfo, Options, Packet, Rational, Result,
    StreamParameters, TimeBase, Timestamp,
};

const NAME: &str = "gif";
const LOOP: OptionInfo = OptionInfo::int(
    "loop",
    (-1, 65_535),
    Some(0),
    "how often the animation is repeated; 0 for ever, -1 not at all",
);
const FINAL_DELAY: OptionInfo = OptionInfo::int(
    "final_delay",
    (-1, 65_535),
    Some(-1),
    "how long the last picture is shown, in hundredths of a second; -1 as long as its frame rate \
     has it",
);
pub(crate) static OPTIONS: &[OptionInfo] = &[LOOP, FINAL_DELAY];

/// What a packet begins with: a graphic control extension (§23), in which the delay is at 4.
const CONTROL: [u8; 3] = [0x21, 0xf9, 4];
const DELAY_AT: usize = 4;

pub(crate) struct Gif {
    repeats: i64,
    final_delay: i64,
    time_base: Option<TimeBase>,
    /// The packet that is shown until the next one comes.
    last: Option<Packet>,
}

impl Gif {
    pub(crate) fn new(options: &mut Options) -> Result<Self> {
        Ok(Self {
            repeats: options.take_int(&LOOP)?.unwrap_or(0),
            final_delay: options.take_int(&FINAL_DELAY)?.unwrap_or(-1),
            time_base: None,
            last: None,
        })
    }

    /// Writes the last packet, which is shown until `end`.
    fn show_last(&mut self, end: Timestamp, to: &mut dyn Destination) -> Result<()> {
        let base = self.time_base.ok_or_else(|| not_started(NAME))?;
        let Some(mut packet) = self.last.take() else { return Ok(()) };
        let hundredths = TimeBase::new(Rational::new(1, 100)?);
        let begin = base.rescale(packet.pts, hundredths).0;
        let delay = base.rescale(end, hundredths).0.saturating_sub(begin);
        let delay = u16::try_from(delay.max(0)).unwrap_or(u16::MAX);
        packet.data[DELAY_AT..DELAY_AT + 2].copy_from_slice(&delay.to_le_bytes());
        to.output().write(&packet.data)
    }
}

impl Muxer for Gif {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let video = video(NAME, streams, &[CodecId::Gif])?;
        let size = |size: u32| {
            u16::try_from(size).map_err(|_| {
                Error::unsupported(format!(
                    "{NAME} takes pictures of up to 65535x65535. Found: {}x{}",
                    video.width, video.height
                ))
            })
        };
        let mut header = b"GIF89a".to_vec();
        header.extend(size(video.width)?.to_le_bytes());
        header.extend(size(video.height)?.to_le_bytes());
        // No palette for all pictures.
        header.extend([0; 3]);
        if let Ok(repeats) = u16::try_from(self.repeats) {
            header.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
            header.extend(repeats.to_le_bytes());
            header.push(0);
        }
        self.time_base = Some(only(NAME, streams)?.time_base);
        to.output().write(&header)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        if self.time_base.is_none() {
            return Err(not_started(NAME));
        }
        check(packet)?;
        if !packet.data.starts_with(&CONTROL) || packet.data.len() < 8 {
            return Err(Error::argument(
                "A packet of gif must begin with a graphic control extension.",
            ));
        }
        self.show_last(packet.pts, to)?;
        self.last = Some(packet.clone());
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        // Only the next picture tells how long the last one is shown.
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let base = self.time_base.ok_or_else(|| not_started(NAME))?;
        if let Some(last) = &self.last {
            let end = match self.final_delay {
                -1 => Timestamp(last.pts.0.saturating_add(last.duration.max(1))),
                delay => {
                    let hundredths = TimeBase::new(Rational::new(1, 100)?);
                    let begin = base.rescale(last.pts, hundredths).0;
                    hundredths.rescale(Timestamp(begin.saturating_add(delay)), base)
                }
            };
            self.show_last(end, to)?;
        }
        self.time_base = None;
        to.output().write(b";")
    }
}
