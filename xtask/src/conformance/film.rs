//! Pictures, and sound beside them: that every one comes out, when it should, of what size.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use reelwright::{
    AudioEncoderInfo, AudioStream, CodecId, MuxerInfo, PixelFormat, StreamingMediaEncoder, Target,
    TensorView, VideoEncoderInfo, VideoStream, audio_encoders, muxers, video_encoders,
};

use super::matrix::is_asked;

const SIZE: (usize, usize) = (96, 64);
const PICTURES: usize = 30;
const RATE: f64 = 25.0;
/// Samples of each channel, of the length of the pictures and a little more.
const SAMPLES: usize = 58_001;
const SAMPLE_RATE: u32 = 48_000;

/// What a file is made of.
struct Film {
    muxer: &'static MuxerInfo,
    video: Option<&'static VideoEncoderInfo>,
    audio: Option<&'static AudioEncoderInfo>,
    seekable: bool,
}

impl std::fmt::Display for Film {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let video = self.video.map(|info| info.encoder.name);
        let audio = self.audio.map(|info| info.encoder.name);
        let names: Vec<_> = video.into_iter().chain(audio).collect();
        let way = if self.seekable { "" } else { " streamed" };
        write!(f, "{} {}{way}", self.muxer.name, names.join(" + "))
    }
}

/// Containers of video with every encoder they take, alone and with sound; and those of them that
/// hold sound with every encoder of it.
fn films(only: &[&str]) -> Vec<Film> {
    let mut films = Vec::new();
    let numbered_or_raw = |muxer: &&MuxerInfo| {
        // Numbered pictures are no one file, and raw ones do not say what they are.
        !muxer.image_codecs.is_empty() || muxer.name == "rawvideo"
    };
    for muxer in
        muxers().filter(|m| is_asked(m, only) && !m.video_codecs.is_empty() && !numbered_or_raw(m))
    {
        let video = || video_encoders().filter(|v| muxer.video_codecs.contains(&v.encoder.codec));
        let audio = || audio_encoders().filter(|a| muxer.audio_codecs.contains(&a.encoder.codec));
        for seekable in [true, false] {
            let default_audio = audio().find(|a| a.encoder.codec == CodecId::Aac);
            let with_sound = video().map(|v| (Some(v), default_audio)).filter(|(_, a)| a.is_some());
            let alone = video().map(|v| (Some(v), None));
            // FFmpeg knows ISO's floating-point PCM from version 6.1 on.
            let is_known =
                |a: &&AudioEncoderInfo| muxer.name != "mp4" || !a.encoder.name.starts_with("pcm_f");
            let sound = audio().filter(is_known).map(|a| (None, Some(a)));
            films.extend(alone.chain(with_sound).chain(sound).map(|(video, audio)| Film {
                muxer,
                video,
                audio,
                seekable,
            }));
        }
    }
    films
}

/// Prints what is wrong; returns of how many files something is.
pub(super) fn failures(only: &[&str]) -> anyhow::Result<usize> {
    let installed = |program| Command::new(program).arg("-version").output().is_ok();
    if !installed("ffmpeg") || !installed("ffprobe") {
        reelwright_testkit::program::missing("ffmpeg");
        return Ok(0);
    }
    let directory = tempfile::tempdir()?;
    let films = films(only);
    let mut failures = 0;
    for film in &films {
        let path = directory.path().join("film").with_extension(film.muxer.name);
        let checked = write(film, &path).and_then(|()| check(film, &path));
        if let Err(error) = checked {
            failures += 1;
            println!("FAILED film {film}: {error:#}");
        }
    }
    let mut count = films.len();
    let mut judge = |name: &str, checked: anyhow::Result<()>| {
        count += 1;
        if let Err(error) = checked {
            failures += 1;
            println!("FAILED film {name}: {error:#}");
        }
    };
    for muxer in muxers().filter(|m| m.name == "mp4" && is_asked(m, only)) {
        for seekable in [true, false] {
            let film = Film {
                muxer,
                video: video_encoders().find(|info| info.encoder.codec == CodecId::H264),
                audio: audio_encoders().find(|info| info.encoder.codec == CodecId::Aac),
                seekable,
            };
            for (pictures, samples) in [(0, 0), (PICTURES, 0), (0, SAMPLES)] {
                let name = format!("{film}, {pictures} pictures and {samples} samples");
                judge(&name, of_one(&film, directory.path(), pictures, samples));
            }
            judge(&format!("{film}, killed"), killed(&film, directory.path()));
            judge(&format!("{film}, of twelve hours"), twelve_hours(&film, directory.path()));
        }
    }
    println!("{count} films, {failures} failed");
    Ok(failures)
}

