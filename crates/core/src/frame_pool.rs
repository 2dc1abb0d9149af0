//! Pools of video frames, which avoid allocations in steady state.

use crate::{Result, VideoFormat, VideoFrame};

/// Allocator of frames, for a [`FramePool`].
pub trait FrameAllocator: Send {
    /// Allocates a frame of a format. Its content is unspecified.
    ///
    /// # Errors
    /// Memory is exhausted.
    fn allocate(&mut self, format: &VideoFormat) -> Result<VideoFrame>;
}

/// Allocator of frames in host memory.
struct HostAllocator;

impl FrameAllocator for HostAllocator {
    fn allocate(&mut self, format: &VideoFormat) -> Result<VideoFrame> {
        VideoFrame::new(format)
    }
}

/// Pool of video frames of one format.
///
/// A frame is reused when no other handle of its pixels exists. Frames may outlive the pool. A pool
/// keeps at most `capacity` frames. It should be the number of frames that the consumers hold,
/// which is the sum of the encoders' `max_delay`, plus one that is written. Further frames are
/// allocated each time, so that a consumer that holds more frames is slower but correct.
pub struct FramePool {
    format: VideoFormat,
    capacity: usize,
    allocator: Box<dyn FrameAllocator>,
    frames: Vec<VideoFrame>,
    /// Start of the search for a free frame, after the one used last.
    next: usize,
}

impl FramePool {
    /// Creates a pool of up to `capacity` frames in host memory, without allocating.
    pub fn new(format: &VideoFormat, capacity: usize) -> Self {
        Self::with_allocator(format, capacity, Box::new(HostAllocator))
    }

    /// Creates a pool of up to `capacity` frames from an allocator.
    pub fn with_allocator(
        format: &VideoFormat,
        capacity: usize,
        allocator: Box<dyn FrameAllocator>,
    ) -> Self {
        Self { format: *format, capacity, allocator, frames: Vec::new(), next: 0 }
    }

    /// Returns the index of a frame without other handles.
    fn free(&mut self) -> Option<usize> {
        let count = self.frames.len();
        (0..count).map(|i| (self.next + i) % count).find(|index| self.frames[*index].is_unique())
    }

    /// Fills a frame with `write` and returns a handle of it, at pts 0 and without side data.
    /// Before `write`, the frame's content is unspecified, and no other handle of it exists.
    ///
    /// # Errors
    /// Errors of the allocator and of `write`.
    pub fn write(
        &mut self,
        write: impl FnOnce(&mut VideoFrame) -> Result<()>,
    ) -> Result<VideoFrame> {
        let index = match self.free() {
            Some(index) => index,
            None => {
                let mut frame = self.allocator.allocate(&self.format)?;
                if self.frames.len() >= self.capacity {
                    write(&mut frame)?;
                    return Ok(frame);
                }
                self.frames.push(frame);
                self.frames.len() - 1
            }
        };
        self.next = index + 1;
        let frame = &mut self.frames[index];
        write(frame)?;
        Ok(frame.clone())
    }

    /// Returns the number of frames that the pool has allocated and keeps.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Returns whether the pool has no frames yet.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

impl std::fmt::Debug for FramePool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FramePool")
            .field("format", &self.format)
            .field("capacity", &self.capacity)
            .field("frames", &self.frames.len())
            .finish_non_exhaustive()
    }
}
