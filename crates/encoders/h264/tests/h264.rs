//! H.264 in a third-party decoder, and the effects of options.

use reelwright_core::{
    ChromaLocation, CodecConfig, CodecId, CodecRecord, ColorInfo, ErrorKind, PacketQueue, Rational,
    TimeBase, Timestamp, VideoEncoderRequest, VideoFormat, VideoFrame,
    h264::{self, NalType},
};
use reelwright_enc_h264::ENCODER;
use reelwright_testkit::program::run;
use reelwright_testkit::video::{EncodedVideo, VideoCase, check_encoder, packed_bytes, psnr};
use rusty_h264_decoder::Decoder;

fn with(config: CodecConfig, options: &str) -> VideoCase<'_> {
    VideoCase { config, options, size: (320, 240), ..VideoCase::new(&ENCODER) }
}

fn byte_stream(encoded: &EncodedVideo) -> Vec<u8> {
    let CodecRecord::H264(config) = &encoded.parameters.record else { panic!("no record") };
    let mut stream = Vec::new();
    for packet in &encoded.packets {
        h264::append_byte_stream(config, packet, &mut stream).unwrap();
    }
    stream
}

/// Decodes the stream, asserts the number of frames, and returns their mean PSNR.
fn decoded_psnr(case: &VideoCase<'_>, count: usize) -> (EncodedVideo, f64) {
    let video = case.test_frames(count);
    let encoded = case.encode(&video, |index| index as i64).unwrap();
    let decoded = Decoder::new().decode_stream(&byte_stream(&encoded)).unwrap();
    assert_eq!(decoded.len(), count);
    let one = |(frame, decoded): (_, &rusty_h264_common::YuvFrame)| {
        psnr(&packed_bytes(frame), &[&decoded.y[..], &decoded.u, &decoded.v].concat())
    };
    let sum: f64 = video.iter().zip(&decoded).map(one).sum();
    (encoded, sum / count as f64)
}

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

#[test]
fn decoded_frames_resemble_the_input() {
    for options in [
        "",
        "preset=slow",
        "preset=ultrafast",
        "profile=baseline",
        "profile=high",
        "slices=5",
        "tune=grain",
    ] {
        let (_, psnr) = decoded_psnr(&with(CodecConfig::default(), options), 30);
        assert!(psnr > 36.0, "{options}: {psnr}");
    }
}

#[test]
fn sizes_that_are_not_multiples_of_16_are_cropped() {
    for size in [(2, 2), (16, 16), (18, 34), (130, 98)] {
        let case = VideoCase { size, ..VideoCase::new(&ENCODER) };
        let (encoded, psnr) = decoded_psnr(&case, 3);
        let video = encoded.parameters.video().unwrap();
        assert_eq!((video.format.width, video.format.height), size);
        assert!(psnr > 32.0, "{size:?}: {psnr}");
    }
}

#[test]
fn finer_quantizer_gives_larger_and_better_output() {
    let mut last = (usize::MAX, f64::MAX);
    for qp in ["qp=12", "qp=22", "qp=32", "qp=42"] {
        let (encoded, psnr) = decoded_psnr(&with(CodecConfig::default(), qp), 20);
        assert!(encoded.len() < last.0 && psnr < last.1, "{qp}: {} {psnr}", encoded.len());
        last = (encoded.len(), psnr);
    }
    let sized = |options| decoded_psnr(&with(CodecConfig::default(), options), 5).0.len();
    assert_eq!(sized("qp=30"), sized("crf=30.2"));
    let qscale = CodecConfig { qscale: Some(30.0), ..CodecConfig::default() };
    assert_eq!(sized("qp=30"), decoded_psnr(&with(qscale, ""), 5).0.len());
    // `superfast` enables CABAC.
    assert!(sized("coder=cabac") < sized("coder=cavlc"));
    assert!(sized("preset=superfast") < sized("preset=ultrafast"));
    // Options override the tools that a preset or tune disables.
    let all = "preset=ultrafast coder=cabac loopfilter=true profile=main";
    assert_eq!(sized("preset=superfast"), sized(all));
    let all = "tune=fastdecode coder=cabac loopfilter=true profile=main";
    assert_eq!(sized(""), sized(all));
    assert!(sized("tune=fastdecode coder=cabac") != sized(all));
}

