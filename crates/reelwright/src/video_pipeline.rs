//! The way of a video chunk to packets: checked, converted, picture by picture, encoded.

use std::ops::Range;
use std::sync::Arc;

use reelwright_convert::VideoConverter;
use reelwright_core::{
    Component, DataType, Element, Error, Interrupt, PacketQueue, PixelFormat, Planes, Result,
    RgbColor, StreamParameters, TensorView, TimeLimits, Timestamp, TypedSlice, VideoBuffer,
    VideoFormat, VideoFrame,
};

use crate::frame_rate::FrameRateChange;
use crate::schedule::Schedule;
use crate::video_stream::ResolvedVideo;
use crate::video_worker::{Engine, Shown};

/// The longest gap that is filled by repeating a frame where nobody says it, in seconds.
const LONGEST_GAP: f64 = 60.0 * 60.0;

/// Where a picture comes from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// Of a chunk, by its index.
    Chunk(&'a TensorView<'a>, usize),
    Frame(&'a VideoFrame<'a>),
}

/// What frames that were checked need before they are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VideoPlan {
    /// They follow the last one.
    Follow,
    /// They follow the last one, though their pts is earlier.
    Overlap,
    /// The first one is shown at this time.
    At(i64),
    /// The last frame is repeated so often.
    Repeat(i64),
}

/// What a pipeline needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// [`work`](VideoPipeline::work).
    Work,
    /// [`repeat`](VideoPipeline::repeat).
    Repeat,
    /// A frame to [`take`](VideoPipeline::take).
    Frame,
}

/// One video stream at work.
pub(crate) struct VideoPipeline {
    input: VideoFormat,
    /// Alpha is dropped, and no warning was logged of that yet.
    drops_alpha: bool,
    schedule: Schedule,
    converter: VideoConverter,
    encoder: Engine,
    /// Pictures, of which the first is the one that was converted last. Others may be with the
    /// encoder; those that are not are used again.
    pictures: Vec<Arc<VideoBuffer>>,
    /// Where pictures are repeated or dropped: the last one waits until it is known how often it
    /// is shown.
    rate: Option<FrameRateChange>,
    /// Whether it is known for how long the frame that is held is shown.
    is_prepared: bool,
    /// The times at which the first picture is to be encoded, and its duration if that is known.
    due: Range<i64>,
    duration: Option<i64>,
    is_ending: bool,
    is_finished: bool,
    /// Whether there has been a picture.
    has_picture: bool,
    /// A pts that leaves a gap makes no frames of its own.
    keeps_times: bool,
    /// The container stores times.
    is_variable: bool,
    /// The container whose constant rate drops pictures, until that was warned of.
    drops: Option<&'static str>,
    fills_gaps: bool,
    /// In seconds.
    longest_gap: f64,
    limits: TimeLimits,
    has_warned_of_overlap: bool,
    pub(crate) packets: PacketQueue,
}

