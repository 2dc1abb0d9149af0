//! Encoded images in a third-party decoder.

use image::{AnimationDecoder, ImageFormat, load_from_memory_with_format};
use reelwright_core::{
    CodecConfig, CodecId, ColorInfo, ColorModel, PixelFormat, VideoEncoderInfo, VideoFormat,
    VideoFrame,
};
use reelwright_enc_image::ENCODERS;
use reelwright_testkit::video::{VideoCase, check_encoder, packed_bytes, psnr, test_frame};

fn encoder(codec: CodecId) -> &'static VideoEncoderInfo {
    ENCODERS.iter().find(|info| info.encoder.codec == codec).unwrap()
}

#[test]
fn encoder_passes_common_checks() {
    for info in ENCODERS {
        check_encoder(info);
    }
}

#[test]
fn lossless_images_round_trip() {
    for (codec, kind) in [
        (CodecId::Png, ImageFormat::Png),
        (CodecId::Webp, ImageFormat::WebP),
        (CodecId::Bmp, ImageFormat::Bmp),
        (CodecId::Ppm, ImageFormat::Pnm),
        (CodecId::Pgm, ImageFormat::Pnm),
    ] {
        let info = encoder(codec);
        for pixel_format in info.pixel_formats {
            for size in [(1, 1), (3, 2), (97, 61)] {
                let case = VideoCase { format: *pixel_format, size, ..VideoCase::new(info) };
                let frame = test_frame(*pixel_format, size, 3);
                let encoded = case.encode(std::slice::from_ref(&frame), |_| 0).unwrap();
                let found = load_from_memory_with_format(&encoded.packets[0].data, kind).unwrap();
                let mut expected = packed_bytes(&frame);
                let words =
                    |words: Vec<u16>| words.into_iter().flat_map(u16::to_le_bytes).collect();
                let format = *pixel_format;
                // The crate `image` scales lower depths to 16 bits.
                let is_scaled = (9..16).contains(&format.depth());
                let data = &encoded.packets[0].data;
                let found: Vec<u8> = match (format.model(), format.has_alpha(), format.depth()) {
                    (ColorModel::Gray, false, 8) => found.into_luma8().into_raw(),
                    (ColorModel::Gray, true, 8) => found.into_luma_alpha8().into_raw(),
                    (ColorModel::Rgb, false, 8) => found.into_rgb8().into_raw(),
                    (ColorModel::Rgb, true, 8) => found.into_rgba8().into_raw(),
                    (ColorModel::Gray, false, depth) if is_scaled => {
                        let header = format!("P5\n{} {}\n{}\n", size.0, size.1, (1 << depth) - 1);
                        let values = data.strip_prefix(header.as_bytes()).unwrap();
                        let (values, _) = values.as_chunks();
                        words(values.iter().map(|value| u16::from_be_bytes(*value)).collect())
                    }
                    (ColorModel::Gray, false, _) => words(found.into_luma16().into_raw()),
                    (ColorModel::Gray, true, _) => words(found.into_luma_alpha16().into_raw()),
                    (_, false, _) => words(found.into_rgb16().into_raw()),
                    (_, true, _) => words(found.into_rgba16().into_raw()),
                };
                if *pixel_format == PixelFormat::Bgr24 {
                    expected.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| pixel.reverse());
                }
                assert!(found == expected, "{codec} {pixel_format} {size:?}");
            }
        }
    }
}

#[test]
fn levels_of_png_are_smaller() {
    let info = encoder(CodecId::Png);
    let size = |level| {
        let config = CodecConfig { compression_level: Some(level), ..CodecConfig::default() };
        let case = VideoCase { size: (320, 240), config, ..VideoCase::new(info) };
        case.encode(&case.test_frames(1), |_| 0).unwrap().len()
    };
    assert!(size(0) > 3 * 320 * 240);
    assert!(size(1) < size(0) && size(9) <= size(6) && size(6) < size(1));
    let config = CodecConfig { compression_level: Some(10), ..CodecConfig::default() };
    let error = VideoCase { config, ..VideoCase::new(info) }.open().err().unwrap().to_string();
    assert!(error.contains("0 (fastest) to 9") && error.contains("10"), "{error}");
}

