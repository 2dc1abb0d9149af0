//! Video conversion: exact colors, chroma location, scaling, and any memory layout.

mod common;

use common::Lcg;
use proptest::prelude::*;
use reelwright_convert::{ScaleFilter, VideoConverter};
use reelwright_core::{
    ChromaLocation, ColorInfo, ColorModel, ColorRange, DataType, MatrixCoefficients, PixelFormat,
    TensorView, VideoFormat, VideoFrame,
};

const MATRICES: [(MatrixCoefficients, f64, f64); 3] = [
    (MatrixCoefficients::Smpte170M, 0.299, 0.114),
    (MatrixCoefficients::Bt709, 0.2126, 0.0722),
    (MatrixCoefficients::Bt2020NonConstant, 0.2627, 0.0593),
];

fn color(matrix: MatrixCoefficients, range: ColorRange) -> ColorInfo {
    ColorInfo { matrix, range, ..ColorInfo::BT601 }
}

/// Returns the 8-bit formats.
fn byte_formats() -> Vec<PixelFormat> {
    PixelFormat::ALL.iter().copied().filter(|f| f.data_type() == DataType::U8).collect()
}

/// Returns the 8-bit formats of chunks.
fn chunk_formats() -> Vec<PixelFormat> {
    byte_formats().into_iter().filter(|f| f.chroma_shift() == (0, 0)).collect()
}

fn random(len: usize, seed: u64) -> Vec<u8> {
    let mut random = Lcg(seed);
    (0..len).map(|_| random.bits() as u8).collect()
}

/// Returns the bytes of every plane, without those between rows.
fn planes(buffer: &VideoFrame) -> Vec<Vec<u8>> {
    let view = buffer.view().unwrap();
    let plane = |index| {
        let (bytes, rows) = view.format.plane_size(index);
        view.planes_of::<u8>().unwrap()[index].rows(bytes, rows).flatten().copied().collect()
    };
    (0..view.format.pixel_format.planes()).map(plane).collect()
}

type Side = (PixelFormat, ColorInfo, (usize, usize));

fn converter(from: Side, to: Side, filter: ScaleFilter) -> VideoConverter {
    let format = |side: Side| VideoFormat::new(side.0, side.2.0 as u32, side.2.1 as u32, side.1);
    VideoConverter::new(&format(from), &format(to), filter).unwrap()
}

/// Converts a chunk of one frame, channel by channel.
fn convert(data: &[u8], from: Side, to: Side, filter: ScaleFilter) -> Vec<Vec<u8>> {
    let (width, height) = from.2;
    let channels = data.len() / (width * height);
    let chunk = TensorView::contiguous(data, &[1, channels, height, width]).unwrap();
    let mut out =
        VideoFrame::new(&VideoFormat::new(to.0, to.2.0 as u32, to.2.1 as u32, to.1)).unwrap();
    converter(from, to, filter).convert(&chunk, 0, &mut out);
    planes(&out)
}

/// Returns luma and both chroma components by H.273 §8.3, 8 bits, in floating point before
/// rounding.
fn exact_yuv([r, g, b]: [u8; 3], (kr, kb): (f64, f64), range: ColorRange) -> [f64; 3] {
    let [r, g, b] = [r, g, b].map(|v| f64::from(v) / 255.0);
    let luma = kr * r + (1.0 - kr - kb) * g + kb * b;
    let (u, v) = ((b - luma) / (1.0 - kb) / 2.0, (r - luma) / (1.0 - kr) / 2.0);
    match range {
        ColorRange::Full => [255.0 * luma, 128.0 + 255.0 * u, 128.0 + 255.0 * v],
        _ => [16.0 + 219.0 * luma, 128.0 + 224.0 * u, 128.0 + 224.0 * v],
    }
}