impl VideoPipeline {
    pub(crate) fn new(stream: ResolvedVideo, is_variable: bool) -> Result<Self> {
        let ResolvedVideo { info, request, mut options, input, .. } = stream;
        let size = (request.format.width as usize, request.format.height as usize);
        let encoder = (info.open)(&request, &mut options)?;
        options.finish(crate::video_encoder_options(info))?;
        let picture =
            VideoBuffer::new(request.format.pixel_format, size.0, size.1, request.format.color)?;
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
            encoder: Engine::new(encoder, stream.is_apart)?,
            pictures: vec![Arc::new(picture)],
            rate,
            is_prepared: false,
            due: 0..0,
            duration: None,
            is_ending: false,
            is_finished: false,
            has_picture: false,
            keeps_times: stream.keeps_times,
            is_variable,
            drops: stream.drops,
            fills_gaps: true,
            longest_gap: LONGEST_GAP,
            limits: TimeLimits::NONE,
            has_warned_of_overlap: false,
            packets: PacketQueue::new(),
        })
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        self.encoder.parameters()
    }

    /// Sets the longest gap that is filled, in seconds, if any is.
    pub(crate) fn set_gaps(&mut self, longest: Option<f64>) {
        self.fills_gaps = longest.is_some();
        self.longest_gap = longest.unwrap_or(LONGEST_GAP);
    }

    /// Sets the times that the container can store.
    pub(crate) fn set_limits(&mut self, limits: TimeLimits) {
        self.limits = limits;
    }

    /// Whether a chunk has the type and, but for its frames, the shape of those that are checked.
    pub(crate) fn is_alike(&self, chunk: &TensorView<'_>) -> bool {
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

    /// Refuses a chunk that does not fit. Nothing is changed by it.
    ///
    /// # Errors
    /// The chunk does not fit the stream.
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
        if let Some(most) = most_of_words(format)
            && let Some(found) = first_above(chunk, most)
        {
            return Err(Error::chunk(format!(
                "Expected values from 0 to {most} in a chunk of {format}. Found: {found}. Nothing of \
                 the chunk was written."
            )));
        }
        self.plan(pts)
    }

    /// Refuses a frame of another format, or with values that its format does not have.
    fn expect(&self, frame: &VideoFrame<'_>) -> Result<()> {
        let format = self.input.pixel_format;
        frame.expect(format, self.input.width, self.input.height)?;
        let (Some(most), Planes::U16(planes)) = (most_of_words(format), &frame.planes) else {
            return Ok(());
        };
        for (index, plane) in planes.iter().enumerate().take(format.planes()) {
            let (row, rows) = format.plane_size(index, frame.width, frame.height);
            let found = plane.rows(row, rows).find_map(|row| first_in_row(row, most));
            if let Some(found) = found {
                return Err(Error::chunk(format!(
                    "Expected values from 0 to {most} in plane {index} of a frame of {format}. Found: \
                     {found}"
                )));
            }
        }
        Ok(())
    }

    /// Refuses a frame that does not fit, as [`check`](Self::check) does a chunk.
    pub(crate) fn check_frame(
        &self,
        frame: &VideoFrame<'_>,
        pts: Option<f64>,
    ) -> Result<VideoPlan> {
        self.expect(frame)?;
        self.plan(pts)
    }

    /// Refuses a frame that does not fit, or whose own times do not; as
    /// [`check_frame`](Self::check_frame).
    pub(crate) fn check_timed_frame(&self, frame: &VideoFrame<'_>) -> Result<VideoPlan> {
        self.expect(frame)?;
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
        self.plan_at(frame.pts)
    }

    /// What `pts` asks for.
    fn plan(&self, pts: Option<f64>) -> Result<VideoPlan> {
        let Some(pts) = pts else { return Ok(VideoPlan::Follow) };
        self.plan_at(self.schedule.time_base().at(pts)?)
    }

    /// As [`plan`](Self::plan), with the time in units of the time base.
    fn plan_at(&self, Timestamp(at): Timestamp) -> Result<VideoPlan> {
        let gap = at.saturating_sub(self.schedule.next());
        let earliest =
            if self.keeps_times { self.schedule.earliest() } else { self.schedule.next() };
        if at < earliest {
            return Ok(VideoPlan::Overlap);
        }
        let repeats = self.rate.is_some() || !self.is_variable;
        if repeats && !self.fills_gaps && !self.is_variable && gap > 0 {
            // Shown right after the last frame.
            return Ok(VideoPlan::Follow);
        }
        let time_base = self.schedule.time_base();
        let seconds = |units| time_base.seconds_of(Timestamp(units));
        if repeats && seconds(gap) > self.longest_gap {
            return Err(Error::chunk(format!(
                "A PTS of {} leaves a gap of {:.0} s. Up to {} s are filled by repeating a frame. \
                 Pass fill_gaps to open: more seconds, or fill_gaps=false to leave gaps out. \
                 Nothing of the chunk was written.",
                seconds(at),
                seconds(gap),
                self.longest_gap
            )));
        }
        let encoded = self.parameters().time_base;
        let in_encoded = |units| time_base.rescale(Timestamp(units), encoded).0;
        if in_encoded(at) > self.limits.pts || in_encoded(gap) > self.limits.gap {
            return Err(Error::chunk(format!(
                "A PTS of {} leaves a gap of {:.0} s. The format stores gaps of up to {:.0} s. \
                 Nothing of the chunk was written.",
                seconds(at),
                seconds(gap),
                encoded.seconds_of(Timestamp(self.limits.gap))
            )));
        }
        Ok(if self.keeps_times { VideoPlan::At(at) } else { VideoPlan::Repeat(gap) })
    }

    /// Prepares for the frames that were checked; returns how many times the last one must be
    /// repeated before them.
    pub(crate) fn schedule(&mut self, plan: VideoPlan) -> i64 {
        match plan {
            VideoPlan::Follow => {}
            VideoPlan::Overlap => {
                if !self.has_warned_of_overlap {
                    self.has_warned_of_overlap = true;
                    log::warn!("The provided PTS value is smaller than the next expected value.");
                }
            }
            VideoPlan::At(at) => self.schedule.set_next(at),
            VideoPlan::Repeat(times) => return times,
        }
        0
    }

    /// What comes next, where `is_gap` says that the last frame is to be repeated.
    pub(crate) fn needs(&self, is_gap: bool) -> Needs {
        if !self.due.is_empty() || (self.rate.is_some() && !self.is_prepared) {
            Needs::Work
        } else if is_gap && self.has_picture {
            Needs::Repeat
        } else {
            Needs::Frame
        }
    }

    /// Whether frames that were taken are to be encoded.
    pub(crate) fn has_work(&self) -> bool {
        !self.due.is_empty()
    }

    /// Encodes the frame that is due, or finds out for how long the one that is held is shown.
    ///
    /// # Errors
    /// The encoder's, or an interrupt: the frame is still due then.
    pub(crate) fn work(&mut self, interrupt: &Interrupt) -> Result<()> {
        if self.due.is_empty() {
            self.prepare();
            return Ok(());
        }
        self.encoder.make_room(&mut self.packets, interrupt)?;
        let shown = Shown { pts: Timestamp(self.due.start), duration: self.duration };
        self.due.start += 1;
        self.encoder.encode(&self.pictures[0], shown, &mut self.packets)
    }

    /// Shows the frame that is held until the next one begins.
    fn prepare(&mut self) {
        self.is_prepared = true;
        let Some(rate) = &mut self.rate else { return };
        self.due = rate.until(self.schedule.next());
        self.duration = None;
        if self.due.is_empty()
            && self.has_picture
            && let Some(container) = self.drops.take()
        {
            log::warn!(
                "{container} shows frames at a constant rate: frames that are closer are dropped. \
                 Pass a higher encoder_frame_rate, or write a format that stores times, as mp4."
            );
        }
    }

    /// Takes a frame that was checked, which lasts for `duration` if that is known. It must be what
    /// this [`needs`](Self::needs).
    pub(crate) fn take(&mut self, source: Source<'_>, duration: Option<i64>) {
        if self.drops_alpha && is_transparent(source, self.input.pixel_format) {
            self.drops_alpha = false;
            log::warn!(
                "The encoder has no alpha: that of frames of {} is dropped. Pass the option \
                 alpha=compose:COLOR to compose them over a color, or alpha=drop.",
                self.input.pixel_format
            );
        }
        let to = free(&mut self.pictures);
        match source {
            Source::Chunk(chunk, index) => self.converter.convert(chunk, index, to),
            Source::Frame(frame) => self.converter.convert_frame(frame, to),
        }
        self.has_picture = true;
        self.show(duration);
    }

    /// Takes the last frame once more.
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

    /// Encodes all frames that are due.
    fn work_off(&mut self, interrupt: &Interrupt) -> Result<()> {
        while self.has_work() {
            self.work(interrupt)?;
        }
        Ok(())
    }

    /// Brings the packets of the pictures so far, as far as the encoder can without changing what
    /// follows.
    pub(crate) fn drain(&mut self, interrupt: &Interrupt) -> Result<()> {
        self.work_off(interrupt)?;
        self.encoder.drain(&mut self.packets, interrupt)
    }

    /// Returns the end of what was written, in seconds.
    pub(crate) fn end(&self) -> f64 {
        self.schedule.time_base().seconds_of(Timestamp(self.schedule.next()))
    }

    /// When the first and the last picture are shown that are on their way to packets.
    pub(crate) fn in_flight(&self) -> Option<(Timestamp, Timestamp)> {
        self.encoder.in_flight()
    }

    /// Encodes everything there is; after an interrupt, goes on with that.
    pub(crate) fn finish(&mut self, interrupt: &Interrupt) -> Result<()> {
        self.work_off(interrupt)?;
        if !std::mem::replace(&mut self.is_ending, true)
            && let Some(rate) = &mut self.rate
            && self.has_picture
        {
            (self.due, self.duration) = (rate.last(self.schedule.end()), None);
            self.work_off(interrupt)?;
        }
        if !self.is_finished {
            self.encoder.finish(&mut self.packets, interrupt)?;
            self.is_finished = true;
        }
        Ok(())
    }

    /// Gives up what the encoder still holds.
    pub(crate) fn abandon(&mut self) {
        self.due = 0..0;
        self.encoder.abandon();
    }
}

