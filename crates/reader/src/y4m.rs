//! YUV4MPEG2, and raw frames without a header.

use anyhow::{Context, bail};
use reelwright_core::{ChromaLocation, ColorInfo, ColorRange, PixelFormat, Rational, TimeBase};

use crate::packet::{Codec, Demuxer, Kind, Packet, Track};
use crate::source::Source;

/// Maximum size in bytes of a header or of a frame's parameters.
const MAX_LINE: usize = 4096;

/// Chroma parameters: name, pixel format and chroma location.
const CHROMA: &[(&str, PixelFormat, ChromaLocation)] = &[
    ("420jpeg", PixelFormat::Yuv420p, ChromaLocation::Center),
    ("420mpeg2", PixelFormat::Yuv420p, ChromaLocation::Left),
    ("420paldv", PixelFormat::Yuv420p, ChromaLocation::Left),
    ("420", PixelFormat::Yuv420p, ChromaLocation::Center),
    ("422", PixelFormat::Yuv422p, ChromaLocation::Left),
    ("444", PixelFormat::Yuv444p, ChromaLocation::Left),
    ("mono", PixelFormat::Gray8, ChromaLocation::Left),
    ("420p10", PixelFormat::Yuv420p10Le, ChromaLocation::Left),
    ("422p10", PixelFormat::Yuv422p10Le, ChromaLocation::Left),
    ("444p10", PixelFormat::Yuv444p10Le, ChromaLocation::Left),
    ("420p12", PixelFormat::Yuv420p12Le, ChromaLocation::Left),
    ("mono10", PixelFormat::Gray10Le, ChromaLocation::Left),
    ("mono12", PixelFormat::Gray12Le, ChromaLocation::Left),
    ("mono16", PixelFormat::Gray16Le, ChromaLocation::Left),
    ("444alpha", PixelFormat::Yuva444p, ChromaLocation::Left),
];

/// Demuxer of uncompressed frames. In YUV4MPEG2, a `FRAME` line precedes each.
pub(crate) struct RawFrames {
    source: Source,
    at: u64,
    frame: usize,
    has_lines: bool,
    frames: i64,
    is_damaged: bool,
    name: String,
}

impl RawFrames {
    pub(crate) fn matches(start: &[u8]) -> bool {
        start.starts_with(b"YUV4MPEG2")
    }

    /// Reads the header of YUV4MPEG2. `frame_rate` is used if the header does not state a rate.
    pub(crate) fn y4m(
        mut source: Source,
        frame_rate: Option<Rational>,
        name: &str,
    ) -> anyhow::Result<(Self, Track)> {
        let header = source.peek(MAX_LINE)?;
        let end = header
            .iter()
            .position(|byte| *byte == b'\n')
            .context("the header does not end within 4096 bytes")?;
        let text = String::from_utf8_lossy(&header[..end]).into_owned();
        let (mut width, mut height, mut rate, mut aspect) = (0usize, 0usize, None, None);
        let (mut chroma, mut range, mut interlacing) = ("420jpeg", ColorRange::Limited, "p");
        let ratio = |text: &str| {
            let (num, den) = text.split_once(':')?;
            let (num, den) = (num.parse::<i64>().ok()?, den.parse::<i64>().ok()?);
            (num > 0 && den > 0).then(|| Rational::new(num, den).ok())?
        };
        for word in text.split(' ').skip(1).filter(|word| !word.is_empty()) {
            let (key, value) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            match key {
                "W" => width = value.parse().unwrap_or(0),
                "H" => height = value.parse().unwrap_or(0),
                "F" => rate = ratio(value),
                "A" => aspect = ratio(value),
                "I" => interlacing = value,
                "C" => chroma = value,
                "X" if value == "COLORRANGE=FULL" => range = ColorRange::Full,
                _ => {}
            }
        }
        const MAX_SIDE: usize = 1 << 16;
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            bail!(
                "the header states a size of {width}x{height}. Width and height must be 1 to \
                 {MAX_SIDE}"
            );
        }
        let Some((_, format, chroma_location)) = CHROMA.iter().find(|(name, ..)| *name == chroma)
        else {
            let names: Vec<_> = CHROMA.iter().map(|(name, ..)| *name).collect();
            let has_depth = ["9", "10", "12", "14", "16"].iter().any(|bits| chroma.ends_with(bits));
            let problem = if has_depth { "the depth of chroma format" } else { "chroma format" };
            bail!("{problem} C{chroma} is not supported. Supported formats: {}", names.join(", "));
        };
        let Some(rate) = rate.or(frame_rate) else {
            bail!("the header states no frame rate. Pass --frame-rate");
        };
        if !matches!(interlacing, "p" | "?") {
            log::warn!("{name} is interlaced. Its frames are encoded as progressive.");
        }
        let color = ColorInfo { range, chroma_location: *chroma_location, ..ColorInfo::default() };
        let mut made = Self::raw(source, *format, (width, height), rate, name)?;
        made.1.codec = "wrapped_avframe".to_owned();
        made.1.video.sample_aspect_ratio = aspect;
        made.1.video.color = Some(color);
        made.1.duration = None;
        (made.0.at, made.0.has_lines) = (end as u64 + 1, true);
        Ok(made)
    }

    /// Reads frames of one format and size without a header.
    pub(crate) fn raw(
        source: Source,
        format: PixelFormat,
        (width, height): (usize, usize),
        rate: Rational,
        name: &str,
    ) -> anyhow::Result<(Self, Track)> {
        let mut track = Track::new(0, Kind::Video, "rawvideo", TimeBase::new(rate.inverse()));
        track.decoder = Some(Codec::Raw(format));
        track.video.size = Some((width, height));
        track.video.frame_rate = Some(rate);
        let frame = format.frame_bytes(width, height).context("the frames are too large")?;
        track.duration = source.size().map(|size| size / frame as u64);
        let name = name.to_owned();
        let frames =
            Self { source, at: 0, frame, has_lines: false, frames: 0, is_damaged: false, name };
        Ok((frames, track))
    }
}

impl Demuxer for RawFrames {
    fn next(&mut self, _: usize) -> anyhow::Result<Option<Packet>> {
        if self.has_lines {
            let mut line = self.source.bytes_at(self.at, 6)?;
            if line.is_empty() {
                return Ok(None);
            }
            if line.len() < 6 {
                self.is_damaged = true;
                log::warn!("{} ends early, within frame {}.", self.name, self.frames + 1);
                return Ok(None);
            }
            if !line.starts_with(b"FRAME") {
                self.is_damaged = true;
                log::warn!("{} is damaged: frame {} has no header.", self.name, self.frames + 1);
                return Ok(None);
            }
            while line.last() != Some(&b'\n') {
                let next = self.source.bytes_at(self.at + line.len() as u64, 1)?;
                if next.is_empty() || line.len() > MAX_LINE {
                    self.is_damaged = true;
                    return Ok(None);
                }
                line.extend(next);
            }
            self.at += line.len() as u64;
        }
        let data = self.source.bytes_at(self.at, self.frame)?;
        if data.len() < self.frame {
            if self.has_lines || !data.is_empty() {
                self.is_damaged = true;
                log::warn!("{} ends early, within frame {}.", self.name, self.frames + 1);
            }
            return Ok(None);
        }
        self.at += data.len() as u64;
        let packet = Packet::new(data, self.frames, 1);
        self.frames += 1;
        Ok(Some(packet))
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}
