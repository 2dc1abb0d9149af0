//! Conversion of every pixel format to every other is within 1 of exact arithmetic at the depth of
//! the result.

mod common;

use common::Lcg;
use reelwright_convert::{ScaleFilter, VideoConverter};
use reelwright_core::{
    ChromaLocation, ColorInfo, ColorModel, ColorRange, Component, DataType, PixelFormat,
    PlaneElement, Planes, TensorView, VideoFormat, VideoFrame,
};

const LIMITED: ColorInfo = ColorInfo::BT709;
const FULL: ColorInfo = ColorInfo {
    range: ColorRange::Full,
    chroma_location: ChromaLocation::Center,
    ..ColorInfo::BT601
};

/// Values of one component, row by row.
type Values = Vec<Vec<u32>>;

fn len(size: usize, shift: u32) -> usize {
    size.div_ceil(1 << shift)
}

fn is_chroma(format: PixelFormat, index: usize) -> bool {
    format.model() == ColorModel::Yuv && (index == 1 || index == 2)
}

/// Returns the size of component `index`.
fn extent(format: PixelFormat, index: usize, (width, height): (usize, usize)) -> (usize, usize) {
    let (across, down) = if is_chroma(format, index) { format.chroma_shift() } else { (0, 0) };
    (len(width, across), len(height, down))
}

/// Writes components at the positions of the format table.
fn put<T: PlaneElement + TryFrom<u32>>(buffer: &mut VideoFrame, values: &[Values]) {
    let format = buffer.format.pixel_format;
    let mut planes = buffer.planes_mut::<T>().unwrap();
    for (component, rows) in format.components().iter().zip(values) {
        let Component { plane, step, offset, shift, .. } = *component;
        let (data, stride) = &mut planes[plane];
        for (y, row) in rows.iter().enumerate() {
            for (x, value) in row.iter().enumerate() {
                let element = T::try_from(value << shift).ok().unwrap();
                data[y * *stride + x * step + offset] = element;
            }
        }
    }
}

fn get_from<T: PlaneElement + Into<u32>>(buffer: &VideoFrame) -> Vec<Values> {
    let view = buffer.view().unwrap();
    let planes = view.planes_of::<T>().unwrap();
    let format = view.format.pixel_format;
    let component = |(index, component): (usize, &Component)| {
        let size = (view.format.width as usize, view.format.height as usize);
        let (width, height) = extent(format, index, size);
        let plane = planes[component.plane];
        let at = |x: usize, y: usize| -> u32 {
            plane.row(y, x * component.step + component.offset + 1)
                [x * component.step + component.offset]
                .into()
        };
        (0..height).map(|y| (0..width).map(|x| at(x, y) >> component.shift).collect()).collect()
    };
    format.components().iter().enumerate().map(component).collect()
}

fn get(buffer: &VideoFrame) -> Vec<Values> {
    match buffer.view().unwrap().planes {
        Planes::U8(_) => get_from::<u8>(buffer),
        Planes::U16(_) => get_from::<u16>(buffer),
    }
}

/// Returns the value of zero and the range of 1 by H.273 §8.3, equations 20 to 31.
fn scale(format: PixelFormat, color: &ColorInfo, index: usize) -> (f64, f64) {
    let bits = format.depth();
    let (unit, most) = (f64::from(1u32 << (bits - 8)), f64::from((1u32 << bits) - 1));
    let is_full = color.range == ColorRange::Full;
    match (format.model(), index) {
        (ColorModel::Yuv, 0) if !is_full => (16.0 * unit, 219.0 * unit),
        (ColorModel::Yuv, 1 | 2) if !is_full => (128.0 * unit, 224.0 * unit),
        (ColorModel::Yuv, 1 | 2) => (128.0 * unit, most),
        _ => (0.0, most),
    }
}

fn weights(color: &ColorInfo) -> (f64, f64) {
    if *color == LIMITED { (0.2126, 0.0722) } else { (0.299, 0.114) }
}

/// Planes of exact values at the size of the frame: three colors and alpha.
type Exact = [Vec<Vec<f64>>; 4];