#[test]
fn every_color_is_within_one_of_exact() {
    let side = (4096, 4096);
    let pixels = side.0 * side.1;
    let mut rgb = vec![0; 3 * pixels];
    for pixel in 0..pixels {
        for part in 0..3 {
            rgb[part * pixels + pixel] = (pixel >> (8 * part)) as u8;
        }
    }
    for (matrix, kr, kb) in MATRICES {
        for range in [ColorRange::Limited, ColorRange::Full] {
            let yuv = (PixelFormat::Yuv444p, color(matrix, range), side);
            let from = (PixelFormat::Rgb24, ColorInfo::SRGB, side);
            let found = convert(&rgb, from, yuv, ScaleFilter::default());
            let mut worst = [0.0f64; 3];
            let found = found[0].iter().zip(&found[1]).zip(&found[2]);
            for (pixel, ((y, u), v)) in found.enumerate() {
                let color = [0, 1, 2].map(|part| (pixel >> (8 * part)) as u8);
                let exact = exact_yuv(color, (kr, kb), range);
                for ((worst, found), exact) in worst.iter_mut().zip([y, u, v]).zip(exact) {
                    *worst = worst.max((f64::from(*found) - exact).abs());
                }
                if color[0] == color[1] && color[1] == color[2] {
                    assert_eq!([*u, *v], [128; 2], "{color:?}");
                    assert_eq!(f64::from(*y), exact[0].round(), "{color:?}");
                }
            }
            // Half a step is rounding; full-range chroma reaches 255.5 and is clipped.
            assert!(worst.iter().all(|worst| *worst < 0.52), "{matrix} {range}: {worst:?}");
        }
    }
}

#[test]
fn every_yuv_value_is_within_one_of_exact() {
    let side = (4096, 4096);
    let pixels = side.0 * side.1;
    let mut yuv = vec![0; 3 * pixels];
    for pixel in 0..pixels {
        for part in 0..3 {
            yuv[part * pixels + pixel] = (pixel >> (8 * part)) as u8;
        }
    }
    for (matrix, kr, kb) in MATRICES {
        for range in [ColorRange::Limited, ColorRange::Full] {
            let from = (PixelFormat::Yuv444p, color(matrix, range), side);
            let to = (PixelFormat::Rgb24, ColorInfo::SRGB, side);
            let found = convert(&yuv, from, to, ScaleFilter::default());
            let (black, luma_steps, steps) = match range {
                ColorRange::Full => (0.0, 255.0, 255.0),
                _ => (16.0, 219.0, 224.0),
            };
            let mut worst = 0.0f64;
            for (pixel, found) in found[0].as_chunks::<3>().0.iter().enumerate() {
                let [y, u, v] = [0, 8, 16].map(|bits| f64::from((pixel >> bits) as u8));
                let y = (y - black) / luma_steps;
                let (u, v) = (2.0 * (u - 128.0) / steps, 2.0 * (v - 128.0) / steps);
                let (r, b) = (y + (1.0 - kr) * v, y + (1.0 - kb) * u);
                let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
                for (found, exact) in found.iter().zip([r, g, b]) {
                    let exact = (255.0 * exact).clamp(0.0, 255.0);
                    worst = worst.max((f64::from(*found) - exact).abs());
                }
            }
            assert!(worst < 0.55, "{matrix} {range}: {worst}");
        }
    }
}

#[test]
fn golden_values() {
    let red = [255, 0, 0];
    let cases = [
        // BT.601: Poynton, and charts of 100 % color bars.
        (red, MatrixCoefficients::Smpte170M, ColorRange::Limited, [81, 90, 240]),
        ([0, 255, 0], MatrixCoefficients::Smpte170M, ColorRange::Limited, [145, 54, 34]),
        ([0, 0, 255], MatrixCoefficients::Smpte170M, ColorRange::Limited, [41, 240, 110]),
        // BT.709.
        (red, MatrixCoefficients::Bt709, ColorRange::Limited, [63, 102, 240]),
        ([0, 255, 0], MatrixCoefficients::Bt709, ColorRange::Limited, [173, 42, 26]),
        ([0, 0, 255], MatrixCoefficients::Bt709, ColorRange::Limited, [32, 240, 118]),
        // JFIF.
        (red, MatrixCoefficients::Bt470Bg, ColorRange::Full, [76, 85, 255]),
        ([0, 255, 0], MatrixCoefficients::Bt470Bg, ColorRange::Full, [150, 44, 21]),
        ([0, 0, 255], MatrixCoefficients::Bt470Bg, ColorRange::Full, [29, 255, 107]),
        ([0; 3], MatrixCoefficients::Unspecified, ColorRange::Limited, [16, 128, 128]),
        ([255; 3], MatrixCoefficients::Bt709, ColorRange::Limited, [235, 128, 128]),
        ([128; 3], MatrixCoefficients::Bt709, ColorRange::Full, [128, 128, 128]),
    ];
    for (rgb, matrix, range, expected) in cases {
        let size = (4, 4);
        let data: Vec<u8> = rgb.iter().flat_map(|v| [*v; 16]).collect();
        for format in [PixelFormat::Yuv420p, PixelFormat::Yuv422p, PixelFormat::Yuv444p] {
            let from = (PixelFormat::Rgb24, ColorInfo::SRGB, size);
            let to = (format, color(matrix, range), size);
            let found = convert(&data, from, to, ScaleFilter::default());
            for (plane, expected) in found.iter().zip(expected) {
                assert!(
                    plane.iter().all(|v| *v == expected),
                    "{rgb:?} {matrix} {range}: {plane:?}"
                );
            }
        }
    }
}

