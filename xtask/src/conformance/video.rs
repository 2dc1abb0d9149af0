//! Files with video, alone and with audio: number, times and size of the frames.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use reelwright::{
    AudioEncoderInfo, AudioStream, CodecId, MuxerInfo, PixelFormat, StreamingMediaEncoder, Target,
    TensorView, VideoEncoderInfo, VideoStream, audio_encoders, muxers, video_encoders,
};

use super::matrix::is_requested;

const SIZE: (usize, usize) = (96, 64);
const FRAMES: usize = 30;
const RATE: f64 = 25.0;
/// Number of audio frames: the duration of the video and slightly more.
const SAMPLES: usize = 58_001;
const SAMPLE_RATE: u32 = 48_000;

/// Parameters of a file.
struct VideoCase {
    muxer: &'static MuxerInfo,
    video: Option<&'static VideoEncoderInfo>,
    audio: Option<&'static AudioEncoderInfo>,
    seekable: bool,
}

impl std::fmt::Display for VideoCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let video = self.video.map(|info| info.encoder.name);
        let audio = self.audio.map(|info| info.encoder.name);
        let names: Vec<_> = video.into_iter().chain(audio).collect();
        let way = if self.seekable { "" } else { " streamed" };
        write!(f, "{} {}{way}", self.muxer.name, names.join(" + "))
    }
}

/// Returns the containers of video with each encoder, alone and with audio, and containers of both
/// with each audio encoder.
fn cases(only: &[&str]) -> Vec<VideoCase> {
    let mut cases = Vec::new();
    let numbered_or_raw = |muxer: &&MuxerInfo| {
        // Image formats write several files, and raw video has no header.
        !muxer.image_codecs.is_empty() || muxer.name == "rawvideo"
    };
    for muxer in muxers()
        .filter(|m| is_requested(m, only) && !m.video_codecs.is_empty() && !numbered_or_raw(m))
    {
        // Only new versions of FFmpeg read all codecs of FLV. The checks in `flv` cover it.
        if muxer.name == "flv" {
            continue;
        }
        let video = || video_encoders().filter(|v| muxer.video_codecs.contains(&v.encoder.codec));
        let audio = || audio_encoders().filter(|a| muxer.audio_codecs.contains(&a.encoder.codec));
        for seekable in [true, false] {
            let default_audio = audio().find(|a| a.encoder.codec == CodecId::Aac);
            let with_audio = video().map(|v| (Some(v), default_audio)).filter(|(_, a)| a.is_some());
            let alone = video().map(|v| (Some(v), None));
            // FFmpeg supports ISO's floating-point PCM since version 6.1.
            let is_known =
                |a: &&AudioEncoderInfo| muxer.name != "mp4" || !a.encoder.name.starts_with("pcm_f");
            let audio = audio().filter(is_known).map(|a| (None, Some(a)));
            cases.extend(alone.chain(with_audio).chain(audio).map(|(video, audio)| VideoCase {
                muxer,
                video,
                audio,
                seekable,
            }));
        }
    }
    cases
}

/// Prints failures. Returns the number of files that failed.
pub(super) fn failures(only: &[&str]) -> anyhow::Result<usize> {
    let installed = |program| Command::new(program).arg("-version").output().is_ok();
    if !installed("ffmpeg") || !installed("ffprobe") {
        reelwright_testkit::program::missing("ffmpeg");
        return Ok(0);
    }
    let directory = tempfile::tempdir()?;
    let cases = cases(only);
    let mut failures = 0;
    for case in &cases {
        let path = directory.path().join("case").with_extension(case.muxer.name);
        let checked = write(case, &path).and_then(|()| check(case, &path));
        if let Err(error) = checked {
            failures += 1;
            println!("FAILED video {case}: {error:#}");
        }
    }
    let mut count = cases.len();
    let mut judge = |name: &str, checked: anyhow::Result<()>| {
        count += 1;
        if let Err(error) = checked {
            failures += 1;
            println!("FAILED video {name}: {error:#}");
        }
    };
    for muxer in muxers().filter(|m| m.name == "mp4" && is_requested(m, only)) {
        for seekable in [true, false] {
            let case = VideoCase {
                muxer,
                video: video_encoders().find(|info| info.encoder.codec == CodecId::H264),
                audio: audio_encoders().find(|info| info.encoder.codec == CodecId::Aac),
                seekable,
            };
            for (frames, samples) in [(0, 0), (FRAMES, 0), (0, SAMPLES)] {
                let name = format!("{case}, {frames} frames and {samples} samples");
                judge(&name, of_one(&case, directory.path(), frames, samples));
            }
            judge(&format!("{case}, killed"), killed(&case, directory.path()));
            judge(&format!("{case}, of twelve hours"), twelve_hours(&case, directory.path()));
        }
    }
    println!("{count} cases, {failures} failed");
    Ok(failures)
}

