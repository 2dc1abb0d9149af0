//! `cargo xtask browser`: plays files in Chromium and reads them with two JavaScript parsers.
//!
//! Videos have color bars that rotate from frame to frame, so that their colors identify a frame.
//! Audio has an onset at a known sample. `files.json` next to the files has the expected values,
//! and `tests/browser/check.mjs` checks them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use reelwright::{
    AudioStream, StreamingMediaEncoder, SubtitleStream, Target, TensorView, VideoStream,
};
use serde_json::{Value, json};

/// Bars of the first frame, from left to right. BT.709 and BT.601 show them with different colors.
const COLORS: [[u8; 3]; 8] = [
    [235, 235, 235],
    [200, 200, 20],
    [20, 200, 200],
    [20, 180, 20],
    [200, 20, 200],
    [200, 30, 20],
    [20, 20, 200],
    [60, 60, 60],
];
const SAMPLE_RATE: u32 = 48_000;
/// First sample of the tone, which is not at the start of a packet.
const ONSET: usize = 10_007;

/// Parameters of a file with video, audio or both.
#[derive(Clone, Copy)]
struct Recipe {
    name: &'static str,
    format: &'static str,
    /// Video encoder, its options, size, frame rate and number of frames.
    video: Option<Video>,
    audio: Option<&'static str>,
    /// Options of the container.
    options: &'static [(&'static str, &'static str)],
    seekable: bool,
}

#[derive(Clone, Copy)]
struct Video {
    encoder: &'static str,
    options: &'static [(&'static str, &'static str)],
    size: (u32, u32),
    rate: f64,
    frames: usize,
}

/// Number of frames with the same colors, after the first frame.
const HELD: usize = 4;
const HD: (u32, u32) = (1280, 720);
const SD: (u32, u32) = (640, 360);

const fn video_recipe(name: &'static str, encoder: &'static str, audio: &'static str) -> Recipe {
    let video = Video { encoder, options: &[], size: SD, rate: 25.0, frames: 40 };
    let audio = if audio.is_empty() { None } else { Some(audio) };
    Recipe { name, format: "mp4", video: Some(video), audio, options: &[], seekable: true }
}

const fn audio_recipe(name: &'static str, format: &'static str, encoder: &'static str) -> Recipe {
    Recipe { name, format, video: None, audio: Some(encoder), options: &[], seekable: true }
}

const fn image(name: &'static str, format: &'static str, encoder: &'static str) -> Recipe {
    let video = Video { encoder, options: &[], size: SD, rate: 1.0, frames: 1 };
    Recipe { name, format, video: Some(video), audio: None, options: &[], seekable: true }
}

fn recipes() -> Vec<Recipe> {
    let h264 = |name| video_recipe(name, "h264", "aac");
    let video = |recipe: Recipe, change: fn(&mut Video)| {
        let mut video = recipe.video.expect("a video");
        change(&mut video);
        Recipe { video: Some(video), ..recipe }
    };
    vec![
        h264("hybrid.mp4"),
        Recipe { seekable: false, ..h264("streamed.mp4") },
        Recipe { options: &[("movflags", "faststart")], ..h264("faststart.mp4") },
        Recipe { options: &[("movflags", "frag_keyframe+empty_moov")], ..h264("fragmented.mp4") },
        Recipe { format: "mov", ..h264("quicktime.mov") },
        video(h264("hd.mp4"), |video| (video.size, video.rate) = (HD, 30_000.0 / 1001.0)),
        video(h264("hd_bt601.mp4"), |video| {
            (video.size, video.options) = (HD, &[("colorspace", "smpte170m")]);
        }),
        video(h264("full_range.mp4"), |video| video.options = &[("color_range", "pc")]),
        video_recipe("mute.mp4", "h264", ""),
        video_recipe("opus.mp4", "h264", "opus"),
        video_recipe("mp3.mp4", "h264", "mp3"),
        video_recipe("flac.mp4", "h264", "flac"),
        video(video_recipe("av1.mp4", "librav1e", "opus"), |video| video.frames = 8),
        audio_recipe("pcm.wav", "wav", "pcm_s16le"),
        audio_recipe("float.wav", "wav", "pcm_f32le"),
        audio_recipe("lossless.flac", "flac", "flac"),
        audio_recipe("lossless.oga", "oga", "flac"),
        audio_recipe("audio.mp3", "mp3", "mp3"),
        audio_recipe("audio.opus", "opus", "opus"),
        audio_recipe("audio.m4a", "ipod", "aac"),
        audio_recipe("audio.aac", "adts", "aac"),
        image("frame.png", "image2", "png"),
        image("frame.jpg", "image2", "mjpeg"),
        image("frame.webp", "image2", "webp"),
        image("frame.bmp", "image2", "bmp"),
        image("frame.gif", "gif", "gif"),
        image("frame.apng", "apng", "png"),
    ]
}