/// Returns whether a frame has a pixel that is not opaque.
fn is_transparent(source: Source<'_>, format: PixelFormat) -> bool {
    let alpha = format.components().len() - 1;
    let most = (1u32 << format.depth()) - 1;
    match source {
        Source::Chunk(chunk, index) => {
            let channel = format.channel(alpha);
            let [_, _, height, width] = *chunk.shape() else { return false };
            let [frame_step, channel_step, row_step, step] = *chunk.strides() else { return false };
            let start = chunk.offset() as isize
                + index as isize * frame_step
                + channel as isize * channel_step;
            let at = |place: isize| match chunk.data() {
                TypedSlice::U8(data) => u32::from(data[place as usize]),
                TypedSlice::U16(data) => u32::from(data[place as usize]),
                _ => most,
            };
            let mut rows = (0..height).map(|y| start + y as isize * row_step);
            rows.any(|row| (0..width).any(|x| at(row + x as isize * step) < most))
        }
        Source::Frame(frame) => {
            let Component { plane, step, offset, shift, .. } = format.components()[alpha];
            let (row, rows) = format.plane_size(plane, frame.width, frame.height);
            let places = || (offset..row).step_by(step);
            match &frame.planes {
                Planes::U8(planes) => planes[plane]
                    .rows(row, rows)
                    .any(|row| places().any(|at| u32::from(row[at] >> shift) < most)),
                Planes::U16(planes) => planes[plane]
                    .rows(row, rows)
                    .any(|row| places().any(|at| u32::from(row[at] >> shift) < most)),
            }
        }
    }
}

