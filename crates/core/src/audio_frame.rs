//! Audio frames: the input of audio encoders.

use std::sync::Arc;

use crate::{AudioFormat, DataType, Element, Error, Result, SampleFormat, Timestamp, TypedBuffer};

/// Samples of all channels of an audio stream: a handle of shared memory, cheap to clone.
///
/// The elements of a packed format are interleaved; a planar format has a plane per channel.
#[derive(Debug, Clone)]
pub struct AudioFrame {
    format: AudioFormat,
    pts: Timestamp,
    memory: Arc<TypedBuffer>,
    samples: usize,
    /// Index of the first element.
    start: usize,
    /// Planar: distance in elements from one channel's first sample to the next channel's.
    plane_stride: usize,
}

impl AudioFrame {
    /// Creates a frame of all samples of a buffer. The planes of a planar format follow each other
    /// without gaps. `pts` is in units of 1 / sample rate.
    ///
    /// # Errors
    /// The buffer has another type than the format, or the last sample lacks a channel.
    pub fn new(format: AudioFormat, memory: TypedBuffer, pts: Timestamp) -> Result<Self> {
        let channels = format.layout.channels();
        let samples = memory.len() / channels.max(1);
        if samples * channels != memory.len() {
            return Err(Error::chunk(format!(
                "Expected complete samples of {channels} channels. Found: {} elements",
                memory.len()
            )));
        }
        Self::view_of(format, Arc::new(memory), samples, 0, samples, pts)
    }

    /// Creates a frame of `samples` samples per channel in shared memory, from element `start` on.
    /// `plane_stride` is the distance in elements from one plane to the next in a planar format.
    ///
    /// # Errors
    /// The memory has another type than the format or is too short, or planes overlap.
    pub fn view_of(
        format: AudioFormat,
        memory: Arc<TypedBuffer>,
        samples: usize,
        start: usize,
        plane_stride: usize,
        pts: Timestamp,
    ) -> Result<Self> {
        let channels = format.layout.channels();
        let (expected, found) = (format.sample_format.data_type(), memory.data_type());
        if expected != found {
            return Err(Error::chunk(format!(
                "Expected samples of type {expected} for {}. Found: {found}",
                format.sample_format
            )));
        }
        let (row, rows) = if format.sample_format.is_planar() {
            (Some(samples), channels)
        } else {
            (samples.checked_mul(channels), 1)
        };
        let end = rows.checked_sub(1).and_then(|rows| rows.checked_mul(plane_stride));
        let end = end.and_then(|end| end.checked_add(row?)?.checked_add(start));
        let overlaps = rows > 1 && plane_stride < samples;
        if overlaps || end.is_none_or(|end| end > memory.len()) {
            return Err(Error::chunk(format!(
                "Expected memory of {samples} samples of {channels} channels from element {start} \
                 on, a plane every {plane_stride}. Found: {} elements",
                memory.len()
            )));
        }
        Ok(Self { format, pts, memory, samples, start, plane_stride })
    }

    /// Checks that the frame matches the format of an encoder.
    ///
    /// # Errors
    /// The frame has another sample format, or another number of channels.
    pub fn check_format(&self, format: SampleFormat, channels: usize) -> Result<()> {
        let found = (self.format.sample_format, self.channels());
        if found == (format, channels) {
            return Ok(());
        }
        Err(Error::chunk(format!(
            "Expected {format} frames with {channels} channels. Found {} with {}",
            found.0, found.1
        )))
    }

    /// Format of the samples.
    pub const fn format(&self) -> &AudioFormat {
        &self.format
    }

    /// Number of channels.
    pub const fn channels(&self) -> usize {
        self.format.layout.channels()
    }

    /// Number of samples of each channel.
    pub const fn samples(&self) -> usize {
        self.samples
    }

    /// Presentation time of the first sample, in units of 1 / sample rate.
    pub const fn pts(&self) -> Timestamp {
        self.pts
    }

    /// Type of the samples.
    pub fn data_type(&self) -> DataType {
        self.memory.data_type()
    }

    /// Returns the interleaved samples, if the frame is packed and has this type.
    pub fn interleaved<T: Element>(&self) -> Option<&[T]> {
        if self.format.sample_format.is_planar() {
            return None;
        }
        T::of(self.memory.as_slice())?.get(self.start..)?.get(..self.samples * self.channels())
    }

    /// Returns the samples of channel `channel`, if the frame is planar, has this type, and has the
    /// channel.
    pub fn plane<T: Element>(&self, channel: usize) -> Option<&[T]> {
        if !self.format.sample_format.is_planar() || channel >= self.channels() {
            return None;
        }
        let start = self.start + channel * self.plane_stride;
        T::of(self.memory.as_slice())?.get(start..start + self.samples)
    }
}

/// Clamps a sample to ±1 for lossy encoders, and replaces NaN by 0.
#[inline]
pub fn clamp_sample(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChannelLayout;

    #[test]
    fn packed_and_planar_frames_return_their_samples() {
        let format = |sample_format| AudioFormat::new(sample_format, 48_000, ChannelLayout::STEREO);
        let data = || TypedBuffer::I16(vec![1, 2, 3, 4, 5, 6]);
        let packed = AudioFrame::new(format(SampleFormat::S16), data(), Timestamp(0)).unwrap();
        assert_eq!(packed.samples(), 3);
        assert_eq!(packed.interleaved::<i16>(), Some(&[1, 2, 3, 4, 5, 6][..]));
        assert!(packed.interleaved::<i32>().is_none() && packed.plane::<i16>(0).is_none());

        let memory = Arc::new(data());
        let planar = format(SampleFormat::S16p);
        let view = |samples, start, stride| {
            AudioFrame::view_of(planar, Arc::clone(&memory), samples, start, stride, Timestamp(7))
        };
        let frame = view(2, 1, 3).unwrap();
        assert_eq!(frame.plane::<i16>(1), Some(&[5, 6][..]));
        assert!(frame.interleaved::<i16>().is_none() && frame.plane::<i16>(2).is_none());
        for (samples, start, stride) in [(2, 2, 3), (2, 0, 1), (1, 0, usize::MAX), (4, 0, 3)] {
            assert!(view(samples, start, stride).is_err(), "{samples} {start} {stride}");
        }
        assert!(AudioFrame::new(format(SampleFormat::Flt), data(), Timestamp(0)).is_err());
        let odd = TypedBuffer::I16(vec![0; 3]);
        assert!(AudioFrame::new(format(SampleFormat::S16), odd, Timestamp(0)).is_err());
    }
}
