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
        !muxer.pictures.is_empty() || muxer.name == "rawvideo"
    };
    for muxer in
        muxers().filter(|m| is_asked(m, only) && !m.video_codecs.is_empty() && !numbered_or_raw(m))
    {
        let video = || video_encoders().filter(|v| muxer.video_codecs.contains(&v.encoder.codec));
        let audio = || audio_encoders().filter(|a| muxer.audio_codecs.contains(&a.encoder.codec));
        for seekable in [true, false] {
            if muxer.name == "apng" && !seekable {
                continue;
            }
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
        println!("skipped: no ffmpeg");
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
    println!("{} films, {failures} failed", films.len());
    Ok(failures)
}

fn write(film: &Film, path: &Path) -> anyhow::Result<()> {
    let file = std::fs::File::create(path)?;
    let target = if film.seekable { Target::seekable_writer(file) } else { Target::writer(file) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(film.muxer.name))?;
    let mut indices = (None, None);
    if let Some(video) = film.video {
        let mut stream = VideoStream::new(RATE, SIZE.0 as u32, SIZE.1 as u32);
        if film.muxer.name == "yuv4mpegpipe" {
            stream = stream.encoder_format(PixelFormat::Yuv420p);
        }
        indices.0 = Some(encoder.add_video_stream(&stream.encoder(video.encoder.name))?);
    }
    if let Some(audio) = film.audio {
        let stream = AudioStream::new(SAMPLE_RATE, 2).encoder(audio.encoder.name);
        indices.1 = Some(encoder.add_audio_stream(&stream)?);
    }
    encoder.open()?;
    if let Some(index) = indices.0 {
        let shape = [1, 3, SIZE.1, SIZE.0];
        for picture in 0..PICTURES {
            let pixel = |i: usize| ((i % SIZE.0 * 2 + i / SIZE.0 + 4 * picture) % 256) as u8;
            let pixels: Vec<u8> = (0..shape.iter().product()).map(pixel).collect();
            encoder.write_video_chunk(index, &TensorView::contiguous(&pixels, &shape)?, None)?;
        }
    }
    if let Some(index) = indices.1 {
        let sample =
            |i: usize| 0.3 * (i as f32 * if i.is_multiple_of(2) { 0.03 } else { 0.05 }).sin();
        let samples: Vec<f32> = (0..2 * SAMPLES).map(sample).collect();
        encoder.write_audio_chunk(
            index,
            &TensorView::contiguous(&samples, &[SAMPLES, 2])?,
            None,
        )?;
    }
    encoder.close()?;
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
