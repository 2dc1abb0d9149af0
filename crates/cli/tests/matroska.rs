//! Matroska and WebM files of other programs, compared with FFmpeg's reader.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{PROGRAM, encode, ffmpeg, foreign, run, stderr, stream, times};

/// Creates a video of three seconds with B-frames and audio in `source.mkv`. Returns false without
/// ffmpeg.
fn source(path: &Path, options: &[&str]) -> bool {
    let inputs = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x120:r=30000/1001:d=3",
        "-f",
        "lavfi",
        "-i",
        "sine=d=3:r=44100",
    ];
    let codecs = ["-c:v", "libx264", "-bf", "2", "-g", "15", "-c:a", "libmp3lame"];
    ffmpeg(path, &[&inputs[..], &codecs, options, &["source.mkv"]].concat())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect()
}

/// Returns the samples of a file's first audio track, decoded by FFmpeg.
fn samples(path: &Path, file: &str) -> Vec<f32> {
    let args = ["-v", "error", "-i", file, "-map", "0:a:0", "-f", "f32le", "-"];
    floats(&foreign(path, "ffmpeg", &args).unwrap())
}

#[test]
fn decodes_audio_of_every_codec_like_ffmpeg() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for (codec, extension, rate) in [
        ("pcm_s16le", "mkv", "44100"),
        ("pcm_s16be", "mkv", "48000"),
        ("pcm_s24le", "mkv", "44100"),
        ("pcm_u8", "mkv", "44100"),
        ("pcm_f32le", "mkv", "44100"),
        ("pcm_f64le", "mkv", "48000"),
        ("pcm_alaw", "mkv", "48000"),
        ("pcm_mulaw", "mkv", "44100"),
        ("adpcm_ms", "mkv", "44100"),
        ("adpcm_ima_wav", "mkv", "44100"),
        ("alac", "mkv", "48000"),
        ("flac", "mkv", "44100"),
        ("libopus", "webm", "48000"),
        ("libvorbis", "webm", "44100"),
        ("libmp3lame", "mkv", "48000"),
        ("mp2", "mkv", "48000"),
        ("aac", "mkv", "44100"),
    ] {
        let file = format!("{codec}.{extension}");
        let tone = format!("aevalsrc=0.4*sin(800*t)|0.3*sin(3000*t):d=1.31:s={rate}");
        let args = ["-f", "lavfi", "-i", &tone, "-c:a", codec, &file];
        if !ffmpeg(path, &args) {
            return;
        }
        let (code, _, message) =
            encode(path, &[&file, "-o", "out.wav", "--audio-encoder", "pcm_f32le"]);
        assert_eq!(code, 0, "{codec}: {message}");
        let (expected, found) = (samples(path, &file), samples(path, "out.wav"));
        assert_eq!(expected.len(), found.len(), "{codec}");
        let error = expected.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error < 0.0005, "{codec}: {error}");
    }
}

#[test]
fn names_unsupported_codecs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    if !source(path, &[]) {
        return;
    }
    for (options, named) in [
        (&["-c:v", "ffv1", "-c:a", "copy"][..], "ffv1"),
        (&["-c:v", "mpeg4", "-c:a", "copy"], "mpeg4"),
        (&["-c:v", "prores_ks", "-c:a", "copy"], "prores"),
        (&["-c:v", "copy", "-c:a", "eac3"], "eac3"),
        (&["-c:v", "copy", "-c:a", "wavpack"], "wavpack"),
    ] {
        let args = [&["-i", "source.mkv", "-t", "0.2"], options, &["a.mkv"]].concat();
        assert!(ffmpeg(path, &args));
        let output = run(path, &["encode", "a.mkv", "-o", "new.mp4"]);
        assert_eq!(output.status.code(), Some(1), "{named}");
        for word in [named, "matroska", "track"] {
            assert!(stderr(&output).contains(word), "{named}: {}", stderr(&output));
        }
    }
}

#[test]
fn frames_keep_timestamps_and_properties() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let color =
        ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
    if !source(path, &[]) {
        return;
    }
    let drops = "select='not(mod(n\\,3))+not(mod(n\\,7))'";
    for (name, options) in [
        ("aspect", &[&["-c", "copy", "-aspect", "16:9"][..], &color].concat()[..]),
        ("late", &["-c", "copy", "-output_ts_offset", "0.4"]),
        ("variable", &["-vf", drops, "-vsync", "vfr", "-c:v", "libx264", "-bf", "3"]),
        ("mjpeg", &["-t", "0.4", "-c:v", "mjpeg"]),
        ("png", &["-t", "0.4", "-c:v", "png"]),
        ("raw", &["-t", "0.4", "-c:v", "rawvideo", "-pix_fmt", "yuv420p"]),
    ] {
        let args = [&["-i", "source.mkv"], options, &["in.mkv"]].concat();
        assert!(ffmpeg(path, &args));
        let (code, _, message) = encode(path, &["in.mkv", "-o", "out.mp4"]);
        assert_eq!(code, 0, "{name}: {message}");
        let (expected, found) = (times(path, "in.mkv", "v:0"), times(path, "out.mp4", "v:0"));
        assert_eq!(expected.len(), found.len(), "{name}");
        let differs = expected.iter().zip(&found).any(|(a, b)| (a - b).abs() > 0.0006);
        assert!(!differs, "{name}: {expected:?} {found:?}");
        if name == "aspect" {
            for field in ["sample_aspect_ratio", "color_space", "color_transfer", "color_primaries"]
            {
                let expected = stream(path, "in.mkv", "v:0", field);
                assert_eq!(expected, stream(path, "out.mp4", "v:0", field), "{field}");
            }
        }
    }
}

