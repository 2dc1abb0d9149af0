//! GIF (version 89a).
//!
//! Frames share a palette as long as its error is small enough. Frames after the first contain only
//! what changes. A packet without a palette uses the palette of the first packet.
//!
//! Pixels with an opacity of less than a half are transparent. If visible pixels become transparent
//! in the next frame, the current frame has disposal method 2 (restore to background). With alpha,
//! each frame therefore waits for the next one.

use gif::{DisposalMethod, Encoder, Frame};
use reelwright_core::{
    CodecId, EncoderInfo, Error, OptionInfo, Options, PacketQueue, PixelFormat, Result,
    StreamParameters, Timestamp, VideoColor, VideoEncoder, VideoEncoderInfo, VideoEncoderRequest,
    VideoFrame,
};

use crate::palette::{Histogram, Palette, distance};
use crate::still::{check_size, parameters};

const NAME: &str = "gif";
const DITHER: OptionInfo = OptionInfo::choice(
    "dither",
    &[
        ("none", "the nearest color"),
        ("bayer", "ordered dithering, the same pattern in every frame"),
        ("floyd_steinberg", "error diffusion to neighboring pixels"),
    ],
    "bayer",
    "dithering of colors that are not in the palette",
);
const MAX_COLORS: OptionInfo =
    OptionInfo::int("max_colors", (2, 256), Some(256), "maximum number of colors in a palette");
const TRANSDIFF: OptionInfo =
    OptionInfo::bool("transdiff", true, "write only changed pixels after the first frame");

pub(crate) const ENCODER: VideoEncoderInfo = VideoEncoderInfo::new(
    EncoderInfo::new(NAME, "GIF (Graphics Interchange Format)", CodecId::Gif)
        .options(&[DITHER, MAX_COLORS, TRANSDIFF]),
    &open,
)
.pixel_formats(&[PixelFormat::Rgb24, PixelFormat::Rgba])
.color(VideoColor::Untagged);

/// Bayer's matrix of 8 by 8 thresholds.
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

/// Maximum error of a reused palette, relative to its error for the frames that it was made for.
const ENOUGH: f64 = 2.0;
/// Largest error that is invisible, in squares.
const LEAST_ERROR: f64 = 20.0;
/// Maximum extra error of keeping the shown pixel instead of the palette's color, as a part of the
/// palette's error.
const KEPT: f64 = 0.45;
const LEAST_KEPT: f64 = 9.0;
/// Strength of ordered dithering, as a part of the palette's error.
const STRENGTH: f64 = 0.65;

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
    /// The frame to encode, and the pixels on the screen so far.
    now: Vec<[u8; 3]>,
    shown: Vec<[u8; 3]>,
    /// Transparent pixels of the frame to encode, and of the screen so far. Both are empty without
    /// alpha.
    now_clear: Vec<bool>,
    shown_clear: Vec<bool>,
    /// Encoded palette of the first frame. Packets without a palette use it.
    first: Vec<u8>,
    /// The first palette, and the last one if it is a different one.
    palettes: Vec<Palette>,
    indices: Vec<u8>,
}

fn open(request: &VideoEncoderRequest, options: &mut Options) -> Result<Box<dyn VideoEncoder>> {
    check_size(NAME, request, 65_535)?;
    let dither = match options.take_choice(&DITHER)? {
        "none" => Dither::None,
        "bayer" => Dither::Bayer,
        _ => Dither::FloydSteinberg,
    };
    let gif = Gif {
        dither,
        max_colors: options.take_int(&MAX_COLORS)?.unwrap_or(256) as usize,
        is_difference: options.take_bool(&TRANSDIFF)?,
        now: Vec::new(),
        shown: Vec::new(),
        now_clear: Vec::new(),
        shown_clear: Vec::new(),
        first: Vec::new(),
        palettes: Vec::new(),
        indices: Vec::new(),
    };
    Ok(Box::new(GifEncoder {
        parameters: parameters(request),
        gif,
        held: Some(Vec::new()),
        held_bytes: 0,
        last: None,
    }))
}

/// Maximum size in bytes and duration in seconds of the frames that wait for the first palette.
const MOST_HELD_BYTES: usize = 32 << 20;
const MOST_HELD_SECONDS: f64 = 5.0;

/// Encoder of one stream.
struct GifEncoder {
    parameters: StreamParameters,
    gif: Gif,
    /// First frames, until there are enough of them to choose a palette.
    held: Option<Vec<Held>>,
    held_bytes: usize,
    /// Frame with alpha that waits for the next one.
    last: Option<Held>,
}

