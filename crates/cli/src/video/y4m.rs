//! YUV4MPEG, from a file or standard input.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, bail};
use reelwright::{ChromaLocation, ColorInfo, ColorRange, PixelFormat, Rational};
use y4m::{Colorspace, Decoder, Error};

use super::{Planes, Source, VideoInput};
use crate::input::{Opened, open as open_path};

pub(super) struct Y4m {
    name: String,
    decoder: Decoder<Box<dyn Read>>,
    /// What is held while it is shown.
    planes: [Vec<u8>; 3],
}

pub(super) fn open(path: &Path, stop: &Arc<AtomicBool>) -> anyhow::Result<VideoInput> {
    let name = path.display().to_string();
    let failed = || format!("Failed to read input: {name}");
    let reader: Box<dyn Read> = match open_path(path, stop)? {
        Opened::File(file, _) => Box::new(BufReader::with_capacity(1 << 20, file)),
        Opened::Stream(reader) => Box::new(reader),
    };
    let decoder = Decoder::new(reader).with_context(failed)?;
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
        source: Source::Y4m(Y4m { name, decoder, planes: Default::default() }),
    })
}

impl Y4m {
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Planes<'_>>> {
        let frame = match self.decoder.read_frame() {
            Ok(frame) => frame,
            Err(Error::EOF) => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("Failed to read input: {}", self.name));
            }
        };
        let planes = [frame.get_y_plane(), frame.get_u_plane(), frame.get_v_plane()];
        for (to, from) in self.planes.iter_mut().zip(planes) {
            to.clear();
            to.extend_from_slice(from);
        }
        Ok(Some(Planes { planes: self.planes.each_ref().map(Vec::as_slice), pts: None }))
    }
}
