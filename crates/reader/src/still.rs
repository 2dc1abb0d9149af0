//! Still images and animations: JPEG, PNG, GIF, WebP, BMP and PNM.

use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use anyhow::{Context, bail};
use image::{
    AnimationDecoder, ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits,
};
use reelwright_core::{ColorInfo, PixelFormat};

use crate::frame::{Frame, FramePlanes};
use crate::source::{Sequential, Source};

/// Maximum width and height, and maximum number of bytes of a decoded image.
const MAX_SIDE: u32 = 1 << 16;
const MAX_BYTES: u64 = 1 << 30;

/// A decoded image.
pub(crate) struct Still {
    pub(crate) frame: Frame,
    /// True if only a part of the image could be decoded.
    pub(crate) is_damaged: bool,
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    limits
}

/// Decodes an image and rotates it upright.
///
/// # Errors
/// The format is not supported, or the image is damaged.
pub(crate) fn decode(data: &[u8]) -> anyhow::Result<Still> {
    let mut reader = ImageReader::new(Cursor::new(data)).with_guessed_format()?;
    reader.limits(limits());
    if reader.format().is_none() {
        bail!("the file is not an image in a supported format: JPEG, PNG, GIF, WebP, BMP or PNM");
    }
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder)?;
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    // The decoder fills in missing parts of a truncated JPEG.
    let is_jpeg = data.starts_with(&[0xFF, 0xD8]);
    let is_damaged = is_jpeg && !jpeg_extent(data).is_some_and(|extent| extent.is_whole);
    Ok(Still { is_damaged, ..still(image) })
}

/// Returns the packed format with these properties.
fn packed(has_color: bool, has_alpha: bool, is_deep: bool) -> PixelFormat {
    match (has_color, has_alpha, is_deep) {
        (false, false, false) => PixelFormat::Gray8,
        (false, false, true) => PixelFormat::Gray16Le,
        (false, true, false) => PixelFormat::Ya8,
        (false, true, true) => PixelFormat::Ya16Le,
        (true, false, false) => PixelFormat::Rgb24,
        (true, false, true) => PixelFormat::Rgb48Le,
        (true, true, false) => PixelFormat::Rgba,
        (true, true, true) => PixelFormat::Rgba64Le,
    }
}

/// Returns the format that can represent frames of two others.
pub(crate) fn union(one: PixelFormat, other: PixelFormat) -> PixelFormat {
    packed(
        one.is_rgb() || other.is_rgb(),
        one.has_alpha() || other.has_alpha(),
        one.depth().max(other.depth()) > 8,
    )
}

fn format_of(color: ColorType) -> PixelFormat {
    let is_deep = color.bytes_per_pixel() / color.channel_count() > 1;
    packed(color.has_color(), color.has_alpha(), is_deep)
}

/// Returns the pixel format of an image file, from its header.
pub(crate) fn format(path: &Path) -> anyhow::Result<PixelFormat> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    reader.limits(limits());
    Ok(format_of(reader.into_decoder()?.color_type()))
}

/// Converts an image without loss.
fn still(image: DynamicImage) -> Still {
    let format = format_of(image.color());
    let size = (image.width() as usize, image.height() as usize);
    let bytes = |data| FramePlanes::U8([data, vec![], vec![], vec![]]);
    let words = |data| FramePlanes::U16([data, vec![], vec![], vec![]]);
    let planes = match format {
        PixelFormat::Gray8 => bytes(image.into_luma8().into_raw()),
        PixelFormat::Ya8 => bytes(image.into_luma_alpha8().into_raw()),
        PixelFormat::Rgba => bytes(image.into_rgba8().into_raw()),
        PixelFormat::Gray16Le => words(image.into_luma16().into_raw()),
        PixelFormat::Ya16Le => words(image.into_luma_alpha16().into_raw()),
        PixelFormat::Rgb48Le => words(image.into_rgb16().into_raw()),
        PixelFormat::Rgba64Le => words(image.into_rgba16().into_raw()),
        _ => bytes(image.into_rgb8().into_raw()),
    };
    let (width, height) = size;
    let frame = Frame { format, width, height, color: ColorInfo::SRGB, planes };
    Still { frame, is_damaged: false }
}

