//! Inputs: pictures, from files or made up.

mod h264;
mod mp4;
mod pictures;
mod test_source;
mod y4m;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use reelwright::{ColorInfo, PixelFormat, Rational, Timestamp, VideoFrame};

pub(crate) use test_source::{Sine, TestSource, frame_rate, size};

/// One input: a stream of pictures.
pub(crate) struct VideoInput {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) frame_rate: Rational,
    pub(crate) format: PixelFormat,
    pub(crate) color: ColorInfo,
    /// In pictures, where the input says so.
    pub(crate) duration: Option<u64>,
    source: Source,
}

enum Source {
    Y4m(y4m::Y4m),
    Pictures(pictures::Pictures),
    Mp4(Box<mp4::Mp4>),
    Test(TestSource),
}

/// A picture as its source holds it: tightly packed planes.
struct Planes<'a> {
    planes: [&'a [u8]; 3],
    /// When it is shown, in seconds, where that is not right after the one before.
    pts: Option<f64>,
}

impl VideoInput {
    /// Opens the pictures of a file, if it is one that may have some.
    pub(crate) fn open(
        path: &Path,
        frame_rate: Option<Rational>,
        stop: &Arc<AtomicBool>,
    ) -> anyhow::Result<Option<Self>> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "y4m" => y4m::open(path, stop).map(Some),
            "mp4" | "m4v" | "mov" => mp4::open(path),
            "png" | "jpg" | "jpeg" | "bmp" | "ppm" | "pgm" | "webp" => {
                pictures::open(path, frame_rate).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Pictures that are made up.
    pub(crate) fn test(source: TestSource) -> Self {
        let TestSource { width, height, frame_rate, .. } = source;
        Self {
            width,
            height,
            frame_rate,
            format: PixelFormat::Rgb24,
            color: ColorInfo::SRGB,
            duration: source.pictures,
            source: Source::Test(source),
        }
    }

    /// Whether the file may have sound too.
    pub(crate) fn may_have_sound(&self) -> bool {
        matches!(self.source, Source::Mp4(_))
    }

    /// Whether it was found to have been cut short.
    pub(crate) fn ends_early(&self) -> bool {
        matches!(&self.source, Source::Y4m(source) if source.ends_early())
    }

    /// The next picture, and when it is shown; none at the end.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<(VideoFrame<'_>, Option<f64>)>> {
        let picture = match &mut self.source {
            Source::Y4m(source) => source.next()?,
            Source::Pictures(source) => source.next()?,
            Source::Mp4(source) => source.next()?,
            Source::Test(source) => source.next(),
        };
        let Some(Planes { planes: data, pts }) = picture else { return Ok(None) };
        let mut frame = VideoFrame {
            format: self.format,
            width: self.width,
            height: self.height,
            color: self.color,
            planes: Default::default(),
            pts: Timestamp(0),
            duration: None,
        };
        for (index, data) in data.into_iter().enumerate().take(self.format.planes()) {
            let (stride, _) = self.format.plane_size(index, self.width, self.height);
            (frame.planes[index].data, frame.planes[index].stride) = (data, stride);
        }
        Ok(Some((frame, pts)))
    }
}