/// Writes the files and checks them.
///
/// # Errors
/// A file cannot be written, or a check fails.
pub(crate) fn run() -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser");
    let Some(chromium) = program(&["chromium", "chromium-browser", "google-chrome"]) else {
        reelwright_testkit::program::missing("chromium");
        return Ok(());
    };
    if program(&["node"]).is_none() || !script.join("node_modules").exists() {
        reelwright_testkit::program::missing("node, or the packages of `npm ci` in tests/browser,");
        return Ok(());
    }
    let directory = tempfile::tempdir()?;
    let mut files = Vec::new();
    for recipe in recipes() {
        files.push(write(&recipe, directory.path()).with_context(|| recipe.name)?);
    }
    for layout in ["faststart", "frag_keyframe"] {
        files.push(write_cues(layout, directory.path()).context("subtitles")?);
    }
    std::fs::write(directory.path().join("files.json"), serde_json::to_vec(&files)?)?;
    let mut command = Command::new("node");
    command.arg(script.join("check.mjs")).arg(directory.path()).arg(chromium);
    if !command.status()?.success() {
        bail!("Chromium or a parser does not find the expected values");
    }
    Ok(())
}

/// Returns the path of the first of these programs that is installed.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut found = names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |directory| directory.join(name)));
    found.find(|path| path.is_file())
}

/// Writes a WebVTT file. Returns its samples: start and duration in milliseconds, and the payloads.
fn write_cues(layout: &str, directory: &Path) -> anyhow::Result<Value> {
    let name = format!("webvtt_{layout}.mp4");
    let path = directory.join(&name);
    let mut encoder = StreamingMediaEncoder::new(path.as_path(), None)?;
    encoder.add_subtitle_stream(&SubtitleStream::new().codec("webvtt"))?;
    encoder.open_with([("movflags", layout)].into_iter().collect())?;
    encoder.write_subtitle(0, 0.5, 2.0, "<i>one</i> & two")?;
    encoder.write_subtitle(0, 1.0, 1.5, "ünïcödé\nlines")?;
    encoder.close()?;
    let (first, second) = ("<i>one</i> &amp; two", "ünïcödé\nlines");
    Ok(json!({ "name": name, "cues": [
        [0, 500, []], [500, 500, [first]], [1000, 500, [first, second]], [1500, 500, [first]],
    ] }))
}