/// Whether a film of two streams is whole of which one, or none, was written.
fn of_one(film: &Film, directory: &Path, pictures: usize, samples: usize) -> anyhow::Result<()> {
    let path = directory.join("one.mp4");
    let mut encoder = open(film, &path)?;
    write_pictures(&mut encoder, 0, pictures, None)?;
    if samples > 0 {
        write_sound(&mut encoder, 1, samples)?;
    }
    encoder.close()?;
    let entries = "stream=codec_type,nb_read_packets";
    let arguments = ["-count_packets", "-show_entries", entries, "-of", "csv=p=0"];
    let found = String::from_utf8(output("ffprobe", &arguments, &path)?)?;
    // It has nothing to say of none.
    let counts: Vec<(&str, usize)> = found
        .lines()
        .filter_map(|line| line.split_once(','))
        .filter_map(|(kind, count)| Some((kind, count.trim_end_matches(',').parse().ok()?)))
        .collect();
    // AAC begins a packet early.
    let packets = if samples > 0 { (samples.div_ceil(1024) + 1).max(3) } else { 0 };
    for (kind, expected) in [("video", pictures), ("audio", packets)] {
        let count: usize = counts.iter().filter(|one| one.0 == kind).map(|one| one.1).sum();
        ensure!(count == expected, "ffprobe finds {count} packets of {kind}, not {expected}");
    }
    Ok(())
}

/// Whether a film that nobody finished plays to its last fragment, wherever it ends.
fn killed(film: &Film, directory: &Path) -> anyhow::Result<()> {
    const SECONDS: usize = 6;
    let path = directory.join("killed.mp4");
    let mut encoder = open(film, &path)?;
    for _ in 0..SECONDS {
        write_pictures(&mut encoder, 0, RATE as usize, None)?;
        write_sound(&mut encoder, 1, SAMPLE_RATE as usize)?;
    }
    // As it is on the disk while it is being written.
    let bytes = std::fs::read(&path)?;
    encoder.close()?;
    let path = directory.join("cut.mp4");
    let decoded = |length: usize| -> anyhow::Result<usize> {
        std::fs::write(&path, &bytes[..length])?;
        // ffmpeg complains of what is missing, as it should.
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "quiet", "-nostdin", "-i"]).arg(&path);
        let arguments =
            ["-map", "0:v", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
        Ok(command.args(arguments).output()?.stdout.len() / SIZE.0 / SIZE.1)
    };
    let whole = decoded(bytes.len())?;
    let least = (SECONDS - 2) * RATE as usize;
    ensure!(whole >= least, "ffmpeg shows {whole} pictures of {}", SECONDS * RATE as usize);
    let (mut shown, mut seconds) = (0, 0);
    for part in 1..=23 {
        // At no place of note.
        let length = bytes.len() * part / 23 - 13 * part % 7;
        // FFmpeg opens no file that ends within a fragment's header, of its own neither.
        if box_around(&bytes, length) == Some(*b"moof") {
            continue;
        }
        let now = decoded(length)?;
        ensure!(now >= shown, "ffmpeg shows {now} pictures, and {shown} of less");
        seconds += usize::from(now > shown);
        shown = now;
    }
    ensure!(seconds >= SECONDS - 2, "pictures come in {seconds} lots only");
    Ok(())
}

/// The kind of the box of the file in which a place is.
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

