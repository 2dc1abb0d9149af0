//! Variable frame rate: timestamps in a separate time base, and a frame rate that is one.

use std::io::Cursor;

use reelwright::{
    CodecConfig, ColorInfo, ErrorKind, Options, PixelFormat, Rational, Result,
    StreamingMediaEncoder, Target, TensorView, Timestamp, VideoFormat, VideoFrame, VideoStream,
};
use reelwright_testkit::program::{ffprobe, run};
use reelwright_tests::log::logged;

const SIZE: (usize, usize) = (160, 120);

/// Returns a frame in yuv420p with a moving pattern.
fn test_frame(index: usize) -> VideoFrame {
    let mut buffer = VideoFrame::new(&VideoFormat::new(
        PixelFormat::Yuv420p,
        SIZE.0 as u32,
        SIZE.1 as u32,
        ColorInfo::BT601,
    ))
    .unwrap();
    for (plane, stride) in buffer.planes_mut::<u8>().unwrap() {
        for (y, row) in plane.chunks_exact_mut(stride.max(1)).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                *sample = (60 + (3 * x + 2 * index) % 97 + (y * 5) % 61) as u8;
            }
        }
    }
    buffer
}

fn stream(frame_rate: f64) -> VideoStream {
    VideoStream::new(frame_rate, SIZE.0 as u32, SIZE.1 as u32)
        .frames(PixelFormat::Yuv420p, ColorInfo::BT601)
}

fn timed(frame_rate: f64, time_base: (i64, i64)) -> VideoStream {
    stream(frame_rate).time_base(Rational::new(time_base.0, time_base.1).unwrap())
}

