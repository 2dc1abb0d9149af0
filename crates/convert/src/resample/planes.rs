//! Input buffers of the filters: one plane of samples per channel or per two channels.

use super::half_band::{LEAD, REACH};

/// Maximum number of frames that a filter outputs when its mirror image is complete, in addition to
/// those of a block.
const WAITING: usize = 2 * (2 * LEAD + REACH);

/// Frames of each channel, appended at the end and removed at the start.
pub(super) struct Planes<S> {
    /// One channel after another, each with a capacity of `capacity` frames.
    data: Vec<S>,
    channels: usize,
    capacity: usize,
    start: usize,
    end: usize,
    /// Number of adjacent samples of a frame in a plane.
    width: usize,
    /// Pending mirror image, until the frames that it mirrors are available.
    before: Option<Before>,
}

/// Mirror image before a stream's first frame, which depends on the frames after it.
#[derive(Clone, Copy)]
struct Before {
    /// Number of frames to fill, from the start.
    frames: usize,
    /// Index of the stream's first frame.
    first: usize,
}

impl<S: Copy + Default> Planes<S> {
    /// Creates buffers with `before` frames of `width` samples that mirror the stream at its first
    /// frame. Appended frames start `lead` frames before it. The capacity is `capacity` frames in
    /// addition to those that wait for the mirror image.
    pub(super) fn new(
        channels: usize,
        [before, lead]: [usize; 2],
        width: usize,
        capacity: usize,
    ) -> Self {
        let first = before + lead;
        let capacity = width * (capacity.max(before) + 2 * first + 1 + WAITING);
        let data = vec![S::default(); channels * capacity];
        let end = width * before;
        let before = Some(Before { frames: before, first });
        Self { data, channels, capacity, start: 0, end, width, before }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// Returns the number of samples of each plane that can be filtered.
    pub(super) fn samples(&self) -> usize {
        if self.before.is_some() { 0 } else { self.end - self.start }
    }

    pub(super) fn plane(&self, channel: usize) -> &[S] {
        let plane = channel * self.capacity;
        &self.data[plane + self.start..plane + self.end]
    }

    /// Appends `frames` frames; `fill(channel, plane)` writes those of each channel.
    pub(super) fn add(&mut self, frames: usize, mut fill: impl FnMut(usize, &mut [S])) {
        if self.end + frames > self.capacity {
            for channel in 0..self.channels {
                let plane = channel * self.capacity;
                self.data.copy_within(plane + self.start..plane + self.end, plane);
            }
            (self.start, self.end) = (0, self.end - self.start);
        }
        for channel in 0..self.channels {
            let end = channel * self.capacity + self.end;
            fill(channel, &mut self.data[end..end + frames]);
        }
        self.end += frames;
        if let Some(before) = self.before
            && self.end >= (2 * before.first + 1) * self.width
        {
            self.mirror(before);
            self.before = None;
        }
    }

    /// Fills the mirror image before the first frame.
    fn mirror(&mut self, Before { frames, first }: Before) {
        let width = self.width;
        for plane in self.data.chunks_exact_mut(self.capacity) {
            for frame in 0..frames {
                let from = (2 * first - frame) * width;
                plane.copy_within(from..from + width, frame * width);
            }
        }
    }

    /// Removes `frames` frames at the start.
    pub(super) fn drop_front(&mut self, frames: usize) {
        self.start += frames;
        debug_assert!(self.start <= self.end);
    }
}