#[test]
fn keyframes_have_the_requested_interval() {
    for (gop_size, expected) in [(1, 20), (5, 4), (100, 1)] {
        let config = CodecConfig { gop_size: Some(gop_size), ..CodecConfig::default() };
        let case = with(config, "");
        let encoded = case.encode(&case.test_frames(20), |index| index as i64).unwrap();
        let keyframes = encoded.packets.iter().filter(|packet| packet.keyframe).count();
        assert_eq!(keyframes, expected);
        for packet in encoded.packets {
            let expected = if packet.keyframe { NalType::IDR_SLICE } else { NalType::SLICE };
            for unit in h264::nal_units(&packet.data) {
                assert_eq!(unit.unwrap().nal_type(), expected);
            }
        }
    }
}

/// Changes every sample of a video. The arguments of `change` are the frame's number, the sample's
/// number and its value.
fn changed(mut video: Vec<VideoFrame>, change: impl Fn(usize, usize, u8) -> u8) -> Vec<VideoFrame> {
    for (index, frame) in video.iter_mut().enumerate() {
        for (plane, _) in frame.planes_mut::<u8>().unwrap() {
            for (at, value) in plane.iter_mut().enumerate() {
                *value = change(index, at, *value);
            }
        }
    }
    video
}

/// Returns a pseudorandom number from -`strength` to `strength` for each frame and sample.
fn grain(index: usize, at: usize, strength: i32) -> i32 {
    let mut state = (index as u32) << 20 ^ at as u32;
    for _ in 0..3 {
        state = (state ^ state >> 15).wrapping_mul(0x2c1b_3c6d) ^ state >> 12;
    }
    (state >> 8) as i32 % (2 * strength + 1) - strength
}

fn keyframes(case: &VideoCase<'_>, video: &[VideoFrame]) -> Vec<usize> {
    let encoded = case.encode(video, |index| index as i64).unwrap();
    let packets = encoded.packets.iter().enumerate();
    packets.filter(|(_, packet)| packet.keyframe).map(|(index, _)| index).collect()
}

#[test]
fn cuts_are_keyframes_unless_disabled() {
    for options in ["", "sc_threshold=0", "qp=34", "qp=34 sc_threshold=0"] {
        let case = with(CodecConfig::default(), options);
        let video = changed(case.test_frames(20), |index, at, value| {
            if index < 12 { value } else { 128 + (at * 7 / 5 % 90) as u8 - value / 4 }
        });
        let expected = if options.contains("sc_threshold") { vec![0] } else { vec![0, 12] };
        assert_eq!(keyframes(&case, &video), expected, "{options}");
    }
}

#[test]
fn grain_and_fades_are_not_scene_cuts() {
    for bit_rate in [None, Some(400_000)] {
        let case = with(CodecConfig { bit_rate, ..CodecConfig::default() }, "");
        for strength in [10, 30, 80] {
            let video = changed(case.test_frames(25), |index, at, value| {
                (i32::from(value) + grain(index, at, strength)).clamp(0, 255) as u8
            });
            assert!(keyframes(&case, &video).len() <= 2, "{bit_rate:?} {strength}");
        }
        let fade = changed(case.test_frames(25), |index, _, value| {
            (usize::from(value) * index / 25) as u8
        });
        assert!(keyframes(&case, &fade).len() <= 3, "{bit_rate:?}");
    }
}

#[test]
fn threads_do_not_change_the_bytes() {
    let size = |threads: &str| {
        let options = format!("slices=4 threads={threads}");
        let case = VideoCase { size: (320, 256), options: &options, ..VideoCase::new(&ENCODER) };
        let encoded = case.encode(&case.test_frames(10), |index| index as i64).unwrap();
        encoded.packets.into_iter().flat_map(|packet| packet.data).collect::<Vec<_>>()
    };
    let one = size("0");
    for threads in ["1", "2", "3", "4", "64"] {
        assert!(size(threads) == one, "{threads}");
    }
}