/// The greatest value of a format's words, if it is not that of all of them.
fn most_of_words(format: PixelFormat) -> Option<u16> {
    let used = format.depth() + format.components()[0].shift;
    (format.data_type() == DataType::U16 && used < 16).then(|| (1 << used) - 1)
}

/// The first value of a row that is above `most`.
fn first_in_row(row: &[u16], most: u16) -> Option<u16> {
    // The greatest one is found with SIMD.
    let greatest = row.iter().fold(0, |all, value| all.max(*value));
    if greatest > most { row.iter().copied().find(|value| *value > most) } else { None }
}

/// The first value of a chunk of words that is above `most`.
fn first_above(chunk: &TensorView<'_>, most: u16) -> Option<u16> {
    let data = u16::of(chunk.data())?;
    let [frames, channels, height, width] = *chunk.shape() else { return None };
    let [frame_step, channel_step, row_step, step] = *chunk.strides() else { return None };
    let rows = (0..frames)
        .flat_map(|frame| (0..channels).map(move |channel| (frame, channel)))
        .flat_map(|place| (0..height).map(move |row| (place, row)));
    for ((frame, channel), row) in rows {
        let start = chunk.offset() as isize
            + frame as isize * frame_step
            + channel as isize * channel_step
            + row as isize * row_step;
        let at = |x: usize| data[(start + x as isize * step) as usize];
        let found = if step == 1 {
            first_in_row(&data[start as usize..][..width], most)
        } else {
            (0..width).map(at).find(|value| *value > most)
        };
        if found.is_some() {
            return found;
        }
    }
    None
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
