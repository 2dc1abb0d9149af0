//! Display times of frames in GIF and APNG according to independent decoders.

use std::io::Cursor;

use reelwright::{ErrorKind, Result, StreamingMediaEncoder, Target, TensorView, VideoStream};
use reelwright_testkit::program::run;
use reelwright_tests::log::logged;

const SIZE: (usize, usize) = (8, 6);

/// Returns a file of gray frames, one at each of these times in seconds.
fn animation(format: &str, rate: f64, times: &[f64], seekable: bool) -> Result<Vec<u8>> {
    let mut cursor = Cursor::new(Vec::new());
    let target =
        if seekable { Target::seekable_writer(&mut cursor) } else { Target::writer(&mut cursor) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(format))?;
    encoder.add_video_stream(&VideoStream::new(rate, SIZE.0 as u32, SIZE.1 as u32))?;
    encoder.open()?;
    for (index, time) in times.iter().enumerate() {
        let pixels = vec![40 * index as u8; 3 * SIZE.0 * SIZE.1];
        let chunk = TensorView::contiguous(&pixels, &[1, 3, SIZE.1, SIZE.0])?;
        encoder.write_video_chunk(0, &chunk, Some(*time))?;
    }
    encoder.close()?;
    drop(encoder);
    Ok(cursor.into_inner())
}

/// Returns for each frame of a GIF its duration in hundredths of a second, and true if it has
/// visible pixels.
fn gif_frames(file: &[u8]) -> Vec<(u16, bool)> {
    let mut decoder = gif::DecodeOptions::new().read_info(file).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        assert_eq!(frame.dispose, gif::DisposalMethod::Keep);
        let is_seen = frame.buffer.iter().any(|index| Some(*index) != frame.transparent);
        frames.push((frame.delay, is_seen));
    }
    frames
}

/// Returns for each frame of an APNG its delay as a fraction of a second, and its first byte.
fn apng_frames(file: &[u8]) -> Vec<((u16, u16), u8)> {
    let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
    let count = reader.info().animation_control().unwrap().num_frames;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frames = (0..count).map(|_| {
        reader.next_frame(&mut pixels).unwrap();
        let control = reader.info().frame_control().unwrap();
        ((control.delay_num, control.delay_den), pixels[0])
    });
    frames.collect()
}

/// Returns the times of packets in seconds according to `ffprobe`. `None` if it is not installed.
fn begins(demuxer: &str, file: &[u8]) -> Option<Vec<f64>> {
    let found = reelwright_testkit::program::ffprobe(demuxer, "packet=pts_time", file)?;
    Some(found.lines().map(|line| line.trim_end_matches(',').parse().unwrap()).collect())
}

#[test]
fn gif_frames_have_exact_durations() {
    let file = animation("gif", 25.0, &[0.0, 700.0], true).unwrap();
    assert_eq!(gif_frames(&file), [(35_000, true), (35_000, false), (4, true)]);
    if let Some(begins) = begins("gif", &file) {
        assert_eq!(begins, [0.0, 350.0, 700.0]);
    }
    // All durations are long enough for players.
    let file = animation("gif", 25.0, &[0.0, 655.36, 655.4], true).unwrap();
    assert_eq!(gif_frames(&file), [(32_768, true), (32_768, false), (4, true), (4, true)]);
    let file = animation("gif", 100.0, &[0.0, 655.35], true).unwrap();
    assert_eq!(gif_frames(&file), [(65_535, true), (1, true)]);
}

#[test]
fn apng_frames_have_exact_durations() {
    let shown = |rate, times: &[f64]| apng_frames(&animation("apng", rate, times, true).unwrap());
    // After a pause, a frame has its nominal duration.
    assert_eq!(shown(25.0, &[0.0, 700.04]), [((17_501, 25), 0), ((1, 25), 40)]);
    // A duration of more than two seconds that is not a multiple of 1/rate: 71 · 1001 / 30000.
    let ntsc = 30_000.0 / 1001.0;
    let frames = shown(ntsc, &[0.0, 71.0 / ntsc]);
    // The last frame has the same duration as the one before.
    assert_eq!(frames, [((65_535, 27_663), 0), ((65_534, 27_663), 40)]);
    // If that would be too imprecise, the frame is repeated.
    let frames = shown(ntsc, &[0.0, 2999.0 / ntsc]);
    assert_eq!(frames, [((100, 1), 0), ((1999, 30_000), 0), ((1001, 30_000), 40)]);
    let frames = shown(25.0, &[0.0, 70_000.04]);
    assert_eq!(frames, [((65_535, 1), 0), ((4465, 1), 0), ((1, 25), 0), ((1, 25), 40)]);
}

#[test]
fn first_frame_fills_the_time_before_it() {
    for times in [&[2.0][..], &[2.0, 2.04]] {
        let file = animation("gif", 25.0, times, true).unwrap();
        assert_eq!(gif_frames(&file)[0].0, 204);
        for seekable in [true, false] {
            let file = animation("apng", 25.0, times, seekable).unwrap();
            assert_eq!(apng_frames(&file)[0].0, (51, 25));
        }
        // As in a format without timestamps.
        let y4m = animation("yuv4mpegpipe", 25.0, times, true).unwrap();
        let frames = y4m.windows(6).filter(|bytes| *bytes == b"FRAME\n").count();
        assert_eq!(frames, 50 + times.len());
    }
}

#[test]
fn rejects_too_long_frame_durations() {
    for format in ["gif", "apng"] {
        animation(format, 25.0, &[0.0, 86_400.0], true).unwrap();
        let error = animation(format, 25.0, &[0.0, 86_400.04], true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Chunk);
        let text = error.to_string();
        assert!(text.contains("up to 86400 s") && text.contains("86400.04"), "{text}");
    }
}

