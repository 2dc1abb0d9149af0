//! Decoded video frames in presentation order.

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
use crate::image_sequence::ImageSequence;
use crate::packet::{Codec, Demuxer, Orientation, Track};
use crate::still::{self, Animation};
use crate::test_source::TestSource;

/// Maximum number of frames that a stream reorders (H.264 §A.3.1).
pub(crate) const MAX_REORDERED: usize = 16;
/// Number of frames that are decoded to measure an unknown frame rate.
const MEASURED: usize = 12;

/// Decoder of a video track.
pub struct VideoInput {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Frames per second. Nominal if the duration of frames varies.
    pub frame_rate: Rational,
    /// Unit of timestamps and durations.
    pub time_base: TimeBase,
    /// True if the duration of frames may vary.
    pub is_variable: bool,
    /// Pixel format.
    pub format: PixelFormat,
    /// Color code points.
    pub color: ColorInfo,
    /// Width / height of a pixel.
    pub sample_aspect_ratio: Rational,
    /// Duration in `time_base`, if the input states it.
    pub duration: Option<u64>,
    /// ISO 639 code of the language, if the input states one.
    pub language: Option<String>,
    name: String,
    source: VideoSource,
    ready: VecDeque<Timed>,
    /// Error to return after the ready frames.
    failure: Option<anyhow::Error>,
    shown: Option<Frame>,
    is_damaged: bool,
}

/// A frame and its times. A duration of 0 means until the next frame.
struct Timed {
    frame: Frame,
    pts: i64,
    duration: u64,
}

enum VideoSource {
    Track(Box<TrackSource>),
    ImageSequence(Box<ImageSequence>),
    Animation { animation: Box<Animation>, next: i64, unit: i64 },
    Test(TestSource),
}

struct TrackSource {
    demuxer: Rc<RefCell<dyn Demuxer>>,
    track: Track,
    decoder: Decoder,
    /// Decoded frames that are not ready yet.
    decoded: Vec<Pending>,
    is_at_end: bool,
    has_warned: bool,
    /// True if the container has no timestamps: frames are numbered in presentation order.
    counts: bool,
    /// True while packets are dropped up to the next sync point.
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

/// Properties that an input states about its frames. The first frame completes them.
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
    /// Opens a track that has a decoder. `frame_rate` is the default frame rate.
    ///
    /// # Errors
    /// The codec's configuration is not supported, or no frame can be decoded.
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
            frame_rate: track.video.frame_rate,
            time_base: track.time_base,
            is_variable: track.video.is_variable,
            color: track.video.color,
            sample_aspect_ratio: track.video.sample_aspect_ratio,
            duration: track.duration,
            orientation: track.video.orientation,
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

    /// Opens a sequence of image files.
    pub(crate) fn images(
        name: &str,
        images: ImageSequence,
        rate: Rational,
    ) -> anyhow::Result<Self> {
        let facts = Facts {
            frame_rate: Some(rate),
            time_base: TimeBase::new(rate.inverse()),
            is_variable: images.has_gaps(),
            color: None,
            sample_aspect_ratio: None,
            duration: Some(images.len()),
            orientation: Orientation::default(),
        };
        Self::from_source(name, VideoSource::ImageSequence(Box::new(images)), facts)
    }

