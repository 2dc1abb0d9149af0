//! Decoded video: frames at their times, in the order they are shown.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, bail};
use reelwright_core::{ColorInfo, PixelFormat, Rational, TimeBase};

use crate::av1::Av1;
use crate::decoded::{Damage, Decoded};
use crate::frame::Frame;
use crate::h264::H264;
use crate::packet::{Codec, Demuxer, Orientation, Track};
use crate::pictures::Pictures;
use crate::still::{self, Animation};
use crate::test_source::TestSource;

/// The most frames that a stream keeps back to show them in another order (H.264 §A.3.1).
const MAX_REORDERED: usize = 16;
/// Frames that are looked at to find the frame rate of a track that does not state it.
const MEASURED: usize = 12;

/// One video track of an input, decoded.
pub struct VideoInput {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Frames per second, nominal where they are shown for different times.
    pub frame_rate: Rational,
    /// The unit of times and durations.
    pub time_base: TimeBase,
    /// Whether frames may be shown for different times.
    pub is_variable: bool,
    /// Storage of the pixels.
    pub format: PixelFormat,
    /// Color code points.
    pub color: ColorInfo,
    /// Width / height of a pixel.
    pub sample_aspect_ratio: Rational,
    /// Duration in `time_base`, where the input states it.
    pub duration: Option<u64>,
    /// ISO 639 code of the language, where the input states one.
    pub language: Option<String>,
    name: String,
    source: VideoSource,
    ready: VecDeque<Timed>,
    /// Error that comes after the ready frames.
    failure: Option<anyhow::Error>,
    shown: Option<Frame>,
    is_damaged: bool,
}

/// A frame with its time; the duration is 0 where only the next frame tells it.
struct Timed {
    frame: Frame,
    pts: i64,
    duration: u64,
}

enum VideoSource {
    Track(Box<TrackSource>),
    Pictures(Box<Pictures>),
    Animation { animation: Box<Animation>, next: i64, unit: i64 },
    Test(TestSource),
}

struct TrackSource {
    demuxer: Rc<RefCell<dyn Demuxer>>,
    track: Track,
    decoder: Decoder,
    /// Frames that were decoded and are not shown yet.
    decoded: Vec<Pending>,
    is_at_end: bool,
    has_warned: bool,
    /// Whether times are those of the frames' order: the container has none.
    counts: bool,
    /// Packets are dropped up to the next one where decoding can start.
    is_lost: bool,
    shown: i64,
}

struct Pending {
    decoded: Decoded,
    pts: i64,
    duration: u64,
    window: Range<i64>,
}

enum Decoder {
    H264(Box<H264>),
    Av1(Box<Av1>),
    Image,
    Raw(PixelFormat),
}

/// Facts that an input states about its frames, to be completed by the first of them.
struct Facts {
    frame_rate: Option<Rational>,
    time_base: TimeBase,
    is_variable: bool,
    color: Option<ColorInfo>,
    sample_aspect_ratio: Option<Rational>,
    duration: Option<u64>,
    orientation: Orientation,
}

impl VideoInput {
    /// Opens a track that has a decoder. `frame_rate` is used where the track has none.
    ///
    /// # Errors
    /// The codec's configuration is not supported, or nothing can be decoded.
    pub(crate) fn open(
        name: &str,
        demuxer: Rc<RefCell<dyn Demuxer>>,
        track: Track,
        counts: bool,
    ) -> anyhow::Result<Self> {
        let decoder = match track.decoder.as_ref() {
            Some(Codec::H264(record)) => Decoder::H264(Box::new(H264::new(record.as_deref())?)),
            Some(Codec::Av1(config)) => Decoder::Av1(Box::new(Av1::new(config)?)),
            Some(Codec::Image) => Decoder::Image,
            Some(Codec::Raw(format)) => Decoder::Raw(*format),
            _ => bail!("{} video is not supported", track.codec),
        };
        let facts = Facts {
            frame_rate: track.picture.frame_rate,
            time_base: track.time_base,
            is_variable: track.picture.is_variable,
            color: track.picture.color,
            sample_aspect_ratio: track.picture.sample_aspect_ratio,
            duration: track.duration,
            orientation: track.picture.orientation,
        };
        let source = TrackSource {
            demuxer,
            track,
            decoder,
            decoded: Vec::new(),
            is_at_end: false,
            has_warned: false,
            counts,
            is_lost: false,
            shown: 0,
        };
        let language = source.track.language.clone();
        let input = Self::from_source(name, VideoSource::Track(Box::new(source)), facts)?;
        Ok(Self { language, ..input })
    }

