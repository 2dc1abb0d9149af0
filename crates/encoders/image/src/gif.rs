//! GIF (version 89a): a palette for each picture, and of what follows the first only what changes.

use gif::{Encoder, Frame};
use reelwright_core::{
    Backing, CodecId, EncoderInfo, Error, OptionInfo, Options, PixelFormat, Result, VideoColor,
    VideoEncoder, VideoEncoderInfo, VideoEncoderRequest, VideoFrame,
};

use crate::palette::Palette;
use crate::picture::{Coder, Pictures, check_size};

const NAME: &str = "gif";
const DITHER: OptionInfo = OptionInfo::choice(
    "dither",
    &[
        ("none", "the nearest colour"),
        ("bayer", "a fixed pattern, which does not move from picture to picture"),
        ("floyd_steinberg", "what is wrong with a pixel is made up for by its neighbours"),
    ],
    "bayer",
    "how colours that are not in the palette are imitated",
);
const MAX_COLORS: OptionInfo =
    OptionInfo::int("max_colors", (2, 256), Some(256), "colours of a picture's palette");
const TRANSDIFF: OptionInfo = OptionInfo::bool(
    "transdiff",
    true,
    "whether of pictures after the first only what changes is written",
);

pub(crate) const ENCODER: VideoEncoderInfo = VideoEncoderInfo {
    encoder: EncoderInfo {
        name: NAME,
        long_name: "GIF (Graphics Interchange Format)",
        aliases: &[],
        codec: CodecId::Gif,
        backing: Backing::Rust,
        options: &[DITHER, MAX_COLORS, TRANSDIFF],
        config: &[],
    },
    pixel_formats: &[PixelFormat::Rgb24],
    color: VideoColor::Untagged,
    open,
};

/// Bayer's pattern of 8 by 8 thresholds.
const BAYER: [[u8; 8]; 8] = [
    [0, 32, 8, 40, 2, 34, 10, 42],
    [48, 16, 56, 24, 50, 18, 58, 26],
    [12, 44, 4, 36, 14, 46, 6, 38],
    [60, 28, 52, 20, 62, 30, 54, 22],
    [3, 35, 11, 43, 1, 33, 9, 41],
    [51, 19, 59, 27, 49, 17, 57, 25],
    [15, 47, 7, 39, 13, 45, 5, 37],
    [63, 31, 55, 23, 61, 29, 53, 21],
];

#[derive(Clone, Copy, PartialEq)]
enum Dither {
    None,
    Bayer,
    FloydSteinberg,
}

struct Gif {
    dither: Dither,
    max_colors: usize,
    is_difference: bool,
    /// The picture before, as it came.
    last: Vec<[u8; 3]>,
    now: Vec<[u8; 3]>,
    /// Whether a pixel is other than in the picture before.
    changed: Vec<bool>,
}

fn open(request: &VideoEncoderRequest, options: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    check_size(NAME, request, 65_535)?;
    let dither = match options.take_choice(&DITHER)? {
        "none" => Dither::None,
        "bayer" => Dither::Bayer,
        _ => Dither::FloydSteinberg,
    };
    let max_colors = options.take_int(&MAX_COLORS)?.unwrap_or(256) as usize;
    let is_difference = options.take_bool(&TRANSDIFF)?;
    let (last, now, changed) = (Vec::new(), Vec::new(), Vec::new());
    Ok(Pictures::boxed(request, Gif { dither, max_colors, is_difference, last, now, changed }))
}