/// Checks a file with two streams, of which only one or none was written.
fn of_one(case: &VideoCase, directory: &Path, frames: usize, samples: usize) -> anyhow::Result<()> {
    let path = directory.join("one.mp4");
    let mut encoder = open(case, &path)?;
    write_frames(&mut encoder, 0, frames, None)?;
    if samples > 0 {
        write_audio(&mut encoder, 1, samples)?;
    }
    encoder.close()?;
    let entries = "stream=codec_type,nb_read_packets";
    let arguments = ["-count_packets", "-show_entries", entries, "-of", "csv=p=0"];
    let found = String::from_utf8(output("ffprobe", &arguments, &path)?)?;
    // Streams without packets are not counted.
    let counts: Vec<(&str, usize)> = found
        .lines()
        .filter_map(|line| line.split_once(','))
        .filter_map(|(kind, count)| Some((kind, count.trim_end_matches(',').parse().ok()?)))
        .collect();
    // AAC has an additional packet at the start.
    let packets = if samples > 0 { (samples.div_ceil(1024) + 1).max(3) } else { 0 };
    for (kind, expected) in [("video", frames), ("audio", packets)] {
        let count: usize = counts.iter().filter(|one| one.0 == kind).map(|one| one.1).sum();
        ensure!(count == expected, "ffprobe finds {count} packets of {kind} instead of {expected}");
    }
    Ok(())
}

/// Checks that a file that was not completed is playable up to its last fragment.
fn killed(case: &VideoCase, directory: &Path) -> anyhow::Result<()> {
    const SECONDS: usize = 6;
    let path = directory.join("killed.mp4");
    let mut encoder = open(case, &path)?;
    for _ in 0..SECONDS {
        write_frames(&mut encoder, 0, RATE as usize, None)?;
        write_audio(&mut encoder, 1, SAMPLE_RATE as usize)?;
    }
    // The state of the file during writing.
    let bytes = std::fs::read(&path)?;
    encoder.close()?;
    let path = directory.join("cut.mp4");
    let decoded = |length: usize| -> anyhow::Result<usize> {
        std::fs::write(&path, &bytes[..length])?;
        // ffmpeg reports the missing data, as expected.
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "quiet", "-nostdin", "-i"]).arg(&path);
        let arguments =
            ["-map", "0:v", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
        Ok(command.args(arguments).output()?.stdout.len() / SIZE.0 / SIZE.1)
    };
    let whole = decoded(bytes.len())?;
    let least = (SECONDS - 2) * RATE as usize;
    ensure!(whole >= least, "ffmpeg decodes {whole} frames of {}", SECONDS * RATE as usize);
    let (mut shown, mut seconds) = (0, 0);
    for part in 1..=23 {
        // At arbitrary positions.
        let length = bytes.len() * part / 23 - 13 * part % 7;
        // FFmpeg does not open files that end within the header of a fragment, not even its own.
        if box_around(&bytes, length) == Some(*b"moof") {
            continue;
        }
        let now = decoded(length)?;
        ensure!(now >= shown, "ffmpeg decodes {now} frames, but {shown} of a shorter file");
        seconds += usize::from(now > shown);
        shown = now;
    }
    ensure!(seconds >= SECONDS - 2, "the frames are in only {seconds} fragments");
    Ok(())
}

/// Returns the type of the top-level box at an offset.
fn box_around(file: &[u8], place: usize) -> Option<[u8; 4]> {
    let mut at = 0;
    loop {
        let size = u32::from_be_bytes(*file.get(at..)?.first_chunk()?) as usize;
        if (at..at + size).contains(&place) {
            return file.get(at + 4..)?.first_chunk().copied();
        }
        at += size.max(8);
    }
}

/// Checks the times of a file with a gap of twelve hours before its last second.
fn twelve_hours(case: &VideoCase, directory: &Path) -> anyhow::Result<()> {
    const LATE: f64 = 12.0 * 3600.0;
    let path = directory.join("long.mp4");
    let mut encoder = open(case, &path)?;
    for pts in [None, Some(LATE)] {
        write_frames(&mut encoder, 0, RATE as usize, pts)?;
    }
    encoder.close()?;
    let arguments = ["-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
    let found = String::from_utf8(output("ffprobe", &arguments, &path)?)?;
    let times: Vec<f64> = found.lines().filter_map(|line| line.trim().parse().ok()).collect();
    let second = |start: f64| (0..RATE as usize).map(move |i| start + i as f64 / RATE);
    let expected: Vec<f64> = second(0.0).chain(second(LATE)).collect();
    let is_right = times.len() == expected.len()
        && times.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-3);
    ensure!(is_right, "ffprobe finds frames at {times:?}");
    Ok(())
}

