//! Writing chunks and frames to the streams of an open encoder.

use reelwright_core::{Error, Result, TensorView};

use super::StreamingMediaEncoder;
use crate::stream::Stream;
use crate::video_input::{Source, VideoInput};
use crate::video_pipeline::{Needs, VideoPipeline, VideoPlan};

/// Samples of silence that are offered at a time.
const SILENCE: i64 = 1 << 20;

/// A place in a chunk that is being written, see
/// [`begin_audio_chunk`](StreamingMediaEncoder::begin_audio_chunk).
#[derive(Debug)]
pub struct ChunkCursor {
    index: usize,
    /// The frames of the chunk, and the next one to take.
    rows: usize,
    row: usize,
    /// Samples of silence, or repeated frames, to write before the next one.
    gap: i64,
    /// How long the frame lasts, in units of the time base, if that is known.
    duration: Option<i64>,
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Frames that were taken are to be encoded, or a gap is to be filled.
    Work,
    /// More of the chunk is to be taken.
    Chunk,
    Done,
}

impl ChunkCursor {
    fn new(index: usize, rows: usize, gap: i64) -> Self {
        Self { index, rows, row: 0, gap, duration: None, next: Next::Work }
    }

    /// Takes the next frame. Before the first one a gap is filled with it.
    fn take(&mut self, video: &mut VideoPipeline, source: Source<'_>) -> Result<()> {
        if self.gap > 0 {
            self.gap -= 1;
            video.take(source, None)
        } else {
            self.row += 1;
            video.take(source, self.duration)
        }
    }

    /// Returns whether all of the chunk was written.
    pub fn is_done(&self) -> bool {
        self.next == Next::Done
    }

    /// Returns whether the whole chunk was taken: its memory is not needed any more.
    pub fn is_taken(&self) -> bool {
        self.gap == 0 && self.row == self.rows
    }

    /// Returns whether [`advance`](StreamingMediaEncoder::advance) has something to do.
    pub fn has_work(&self) -> bool {
        self.next == Next::Work
    }
}