/// A rectangle of pixels.
#[derive(Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Gif {
    /// Marks what changed; tells the area around it. One pixel where nothing did: a picture must
    /// have some.
    fn find_changes(&mut self, width: usize, height: usize) -> Area {
        self.changed.clear();
        if self.last.len() != self.now.len() || !self.is_difference {
            self.changed.resize(self.now.len(), true);
            return Area { left: 0, top: 0, width, height };
        }
        self.changed.extend(self.now.iter().zip(&self.last).map(|(now, last)| now != last));
        let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
        for (y, row) in self.changed.chunks_exact(width).enumerate() {
            let Some(first) = row.iter().position(|changed| *changed) else { continue };
            let last = row.iter().rposition(|changed| *changed).unwrap_or(first);
            (left, right) = (left.min(first), right.max(last + 1));
            (top, bottom) = (top.min(y), y + 1);
        }
        if top >= bottom {
            return Area { left: 0, top: 0, width: 1, height: 1 };
        }
        Area { left, top, width: right - left, height: bottom - top }
    }

    /// The palette's indices of an area; `transparent` where nothing changed.
    fn indices(&self, area: Area, width: usize, palette: &mut Palette, transparent: u8) -> Vec<u8> {
        let dither = if palette.is_exact() { Dither::None } else { self.dither };
        let mut indices = Vec::with_capacity(area.width * area.height);
        // Errors in sixteenths that this row and the next have to make up for.
        let mut errors = [vec![[0i32; 3]; area.width + 2], vec![[0i32; 3]; area.width + 2]];
        // About the distance of neighbours in the palette.
        let strength = 128 / (self.max_colors as f64).cbrt().max(1.0) as i32;
        for y in area.top..area.top + area.height {
            let row = y * width + area.left;
            let [here, below] = &mut errors;
            below.fill([0; 3]);
            for x in 0..area.width {
                let pixel = self.now[row + x];
                if !self.changed[row + x] {
                    indices.push(transparent);
                    continue;
                }
                let wanted = match dither {
                    Dither::None => pixel,
                    Dither::Bayer => {
                        let threshold = i32::from(BAYER[y % 8][(area.left + x) % 8]) * 2 - 63;
                        pixel.map(|v| {
                            (i32::from(v) + threshold * strength / 128).clamp(0, 255) as u8
                        })
                    }
                    Dither::FloydSteinberg => std::array::from_fn(|c| {
                        (i32::from(pixel[c]) + here[x + 1][c] / 16).clamp(0, 255) as u8
                    }),
                };
                let index = palette.index(wanted);
                indices.push(index);
                if dither == Dither::FloydSteinberg {
                    let found = palette.colors[usize::from(index)];
                    for c in 0..3 {
                        let error = i32::from(wanted[c]) - i32::from(found[c]);
                        here[x + 2][c] += 7 * error;
                        below[x][c] += 3 * error;
                        below[x + 1][c] += 5 * error;
                        below[x + 2][c] += error;
                    }
                }
            }
            errors.swap(0, 1);
        }
        indices
    }
}

impl Coder for Gif {
    fn code(&mut self, frame: &VideoFrame<'_>, to: &mut Vec<u8>) -> Result<bool> {
        let (width, height) = (frame.width, frame.height);
        std::mem::swap(&mut self.last, &mut self.now);
        self.now.clear();
        for row in frame.planes[0].rows(3 * width, height) {
            self.now.extend_from_slice(row.as_chunks().0);
        }
        let is_first = self.last.len() != self.now.len() || !self.is_difference;
        let area = self.find_changes(width, height);
        let changed = |y: usize| {
            let row = y * width + area.left..y * width + area.left + area.width;
            let pixels = self.now[row.clone()].iter().zip(&self.changed[row]);
            pixels.filter(|(_, changed)| **changed).map(|(pixel, _)| *pixel)
        };
        let pixels = (area.top..area.top + area.height).flat_map(changed);
        // One colour is for what stays.
        let most = if is_first { self.max_colors } else { self.max_colors.min(255) };
        let mut palette = Palette::new(pixels, most);
        let transparent = palette.colors.len() as u8;
        let indices = self.indices(area, width, &mut palette, transparent);
        let mut colors: Vec<u8> = palette.colors.concat();
        if !is_first || colors.is_empty() {
            colors.extend([0; 3]);
        }
        let picture = Frame {
            left: area.left as u16,
            top: area.top as u16,
            width: area.width as u16,
            height: area.height as u16,
            palette: Some(colors),
            transparent: (!is_first).then_some(transparent),
            buffer: indices.into(),
            ..Frame::default()
        };
        let failed = |error| Error::unsupported(format!("{NAME}: {error}"));
        let mut encoder =
            Encoder::new(Vec::new(), width as u16, height as u16, &[]).map_err(failed)?;
        let header = encoder.get_ref().len();
        encoder.write_frame(&picture).map_err(failed)?;
        // Not the header and not the trailer.
        to.extend_from_slice(&encoder.get_ref()[header..]);
        Ok(is_first)
    }
}
