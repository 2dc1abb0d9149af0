//! Video from end to end: compatibility with torio, and guarantees of every container.

use std::io::{self, Cursor};

use proptest::prelude::*;
use reelwright::{
    AudioStream, CodecConfig, ColorInfo, DataType, ErrorKind, MediaParameters, MuxerInfo,
    PixelFormat, Result, SampleFormat, StreamingMediaEncoder, Target, TensorView, VideoFormat,
    VideoFrame, VideoStream, muxers, video_encoders,
};
use reelwright_testkit::program::ffprobe;
use reelwright_tests::log::logged;

const SIZE: (usize, usize) = (32, 24);

/// Returns frames of three channels: (frame, 3, 24, 32), with a moving ramp.
fn test_pixels(frames: usize) -> Vec<u8> {
    let (width, height) = SIZE;
    let pixel = |i: usize| {
        let (x, y) = (i % width, i / width % height);
        let (c, frame) = (i / width / height % 3, i / width / height / 3);
        (7 * x + 5 * y + 60 * c + 3 * frame) as u8
    };
    (0..frames * 3 * width * height).map(pixel).collect()
}

fn chunk(pixels: &[u8]) -> TensorView<'_> {
    let frames = pixels.len() / 3 / SIZE.0 / SIZE.1;
    TensorView::contiguous(pixels, &[frames, 3, SIZE.1, SIZE.0]).unwrap()
}

fn stream() -> VideoStream {
    VideoStream::new(25.0, SIZE.0 as u32, SIZE.1 as u32)
}

fn open(format: &str, stream: &VideoStream) -> StreamingMediaEncoder<'static> {
    let target = Target::seekable_writer(Cursor::new(Vec::new()));
    let mut encoder = StreamingMediaEncoder::new(target, Some(format)).unwrap();
    encoder.add_video_stream(stream).unwrap();
    encoder.open().unwrap();
    encoder
}

fn add(format: &str, stream: &VideoStream) -> Result<usize> {
    StreamingMediaEncoder::new(Target::writer(io::sink()), Some(format))
        .unwrap()
        .add_video_stream(stream)
}

fn message<T>(result: Result<T>) -> (ErrorKind, String) {
    let error = result.err().expect("it must fail");
    (error.kind(), error.to_string())
}

/// Returns a file with the frames that `write` writes.
fn file(
    format: &str,
    stream: &VideoStream,
    seekable: bool,
    write: impl FnOnce(&mut StreamingMediaEncoder<'_>) -> Result<()>,
) -> Vec<u8> {
    let mut cursor = Cursor::new(Vec::new());
    let target =
        if seekable { Target::seekable_writer(&mut cursor) } else { Target::writer(&mut cursor) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(format)).unwrap();
    encoder.add_video_stream(stream).unwrap();
    encoder.open().unwrap();
    write(&mut encoder).unwrap();
    encoder.close().unwrap();
    drop(encoder);
    cursor.into_inner()
}

fn raw(stream: &VideoStream, pixels: &[u8]) -> Vec<u8> {
    file("rawvideo", stream, false, |encoder| encoder.write_video_chunk(0, &chunk(pixels), None))
}

fn video_muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    muxers().filter(|muxer| !muxer.video_codecs.is_empty())
}

// Errors, with torio's messages.