/// Encodes standard input and returns the exit code.
fn piped(path: &Path, file: &str) -> i32 {
    let input = fs::read(path.join(file)).unwrap();
    let mut child = Command::new(PROGRAM)
        .current_dir(path)
        .args(["encode", "-", "-o", "out.mp4", "-y"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The process may end before it has read everything.
    let _ = std::io::Write::write_all(&mut stdin, &input);
    drop(stdin);
    child.wait().unwrap().code().unwrap()
}

#[test]
fn live_files_are_complete_and_truncated_ones_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    if !source(path, &["-cluster_time_limit", "500"]) {
        return;
    }
    let live = ["-i", "source.mkv", "-c", "copy", "-f", "matroska", "-live", "1", "live.mkv"];
    assert!(ffmpeg(path, &live));
    let whole = fs::read(path.join("source.mkv")).unwrap();
    let last = times(path, "source.mkv", "v:0")[89];
    let middle = whole.len() / 2;
    fs::write(path.join("cut.mkv"), &whole[..middle]).unwrap();
    let mut lacking = whole.clone();
    lacking.drain(middle..middle + 200);
    fs::write(path.join("lacking.mkv"), lacking).unwrap();
    let mut zeros = whole;
    zeros[middle..middle + 200].fill(0);
    fs::write(path.join("zeros.mkv"), zeros).unwrap();
    for (file, expected, least, most) in [
        ("live.mkv", 0, 90, 90),
        ("cut.mkv", 3, 35, 60),
        ("lacking.mkv", 3, 60, 89),
        ("zeros.mkv", 3, 60, 90),
    ] {
        let (code, summary, message) = encode(path, &[file, "-o", "out.mp4"]);
        assert_eq!(code, expected, "{file}: {message}");
        assert_eq!(summary["complete"].as_bool(), Some(expected == 0), "{file}");
        let found = times(path, "out.mp4", "v:0");
        assert!((least..=most).contains(&found.len()), "{file}: {}", found.len());
        // Frames and audio after the damage keep their timestamps.
        if file != "cut.mkv" {
            assert!((found[found.len() - 1] - last).abs() < 0.001, "{file}: {found:?}");
            let audio: f64 = stream(path, "out.mp4", "a:0", "duration").parse().unwrap();
            assert!((audio - 3.02).abs() < 0.05, "{file}: {audio}");
        }
    }
    assert_eq!(piped(path, "live.mkv"), 0);
    assert_eq!(times(path, "out.mp4", "v:0").len(), 90);
    assert_eq!(piped(path, "cut.mkv"), 3);
    assert_eq!(piped(path, "lacking.mkv"), 3);
}

#[test]
fn keeps_metadata_and_names_ignored_tracks() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.srt"), "1\n00:00:00,000 --> 00:00:01,000\nHi\n\n").unwrap();
    fs::write(path.join("a.txt"), "text").unwrap();
    let chapters = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=one\n";
    fs::write(path.join("chapters.txt"), chapters).unwrap();
    let expected = [
        ("title", "T"),
        ("album_artist", "AA"),
        ("date", "1999"),
        ("track", "4"),
        ("disc", "2"),
        ("composer", "C"),
        ("lyrics", "L"),
        ("creation_time", "2020-02-03T04:05:06.000000Z"),
    ];
    let mut args = vec!["-map", "0:v", "-map", "1:a"];
    let pairs: Vec<String> = expected.iter().map(|(key, value)| format!("{key}={value}")).collect();
    for pair in &pairs {
        args.extend(["-metadata", &pair[..]]);
    }
    args.extend(["-metadata:s:a", "language=fra"]);
    if !source(path, &args) {
        return;
    }
    let more = [
        "-i",
        "source.mkv",
        "-i",
        "a.srt",
        "-i",
        "chapters.txt",
        "-map",
        "0",
        "-map",
        "1",
        "-map_chapters",
        "2",
        "-c",
        "copy",
        "-attach",
        "a.txt",
        "-metadata:s:t",
        "mimetype=text/plain",
        "-metadata",
        "creation_time=2020-02-03T04:05:06Z",
        "more.mkv",
    ];
    assert!(ffmpeg(path, &more));
    let (code, _, message) = encode(path, &["more.mkv", "-o", "out.mp4"]);
    assert_eq!(code, 0, "{message}");
    for named in ["subtitle track 2 (subrip", "attachment \"a.txt\""] {
        assert!(message.contains(named), "{named}: {message}");
    }
    assert!(!message.contains("chapters"), "{message}");
    let shown = "chapter=start_time,end_time:chapter_tags=title";
    let args = ["-v", "error", "-show_entries", shown, "-of", "csv=p=0", "out.mp4"];
    let found = String::from_utf8(foreign(path, "ffprobe", &args).unwrap()).unwrap();
    assert_eq!(found, "0.000000,1.000000,one\n");
    let args = ["-v", "error", "-show_entries", "format_tags", "-of", "default", "out.mp4"];
    let found = String::from_utf8(foreign(path, "ffprobe", &args).unwrap()).unwrap();
    for (key, value) in expected {
        assert!(found.contains(&format!("TAG:{key}={value}\n")), "{key}: {found}");
    }
    assert_eq!(stream(path, "out.mp4", "a:0", "index:stream_tags=language"), "1,fra");
}
