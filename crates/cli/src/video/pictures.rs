//! Pictures, each in a file of its own: one, or a numbered sequence as `frame_%04d.png`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use image::{ColorType, DynamicImage};
use reelwright::{ColorInfo, PixelFormat, Rational};

use super::{Planes, Source, VideoInput};

/// Pictures a second where nothing else is said, as FFmpeg has it.
const FRAME_RATE: i64 = 25;
/// A sequence begins with one of these numbers, as FFmpeg has it.
const FIRST_NUMBERS: std::ops::Range<u64> = 0..5;

pub(super) struct Pictures {
    path: PathBuf,
    /// Of the next one; none after a single one.
    number: Option<u64>,
    /// The next one.
    picture: Option<DynamicImage>,
    shown: Vec<u8>,
    is_grey: bool,
}

/// The name of picture `number`; none where there is no place for it.
fn numbered(path: &Path, number: u64) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let (before, rest) = name.split_once('%')?;
    let (width, after) = rest.split_once('d')?;
    let width = if width.is_empty() { 0 } else { width.parse::<usize>().ok()? };
    Some(path.with_file_name(format!("{before}{number:0width$}{after}")))
}

fn read(path: &Path) -> anyhow::Result<DynamicImage> {
    let failed = || format!("Failed to read input: {}", path.display());
    let reader = image::ImageReader::open(path).with_context(failed)?;
    reader.with_guessed_format().with_context(failed)?.decode().with_context(failed)
}

pub(super) fn open(path: &Path, frame_rate: Option<Rational>) -> anyhow::Result<VideoInput> {
    let first = if path.exists() {
        None
    } else {
        let mut numbers = FIRST_NUMBERS;
        numbers.find(|number| numbered(path, *number).is_some_and(|path| path.exists()))
    };
    let picture = match first.and_then(|number| numbered(path, number)) {
        Some(path) => read(&path)?,
        None => read(path)?,
    };
    let is_grey = matches!(picture.color(), ColorType::L8 | ColorType::L16);
    if picture.color().has_alpha() {
        log::warn!("{}: transparency is left out.", path.display());
    }
    let frame_rate = match frame_rate {
        Some(rate) => rate,
        None => Rational::new(FRAME_RATE, 1)?,
    };
    Ok(VideoInput {
        width: picture.width() as usize,
        height: picture.height() as usize,
        frame_rate,
        format: if is_grey { PixelFormat::Gray8 } else { PixelFormat::Rgb24 },
        color: ColorInfo::SRGB,
        duration: if first.is_some() { None } else { Some(1) },
        source: Source::Pictures(Pictures {
            path: path.to_owned(),
            number: first.map(|number| number + 1),
            picture: Some(picture),
            shown: Vec::new(),
            is_grey,
        }),
    })
}

impl Pictures {
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Planes<'_>>> {
        let Some(picture) = self.picture.take() else { return Ok(None) };
        let size = (picture.width(), picture.height());
        self.shown = if self.is_grey {
            picture.into_luma8().into_raw()
        } else {
            picture.into_rgb8().into_raw()
        };
        if let Some(number) = self.number
            && let Some(path) = numbered(&self.path, number).filter(|path| path.exists())
        {
            let picture = read(&path)?;
            if (picture.width(), picture.height()) != size {
                bail!(
                    "The input changes in the middle: {} is of {}x{}, and those before it of \
                     {}x{}.",
                    path.display(),
                    picture.width(),
                    picture.height(),
                    size.0,
                    size.1
                );
            }
            self.picture = Some(picture);
            self.number = Some(number + 1);
        }
        Ok(Some(Planes { planes: [&self.shown, &[], &[]], pts: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_are_asked_for() {
        let name = |pattern: &str, number| numbered(Path::new(pattern), number);
        assert_eq!(name("a/f_%04d.png", 7).unwrap(), Path::new("a/f_0007.png"));
        assert_eq!(name("f%d.png", 12).unwrap(), Path::new("f12.png"));
        assert_eq!(name("f%02d.png", 123).unwrap(), Path::new("f123.png"));
        assert!(name("f.png", 1).is_none() && name("f%xd.png", 1).is_none());
    }
}