/// A frame that waits to be encoded.
struct Held {
    pixels: Vec<[u8; 3]>,
    /// Transparent pixels, with alpha.
    clear: Vec<bool>,
    pts: Timestamp,
    duration: Option<i64>,
}

impl GifEncoder {
    /// Encodes a frame; with alpha, the previous frame.
    fn code(&mut self, held: Held, packets: &mut PacketQueue) -> Result<()> {
        if held.clear.is_empty() {
            return self.code_now(held, None, packets);
        }
        let Some(last) = self.last.take() else {
            self.last = Some(held);
            return Ok(());
        };
        let coded = self.code_now(last, Some(&held.clear), packets);
        self.last = Some(held);
        coded
    }

    /// Encodes a frame. `next` are the transparent pixels of the next frame.
    fn code_now(
        &mut self,
        held: Held,
        next: Option<&[bool]>,
        packets: &mut PacketQueue,
    ) -> Result<()> {
        let mut data = packets.take_buffer();
        let Some(video) = self.parameters.video() else { return Ok(()) };
        let (width, height) = (video.format.width as usize, video.format.height as usize);
        self.gif.now = held.pixels;
        self.gif.now_clear = held.clear;
        let keyframe = self.gif.code(width, height, next, &mut data)?;
        let packet = packets.push_buffer(data);
        (packet.pts, packet.dts) = (held.pts, held.pts);
        packet.duration = held.duration.unwrap_or(0);
        packet.keyframe = keyframe;
        Ok(())
    }

    /// Chooses the first palette and encodes the frames that wait for it.
    fn release(&mut self, packets: &mut PacketQueue) -> Result<()> {
        let Some(held) = self.held.take() else { return Ok(()) };
        let pixels = held.iter().flat_map(|held| opaque(&held.pixels, &held.clear));
        let is_alone = held.len() == 1 && !held.iter().any(|held| held.clear.contains(&true));
        self.gif.choose_first_palette(pixels, is_alone);
        held.into_iter().try_for_each(|held| self.code(held, packets))
    }
}

impl VideoEncoder for GifEncoder {
    fn parameters(&self) -> &StreamParameters {
        &self.parameters
    }

    fn max_delay(&self) -> usize {
        let Some(video) = self.parameters.video() else { return 0 };
        let bytes = 3 * video.format.width as usize * video.format.height as usize;
        let unit = self.parameters.time_base.to_seconds(Timestamp(1));
        let in_time = (MOST_HELD_SECONDS / unit).ceil() as usize;
        // Frames that wait for the palette, and the one that waits for the next frame.
        (MOST_HELD_BYTES / bytes.max(1)).min(in_time) + 1
    }

    fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let Some(video) = self.parameters.video() else { return Ok(()) };
        let format = video.format;
        let view = frame.checked_view(format.pixel_format, format.width, format.height)?;
        // Reuses the buffer of an encoded frame.
        let mut pixels = std::mem::take(&mut self.gif.now);
        pixels.clear();
        let mut clear = Vec::new();
        let plane = view.planes_of::<u8>()?[0];
        let (bytes, rows) = format.plane_size(0);
        if format.pixel_format.has_alpha() {
            for row in plane.rows(bytes, rows) {
                let (row, _) = row.as_chunks::<4>();
                pixels.extend(row.iter().map(|[r, g, b, _]| [*r, *g, *b]));
                clear.extend(row.iter().map(|[.., alpha]| *alpha < 128));
            }
        } else {
            for row in plane.rows(bytes, rows) {
                pixels.extend_from_slice(row.as_chunks().0);
            }
        }
        let bytes = 3 * pixels.len();
        let new = Held { pixels, clear, pts: frame.pts, duration: frame.duration };
        let Some(held) = &mut self.held else { return self.code(new, packets) };
        held.push(new);
        self.held_bytes += bytes;
        let since = held.first().map_or(0, |first| frame.pts.0.saturating_sub(first.pts.0));
        let seconds = self.parameters.time_base.to_seconds(Timestamp(since));
        if self.held_bytes + bytes > MOST_HELD_BYTES || seconds >= MOST_HELD_SECONDS {
            self.release(packets)?;
        }
        Ok(())
    }

    fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
        if self.held.as_ref().is_some_and(|held| !held.is_empty()) {
            self.release(packets)?;
        }
        match self.last.take() {
            Some(last) => self.code_now(last, None, packets),
            None => Ok(()),
        }
    }
}

/// Iterates over the pixels of a frame that are not transparent.
fn opaque<'a>(
    pixels: &'a [[u8; 3]],
    clear: &'a [bool],
) -> impl Iterator<Item = [u8; 3]> + Clone + 'a {
    let is_opaque = |place: &usize| !clear.get(*place).copied().unwrap_or_default();
    (0..pixels.len()).filter(is_opaque).map(|place| pixels[place])
}