/// Whether a film whose last second comes twelve hours later says so.
fn twelve_hours(film: &Film, directory: &Path) -> anyhow::Result<()> {
    const LATE: f64 = 12.0 * 3600.0;
    let path = directory.join("long.mp4");
    let mut encoder = open(film, &path)?;
    for pts in [None, Some(LATE)] {
        write_pictures(&mut encoder, 0, RATE as usize, pts)?;
    }
    encoder.close()?;
    let arguments = ["-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
    let found = String::from_utf8(output("ffprobe", &arguments, &path)?)?;
    let times: Vec<f64> = found.lines().filter_map(|line| line.trim().parse().ok()).collect();
    let second = |start: f64| (0..RATE as usize).map(move |i| start + i as f64 / RATE);
    let expected: Vec<f64> = second(0.0).chain(second(LATE)).collect();
    let is_right = times.len() == expected.len()
        && times.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-3);
    ensure!(is_right, "ffprobe finds pictures at {times:?}");
    Ok(())
}

fn open(film: &Film, path: &Path) -> anyhow::Result<StreamingMediaEncoder<'static>> {
    let file = std::fs::File::create(path)?;
    let target = if film.seekable { Target::seekable_writer(file) } else { Target::writer(file) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(film.muxer.name))?;
    if let Some(video) = film.video {
        let mut stream = VideoStream::new(RATE, SIZE.0 as u32, SIZE.1 as u32);
        if film.muxer.name == "yuv4mpegpipe" {
            stream = stream.encoder_format(PixelFormat::Yuv420p);
        }
        encoder.add_video_stream(&stream.encoder(video.encoder.name))?;
    }
    if let Some(audio) = film.audio {
        let stream = AudioStream::new(SAMPLE_RATE, 2).encoder(audio.encoder.name);
        encoder.add_audio_stream(&stream)?;
    }
    encoder.open()?;
    Ok(encoder)
}

fn write(film: &Film, path: &Path) -> anyhow::Result<()> {
    let mut encoder = open(film, path)?;
    if film.video.is_some() {
        write_pictures(&mut encoder, 0, PICTURES, None)?;
    }
    if film.audio.is_some() {
        write_sound(&mut encoder, usize::from(film.video.is_some()), SAMPLES)?;
    }
    encoder.close()?;
    Ok(())
}

/// Some pictures, the first of them at `pts`.
fn write_pictures(
    encoder: &mut StreamingMediaEncoder<'_>,
    index: usize,
    count: usize,
    pts: Option<f64>,
) -> anyhow::Result<()> {
    let shape = [1, 3, SIZE.1, SIZE.0];
    for picture in 0..count {
        let pixel = |i: usize| ((i % SIZE.0 * 2 + i / SIZE.0 + 4 * picture) % 256) as u8;
        let pixels: Vec<u8> = (0..shape.iter().product()).map(pixel).collect();
        let pts = pts.filter(|_| picture == 0);
        encoder.write_video_chunk(index, &TensorView::contiguous(&pixels, &shape)?, pts)?;
    }
    Ok(())
}

fn write_sound(
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

fn check(film: &Film, path: &Path) -> anyhow::Result<()> {
    if film.video.is_some() {
        let entries = "stream=width,height,nb_read_frames";
        let arguments =
            ["-count_frames", "-select_streams", "v", "-show_entries", entries, "-of", "csv=p=0"];
        let found = String::from_utf8(output("ffprobe", &arguments, path)?)?;
        let expected = format!("{},{},{PICTURES}", SIZE.0, SIZE.1);
        ensure!(found.trim() == expected, "ffprobe finds {} instead of {expected}", found.trim());
        // All of them can be decoded.
        let arguments =
            ["-map", "0:v", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
        let pictures = output("ffmpeg", &arguments, path)?.len() / SIZE.0 / SIZE.1;
        ensure!(pictures == PICTURES, "ffmpeg shows {pictures} pictures instead of {PICTURES}");
    }
    if let Some(audio) = film.audio {
        let arguments = ["-map", "0:a", "-f", "f32le", "-"];
        let samples = output("ffmpeg", &arguments, path)?.len() / 8;
        // FFmpeg leaves out what an edit list has it leave out at the start, but before version 6 not
        // at the end: there the rest of a packet is heard, of its own files too.
        let is_exact = audio.encoder.codec.is_lossless();
        ensure!(
            if is_exact { samples == SAMPLES } else { samples.abs_diff(SAMPLES) < 2048 },
            "ffmpeg hears {samples} samples instead of {SAMPLES}"
        );
    }
    Ok(())
}