#[test]
fn rates_and_sizes_must_be_positive() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let (kind, text) = message(add("rawvideo", &VideoStream::new(rate, 2, 2)));
        assert_eq!(kind, ErrorKind::Argument);
        assert!(text.contains("Frame rate must be positive and finite. Found: "), "{text}");
        let (_, text) = message(add("rawvideo", &stream().encoder_frame_rate(rate)));
        assert!(text.contains("Encoder frame rate must be positive and finite"), "{text}");
    }
    for (stream, expected) in [
        (VideoStream::new(25.0, 0, 2), "width must be positive. Found: 0"),
        (VideoStream::new(25.0, 2, 0), "height must be positive. Found: 0"),
        (stream().encoder_width(0), "Encoder width must be positive. Found: 0"),
        (stream().encoder_height(0), "Encoder height must be positive. Found: 0"),
        (VideoStream::new(25.0, 70_000, 2), "width must be at most 65536. Found: 70000"),
    ] {
        let (_, text) = message(add("rawvideo", &stream));
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn rejects_frame_rate_beyond_av1_levels() {
    let open = |rate: f64| {
        let target = Target::seekable_writer(Cursor::new(Vec::new()));
        let mut encoder = StreamingMediaEncoder::new(target, Some("ivf")).unwrap();
        encoder.add_video_stream(&VideoStream::new(rate, 32, 24)).map(drop)?;
        encoder.open()?;
        // The high rate is nominal. The frames' times are used.
        encoder.write_video_chunk(0, &chunk(&test_pixels(2)), None)?;
        encoder.close()
    };
    open(1000.0).unwrap();
    let (_, text) = message(open(1e6));
    let expected = "librav1e supports at most 7";
    assert!(text.contains(expected) && text.contains("Found: 1000000"), "{text}");
}

#[test]
fn rejects_too_large_frames_with_the_maximum() {
    for (encoder, size) in [("h264", 16_384), ("gif", 65_536), ("mjpeg", 65_536)] {
        let format = if encoder == "gif" { "gif" } else { "mp4" };
        let (_, text) = message(add_and_open(format, &VideoStream::new(25.0, size, size), encoder));
        assert!(text.contains(&size.to_string()), "{text}");
    }
}

fn add_and_open(format: &str, stream: &VideoStream, encoder: &str) -> Result<()> {
    let target = Target::seekable_writer(Cursor::new(Vec::new()));
    let mut file = StreamingMediaEncoder::new(target, Some(format)).unwrap();
    file.add_video_stream(&stream.clone().encoder(encoder))?;
    file.open()
}

#[test]
fn rejects_values_above_the_bit_depth() {
    let format = PixelFormat::Yuv420p10Le;
    for encoder in ["librav1e", "h264"] {
        let stream = stream().frames(format, ColorInfo::BT601).encoder(encoder);
        let target = Target::seekable_writer(Cursor::new(Vec::new()));
        let mut file = StreamingMediaEncoder::new(target, Some("mp4")).unwrap();
        file.add_video_stream(&stream).unwrap();
        file.open().unwrap();
        let mut frame = VideoFrame::new(&VideoFormat::new(
            format,
            SIZE.0 as u32,
            SIZE.1 as u32,
            ColorInfo::BT601,
        ))
        .unwrap();
        file.write_video_frame(0, &frame, None).unwrap();
        frame.planes_mut::<u16>().unwrap()[2].0[0] = 1024;
        let (kind, text) = message(file.write_video_frame(0, &frame, None));
        assert_eq!(kind, ErrorKind::Chunk);
        assert!(text.contains("0 to 1023 in plane 2") && text.contains("1024"), "{text}");
        file.close().unwrap();
    }
}

#[test]
fn rejects_unknown_names_and_lists_valid_ones() {
    let (kind, text) = message(add("rawvideo", &stream().encoder("nope")));
    assert_eq!(kind, ErrorKind::UnknownName);
    assert!(text.contains("Unexpected codec: nope") && text.contains("rawvideo"), "{text}");
    let (_, text) = message(add("rawvideo", &stream().format(PixelFormat::Yuv420p)));
    let expected = "Unsupported pixel format (yuv420p) was provided. Valid values are rgb24, bgr24, \
                    yuv444p, gray, rgb0, bgr0, rgba, ";
    assert!(text.contains(expected), "{text}");
    let (_, text) = message(add("wav", &stream()));
    assert!(text.contains("wav does not support video."), "{text}");
    let (_, text) = message(add("yuv4mpegpipe", &stream().encoder("png")));
    assert!(text.contains("yuv4mpegpipe does not support png"), "{text}");
    let (_, text) = message(add("rawvideo", &stream().encoder_option("bogus", "1")));
    assert!(text.contains("Unexpected options: bogus") && text.contains("colorspace"), "{text}");
    for stream in [stream().filter_desc("null"), stream().hw_accel("cuda:0")] {
        assert_eq!(message(add("rawvideo", &stream)).0, ErrorKind::Unsupported);
    }
    let (_, text) =
        message(add("h264", &stream().encoder("h264").encoder_format(PixelFormat::Rgb24)));
    assert!(
        text.contains("does not support rgb24 format. Supported values are; yuv420p"),
        "{text}"
    );
}

#[test]
fn rejects_invalid_chunk_and_continues() {
    let mut encoder = open("rawvideo", &stream());
    let pixels = test_pixels(2);
    let mut fails = |chunk: TensorView<'_>, pts, expected: &str| {
        let (kind, text) = message(encoder.write_video_chunk(0, &chunk, pts));
        assert_eq!(kind, ErrorKind::Chunk);
        assert!(text.contains(expected), "{text}");
    };
    let floats = vec![0f32; pixels.len()];
    let shape = [2, 3, SIZE.1, SIZE.0];
    let view = |shape: &[usize]| TensorView::new(&pixels, 0, shape, &vec![0; shape.len()]).unwrap();
    fails(
        TensorView::contiguous(&floats, &shape).unwrap(),
        None,
        "Expected Tensor of uint8 type. Found: Float",
    );
    fails(view(&[3, 24, 32]), None, "Input Tensor has to be 4D");
    let expected = "Expected tensor with shape (N, 3, 24, 32) (NCHW format). Found [2, 4, 24, 32]";
    fails(view(&[2, 4, 24, 32]), None, expected);
    fails(view(&[2, 3, 24, 34]), None, "Found [2, 3, 24, 34]");
    for pts in [-1.0, f64::NAN, f64::INFINITY] {
        fails(view(&shape), Some(pts), "The value of PTS must be positive and finite. Found: ");
    }
    encoder.write_video_chunk(0, &chunk(&pixels), None).unwrap();
    let (kind, text) = message(encoder.write_audio_chunk(0, &view(&[2, 2]), None));
    assert_eq!(kind, ErrorKind::Argument);
    assert!(text.contains("Stream 0 is not audio type."), "{text}");
    let (_, text) = message(encoder.write_video_chunk(1, &chunk(&pixels), None));
    assert!(text.contains("Index must be in range of [0, 1). Found: 1"), "{text}");
    encoder.close().unwrap();
}

