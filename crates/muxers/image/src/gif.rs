//! GIF (version 89a): a header, a loop, and pictures with how long they are shown.

use reelwright_core::helpers::single_stream::{check, not_started, only, video};
use reelwright_core::{
    CodecId, Destination, Error, FrameLength, Metadata, Muxer, OptionInfo, Options, Packet,
    Rational, Result, StreamParameters, TimeBase, TimeLimits, Timestamp,
};

use crate::delay::{MAX_SECONDS, limits, too_long};

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
/// Index of the flags of the image descriptor that follows it (§20); some of them, and the color
/// resolution of a screen descriptor (§18).
const FLAGS_AT: usize = 17;
const HAS_PALETTE: u8 = 0x80;
const SIZE: u8 = 7;
const RESOLUTION: u8 = 0x70;
/// What follows a control for a picture of one pixel that changes nothing: its place and a palette
/// of two colours (§20, §21), and the first of these, which is transparent, in LZW (§22).
const PIXEL: [u8; 21] = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0, 2, 2, 0x44, 0x01, 0];
/// Above this rate, in pictures a second, delays are shorter than players heed.
const MOST_RATE: f64 = 50.0;
/// A rate up to so many times that one counts as it.
const ROUNDING: f64 = 1.001;

pub(crate) struct Gif {
    repeats: i64,
    final_delay: i64,
    time_base: Option<TimeBase>,
    /// The header until it is written: the parts before and after the first packet's palette.
    header: Option<[Vec<u8>; 2]>,
    /// Length of the last frame, in units of the time base.
    length: Option<FrameLength>,
    has_warned_of_rate: bool,
    /// The packet that is shown until the next one comes.
    last: Option<Packet>,
    /// When that begins: the first one at once, as there is nothing else to show before it.
    begin: Option<Timestamp>,
}

impl Gif {
    pub(crate) fn new(options: &mut Options) -> Result<Self> {
        Ok(Self {
            repeats: options.take_int(&LOOP)?.unwrap_or(0),
            final_delay: options.take_int(&FINAL_DELAY)?.unwrap_or(-1),
            time_base: None,
            header: None,
            length: None,
            has_warned_of_rate: false,
            last: None,
            begin: None,
        })
    }

    /// Writes the header, with the palette of the first packet, which loses it: packets without one
    /// have that.
    fn write_header(
        &mut self,
        packet: Option<&mut Vec<u8>>,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let Some([mut header, repeats]) = self.header.take() else { return Ok(()) };
        let mut palette = Vec::new();
        let mut flags = 0;
        if let Some(packet) = packet
            && let Some(packed) = packet.get_mut(FLAGS_AT)
            && *packed & HAS_PALETTE != 0
        {
            let length = 3 << ((*packed & SIZE) + 1);
            flags = RESOLUTION | *packed & (HAS_PALETTE | SIZE);
            *packed &= !(HAS_PALETTE | SIZE);
            let end = (FLAGS_AT + 1 + length).min(packet.len());
            palette.extend(packet.drain(FLAGS_AT + 1..end));
            palette.resize(length, 0);
        }
        // The background is the first color, and pixels are square.
        header.extend([flags, 0, 0]);
        for part in [header, palette, repeats] {
            to.output().write(&part)?;
        }
        Ok(())
    }

    /// Logs a warning if frames come faster than players show them.
    fn warn_of_rate(&mut self, distance: i64) {
        let Some(base) = self.time_base else { return };
        let rate = 1.0 / base.seconds_of(Timestamp(distance.max(1)));
        if rate > MOST_RATE * ROUNDING && !self.has_warned_of_rate {
            self.has_warned_of_rate = true;
            log::warn!(
                "{NAME} counts hundredths of a second, and players show for ten of them what is due \
                 for less than two: {} pictures a second are played slower. Pass an \
                 encoder_frame_rate of {MOST_RATE} or less.",
                (rate * 100.0).round() / 100.0
            );
        }
    }

    /// Returns the duration of the very last frame.
    fn lasting(&self, last: &Packet) -> i64 {
        let unstated = || self.length.map_or(1, FrameLength::get);
        if last.duration > 0 { last.duration } else { unstated() }
    }

    /// Writes the last packet, which is shown until `end`.
    fn show_last(&mut self, end: Timestamp, to: &mut dyn Destination) -> Result<()> {
        let base = self.time_base.ok_or_else(|| not_started(NAME))?;
        let (Some(begin), Some(mut packet)) = (self.begin, self.last.take()) else { return Ok(()) };
        let hundredths = TimeBase::new(Rational::new(1, 100)?);
        let begin = base.rescale(begin, hundredths).0;
        let delay = base.rescale(end, hundredths).0.saturating_sub(begin).max(0).unsigned_abs();
        if delay > 100 * MAX_SECONDS {
            return Err(too_long(NAME, delay as f64 / 100.0));
        }
        // Parts of one length, as players show none of below two hundredths in time.
        let parts = delay.max(1).div_ceil(u64::from(u16::MAX));
        let part = |index: u64| (delay / parts + u64::from(index < delay % parts)) as u16;
        packet.data[DELAY_AT..DELAY_AT + 2].copy_from_slice(&part(0).to_le_bytes());
        to.output().write(&packet.data)?;
        for index in 1..parts {
            // It stays, and its first colour is transparent.
            let [low, high] = part(index).to_le_bytes();
            to.output().write(&CONTROL)?;
            to.output().write(&[0b101, low, high, 0, 0])?;
            to.output().write(&PIXEL)?;
        }
        Ok(())
    }
}

impl Muxer for Gif {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        _: &mut dyn Destination,
    ) -> Result<()> {
        let video = video(NAME, streams, &[CodecId::Gif])?;
        let size = |size: u32| {
            u16::try_from(size).map_err(|_| {
                Error::unsupported(format!(
                    "{NAME} takes pictures of up to 65535x65535. Found: {}x{}",
                    video.format.width, video.format.height
                ))
            })
        };
        let mut header = b"GIF89a".to_vec();
        header.extend(size(video.format.width)?.to_le_bytes());
        header.extend(size(video.format.height)?.to_le_bytes());
        let mut repeats = Vec::new();
        if let Ok(count) = u16::try_from(self.repeats) {
            repeats.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01");
            repeats.extend(count.to_le_bytes());
            repeats.push(0);
        }
        self.header = Some([header, repeats]);
        let base = only(NAME, streams)?.time_base;
        self.length = Some(video.frame_length(base));
        self.time_base = Some(base);
        Ok(())
    }

    fn time_limits(&self, stream: &StreamParameters) -> TimeLimits {
        limits(stream)
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
        if let Some(last) = &self.last {
            let distance = packet.pts.0.saturating_sub(last.pts.0);
            if let Some(length) = &mut self.length {
                length.add(distance);
            }
            self.warn_of_rate(distance);
        }
        self.show_last(packet.pts, to)?;
        let first = packet.pts.min(Timestamp(0));
        self.begin = Some(self.begin.map_or(first, |_| packet.pts));
        let mut packet = packet.clone();
        self.write_header(Some(&mut packet.data), to)?;
        self.last = Some(packet);
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
                -1 => Timestamp(last.pts.0.saturating_add(self.lasting(last))),
                delay => {
                    let hundredths = TimeBase::new(Rational::new(1, 100)?);
                    let begin = base.rescale(last.pts, hundredths).0;
                    hundredths.rescale(Timestamp(begin.saturating_add(delay)), base)
                }
            };
            self.show_last(end, to)?;
        }
        self.write_header(None, to)?;
        self.time_base = None;
        to.output().write(b";")
    }
}