/// Returns the name of an image's format, from its first bytes.
pub(crate) fn kind(start: &[u8]) -> Option<&'static str> {
    Some(match image::guess_format(start).ok()? {
        ImageFormat::Png => "png",
        ImageFormat::Jpeg => "mjpeg",
        ImageFormat::Gif => "gif",
        ImageFormat::WebP => "webp",
        ImageFormat::Bmp => "bmp",
        ImageFormat::Pnm => match start.get(1) {
            Some(b'2' | b'5') => "pgm",
            _ => "ppm",
        },
        _ => return None,
    })
}

/// Decoder of an animated image.
pub(crate) struct Animation {
    frames: image::Frames<'static>,
}

/// Returns true if an image has several frames. A GIF is always treated as animated.
pub(crate) fn is_animated(source: &mut Source, kind: &str) -> std::io::Result<bool> {
    Ok(match kind {
        "gif" => true,
        "png" => {
            // The animation control chunk precedes the image data.
            let start = source.peek(1 << 16)?;
            let image = start.windows(4).position(|four| four == b"IDAT");
            start[..image.unwrap_or(start.len())].windows(4).any(|four| four == b"acTL")
        }
        "webp" => {
            let start = source.peek(64)?;
            start.get(12..16) == Some(b"VP8X") && start.get(20).is_some_and(|f| f & 2 != 0)
        }
        _ => false,
    })
}

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

impl Animation {
    /// Opens an animated GIF, PNG or WebP. Returns the source if it is not animated.
    pub(crate) fn open(mut source: Source, kind: &str) -> anyhow::Result<Result<Self, Source>> {
        if !is_animated(&mut source, kind)? {
            return Ok(Err(source));
        }
        let reader: Box<dyn ReadSeek> = match source.size() {
            Some(_) => Box::new(Sequential::new(source)),
            None => {
                // The decoders seek.
                let bytes = source.bytes_at(0, MAX_BYTES as usize)?;
                Box::new(Cursor::new(bytes))
            }
        };
        let reader = BufReader::new(reader);
        let frames = match kind {
            "gif" => {
                let mut decoder = image::codecs::gif::GifDecoder::new(reader)?;
                decoder.set_limits(limits())?;
                decoder.into_frames()
            }
            "png" => {
                let decoder = image::codecs::png::PngDecoder::with_limits(reader, limits())?;
                decoder.apng()?.into_frames()
            }
            _ => {
                let mut decoder = image::codecs::webp::WebPDecoder::new(reader)?;
                decoder.set_limits(limits())?;
                // Without a background color, disposed frames remain visible.
                decoder.set_background_color(image::Rgba([0; 4]))?;
                decoder.into_frames()
            }
        };
        Ok(Ok(Self { frames }))
    }

    /// Returns the next frame and its duration in milliseconds as a fraction, or `None` at the end.
    ///
    /// # Errors
    /// The file is damaged.
    pub(crate) fn next(&mut self) -> anyhow::Result<Option<(Frame, (u32, u32))>> {
        let Some(frame) = self.frames.next() else { return Ok(None) };
        let frame = frame.context("a frame is damaged")?;
        let delay = frame.delay().numer_denom_ms();
        let still = still(DynamicImage::ImageRgba8(frame.into_buffer()));
        Ok(Some((still.frame, delay)))
    }
}

/// Extent of an image in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) end: usize,
    /// False if another image begins before the end, or if there are unexpected markers.
    pub(crate) is_whole: bool,
}

/// Returns the first bytes of images of a format, if the end of an image can be found.
pub(crate) fn signature(kind: &str) -> Option<&'static [u8]> {
    Some(match kind {
        "mjpeg" => &[0xFF, 0xD8],
        "png" => PNG,
        "bmp" => b"BM",
        _ => return None,
    })
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Finds the end of the image at the start of `bytes`. Returns `None` if it is incomplete.
pub(crate) fn extent(bytes: &[u8]) -> Option<Extent> {
    if bytes.starts_with(PNG) {
        return png_end(bytes).map(|end| Extent { end, is_whole: true });
    }
    if bytes.starts_with(b"BM") {
        let size = u32::from_le_bytes(bytes.get(2..6)?.try_into().ok()?) as usize;
        // Writers of streams may not know the size.
        return (size > 14).then_some(Extent { end: size, is_whole: true });
    }
    jpeg_extent(bytes)
}