#[test]
fn higher_jpeg_quality_gives_larger_and_better_images() {
    let info = encoder(CodecId::Mjpeg);
    let luma = |options, config| {
        let case = VideoCase { size: (320, 240), options, config, ..VideoCase::new(info) };
        let frame = case.test_frames(1);
        let encoded = case.encode(&frame, |_| 0).unwrap();
        let data = &encoded.packets[0].data;
        // Gray is the unchanged Y plane.
        let decoded = load_from_memory_with_format(data, ImageFormat::Jpeg).unwrap();
        let y = &packed_bytes(&frame[0])[..320 * 240];
        (encoded.len(), psnr(&decoded.into_luma8(), y))
    };
    let plain = CodecConfig::default();
    let (small, medium, large) =
        (luma("quality=30", plain), luma("quality=70", plain), luma("quality=95", plain));
    assert!(small.0 < medium.0 && medium.0 < large.0, "{small:?} {medium:?} {large:?}");
    assert!(small.1 < large.1, "{small:?} {large:?}");
    let qscale = |qscale| luma("", CodecConfig { qscale: Some(qscale), ..plain }).0;
    assert!(qscale(2.0) > qscale(8.0) && qscale(8.0) > qscale(31.0));
    assert!(luma("quality=70 huffman=optimal", plain).0 < medium.0);
    for qscale in [0.5, 32.0, f32::NAN] {
        let config = CodecConfig { qscale: Some(qscale), ..plain };
        assert!(VideoCase { config, ..VideoCase::new(info) }.open().is_err(), "{qscale}");
    }
}

#[test]
fn gif_writes_only_changed_pixels() {
    let info = encoder(CodecId::Gif);
    let sizes = |options| {
        let case = VideoCase { size: (160, 120), options, ..VideoCase::new(info) };
        let still = vec![test_frame(PixelFormat::Rgb24, case.size, 0); 3];
        let encoded = case.encode(&still, |index| index as i64).unwrap();
        encoded.packets.iter().map(|packet| packet.data.len()).collect::<Vec<_>>()
    };
    let found = sizes("");
    assert!(found[1] < 60 && found[2] < 60, "{found:?}");
    let found = sizes("transdiff=false");
    assert!(found[1] > 5000, "{found:?}");
    assert!(sizes("max_colors=4 dither=none")[0] < sizes("dither=none")[0]);
}

/// Returns a frame with a disc that moves on a transparent background.
fn disc(at: usize) -> VideoFrame {
    let mut buffer =
        VideoFrame::new(&VideoFormat::new(PixelFormat::Rgba, 40, 20, ColorInfo::SRGB)).unwrap();
    let [(plane, stride), ..] = buffer.planes_mut::<u8>().unwrap();
    for (y, row) in plane.chunks_mut(stride).enumerate() {
        for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate().take(40) {
            let inside = x.abs_diff(at).pow(2) + y.abs_diff(10).pow(2) < 36;
            *pixel = [200, (x * 6) as u8, 30, if inside { 255 } else { 0 }];
        }
    }
    buffer
}

#[test]
fn transparent_pixels_of_gif_stay_transparent() {
    let frames: Vec<_> = [8, 9, 9, 20, 32, 32].map(disc).into_iter().collect();
    for options in ["", "transdiff=false", "dither=floyd_steinberg max_colors=8"] {
        let case = VideoCase {
            format: PixelFormat::Rgba,
            size: (40, 20),
            options,
            ..VideoCase::new(encoder(CodecId::Gif))
        };
        let encoded = case.encode(&frames, |index| index as i64).unwrap();
        assert_eq!(encoded.packets.len(), frames.len());
        // The first packet has the palette that packets without one use, after a graphic control
        // extension of 8 bytes and an image descriptor of 10.
        let first = &encoded.packets[0].data;
        let size = first[17] & 7;
        let mut file = b"GIF89a\x28\0\x14\0".to_vec();
        file.extend([0x80 | size, 0, 0]);
        file.extend(&first[18..18 + (3 << (size + 1))]);
        encoded.packets.iter().for_each(|packet| file.extend(&packet.data));
        file.push(0x3b);
        let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(file)).unwrap();
        let mut shown = decoder.into_frames();
        for (index, frame) in frames.iter().enumerate() {
            let Some(Ok(shown)) = shown.next() else { panic!("{options}: no frame {index}") };
            let expected = packed_bytes(frame);
            let pixels = shown.buffer().pixels().zip(expected.as_chunks::<4>().0);
            for (place, (found, expected)) in pixels.enumerate() {
                assert_eq!(found.0[3], expected[3], "{options} {index} {place}");
                if expected[3] > 0 {
                    let far = found.0.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max();
                    assert!(far.unwrap() < 60, "{options} {index} {place}: {found:?} {expected:?}");
                }
            }
        }
    }
}
