//! A recording of a killed process contains everything except its last second.

mod common;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use common::encode;
use reelwright::{
    AudioStream, CodecConfig, MuxerInfo, PixelFormat, StreamingMediaEncoder, TensorView,
    VideoStream, audio_encoders, muxers, video_encoders,
};

/// Folder that the killed process writes to.
const FOLDER: &str = "REELWRIGHT_TEST_FOLDER";
/// Duration of the media in seconds.
const SECONDS: usize = 7;
/// Frames per second of video.
const FRAMES: usize = 10;
const SIZE: (usize, usize) = (64, 48);

/// Containers without a header.
const HEADERLESS: &[&str] = &[
    "s16le", "s16be", "u8", "s8", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "f64le",
    "f64be", "alaw", "mulaw",
];

/// Formats whose files are lost; `docs/durability.md` lists the reasons.
const LOST: &[(&str, &str)] = &[("apng", "png"), ("caf", "alac")];

/// Recorded file.
struct Recording {
    muxer: &'static MuxerInfo,
    codec: String,
    file: String,
    rate: u32,
    /// Maximum delay of the encoder in seconds.
    delay: f64,
    encoder: StreamingMediaEncoder<'static>,
}

fn extension(muxer: &MuxerInfo) -> &'static str {
    muxer.extensions.first().copied().unwrap_or("raw")
}

fn audio_recordings(folder: &Path) -> Vec<Recording> {
    let mut recordings = Vec::new();
    for muxer in muxers() {
        for info in audio_encoders() {
            let codec = info.encoder.codec;
            let is_default = !recordings.iter().any(|other: &Recording| {
                other.muxer.name == muxer.name && other.codec == codec.name()
            });
            if !muxer.audio_codecs.contains(&codec) || !is_default || codec.name() == "vorbis" {
                continue;
            }
            let file = format!("{}_{codec}.{}", muxer.name, extension(muxer));
            // The lowest rates that the encoder supports.
            let open = |rate: u32, bit_rate: Option<u64>| {
                let stream = AudioStream::new(rate, 1).encoder(info.encoder.name);
                let config = CodecConfig { bit_rate, ..CodecConfig::default() };
                let path = folder.join(&file);
                let mut encoder = StreamingMediaEncoder::new(&path, Some(muxer.name)).ok()?;
                encoder.add_audio_stream(&stream.codec_config(config)).ok()?;
                encoder.open().ok()?;
                Some((rate, encoder))
            };
            let bit_rates = [Some(6000), Some(8000), Some(16_000), None];
            let opened = bit_rates
                .into_iter()
                .flat_map(|bit_rate| [8000, 16_000, 48_000, 44_100].map(|rate| (rate, bit_rate)))
                .find_map(|(rate, bit_rate)| open(rate, bit_rate));
            let (rate, encoder) = opened.unwrap_or_else(|| panic!("{} {codec}", muxer.name));
            let audio = encoder.stream_parameters(0).unwrap().audio().unwrap();
            let frame = audio.frame_size.map_or(0.0, |size| size as f64);
            let delay = 3.0 * frame / f64::from(audio.format.sample_rate);
            let codec = codec.name().to_owned();
            recordings.push(Recording { muxer, codec, file, rate, delay, encoder });
        }
    }
    recordings
}

fn video_recordings(folder: &Path) -> Vec<Recording> {
    let mut recordings = Vec::new();
    for muxer in muxers().filter(|muxer| muxer.name != "image2") {
        for info in video_encoders() {
            let codec = info.encoder.codec;
            let is_default = !recordings.iter().any(|other: &Recording| {
                other.muxer.name == muxer.name && other.codec == codec.name()
            });
            if !muxer.video_codecs.contains(&codec) || !is_default {
                continue;
            }
            let file = format!("{}_{codec}.{}", muxer.name, extension(muxer));
            let open = |format: Option<PixelFormat>| {
                let stream = VideoStream::new(FRAMES as f64, SIZE.0 as u32, SIZE.1 as u32);
                let mut stream = stream.encoder(info.encoder.name);
                if let Some(format) = format {
                    stream = stream.encoder_format(format);
                }
                let config = CodecConfig { gop_size: Some(10), ..CodecConfig::default() };
                let path = folder.join(&file);
                let mut encoder = StreamingMediaEncoder::new(&path, Some(muxer.name)).ok()?;
                encoder.add_video_stream(&stream.codec_config(config)).ok()?;
                encoder.open().ok()?;
                Some(encoder)
            };
            let encoder = open(Some(PixelFormat::Yuv420p)).or_else(|| open(None));
            let encoder = encoder.unwrap_or_else(|| panic!("{} {codec}", muxer.name));
            // Lookahead of the encoder, and frames in its thread.
            let delay = match codec.name() {
                "av1" => 2.5,
                "gif" => 5.0,
                _ => 0.5,
            };
            let codec = codec.name().to_owned();
            recordings.push(Recording { muxer, codec, file, rate: 0, delay, encoder });
        }
    }
    recordings
}

fn tone(rate: usize, count: usize) -> Vec<f32> {
    (0..count).map(|i| 0.3 * (i as f32 * 2000.0 / rate as f32).sin()).collect()
}