/// Returns exact values of a frame whose shared chroma is constant.
fn exact(format: PixelFormat, color: &ColorInfo, size: (usize, usize), values: &[Values]) -> Exact {
    let colors = if format.model() == ColorModel::Gray { 1 } else { 3 };
    [0, 1, 2, 3].map(|part| {
        let index = match part {
            3 if format.has_alpha() => colors,
            3 => return vec![vec![1.0; size.0]; size.1],
            part if part < colors => part,
            _ => return vec![vec![0.0; size.0]; size.1],
        };
        let (zero, steps) = scale(format, color, if part == 3 { 3 } else { part });
        let (across, down) = if is_chroma(format, index) { format.chroma_shift() } else { (0, 0) };
        let at = |x: usize, y: usize| f64::from(values[index][y >> down][x >> across]);
        (0..size.1).map(|y| (0..size.0).map(|x| (at(x, y) - zero) / steps).collect()).collect()
    })
}

/// Converts the color model.
fn remodel(from: PixelFormat, a: &ColorInfo, to: PixelFormat, b: &ColorInfo, exact: &mut Exact) {
    let (height, width) = (exact[0].len(), exact[0][0].len());
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let [p, q, r] = [0, 1, 2].map(|part| exact[part][y][x]);
        let to_rgb = |(kr, kb): (f64, f64)| {
            let (red, blue) = (p + 2.0 * (1.0 - kr) * r, p + 2.0 * (1.0 - kb) * q);
            [red, (p - kr * red - kb * blue) / (1.0 - kr - kb), blue]
        };
        let to_yuv = |[red, green, blue]: [f64; 3], (kr, kb): (f64, f64)| {
            let luma = kr * red + (1.0 - kr - kb) * green + kb * blue;
            [luma, (blue - luma) / 2.0 / (1.0 - kb), (red - luma) / 2.0 / (1.0 - kr)]
        };
        use ColorModel::{Gray, Rgb, Yuv};
        let new = match (from.model(), to.model()) {
            (Rgb, Rgb) | (Gray, Gray | Yuv) | (Yuv, Gray) => [p, q, r],
            (Gray, Rgb) => [p; 3],
            (Rgb, Gray | Yuv) => to_yuv([p, q, r], weights(b)),
            (Yuv, Rgb) => to_rgb(weights(a)),
            (Yuv, Yuv) if a.matrix == b.matrix => [p, q, r],
            (Yuv, Yuv) => to_yuv(to_rgb(weights(a)), weights(b)),
        };
        for (part, value) in new.into_iter().enumerate() {
            exact[part][y][x] = value;
        }
    }
}

/// Returns exact values of a component of the result, before rounding.
fn component(format: PixelFormat, color: &ColorInfo, index: usize, exact: &Exact) -> Vec<Vec<f64>> {
    let is_alpha = format.has_alpha() && index + 1 == format.components().len();
    let part = &exact[if is_alpha { 3 } else { index }];
    let (zero, steps) = scale(format, color, if is_alpha { 3 } else { index });
    let most = f64::from((1u32 << format.depth()) - 1);
    let finish = |value: f64| (value * steps + zero).clamp(0.0, most);
    if !is_chroma(format, index) {
        return part.iter().map(|row| row.iter().map(|v| finish(*v)).collect()).collect();
    }
    let (across, down) = format.chroma_shift();
    let (last_x, last_y) = (part[0].len() - 1, part.len() - 1);
    let (width, height) = (len(part[0].len(), across), len(part.len(), down));
    let at = |x: isize, y: usize| part[y.min(last_y)][x.clamp(0, last_x as isize) as usize];
    let mean = |x: isize, y: usize| {
        let (first, second) = (y << down, if down == 1 { 2 * y + 1 } else { y });
        (at(x, first) + at(x, second)) / 2.0
    };
    let shared = |x: usize, y: usize| {
        let x = (x << across) as isize;
        match (across, color.chroma_location) {
            (0, _) => mean(x, y),
            (_, ChromaLocation::Center) => (mean(x, y) + mean(x + 1, y)) / 2.0,
            _ => (mean(x - 1, y) + 2.0 * mean(x, y) + mean(x + 1, y)) / 4.0,
        }
    };
    (0..height).map(|y| (0..width).map(|x| finish(shared(x, y))).collect()).collect()
}

