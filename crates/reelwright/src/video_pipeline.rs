//! The way of a video chunk to packets: checked, converted, picture by picture, encoded.

use std::sync::Arc;

use reelwright_convert::VideoConverter;
use reelwright_core::{
    DataType, Error, PacketQueue, PixelFormat, Result, StreamParameters, TensorView, Timestamp,
    VideoBuffer, VideoFrame,
};

use crate::frame_rate::FrameRateChange;
use crate::schedule::Schedule;
use crate::video_stream::ResolvedVideo;
use crate::video_worker::{Engine, Shown};

/// The longest gap that is filled with a repeated picture, in seconds.
const MAX_GAP_SECONDS: f64 = 24.0 * 60.0 * 60.0;

/// Where a picture comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Of a chunk, by its index.
    Chunk(&'a TensorView<'a>, usize),
    Frame(&'a VideoFrame<'a>),
}

/// One video stream at work.
pub(crate) struct VideoPipeline {
    format: PixelFormat,
    width: usize,
    height: usize,
    schedule: Schedule,
    converter: VideoConverter,
    encoder: Engine,
    /// Pictures, of which the first is the one that was converted last. Others may be with the
    /// encoder; those that are not are used again.
    pictures: Vec<Arc<VideoBuffer>>,
    /// Where pictures are repeated or dropped: the last one waits until it is known how often it
    /// is shown.
    rate: Option<FrameRateChange>,
    /// Whether there has been a picture.
    has_picture: bool,
    /// A pts that leaves a gap makes no frames of its own.
    keeps_times: bool,
    /// The container stores times.
    is_variable: bool,
    /// The container whose constant rate drops pictures, until that was warned of.
    drops: Option<&'static str>,
    fills_gaps: bool,
    has_warned_of_overlap: bool,
    pub(crate) packets: PacketQueue,
}

impl VideoPipeline {
    pub(crate) fn new(stream: ResolvedVideo, is_variable: bool) -> Result<Self> {
        let ResolvedVideo { info, request, mut options, format, width, height, .. } = stream;
        let (width, height) = (width as usize, height as usize);
        let size = (request.width as usize, request.height as usize);
        let encoder = (info.open)(&request, &mut options)?;
        options.finish(crate::video_encoder_options(info))?;
        let picture = VideoBuffer::new(request.pixel_format, size.0, size.1, request.color)?;
        let converter = VideoConverter::new(
            format,
            stream.color,
            (width, height),
            request.pixel_format,
            request.color,
            size,
            stream.scale_filter,
        )?;
        let rate = stream
            .is_constant
            .then(|| FrameRateChange::new(stream.time_base, request.time_base, !is_variable));
        Ok(Self {
            format,
            width,
            height,
            schedule: Schedule::new(stream.time_base, stream.frame_rate),
            converter,
            encoder: Engine::new(encoder, stream.is_apart)?,
            pictures: vec![Arc::new(picture)],
            rate,
            has_picture: false,
            keeps_times: stream.keeps_times,
            is_variable,
            drops: stream.drops,
            fills_gaps: true,
            has_warned_of_overlap: false,
            packets: PacketQueue::new(),
        })
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        self.encoder.parameters()
    }

    pub(crate) fn set_fills_gaps(&mut self, fills_gaps: bool) {
        self.fills_gaps = fills_gaps;
    }

    /// Refuses a chunk that does not fit, before anything of it is written; sets when its first
    /// picture is shown, and returns how many times the last one must be repeated before it.
    pub(crate) fn check(&mut self, chunk: &TensorView<'_>, pts: Option<f64>) -> Result<i64> {
        if chunk.data_type() != DataType::U8 {
            return Err(Error::chunk(format!(
                "Expected Tensor of uint8 type. Found: {}",
                chunk.data_type()
            )));
        }
        let shape = chunk.shape();
        if shape.len() != 4 {
            return Err(Error::chunk(format!(
                "Input Tensor has to be 4D, of shape (frame, channel, height, width). Found shape: \
                 {shape:?}"
            )));
        }
        let components = self.format.components();
        let fits = shape[1] == components || (components == 4 && shape[1] == 3);
        if !fits || shape[2..] != [self.height, self.width] {
            return Err(Error::chunk(format!(
                "Expected tensor with shape (N, {components}, {}, {}) (NCHW format). Found {shape:?}",
                self.height, self.width
            )));
        }
        if shape[0] == 0 {
            return Ok(0);
        }
        self.gap(pts)
    }

    /// Sets when the next picture is shown, or says how many times the last one must be repeated
    /// before it.
    fn gap(&mut self, pts: Option<f64>) -> Result<i64> {
        let Some(pts) = pts else { return Ok(0) };
        let at = self.schedule.time_base().at(pts)?;
        self.gap_before(at)
    }