fn write_audio(encoder: &mut StreamingMediaEncoder<'_>, index: usize, rate: usize, chunks: usize) {
    let chunk = tone(rate, rate / 10);
    for _ in 0..chunks {
        let view = TensorView::contiguous(&chunk, &[rate / 10, 1]).unwrap();
        encoder.write_audio_chunk(index, &view, None).unwrap();
    }
}

fn write_frame(encoder: &mut StreamingMediaEncoder<'_>, index: usize, number: usize) {
    let (width, height) = SIZE;
    let mut frame = vec![40u8; 3 * width * height];
    frame[..number + 1].fill(200);
    let view = TensorView::contiguous(&frame, &[1, 3, height, width]).unwrap();
    encoder.write_video_chunk(index, &view, None).unwrap();
}

/// Creates an audio and a video stream. `audio` and `video` are durations in tenths of a second.
fn paused_recording(path: &Path, audio: usize, video: usize) -> StreamingMediaEncoder<'static> {
    let mut encoder = StreamingMediaEncoder::new(path, None).unwrap();
    encoder.add_audio_stream(&AudioStream::new(48_000, 1)).unwrap();
    let stream = VideoStream::new(FRAMES as f64, SIZE.0 as u32, SIZE.1 as u32);
    encoder.add_video_stream(&stream).unwrap();
    encoder.open().unwrap();
    for tenth in 0..audio.max(video) {
        if tenth < audio {
            write_audio(&mut encoder, 0, 48_000, 1);
        }
        if tenth < video {
            write_frame(&mut encoder, 1, tenth);
        }
    }
    encoder
}

/// Records in the processes that are killed; does nothing in a regular test run.
#[test]
fn records_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let mut audio = audio_recordings(folder);
    for recording in &mut audio {
        write_audio(&mut recording.encoder, 0, recording.rate as usize, 10 * SECONDS);
    }
    let mut video = video_recordings(folder);
    for recording in &mut video {
        for number in 0..SECONDS * FRAMES {
            write_frame(&mut recording.encoder, 0, number);
        }
    }
    let _paused = [("video_pauses.mp4", 60, 15), ("audio_pauses.mp4", 15, 60)]
        .map(|(name, audio, video)| paused_recording(&folder.join(name), audio, video));
    let list: Vec<_> = audio
        .iter()
        .chain(&video)
        .map(|it| {
            format!("{}\t{}\t{}\t{}\t{}", it.muxer.name, it.codec, it.file, it.rate, it.delay)
        })
        .collect();
    std::fs::write(folder.join("list.part"), list.join("\n")).unwrap();
    std::fs::rename(folder.join("list.part"), folder.join("list")).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(600));
}

/// Returns the duration in seconds that the program reads from a file.
fn seconds(folder: &Path, arguments: &[&str], is_video: bool) -> f64 {
    let output = if is_video { "read.y4m" } else { "read.wav" };
    let (code, summary, message) = encode(folder, &[arguments, &["-o", output]].concat());
    if ![0, 3].contains(&code) {
        eprintln!("{arguments:?}: {message}");
        return 0.0;
    }
    summary["streams"][0]["duration"].as_f64().unwrap_or(0.0)
}

#[test]
fn killed_recording_loses_at_most_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "records_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !folder.join("list").exists() {
        if child.try_wait().unwrap().is_some() {
            let mut text = String::new();
            child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
            panic!("{text}");
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // SIGKILL: the process completes nothing.
    child.kill().unwrap();
    child.wait().unwrap();
    let mut lost = Vec::new();
    let mut count = 0;
    let list = std::fs::read_to_string(folder.join("list")).unwrap();
    for line in list.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [muxer, codec, file, rate, delay] = fields[..] else { panic!("{line}") };
        if LOST.contains(&(muxer, codec)) {
            continue;
        }
        let is_video = rate == "0";
        let size = format!("{}x{}", SIZE.0, SIZE.1);
        let frames = FRAMES.to_string();
        let mut arguments = vec![file];
        if muxer == "g722" {
            arguments.extend(["--input-format", "g722"]);
        } else if HEADERLESS.contains(&muxer) {
            arguments.extend(["--input-format", muxer, "--input-sample-rate", rate]);
            arguments.extend(["--input-channels", "1"]);
        }
        if muxer == "rawvideo" {
            arguments.extend(["--input-format", "rawvideo", "--input-size", &size]);
            arguments.extend(["--input-pixel-format", "yuv420p"]);
        }
        if matches!(muxer, "rawvideo" | "h264" | "obu" | "mjpeg") {
            arguments.extend(["--frame-rate", &frames]);
        }
        let found = seconds(folder, &arguments, is_video);
        let delay: f64 = delay.parse().unwrap();
        let missing = SECONDS as f64 - found;
        eprintln!(
            "{muxer} {codec}: {missing:.3} s are missing, the encoder holds up to {delay:.3}"
        );
        if found < SECONDS as f64 - 1.05 - delay {
            lost.push(format!("{muxer} {codec}: {found} of {SECONDS} s, delay {delay}"));
        }
        count += 1;
    }
    let audio = seconds(folder, &["video_pauses.mp4"], false);
    let video = seconds(folder, &["audio_pauses.mp4"], true);
    if audio < 4.9 {
        lost.push(format!("audio with paused video: {audio} of 6 s"));
    }
    if video < 4.3 {
        lost.push(format!("video with paused audio: {video} of 6 s"));
    }
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(count > 100, "{count}");
}