#[test]
fn channels_are_in_the_order_of_the_name() {
    let (size, data) = ((2, 1), [10, 11, 20, 21, 30, 31, 40, 41]);
    let cases: &[(_, usize, _, &[u8])] = &[
        (PixelFormat::Rgb24, 3, PixelFormat::Rgb24, &[10, 20, 30, 11, 21, 31]),
        (PixelFormat::Rgb24, 3, PixelFormat::Bgr24, &[30, 20, 10, 31, 21, 11]),
        (PixelFormat::Bgr24, 3, PixelFormat::Rgb24, &[30, 20, 10, 31, 21, 11]),
        (PixelFormat::Rgb0, 4, PixelFormat::Rgb0, &[10, 20, 30, 255, 11, 21, 31, 255]),
        (PixelFormat::Rgb0, 3, PixelFormat::Bgr0, &[30, 20, 10, 255, 31, 21, 11, 255]),
        (PixelFormat::Bgr0, 4, PixelFormat::Rgb24, &[30, 20, 10, 31, 21, 11]),
        (PixelFormat::Gray8, 1, PixelFormat::Rgb24, &[10, 10, 10, 11, 11, 11]),
        (PixelFormat::Gray8, 1, PixelFormat::Bgr0, &[10, 10, 10, 255, 11, 11, 11, 255]),
    ];
    for (from, channels, to, expected) in cases {
        let from = (*from, ColorInfo::SRGB, size);
        let to = (*to, ColorInfo::SRGB, size);
        let found = convert(&data[..channels * 2], from, to, ScaleFilter::default());
        assert_eq!(found[0], *expected, "{from:?} {to:?}");
    }
}