#[test]
fn apng_is_the_same_without_seeking() {
    let times = [0.0, 0.04, 0.2, 70_000.0];
    let file = animation("apng", 25.0, &times, true).unwrap();
    assert_eq!(apng_frames(&file).len(), times.len() + 2);
    assert!(animation("apng", 25.0, &times, false).unwrap() == file);
}

#[test]
fn gif_warns_about_rates_that_players_ignore() {
    let warnings =
        |rate| logged(|| animation("gif", rate, &[0.0, 0.5, 0.5 + 1.0 / rate], true).unwrap()).1;
    assert!(warnings(50.0).is_empty());
    // Here, 1000 is the time base, not the actual frame rate.
    assert!(logged(|| animation("gif", 1000.0, &[0.0, 0.5, 0.54], true).unwrap()).1.is_empty());
    for (rate, named) in [(60.0, " 60 frames"), (60_000.0 / 1001.0, " 59.94 frames")] {
        let found = warnings(rate);
        assert_eq!(found.len(), 1, "{found:?}");
        let text = &found[0].1;
        assert!(text.contains(named) && text.contains("encoder_frame_rate of 50"), "{text}");
    }
}

/// Returns frames of ffmpeg's input as packed RGB. `None` if ffmpeg is not installed.
fn decode_frames(input: &[&str], (width, height): (usize, usize)) -> Option<Vec<u8>> {
    let scale = format!("fps=10,scale={width}:{height}");
    let output = ["-vf", &scale, "-t", "2", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
    run("ffmpeg", &[&["-v", "error"], input, &output[..]].concat(), &[])
}

/// Returns the PSNR of a GIF's frames in dB.
fn psnr(gif: &[u8], expected: &[u8]) -> Option<f64> {
    let output = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
    let found =
        run("ffmpeg", &[&["-v", "error", "-f", "gif", "-i", "{}"], &output[..]].concat(), gif)?;
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    let squares: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    Some(10.0 * (255.0 * 255.0 * expected.len() as f64 / squares.max(1.0)).log10())
}

#[test]
fn gif_is_as_small_and_good_as_that_of_ffmpeg() {
    let movie = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/bbb_1280x720_5.1.mp4");
    let synthetic = ["-f", "lavfi", "-i", "testsrc2=r=10"];
    let others = ["-f", "lavfi", "-i", "testsrc=r=10"];
    for (input, size) in [
        (&synthetic[..], (320, 240)),
        (&synthetic, (160, 120)),
        (&others, (320, 240)),
        (&["-i", movie], (320, 180)),
    ] {
        let Some(frames) = decode_frames(input, size) else { return };
        let (width, height) = size;
        let mut cursor = Cursor::new(Vec::new());
        let mut encoder =
            StreamingMediaEncoder::new(Target::writer(&mut cursor), Some("gif")).unwrap();
        encoder.add_video_stream(&VideoStream::new(10.0, width as u32, height as u32)).unwrap();
        encoder.open().unwrap();
        for frame in frames.chunks_exact(3 * width * height) {
            let planar: Vec<u8> =
                (0..3).flat_map(|c| frame.iter().skip(c).step_by(3)).copied().collect();
            let chunk = TensorView::contiguous(&planar, &[1, 3, height, width]).unwrap();
            encoder.write_video_chunk(0, &chunk, None).unwrap();
        }
        encoder.close().unwrap();
        drop(encoder);
        let ours = cursor.into_inner();
        let dimensions = format!("{width}x{height}");
        let raw =
            ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", &dimensions, "-r", "10", "-i", "{}"];
        let graph = "split[a][b];[a]palettegen[p];[b][p]paletteuse";
        let arguments = [&["-v", "error"], &raw[..], &["-lavfi", graph, "-f", "gif", "-"]].concat();
        let Some(theirs) = run("ffmpeg", &arguments, &frames) else { return };
        let (Some(near), Some(theirs_near)) = (psnr(&ours, &frames), psnr(&theirs, &frames)) else {
            return;
        };
        let values =
            format!("{} bytes of {near:.2} dB, {} of {theirs_near:.2}", ours.len(), theirs.len());
        assert!(ours.len() <= theirs.len() && near >= theirs_near, "{input:?} {size:?}: {values}");
    }
}

#[test]
fn gif_changes_the_palette_when_colors_change() {
    let (width, height) = (64, 48);
    let frame = |index: usize| -> Vec<u8> {
        let pixel = |i: usize| {
            let (x, y) = (i % width * 4, i / width * 5);
            let moved = ((x + 3 * index) % 256) as u8;
            // After six seconds, all colors are new.
            if index < 60 { [moved, y as u8 / 2, 0] } else { [0, moved, 255 - y as u8] }
        };
        (0..width * height).flat_map(pixel).collect()
    };
    let frames: Vec<_> = (0..90).map(frame).collect();
    let mut cursor = Cursor::new(Vec::new());
    let mut encoder = StreamingMediaEncoder::new(Target::writer(&mut cursor), Some("gif")).unwrap();
    let stream = VideoStream::new(10.0, width as u32, height as u32);
    encoder.add_video_stream(&stream.encoder_option("dither", "none")).unwrap();
    encoder.open().unwrap();
    for frame in &frames {
        let planar: Vec<u8> =
            (0..3).flat_map(|c| frame.iter().skip(c).step_by(3)).copied().collect();
        let chunk = TensorView::contiguous(&planar, &[1, 3, height, width]).unwrap();
        encoder.write_video_chunk(0, &chunk, None).unwrap();
    }
    encoder.close().unwrap();
    drop(encoder);
    let Some(near) = psnr(&cursor.into_inner(), &frames.concat()) else { return };
    assert!(near > 35.0, "{near}");
}
