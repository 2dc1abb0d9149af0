//! FLV files of this program and of FFmpeg, read by each other.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{PROGRAM, encode, ffmpeg, foreign, probe};

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect()
}

/// Returns lines that ffprobe prints of a stream's packets: pts, dts, size and flags.
fn packets(path: &Path, file: &str, stream: &str) -> Option<Vec<String>> {
    let printed = probe(path, file, stream, "packet=pts,dts,size,flags")?;
    Some(printed.lines().map(str::to_owned).collect())
}

/// Returns the hashes of the packets of a file's streams, which FFmpeg copies.
fn hashes(path: &Path, file: &str) -> Option<Vec<String>> {
    let args = ["-v", "error", "-i", file, "-map", "0", "-c", "copy", "-f", "streamhash", "-"];
    let printed = foreign(path, "ffmpeg", &args)?;
    Some(String::from_utf8(printed).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn ffmpeg_reads_times_properties_and_content() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let inputs = ["testsrc=size=160x120:rate=30000/1001:duration=2", "sine=duration=2"];
    for flags in ["", "flvflags=add_keyframe_index"] {
        let option = ["--muxer-option", flags];
        let option = if flags.is_empty() { &[] } else { &option[..] };
        let args = ["-o", "a.flv", "--gop", "15", "--metadata", "title=A title"];
        let (code, _, message) = encode(path, &[&inputs[..], &args, option].concat());
        assert_eq!(code, 0, "{message}");
        let Some(video) = packets(path, "a.flv", "v") else { return };
        // The audio begins one frame of 1024 samples earlier.
        let times = |number: u32| 21 + (f64::from(number) * 1001.0 / 30.0).round() as u32;
        assert_eq!(video.len(), 60);
        for (number, line) in (0..).zip(&video) {
            let start = format!("{0},{0},", times(number));
            assert!(line.starts_with(&start), "{line} {start}");
            assert_eq!(line.contains('K'), number % 15 == 0, "{line}");
        }
        let audio = packets(path, "a.flv", "a").unwrap();
        for (number, line) in (0..).zip(&audio) {
            let exact = (f64::from(number) - 1.0) * 1_024_000.0 / 48_000.0;
            let start = format!("{0},{0},", exact.round() as i32 + 21);
            assert!(line.starts_with(&start), "{line} {start}");
        }
        let entries = "format_tags=title:stream=codec_name,width,height,sample_rate,channels";
        let args = ["-v", "error", "-show_entries", entries, "-of", "csv=p=0", "a.flv"];
        let shown = String::from_utf8(foreign(path, "ffprobe", &args).unwrap()).unwrap();
        for expected in ["h264,160,120", "aac,48000,1", "A title"] {
            assert!(shown.contains(expected), "{shown}");
        }
        // The same frames, without an error of FFmpeg's decoder.
        assert_eq!(encode(path, &["a.flv", "-o", "a.mp4", "--copy"]).0, 0);
        let decoded = |file: &str| {
            let args = ["-v", "error", "-xerror", "-i", file, "-map", "0:v", "-f", "framemd5", "-"];
            let printed = String::from_utf8(foreign(path, "ffmpeg", &args).unwrap()).unwrap();
            let hash = |line: &str| line.rsplit(", ").next().unwrap_or_default().to_owned();
            printed.lines().filter(|line| !line.starts_with('#')).map(hash).collect::<Vec<_>>()
        };
        let frames = decoded("a.flv");
        assert_eq!(frames.len(), 60);
        assert_eq!(frames, decoded("a.mp4"));
        fs::remove_file(path.join("a.flv")).unwrap();
    }
}

#[test]
fn lossless_audio_and_the_length_of_lossy_audio_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (code, _, message) = encode(path, &["sine=sample_rate=44100:duration=1.3", "-o", "in.wav"]);
    assert_eq!(code, 0, "{message}");
    let source = fs::read(path.join("in.wav")).unwrap();
    for encoder in ["pcm_s16le", "flac", "aac", "mp3", "opus"] {
        let file = format!("{encoder}.flv");
        let args = ["in.wav", "-o", &file, "--audio-encoder", encoder];
        assert_eq!(encode(path, &args).0, 0, "{encoder}");
        let (code, json, message) = encode(path, &[&file, "-o", "out.wav"]);
        assert_eq!(code, 0, "{encoder}: {message}");
        let out = fs::read(path.join("out.wav")).unwrap();
        if matches!(encoder, "pcm_s16le" | "flac") {
            assert!(out[out.len() - 114_660..] == source[source.len() - 114_660..], "{encoder}");
        }
        let rate = if encoder == "opus" { 48_000 } else { 44_100 };
        assert_eq!(json["streams"][0]["samples"], 13 * rate / 10, "{encoder}: {json}");
        // Only the metadata of the first file has the bit rate. Copies are equal.
        let copy = |from: &str, to: &str| {
            assert_eq!(encode(path, &[from, "--copy", "-o", to]).0, 0, "{encoder}");
            fs::read(path.join(to)).unwrap()
        };
        let copied = copy(&file, "copy.flv");
        assert!(copied == copy("copy.flv", "again.flv"), "{encoder}");
        let media = |file: &[u8]| file[file.len() - 1000..].to_vec();
        assert!(media(&copied) == media(&fs::read(path.join(&file)).unwrap()), "{encoder}");
    }
}

