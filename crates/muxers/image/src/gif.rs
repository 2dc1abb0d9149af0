//! GIF (version 89a): a header, a loop extension, and frames with delays.

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
    "number of times to repeat the animation; 0 is forever, -1 never",
);
const FINAL_DELAY: OptionInfo = OptionInfo::int(
    "final_delay",
    (-1, 65_535),
    Some(-1),
    "delay of the last frame in hundredths of a second; -1 uses the duration of its packet or the \
     frame rate",
);
pub(crate) static OPTIONS: &[OptionInfo] = &[LOOP, FINAL_DELAY];

/// Start of a packet: a graphic control extension (§23), with the delay at offset 4.
const CONTROL: [u8; 3] = [0x21, 0xf9, 4];
const DELAY_AT: usize = 4;
/// Index of the flags of the next block, the image descriptor (§20), the flags, and the color
/// resolution of a screen descriptor (§18).
const FLAGS_AT: usize = 17;
const HAS_PALETTE: u8 = 0x80;
const SIZE: u8 = 7;
const RESOLUTION: u8 = 0x70;
/// Data after a graphic control extension for a frame of one pixel that changes nothing: its
/// position, a palette of two colors (§20, §21), and a transparent pixel in LZW (§22).
const PIXEL: [u8; 21] = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0, 2, 2, 0x44, 0x01, 0];
/// Frame rate above which players do not respect the delays.
const MOST_RATE: f64 = 50.0;
/// Tolerance of that rate, as a factor.
const ROUNDING: f64 = 1.001;

pub(crate) struct Gif {
    repeats: i64,
    final_delay: i64,
    time_base: Option<TimeBase>,
    /// The unwritten header: the parts before and after the first packet's palette.
    header: Option<[Vec<u8>; 2]>,
    /// Length of the last frame, in units of the time base.
    length: Option<FrameLength>,
    has_warned_of_rate: bool,
    /// Packet that is shown until the next one arrives.
    last: Option<Packet>,
    /// Start of the last packet. The first one starts at 0 at the latest, because nothing else can
    /// be shown before it.
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

    /// Writes the header with the palette of the first packet, and removes the palette from the
    /// packet. The palette in the header applies to packets without a palette.
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
        // Background color 0, and square pixels.
        header.extend([flags, 0, 0]);
        for part in [header, palette, repeats] {
            to.output().write(&part)?;
        }
        Ok(())
    }

    /// Logs a warning if the frame rate is higher than players support.
    fn warn_of_rate(&mut self, distance: i64) {
        let Some(base) = self.time_base else { return };
        let rate = 1.0 / base.to_seconds(Timestamp(distance.max(1)));
        if rate > MOST_RATE * ROUNDING && !self.has_warned_of_rate {
            self.has_warned_of_rate = true;
            log::warn!(
                "{NAME} delays have units of 10 ms, and players replace delays below 20 ms by 100 \
                 ms: {} frames per second play slower. Pass an encoder_frame_rate of {MOST_RATE} or \
                 less.",
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
        // Parts of equal length: players do not respect delays below two hundredths.
        let parts = delay.max(1).div_ceil(u64::from(u16::MAX));
        let part = |index: u64| (delay / parts + u64::from(index < delay % parts)) as u16;
        packet.data[DELAY_AT..DELAY_AT + 2].copy_from_slice(&part(0).to_le_bytes());
        to.output().write(&packet.data)?;
        for index in 1..parts {
            // The frame stays on screen, and color 0 is transparent.
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
                    "{NAME} supports frames of up to 65535x65535. Found: {}x{}",
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
        // The next frame determines how long the last one is shown.
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