    /// Opens an animation.
    pub(crate) fn animation(name: &str, animation: Animation) -> anyhow::Result<Self> {
        // Durations are fractions of milliseconds. This unit represents hundredths and common
        // rates.
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

    /// Opens a generated test pattern.
    ///
    /// # Errors
    /// None in practice.
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
        // The first frame determines the size. The first few determine an unknown frame rate.
        let wanted = if facts.frame_rate.is_none() { MEASURED } else { 1 };
        while input.ready.len() < wanted {
            match input.advance() {
                Ok(true) => {}
                Ok(false) => break,
                // The frames before the damage are valid.
                Err(error) if !input.ready.is_empty() => {
                    log::warn!("{name} is damaged: {error:#}. Earlier frames are kept.");
                    input.is_damaged = true;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        let Some(first) = input.ready.front() else {
            bail!("no frame of its video can be decoded")
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

    /// Returns true if the input is damaged or truncated, as far as it was read.
    pub fn is_damaged(&self) -> bool {
        let source = match &self.source {
            VideoSource::Track(source) => source.demuxer.borrow().is_damaged(),
            VideoSource::ImageSequence(images) => images.has_gaps(),
            VideoSource::Animation { .. } | VideoSource::Test(_) => false,
        };
        self.is_damaged || source
    }

    /// Returns the first frame, for inputs with a single frame.
    ///
    /// # Errors
    /// The same errors as [`next_frame`](Self::next_frame).
    pub fn image(&mut self) -> anyhow::Result<Option<Frame>> {
        self.next_frame()?;
        Ok(self.shown.take())
    }

    /// Returns the next frame, its timestamp, and its duration if the input states it. `None` at
    /// the end.
    ///
    /// # Errors
    /// Reading or decoding fails, or the frame's size or format differs from those before.
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
                "The format of {} changes: its frames are {}x{} {} at the start, then {}x{} {}. \
                 Split the input there.",
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

    /// Decodes as [`decode`](Self::decode) does. Returns held frames before an error.
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

    /// Decodes until a frame is ready. Returns false at the end.
    fn decode(&mut self) -> anyhow::Result<bool> {
        match &mut self.source {
            VideoSource::Track(source) => {
                let (name, ready) = (&self.name, &mut self.ready);
                source.step(name, ready, &mut self.is_damaged)
            }
            VideoSource::ImageSequence(images) => {
                let Some((mut frame, pts)) = images.next()? else { return Ok(false) };
                // One format represents all images.
                let format = if self.ready.is_empty() && self.width == 0 {
                    images.format().unwrap_or(frame.format)
                } else {
                    self.format
                };
                frame = frame.widened(format);
                self.is_damaged |= images.is_damaged();
                self.ready.push_back(Timed { frame, pts, duration: 1 });
                Ok(true)
            }
            VideoSource::Animation { animation, next, unit } => {
                let Some((frame, (num, den))) = animation.next()? else {
                    return Ok(false);
                };
                // Players show frames without a duration for 0.1 s.
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

/// Returns true if a timestamp is a multiple of the frame duration, apart from rounding.
fn is_on_grid(pts: i64, time_base: TimeBase, frame_rate: Rational) -> bool {
    let frames = pts as f64 * time_base.seconds().to_f64() * frame_rate.to_f64();
    let unit = time_base.seconds().to_f64() * frame_rate.to_f64();
    (frames - frames.round()).abs() <= unit.min(0.5)
}

/// Completes the container's color properties with those of the bitstream.
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

/// Measures the frame rate of the first frames. Returns a common rate that matches apart from
/// rounding, otherwise the mean.
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
    /// Decodes a packet and appends ready frames. Returns false at the end.
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
        if packet.is_discontinuous {
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
                let decoded = |frame| Decoded { frame, order: (0, packet.pts), resets_order: true };
                frames.into_iter().map(decoded).collect()
            }),
            Decoder::Image => match still::decode(&packet.data) {
                Ok(still) => {
                    if still.is_damaged && !std::mem::replace(&mut self.has_warned, true) {
                        log::warn!("{name} is damaged: an image is truncated.");
                    }
                    *is_damaged |= still.is_damaged;
                    let order = (0, packet.pts);
                    Ok(vec![Decoded { frame: still.frame, order, resets_order: true }])
                }
                Err(error) => Err(Damage(format!("an image cannot be decoded: {error:#}"))),
            },
            Decoder::Raw(format) => {
                let (width, height) = self.track.video.size.unwrap_or((0, 0));
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
                        Ok(vec![Decoded { frame, order: (0, packet.pts), resets_order: true }])
                    }
                    None => Err(Damage("a frame is truncated".to_owned())),
                }
            }
        };
        let decoded: Vec<Decoded> = match decoded {
            Ok(decoded) => decoded,
            Err(Damage(reason)) => {
                *is_damaged = true;
                if !std::mem::replace(&mut self.has_warned, true) {
                    log::warn!(
                        "{name} is damaged: {reason}. Decoding continues at the next keyframe."
                    );
                }
                self.is_lost = true;
                return Ok(true);
            }
        };
        self.is_lost = false;
        for one in decoded {
            if packet.is_discontinuous || one.resets_order {
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

    /// Appends the frames whose order is final, or all if `is_all`. Returns true if there were any.
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
            let frame = pending.decoded.frame.upright(self.track.video.orientation);
            ready.push_back(Timed { frame, pts, duration: pending.duration });
        }
        ready.len() > before
    }
}