#[test]
fn copies_keep_b_frames_of_ffmpeg() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let inputs = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=2", "-f", "lavfi", "-i"];
    let codecs = ["sine=d=2", "-c:v", "libx264", "-bf", "2", "-g", "20", "-c:a", "aac", "in.flv"];
    if !ffmpeg(path, &[&inputs[..], &codecs].concat()) {
        return;
    }
    for between in ["between.mp4", "between.flv"] {
        assert_eq!(encode(path, &["in.flv", "--copy", "-o", between]).0, 0);
        assert_eq!(encode(path, &[between, "--copy", "-o", "out.flv"]).0, 0);
        for stream in ["v", "a"] {
            let expected = packets(path, "in.flv", stream).unwrap();
            let found = packets(path, "out.flv", stream).unwrap();
            assert_eq!(found.len(), expected.len(), "{between} {stream}");
            for (found, expected) in found.iter().zip(&expected) {
                let numbers = |line: &str| -> Vec<i64> {
                    line.split(',').map_while(|number| number.parse().ok()).collect()
                };
                // Times of audio are rounded again.
                let tolerance = i64::from(stream == "a");
                let (found, expected) = (numbers(found), numbers(expected));
                let is_near = |index: usize| (found[index] - expected[index]).abs() <= tolerance;
                assert!(is_near(0) && is_near(1), "{between} {stream}: {found:?} {expected:?}");
                assert_eq!(found[2], expected[2], "{between} {stream}");
            }
        }
        assert_eq!(hashes(path, "out.flv"), hashes(path, "in.flv"));
    }
    let (code, json, message) = encode(path, &["in.flv", "-o", "new.mp4", "--frame-rate", "25"]);
    assert_eq!(code, 0, "{message} {json}");
}

#[test]
fn decodes_audio_of_every_codec_like_ffmpeg() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for (codec, rate) in [
        ("pcm_s16le", "44100"),
        ("pcm_u8", "22050"),
        ("pcm_alaw", "8000"),
        ("pcm_mulaw", "8000"),
        ("libmp3lame", "44100"),
        ("libmp3lame", "22050"),
        ("aac", "48000"),
    ] {
        let tone = format!("aevalsrc=0.4*sin(800*t)|0.3*sin(3000*t):d=1.31:s={rate}");
        let args = ["-f", "lavfi", "-i", &tone, "-c:a", codec, "-y", "in.flv"];
        if !ffmpeg(path, &args) {
            return;
        }
        let args = ["in.flv", "-o", "out.wav", "--audio-encoder", "pcm_f32le"];
        let (code, _, message) = encode(path, &args);
        assert_eq!(code, 0, "{codec}: {message}");
        let samples = |file: &str| {
            let args = ["-v", "error", "-i", file, "-map", "0:a:0", "-f", "f32le", "-"];
            floats(&foreign(path, "ffmpeg", &args).unwrap())
        };
        let (expected, found) = (samples("in.flv"), samples("out.wav"));
        // This program ends where the file says, and FFmpeg with the last packet.
        assert!(found.len() <= expected.len() && found.len() + 4096 > expected.len(), "{codec}");
        let error = expected.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error < 0.0005, "{codec} {rate}: {error}");
    }
}

#[test]
fn enhanced_tags_and_pipes_are_read_completely() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let inputs = ["testsrc=size=64x48:rate=10:duration=0.5", "sine=duration=0.5"];
    let codecs = ["--video-encoder", "librav1e", "--audio-encoder", "opus", "-o", "a.flv"];
    assert_eq!(encode(path, &[&inputs[..], &codecs].concat()).0, 0);
    assert_eq!(encode(path, &["a.flv", "--no-audio", "-o", "av1.y4m"]).0, 0);
    let frames = fs::read(path.join("av1.y4m")).unwrap();
    assert_eq!(frames.windows(5).filter(|five| *five == b"FRAME").count(), 5);
    let piped = Command::new(PROGRAM)
        .args(["encode", "-", "--copy", "-o", "b.flv"])
        .current_dir(path)
        .stdin(Stdio::from(
            Command::new("cat")
                .arg(path.join("a.flv"))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
                .stdout
                .unwrap(),
        ))
        .status()
        .unwrap();
    assert_eq!(piped.code(), Some(0));
    assert_eq!(encode(path, &["a.flv", "--copy", "-o", "c.flv"]).0, 0);
    assert!(fs::read(path.join("b.flv")).unwrap() == fs::read(path.join("c.flv")).unwrap());
}

#[test]
fn truncated_files_have_their_own_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let inputs = ["testsrc=size=64x48:rate=10:duration=2", "sine=duration=2", "-o", "a.flv"];
    assert_eq!(encode(path, &inputs).0, 0);
    let whole = fs::read(path.join("a.flv")).unwrap();
    for part in [2, 3, 5] {
        fs::write(path.join("cut.flv"), &whole[..whole.len() * 2 / part]).unwrap();
        let (code, json, message) = encode(path, &["cut.flv", "-o", "out.mp4"]);
        let expected = if part == 2 { 0 } else { 3 };
        assert_eq!(code, expected, "{message}");
        assert_eq!(json["complete"], part == 2);
    }
}
