//! Image files with numbers, such as `frame_%04d.png`. An output without a name contains one image,
//! or all images one after another with `update`.

use reelwright_core::helpers::single_stream::{check, not_started, video};
use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, OptionInfo, Options, Packet, Result,
    StreamParameters,
};

const NAME: &str = "image2";
pub(crate) const CODECS: &[CodecId] =
    &[CodecId::Png, CodecId::Mjpeg, CodecId::Bmp, CodecId::Ppm, CodecId::Pgm, CodecId::Webp];
const START_NUMBER: OptionInfo =
    OptionInfo::int("start_number", (0, i32::MAX as i64), Some(1), "number of the first image");
const UPDATE: OptionInfo = OptionInfo::bool(
    "update",
    false,
    "write each frame to the same file if the name has no number",
);
pub(crate) static OPTIONS: &[OptionInfo] = &[START_NUMBER, UPDATE];

pub(crate) struct Numbered {
    number: u64,
    is_updated: bool,
    content_type: Option<&'static str>,
    /// Number of images so far; `None` before the start.
    count: Option<u64>,
}

impl Numbered {
    pub(crate) fn new(options: &mut Options) -> Result<Self> {
        let number = options.take_int(&START_NUMBER)?.unwrap_or(1) as u64;
        Ok(Self {
            number,
            is_updated: options.take_bool(&UPDATE)?,
            content_type: None,
            count: None,
        })
    }
}

/// Returns the media type (MIME) of an image.
fn content_type(codec: CodecId) -> Option<&'static str> {
    Some(match codec {
        CodecId::Png => "image/png",
        CodecId::Mjpeg => "image/jpeg",
        CodecId::Bmp => "image/bmp",
        CodecId::Ppm => "image/x-portable-pixmap",
        CodecId::Pgm => "image/x-portable-graymap",
        CodecId::Webp => "image/webp",
        _ => return None,
    })
}

/// Returns the file name of image `number`: replaces `%d` or `%04d` by the number and `%%` by a
/// percent sign. Returns `None` if the pattern has no `%d`.
fn numbered(pattern: &str, number: u64) -> Result<Option<String>> {
    let mut name = String::new();
    let mut has_number = false;
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        name.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let width = if digits == 0 { Some(0) } else { after[..digits].parse::<usize>().ok() };
        match (width.filter(|width| *width <= 20), after[digits..].chars().next()) {
            (Some(width), Some('d')) if !has_number => {
                name.push_str(&format!("{number:0width$}"));
                has_number = true;
            }
            (_, Some('%')) if digits == 0 => name.push('%'),
            _ => {
                return Err(Error::argument(format!(
                    "A sequence's file name must have one place for a number, %d or %04d, and %% for a \
                     percent sign. Found: {pattern}"
                )));
            }
        }
        rest = &after[digits + 1..];
    }
    name.push_str(rest);
    Ok(has_number.then_some(name))
}

impl Muxer for Numbered {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        _: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        video(NAME, streams, CODECS)?;
        numbered(to.name(), self.number)?;
        self.content_type = streams.first().and_then(|stream| content_type(stream.codec));
        self.count = Some(0);
        Ok(())
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let count = self.count.as_mut().ok_or_else(|| not_started(NAME))?;
        check(packet)?;
        let pattern = to.name().to_owned();
        if pattern.is_empty() {
            if *count > 0 && !self.is_updated {
                return Err(Error::argument(
                    "An output without a name can contain only one frame. Found: a second frame. \
                     Write to a path with a number pattern, such as frame_%04d.png, or pass \
                     update=true to write all frames one after another.",
                ));
            }
            *count += 1;
            return to.output().write(&packet.data);
        }
        let name = match numbered(&pattern, self.number + *count)? {
            Some(name) => name,
            None if *count == 0 || self.is_updated => pattern,
            None => {
                return Err(Error::argument(format!(
                    "{pattern} can contain only one frame. Found: a second frame. Use a name with \
                     a number pattern, such as frame_%04d.png, or pass update=true to keep the \
                     last frame."
                )));
            }
        };
        let objects = to.object_store()?;
        // Replaces the file atomically, so that a viewer never reads an incomplete image.
        let mut output = match self.is_updated {
            true => objects.replace(&name, self.content_type)?,
            false => objects.create(&name, self.content_type)?,
        };
        let written = output.write(&packet.data).and_then(|()| output.close());
        drop(output);
        if written.is_err() && !self.is_updated {
            // Removes the incomplete file, and returns the first error.
            let _ = objects.remove(&name);
        }
        *count += 1;
        written
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        self.count.ok_or_else(|| not_started(NAME))?;
        if to.name().is_empty() { to.output().flush() } else { Ok(()) }
    }

    fn finish(&mut self, _: &[StreamParameters], _: &mut dyn Destination) -> Result<()> {
        self.count.take().map(drop).ok_or_else(|| not_started(NAME))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_patterns_place_numbers() {
        let name = |pattern| numbered(pattern, 7).unwrap();
        assert_eq!(name("f_%04d.png").unwrap(), "f_0007.png");
        assert_eq!(name("%d.png").unwrap(), "7.png");
        assert_eq!(name("100%%_%2d.png").unwrap(), "100%_07.png");
        assert!(name("f.png").is_none());
        for wrong in ["%d%d.png", "%x.png", "%", "%999999999999d.png", "%04"] {
            assert!(numbered(wrong, 1).is_err(), "{wrong}");
        }
    }
}
