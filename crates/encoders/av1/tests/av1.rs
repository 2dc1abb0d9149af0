//! AV1 in ffmpeg's decoder, and the effects of options.

use reelwright_core::{CodecConfig, CodecRecord, DataType, PixelFormat};
use reelwright_enc_av1::ENCODER;
use reelwright_testkit::program::run;
use reelwright_testkit::video::{
    EncodedVideo, VideoCase, check_encoder, check_packet_release, packed_bytes, psnr,
};

#[test]
fn every_frame_comes_out() {
    check_encoder(&ENCODER);
    for options in ["low_latency=true", "speed=6"] {
        check_packet_release(&VideoCase { options, ..VideoCase::new(&ENCODER) }, options);
    }
}

/// Decodes all frames with ffmpeg. Returns `None` if ffmpeg is not installed.
fn decoded(encoded: &EncodedVideo) -> Option<Vec<u8>> {
    let stream: Vec<u8> = encoded
        .packets
        .iter()
        .flat_map(|packet| [0x12, 0].into_iter().chain(packet.data.iter().copied()))
        .collect();
    let arguments = ["-v", "error", "-xerror", "-f", "obu", "-i", "-", "-f", "rawvideo", "-"];
    run("ffmpeg", &arguments, &stream)
}

#[test]
fn decoded_frames_resemble_the_input() {
    for options in ["", "low_latency=true", "speed=8", "tile-columns=2"] {
        for format in ENCODER.pixel_formats {
            let case =
                VideoCase { format: *format, options, size: (130, 98), ..VideoCase::new(&ENCODER) };
            let frames = case.test_frames(8);
            let encoded = case.encode(&frames, |index| index as i64).unwrap();
            let Some(decoded) = decoded(&encoded) else { return };
            let expected: Vec<u8> = frames.iter().flat_map(packed_bytes).collect();
            assert_eq!(decoded.len(), expected.len(), "{options} {format}");
            // Keeps the high bits of 16-bit samples.
            let bytes = |data: Vec<u8>| match format.data_type() {
                DataType::U8 => data,
                _ => data
                    .as_chunks()
                    .0
                    .iter()
                    .map(|word| (u16::from_le_bytes(*word) >> (format.depth() - 8)) as u8)
                    .collect(),
            };
            let psnr = psnr(&bytes(decoded), &bytes(expected));
            assert!(psnr > 30.0, "{options} {format}: {psnr}");
        }
    }
}

#[test]
fn names_of_other_encoders_options_are_the_same_thing() {
    let bytes = |options| {
        let case = VideoCase { options, ..VideoCase::new(&ENCODER) };
        let encoded = case.encode(&case.test_frames(4), |index| index as i64).unwrap();
        encoded.packets.into_iter().flat_map(|packet| packet.data).collect::<Vec<_>>()
    };
    assert_eq!(bytes("cpu-used=6 crf=40"), bytes("speed=8 qp=160"));
    assert_eq!(bytes("preset=9 crf=40"), bytes("speed=7 qp=160"));
}

#[test]
fn the_record_has_the_sequence_header() {
    let case = VideoCase::new(&ENCODER);
    let encoded = case.encode(&case.test_frames(2), |index| index as i64).unwrap();
    let CodecRecord::Av1(config) = &encoded.parameters.record else { panic!("no record") };
    // AV1 in ISO BMFF §2.3.3: marker and version; 8 bits of 4:2:0.
    assert_eq!((config.bytes[0], config.bytes[2] & 0xfc), (0x81, 0x0c));
    assert!(encoded.packets[0].data.starts_with(config.sequence_header()));
    assert!(config.sequence_header().len() > 8);
    let case = VideoCase { format: PixelFormat::Yuv420p10Le, ..case };
    let encoded = case.encode(&case.test_frames(2), |index| index as i64).unwrap();
    let CodecRecord::Av1(config) = &encoded.parameters.record else { panic!("no record") };
    assert_eq!(config.bytes[2] & 0xfc, 0x4c, "high_bitdepth");
}

#[test]
fn a_finer_quantizer_is_larger() {
    let size = |options| {
        let case = VideoCase { options, ..VideoCase::new(&ENCODER) };
        case.encode(&case.test_frames(5), |index| index as i64).unwrap().len()
    };
    assert!(size("qp=40") > size("qp=100") && size("qp=100") > size("qp=220"));
    let low = CodecConfig { bit_rate: Some(30_000), ..CodecConfig::default() };
    let high = CodecConfig { bit_rate: Some(400_000), ..CodecConfig::default() };
    let rated = |config| {
        let case = VideoCase { config, options: "low_latency=1", ..VideoCase::new(&ENCODER) };
        case.encode(&case.test_frames(50), |index| index as i64).unwrap().len()
    };
    assert!(rated(high) > 2 * rated(low));
}

/// Uses ten seconds of video.
#[test]
fn bit_rates_are_met() {
    for bit_rate in [150_000, 600_000] {
        let config = CodecConfig { bit_rate: Some(bit_rate), ..CodecConfig::default() };
        let case = VideoCase { config, size: (160, 96), ..VideoCase::new(&ENCODER) };
        let encoded = case.encode(&case.test_frames(250), |index| index as i64).unwrap();
        let ratio = 8.0 * encoded.len() as f64 / 10.0 / bit_rate as f64;
        assert!((0.95..1.05).contains(&ratio), "{bit_rate}: {ratio}");
    }
}

#[test]
fn threads_and_not_tiles_leave_the_bytes() {
    let bytes = |options: &str| {
        let case = VideoCase { options, size: (320, 192), ..VideoCase::new(&ENCODER) };
        let encoded = case.encode(&case.test_frames(6), |index| index as i64).unwrap();
        encoded.packets.into_iter().flat_map(|packet| packet.data).collect::<Vec<_>>()
    };
    let one = bytes("tiles=2 threads=1");
    for threads in ["tiles=2", "tiles=2 threads=2", "tiles=2 threads=5"] {
        assert!(bytes(threads) == one, "{threads}");
    }
    assert!(bytes("threads=1") != one);
}

#[test]
fn keyframes_have_the_requested_interval() {
    let config = CodecConfig { gop_size: Some(4), ..CodecConfig::default() };
    let case = VideoCase { config, ..VideoCase::new(&ENCODER) };
    let encoded = case.encode(&case.test_frames(12), |index| index as i64).unwrap();
    let keyframes: Vec<_> = encoded.packets.iter().map(|packet| packet.keyframe).collect();
    assert_eq!(keyframes.iter().filter(|is_key| **is_key).count(), 3, "{keyframes:?}");
}

#[test]
fn unsupported_requests_are_errors() {
    for options in [
        "speed=11",
        "qp=256",
        "tile-columns=3",
        "tiles=2 tile-rows=2",
        "speed=9 preset=9",
        "crf=64",
    ] {
        assert!(VideoCase { options, ..VideoCase::new(&ENCODER) }.open().is_err(), "{options}");
    }
    let error = VideoCase { size: (8, 64), ..VideoCase::new(&ENCODER) }.open().err().unwrap();
    assert!(error.to_string().contains("width 8"), "{error}");
}
