//! What the filters have before them: one plane of samples for each channel, or for two.

use super::half_band::{LEAD, REACH};

/// Frames at most that a filter brings at once when it no longer waits for its mirror image, beside
/// those of a block.
const WAITING: usize = 2 * (2 * LEAD + REACH);

/// Some frames of each channel, to which frames are added at the end and taken from the front.
pub(super) struct Planes<S> {
    /// One channel after another, each with room for `capacity` frames.
    data: Vec<S>,
    channels: usize,
    capacity: usize,
    start: usize,
    end: usize,
    /// Samples of a channel that are side by side.
    width: usize,
    /// Until so many frames follow the first one, it is not known what comes before it.
    before: Option<Before>,
}

/// The mirror image before a stream's first frame, which waits for the frames after it.
#[derive(Clone, Copy)]
struct Before {
    /// Frames to fill, from the front.
    frames: usize,
    /// Index of the stream's first frame.
    first: usize,
}

impl<S: Copy + Default> Planes<S> {
    /// `before` frames of `width` samples, which mirror the stream about its first frame; what is
    /// added begins `lead` frames before that. There is room for at most `capacity` frames beside
    /// those that wait for the mirror image.
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

    /// The samples of each plane that can be filtered.
    pub(super) fn samples(&self) -> usize {
        if self.before.is_some() { 0 } else { self.end - self.start }
    }

    pub(super) fn plane(&self, channel: usize) -> &[S] {
        let plane = channel * self.capacity;
        &self.data[plane + self.start..plane + self.end]
    }

    /// Adds `frames` frames, `fill(channel, plane)` writing those of each channel.
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

    /// Fills what is before the first frame.
    fn mirror(&mut self, Before { frames, first }: Before) {
        let width = self.width;
        for plane in self.data.chunks_exact_mut(self.capacity) {
            for frame in 0..frames {
                let from = (2 * first - frame) * width;
                plane.copy_within(from..from + width, frame * width);
            }
        }
    }

    /// Takes `frames` frames from the front.
    pub(super) fn drop_front(&mut self, frames: usize) {
        self.start += frames;
        debug_assert!(self.start <= self.end);
    }
}
