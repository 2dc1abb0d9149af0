//! Video pipeline: checks chunks, converts their frames one by one, and encodes the frames.

use std::ops::Range;

use reelwright_convert::VideoConverter;
use reelwright_core::{
    DataType, Error, FramePool, Interrupt, MemoryKind, PacketQueue, PixelFormat, Result, RgbColor,
    SideData, StreamParameters, TensorView, TimeLimits, Timestamp, VideoEncoderInfo, VideoFormat,
    VideoFrame, helpers::list,
};

use crate::frame_rate::FrameRateChange;
use crate::schedule::Schedule;
use crate::threaded_encoder::Engine;
use crate::video_input::{
    Source, VideoInput, check_chunk_values, check_frame_values, is_transparent,
};
use crate::video_stream::ResolvedVideo;

/// Default for the maximum gap that is filled by repeating a frame, in seconds.
const DEFAULT_MAX_GAP: f64 = 60.0 * 60.0;

/// Preparation that checked frames need.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VideoPlan {
    /// The frames follow the previous frame.
    Follow,
    /// The frames follow the previous frame, although their pts is earlier.
    Overlap,
    /// Timestamp of the first frame.
    At(i64),
    /// Number of times to repeat the last frame.
    Repeat(i64),
}

/// Next step of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// [`work`](VideoPipeline::work).
    Work,
    /// [`repeat`](VideoPipeline::repeat).
    Repeat,
    /// A frame to [`take`](VideoPipeline::take).
    Frame,
}

/// Pipeline of one video stream.
pub(crate) struct VideoPipeline {
    input: VideoFormat,
    /// True if the pipeline drops alpha and has not logged a warning yet.
    drops_alpha: bool,
    schedule: Schedule,
    converter: VideoConverter,
    encoder: Engine,
    info: VideoEncoderInfo,
    pool: FramePool,
    /// The last input frame.
    last: Option<VideoFrame>,
    /// Frame rate conversion. Keeps the last frame until its number of repetitions is known.
    rate: Option<FrameRateChange>,
    /// True if the duration of the last frame is known.
    is_prepared: bool,
    /// Timestamps at which the last frame must be encoded, and its duration if known.
    due: Range<i64>,
    duration: Option<i64>,
    is_ending: bool,
    is_finished: bool,
    /// True if a gap before a pts adds no frames.
    keeps_times: bool,
    /// True if the container stores timestamps.
    is_variable: bool,
    /// Container whose constant frame rate may drop frames. `None` after a warning was logged.
    drops: Option<&'static str>,
    fills_gaps: bool,
    /// Maximum gap that is filled, in seconds.
    max_gap: f64,
    limits: TimeLimits,
    has_warned_about_overlap: bool,
    /// True if the next frame must be a keyframe.
    forces_keyframe: bool,
    /// True until a warning about lost side data is logged.
    warns_about_side_data: bool,
    pub(crate) packets: PacketQueue,
}

impl VideoPipeline {
    pub(crate) fn new(stream: ResolvedVideo, is_variable: bool) -> Result<Self> {
        let ResolvedVideo { info, request, mut options, input, .. } = stream;
        let encoder = info.open(&request, &mut options)?;
        options.finish(crate::video_encoder_options(&info))?;
        let encoder = Engine::new(encoder, stream.is_threaded)?;
        let (output, filter) = (&request.format, stream.scale_filter);
        let converter = match stream.background {
            None => VideoConverter::new(&input, output, filter)?,
            Some(RgbColor(rgb)) => VideoConverter::over_background(&input, output, filter, rgb)?,
        };
        let rate = stream
            .is_constant
            .then(|| FrameRateChange::new(stream.time_base, request.time_base, !is_variable));
        Ok(Self {
            input,
            drops_alpha: stream.alpha_is_dropped,
            schedule: Schedule::new(stream.time_base, stream.frame_rate),
            converter,
            pool: FramePool::new(&request.format, encoder.max_delay() + 2),
            encoder,
            info,
            last: None,
            rate,
            is_prepared: false,
            due: 0..0,
            duration: None,
            is_ending: false,
            is_finished: false,
            keeps_times: stream.keeps_times,
            is_variable,
            drops: stream.drops,
            fills_gaps: true,
            max_gap: DEFAULT_MAX_GAP,
            limits: TimeLimits::NONE,
            has_warned_about_overlap: false,
            forces_keyframe: false,
            warns_about_side_data: true,
            packets: PacketQueue::new(),
        })
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        self.encoder.parameters()
    }

    /// Sets the maximum gap that is filled, in seconds, or `None`.
    pub(crate) fn set_gaps(&mut self, longest: Option<f64>) {
        self.fills_gaps = longest.is_some();
        self.max_gap = longest.unwrap_or(DEFAULT_MAX_GAP);
    }