/// Rectangle of pixels.
#[derive(Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Gif {
    /// Chooses the palette that the first frames share; a single frame may use all colors.
    fn choose_first_palette(
        &mut self,
        pixels: impl Iterator<Item = [u8; 3]> + Clone,
        is_alone: bool,
    ) {
        let most = self.max_colors.min(255);
        let exact = if is_alone { self.max_colors } else { most };
        let palette = Palette::exact(pixels.clone(), exact)
            .unwrap_or_else(|| Palette::of_histogram(&Histogram::new(pixels), most));
        self.palettes = vec![palette];
    }

    /// Creates a new palette if neither the first nor the last one is good enough for this frame.
    fn choose_palette(&mut self) {
        let now = || opaque(&self.now, &self.now_clear);
        let is_set = |bits: &[bool], place: usize| bits.get(place).copied().unwrap_or_default();
        let changes = |place: &usize| {
            !is_set(&self.now_clear, *place)
                && (!self.is_difference
                    || is_set(&self.shown_clear, *place)
                    || self.now[*place] != self.shown[*place])
        };
        let changed = (0..self.now.len()).filter(changes).map(|place| self.now[place]);
        // The first palette takes no space.
        let has_colors =
            |palette: &Palette| palette.is_usable() && palette.has_all(changed.clone());
        if let Some(index) = self.palettes.iter().position(has_colors) {
            self.palettes.truncate(index + 1);
            return;
        }
        // Reserves one color for unchanged pixels.
        let most = self.max_colors.min(255);
        let was_exact = self.palettes.last().is_some_and(Palette::is_exact);
        let exact = if was_exact { Palette::exact(changed, most) } else { None };
        let new = exact.or_else(|| {
            let histogram = Histogram::new(now());
            let is_enough = |palette: &mut Palette| {
                let most = (ENOUGH * palette.made_with).max(LEAST_ERROR);
                palette.is_usable() && palette.error(&histogram) <= most
            };
            match self.palettes.iter_mut().position(is_enough) {
                Some(index) => {
                    self.palettes.truncate(index + 1);
                    None
                }
                None => Some(Palette::of_histogram(&histogram, most)),
            }
        });
        if let Some(new) = new {
            self.palettes.truncate(1);
            self.palettes.push(new);
        }
    }

    /// Finds the palette index of each pixel. Pixels that may keep the shown color are
    /// `transparent`.
    fn find_indices(&mut self, width: usize, transparent: Option<u8>, stays_shown: bool) {
        let Some(palette) = self.palettes.last_mut() else { return };
        let dither = if palette.is_exact() { Dither::None } else { self.dither };
        let kept =
            if palette.is_exact() { 0 } else { (KEPT * palette.made_with).max(LEAST_KEPT) as u32 };
        self.indices.clear();
        // Errors in sixteenths to diffuse to this row and the next one.
        let mut errors = [vec![[0i32; 3]; width + 2], vec![[0i32; 3]; width + 2]];
        let strength = (STRENGTH * palette.made_with.sqrt()) as i32;
        for (y, row) in self.now.chunks_exact(width).enumerate() {
            let [here, below] = &mut errors;
            below.fill([0; 3]);
            for (x, pixel) in row.iter().copied().enumerate() {
                let place = y * width + x;
                if self.now_clear.get(place).copied().unwrap_or_default() {
                    self.indices.push(transparent.unwrap_or_default());
                    continue;
                }
                let is_shown = !self.shown_clear.get(place).copied().unwrap_or_default();
                let shown = self.shown.get(place).copied().filter(|_| is_shown && stays_shown);
                let wanted = match dither {
                    Dither::None => pixel,
                    Dither::Bayer => {
                        let threshold = i32::from(BAYER[y % 8][x % 8]) * 2 - 63;
                        pixel.map(|v| {
                            (i32::from(v) + threshold * strength / 128).clamp(0, 255) as u8
                        })
                    }
                    Dither::FloydSteinberg => std::array::from_fn(|c| {
                        (i32::from(pixel[c]) + here[x + 1][c] / 16).clamp(0, 255) as u8
                    }),
                };
                let index = palette.index(wanted);
                let mut found = palette.colors[usize::from(index)];
                let stays = |shown: [u8; 3]| {
                    found == shown
                        || kept > 0 && distance(shown, wanted) <= distance(found, wanted) + kept
                };
                match (transparent, shown) {
                    (Some(transparent), Some(shown)) if stays(shown) => {
                        self.indices.push(transparent);
                        found = shown;
                    }
                    _ => self.indices.push(index),
                }
                if dither == Dither::FloydSteinberg {
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
    }

    /// Returns the bounding box of changed pixels. It has at least one pixel, because a frame
    /// cannot be empty.
    fn changed_area(&self, width: usize, transparent: Option<u8>) -> Area {
        let height = self.indices.len() / width;
        let Some(transparent) = transparent else { return Area { left: 0, top: 0, width, height } };
        let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
        for (y, row) in self.indices.chunks_exact(width).enumerate() {
            let Some(first) = row.iter().position(|index| *index != transparent) else { continue };
            let last = row.iter().rposition(|index| *index != transparent).unwrap_or(first);
            (left, right) = (left.min(first), right.max(last + 1));
            (top, bottom) = (top.min(y), y + 1);
        }
        if top >= bottom {
            return Area { left: 0, top: 0, width: 1, height: 1 };
        }
        Area { left, top, width: right - left, height: bottom - top }
    }
}

/// Removes unused colors and renumbers the indices. Returns the encoded palette.
fn compact(colors: &[[u8; 3]], transparent: &mut Option<u8>, indices: &mut [u8]) -> Vec<u8> {
    let mut new = [None; 256];
    let mut written = Vec::new();
    for index in indices {
        let old = usize::from(*index);
        *index = *new[old].get_or_insert_with(|| {
            let next = (written.len() / 3) as u8;
            written.extend(colors.get(old).copied().unwrap_or_default());
            next
        });
    }
    // Without such pixels there is no transparent color.
    *transparent = transparent.and_then(|index| new[usize::from(index)]);
    written
}

impl Gif {
    /// Appends the frame as a packet. `next` are the transparent pixels of the next frame. Returns
    /// whether the packet is a keyframe.
    fn code(
        &mut self,
        width: usize,
        height: usize,
        next: Option<&[bool]>,
        to: &mut Vec<u8>,
    ) -> Result<bool> {
        let is_first = self.first.is_empty();
        if !is_first {
            self.choose_palette();
        }
        let Some(palette) = self.palettes.last() else { return Ok(is_first) };
        let colors = palette.colors.clone();
        let stays = self.is_difference && !is_first;
        let has_clear = self.now_clear.contains(&true);
        let mut transparent = u8::try_from(colors.len()).ok().filter(|_| stays || has_clear);
        self.find_indices(width, transparent, stays);
        // Pixels that this frame shows and the next one does not.
        self.shown_clear.resize(self.now_clear.len(), true);
        for (shown, now) in self.shown_clear.iter_mut().zip(&self.now_clear) {
            *shown &= now;
        }
        let is_removed = next.is_some_and(|next| {
            next.iter().zip(&self.shown_clear).any(|(next, shown)| *next && !shown)
        });
        let whole = Area { left: 0, top: 0, width, height };
        let area = if is_removed { whole } else { self.changed_area(width, transparent) };
        let mut buffer = Vec::with_capacity(area.width * area.height);
        for y in area.top..area.top + area.height {
            let row = y * width + area.left..y * width + area.left + area.width;
            buffer.extend_from_slice(&self.indices[row]);
        }
        let mut written = None;
        if is_first {
            self.first = colors.concat();
            // Reserves a color for unchanged pixels of later frames.
            if colors.len() < 256 {
                self.first.extend([0; 3]);
            }
            written = Some(self.first.clone());
        } else if self.palettes.len() > 1 {
            written = Some(compact(&colors, &mut transparent, &mut buffer));
        }
        let coded = Frame {
            left: area.left as u16,
            top: area.top as u16,
            width: area.width as u16,
            height: area.height as u16,
            palette: written,
            transparent,
            dispose: if is_removed { DisposalMethod::Background } else { DisposalMethod::Keep },
            buffer: buffer.into(),
            ..Frame::default()
        };
        let failed = |error| Error::unsupported(format!("{NAME}: {error}"));
        let mut encoder =
            Encoder::new(Vec::new(), width as u16, height as u16, &self.first).map_err(failed)?;
        let header = encoder.get_ref().len();
        encoder.write_frame(&coded).map_err(failed)?;
        // Skips the header and the trailer.
        to.extend_from_slice(&encoder.get_ref()[header..]);
        self.shown.resize(self.now.len(), [0; 3]);
        for (shown, index) in self.shown.iter_mut().zip(&self.indices) {
            if let Some(color) = colors.get(usize::from(*index)) {
                *shown = *color;
            }
        }
        if is_removed {
            self.shown_clear.fill(true);
        }
        Ok(!stays && !has_clear || is_first)
    }
}
