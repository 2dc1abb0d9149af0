//! What the filters have before them: one plane of samples for each channel, or for two.

/// Some frames of each channel, to which frames are added at the end and taken from the front.
pub(super) struct Planes<S> {
    /// One channel after another, each with room for `capacity` frames.
    data: Vec<S>,
    channels: usize,
    capacity: usize,
    start: usize,
    end: usize,
}

impl<S: Copy + Default> Planes<S> {
    /// `zeros` frames of silence, and room for at most `capacity` frames.
    pub(super) fn new(channels: usize, zeros: usize, capacity: usize) -> Self {
        let capacity = capacity.max(zeros);
        let data = vec![S::default(); channels * capacity];
        Self { data, channels, capacity, start: 0, end: zeros }
    }

    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    pub(super) fn frames(&self) -> usize {
        self.end - self.start
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
    }

    /// Takes `frames` frames from the front.
    pub(super) fn drop_front(&mut self, frames: usize) {
        self.start += frames;
        debug_assert!(self.start <= self.end);
    }
}