fn open(case: &VideoCase, path: &Path) -> anyhow::Result<StreamingMediaEncoder<'static>> {
    let file = std::fs::File::create(path)?;
    let target = if case.seekable { Target::seekable_writer(file) } else { Target::writer(file) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(case.muxer.name))?;
    if let Some(video) = case.video {
        let mut stream = VideoStream::new(RATE, SIZE.0 as u32, SIZE.1 as u32);
        if case.muxer.name == "yuv4mpegpipe" {
            stream = stream.encoder_format(PixelFormat::Yuv420p);
        }
        encoder.add_video_stream(&stream.encoder(video.encoder.name))?;
    }
    if let Some(audio) = case.audio {
        let stream = AudioStream::new(SAMPLE_RATE, 2).encoder(audio.encoder.name);
        encoder.add_audio_stream(&stream)?;
    }
    encoder.open()?;
    Ok(encoder)
}

fn write(case: &VideoCase, path: &Path) -> anyhow::Result<()> {
    let mut encoder = open(case, path)?;
    if case.video.is_some() {
        write_frames(&mut encoder, 0, FRAMES, None)?;
    }
    if case.audio.is_some() {
        write_audio(&mut encoder, usize::from(case.video.is_some()), SAMPLES)?;
    }
    encoder.close()?;
    Ok(())
}

/// Writes frames, the first of them at `pts`.
fn write_frames(
    encoder: &mut StreamingMediaEncoder<'_>,
    index: usize,
    count: usize,
    pts: Option<f64>,
) -> anyhow::Result<()> {
    let shape = [1, 3, SIZE.1, SIZE.0];
    for frame in 0..count {
        let pixel = |i: usize| ((i % SIZE.0 * 2 + i / SIZE.0 + 4 * frame) % 256) as u8;
        let pixels: Vec<u8> = (0..shape.iter().product()).map(pixel).collect();
        let pts = pts.filter(|_| frame == 0);
        encoder.write_video_chunk(index, &TensorView::contiguous(&pixels, &shape)?, pts)?;
    }
    Ok(())
}

fn write_audio(
    encoder: &mut StreamingMediaEncoder<'_>,
    index: usize,
    count: usize,
) -> anyhow::Result<()> {
    let sample = |i: usize| 0.3 * (i as f32 * if i.is_multiple_of(2) { 0.03 } else { 0.05 }).sin();
    let samples: Vec<f32> = (0..2 * count).map(sample).collect();
    encoder.write_audio_chunk(index, &TensorView::contiguous(&samples, &[count, 2])?, None)?;
    Ok(())
}

fn output(program: &str, arguments: &[&str], path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(["-v", "error"]);
    if program == "ffmpeg" {
        command.args(["-nostdin", "-xerror"]);
    }
    let output = command.arg("-i").arg(path).args(arguments).output().context("no output")?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && complaint.is_empty(), "{program}: {complaint}");
    Ok(output.stdout)
}

fn check(case: &VideoCase, path: &Path) -> anyhow::Result<()> {
    if case.video.is_some() {
        let entries = "stream=width,height,nb_read_frames";
        let arguments =
            ["-count_frames", "-select_streams", "v", "-show_entries", entries, "-of", "csv=p=0"];
        let found = String::from_utf8(output("ffprobe", &arguments, path)?)?;
        let expected = format!("{},{},{FRAMES}", SIZE.0, SIZE.1);
        ensure!(found.trim() == expected, "ffprobe finds {} instead of {expected}", found.trim());
        // All frames must be decodable.
        let arguments =
            ["-map", "0:v", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
        let frames = output("ffmpeg", &arguments, path)?.len() / SIZE.0 / SIZE.1;
        ensure!(frames == FRAMES, "ffmpeg decodes {frames} frames instead of {FRAMES}");
    }
    if let Some(audio) = case.audio {
        let arguments = ["-map", "0:a", "-f", "f32le", "-"];
        let samples = output("ffmpeg", &arguments, path)?.len() / 8;
        // FFmpeg applies the edit list at the start, but before version 6 not at the end, so that
        // the rest of a packet is decoded, in its own files too.
        let is_exact = audio.encoder.codec.is_lossless();
        ensure!(
            if is_exact { samples == SAMPLES } else { samples.abs_diff(SAMPLES) < 2048 },
            "ffmpeg decodes {samples} samples instead of {SAMPLES}"
        );
    }
    Ok(())
}
