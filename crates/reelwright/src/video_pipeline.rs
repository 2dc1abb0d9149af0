//! The way of a video chunk to packets: checked, converted, picture by picture, encoded.

use std::sync::Arc;

use reelwright_convert::VideoConverter;
use reelwright_core::{
    DataType, Error, PacketQueue, PixelFormat, Result, StreamParameters, TensorView, TimeBase,
    Timestamp, VideoBuffer, VideoFrame,
};

use crate::frame_rate::FrameRateChange;
use crate::video_stream::ResolvedVideo;
use crate::video_worker::Engine;

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
    /// Of the chunks: one unit is one picture.
    time_base: TimeBase,
    converter: VideoConverter,
    encoder: Engine,
    /// Pictures, of which the first is the one that was converted last. Others may be with the
    /// encoder; those that are not are used again.
    pictures: Vec<Arc<VideoBuffer>>,
    /// Where pictures are repeated or dropped: the last one waits until it is known how often it
    /// is shown.
    rate: Option<FrameRateChange>,
    /// When the next picture is shown, in pictures of the chunks.
    next: i64,
    /// Whether there has been a picture.
    has_picture: bool,
    /// Whether the container can show a picture for any time.
    is_variable: bool,
    fills_gaps: bool,
    has_warned_of_overlap: bool,
    pub(crate) packets: PacketQueue,
}

impl VideoPipeline {
    pub(crate) fn new(stream: ResolvedVideo, is_variable: bool) -> Result<Self> {
        let ResolvedVideo { info, request, mut options, format, width, height, frame_rate, .. } =
            stream;
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
        let rate = (request.frame_rate != frame_rate)
            .then(|| FrameRateChange::new(frame_rate, request.frame_rate));
        Ok(Self {
            format,
            width,
            height,
            time_base: TimeBase::new(frame_rate.inverse()),
            converter,
            encoder: Engine::new(encoder, stream.is_apart)?,
            pictures: vec![Arc::new(picture)],
            rate,
            next: 0,
            has_picture: false,
            is_variable,
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
        let Timestamp(at) = self.time_base.at(pts)?;
        let gap = at - self.next;
        if gap < 0 {
            if !self.has_warned_of_overlap {
                self.has_warned_of_overlap = true;
                log::warn!("The provided PTS value is smaller than the next expected value.");
            }
            return Ok(0);
        }
        if self.is_variable {
            self.next = at;
            return Ok(0);
        }
        if !self.fills_gaps {
            // Shown right after the last picture.
            return Ok(0);
        }
        let seconds = self.time_base.seconds_of(Timestamp(gap));
        if seconds > MAX_GAP_SECONDS {
            return Err(Error::chunk(format!(
                "A PTS of {pts} leaves a gap of {seconds:.0} s. Up to {MAX_GAP_SECONDS} s are \
                 filled by repeating a picture; pass fill_gaps=false to open to leave gaps out."
            )));
        }
        Ok(gap)
    }

    /// Refuses a frame that does not fit, as [`check`](Self::check) does a chunk.
    pub(crate) fn check_frame(&mut self, frame: &VideoFrame<'_>, pts: Option<f64>) -> Result<i64> {
        frame.expect(self.format, self.width as u32, self.height as u32)?;
        self.gap(pts)
    }

    /// Whether a chunk has the type and, but for its frames, the shape of those that are checked.
    pub(crate) fn is_alike(&self, chunk: &TensorView<'_>) -> bool {
        let shape = chunk.shape();
        let components = self.format.components();
        let fits = shape.len() == 4
            && (shape[1] == components || (components == 4 && shape[1] == 3))
            && shape[2..] == [self.height, self.width];
        fits && chunk.data_type() == DataType::U8
    }

    /// Whether there has been a frame.
    pub(crate) fn has_picture(&self) -> bool {
        self.has_picture
    }

    /// Encodes the last frame once more.
    pub(crate) fn repeat_last(&mut self) -> Result<()> {
        self.show()
    }

    /// Encodes the last picture once more; before the first one, this.
    pub(crate) fn repeat(&mut self, source: Source<'_>) -> Result<()> {
        if self.has_picture { self.show() } else { self.write(source) }
    }

    /// Encodes a picture that was checked.
    pub(crate) fn write(&mut self, source: Source<'_>) -> Result<()> {
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
            self.next += 1;
            return Ok(());
        }
        self.show()
    }

    fn show(&mut self) -> Result<()> {
        if self.rate.is_some() {
            self.show_held()?;
            self.next += 1;
            return Ok(());
        }
        let pts = Timestamp(self.next);
        self.next += 1;
        self.encoder.encode(&self.pictures[0], pts, &mut self.packets)
    }

    /// Encodes the picture that is held, up to the next one.
    fn show_held(&mut self) -> Result<()> {
        let Some(rate) = &mut self.rate else { return Ok(()) };
        for pts in rate.until(self.next) {
            self.encoder.encode(&self.pictures[0], Timestamp(pts), &mut self.packets)?;
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
            for pts in rate.last(self.next) {
                self.encoder.encode(&self.pictures[0], Timestamp(pts), &mut self.packets)?;
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