    /// Opens images, each in a file of its own.
    pub(crate) fn pictures(name: &str, pictures: Pictures, rate: Rational) -> anyhow::Result<Self> {
        let facts = Facts {
            frame_rate: Some(rate),
            time_base: TimeBase::new(rate.inverse()),
            is_variable: pictures.has_holes(),
            color: None,
            sample_aspect_ratio: None,
            duration: Some(pictures.len()),
            orientation: Orientation::default(),
        };
        Self::from_source(name, VideoSource::Pictures(Box::new(pictures)), facts)
    }

    /// Opens an animation.
    pub(crate) fn animation(name: &str, animation: Animation) -> anyhow::Result<Self> {
        // Durations are fractions of milliseconds; this unit holds hundredths and common rates.
        const UNIT: i64 = 90_000;
        let facts = Facts {
            frame_rate: None,
            time_base: TimeBase::new(Rational::new(1, UNIT)?),
            is_variable: true,
            color: None,
            sample_aspect_ratio: None,
            duration: None,
            orientation: Orientation::default(),
        };
        let source = VideoSource::Animation { animation: Box::new(animation), next: 0, unit: UNIT };
        Self::from_source(name, source, facts)
    }

    /// A test pattern that is generated.
    ///
    /// # Errors
    /// None; as the other constructors.
    pub fn test(source: TestSource) -> anyhow::Result<Self> {
        let facts = Facts {
            frame_rate: Some(source.frame_rate),
            time_base: TimeBase::new(source.frame_rate.inverse()),
            is_variable: false,
            color: None,
            sample_aspect_ratio: None,
            duration: source.frames,
            orientation: Orientation::default(),
        };
        Self::from_source("testsrc", VideoSource::Test(source), facts)
    }