    /// Sets the range of timestamps that the container can store.
    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        self.limits = limits;
    }

    /// Returns whether a chunk has the type and shape of a checked chunk, except for the number of
    /// frames.
    pub(crate) fn has_format_of(&self, chunk: &TensorView<'_>) -> bool {
        let shape = chunk.shape();
        shape.len() == 4
            && self.fits(shape)
            && chunk.data_type() == self.input.pixel_format.data_type()
    }

    fn fits(&self, shape: &[usize]) -> bool {
        let format = self.input.pixel_format;
        let fits = shape[1] == format.channels() || shape[1] == format.components().len();
        fits && shape[2..] == [self.input.height as usize, self.input.width as usize]
    }

    /// Checks that a chunk matches the stream, without changing the stream.
    ///
    /// # Errors
    /// The chunk does not match the stream.
    pub(crate) fn check(&self, chunk: &TensorView<'_>, pts: Option<f64>) -> Result<VideoPlan> {
        let format = self.input.pixel_format;
        if chunk.data_type() != format.data_type() {
            let expected = if format.data_type() == DataType::U8 { "uint8" } else { "uint16" };
            return Err(Error::chunk(format!(
                "Expected Tensor of {expected} type. Found: {}",
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
        if !self.fits(shape) {
            return Err(Error::chunk(format!(
                "Expected tensor with shape (N, {}, {}, {}) (NCHW format). Found {shape:?}",
                format.channels(),
                self.input.height,
                self.input.width
            )));
        }
        if shape[0] == 0 {
            return Ok(VideoPlan::Follow);
        }
        check_chunk_values(chunk, format)?;
        self.plan(pts)
    }

    /// Checks that a frame has the stream's format, and values in its range.
    fn expect(&self, input: VideoInput<'_>) -> Result<()> {
        let format = self.input.pixel_format;
        let view = match input {
            VideoInput::View(view) => view,
            VideoInput::Frame(frame) if frame.memory_kind() == MemoryKind::HOST => &frame.view()?,
            VideoInput::Frame(frame) => return self.expect_on_device(frame),
        };
        view.check_format(format, self.input.width, self.input.height)?;
        if view.side_data.keyframe {
            self.check_keyframes()?;
        }
        check_frame_values(view)
    }

    /// Checks that the encoder supports a frame in device memory.
    fn expect_on_device(&self, frame: &VideoFrame) -> Result<()> {
        let kind = frame.memory_kind();
        if !self.info.memory.contains(&kind) {
            return Err(Error::chunk(format!(
                "Encoder {} supports frames in {} memory. Found: {kind} memory. Call \
                 VideoFrame::download first.",
                self.info.encoder.name,
                list(self.info.memory)
            )));
        }
        let (found, expected) = (&frame.format, &self.input);
        if (found.pixel_format, found.size()) == (expected.pixel_format, expected.size())
            && self.converter.is_copy()
        {
            return if frame.side_data.keyframe { self.check_keyframes() } else { Ok(()) };
        }
        Err(Error::chunk(format!(
            "Frames in {kind} memory cannot be converted. Expected {} of {}x{}. Found: {} of \
             {}x{}. Call VideoFrame::download first.",
            self.parameters_format(),
            expected.width,
            expected.height,
            found.pixel_format,
            found.width,
            found.height
        )))
    }

    fn check_keyframes(&self) -> Result<()> {
        if self.info.forced_keyframes {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "Encoder {} does not support forced keyframes. Only its first frame is a keyframe.",
            self.info.encoder.name
        )))
    }

    /// Encodes the next frame as a keyframe.
    ///
    /// # Errors
    /// The encoder does not support forced keyframes.
    pub(crate) fn force_keyframe(&mut self) -> Result<()> {
        self.check_keyframes()?;
        self.forces_keyframe = true;
        Ok(())
    }

    /// Returns the maximum duration of video in the encoder, in seconds.
    pub(crate) fn max_delay(&self) -> f64 {
        let Some(rate) = self.parameters().video().and_then(|video| video.frame_rate) else {
            return 0.0;
        };
        self.encoder.max_delay() as f64 / rate.to_f64()
    }

    fn parameters_format(&self) -> PixelFormat {
        self.parameters().video().map_or(self.input.pixel_format, |video| video.format.pixel_format)
    }

    /// Checks a frame in the same way as [`check`](Self::check) checks a chunk.
    pub(crate) fn check_frame(&self, frame: VideoInput<'_>, pts: Option<f64>) -> Result<VideoPlan> {
        self.expect(frame)?;
        self.plan(pts)
    }

    /// Checks a frame as [`check_frame`](Self::check_frame) does, and the frame's own timestamps.
    pub(crate) fn check_timed_frame(&self, frame: VideoInput<'_>) -> Result<VideoPlan> {
        self.expect(frame)?;
        let most = 1 << 53;
        let (pts, duration) = frame.times();
        if !(0..=most).contains(&pts.0) {
            return Err(Error::chunk(format!(
                "The pts of a frame must be from 0 to {most}. Found: {pts}"
            )));
        }
        if let Some(duration) = duration.filter(|length| !(1..=most).contains(length)) {
            return Err(Error::chunk(format!(
                "The duration of a frame must be from 1 to {most}. Found: {duration}"
            )));
        }
        self.plan_at(pts)
    }

    /// Returns the plan for `pts`.
    fn plan(&self, pts: Option<f64>) -> Result<VideoPlan> {
        let Some(pts) = pts else { return Ok(VideoPlan::Follow) };
        self.plan_at(self.schedule.time_base().from_seconds(pts)?)
    }

    /// Returns the plan for a timestamp in units of the time base.
    fn plan_at(&self, Timestamp(at): Timestamp) -> Result<VideoPlan> {
        let gap = at.saturating_sub(self.schedule.next());
        let earliest =
            if self.keeps_times { self.schedule.earliest() } else { self.schedule.next() };
        if at < earliest {
            return Ok(VideoPlan::Overlap);
        }
        let repeats = self.rate.is_some() || !self.is_variable;
        if repeats && !self.fills_gaps && !self.is_variable && gap > 0 {
            return Ok(VideoPlan::Follow);
        }
        let time_base = self.schedule.time_base();
        let seconds = |units| time_base.to_seconds(Timestamp(units));
        if repeats && seconds(gap) > self.max_gap {
            return Err(Error::chunk(format!(
                "A PTS of {} leaves a gap of {:.0} s. Up to {} s are filled by repeating a frame. \
                 Call open with a larger fill_gaps, or with fill_gaps=false to omit gaps. The \
                 chunk was not written.",
                seconds(at),
                seconds(gap),
                self.max_gap
            )));
        }
        let encoded = self.parameters().time_base;
        let in_encoded = |units| time_base.rescale(Timestamp(units), encoded).0;
        if in_encoded(at) > self.limits.max_pts || in_encoded(gap) > self.limits.max_gap {
            return Err(Error::chunk(format!(
                "A PTS of {} leaves a gap of {:.0} s. The format stores gaps of up to {:.0} s. \
                 The chunk was not written.",
                seconds(at),
                seconds(gap),
                encoded.to_seconds(Timestamp(self.limits.max_gap))
            )));
        }
        Ok(if self.keeps_times { VideoPlan::At(at) } else { VideoPlan::Repeat(gap) })
    }

    /// Prepares for checked frames. Returns the number of repetitions of the last frame before
    /// them.
    pub(crate) fn schedule(&mut self, plan: VideoPlan) -> i64 {
        match plan {
            VideoPlan::Follow => {}
            VideoPlan::Overlap => {
                if !self.has_warned_about_overlap {
                    self.has_warned_about_overlap = true;
                    log::warn!("The provided PTS value is smaller than the next expected value.");
                }
            }
            VideoPlan::At(at) => self.schedule.set_next(at),
            VideoPlan::Repeat(times) => return times,
        }
        0
    }

    /// Returns the next step. `is_gap` is true if the last frame must be repeated.
    pub(crate) fn needs(&self, is_gap: bool) -> Needs {
        if !self.due.is_empty() || (self.rate.is_some() && !self.is_prepared) {
            Needs::Work
        } else if is_gap && self.last.is_some() {
            Needs::Repeat
        } else {
            Needs::Frame
        }
    }

    /// Returns whether frames are waiting to be encoded.
    pub(crate) fn has_work(&self) -> bool {
        !self.due.is_empty()
    }

    /// Encodes the due frame, or determines the duration of the last frame.
    ///
    /// # Errors
    /// The encoder fails, or an interrupt occurs. After an interrupt, the frame is still due.
    pub(crate) fn work(&mut self, interrupt: &Interrupt) -> Result<()> {
        if self.due.is_empty() {
            self.prepare();
            return Ok(());
        }
        self.encoder.make_room(&mut self.packets, interrupt)?;
        let (pts, duration) = (Timestamp(self.due.start), self.duration);
        self.due.start += 1;
        let Some(last) = &mut self.last else { return Ok(()) };
        let frame = VideoFrame { pts, duration, ..last.clone() };
        // A repeated frame is not a keyframe.
        last.side_data.keyframe = false;
        self.encoder.encode(frame, &mut self.packets)
    }

    /// Schedules the last frame until the start of the next one.
    fn prepare(&mut self) {
        self.is_prepared = true;
        let Some(rate) = &mut self.rate else { return };
        self.due = rate.until(self.schedule.next());
        self.duration = None;
        if self.due.is_empty()
            && self.last.is_some()
            && let Some(container) = self.drops.take()
        {
            log::warn!(
                "{container} has a constant frame rate: frames at shorter intervals are dropped. \
                 Pass a higher encoder_frame_rate, or a format that stores timestamps, such as mp4."
            );
        }
    }

    /// Converts a checked frame with `duration`, if known. [`needs`](Self::needs) must have
    /// returned [`Needs::Frame`].
    ///
    /// # Errors
    /// Memory is exhausted.
    pub(crate) fn take(&mut self, source: Source<'_>, duration: Option<i64>) -> Result<()> {
        if self.drops_alpha && is_transparent(source, self.input.pixel_format) {
            self.drops_alpha = false;
            log::warn!(
                "The encoder does not support alpha: the alpha channel of {} frames is dropped. \
                 Pass the option alpha=compose:COLOR to compose the frames over a color, or \
                 alpha=drop.",
                self.input.pixel_format
            );
        }
        // Releases its pixels for reuse.
        self.last = None;
        let Self { pool, converter, .. } = self;
        let frame = match source {
            Source::Chunk(chunk, index) => pool.write(|to| {
                converter.convert(chunk, index, to);
                Ok(())
            })?,
            Source::Input(VideoInput::Frame(frame)) if converter.is_copy() => frame.clone(),
            Source::Input(input) => {
                let side_data = input.side_data().clone();
                let frame = pool.write(|to| {
                    match input {
                        VideoInput::View(view) => converter.convert_frame(view, to),
                        VideoInput::Frame(frame) => converter.convert_frame(&frame.view()?, to),
                    }
                    Ok(())
                })?;
                VideoFrame { side_data, ..frame }
            }
        };
        let mut frame = frame;
        frame.side_data.keyframe |= std::mem::take(&mut self.forces_keyframe);
        self.warn_of(&frame.side_data);
        self.last = Some(frame);
        self.show(duration);
        Ok(())
    }

    /// Logs a warning, once, about side data that encoders do not keep.
    fn warn_of(&mut self, side: &SideData) {
        let lost = match side {
            SideData { field_order: Some(_), .. } => {
                "field order: frames are encoded as progressive"
            }
            SideData { hdr: Some(_), .. } => "HDR metadata",
            _ => return,
        };
        if std::mem::take(&mut self.warns_about_side_data) {
            log::warn!("Encoder {} does not keep {lost}.", self.info.encoder.name);
        }
    }

    /// Repeats the last frame.
    pub(crate) fn repeat(&mut self) {
        self.show(None);
    }

    fn show(&mut self, duration: Option<i64>) {
        let pts = self.schedule.take(duration);
        if self.rate.is_some() {
            self.is_prepared = false;
        } else {
            (self.due, self.duration) = (pts..pts + 1, duration);
        }
    }

    /// Encodes all due frames.
    fn encode_due(&mut self, interrupt: &Interrupt) -> Result<()> {
        while self.has_work() {
            self.work(interrupt)?;
        }
        Ok(())
    }

    /// Appends the packets of all frames so far, if that does not change later packets.
    pub(crate) fn drain(&mut self, interrupt: &Interrupt) -> Result<()> {
        self.encode_due(interrupt)?;
        self.encoder.drain(&mut self.packets, interrupt)
    }

    /// Returns the end of the written frames, in seconds.
    pub(crate) fn end(&self) -> f64 {
        self.schedule.time_base().to_seconds(Timestamp(self.schedule.next()))
    }

    /// Returns whether frames are in flight, so that [`drain`](Self::drain) may append packets.
    pub(crate) fn can_drain(&self) -> bool {
        self.encoder.can_drain()
    }

    /// Encodes all remaining frames. After an interrupt, another call continues.
    pub(crate) fn finish(&mut self, interrupt: &Interrupt) -> Result<()> {
        self.encode_due(interrupt)?;
        if !std::mem::replace(&mut self.is_ending, true)
            && let Some(rate) = &mut self.rate
            && self.last.is_some()
        {
            (self.due, self.duration) = (rate.last(self.schedule.end()), None);
            self.encode_due(interrupt)?;
        }
        if !self.is_finished {
            self.encoder.finish(&mut self.packets, interrupt)?;
            self.is_finished = true;
        }
        Ok(())
    }

    /// Discards the frames in the encoder.
    pub(crate) fn abandon(&mut self) {
        self.due = 0..0;
        self.encoder.abandon();
    }
}