    /// As [`gap`](Self::gap), with the time in units of the time base.
    fn gap_before(&mut self, Timestamp(at): Timestamp) -> Result<i64> {
        let gap = at.saturating_sub(self.schedule.next());
        let earliest =
            if self.keeps_times { self.schedule.earliest() } else { self.schedule.next() };
        if at < earliest {
            if !self.has_warned_of_overlap {
                self.has_warned_of_overlap = true;
                log::warn!("The provided PTS value is smaller than the next expected value.");
            }
            return Ok(0);
        }
        let repeats = self.rate.is_some() || !self.is_variable;
        if repeats && !self.fills_gaps && !self.is_variable && gap > 0 {
            // Shown right after the last picture.
            return Ok(0);
        }
        let time_base = self.schedule.time_base();
        let seconds = time_base.seconds_of(Timestamp(gap));
        if repeats && seconds > MAX_GAP_SECONDS {
            let pts = time_base.seconds_of(Timestamp(at));
            return Err(Error::chunk(format!(
                "A PTS of {pts} leaves a gap of {seconds:.0} s. Up to {MAX_GAP_SECONDS} s are \
                 filled by repeating a picture; pass fill_gaps=false to open to leave gaps out."
            )));
        }
        if self.keeps_times {
            self.schedule.set_next(at);
            return Ok(0);
        }
        Ok(gap)
    }

    /// Refuses a frame that does not fit, as [`check`](Self::check) does a chunk.
    pub(crate) fn check_frame(&mut self, frame: &VideoFrame<'_>, pts: Option<f64>) -> Result<i64> {
        frame.expect(self.format, self.width as u32, self.height as u32)?;
        self.gap(pts)
    }

    /// Refuses a frame that does not fit, or whose own times do not; as
    /// [`check_frame`](Self::check_frame).
    pub(crate) fn check_timed_frame(&mut self, frame: &VideoFrame<'_>) -> Result<i64> {
        frame.expect(self.format, self.width as u32, self.height as u32)?;
        let most = 1 << 53;
        if !(0..=most).contains(&frame.pts.0) {
            return Err(Error::chunk(format!(
                "The pts of a frame must be from 0 to {most}. Found: {}",
                frame.pts
            )));
        }
        if let Some(duration) = frame.duration.filter(|length| !(1..=most).contains(length)) {
            return Err(Error::chunk(format!(
                "The duration of a frame must be from 1 to {most}. Found: {duration}"
            )));
        }
        self.gap_before(frame.pts)
    }

    /// Encodes the last picture once more; before the first one, this.
    pub(crate) fn repeat(&mut self, source: Source<'_>) -> Result<()> {
        if self.has_picture { self.show(None) } else { self.write(source, None) }
    }

    /// Encodes a picture that was checked, which lasts for `duration` if that is known.
    pub(crate) fn write(&mut self, source: Source<'_>, duration: Option<i64>) -> Result<()> {
        if self.rate.is_some() {
            // What was held is shown until this one begins.
            self.show_held()?;
        }
        let to = free(&mut self.pictures);
        match source {
            Source::Chunk(chunk, index) => self.converter.convert(chunk, index, to),
            Source::Frame(frame) => self.converter.convert_frame(frame, to),
        }
        self.has_picture = true;
        if self.rate.is_some() {
            self.schedule.take(duration);
            return Ok(());
        }
        self.show(duration)
    }

    fn show(&mut self, duration: Option<i64>) -> Result<()> {
        if self.rate.is_some() {
            self.show_held()?;
            self.schedule.take(duration);
            return Ok(());
        }
        let shown = Shown { pts: Timestamp(self.schedule.take(duration)), duration };
        self.encoder.encode(&self.pictures[0], shown, &mut self.packets)
    }

    /// Encodes the picture that is held, up to the next one.
    fn show_held(&mut self) -> Result<()> {
        let Some(rate) = &mut self.rate else { return Ok(()) };
        let times = rate.until(self.schedule.next());
        if times.is_empty()
            && self.has_picture
            && let Some(container) = self.drops.take()
        {
            log::warn!(
                "{container} shows frames at a constant rate: frames that are closer are dropped. \
                 Pass a higher encoder_frame_rate, or write a format that stores times, as mp4."
            );
        }
        for pts in times {
            self.encoder.encode(&self.pictures[0], pts.into(), &mut self.packets)?;
        }
        Ok(())
    }

    /// Brings the packets of the pictures so far, as far as the encoder can without changing what
    /// follows.
    pub(crate) fn drain(&mut self) -> Result<()> {
        self.encoder.drain(&mut self.packets)
    }

    /// When the first and the last picture are shown that are on their way to packets.
    pub(crate) fn in_flight(&self) -> Option<(Timestamp, Timestamp)> {
        self.encoder.in_flight()
    }

    /// Encodes everything there is.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if let Some(rate) = &mut self.rate
            && self.has_picture
        {
            for pts in rate.last(self.schedule.end()) {
                self.encoder.encode(&self.pictures[0], pts.into(), &mut self.packets)?;
            }
        }
        self.encoder.finish(&mut self.packets)
    }
}

/// A picture that nobody else has, moved to the front; a new one where there is none.
fn free(pictures: &mut Vec<Arc<VideoBuffer>>) -> &mut VideoBuffer {
    match pictures.iter_mut().position(|picture| Arc::get_mut(picture).is_some()) {
        Some(index) => pictures.swap(0, index),
        None => {
            let picture = Arc::new(VideoBuffer::clone(&pictures[0]));
            pictures.insert(0, picture);
        }
    }
    Arc::get_mut(&mut pictures[0]).expect("nobody else has it")
}