#[test]
fn rejects_video_chunk_for_audio_stream() {
    let mut encoder = StreamingMediaEncoder::new(Target::writer(io::sink()), Some("wav")).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
    encoder.open().unwrap();
    let (_, text) = message(encoder.write_video_chunk(0, &chunk(&test_pixels(1)), None));
    assert!(text.contains("Stream 0 is not video type."), "{text}");
}

#[test]
fn warns_once_about_replaced_encoder() {
    let (_, warnings) = logged(|| {
        for name in ["libx264", "mpeg2video", "libx264"] {
            add("h264", &stream().encoder(name).encoder_option("preset", "medium")).unwrap();
        }
    });
    for name in ["libx264", "mpeg2video"] {
        let expected = format!("The encoder {name} is not in this build; h264 is used.");
        let found = warnings.iter().filter(|(_, text)| *text == expected).count();
        assert_eq!(found, 1, "{warnings:?}");
    }
    // The name of a codec does not name an implementation.
    let (_, warnings) = logged(|| add("h264", &stream().encoder("h264")).unwrap());
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn warns_if_b_frames_are_not_supported() {
    let config = CodecConfig { max_b_frames: Some(2), ..CodecConfig::default() };
    let (_, warnings) = logged(|| add("h264", &stream().codec_config(config)).unwrap());
    assert!(
        warnings.iter().any(|(_, text)| text.contains("does not support B-frames")),
        "{warnings:?}"
    );
}

// Defaults.

#[test]
fn frame_rates_stay_exact() {
    for (rate, num, den) in [
        (30.0, 30, 1),
        (30_000.0 / 1001.0, 30_000, 1001),
        (24_000.0 / 1001.0, 24_000, 1001),
        (5000.0 / 167.0, 5000, 167),
        (12.5, 25, 2),
    ] {
        let encoder = open("rawvideo", &VideoStream::new(rate, 32, 24));
        let found = encoder.stream_parameters(0).unwrap().video().unwrap().frame_rate;
        let found = found.unwrap();
        assert_eq!((found.num(), found.den()), (num, den));
    }
}

#[test]
fn color_depends_on_height_and_options() {
    let color = |height: u32, stream: &dyn Fn(VideoStream) -> VideoStream, format: &str| {
        let encoder = open(format, &stream(VideoStream::new(25.0, 32, height)));
        let parameters = encoder.stream_parameters(0).unwrap().clone();
        let MediaParameters::Video(video) = parameters.media else { panic!("no video") };
        video.format.color
    };
    let plain = |stream| stream;
    assert_eq!(color(576, &plain, "h264"), ColorInfo::BT601);
    assert_eq!(color(720, &plain, "h264"), ColorInfo::BT709);
    assert_eq!(color(720, &plain, "yuv4mpegpipe"), ColorInfo::BT601);
    assert_eq!(color(720, &plain, "mjpeg"), ColorInfo::JFIF);
    assert_eq!(color(720, &plain, "rawvideo"), ColorInfo::SRGB);
    let full = color(64, &|s| s.encoder_option("color_range", "pc"), "h264");
    assert_eq!(full.range.name(), "pc");
    let hd = color(64, &|s| s.encoder_option("colorspace", "bt709"), "h264");
    assert_eq!(hd, ColorInfo::BT709);
    let (kind, text) = message(add("rawvideo", &stream().encoder_option("colorspace", "bt709")));
    assert_eq!(kind, ErrorKind::Option);
    assert!(text.contains("not available for rgb24"), "{text}");
}

#[test]
fn extension_determines_the_image_codec() {
    let directory = tempfile::tempdir().unwrap();
    for (name, codec) in [
        ("a_%03d.png", "png"),
        ("a.jpg", "mjpeg"),
        ("a.bmp", "bmp"),
        ("a.ppm", "ppm"),
        ("a.webp", "webp"),
        ("a.gif", "gif"),
        ("a.apng", "png"),
        ("a.y4m", "wrapped_avframe"),
        ("a.h264", "h264"),
    ] {
        let path = directory.path().join(name);
        let mut encoder = StreamingMediaEncoder::new(&path, None).unwrap();
        encoder.add_video_stream(&stream()).unwrap();
        assert_eq!(encoder.stream_parameters(0).unwrap().codec.name(), codec, "{name}");
    }
}

#[test]
fn writes_images_to_numbered_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frame_%03d.ppm");
    let mut encoder = StreamingMediaEncoder::new(&path, None).unwrap();
    encoder.add_video_stream(&stream()).unwrap();
    encoder.open().unwrap();
    encoder.write_video_chunk(0, &chunk(&test_pixels(3)), None).unwrap();
    encoder.close().unwrap();
    let mut names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["frame_001.ppm", "frame_002.ppm", "frame_003.ppm"]);
    let bytes = std::fs::read(directory.path().join("frame_002.ppm")).unwrap();
    let second = raw(&stream(), &test_pixels(2)).split_off(3 * SIZE.0 * SIZE.1);
    assert_eq!(bytes, [b"P6\n32 24\n255\n".to_vec(), second].concat());

    let path = directory.path().join("one.ppm");
    let mut encoder = StreamingMediaEncoder::new(&path, None).unwrap();
    encoder.add_video_stream(&stream()).unwrap();
    encoder.open().unwrap();
    let (_, text) = message(encoder.write_video_chunk(0, &chunk(&test_pixels(2)), None));
    assert!(text.contains("frame_%04d.png"), "{text}");
}

