//! `cargo xtask browser`: Chromium plays our files, and two parsers written in JavaScript read them.
//!
//! Films have bars of colour that move on by one in every picture, so that a picture is known by
//! its colours; sound begins at a known sample. What must be found goes into `files.json` beside
//! the files; `tests/browser/check.mjs` looks whether it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use reelwright::{
    AudioStream, StreamingMediaEncoder, SubtitleStream, Target, TensorView, VideoStream,
};
use serde_json::{Value, json};

/// The bars, from left to right in the first picture: all of what BT.709 and BT.601 tell apart.
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
/// When sound begins: at no start of a packet.
const ONSET: usize = 10_007;

/// A file of pictures, of sound or of both.
#[derive(Clone, Copy)]
struct Recipe {
    name: &'static str,
    format: &'static str,
    /// Pictures' encoder, its options, size, pictures a second and how many.
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
    pictures: usize,
}

/// Pictures with the same colours, after the first.
const HELD: usize = 4;
const HD: (u32, u32) = (1280, 720);
const SD: (u32, u32) = (640, 360);

const fn film(name: &'static str, encoder: &'static str, audio: &'static str) -> Recipe {
    let video = Video { encoder, options: &[], size: SD, rate: 25.0, pictures: 40 };
    let audio = if audio.is_empty() { None } else { Some(audio) };
    Recipe { name, format: "mp4", video: Some(video), audio, options: &[], seekable: true }
}

const fn sound(name: &'static str, format: &'static str, encoder: &'static str) -> Recipe {
    Recipe { name, format, video: None, audio: Some(encoder), options: &[], seekable: true }
}

const fn image(name: &'static str, format: &'static str, encoder: &'static str) -> Recipe {
    let video = Video { encoder, options: &[], size: SD, rate: 1.0, pictures: 1 };
    Recipe { name, format, video: Some(video), audio: None, options: &[], seekable: true }
}

fn recipes() -> Vec<Recipe> {
    let h264 = |name| film(name, "h264", "aac");
    let video = |recipe: Recipe, change: fn(&mut Video)| {
        let mut video = recipe.video.expect("a film");
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
        film("mute.mp4", "h264", ""),
        film("opus.mp4", "h264", "opus"),
        film("mp3.mp4", "h264", "mp3"),
        film("flac.mp4", "h264", "flac"),
        video(film("av1.mp4", "librav1e", "opus"), |video| video.pictures = 8),
        sound("pcm.wav", "wav", "pcm_s16le"),
        sound("float.wav", "wav", "pcm_f32le"),
        sound("lossless.flac", "flac", "flac"),
        sound("lossless.oga", "oga", "flac"),
        sound("sound.mp3", "mp3", "mp3"),
        sound("sound.opus", "opus", "opus"),
        sound("sound.m4a", "ipod", "aac"),
        sound("sound.aac", "adts", "aac"),
        image("picture.png", "image2", "png"),
        image("picture.jpg", "image2", "mjpeg"),
        image("picture.webp", "image2", "webp"),
        image("picture.bmp", "image2", "bmp"),
        image("picture.gif", "gif", "gif"),
        image("picture.apng", "apng", "png"),
    ]
}

/// Makes the files and has them looked at.
///
/// # Errors
/// Files that cannot be made, or in which something else is found.
pub(crate) fn run() -> anyhow::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser");
    let Some(chromium) = program(&["chromium", "chromium-browser", "google-chrome"]) else {
        reelwright_testkit::program::missing("chromium");
        return Ok(());
    };
    if program(&["node"]).is_none() || !script.join("node_modules").exists() {
        reelwright_testkit::program::missing("node, or what `npm ci` installs in tests/browser,");
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
        bail!("Chromium or a parser finds something else than was written");
    }
    Ok(())
}

/// The first of these programs that there is.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut found = names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |directory| directory.join(name)));
    found.find(|path| path.is_file())
}

/// Writes a file of WebVTT; returns its samples: start and duration in milliseconds, and the payloads.
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

/// Writes a file; returns what must be found in it.
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
        write_pictures(&mut encoder, &video)?;
        let is_film = recipe.audio.is_some() || video.pictures > 1;
        let (width, height) = video.size;
        let seconds = video.pictures as f64 / video.rate;
        expected["width"] = json!(width);
        expected["height"] = json!(height);
        expected["colors"] = json!(COLORS);
        expected["held"] = json!(HELD);
        // On x86 Chromium's factor of Cb is 5 % too low in BT.709: it has 8 bits.
        let is_bt709 = height >= 720 && video.options.is_empty();
        expected["tolerances"] = json!([3, 3, if is_bt709 { 10 } else { 3 }]);
        expected["rate"] = json!(video.rate);
        expected["duration"] = json!(seconds);
        expected["padding"] = json!(0.0);
        expected[if is_film { "pictures" } else { "image" }] = json!(video.pictures);
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
        // As long as the pictures, or some odd length.
        let seconds = recipe.video.map(|video| video.pictures as f64 / video.rate);
        let samples =
            seconds.map_or(60_011, |seconds| (seconds * f64::from(SAMPLE_RATE)).round() as usize);
        write_sound(&mut encoder, usize::from(recipe.video.is_some()), samples)?;
        let (padding, early): (u32, u32) = match name {
            "aac" => (1024, 80),
            "mp3" => (1152, 80),
            "opus" => (960, 80),
            _ => (0, 0),
        };
        // Where an edit list has it skip this, Chromium skips it twice: of FFmpeg's files, too.
        let skipped_twice = match name {
            "mp3" if recipe.video.is_some() => 1105u32,
            "opus" if recipe.video.is_some() => 312,
            _ => 0,
        };
        // ADTS cannot tell that its encoder begins earlier.
        let delay = if recipe.format == "adts" { 1024 } else { 0 };
        let padding = padding + delay;
        // Mediabunny has no FLAC in Ogg, and hears the delay of MP3.
        let is_parsed = !["oga", "mp3"].contains(&recipe.format);
        expected["sound"] = json!({
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

fn write_pictures(encoder: &mut StreamingMediaEncoder<'_>, video: &Video) -> anyhow::Result<()> {
    let (width, height) = (video.size.0 as usize, video.size.1 as usize);
    let mut pixels = vec![0; 3 * width * height];
    for picture in 0..video.pictures {
        let turn = picture.div_ceil(HELD);
        for (index, pixel) in pixels.iter_mut().enumerate() {
            let (channel, x) = (index / (width * height), index % width);
            *pixel = COLORS[(x * COLORS.len() / width + turn) % COLORS.len()][channel];
        }
        let chunk = TensorView::contiguous(&pixels, &[1, 3, height, width])?;
        encoder.write_video_chunk(0, &chunk, None)?;
    }
    Ok(())
}

/// Silence, then a tone that begins at its peak.
fn write_sound(
    encoder: &mut StreamingMediaEncoder<'_>,
    index: usize,
    samples: usize,
) -> anyhow::Result<()> {
    let sample = |i: usize| match i.checked_sub(ONSET) {
        None => 0.0,
        Some(i) => 0.5 * (i as f32 * 0.13).cos(),
    };
    let sound: Vec<f32> = (0..samples).flat_map(|i| [sample(i); 2]).collect();
    encoder.write_audio_chunk(index, &TensorView::contiguous(&sound, &[samples, 2])?, None)?;
    Ok(())
}