/// Finds the end of a PNG, after its last chunk (PNG §5.3).
fn png_end(bytes: &[u8]) -> Option<usize> {
    let mut at = PNG.len();
    loop {
        let head = bytes.get(at..at + 8)?;
        let size = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        at = at.checked_add(size)?.checked_add(12)?;
        if &head[4..] == b"IEND" {
            return (at <= bytes.len()).then_some(at);
        }
    }
}

/// Finds the end of a JPEG (ISO/IEC 10918-1 §B.1.1).
fn jpeg_extent(bytes: &[u8]) -> Option<Extent> {
    let mut at = 2;
    let mut is_whole = true;
    let mut is_in_scan = false;
    loop {
        if *bytes.get(at)? != 0xFF {
            // Markers follow a segment, or are between scans.
            at += 1;
            continue;
        }
        match *bytes.get(at + 1)? {
            // EOI: end of the image.
            0xD9 => return Some(Extent { end: at + 2, is_whole }),
            // SOI: the end of this image was lost.
            0xD8 if is_in_scan => return Some(Extent { end: at, is_whole: false }),
            // Fill bytes, stuffing, restart markers and others without a length.
            0xFF => at += 1,
            0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
            marker => {
                let length = u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]);
                let end = at + 2 + usize::from(length);
                if is_in_scan && !is_between_scans(marker, bytes.get(at..end)?) {
                    is_whole = false;
                    at += 2;
                    continue;
                }
                is_in_scan |= marker == 0xDA;
                at = end;
            }
        }
    }
}

/// Returns true if a segment is allowed between scans: tables, the next scan, the number of lines,
/// comments and application data. A segment that contains the end of an image and the start of
/// another is damage.
fn is_between_scans(marker: u8, segment: &[u8]) -> bool {
    const NEXT: [u8; 5] = [0xFF, 0xD9, 0xFF, 0xD8, 0xFF];
    matches!(marker, 0xC4 | 0xCC | 0xDA..=0xDD | 0xE0..=0xEF | 0xFE)
        && !segment.windows(NEXT.len()).any(|bytes| bytes == NEXT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jpeg_does_not_end_at_the_end_of_its_thumbnail() {
        let thumbnail = [0xFF, 0xD8, 0xFF, 0xD9];
        let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, 6];
        jpeg.extend(thumbnail);
        jpeg.extend([0xFF, 0xDA, 0, 2, 1, 0xFF, 0, 2, 0xFF, 0xD3, 3, 0xFF, 0xD9, 9, 9]);
        let whole = Extent { end: jpeg.len() - 2, is_whole: true };
        assert_eq!(extent(&jpeg), Some(whole));
        assert_eq!(extent(&jpeg[..jpeg.len() - 3]), None);
    }

    #[test]
    fn finds_the_image_after_damage() {
        let image = [0xFF, 0xD8, 0xFF, 0xDA, 0, 2, 1, 2, 3, 4, 5, 0xFF, 0xD9];
        // A marker of a long segment, and an allowed one that contains an image.
        for marker in [0x50, 0xE5] {
            let mut damaged = image.to_vec();
            damaged[7..11].copy_from_slice(&[0xFF, marker, 0, 18]);
            let stream = [&damaged[..], &image, &image].concat();
            assert_eq!(extent(&stream), Some(Extent { end: 13, is_whole: false }), "{marker:x}");
        }
        // The end is missing.
        let stream = [&image[..11], &image].concat();
        assert_eq!(extent(&stream), Some(Extent { end: 11, is_whole: false }));
    }

    #[test]
    fn finds_the_end_of_other_images() {
        let png = [PNG, &[0, 0, 0, 2], b"IDATxx", &[0; 4], &[0; 4], b"IEND", &[0; 4]].concat();
        assert_eq!(extent(&[&png[..], PNG].concat()).unwrap().end, png.len());
        assert_eq!(extent(b"BM\x20\0\0\0..........").unwrap().end, 32);
        assert_eq!(extent(&png[..30]), None);
    }
}