fn file(
    (format, options, seekable): (&str, &str, bool),
    stream: &VideoStream,
    write: impl FnOnce(&mut StreamingMediaEncoder<'_>) -> Result<()>,
) -> Vec<u8> {
    let mut cursor = Cursor::new(Vec::new());
    let target =
        if seekable { Target::seekable_writer(&mut cursor) } else { Target::writer(&mut cursor) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(format)).unwrap();
    encoder.add_video_stream(stream).unwrap();
    let options = options.split_whitespace().filter_map(|option| option.split_once('='));
    encoder.open_with(options.collect::<Options>()).unwrap();
    write(&mut encoder).unwrap();
    encoder.close().unwrap();
    drop(encoder);
    cursor.into_inner()
}

/// Writes frames at these times. `last` is the duration of the last frame.
fn write(encoder: &mut StreamingMediaEncoder<'_>, times: &[i64], last: Option<i64>) -> Result<()> {
    for (index, &pts) in times.iter().enumerate() {
        let duration = last.filter(|_| index + 1 == times.len());
        let source = test_frame(index);
        let frame = VideoFrame { duration, ..source.with_pts(Timestamp(pts)) };
        encoder.write_timed_video_frame(0, &frame)?;
    }
    Ok(())
}

/// Returns start and duration of each packet in seconds according to ffprobe.
fn probed(demuxer: &str, file: &[u8]) -> Option<Vec<(f64, f64)>> {
    let found = ffprobe(demuxer, "packet=pts_time,duration_time", file)?;
    let number = |text: &str| text.parse().unwrap_or(f64::NAN);
    let line = |line: &str| {
        let (pts, duration) = line.trim_end_matches(',').split_once(',').unwrap_or((line, ""));
        (number(pts), number(duration))
    };
    Some(found.lines().filter(|line| !line.is_empty()).map(line).collect())
}

/// Irregular times in 1/90000 s: 60 and 24 frames per second, jitter and a pause.
const TIMES: [i64; 12] =
    [0, 1500, 3000, 3001, 6753, 10_504, 14_256, 20_000, 110_000, 111_500, 113_000, 115_003];

#[test]
fn every_mp4_layout_stores_times_and_the_last_duration() {
    for layout in [
        ("mp4", "", true),
        ("mov", "", true),
        ("mp4", "", false),
        ("mp4", "movflags=faststart", true),
        ("mp4", "movflags=frag_keyframe+empty_moov", true),
        ("mp4", "movflags=frag_every_frame", false),
        ("mov", "movflags=frag_keyframe", false),
    ] {
        let is_fragmented = !layout.2 || layout.1.contains("frag");
        for (stated, last) in [(None, 2003), (Some(9001), 9001)] {
            let stream = timed(30.0, (1, 90_000)).encoder("h264");
            let bytes = file(layout, &stream, |encoder| write(encoder, &TIMES, stated));
            let Some(found) = probed("mov", &bytes) else { return };
            let ends = TIMES[1..].iter().copied().chain([115_003 + last]);
            let expected: Vec<_> = TIMES.iter().copied().zip(ends).collect();
            assert_eq!(found.len(), expected.len(), "{layout:?}");
            for (&(pts, duration), (begin, end)) in found.iter().zip(expected) {
                let (begin, end) = (begin as f64 / 90_000.0, end as f64 / 90_000.0);
                assert!((pts - begin).abs() < 2e-6, "{layout:?}: {pts} {begin}");
                // ffprobe guesses durations in fragments.
                let is_close = (duration - (end - begin)).abs() < 2e-6;
                assert!(is_fragmented || is_close, "{layout:?}: {pts} {duration}");
            }
            let time_base = ffprobe("mov", "stream=time_base", &bytes).unwrap();
            assert!(time_base.contains("1/90000"), "{time_base}");
        }
    }
}

/// Timestamps: name, nominal frames per second, time base, and times in it.
type Clock = (&'static str, f64, (i64, i64), Vec<i64>);

#[test]
fn every_container_stores_all_timestamps() {
    let cinema_rate = 24_000.0 / 1001.0;
    let hour = 3600 * 90_000;
    let clocks: [Clock; 4] = [
        ("23.976 fps", cinema_rate, (1001, 24_000), (0..60).collect()),
        ("variable rate in 1/90000 s", 30.0, (1, 90_000), TIMES.to_vec()),
        ("a capture clock of 1 ms", 30.0, (1, 1000), vec![0, 33, 67, 99, 134, 168, 200, 267, 301]),
        ("ten hours", 30.0, (1, 90_000), vec![0, 3003, 5 * hour + 17, 10 * hour - 1, 10 * hour]),
    ];
    // Container, and the granularity of its timestamps in seconds. 0 means the stream's time base.
    let containers = [
        (("mp4", "", true), "mov", 0.0),
        (("mp4", "movflags=progressive", true), "mov", 0.0),
        (("mp4", "movflags=faststart", true), "mov", 0.0),
        (("mp4", "movflags=frag_keyframe+empty_moov", false), "mov", 0.0),
        (("mp4", "movflags=frag_every_frame", false), "mov", 0.0),
        (("mov", "", true), "mov", 0.0),
        (("ipod", "", true), "mov", 0.0),
        (("3gp", "", true), "mov", 0.0),
        (("ivf", "", true), "ivf", 0.0),
        (("gif", "", true), "gif", 0.01),
        (("apng", "", true), "apng", 0.001),
    ];
    for (layout, demuxer, unit) in containers {
        for (name, rate, (num, den), times) in &clocks {
            // Animations repeat frames with such long durations, which another test checks. Players
            // show frames of GIF that are shorter than 0.02 s for 0.1 s.
            let is_close = layout.0 == "gif" && *name == "variable rate in 1/90000 s";
            if unit > 0.0 && *name == "ten hours" || is_close {
                continue;
            }
            let stream = timed(*rate, (*num, *den));
            let bytes = file(layout, &stream, |encoder| write(encoder, times, None));
            let Some(found) = probed(demuxer, &bytes) else { return };
            let seconds = |units: i64| (units * num) as f64 / *den as f64;
            assert_eq!(found.len(), times.len(), "{layout:?}, {name}");
            for (pts, _) in &found {
                let nearest = times.iter().map(|at| (seconds(*at) - pts).abs()).fold(9.0, f64::min);
                assert!(nearest <= 0.51 * unit + 2e-6, "{layout:?}, {name}: {pts}");
            }
            let last = found.last().map_or(0.0, |(pts, _)| *pts);
            let expected = times.last().map_or(0.0, |at| seconds(*at));
            assert!((last - expected).abs() <= unit + 2e-6, "{layout:?}, {name}: {last}");
        }
    }
}

#[test]
fn ivf_gif_and_apng_store_times() {
    let frames = [0, 45, 100, 320, 350];
    for (format, demuxer, unit) in
        [("ivf", "ivf", 0.001), ("gif", "gif", 0.01), ("apng", "apng", 0.001)]
    {
        let bytes = file((format, "", true), &timed(30.0, (1, 1000)), |encoder| {
            write(encoder, &frames, Some(250))
        });
        let Some(found) = probed(demuxer, &bytes) else { return };
        assert_eq!(found.len(), frames.len(), "{format}");
        for ((pts, _), expected) in found.iter().zip(frames) {
            let expected = expected as f64 / 1000.0;
            assert!((pts - expected).abs() <= unit, "{format}: {pts} {expected}");
        }
        let last = found.last().unwrap().1;
        assert!(format == "ivf" || (last - 0.25).abs() <= unit, "{format}: {last}");
    }
}

#[test]
fn formats_without_timestamps_have_the_nominal_rate() {
    // 0.5 s at 30 frames per second, from 6 frames. The last has the duration of the one before.
    let times = [0, 100, 200, 300, 350, 425];
    let write = |encoder: &mut StreamingMediaEncoder<'_>| write(encoder, &times, None);
    let frame = PixelFormat::Yuv420p.frame_bytes(SIZE.0, SIZE.1).unwrap();
    let raw = file(("rawvideo", "", false), &timed(30.0, (1, 1000)).encoder("rawvideo"), write);
    assert_eq!(raw.len(), 15 * frame);
    // Frame 9 begins at 0.3 s.
    assert_eq!(raw[9 * frame..10 * frame], raw[10 * frame..11 * frame]);
    assert_ne!(raw[8 * frame..9 * frame], raw[9 * frame..10 * frame]);
    let y4m = file(("yuv4mpegpipe", "", false), &timed(30.0, (1, 1000)), write);
    assert!(y4m.starts_with(b"YUV4MPEG2 W160 H120 F30:1 "));
    assert_eq!(y4m.windows(6).filter(|bytes| bytes == b"FRAME\n").count(), 15);
    let late = |encoder: &mut StreamingMediaEncoder<'_>| at(encoder, &[500, 533, 567]);
    let raw = file(("rawvideo", "", false), &timed(30.0, (1, 1000)), late);
    assert_eq!(raw.len(), 18 * frame);
    let (_, log) = logged(|| {
        file(("rawvideo", "", false), &timed(30.0, (1, 1000)), |encoder| {
            at(encoder, &[0, 10, 20, 30, 40])
        })
    });
    let lines: Vec<_> = log.into_iter().filter(|(_, line)| line.contains("are dropped")).collect();
    assert!(lines.len() == 1 && lines[0].1.starts_with("rawvideo"), "{lines:?}");
}

fn at(encoder: &mut StreamingMediaEncoder<'_>, times: &[i64]) -> Result<()> {
    write(encoder, times, None)
}

#[test]
fn frames_without_pts_follow_at_the_nominal_rate() {
    let stream = timed(30_000.0 / 1001.0, (1, 1000)).encoder("h264");
    let bytes = file(("mp4", "", true), &stream, |encoder| {
        for index in 0..30 {
            encoder.write_video_frame(0, &test_frame(index), None)?;
        }
        // An earlier time than that, and then a time before the last frame.
        encoder.write_video_frame(0, &test_frame(30), Some(0.98))?;
        encoder.write_video_frame(0, &test_frame(31), Some(0.5))
    });
    let Some(found) = probed("mov", &bytes) else { return };
    for (index, (pts, _)) in found.iter().enumerate().take(30) {
        assert!((pts - (index as f64 * 1001.0 / 30.0).round() / 1000.0).abs() < 1e-6, "{pts}");
    }
    assert!((found[30].0 - 0.98).abs() < 1e-6 && (found[31].0 - 1.013).abs() < 1e-6, "{found:?}");
}

#[test]
fn rejects_time_base_longer_than_a_frame() {
    let add = |stream: &VideoStream| {
        StreamingMediaEncoder::new(Target::writer(std::io::sink()), Some("mp4"))
            .unwrap()
            .add_video_stream(stream)
    };
    let error = add(&timed(30.0, (1, 25))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Argument);
    let text = error.to_string();
    assert!(
        text.contains("time_base must be at most the duration of a frame") && text.contains("1/25")
    );
    add(&timed(30.0, (1, 30))).unwrap();
    let error = add(&timed(30.0, (1, 1 << 40))).unwrap_err().to_string();
    assert!(error.contains("The terms of time_base must be at most 4294967295"), "{error}");
}

#[test]
fn rejects_invalid_times_and_continues() {
    let stream = timed(30.0, (1, 1000)).encoder("h264");
    let bytes = file(("mp4", "", true), &stream, |encoder| {
        for (pts, duration, expected) in [
            (-1, None, "The pts of a frame must be from 0"),
            (0, Some(0), "The duration of a frame must be from 1"),
        ] {
            let source = test_frame(0);
            let frame = VideoFrame { duration, ..source.with_pts(Timestamp(pts)) };
            let error = encoder.write_timed_video_frame(0, &frame).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        at(encoder, &[0, 40, 80])
    });
    let Some(found) = probed("mov", &bytes) else { return };
    assert_eq!(found.len(), 3);
}

/// Returns the times of keyframes in seconds, and the level, according to ffprobe.
fn keyframes(bytes: &[u8]) -> Option<(Vec<f64>, String)> {
    let found = ffprobe("mov", "packet=pts_time,flags", bytes)?;
    let keyframe = |line: &str| {
        let (pts, flags) = line.split_once(',')?;
        flags.contains('K').then(|| pts.parse().unwrap())
    };
    Some((found.lines().filter_map(keyframe).collect(), ffprobe("mov", "stream=level", bytes)?))
}

#[test]
fn keyframes_level_and_last_frame_depend_on_real_times() {
    // 12 s at 20 frames per second.
    let frames: Vec<_> = (0..240).map(|index| index * 50).collect();
    let nominal = file(("mp4", "", true), &stream(20.0).encoder("h264"), |encoder| {
        at(encoder, &(0..240).collect::<Vec<_>>())
    });
    let Some((expected, level)) = keyframes(&nominal) else { return };
    assert_eq!((expected.len(), level.as_str()), (3, "11"));
    for stream in [stream(1000.0), stream(240.0), timed(20.0, (1, 1000)), timed(60.0, (1, 90_000))]
    {
        let stream = stream.encoder("h264").encoder_option("sc_threshold", "0");
        let bytes = file(("mp4", "", true), &stream, |encoder| {
            for (index, at) in frames.iter().enumerate() {
                let source = test_frame(index);
                let pts = Some(*at as f64 / 1000.0);
                encoder.write_video_frame(0, &source, pts)?;
            }
            Ok(())
        });
        let (found, level) = keyframes(&bytes).unwrap();
        assert_eq!((&found, level.as_str()), (&vec![0.0, 5.0, 10.0], "11"), "{stream:?}");
        let last = probed("mov", &bytes).unwrap().last().unwrap().1;
        assert!((last - 0.05).abs() < 1e-6, "{last}");
    }
    let stream =
        stream(1000.0).codec_config(CodecConfig { gop_size: Some(30), ..Default::default() });
    let bytes = file(("mp4", "", true), &stream.encoder("h264"), |encoder| at(encoder, &frames));
    assert_eq!(keyframes(&bytes).unwrap().0.len(), 8, "an explicit GOP size is in frames");
}

#[test]
fn av1_keyframes_depend_on_real_times() {
    let frames: Vec<_> = (0..30).map(|index| index * 400).collect();
    for stream in [stream(1000.0), timed(25.0, (1, 1000))] {
        let bytes =
            file(("mp4", "", true), &stream.encoder("librav1e"), |encoder| at(encoder, &frames));
        let Some((found, _)) = keyframes(&bytes) else { return };
        assert!(found.len() >= 3, "{found:?}");
        for pair in found.windows(2) {
            assert!(pair[1] - pair[0] <= 5.3, "{found:?}");
        }
    }
}

#[test]
fn bit_rate_is_relative_to_real_time() {
    let noisy = |index: usize| {
        let mut buffer = test_frame(index);
        let mut seed = index as u32 + 1;
        for (plane, _) in buffer.planes_mut::<u8>().unwrap() {
            for sample in plane {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = sample.wrapping_add((seed >> 28) as u8);
            }
        }
        buffer
    };
    let config = CodecConfig { bit_rate: Some(400_000), ..CodecConfig::default() };
    // 8 s, alternating between 12 and 48 frames per second.
    let mut frames = vec![0];
    while *frames.last().unwrap() < 8000 {
        let last = frames.last().unwrap();
        frames.push(last + if last / 1000 % 2 == 0 { 83 } else { 21 });
    }
    for (encoder, stream) in [
        ("h264", stream(1000.0)),
        ("h264", timed(30.0, (1, 1000))),
        ("h264", timed(60.0, (1, 1000))),
    ] {
        let bytes =
            file(("mp4", "", true), &stream.codec_config(config).encoder(encoder), |file| {
                for (index, pts) in frames.iter().enumerate() {
                    file.write_timed_video_frame(0, &noisy(index).with_pts(Timestamp(*pts)))?;
                }
                Ok(())
            });
        let rate = bytes.len() as f64 * 8.0 / 8.0;
        assert!((0.85..1.15).contains(&(rate / 400_000.0)), "{encoder}: {rate}");
    }
}

#[test]
fn chunks_have_times_in_the_time_base() {
    let pixels = vec![80u8; 2 * 3 * SIZE.0 * SIZE.1];
    let chunk = TensorView::contiguous(&pixels, &[2, 3, SIZE.1, SIZE.0]).unwrap();
    let stream = VideoStream::new(25.0, SIZE.0 as u32, SIZE.1 as u32)
        .time_base(Rational::new(1, 90_000).unwrap())
        .encoder("h264");
    let bytes = file(("mp4", "", true), &stream, |encoder| {
        encoder.write_video_chunk(0, &chunk, Some(0.0))?;
        encoder.write_video_chunk(0, &chunk, Some(0.1234))
    });
    let Some(found) = probed("mov", &bytes) else { return };
    let expected = [0.0, 0.04, 0.1234, 0.1634];
    assert!(found.iter().zip(expected).all(|(found, at)| (found.0 - at).abs() < 6e-6), "{found:?}");
    let Some(decoded) = run("ffprobe", &["-v", "error", "{}"], &bytes) else { return };
    assert!(decoded.is_empty());
}
