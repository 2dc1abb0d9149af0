//! FLV files of every codec: number of frames and samples, and the samples of lossless codecs.
//!
//! FFmpeg reads the enhanced tags of video since version 6.1 and those of audio since 7.1. The
//! Python package `imageio-ffmpeg` has a new version, which is used if it is installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use reelwright::{
    AudioStream, CodecId, MuxerInfo, SampleFormat, StreamingMediaEncoder, Target, TensorView,
    VideoStream, audio_encoders, muxers, video_encoders,
};

use super::matrix::is_requested;

const SIZE: (usize, usize) = (96, 64);
const FRAMES: usize = 30;
const SAMPLES: usize = 58_001;

/// Streams of a file.
#[derive(Debug, Clone)]
struct FlvCase {
    video: Vec<&'static str>,
    audio: Vec<(&'static str, CodecId, u32)>,
    seekable: bool,
    /// True if only new versions of FFmpeg read the file.
    is_enhanced: bool,
}

/// Returns each codec alone, and files with several streams.
fn cases(muxer: &MuxerInfo) -> Vec<FlvCase> {
    let mut cases = Vec::new();
    for seekable in [true, false] {
        let case = |video: &[&'static str], audio: &[_], is_enhanced| FlvCase {
            video: video.to_vec(),
            audio: audio.to_vec(),
            seekable,
            is_enhanced,
        };
        for info in video_encoders().filter(|v| muxer.video_codecs.contains(&v.encoder.codec)) {
            let is_enhanced = info.encoder.codec != CodecId::H264;
            cases.push(case(&[info.encoder.name], &[], is_enhanced));
            cases.push(case(&[info.encoder.name], &[("aac", CodecId::Aac, 48_000)], is_enhanced));
        }
        for info in audio_encoders().filter(|a| muxer.audio_codecs.contains(&a.encoder.codec)) {
            let codec = info.encoder.codec;
            let (rates, is_enhanced): (&[u32], bool) = match codec {
                CodecId::Mp3 => (&[11_025, 22_050, 44_100, 48_000], false),
                CodecId::PcmS16Le | CodecId::PcmU8 => (&[11_025, 22_050, 44_100], false),
                CodecId::PcmALaw | CodecId::PcmMuLaw => (&[8000], false),
                CodecId::Flac => (&[8000, 44_100, 96_000], true),
                CodecId::Opus => (&[48_000], true),
                _ => (&[16_000, 44_100, 48_000, 96_000], false),
            };
            for rate in rates {
                cases.push(case(&[], &[(info.encoder.name, codec, *rate)], is_enhanced));
            }
        }
        cases.push(case(&[], &[("mp3", CodecId::Mp3, 32_000)], true));
        let audio = [("aac", CodecId::Aac, 44_100), ("flac", CodecId::Flac, 48_000)];
        cases.push(case(&["h264", "h264"], &audio, true));
    }
    cases
}

/// Prints failures. Returns the number of files that failed.
pub(super) fn failures(only: &[&str]) -> anyhow::Result<usize> {
    let Some(muxer) = muxers().find(|muxer| muxer.name == "flv" && is_requested(muxer, only))
    else {
        return Ok(0);
    };
    let is_installed = |program: &str| Command::new(program).arg("-version").output().is_ok();
    if !is_installed("ffmpeg") {
        reelwright_testkit::program::missing("ffmpeg");
        return Ok(0);
    }
    let new = new_ffmpeg();
    if new.is_none() {
        println!("skipped: imageio-ffmpeg is not installed, which reads the enhanced tags of FLV");
    }
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("case.flv");
    let (mut count, mut failed) = (0, 0);
    for case in cases(muxer) {
        let old = (!case.is_enhanced).then_some("ffmpeg");
        for program in old.into_iter().chain(new.as_deref()) {
            count += 1;
            let checked = write(&case, &path).and_then(|()| check(&case, program, &path));
            if let Err(error) = checked {
                failed += 1;
                println!("FAILED {case:?} with {program}: {error:#}");
            }
        }
    }
    println!("{count} checks of FLV, {failed} failed");
    Ok(failed)
}

/// Returns the path of the FFmpeg in `imageio-ffmpeg`, if it is installed.
fn new_ffmpeg() -> Option<String> {
    let code = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())";
    let output = Command::new("python3").args(["-c", code]).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !path.is_empty()).then_some(path)
}

