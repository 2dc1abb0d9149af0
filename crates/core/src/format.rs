//! Formats of frames, used by requests, stream parameters, frames and converters.

use crate::{ChannelLayout, ColorInfo, PixelFormat, Rational, SampleFormat};

/// Format of video frames.
///
/// ```
/// use reelwright_core::{ColorInfo, PixelFormat, VideoFormat};
///
/// let format = VideoFormat::new(PixelFormat::Yuv420p, 1280, 720, ColorInfo::BT709);
/// assert_eq!(format.size(), (1280, 720));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoFormat {
    /// Layout of the pixels.
    pub pixel_format: PixelFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Color space.
    pub color: ColorInfo,
    /// Sample aspect ratio: width / height of a pixel.
    pub sample_aspect_ratio: Rational,
}

impl VideoFormat {
    /// Creates a format with square pixels.
    pub const fn new(pixel_format: PixelFormat, width: u32, height: u32, color: ColorInfo) -> Self {
        Self { pixel_format, width, height, color, sample_aspect_ratio: Rational::ONE }
    }

    /// Returns the format with another sample aspect ratio.
    #[must_use]
    pub const fn with_sample_aspect_ratio(self, sample_aspect_ratio: Rational) -> Self {
        Self { sample_aspect_ratio, ..self }
    }

    /// Returns the elements per row and the rows of plane `plane`; see [`PixelFormat::plane_size`].
    pub fn plane_size(&self, plane: usize) -> (usize, usize) {
        self.pixel_format.plane_size(plane, self.width as usize, self.height as usize)
    }

    /// Returns the format with another size.
    #[must_use]
    pub const fn with_size(self, width: u32, height: u32) -> Self {
        Self { width, height, ..self }
    }

    /// Returns the width and height in pixels.
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

/// Format of audio frames.
///
/// ```
/// use reelwright_core::{AudioFormat, ChannelLayout, SampleFormat};
///
/// let format = AudioFormat::new(SampleFormat::Fltp, 48_000, ChannelLayout::STEREO);
/// assert_eq!(format.layout.channels(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    /// Type and layout of the samples.
    pub sample_format: SampleFormat,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Channels, in the order of the samples.
    pub layout: ChannelLayout,
}

impl AudioFormat {
    /// Creates a format.
    pub const fn new(sample_format: SampleFormat, sample_rate: u32, layout: ChannelLayout) -> Self {
        Self { sample_format, sample_rate, layout }
    }
}
