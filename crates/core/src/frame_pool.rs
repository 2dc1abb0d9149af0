//! Pools of video frames, so that nothing is allocated in steady state.

use crate::{Result, VideoFormat, VideoFrame};

/// Allocator of frames, for a [`FramePool`].
pub trait FrameAllocator: Send {
    /// Allocates a frame of a format. Its content is unspecified.
    ///
    /// # Errors
    /// The memory that there is.
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
/// Frames are recycled once nobody else has a handle of their pixels. They may outlive the pool. A
/// pool keeps up to its capacity of frames: as many as their consumers may hold, which is the sum of
/// the `max_delay` of encoders, and one to write. Frames beyond that are allocated anew, so that a
/// consumer that holds more is slower and never wrong.
pub struct FramePool {
    format: VideoFormat,
    capacity: usize,
    allocator: Box<dyn FrameAllocator>,
    frames: Vec<VideoFrame>,
    /// Start of the search for a free frame: after the one that was taken last.
    next: usize,
}

impl FramePool {
    /// A pool of up to `capacity` frames in host memory. None is allocated yet.
    pub fn new(format: &VideoFormat, capacity: usize) -> Self {
        Self::with_allocator(format, capacity, Box::new(HostAllocator))
    }

    /// A pool of up to `capacity` frames that an allocator makes.
    pub fn with_allocator(
        format: &VideoFormat,
        capacity: usize,
        allocator: Box<dyn FrameAllocator>,
    ) -> Self {
        Self { format: *format, capacity, allocator, frames: Vec::new(), next: 0 }
    }

    /// Index of a frame that nobody else has.
    fn free(&mut self) -> Option<usize> {
        let count = self.frames.len();
        (0..count).map(|i| (self.next + i) % count).find(|index| self.frames[*index].is_unique())
    }

    /// Lets `write` fill a frame that nobody else has, whose content is unspecified, and returns a
    /// handle of it, at pts 0 without side data.
    ///
    /// # Errors
    /// The allocator's, or those of `write`.
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

    /// Number of frames that the pool has allocated and keeps.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Returns whether nothing was allocated yet.
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