#[test]
fn the_stream_states_its_profile() {
    for (options, profile) in [
        ("", 77),
        ("profile=high", 100),
        ("profile=baseline", 66),
        ("coder=cavlc", 66),
        ("preset=ultrafast", 66),
        ("profile=main coder=cavlc", 77),
    ] {
        let case = with(CodecConfig::default(), options);
        let CodecRecord::H264(config) = case.open().unwrap().parameters().record.clone() else {
            panic!("no record")
        };
        assert_eq!(config.sps[1], profile, "{options}");
    }
}

#[test]
fn unsupported_requests_are_errors() {
    let rejected = |size, config, options| {
        let case = VideoCase { size, config, options, ..VideoCase::new(&ENCODER) };
        case.open().err().map(|error| (error.kind(), error.to_string())).unwrap()
    };
    let config = CodecConfig::default();
    for size in [(321, 240), (320, 241)] {
        let (kind, message) = rejected(size, config, "");
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(message.contains("even") && message.contains("encoder_width=32"), "{message}");
    }
    for size in [(4098, 64), (16_384, 16_384)] {
        let (_, message) = rejected(size, config, "");
        assert!(message.contains(&size.0.to_string()) && message.contains("4096"), "{message}");
    }
    for options in ["crf=52", "qp=-2", "preset=x", "profile=x", "profile=baseline coder=cabac"] {
        assert_eq!(rejected((320, 240), config, options).0, ErrorKind::Option, "{options}");
    }
    let bit_rate = CodecConfig { bit_rate: Some(10), ..config };
    let (_, message) = rejected((320, 240), bit_rate, "");
    assert!(message.contains("Found: 10") && message.contains("1000 to"), "{message}");
}

/// Returns ffprobe's output for fields of the first video stream, or `None` if ffprobe is not
/// installed.
fn probed(stream: &[u8], fields: &str) -> Option<String> {
    let entries = format!("stream={fields}");
    let arguments =
        ["-v", "error", "-f", "h264", "-i", "-", "-show_entries", &entries, "-of", "csv=p=0"];
    let printed = run("ffprobe", &arguments, stream)?;
    Some(String::from_utf8(printed).unwrap().trim().to_owned())
}

/// Returns a byte stream of three frames.
fn stream_of(case: &VideoCase<'_>, rate: (i64, i64), chroma_location: ChromaLocation) -> Vec<u8> {
    let request = VideoEncoderRequest::new(
        CodecId::H264,
        VideoFormat {
            pixel_format: case.format,
            width: case.size.0,
            height: case.size.1,
            color: ColorInfo { chroma_location, ..ColorInfo::BT601 },
            sample_aspect_ratio: Rational::ONE,
        },
        TimeBase::new(Rational::new(rate.1, rate.0).unwrap()),
        Rational::new(rate.0, rate.1).unwrap(),
    )
    .config(case.config);
    let options = case.options.split_whitespace().filter_map(|option| option.split_once('='));
    let mut encoder = ENCODER.open(&request, &mut options.collect()).unwrap();
    let mut queue = PacketQueue::new();
    for (index, frame) in case.test_frames(3).iter().enumerate() {
        encoder.encode(&frame.with_pts(Timestamp(index as i64)), &mut queue).unwrap();
    }
    let parameters = encoder.parameters().clone();
    byte_stream(&EncodedVideo { parameters, packets: queue.iter().cloned().collect() })
}

#[test]
fn raw_streams_state_frame_rate_and_chroma_location() {
    for (rate, expected) in
        [((25, 1), "25/1"), ((30_000, 1001), "30000/1001"), ((1, 2), "1/2"), ((240, 1), "240/1")]
    {
        for (location, chroma) in
            [(ChromaLocation::Left, "left"), (ChromaLocation::Center, "center")]
        {
            for options in ["", "profile=high", "profile=baseline"] {
                let case = VideoCase { size: (130, 98), ..with(CodecConfig::default(), options) };
                let stream = stream_of(&case, rate, location);
                assert_eq!(Decoder::new().decode_stream(&stream).unwrap().len(), 3);
                let fields = "width,height,chroma_location,r_frame_rate";
                let Some(found) = probed(&stream, fields) else { return };
                assert_eq!(found, format!("130,98,{chroma},{expected}"), "{options}");
            }
        }
    }
}