impl<W> StreamingMediaEncoder<'_, W> {
    /// Writes a chunk of shape (frame, channel) to stream `index`. Its type, layout in memory and
    /// channels must be those of the stream; any number of frames and any strides will do.
    ///
    /// `pts` is when its first frame is heard, in seconds, rounded to the nearest sample. Without
    /// it the chunk follows the last one. A gap is filled with silence, see [`OPEN_OPTIONS`](crate::OPEN_OPTIONS);
    /// where `pts` is before the end of the last chunk, the chunk follows it and a warning is
    /// logged.
    ///
    /// # Errors
    /// The output is not open, there is no such stream, the chunk does not fit it or holds NaN
    /// where integers are encoded: then nothing of the chunk was written, and the next one can
    /// be. Or the output failed, or the container is full: then nothing more can be written.
    pub fn write_audio_chunk(
        &mut self,
        index: usize,
        chunk: &TensorView<'_>,
        pts: Option<f64>,
    ) -> Result<()> {
        let mut cursor = self.begin_audio_chunk(index, chunk, pts)?;
        while !cursor.is_done() {
            self.advance(&mut cursor)?;
            self.take(&mut cursor, chunk)?;
        }
        Ok(())
    }

    /// Begins to write a chunk whose memory is only borrowed for each call that reads it, as
    /// [`write_audio_chunk`](Self::write_audio_chunk) does as a whole: checks it, and takes the
    /// first samples, or all of a small one. While the cursor is not done,
    /// [`advance`](Self::advance) encodes and writes what was taken, and [`take`](Self::take) takes
    /// more. Only `advance` writes to the output.
    ///
    /// # Errors
    /// As `write_audio_chunk`, of a chunk that does not fit.
    pub fn begin_audio_chunk(
        &mut self,
        index: usize,
        chunk: &TensorView<'_>,
        pts: Option<f64>,
    ) -> Result<ChunkCursor> {
        self.open_stream(index)?;
        let audio = self.streams[index].audio(index)?;
        let plan = audio.check(chunk, pts, &self.interrupt);
        let plan = plan.map_err(|error| error.in_stream(index))?;
        self.pauses.note_chunk(&self.streams, index);
        let audio = self.streams[index].audio(index)?;
        let gap = audio.schedule(plan).map_err(|error| error.in_stream(index));
        let gap = self.or_fail(gap)?;
        let rows = chunk.shape()[0];
        let mut cursor = ChunkCursor::new(index, rows, gap);
        let audio = self.streams[index].audio(index)?;
        if gap == 0 && rows > 0 && !audio.has_work() {
            cursor.row = audio.take(chunk, 0);
        }
        self.find_next(&mut cursor);
        Ok(cursor)
    }

    /// Takes more of a chunk that was begun with a cursor, if that is next. The chunk must have
    /// the type and shape that it had.
    ///
    /// # Errors
    /// It has others.
    pub fn take(&mut self, cursor: &mut ChunkCursor, chunk: &TensorView<'_>) -> Result<()> {
        if cursor.next != Next::Chunk {
            return Ok(());
        }
        let index = cursor.index;
        let stream = &mut self.streams[index];
        let shape = chunk.shape();
        if !stream.is_alike(chunk) || shape[0] != cursor.rows {
            return Err(Error::chunk(format!(
                "The chunk changed while it was written: it had {} frames, and has the shape \
                 {shape:?} of {} now. {} frames of it were written.",
                cursor.rows,
                chunk.data_type(),
                cursor.row
            ))
            .in_stream(index));
        }
        match stream {
            Stream::Audio(audio) => cursor.row = audio.take(chunk, cursor.row),
            Stream::Video(video) => cursor
                .take(video, Source::Chunk(chunk, cursor.row))
                .map_err(|error| error.in_stream(index))?,
            Stream::Packets(_) => {}
            Stream::Subtitle(_) => {}
        }
        self.find_next(cursor);
        Ok(())
    }

    /// Encodes and writes what was taken with a cursor, up to where more of the chunk is needed.
    ///
    /// # Errors
    /// The output or the encoder failed, and nothing more can be written; or there was an
    /// interrupt.
    pub fn advance(&mut self, cursor: &mut ChunkCursor) -> Result<()> {
        let index = cursor.index;
        while cursor.has_work() {
            let worked = match &mut self.streams[index] {
                Stream::Audio(audio) => {
                    if !audio.has_work() && cursor.gap > 0 {
                        let silence = audio.silence(cursor.gap.min(SILENCE) as usize);
                        cursor.gap -= audio.take(&silence, 0) as i64;
                    }
                    audio.work()
                }
                Stream::Video(video) => match video.needs(cursor.gap > 0) {
                    Needs::Work => video.work(&self.interrupt),
                    Needs::Repeat => {
                        cursor.gap -= 1;
                        video.repeat();
                        Ok(())
                    }
                    Needs::Frame => Ok(()),
                },
                Stream::Packets(_) => Ok(()),
                Stream::Subtitle(_) => Ok(()),
            };
            self.or_fail(worked.map_err(|error| error.in_stream(index)))?;
            self.write_packets(false)?;
            self.find_next(cursor);
            self.check_interrupt()?;
        }
        self.was_interrupted = false;
        Ok(())
    }

    fn find_next(&self, cursor: &mut ChunkCursor) {
        let is_left = cursor.gap > 0 || cursor.row < cursor.rows;
        let has_work = match &self.streams[cursor.index] {
            Stream::Audio(audio) => audio.has_work() || cursor.gap > 0,
            Stream::Video(video) if is_left => video.needs(cursor.gap > 0) != Needs::Frame,
            Stream::Video(video) => video.has_work(),
            Stream::Packets(_) => false,
            Stream::Subtitle(_) => false,
        };
        cursor.next = match (has_work, is_left) {
            (true, _) => Next::Work,
            (false, true) => Next::Chunk,
            (false, false) => Next::Done,
        };
    }

    /// Writes a chunk of pictures, of `u8` and of shape (frame, channel, height, width), to stream
    /// `index`. Its channels, height and width must be those of the stream; any number of
    /// pictures and any strides will do.
    ///
    /// `pts` is when its first picture is shown, in seconds, rounded to the nearest frame of the
    /// stream's frame rate, or unit of its [`time_base`](crate::VideoStream::time_base). Without it the chunk follows the last one. Where `pts` leaves a gap
    /// the last picture is shown longer, or repeated where the format cannot say so, see
    /// [`OPEN_OPTIONS`](crate::OPEN_OPTIONS); where it is before the end of the last chunk, the chunk follows it and a
    /// warning is logged.
    ///
    /// # Errors
    /// The output is not open, there is no such stream, or the chunk does not fit it: then nothing
    /// of the chunk was written, and the next one can be. Or the output failed, or the container
    /// is full: then nothing more can be written.
    pub fn write_video_chunk(
        &mut self,
        index: usize,
        chunk: &TensorView<'_>,
        pts: Option<f64>,
    ) -> Result<()> {
        let mut cursor = self.begin_video_chunk(index, chunk, pts)?;
        while !cursor.is_done() {
            self.advance(&mut cursor)?;
            self.take(&mut cursor, chunk)?;
        }
        Ok(())
    }

    /// Begins to write a chunk whose memory is only borrowed for each call that reads it, as
    /// [`begin_audio_chunk`](Self::begin_audio_chunk) does.
    ///
    /// # Errors
    /// As [`write_video_chunk`](Self::write_video_chunk), of a chunk that does not fit.
    pub fn begin_video_chunk(
        &mut self,
        index: usize,
        chunk: &TensorView<'_>,
        pts: Option<f64>,
    ) -> Result<ChunkCursor> {
        let video = self.open_stream(index)?.video(index)?;
        let plan = video.check(chunk, pts).map_err(|error| error.in_stream(index))?;
        let gap = self.schedule_video(index, plan)?;
        let mut cursor = ChunkCursor::new(index, chunk.shape()[0], gap);
        self.find_next(&mut cursor);
        self.take(&mut cursor, chunk)?;
        Ok(cursor)
    }

    /// Writes one frame to stream `index`, which must have been added for
    /// [`frames`](crate::VideoStream::frames) of its format: a [`VideoView`](crate::VideoView) of
    /// borrowed pixels, or a [`VideoFrame`](crate::VideoFrame), whose pixels the encoder shares if they
    /// need no conversion. Its own pts is ignored; `pts` is as in
    /// [`write_video_chunk`](Self::write_video_chunk).
    ///
    /// # Errors
    /// As [`write_video_chunk`](Self::write_video_chunk). A frame in the memory of a device is refused
    /// unless the encoder takes it as it is.
    pub fn write_video_frame<'f>(
        &mut self,
        index: usize,
        frame: impl Into<VideoInput<'f>>,
        pts: Option<f64>,
    ) -> Result<()> {
        let frame = frame.into();
        let video = self.open_stream(index)?.video(index)?;
        let plan = video.check_frame(frame, pts).map_err(|error| error.in_stream(index))?;
        let gap = self.schedule_video(index, plan)?;
        self.write_frame(ChunkCursor::new(index, 1, gap), frame)
    }

    /// Writes one frame to stream `index`, as
    /// [`write_video_frame`](Self::write_video_frame), at its own pts. Its duration is used for the
    /// last frame, which else lasts as long as the one before it, and for frames that follow
    /// without a pts. Both are in units of the stream's [`time_base`](crate::VideoStream::time_base);
    /// without one, of 1 / frame rate.
    ///
    /// # Errors
    /// As [`write_video_chunk`](Self::write_video_chunk).
    pub fn write_timed_video_frame<'f>(
        &mut self,
        index: usize,
        frame: impl Into<VideoInput<'f>>,
    ) -> Result<()> {
        let frame = frame.into();
        let video = self.open_stream(index)?.video(index)?;
        let plan = video.check_timed_frame(frame).map_err(|error| error.in_stream(index))?;
        let gap = self.schedule_video(index, plan)?;
        let (_, duration) = frame.times();
        self.write_frame(ChunkCursor { duration, ..ChunkCursor::new(index, 1, gap) }, frame)
    }

    /// Makes the next frame of video stream `index` a keyframe, at which decoding can start.
    ///
    /// # Errors
    /// The output is not open, there is no such stream, or its
    /// [encoder](crate::VideoEncoderInfo::forced_keyframes) cannot make a keyframe of any frame.
    pub fn force_keyframe(&mut self, index: usize) -> Result<()> {
        let video = self.open_stream(index)?.video(index)?;
        video.force_keyframe().map_err(|error| error.in_stream(index))
    }

    fn write_frame(&mut self, mut cursor: ChunkCursor, frame: VideoInput<'_>) -> Result<()> {
        self.find_next(&mut cursor);
        while !cursor.is_done() {
            if cursor.next == Next::Chunk {
                let video = self.streams[cursor.index].video(cursor.index)?;
                let taken = cursor.take(video, Source::Input(frame));
                taken.map_err(|error| error.in_stream(cursor.index))?;
                self.find_next(&mut cursor);
            }
            self.advance(&mut cursor)?;
        }
        Ok(())
    }

    /// Gives a chunk of video its time; returns the frames to repeat before it.
    fn schedule_video(&mut self, index: usize, plan: VideoPlan) -> Result<i64> {
        self.pauses.note_chunk(&self.streams, index);
        Ok(self.streams[index].video(index)?.schedule(plan))
    }
}
