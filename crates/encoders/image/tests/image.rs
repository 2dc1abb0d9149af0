//! Pictures: what a decoder that nobody here wrote sees.

use image::{ImageFormat, load_from_memory_with_format};
use reelwright_core::{CodecConfig, CodecId, PixelFormat, VideoEncoderInfo};
use reelwright_enc_image::ENCODERS;
use reelwright_testkit::pictures::{VideoCase, film, keeps_the_promises, psnr, tight};

fn encoder(codec: CodecId) -> &'static VideoEncoderInfo {
    ENCODERS.iter().find(|info| info.encoder.codec == codec).unwrap()
}

#[test]
fn every_picture_comes_out() {
    for info in ENCODERS {
        keeps_the_promises(info);
    }
}

#[test]
fn lossless_pictures_come_back_exactly() {
    for (codec, format) in [
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
                let picture = film(*pixel_format, size, 3);
                let encoded = case.encode(std::slice::from_ref(&picture), |_| 0).unwrap();
                let found = load_from_memory_with_format(&encoded.packets[0].data, format).unwrap();
                let mut expected = tight(&picture);
                let found = if *pixel_format == PixelFormat::Gray8 {
                    found.into_luma8().into_raw()
                } else {
                    found.into_rgb8().into_raw()
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
        case.encode(&case.film(1), |_| 0).unwrap().len()
    };
    assert!(size(0) > 3 * 320 * 240);
    assert!(size(1) < size(0) && size(9) <= size(6) && size(6) < size(1));
    let config = CodecConfig { compression_level: Some(10), ..CodecConfig::default() };
    let error = VideoCase { config, ..VideoCase::new(info) }.open().err().unwrap().to_string();
    assert!(error.contains("0 (fastest) to 9") && error.contains("10"), "{error}");
}

#[test]
fn jpeg_is_larger_and_better_the_higher_its_quality() {
    let info = encoder(CodecId::Mjpeg);
    let luma = |options, config| {
        let case = VideoCase { size: (320, 240), options, config, ..VideoCase::new(info) };
        let picture = case.film(1);
        let encoded = case.encode(&picture, |_| 0).unwrap();
        let data = &encoded.packets[0].data;
        // Grey is Y as it was.
        let decoded = load_from_memory_with_format(data, ImageFormat::Jpeg).unwrap();
        let y = &tight(&picture[0])[..320 * 240];
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
fn gif_writes_only_what_changes() {
    let info = encoder(CodecId::Gif);
    let sizes = |options| {
        let case = VideoCase { size: (160, 120), options, ..VideoCase::new(info) };
        let still = vec![film(PixelFormat::Rgb24, case.size, 0); 3];
        let encoded = case.encode(&still, |index| index as i64).unwrap();
        encoded.packets.iter().map(|packet| packet.data.len()).collect::<Vec<_>>()
    };
    let found = sizes("");
    assert!(found[1] < 60 && found[2] < 60, "{found:?}");
    let found = sizes("transdiff=false");
    assert!(found[1] > 5000, "{found:?}");
    assert!(sizes("max_colors=4 dither=none")[0] < sizes("dither=none")[0]);
}