/// Writes a file. Returns its expected values.
fn write(recipe: &Recipe, directory: &Path) -> anyhow::Result<Value> {
    let path = directory.join(recipe.name);
    let mut encoder = if recipe.format == "image2" {
        StreamingMediaEncoder::new(path.as_path(), Some(recipe.format))?
    } else {
        let file = std::fs::File::create(&path)?;
        let target =
            if recipe.seekable { Target::seekable_writer(file) } else { Target::writer(file) };
        StreamingMediaEncoder::new(target, Some(recipe.format))?
    };
    if let Some(video) = recipe.video {
        let mut stream =
            VideoStream::new(video.rate, video.size.0, video.size.1).encoder(video.encoder);
        for (name, value) in video.options {
            stream = stream.encoder_option(*name, *value);
        }
        encoder.add_video_stream(&stream)?;
    }
    if let Some(name) = recipe.audio {
        encoder.add_audio_stream(&AudioStream::new(SAMPLE_RATE, 2).encoder(name))?;
    }
    encoder.open_with(recipe.options.iter().copied().collect())?;
    let mut expected = json!({ "name": recipe.name });
    if let Some(video) = recipe.video {
        write_frames(&mut encoder, &video)?;
        let is_video = recipe.audio.is_some() || video.frames > 1;
        let (width, height) = video.size;
        let seconds = video.frames as f64 / video.rate;
        expected["width"] = json!(width);
        expected["height"] = json!(height);
        expected["colors"] = json!(COLORS);
        expected["held"] = json!(HELD);
        // On x86, Chromium's coefficient of Cb in BT.709 has 8 bits and is 5 % too low.
        let is_bt709 = height >= 720 && video.options.is_empty();
        expected["tolerances"] = json!([3, 3, if is_bt709 { 10 } else { 3 }]);
        expected["rate"] = json!(video.rate);
        expected["duration"] = json!(seconds);
        expected["padding"] = json!(0.0);
        expected[if is_video { "frames" } else { "image" }] = json!(video.frames);
        let mut codecs = vec![if video.encoder == "librav1e" { "av01" } else { "avc1" }];
        codecs.extend(recipe.audio.map(|audio| match audio {
            "opus" => "Opus",
            "flac" => "fLaC",
            _ => "mp4a",
        }));
        codecs.sort_unstable();
        expected["codecs"] = json!(codecs);
    }
    if let Some(name) = recipe.audio {
        // As long as the video, or an odd length.
        let seconds = recipe.video.map(|video| video.frames as f64 / video.rate);
        let samples =
            seconds.map_or(60_011, |seconds| (seconds * f64::from(SAMPLE_RATE)).round() as usize);
        write_audio(&mut encoder, usize::from(recipe.video.is_some()), samples)?;
        let (padding, early): (u32, u32) = match name {
            "aac" => (1024, 80),
            "mp3" => (1152, 80),
            "opus" => (960, 80),
            _ => (0, 0),
        };
        // Chromium skips this twice if an edit list skips it, in FFmpeg's files too.
        let skipped_twice = match name {
            "mp3" if recipe.video.is_some() => 1105u32,
            "opus" if recipe.video.is_some() => 312,
            _ => 0,
        };
        // ADTS cannot state the encoder delay.
        let delay = if recipe.format == "adts" { 1024 } else { 0 };
        let padding = padding + delay;
        // Mediabunny does not support FLAC in Ogg, and does not remove the delay of MP3.
        let is_parsed = !["oga", "mp3"].contains(&recipe.format);
        expected["audio"] = json!({
            "rate": SAMPLE_RATE, "samples": samples - skipped_twice as usize, "channels": 2,
            "onset": ONSET - skipped_twice as usize, "padding": padding + skipped_twice, "early": early + delay,
        });
        expected["parsed"] = json!(is_parsed);
        if recipe.video.is_some() {
            expected["padding"] = json!(f64::from(padding) / f64::from(SAMPLE_RATE));
        }
    }
    encoder.close()?;
    Ok(expected)
}

fn write_frames(encoder: &mut StreamingMediaEncoder<'_>, video: &Video) -> anyhow::Result<()> {
    let (width, height) = (video.size.0 as usize, video.size.1 as usize);
    let mut pixels = vec![0; 3 * width * height];
    for frame in 0..video.frames {
        let turn = frame.div_ceil(HELD);
        for (index, pixel) in pixels.iter_mut().enumerate() {
            let (channel, x) = (index / (width * height), index % width);
            *pixel = COLORS[(x * COLORS.len() / width + turn) % COLORS.len()][channel];
        }
        let chunk = TensorView::contiguous(&pixels, &[1, 3, height, width])?;
        encoder.write_video_chunk(0, &chunk, None)?;
    }
    Ok(())
}

/// Writes silence, then a tone that begins at its peak.
fn write_audio(
    encoder: &mut StreamingMediaEncoder<'_>,
    index: usize,
    samples: usize,
) -> anyhow::Result<()> {
    let sample = |i: usize| match i.checked_sub(ONSET) {
        None => 0.0,
        Some(i) => 0.5 * (i as f32 * 0.13).cos(),
    };
    let interleaved: Vec<f32> = (0..samples).flat_map(|i| [sample(i); 2]).collect();
    encoder.write_audio_chunk(
        index,
        &TensorView::contiguous(&interleaved, &[samples, 2])?,
        None,
    )?;
    Ok(())
}