#[test]
fn chroma_is_averaged_at_its_location() {
    // Red that increases by steps larger than rounding errors.
    let (size, red) = ((7, 3), [0u8, 40, 240, 80, 120, 200, 16]);
    let mut data = vec![0; 63];
    for y in 0..3 {
        for x in 0..7 {
            // The third row has no second row in its pair.
            data[y * 7 + x] = if y == 1 { 255 - red[x] } else { red[x] };
        }
    }
    for location in [ChromaLocation::Left, ChromaLocation::Center] {
        for (format, rows) in [(PixelFormat::Yuv420p, 2), (PixelFormat::Yuv422p, 1)] {
            let color = ColorInfo { chroma_location: location, ..ColorInfo::BT601 };
            let (from, to) = ((PixelFormat::Rgb24, ColorInfo::SRGB, size), (format, color, size));
            let found = convert(&data, from, to, ScaleFilter::default());
            for y in 0..3usize.div_ceil(rows) {
                for x in 0..4usize {
                    let at =
                        |x: isize, y: usize| f64::from(data[y.min(2) * 7 + x.clamp(0, 6) as usize]);
                    let mean = |x: isize| (at(x, rows * y) + at(x, rows * y + rows - 1)) / 2.0;
                    let x2 = 2 * x as isize;
                    let red = match location {
                        ChromaLocation::Center => (mean(x2) + mean(x2 + 1)) / 2.0,
                        _ => (mean(x2 - 1) + 2.0 * mean(x2) + mean(x2 + 1)) / 4.0,
                    };
                    let expected = [(1, -0.168736), (2, 0.5)]
                        .map(|(plane, gain)| (plane, 128.0 + gain * red * 224.0 / 255.0));
                    for (plane, expected) in expected {
                        let found = f64::from(found[plane][y * 4 + x]);
                        let place = format!("{location} {format} {plane} {x},{y}");
                        assert!((found - expected).abs() < 0.51, "{place}: {found} {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn ranges_are_converted() {
    let size = (256, 1);
    let ramp: Vec<u8> = (0..=255u8).collect();
    let data = [&ramp[..], &ramp, &ramp].concat();
    let limited = (PixelFormat::Yuv444p, ColorInfo::BT709, size);
    let full_range = ColorInfo { range: ColorRange::Full, ..ColorInfo::BT709 };
    let full = (PixelFormat::Yuv444p, full_range, size);
    let unknown = ColorInfo { matrix: MatrixCoefficients::Unspecified, ..full_range };
    let found = convert(&data, limited, (full.0, unknown, size), ScaleFilter::default());
    let back = convert(&data, full, limited, ScaleFilter::default());
    let gray =
        convert(&ramp, (PixelFormat::Gray8, ColorInfo::BT709, size), limited, ScaleFilter::Area);
    let luma =
        convert(&data, limited, (PixelFormat::Gray8, ColorInfo::BT709, size), ScaleFilter::Area);
    for v in 0..256usize {
        let f = v as f64;
        let luma_full = ((f - 16.0) * 255.0 / 219.0).round().clamp(0.0, 255.0);
        let chroma_full = ((f - 128.0) * 255.0 / 224.0 + 128.0).round().clamp(0.0, 255.0);
        assert_eq!(f64::from(found[0][v]), luma_full, "{v}");
        assert_eq!(f64::from(luma[0][v]), luma_full, "{v}");
        assert!((f64::from(found[1][v]) - chroma_full).abs() <= 1.0, "{v}");
        assert_eq!(f64::from(back[0][v]), (f * 219.0 / 255.0 + 16.0).round(), "{v}");
        assert_eq!(gray[0][v], back[0][v]);
        assert!((f64::from(back[2][v]) - (f - 128.0) * 224.0 / 255.0 - 128.0).abs() <= 0.51, "{v}");
    }
    assert!(gray[1].iter().chain(&gray[2]).all(|v| *v == 128));
    // With the same matrix and range, all values are unchanged.
    let data = random(768, 1);
    let found = convert(&data, limited, limited, ScaleFilter::default());
    assert_eq!(found.concat(), data);
}

#[test]
fn other_matrices_are_converted_through_rgb() {
    let size = (18, 6);
    // Colors within RGB, constant over each 2x2 pixels.
    let mut rgb = vec![0; 3 * 108];
    for (i, v) in rgb.iter_mut().enumerate() {
        let (part, y, x) = (i / 108, i % 108 / 18 / 2, i % 18 / 6);
        *v = (60 * part + 31 * y + 47 * x + 11) as u8;
    }
    let bt601 = (PixelFormat::Yuv444p, ColorInfo::BT601, size);
    let yuv = convert(&rgb, (PixelFormat::Rgb24, ColorInfo::SRGB, size), bt601, ScaleFilter::Area);
    for format in [PixelFormat::Yuv444p, PixelFormat::Yuv420p, PixelFormat::Nv12] {
        for range in [ColorRange::Limited, ColorRange::Full] {
            let color = ColorInfo { range, ..ColorInfo::BT709 };
            let to = (format, color, size);
            let by_way = convert(&yuv.concat(), bt601, to, ScaleFilter::Area).concat();
            let from = (PixelFormat::Rgb24, ColorInfo::SRGB, size);
            let straight = convert(&rgb, from, to, ScaleFilter::Area).concat();
            for (found, expected) in by_way.iter().zip(&straight) {
                assert!(found.abs_diff(*expected) <= 2, "{format} {found} {expected}");
            }
        }
    }
}

#[test]
fn constant_frames_stay_constant() {
    let white = vec![255; 3 * 37 * 23];
    let from = (PixelFormat::Rgb24, ColorInfo::SRGB, (37, 23));
    for filter in ScaleFilter::ALL {
        for out in byte_formats() {
            for size in [(37, 23), (1, 1), (64, 64), (5, 90), (101, 7)] {
                let found = convert(&white, from, (out, ColorInfo::BT601, size), *filter);
                if out.model() != ColorModel::Yuv {
                    assert!(found.concat().iter().all(|v| *v == 255), "{filter} {out} {size:?}");
                    continue;
                }
                assert!(found[0].iter().all(|v| *v == 235), "{filter} {out} {size:?}");
                let mut chroma = found[1..found.len().min(3)].iter().flatten();
                assert!(chroma.all(|v| *v == 128), "{filter} {out} {size:?}");
                let mut alpha = found[found.len().min(3)..].iter().flatten();
                assert!(alpha.all(|v| *v == 255), "{filter} {out} {size:?}");
            }
        }
    }
}

#[test]
fn edges_stay_in_place_and_mirrored_frames_mirrored() {
    for filter in ScaleFilter::ALL {
        for (from, to) in [(64, 32), (64, 128), (64, 99), (99, 64), (50, 7), (7, 50)] {
            let side = |size| (PixelFormat::Gray8, ColorInfo::BT601, size);
            let ramp: Vec<u8> = (0..from).map(|x| (x * 255 / (from - 1)) as u8).collect();
            let across = convert(&ramp, side((from, 1)), side((to, 1)), *filter).remove(0);
            let down = convert(&ramp, side((1, from)), side((1, to)), *filter).remove(0);
            assert!(across.is_sorted() && down.is_sorted(), "{filter} {from} {to}: {across:?}");
            // A new sample at the edge covers this much more of the frame than an old one.
            let slack = 255.0 / to.min(from) as f64 * 0.6 + 1.0;
            let ends = [across[0], down[0], 255 - across[to - 1], 255 - down[to - 1]];
            assert!(
                ends.iter().all(|end| f64::from(*end) <= slack),
                "{filter} {from} {to} {ends:?}"
            );
            if *filter == ScaleFilter::Nearest {
                continue;
            }
            let noise = random(from * from, 3);
            let found = convert(&noise, side((from, from)), side((to, to)), *filter).remove(0);
            let reversed: Vec<u8> = noise.iter().rev().copied().collect();
            let mut back =
                convert(&reversed, side((from, from)), side((to, to)), *filter).remove(0);
            back.reverse();
            assert_eq!(found, back, "{filter} {from} {to}");
        }
    }
}

#[test]
fn chroma_of_planes_moves_with_its_location() {
    // A frame that is white on the left and colored on the right.
    let size = (16, 4);
    let chroma: Vec<u8> = (0..64).map(|i| if i % 16 < 8 { 128 } else { 200 }).collect();
    let data = [vec![100; 64], chroma.clone(), chroma].concat();
    let left = ColorInfo::BT601;
    let center = ColorInfo { chroma_location: ChromaLocation::Center, ..left };
    let from = (PixelFormat::Yuv444p, left, size);
    let filter = ScaleFilter::default();
    let found = convert(&data, from, (PixelFormat::Yuv420p, left, size), filter);
    assert_eq!(found[1][..8], [128, 128, 128, 128, 182, 200, 200, 200]);
    let found = convert(&data, from, (PixelFormat::Yuv420p, center, size), filter);
    assert_eq!(found[1][..8], [128, 128, 128, 128, 200, 200, 200, 200]);
    let found = convert(&data, from, (PixelFormat::Nv12, center, size), filter);
    assert_eq!(found[1][..10], [128, 128, 128, 128, 128, 128, 128, 128, 200, 200]);
}

#[test]
fn converts_every_format_to_every_format() {
    let (size, rgb_size) = ((18, 10), 540);
    // Smooth colors, which survive any subsampling.
    let rgb: Vec<u8> = (0..rgb_size)
        .map(|i| (60 * (i / 180) + 4 * (i % 18) + 5 * (i % 180 / 18) + 20) as u8)
        .collect();
    let source = (PixelFormat::Rgb24, ColorInfo::SRGB, size);
    for from in byte_formats() {
        let mut frame = VideoFrame::new(&VideoFormat::new(
            from,
            size.0 as u32,
            size.1 as u32,
            ColorInfo::BT601,
        ))
        .unwrap();
        let chunk = TensorView::contiguous(&rgb, &[1, 3, size.1, size.0]).unwrap();
        let from = (from, ColorInfo::BT601, size);
        converter(source, from, ScaleFilter::default()).convert(&chunk, 0, &mut frame);
        for to in byte_formats() {
            for size in [size, (9, 20)] {
                let to = (to, ColorInfo::BT601, size);
                let mut out =
                    VideoFrame::new(&VideoFormat::new(to.0, size.0 as u32, size.1 as u32, to.1))
                        .unwrap();
                let mut converter = converter(from, to, ScaleFilter::default());
                converter.convert_frame(&frame.view().unwrap(), &mut out);
                let found = planes(&out);
                let expected = if from.0.model() == ColorModel::Gray {
                    let source = (PixelFormat::Gray8, from.1, from.2);
                    let gray = planes(&frame).remove(0);
                    let gray: Vec<u8> =
                        gray.iter().step_by(from.0.components()[0].step).copied().collect();
                    convert(&gray, source, to, ScaleFilter::default())
                } else {
                    convert(&rgb, source, to, ScaleFilter::default())
                };
                for (plane, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let worst = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max();
                    assert!(worst <= Some(7), "{} {to:?} {plane} {worst:?}", from.0);
                }
                if from.0 == to.0 && from.2 == size {
                    assert_eq!(found, planes(&frame), "{}", from.0);
                }
            }
        }
    }
}

#[test]
fn rejects_unsupported_conversions() {
    let new = |(width, height): (u32, u32), (out_width, out_height): (u32, u32), color| {
        let from = VideoFormat::new(PixelFormat::Rgb24, width, height, ColorInfo::SRGB);
        let to = VideoFormat::new(PixelFormat::Yuv420p, out_width, out_height, color);
        VideoConverter::new(&from, &to, ScaleFilter::Lanczos)
    };
    for size in [(0, 4), (4, 0), (70_000, 1), (1, u32::MAX), (65_535, 5000)] {
        let message = new(size, (4, 4), ColorInfo::BT601).unwrap_err().to_string();
        assert!(message.contains(&format!("{}x{}", size.0, size.1)), "{message}");
        assert!(new((4, 4), size, ColorInfo::BT601).is_err());
    }
    let message = new((4, 4), (4, 4), ColorInfo::SRGB).unwrap_err().to_string();
    assert!(message.contains("gbr") && message.contains("bt709"), "{message}");
    assert!(new((65_535, 1), (1, 65_535), ColorInfo::BT601).is_ok());
}

fn filter() -> impl Strategy<Value = ScaleFilter> {
    prop::sample::select(ScaleFilter::ALL)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn strides_do_not_matter(
        from in prop::sample::select(chunk_formats()),
        to in prop::sample::select(byte_formats()),
        size in (1usize..90, 1usize..40),
        out_size in prop::option::of((1usize..90, 1usize..40)),
        filter in filter(),
        way in 0usize..10,
        has_three: bool,
        index in 0usize..2,
        seed: u64,
    ) {
        let (width, height) = size;
        // The unused byte may be missing.
        let channels = if has_three { from.components().len() } else { from.channels() };
        let (w, h, c) = (width as isize, height as isize, channels as isize);
        // Contiguous, channels last, four bytes per pixel, reversed in every way, flipped, with
        // gaps, one row, column, channel or frame repeated.
        let strides = [
            [w * h * c, w * h, w, 1],
            [w * h * c, 1, w * c, c],
            [w * h * 4, 1, w * 4, 4],
            [-w * h * c, -w * h, -w, -1],
            [w * h * c, -1, w * c, c],
            [h, 2 * h, 1, 2 * h * c],
            [w * h * c * 7, w * h * 7, w * 7, 7],
            [w * h * c, w * h, 0, 1],
            [w * h * c, w * h, w, 0],
            [0, 0, w, 1],
        ][way];
        let shape = [2, channels, height, width];
        let reach = |sign: isize| -> isize {
            strides.iter().zip(shape).map(|(s, n)| (sign * s).max(0) * (n as isize - 1)).sum()
        };
        let (low, high) = (reach(-1), reach(1));
        let data = random((low + high + 1) as usize, seed);
        let strided = TensorView::new(&data, low as usize, &shape, &strides).unwrap();
        let mut copy = Vec::new();
        for channel in 0..c {
            for y in 0..h {
                for x in 0..w {
                    let [i, j, k, l] = strides;
                    copy.push(data[(low + index as isize * i + channel * j + y * k + x * l) as usize]);
                }
            }
        }
        let from = (from, ColorInfo::BT601, size);
        let to = (to, ColorInfo::BT709, out_size.unwrap_or(size));
        let mut out = VideoFrame::new(&VideoFormat::new(to.0, to.2.0 as u32, to.2.1 as u32, to.1)).unwrap();
        let mut converter = converter(from, to, filter);
        // Earlier conversions do not matter.
        converter.convert(&strided, 1 - index, &mut out);
        converter.convert(&strided, index, &mut out);
        prop_assert_eq!(planes(&out), convert(&copy, from, to, filter));
    }
}
