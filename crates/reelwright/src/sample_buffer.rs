//! Buffer of converted samples before encoding.

use std::sync::Arc;

use reelwright_core::{AudioFormat, AudioFrame, Result, Timestamp, TypedBuffer};

/// Converted samples that are not encoded yet. Frames share its memory.
#[derive(Debug)]
pub(crate) struct SampleBuffer {
    format: AudioFormat,
    memory: Arc<TypedBuffer>,
    /// Capacity in samples per channel.
    room: usize,
    /// Index of the first sample, and number of samples.
    start: usize,
    len: usize,
    /// Timestamp of the first sample, in samples.
    pts: i64,
}

impl SampleBuffer {
    /// Creates an empty buffer with a capacity of `room` samples per channel.
    pub(crate) fn new(format: AudioFormat, room: usize) -> Self {
        let elements = room * format.layout.channels();
        let memory = Arc::new(TypedBuffer::zeroed(format.sample_format.data_type(), elements));
        Self { format, memory, room, start: 0, len: 0, pts: 0 }
    }

    /// Returns the number of samples per channel.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Appends `samples` samples per channel, which must fit. `write` stores them; its arguments
    /// are the memory, the distance between planes in samples, and the start index.
    pub(crate) fn append(
        &mut self,
        samples: usize,
        write: impl FnOnce(&mut TypedBuffer, usize, usize),
    ) {
        if self.start + self.len + samples > self.room {
            self.move_to_front();
        }
        write(Arc::make_mut(&mut self.memory), self.room, self.start + self.len);
        self.len += samples;
    }

    /// Removes and returns a frame of up to `samples` samples from the start.
    ///
    /// # Errors
    /// None, because the samples exist.
    pub(crate) fn take(&mut self, samples: usize) -> Result<AudioFrame> {
        let samples = samples.min(self.len);
        let is_planar = self.format.sample_format.is_planar();
        let start = if is_planar { self.start } else { self.start * self.format.layout.channels() };
        let (memory, pts) = (Arc::clone(&self.memory), Timestamp(self.pts));
        let frame = AudioFrame::view_of(self.format, memory, samples, start, self.room, pts)?;
        self.pts += samples as i64;
        self.len -= samples;
        self.start = if self.len == 0 { 0 } else { self.start + samples };
        Ok(frame)
    }

    fn move_to_front(&mut self) {
        let channels = self.format.layout.channels();
        let is_planar = self.format.sample_format.is_planar();
        let (planes, step) = if is_planar { (channels, 1) } else { (1, channels) };
        let memory = Arc::make_mut(&mut self.memory);
        for plane in 0..planes {
            let to = plane * self.room;
            let from = to + self.start * step..to + (self.start + self.len) * step;
            match memory {
                TypedBuffer::U8(data) => data.copy_within(from, to),
                TypedBuffer::I16(data) => data.copy_within(from, to),
                TypedBuffer::I32(data) => data.copy_within(from, to),
                TypedBuffer::I64(data) => data.copy_within(from, to),
                TypedBuffer::F32(data) => data.copy_within(from, to),
                TypedBuffer::F64(data) => data.copy_within(from, to),
            }
        }
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use reelwright_core::{ChannelLayout, SampleFormat};

    use super::*;

    /// Returns frames of 5 samples from a buffer to which three samples at a time are appended.
    fn frames(sample_format: SampleFormat, keeps: bool) -> Vec<Vec<i16>> {
        let format = AudioFormat::new(sample_format, 8000, ChannelLayout::STEREO);
        let mut buffer = SampleBuffer::new(format, 8);
        let (mut next, mut found, mut kept) = (0, Vec::new(), Vec::new());
        for _ in 0..20 {
            buffer.append(3, |memory, room, at| {
                let TypedBuffer::I16(data) = memory else { panic!("another type") };
                for sample in 0..3 {
                    let places = if sample_format.is_planar() {
                        [at + sample, room + at + sample]
                    } else {
                        [2 * (at + sample), 2 * (at + sample) + 1]
                    };
                    (data[places[0]], data[places[1]]) = (next, -next);
                    next += 1;
                }
            });
            while buffer.len() >= 5 {
                let frame = buffer.take(5).unwrap();
                found.push(match sample_format.is_planar() {
                    true => [0, 1].map(|c| frame.plane::<i16>(c).unwrap()).concat(),
                    false => frame.interleaved::<i16>().unwrap().to_vec(),
                });
                if keeps {
                    kept.push((frame, found.len() - 1));
                }
            }
        }
        for (frame, index) in kept {
            let first = match sample_format.is_planar() {
                true => frame.plane::<i16>(0).unwrap()[0],
                false => frame.interleaved::<i16>().unwrap()[0],
            };
            assert_eq!(first, found[index][0], "a frame that is kept was overwritten");
            assert_eq!(frame.pts(), Timestamp(5 * index as i64));
        }
        found
    }

    #[test]
    fn frames_have_the_appended_samples_even_if_they_are_kept() {
        for keeps in [false, true] {
            for (index, frame) in frames(SampleFormat::S16p, keeps).into_iter().enumerate() {
                let left: Vec<i16> = (0..5).map(|i| 5 * index as i16 + i).collect();
                let right: Vec<i16> = left.iter().map(|v| -v).collect();
                assert_eq!(frame, [left, right].concat());
            }
            for (index, frame) in frames(SampleFormat::S16, keeps).into_iter().enumerate() {
                let both = (0..5).flat_map(|i| [5 * index as i16 + i, -(5 * index as i16 + i)]);
                assert_eq!(frame, both.collect::<Vec<_>>());
            }
        }
    }
}