// Guarantees.

#[test]
fn raw_video_equals_the_chunks() {
    let pixels = test_pixels(3);
    // From one plane per color to three bytes per pixel.
    let plane = SIZE.0 * SIZE.1;
    let packed: Vec<u8> = pixels
        .chunks(3 * plane)
        .flat_map(|frame| (0..plane).flat_map(|i| [0, 1, 2].map(|c| frame[c * plane + i])))
        .collect();
    assert!(raw(&stream(), &pixels) == packed);
    let swapped: Vec<u8> = packed.chunks(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
    assert!(raw(&stream().encoder_format(PixelFormat::Bgr24), &pixels) == swapped);
    assert!(raw(&stream().format(PixelFormat::Bgr24), &pixels) == packed, "bgr24 must not change");
}

#[test]
fn video_does_not_depend_on_chunk_sizes_and_strides() {
    let pixels = test_pixels(9);
    let frame_size = 3 * SIZE.0 * SIZE.1;
    // A writer cannot store a second file.
    for muxer in video_muxers().filter(|muxer| muxer.image_codecs.is_empty()) {
        for seekable in [true, false] {
            let whole = file(muxer.name, &stream(), seekable, |encoder| {
                encoder.write_video_chunk(0, &chunk(&pixels), None)
            });
            let cut = file(muxer.name, &stream(), seekable, |encoder| {
                encoder.write_video_chunk(0, &chunk(&[]), None)?;
                for part in [0..1, 1..5, 5..5, 5..9] {
                    let part = &pixels[part.start * frame_size..part.end * frame_size];
                    encoder.write_video_chunk(0, &chunk(part), None)?;
                }
                Ok(())
            });
            // Channels last, and flipped twice.
            let (width, height) = (SIZE.0 as isize, SIZE.1 as isize);
            let packed: Vec<u8> = pixels
                .chunks(frame_size)
                .flat_map(|p| {
                    let rows = (0..SIZE.1).rev();
                    rows.flat_map(move |y| {
                        (0..SIZE.0)
                            .flat_map(move |x| [0, 1, 2].map(|c| p[(c * SIZE.1 + y) * SIZE.0 + x]))
                    })
                })
                .collect();
            let strides = [frame_size as isize, 1, -3 * width, 3];
            let start = 3 * (width * (height - 1)) as usize;
            let shape = [9, 3, SIZE.1, SIZE.0];
            let strided = TensorView::new(&packed, start, &shape, &strides).unwrap();
            let turned = file(muxer.name, &stream(), seekable, |encoder| {
                encoder.write_video_chunk(0, &strided, None)
            });
            assert!(whole == cut, "{} {seekable}: cut", muxer.name);
            assert!(whole == turned, "{} {seekable}: strides", muxer.name);
        }
    }
}

#[test]
fn frames_and_chunks_are_written_equally() {
    let pixels = test_pixels(2);
    let expected = raw(&stream().encoder_format(PixelFormat::Yuv420p), &pixels);
    let packed = raw(&stream(), &pixels);
    let frames =
        stream().frames(PixelFormat::Rgb24, ColorInfo::SRGB).encoder_format(PixelFormat::Yuv420p);
    let found = file("rawvideo", &frames, false, |encoder| {
        for packed_frame in packed.chunks(3 * SIZE.0 * SIZE.1) {
            let mut buffer = VideoFrame::new(&VideoFormat::new(
                PixelFormat::Rgb24,
                SIZE.0 as u32,
                SIZE.1 as u32,
                ColorInfo::SRGB,
            ))?;
            let [(plane, stride), ..] = buffer.planes_mut::<u8>().unwrap();
            for (to, from) in plane.chunks_mut(stride).zip(packed_frame.chunks(3 * SIZE.0)) {
                to[..from.len()].copy_from_slice(from);
            }
            encoder.write_video_frame(0, &buffer, None)?;
        }
        Ok(())
    });
    assert!(found == expected);
}

#[test]
fn gap_repeats_a_frame_in_containers_without_timestamps() {
    let pixels = test_pixels(2);
    let (first, second) = pixels.split_at(pixels.len() / 2);
    let timed = |fill: &str, pts: f64| {
        let mut cursor = Cursor::new(Vec::new());
        let target = Target::writer(&mut cursor);
        let mut encoder = StreamingMediaEncoder::new(target, Some("rawvideo")).unwrap();
        encoder.add_video_stream(&stream()).unwrap();
        encoder.open_with([("fill_gaps", fill)].into_iter().collect()).unwrap();
        encoder.write_video_chunk(0, &chunk(first), Some(0.0)).unwrap();
        encoder.write_video_chunk(0, &chunk(second), Some(pts)).unwrap();
        encoder.close().unwrap();
        drop(encoder);
        cursor.into_inner()
    };
    let (one, two) = (raw(&stream(), first), raw(&stream(), second));
    assert!(timed("true", 0.04) == [&one[..], &two].concat());
    assert!(timed("true", 0.12) == [&one[..], &one, &one, &two].concat());
    assert!(timed("false", 0.12) == [&one[..], &two].concat());
    let (_, warnings) = logged(|| assert!(timed("true", 0.0) == [&one[..], &two].concat()));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    // IVF has timestamps, so nothing is repeated.
    let ivf = file("ivf", &stream(), true, |encoder| {
        encoder.write_video_chunk(0, &chunk(first), Some(0.0))?;
        encoder.write_video_chunk(0, &chunk(second), Some(0.4))
    });
    assert_eq!(ivf[24..28], [2, 0, 0, 0]);
}

#[test]
fn frames_are_repeated_or_dropped_for_another_rate() {
    let pixels = test_pixels(8);
    let frame_size = 3 * SIZE.0 * SIZE.1;
    let twice = raw(&stream().encoder_frame_rate(50.0), &pixels);
    let plain = raw(&stream(), &pixels);
    assert_eq!(twice.len(), 2 * plain.len());
    for (index, shown) in twice.chunks(frame_size).enumerate() {
        assert!(shown == &plain[index / 2 * frame_size..][..frame_size], "{index}");
    }
    assert_eq!(raw(&stream().encoder_frame_rate(12.5), &pixels).len(), 4 * frame_size);
}

#[test]
fn files_of_one_or_no_frame_are_valid() {
    for muxer in video_muxers() {
        for seekable in [true, false] {
            let one = file(muxer.name, &stream(), seekable, |encoder| {
                encoder.write_video_chunk(0, &chunk(&test_pixels(1)), None)
            });
            assert!(!one.is_empty(), "{}", muxer.name);
            // An animation has at least one frame. Other formats may have none.
            if muxer.name != "apng" {
                file(muxer.name, &stream(), seekable, |_| Ok(()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn no_size_or_rate_panics(
        rate in prop_oneof![Just(25.0), any::<f64>()],
        size in (0u32..70, 0u32..70),
        encoder_size in proptest::option::of((0u32..70, 0u32..70)),
        encoder_rate in proptest::option::of(0.1..240.0f64),
        format in proptest::sample::select(PixelFormat::ALL),
        muxer in proptest::sample::select(video_muxers().collect::<Vec<_>>()),
        pts in proptest::option::of(prop_oneof![Just(f64::NAN), -1.0..30.0f64, Just(1e300)]),
    ) {
        let mut stream = VideoStream::new(rate, size.0, size.1).format(format);
        if let Some((width, height)) = encoder_size {
            stream = stream.encoder_width(width).encoder_height(height);
        }
        if let Some(rate) = encoder_rate {
            stream = stream.encoder_frame_rate(rate);
        }
        let target = Target::seekable_writer(Cursor::new(Vec::new()));
        let mut encoder = StreamingMediaEncoder::new(target, Some(muxer.name)).unwrap();
        if encoder.add_video_stream(&stream).is_ok() && encoder.open().is_ok() {
            let shape = [2, format.channels(), size.1 as usize, size.0 as usize];
            let len = shape.iter().product();
            let (bytes, words) = (vec![77u8; len], vec![977u16; len]);
            let chunk = match format.data_type() {
                DataType::U8 => TensorView::contiguous(&bytes, &shape),
                _ => TensorView::contiguous(&words, &shape),
            };
            let chunk = chunk.unwrap();
            let _ = encoder.write_video_chunk(0, &chunk, None);
            let _ = encoder.write_video_chunk(0, &chunk, pts);
            let _ = encoder.close();
        }
    }
}

#[test]
fn output_does_not_depend_on_threads() {
    let pixels = test_pixels(20);
    let frame_size = 3 * SIZE.0 * SIZE.1;
    let silence = vec![0i16; 48_000];
    let audio = TensorView::contiguous(&silence, &[48_000, 1]).unwrap();
    for muxer in video_muxers().filter(|muxer| muxer.image_codecs.is_empty()) {
        for encoder in video_encoders().filter(|v| muxer.video_codecs.contains(&v.encoder.codec)) {
            let name = encoder.encoder.name;
            let has_audio = !muxer.audio_codecs.is_empty();
            let written = |threads: &str, rate: f64| {
                let mut stream = stream().encoder(name).encoder_option("threads", threads);
                if muxer.name == "yuv4mpegpipe" {
                    stream = stream.encoder_format(PixelFormat::Yuv420p);
                }
                let mut cursor = Cursor::new(Vec::new());
                let target = Target::seekable_writer(&mut cursor);
                let mut encoder = StreamingMediaEncoder::new(target, Some(muxer.name)).unwrap();
                encoder.add_video_stream(&stream.encoder_frame_rate(rate)).unwrap();
                if has_audio {
                    let audio = AudioStream::new(48_000, 1).format(SampleFormat::S16);
                    encoder.add_audio_stream(&audio).unwrap();
                }
                encoder.open().unwrap();
                for (index, frames) in pixels.chunks(3 * frame_size).enumerate() {
                    // Gaps, repeated frames, and audio that is far ahead of the video.
                    let pts = (index == 4).then_some(1.0);
                    encoder.write_video_chunk(0, &chunk(frames), pts).unwrap();
                    if index == 2 {
                        encoder.flush().unwrap();
                    }
                    let seconds = if index == 3 { 12 } else { 1 };
                    for _ in 0..if has_audio { seconds } else { 0 } {
                        encoder.write_audio_chunk(1, &audio, None).unwrap();
                    }
                }
                encoder.close().unwrap();
                drop(encoder);
                cursor.into_inner()
            };
            for rate in [25.0, 40.0] {
                let (one, two) = (written("1", rate), written("2", rate));
                assert!(one == two, "{} {name} {rate}", muxer.name);
            }
        }
    }
}

#[test]
fn forced_keyframe_is_written_or_rejected() {
    let pixels = test_pixels(9);
    let h264 = || stream().encoder("h264");
    for (stream, forced, expected) in [
        (h264(), &[5][..], "100001000"),
        (stream().encoder("librav1e"), &[5], "100001000"),
        // On another thread, twice in a row, and at a regular keyframe.
        (h264().encoder_option("threads", "2"), &[0, 3, 4], "100110000"),
        // Repeated frames are not keyframes.
        (h264().encoder_frame_rate(50.0), &[2], "100010000000000000"),
    ] {
        let bytes = file("mp4", &stream, true, |encoder| {
            for index in 0..9 {
                if forced.contains(&index) {
                    encoder.force_keyframe(0)?;
                }
                let frame = &pixels[index * pixels.len() / 9..][..pixels.len() / 9];
                encoder.write_video_chunk(0, &chunk(frame), None)?;
            }
            Ok(())
        });
        let Some(flags) = ffprobe("mov", "packet=flags", &bytes) else { return };
        let flag = |line: &str| if line.contains('K') { '1' } else { '0' };
        let keyframes: String = flags.lines().map(flag).collect();
        assert_eq!(keyframes, expected, "{forced:?}");
    }
    let mut gif = open("gif", &stream());
    let (kind, text) = message(gif.force_keyframe(0));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("gif does not support forced keyframes"), "{text}");
}