/// Creates a frame with constant shared chroma, because another test covers the chroma filter.
fn frame(format: PixelFormat, color: ColorInfo, size: (usize, usize), seed: u64) -> VideoFrame {
    let mut random = Lcg(seed);
    let most = (1u64 << format.depth()) - 1;
    let mut buffer =
        VideoFrame::new(&VideoFormat::new(format, size.0 as u32, size.1 as u32, color)).unwrap();
    let values: Vec<Values> = (0..format.components().len())
        .map(|index| {
            let (width, height) = extent(format, index, size);
            let constant = (random.bits() % (most + 1)) as u32;
            let is_shared = is_chroma(format, index) && format.chroma_shift() != (0, 0);
            let mut value = || {
                let value = match random.bits() % 8 {
                    0 => 0,
                    1 => most as u32,
                    _ => (random.bits() % (most + 1)) as u32,
                };
                if is_shared { constant } else { value }
            };
            (0..height).map(|_| (0..width).map(|_| value()).collect()).collect()
        })
        .collect();
    match format.data_type() {
        DataType::U8 => put::<u8>(&mut buffer, &values),
        _ => put::<u16>(&mut buffer, &values),
    }
    buffer
}

fn converter(from: &VideoFrame, to: &VideoFrame) -> VideoConverter {
    VideoConverter::new(&from.format, &to.format, ScaleFilter::default()).unwrap()
}