    fn from_source(name: &str, source: VideoSource, facts: Facts) -> anyhow::Result<Self> {
        let one = Rational::new(1, 1)?;
        let mut input = Self {
            width: 0,
            height: 0,
            frame_rate: one,
            time_base: facts.time_base,
            is_variable: facts.is_variable,
            format: PixelFormat::Rgb24,
            color: ColorInfo::default(),
            sample_aspect_ratio: one,
            duration: facts.duration,
            language: None,
            name: name.to_owned(),
            source,
            ready: VecDeque::new(),
            failure: None,
            shown: None,
            is_damaged: false,
        };
        // The first frame tells the size; without a rate the first few tell it.
        let wanted = if facts.frame_rate.is_none() { MEASURED } else { 1 };
        while input.ready.len() < wanted {
            match input.advance() {
                Ok(true) => {}
                Ok(false) => break,
                // The frames before the damage are good.
                Err(error) if !input.ready.is_empty() => {
                    log::warn!("{name} is damaged: {error:#}. The frames before are kept.");
                    input.is_damaged = true;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        let Some(first) = input.ready.front() else {
            bail!("its video has no frame that can be decoded")
        };
        input.frame_rate = match facts.frame_rate {
            Some(rate) => rate,
            None => measured(&input.ready, facts.time_base)?,
        };
        input.is_variable |= !is_on_grid(first.pts, facts.time_base, input.frame_rate);
        (input.width, input.height) = (first.frame.width, first.frame.height);
        (input.format, input.color) = (first.frame.format, first.frame.color);
        let VideoSource::Track(source) = &input.source else { return Ok(input) };
        if let Decoder::H264(h264) = &source.decoder
            && let Some(sps) = &h264.sps
        {
            input.sample_aspect_ratio =
                facts.sample_aspect_ratio.or(sps.sample_aspect_ratio).unwrap_or(one);
            if source.counts
                && facts.frame_rate.is_none()
                && let Some(rate) = sps.frame_rate
            {
                input.frame_rate = rate;
            }
        } else {
            input.sample_aspect_ratio = facts.sample_aspect_ratio.unwrap_or(one);
        }
        if let Some(color) = facts.color
            && !input.format.is_rgb()
        {
            input.color = merged(color, input.color);
        }
        if facts.orientation.quarter_turns % 2 == 1 {
            input.sample_aspect_ratio = input.sample_aspect_ratio.inverse();
        }
        Ok(input)
    }

    /// Returns whether damage was found, or the input ends before it says it does.
    pub fn is_damaged(&self) -> bool {
        let source = match &self.source {
            VideoSource::Track(source) => source.demuxer.borrow().is_damaged(),
            VideoSource::Pictures(pictures) => pictures.has_holes(),
            VideoSource::Animation { .. } | VideoSource::Test(_) => false,
        };
        self.is_damaged || source
    }

    /// The first frame, for inputs that have no other.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame).
    pub fn image(&mut self) -> anyhow::Result<Option<Frame>> {
        self.next_frame()?;
        Ok(self.shown.take())
    }

    /// The next frame, its time, and its duration where the input states it; none at the end.
    ///
    /// # Errors
    /// The input's own, or a frame that is not like those before.
    pub fn next_frame(
        &mut self,
    ) -> anyhow::Result<Option<(reelwright_core::VideoView<'_>, i64, Option<u64>)>> {
        while self.ready.is_empty() {
            let advanced = self.advance();
            if !advanced.with_context(|| format!("Failed to read input: {}", self.name))? {
                break;
            }
        }
        let Some(timed) = self.ready.pop_front() else { return Ok(None) };
        let Timed { mut frame, pts, duration } = timed;
        if (frame.width, frame.height, frame.format) != (self.width, self.height, self.format) {
            bail!(
                "The input changes in the middle: {} has frames of {}x{} {} at its start, and then \
                 of {}x{} {}.",
                self.name,
                self.width,
                self.height,
                self.format,
                frame.width,
                frame.height,
                frame.format
            );
        }
        frame.color = self.color;
        let frame = self.shown.insert(frame);
        Ok(Some((frame.view(), pts, Some(duration).filter(|duration| *duration > 0))))
    }

    /// As [`decode`](Self::decode); frames that wait for those before them come before an error.
    fn advance(&mut self) -> anyhow::Result<bool> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let error = match self.decode() {
            Err(error) => error,
            decoded => return decoded,
        };
        if let VideoSource::Track(source) = &mut self.source {
            source.show(true, &mut self.ready);
        }
        if self.ready.is_empty() {
            return Err(error);
        }
        self.failure = Some(error);
        Ok(true)
    }

    /// Decodes until a frame is ready or nothing more comes; false at the end.
    fn decode(&mut self) -> anyhow::Result<bool> {
        match &mut self.source {
            VideoSource::Track(source) => {
                let (name, ready) = (&self.name, &mut self.ready);
                source.step(name, ready, &mut self.is_damaged)
            }
            VideoSource::Pictures(pictures) => {
                let Some((mut frame, pts)) = pictures.next()? else { return Ok(false) };
                // One format holds all images.
                let format = if self.ready.is_empty() && self.width == 0 {
                    pictures.format().unwrap_or(frame.format)
                } else {
                    self.format
                };
                frame = frame.widened(format);
                self.is_damaged |= pictures.is_damaged();
                self.ready.push_back(Timed { frame, pts, duration: 1 });
                Ok(true)
            }
            VideoSource::Animation { animation, next, unit } => {
                let Some((frame, (num, den))) = animation.next()? else {
                    return Ok(false);
                };
                // Players show frames without a duration for a tenth of a second.
                let (num, den) = if num == 0 { (100, 1) } else { (num, den.max(1)) };
                let scaled = i128::from(num) * i128::from(*unit) / (1000 * i128::from(den));
                let duration = i64::try_from(scaled).unwrap_or(i64::MAX).max(1);
                let pts = *next;
                *next = pts.saturating_add(duration);
                self.ready.push_back(Timed { frame, pts, duration: duration.unsigned_abs() });
                Ok(true)
            }
            VideoSource::Test(source) => {
                let Some((frame, pts)) = source.next() else { return Ok(false) };
                self.ready.push_back(Timed { frame, pts, duration: 1 });
                Ok(true)
            }
        }
    }
}

/// Returns whether a time is a whole number of frames, within what rounding to the unit explains.
fn is_on_grid(pts: i64, time_base: TimeBase, frame_rate: Rational) -> bool {
    let frames = pts as f64 * time_base.seconds().to_f64() * frame_rate.to_f64();
    let unit = time_base.seconds().to_f64() * frame_rate.to_f64();
    (frames - frames.round()).abs() <= unit.min(0.5)
}

/// A container's color facts, with those of the bitstream where it has none.
fn merged(container: ColorInfo, bitstream: ColorInfo) -> ColorInfo {
    fn or<T: PartialEq + Default>(first: T, second: T) -> T {
        if first == T::default() { second } else { first }
    }
    ColorInfo {
        primaries: or(container.primaries, bitstream.primaries),
        transfer: or(container.transfer, bitstream.transfer),
        matrix: or(container.matrix, bitstream.matrix),
        range: or(container.range, bitstream.range),
        chroma_location: or(container.chroma_location, bitstream.chroma_location),
    }
}

/// The frame rate of the first frames: that of common ones which is nearest, within what rounding
/// to the unit explains.
fn measured(frames: &VecDeque<Timed>, time_base: TimeBase) -> anyhow::Result<Rational> {
    const COMMON: &[(i64, i64)] = &[
        (24_000, 1001),
        (24, 1),
        (25, 1),
        (30_000, 1001),
        (30, 1),
        (48, 1),
        (50, 1),
        (60_000, 1001),
        (60, 1),
        (120, 1),
        (15, 1),
        (10, 1),
        (12, 1),
        (5, 1),
        (1, 1),
    ];
    let (Some(first), Some(last)) = (frames.front(), frames.back()) else {
        return Ok(Rational::new(25, 1)?);
    };
    let unit = time_base.seconds().to_f64();
    let span = (last.pts - first.pts) as f64 * unit;
    if frames.len() < 2 || span <= 0.0 {
        let duration = first.duration as f64 * unit;
        return Ok(if duration > 0.0 {
            Rational::from_f64(1.0 / duration)?
        } else {
            Rational::new(25, 1)?
        });
    }
    let intervals = (frames.len() - 1) as f64;
    let mean = span / intervals;
    for (num, den) in COMMON {
        let each = *den as f64 / *num as f64;
        let fits = frames.iter().enumerate().all(|(index, frame)| {
            let at = (frame.pts - first.pts) as f64 * unit;
            (at - index as f64 * each).abs() <= 1.01 * unit
        });
        if fits {
            return Ok(Rational::new(*num, *den)?);
        }
    }
    Ok(Rational::from_f64(1.0 / mean)?)
}

impl TrackSource {
    /// Decodes a packet and hands out frames whose turn it is; false at the end.
    fn step(
        &mut self,
        name: &str,
        ready: &mut VecDeque<Timed>,
        is_damaged: &mut bool,
    ) -> anyhow::Result<bool> {
        if self.is_at_end {
            return Ok(self.show(true, ready));
        }
        let Some(packet) = self.demuxer.borrow_mut().next(self.track.index)? else {
            self.is_at_end = true;
            return Ok(self.show(true, ready) || !self.decoded.is_empty());
        };
        if packet.starts_anew {
            match &mut self.decoder {
                Decoder::H264(decoder) => decoder.reset(),
                Decoder::Av1(decoder) => decoder.reset()?,
                Decoder::Image | Decoder::Raw(_) => {}
            }
        }
        if self.is_lost && !packet.is_sync {
            return Ok(true);
        }
        let decoded = match &mut self.decoder {
            Decoder::H264(decoder) => decoder
                .push(&packet.data, packet.is_sync)?
                .map(|decoded| decoded.into_iter().collect()),
            Decoder::Av1(decoder) => decoder.push(&packet.data, packet.is_sync)?.map(|frames| {
                let decoded = |frame| Decoded { frame, order: (0, packet.pts), begins_anew: true };
                frames.into_iter().map(decoded).collect()
            }),
            Decoder::Image => match still::decode(&packet.data) {
                Ok(still) => {
                    if still.is_damaged && !std::mem::replace(&mut self.has_warned, true) {
                        log::warn!("{name} is damaged: an image is cut off.");
                    }
                    *is_damaged |= still.is_damaged;
                    let order = (0, packet.pts);
                    Ok(vec![Decoded { frame: still.frame, order, begins_anew: true }])
                }
                Err(error) => Err(Damage(format!("an image cannot be decoded: {error:#}"))),
            },
            Decoder::Raw(format) => {
                let (width, height) = self.track.picture.size.unwrap_or((0, 0));
                let color = if format.is_rgb() { ColorInfo::SRGB } else { ColorInfo::default() };
                let mut rest = &packet.data[..];
                let planes: Vec<_> = (0..format.planes())
                    .map(|index| {
                        let (row, rows) = format.plane_size(index, width, height);
                        let row = row * format.data_type().bytes();
                        let (data, after) = rest.split_at((row * rows).min(rest.len()));
                        rest = after;
                        (data, row)
                    })
                    .collect();
                match Frame::copied(*format, (width, height), color, &planes) {
                    Some(frame) => {
                        Ok(vec![Decoded { frame, order: (0, packet.pts), begins_anew: true }])
                    }
                    None => Err(Damage("a frame is cut off".to_owned())),
                }
            }
        };
        let decoded: Vec<Decoded> = match decoded {
            Ok(decoded) => decoded,
            Err(Damage(reason)) => {
                *is_damaged = true;
                if !std::mem::replace(&mut self.has_warned, true) {
                    log::warn!(
                        "{name} is damaged: {reason}. Decoding goes on at the next keyframe."
                    );
                }
                self.is_lost = true;
                return Ok(true);
            }
        };
        self.is_lost = false;
        for one in decoded {
            if packet.starts_anew || one.begins_anew {
                self.show(true, ready);
            }
            self.decoded.push(Pending {
                decoded: one,
                pts: packet.pts,
                duration: packet.duration,
                window: packet.window.clone(),
            });
        }
        self.show(false, ready);
        Ok(true)
    }

    /// Hands out the frames that are next for sure; all of them where `is_all`. Returns whether
    /// there were some.
    fn show(&mut self, is_all: bool, ready: &mut VecDeque<Timed>) -> bool {
        let before = ready.len();
        while self.decoded.len() > if is_all { 0 } else { MAX_REORDERED } {
            let counts = self.counts;
            let key = |pending: &Pending| match counts {
                true => pending.decoded.order,
                false => (0, pending.pts),
            };
            let next = self.decoded.iter().enumerate().min_by_key(|(_, pending)| key(pending));
            let Some(index) = next.map(|(index, _)| index) else { break };
            let pending = self.decoded.swap_remove(index);
            let pts = if counts { self.shown } else { pending.pts };
            self.shown += 1;
            if !pending.window.contains(&pts) {
                continue;
            }
            let frame = pending.decoded.frame.upright(self.track.picture.orientation);
            ready.push_back(Timed { frame, pts, duration: pending.duration });
        }
        ready.len() > before
    }
}
