//! Writing of chunks and frames to the streams of an open encoder.

use reelwright_core::{Error, Result, TensorView};

use super::StreamingMediaEncoder;
use crate::stream::Stream;
use crate::video_input::{Source, VideoInput};
use crate::video_pipeline::{Needs, VideoPipeline, VideoPlan};

/// Maximum number of silent samples per step.
const SILENCE: i64 = 1 << 20;

/// Position in a chunk that is being written, see
/// [`begin_audio_chunk`](StreamingMediaEncoder::begin_audio_chunk).
#[derive(Debug)]
pub struct ChunkCursor {
    index: usize,
    /// Number of frames of the chunk, and index of the next one.
    rows: usize,
    row: usize,
    /// Number of silent samples, or repeated frames, to write before the next frame.
    gap: i64,
    /// Duration of the frame in units of the time base, if known.
    duration: Option<i64>,
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Copied frames must be encoded, or a gap must be filled.
    Work,
    /// More frames of the chunk must be copied.
    Chunk,
    Done,
}

impl ChunkCursor {
    fn new(index: usize, rows: usize, gap: i64) -> Self {
        Self { index, rows, row: 0, gap, duration: None, next: Next::Work }
    }

    /// Copies the next frame. The first frame fills the gap before it.
    fn take(&mut self, video: &mut VideoPipeline, source: Source<'_>) -> Result<()> {
        if self.gap > 0 {
            self.gap -= 1;
            video.take(source, None)
        } else {
            self.row += 1;
            video.take(source, self.duration)
        }
    }

    /// Returns whether the complete chunk was written.
    pub fn is_done(&self) -> bool {
        self.next == Next::Done
    }

    /// Returns whether the complete chunk was copied, so that its memory is no longer needed.
    pub fn is_taken(&self) -> bool {
        self.gap == 0 && self.row == self.rows
    }

    /// Returns whether [`advance`](StreamingMediaEncoder::advance) has work to do.
    pub fn has_work(&self) -> bool {
        self.next == Next::Work
    }
}

impl<W> StreamingMediaEncoder<'_, W> {
    /// Writes a chunk of shape (frame, channel) to stream `index`. Its type and channels must match
    /// the stream. Any number of frames and any strides are allowed.
    ///
    /// `pts` is the time of the chunk's first frame in seconds, rounded to the nearest sample.
    /// Without `pts`, the chunk follows the previous one. A gap is filled with silence, see
    /// [`OPEN_OPTIONS`](crate::OPEN_OPTIONS). If `pts` is before the end of the previous chunk, the
    /// chunk follows the previous one, and a warning is logged.
    ///
    /// # Errors
    /// The output is not open, the stream does not exist, or the chunk does not match the stream or
    /// contains NaN for an integer codec. The chunk is not written then, and writing can continue.
    /// If the output fails or the container is full, all further writes are errors.
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

    /// Begins to write a chunk like [`write_audio_chunk`](Self::write_audio_chunk), but borrows its
    /// memory only during each call that reads the chunk. Checks the chunk and copies its first
    /// samples, or a complete small chunk. While the cursor is not done, call
    /// [`advance`](Self::advance), which encodes and writes the copied samples, and
    /// [`take`](Self::take), which copies more. Only `advance` writes to the output.
    ///
    /// # Errors
    /// The same errors as `write_audio_chunk` for a chunk that does not match the stream.
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
        self.paused.note_chunk(&self.streams, index);
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

    /// Copies more of a chunk if the cursor needs it. The chunk must have the same type and shape
    /// as in the first call.
    ///
    /// # Errors
    /// The type or shape differs.
    pub fn take(&mut self, cursor: &mut ChunkCursor, chunk: &TensorView<'_>) -> Result<()> {
        if cursor.next != Next::Chunk {
            return Ok(());
        }
        let index = cursor.index;
        let stream = &mut self.streams[index];
        let shape = chunk.shape();
        if !stream.has_format_of(chunk) || shape[0] != cursor.rows {
            return Err(Error::chunk(format!(
                "The chunk changed between calls: it had {} frames, and now has the shape \
                 {shape:?} and the type {}. {} frames of the chunk were written.",
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

    /// Encodes and writes the copied frames, until more of the chunk is needed.
    ///
    /// # Errors
    /// The output or the encoder fails, after which all writes are errors; or an interrupt occurs.
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

    /// Writes a chunk of video frames of shape (frame, channel, height, width) to stream `index`.
    /// Its type, channels, height and width must match the stream. Any number of frames and any
    /// strides are allowed.
    ///
    /// `pts` is the time of the chunk's first frame in seconds, rounded to the nearest frame of the
    /// stream's frame rate, or unit of its [`time_base`](crate::VideoStream::time_base). Without
    /// `pts`, the chunk follows the previous one. Before a gap, the last frame lasts longer, or is
    /// repeated if the format stores no durations, see [`OPEN_OPTIONS`](crate::OPEN_OPTIONS). If
    /// `pts` is before the end of the previous chunk, the chunk follows the previous one, and a
    /// warning is logged.
    ///
    /// # Errors
    /// The output is not open, the stream does not exist, or the chunk does not match the stream.
    /// The chunk is not written then, and writing can continue. If the output fails or the
    /// container is full, all further writes are errors.
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

    /// Begins to write a chunk like [`write_video_chunk`](Self::write_video_chunk), in steps as
    /// [`begin_audio_chunk`](Self::begin_audio_chunk) does.
    ///
    /// # Errors
    /// The same errors as [`write_video_chunk`](Self::write_video_chunk) for a chunk that does not
    /// match the stream.
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

    /// Writes one frame to stream `index`, which must have been added with
    /// [`frames`](crate::VideoStream::frames) of the frame's format. The frame is a
    /// [`VideoView`](crate::VideoView) of borrowed pixels, or a [`VideoFrame`](crate::VideoFrame),
    /// whose pixels the encoder shares if they need no conversion. The frame's own pts is ignored.
    /// `pts` is the same as in [`write_video_chunk`](Self::write_video_chunk).
    ///
    /// # Errors
    /// The same errors as [`write_video_chunk`](Self::write_video_chunk). A frame in device memory
    /// is rejected unless the encoder supports this memory.
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

    /// Writes one frame to stream `index` like [`write_video_frame`](Self::write_video_frame), at
    /// the frame's own pts. The frame's duration determines the duration of the last frame, which
    /// otherwise lasts as long as the previous one, and the times of following frames without a
    /// pts. The pts and the duration are in units of the stream's
    /// [`time_base`](crate::VideoStream::time_base), or of 1 / frame rate if the stream has none.
    ///
    /// # Errors
    /// The same errors as [`write_video_chunk`](Self::write_video_chunk).
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

    /// Encodes the next frame of video stream `index` as a keyframe, at which decoding can start.
    ///
    /// # Errors
    /// The output is not open, the stream does not exist, or its
    /// [encoder](crate::VideoEncoderInfo::forced_keyframes) does not support forced keyframes.
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

    /// Schedules a chunk of video and returns the number of frames to repeat before it.
    fn schedule_video(&mut self, index: usize, plan: VideoPlan) -> Result<i64> {
        self.paused.note_chunk(&self.streams, index);
        Ok(self.streams[index].video(index)?.schedule(plan))
    }
}