fn sample(index: usize) -> i16 {
    let step = if index.is_multiple_of(2) { 0.03 } else { 0.05 };
    (9000.0 * (index as f64 * step).sin()) as i16
}

fn write(case: &FlvCase, path: &Path) -> anyhow::Result<()> {
    let file = std::fs::File::create(path)?;
    let target = if case.seekable { Target::seekable_writer(file) } else { Target::writer(file) };
    let mut encoder = StreamingMediaEncoder::new(target, Some("flv"))?;
    for name in &case.video {
        let stream = VideoStream::new(25.0, SIZE.0 as u32, SIZE.1 as u32);
        encoder.add_video_stream(&stream.encoder(*name))?;
    }
    for (name, _, rate) in &case.audio {
        let stream = AudioStream::new(*rate, 2).format(SampleFormat::S16).encoder(*name);
        encoder.add_audio_stream(&stream)?;
    }
    encoder.open()?;
    let shape = [1, 3, SIZE.1, SIZE.0];
    for frame in 0..FRAMES {
        let pixel = |i: usize| ((i % SIZE.0 * 2 + i / SIZE.0 + 4 * frame) % 256) as u8;
        let pixels: Vec<u8> = (0..shape.iter().product()).map(pixel).collect();
        for index in 0..case.video.len() {
            encoder.write_video_chunk(index, &TensorView::contiguous(&pixels, &shape)?, None)?;
        }
    }
    let samples: Vec<i16> = (0..2 * SAMPLES).map(sample).collect();
    for index in 0..case.audio.len() {
        let chunk = TensorView::contiguous(&samples, &[SAMPLES, 2])?;
        encoder.write_audio_chunk(case.video.len() + index, &chunk, None)?;
    }
    encoder.close()?;
    Ok(())
}

/// Decodes a stream. Every message is a failure.
fn decode(program: &str, path: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(["-nostdin", "-v", "warning", "-xerror", "-i"]).arg(path).args(arguments);
    let output = command.output().context("no output")?;
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success() && messages.is_empty(), "{messages}");
    Ok(output.stdout)
}

fn check(case: &FlvCase, program: &str, path: &Path) -> anyhow::Result<()> {
    for index in 0..case.video.len() {
        let stream = format!("0:v:{index}");
        let arguments = ["-map", &stream, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt"];
        let decoded = decode(program, path, &[&arguments[..], &["gray", "-"]].concat())?;
        let frames = decoded.len() / SIZE.0 / SIZE.1;
        ensure!(frames == FRAMES, "{frames} frames of video {index} instead of {FRAMES}");
    }
    for (index, (_, codec, rate)) in case.audio.iter().enumerate() {
        let stream = format!("0:a:{index}");
        let bytes = decode(program, path, &["-map", &stream, "-f", "s16le", "-"])?;
        let (samples, expected) = match codec {
            // Opus is resampled.
            CodecId::Opus => (bytes.len() / 4, SAMPLES * 48_000 / *rate as usize),
            _ => (bytes.len() / 4, SAMPLES),
        };
        if codec.is_lossless() {
            ensure!(samples == expected, "{samples} samples instead of {expected}");
        } else {
            // FLV stores neither priming nor padding.
            ensure!(
                (expected..expected + 4096).contains(&samples),
                "{samples} samples instead of {expected} and a few more"
            );
        }
        if matches!(codec, CodecId::PcmS16Le | CodecId::Flac) {
            let is_equal = bytes
                .chunks_exact(2)
                .enumerate()
                .all(|(index, two)| i16::from_le_bytes([two[0], two[1]]) == sample(index));
            ensure!(is_equal, "the samples differ");
        }
    }
    Ok(())
}