#[test]
fn every_pair_is_within_one_of_exact() {
    for (number, from) in (1..).zip(PixelFormat::ALL) {
        for to in PixelFormat::ALL {
            for (a, b) in [(LIMITED, LIMITED), (LIMITED, FULL), (FULL, LIMITED), (FULL, FULL)] {
                for size in [(7, 5), (16, 4), (1, 1)] {
                    let input = frame(*from, a, size, number);
                    let mut output =
                        VideoFrame::new(&VideoFormat::new(*to, size.0 as u32, size.1 as u32, b))
                            .unwrap();
                    let mut converter = converter(&input, &output);
                    converter.convert_frame(&input.view().unwrap(), &mut output);
                    let mut ideal = exact(*from, &a, size, &get(&input));
                    remodel(*from, &a, *to, &b, &mut ideal);
                    for (index, found) in get(&output).iter().enumerate() {
                        let ideal = component(*to, &b, index, &ideal);
                        for (found, ideal) in found.iter().flatten().zip(ideal.iter().flatten()) {
                            let error = (f64::from(*found) - ideal).abs();
                            assert!(
                                error <= 1.0,
                                "{from} ({}) to {to} ({}) of {size:?}, component {index}: {found}, \
                                 not {ideal:.2}",
                                a.range,
                                b.range
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn deeper_formats_keep_every_value() {
    // With the same range: a round trip.
    let pairs = [
        (PixelFormat::Gray8, PixelFormat::Gray16Le),
        (PixelFormat::Gray10Le, PixelFormat::Gray16Le),
        (PixelFormat::Rgb24, PixelFormat::Rgb48Le),
        (PixelFormat::Rgba, PixelFormat::Rgba64Le),
        (PixelFormat::Ya8, PixelFormat::Ya16Le),
        (PixelFormat::Bgra, PixelFormat::Gbrap),
        (PixelFormat::Gbrp, PixelFormat::Gbrp10Le),
        (PixelFormat::Yuv420p, PixelFormat::Yuv420p10Le),
        (PixelFormat::Yuv420p10Le, PixelFormat::P010Le),
        (PixelFormat::Yuv420p10Le, PixelFormat::Yuv420p12Le),
        (PixelFormat::Yuv444p, PixelFormat::Yuv444p10Le),
    ];
    for (small, large) in pairs {
        for color in [LIMITED, FULL] {
            let input = frame(small, color, (33, 21), 5);
            let mut middle = VideoFrame::new(&VideoFormat::new(large, 33, 21, color)).unwrap();
            let mut back = VideoFrame::new(&VideoFormat::new(small, 33, 21, color)).unwrap();
            converter(&input, &middle).convert_frame(&input.view().unwrap(), &mut middle);
            converter(&middle, &back).convert_frame(&middle.view().unwrap(), &mut back);
            assert_eq!(get(&back), get(&input), "{small} {large} {}", color.range);
        }
    }
}

#[test]
fn alpha_is_kept_dropped_or_composed() {
    let (width, height) = (3, 1);
    // Opaque red, half transparent red, and transparent.
    let rgba = [255u8, 0, 0, 255, 255, 0, 0, 128, 255, 0, 0, 0];
    let chunk = TensorView::new(&rgba, 0, &[1, 4, 1, 3], &[12, 1, 12, 4]).unwrap();
    let from = VideoFormat::new(PixelFormat::Rgba, 3, 1, ColorInfo::SRGB);
    let run = |to: PixelFormat, background: Option<[u8; 3]>| {
        let output = VideoFormat::new(to, 3, 1, ColorInfo::SRGB);
        let filter = ScaleFilter::default();
        let mut converter = match background {
            None => VideoConverter::new(&from, &output, filter).unwrap(),
            Some(rgb) => VideoConverter::over_background(&from, &output, filter, rgb).unwrap(),
        };
        let mut out =
            VideoFrame::new(&VideoFormat::new(to, width as u32, height as u32, ColorInfo::SRGB))
                .unwrap();
        converter.convert(&chunk, 0, &mut out);
        get(&out).into_iter().flatten().collect::<Vec<_>>()
    };
    let kept = run(PixelFormat::Rgba64Le, None);
    assert_eq!(kept[3], [65_535, 128 * 257, 0]);
    assert_eq!(run(PixelFormat::Rgb24, None), [[255; 3], [0; 3], [0; 3]]);
    let white = run(PixelFormat::Rgb24, Some([255; 3]));
    assert_eq!(white, [[255; 3], [0, 127, 255], [0, 127, 255]]);
    // Composed frames are opaque.
    let blue = run(PixelFormat::Bgra, Some([0, 0, 255]));
    assert_eq!(blue, [[255, 128, 0], [0; 3], [0, 127, 255], [255; 3]]);
}

#[test]
fn strides_of_words_do_not_matter() {
    let mut random = Lcg(3);
    let data: Vec<u16> = (0..4 * 9 * 7).map(|_| random.bits() as u16).collect();
    for from in [PixelFormat::Rgb48Le, PixelFormat::Rgba64Le, PixelFormat::Gray16Le] {
        let channels = from.channels();
        let (w, h, c) = (9isize, 7isize, channels as isize);
        let shape = [1, channels, 7, 9];
        let len = channels * 63;
        let plain = TensorView::contiguous(&data[..len], &shape).unwrap();
        let mut packed = vec![0u16; len];
        let mut reversed = vec![0u16; len];
        for (i, value) in data[..len].iter().enumerate() {
            let (channel, y, x) = (i / 63, i % 63 / 9, i % 9);
            packed[(y * 9 + x) * channels + channel] = *value;
            reversed[len - 1 - i] = *value;
        }
        let packed = TensorView::new(&packed, 0, &shape, &[0, 1, w * c, c]).unwrap();
        let reversed = TensorView::new(&reversed, len - 1, &shape, &[0, -w * h, -w, -1]).unwrap();
        for to in PixelFormat::ALL {
            let run = |chunk: &TensorView<'_>| {
                let input = VideoFormat::new(from, 9, 7, ColorInfo::SRGB);
                let output = VideoFormat::new(*to, 12, 5, LIMITED);
                let mut converter =
                    VideoConverter::new(&input, &output, ScaleFilter::Bicubic).unwrap();
                let mut out = VideoFrame::new(&VideoFormat::new(*to, 12, 5, LIMITED)).unwrap();
                converter.convert(chunk, 0, &mut out);
                get(&out)
            };
            let expected = run(&plain);
            assert_eq!(run(&packed), expected, "{from} {to}");
            assert_eq!(run(&reversed), expected, "{from} {to}");
        }
    }
}
