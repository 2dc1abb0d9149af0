//! YUV4MPEG, from a file or standard input.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use reelwright::{ChromaLocation, ColorInfo, ColorRange, PixelFormat, Rational};
use y4m::{Colorspace, Decoder, Error};

use super::{Planes, Source, VideoInput};
use crate::input::{Opened, open as open_path};

pub(super) struct Y4m {
    name: String,
    decoder: Decoder<Watched>,
    /// Whether something was read since a frame began.
    has_begun: Rc<Cell<bool>>,
    /// Frames that were read.
    frames: u64,
    ends_early: bool,
    stop: Arc<AtomicBool>,
    /// What is held while it is shown.
    planes: [Vec<u8>; 3],
}

/// A reader that says when it has read something: the decoder tells no end within a frame from one
/// after it.
struct Watched {
    inner: Box<dyn Read>,
    has_begun: Rc<Cell<bool>>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        if n > 0 {
            self.has_begun.set(true);
        }
        Ok(n)
    }
}

pub(super) fn open(path: &Path, stop: &Arc<AtomicBool>) -> anyhow::Result<VideoInput> {
    let name = path.display().to_string();
    let failed = || format!("Failed to read input: {name}");
    let inner: Box<dyn Read> = match open_path(path, stop)? {
        Opened::File(file, _) => Box::new(BufReader::with_capacity(1 << 20, file)),
        Opened::Stream(reader) => Box::new(reader),
    };
    let has_begun = Rc::new(Cell::new(false));
    let decoder =
        Decoder::new(Watched { inner, has_begun: Rc::clone(&has_begun) }).with_context(failed)?;
    let left = ChromaLocation::Left;
    let (format, chroma_location) = match decoder.get_colorspace() {
        Colorspace::Cmono => (PixelFormat::Gray8, left),
        Colorspace::C420 | Colorspace::C420jpeg => (PixelFormat::Yuv420p, ChromaLocation::Center),
        Colorspace::C420mpeg2 | Colorspace::C420paldv => (PixelFormat::Yuv420p, left),
        Colorspace::C422 => (PixelFormat::Yuv422p, left),
        Colorspace::C444 => (PixelFormat::Yuv444p, left),
        other => bail!("{}: pictures of {other:?} are not read; 8 bits are", failed()),
    };
    let parameters = String::from_utf8_lossy(decoder.get_raw_params()).into_owned();
    let range = if parameters.split(' ').any(|word| word == "XCOLORRANGE=FULL") {
        ColorRange::Full
    } else {
        ColorRange::Limited
    };
    let rate = decoder.get_framerate();
    let frame_rate = Rational::new(rate.num as i64, rate.den as i64).with_context(failed)?;
    Ok(VideoInput {
        width: decoder.get_width(),
        height: decoder.get_height(),
        frame_rate,
        format,
        color: ColorInfo { range, chroma_location, ..ColorInfo::default() },
        duration: None,
        source: Source::Y4m(Y4m {
            name,
            decoder,
            has_begun,
            frames: 0,
            ends_early: false,
            stop: Arc::clone(stop),
            planes: Default::default(),
        }),
    })
}

impl Y4m {
    /// Whether the last frame was cut off.
    pub(super) const fn ends_early(&self) -> bool {
        self.ends_early
    }

    pub(super) fn next(&mut self) -> anyhow::Result<Option<Planes<'_>>> {
        self.has_begun.set(false);
        let frame = match self.decoder.read_frame() {
            Ok(frame) => frame,
            Err(Error::EOF) => {
                // What is stopped ends anywhere.
                if self.has_begun.get() && !self.stop.load(Ordering::Relaxed) {
                    self.ends_early = true;
                    log::warn!("{} ends early, within frame {}.", self.name, self.frames + 1);
                }
                return Ok(None);
            }
            Err(error) => {
                let (name, frame) = (&self.name, self.frames + 1);
                return Err(error)
                    .with_context(|| format!("Failed to read input: {name} (frame {frame})"));
            }
        };
        self.frames += 1;
        let planes = [frame.get_y_plane(), frame.get_u_plane(), frame.get_v_plane()];
        for (to, from) in self.planes.iter_mut().zip(planes) {
            to.clear();
            to.extend_from_slice(from);
        }
        Ok(Some(Planes { planes: self.planes.each_ref().map(Vec::as_slice), pts: None }))
    }
}
