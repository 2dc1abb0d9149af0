//! Runs the examples, and reads their output with decoders of others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use reelwright_testkit::program::{ffmpeg_decode, ffprobe, run};

/// Runs an example, which `cargo test` builds next to this test, in `folder`.
fn example(name: &str, folder: &Path, arguments: &[&str]) -> String {
    let test = std::env::current_exe().unwrap();
    let programs = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "no example {name}: run `cargo test` without `--test`");
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{name}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

/// Returns the frames that ffmpeg decodes, as yuv420p; none if it is not installed.
fn decode_frames(demuxer: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let input = ["-v", "error", "-xerror", "-f", demuxer, "-i", "{}"];
    let output = ["-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"];
    run("ffmpeg", &[&input[..], &output[..]].concat(), bytes)
}

/// Returns ffprobe's values of `entries`, without spaces; none if ffprobe is not installed.
fn probe(demuxer: &str, entries: &str, bytes: &[u8]) -> Option<Vec<String>> {
    let text = ffprobe(demuxer, entries, bytes)?;
    Some(text.split_whitespace().map(|value| value.trim_matches(',').to_owned()).collect())
}

#[test]
fn audio_file() {
    let (_guard, path) = folder();
    example("audio_file", &path, &["tone.flac"]);
    let bytes = fs::read(path.join("tone.flac")).unwrap();
    // `flac -t` compares the decoded samples with the MD5 of the input.
    run("flac", &["-t", "-s", "-"], &bytes);
    if let Some(samples) = ffmpeg_decode("flac", "s16le", &bytes) {
        assert_eq!(samples.len(), 2 * 48_000 * 2 * 2);
    }
    if let Some(tags) = probe("flac", "format_tags=title", &bytes) {
        assert_eq!(tags.join(" "), "Two tones");
    }
}

#[test]
fn video_file() {
    let (_guard, path) = folder();
    example("video_file", &path, &["gradient.mp4"]);
    let bytes = fs::read(path.join("gradient.mp4")).unwrap();
    let entries = "stream=codec_name,width,height,avg_frame_rate,nb_frames";
    if let Some(values) = probe("mp4", entries, &bytes) {
        assert_eq!(values.join(" "), "h264,320,180,30/1,60");
    }
    let Some(frames) = decode_frames("mp4", &bytes) else { return };
    let size = 320 * 180 * 3 / 2;
    assert_eq!(frames.len(), 60 * size);
    // Blue grows from frame to frame.
    let blue = |frame: usize| frames[frame * size + 320 * 180 + 160 * 45 + 80];
    assert!(blue(59) > blue(30) && blue(30) > blue(0));
}

#[test]
fn camera_with_audio() {
    let (_guard, path) = folder();
    example("camera_with_audio", &path, &["camera.mp4"]);
    let bytes = fs::read(path.join("camera.mp4")).unwrap();
    if let Some(packets) = probe("mp4", "packet=codec_type,pts_time", &bytes) {
        let times: Vec<&str> =
            packets.iter().filter_map(|packet| packet.strip_prefix("video,")).collect();
        let captured = [0, 34, 66, 101, 133, 170, 233, 267, 299, 334];
        let expected = captured.map(|ms| format!("0.{ms:03}000"));
        assert_eq!(times, expected);
    }
    if let Some(starts) = probe("mp4", "stream=codec_type,start_time", &bytes) {
        assert_eq!(starts, ["video,0.000000", "audio,0.100000"]);
    }
    if let Some(samples) = ffmpeg_decode("mp4", "s16le", &bytes) {
        // FFmpeg does not trim the end of AAC's last frame.
        let written = (367 - 100) * 16;
        assert!((written..written + 1024).contains(&(samples.len() / 2)));
    }
}

#[test]
fn stream_to_writer() {
    let (_guard, path) = folder();
    let printed = example("stream_to_writer", &path, &["speech.ogg"]);
    let bytes = fs::read(path.join("speech.ogg")).unwrap();
    assert_eq!(printed.trim(), format!("{} bytes", bytes.len()));
    // Opus is decoded at 48 kHz.
    if let Some(samples) = ffmpeg_decode("ogg", "s16le", &bytes) {
        assert_eq!(samples.len(), 2 * 2 * 48_000);
    }
}

#[test]
fn own_output() {
    let (_guard, path) = folder();
    example("own_output", &path, &["tone.part"]);
    let mut parts: Vec<_> = fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()).collect();
    parts.sort();
    assert!(parts.len() > 1, "{parts:?}");
    let bytes: Vec<u8> = parts.iter().flat_map(|part| fs::read(part).unwrap()).collect();
    if let Some(samples) = ffmpeg_decode("flac", "s16le", &bytes) {
        assert_eq!(samples.len(), 2 * 48_000);
    }
}

#[test]
fn packets() {
    let (_guard, path) = folder();
    let printed = example("packets", &path, &["clip.mp4", "clip.h264"]);
    assert_eq!(printed.trim(), "60 packets, keyframes at [0, 30]");
    let read = |name: &str| fs::read(path.join(name)).unwrap();
    let Some(of_file) = decode_frames("mp4", &read("clip.mp4")) else { return };
    assert_eq!(of_file.len(), 60 * 128 * 128 * 3 / 2);
    assert_eq!(decode_frames("h264", &read("clip.h264")), Some(of_file));
}
