//! The program's commands and options.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_reelwright");

fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/assets").join(name)
}

fn run<S: AsRef<std::ffi::OsStr>>(directory: &Path, args: &[S]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.current_dir(directory).args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Creates a directory with `in.wav`: a second of 16-bit stereo at 8 kHz.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let samples: Vec<u8> = (0..32_000u32).map(|i| ((i * i) >> 7) as u8).collect();
    let args = ["encode", "-", "-o", "in.wav", "--input-format", "s16le"];
    let mut child = Command::new(PROGRAM)
        .current_dir(directory.path())
        .args(args)
        .args(["--input-sample-rate", "8000", "--input-channels", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&samples).unwrap();
    assert!(child.wait().unwrap().success());
    let wav = fs::read(directory.path().join("in.wav")).unwrap();
    assert!(wav.ends_with(&samples), "raw samples are unchanged");
    directory
}

#[test]
fn lossless_round_trip_restores_the_file() {
    let directory = directory();
    let path = directory.path();
    assert!(run(path, &["encode", "in.wav", "-o", "a.flac"]).status.success());
    assert!(run(path, &["encode", "a.flac", "-o", "b.wav"]).status.success());
    let read = |name: &str| fs::read(path.join(name)).unwrap();
    assert!(read("a.flac").starts_with(b"fLaC"));
    assert_eq!(read("b.wav"), read("in.wav"));
}

#[test]
fn summary_of_real_media_is_json() {
    let directory = tempfile::tempdir().unwrap();
    let input = asset("speech_16k_mono.wav");
    let args = ["encode", input.to_str().unwrap(), "-o", "out.flac", "--json"];
    let output = run(directory.path(), &args);
    assert!(output.status.success());
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["format"], "flac");
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["streams"][0]["sample_rate"], 16_000);
    assert_eq!(summary["streams"][0]["bits_per_sample"], 16);
    let size = fs::metadata(directory.path().join("out.flac")).unwrap().len();
    assert_eq!(summary["bytes"], size);
}

#[test]
fn overwrites_only_on_request_and_never_the_input() {
    let directory = directory();
    let path = directory.path();
    fs::write(path.join("keep.wav"), "keep").unwrap();
    fs::hard_link(path.join("in.wav"), path.join("same.wav")).unwrap();
    let before = fs::read(path.join("in.wav")).unwrap();
    for output in ["keep.wav", "file:keep.wav", "file://keep.wav"] {
        let refused = run(path, &["encode", "in.wav", "-o", output]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains("-y"), "{output}");
    }
    for output in ["in.wav", "same.wav", "./in.wav"] {
        let refused = run(path, &["encode", "in.wav", "-y", "-o", output]);
        assert!(text(&refused.stderr).contains("both input and output"), "{output}");
    }
    assert_eq!(fs::read(path.join("keep.wav")).unwrap(), b"keep");
    assert_eq!(fs::read(path.join("in.wav")).unwrap(), before);
    assert!(run(path, &["encode", "in.wav", "-y", "-o", "keep.wav"]).status.success());
    assert_eq!(fs::read(path.join("keep.wav")).unwrap(), before);
}

#[test]
fn errors_name_the_value_and_the_allowed_ones() {
    let directory = directory();
    for (args, code, named) in [
        (&["encode", "in.wav", "-o", "a.zzz"][..], 1, "wav"),
        (&["encode", "in.wav", "-o", "a.wav", "--audio-encoder", "nope"], 1, "pcm_s16le"),
        (&["encode", "in.wav", "-o", "a.flac", "--audio-option", "bogus=1"], 1, "frame_size"),
        (&["encode", "in.wav", "-o", "a.wav", "--muxer-option", "rf64=maybe"], 1, "always"),
        (&["encode", "in.wav", "-o", "a.wav", "--sample-format", "s17"], 2, "s16"),
        (&["encode", "in.wav", "-o", "a.wav", "--metadata", "novalue"], 2, "KEY=VALUE"),
        (&["encode", "none.wav", "-o", "a.wav"], 1, "none.wav"),
        (&["encode", "in.wav", "-o", "-"], 1, "--format"),
        (&["encode", "testsrc=size=63x47:duration=1", "-o", "a.mp4"], 1, "--size 64x48"),
        (&["encode", "in.wav", "in.wav", "-o", "a.wav"], 1, "1 stream"),
        (&["encode", "-o", "a.wav"], 2, "IN"),
        (&["help", "encoder=nope"], 1, "flac"),
        (&["list", "everything"], 2, "muxers"),
    ] {
        let output = run(directory.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(text(&output.stderr).contains(named), "{args:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        assert!(!directory.path().join("a.wav").exists(), "{args:?}");
    }
}

#[test]
fn rejects_options_without_their_stream() {
    let directory = directory();
    let path = directory.path();
    let video = "testsrc=size=64x48:rate=10:duration=0.2";
    for (options, told) in [
        (&["--crf", "12"][..], "--crf"),
        (&["--video-qscale", "4"], "--video-qscale"),
        (&["--video-bit-rate", "1M"], "--video-bit-rate"),
        (&["--video-encoder", "png"], "--video-encoder"),
        (&["--video-option", "g=3"], "--video-option"),
        (&["--size", "64x48"], "--size"),
        (&["--scale-filter", "bicubic"], "--scale-filter"),
        (&["--frame-rate", "30"], "--frame-rate"),
        (&["--pixel-format", "gray"], "--pixel-format"),
        (&["--gop", "5"], "--gop"),
    ] {
        for (output, why) in
            [("a.mp3", "mp3 does not support video"), ("a.mp4", "input has no video")]
        {
            let refused = run(path, &[&["encode", "in.wav", "-o", output], options].concat());
            let message = text(&refused.stderr);
            assert_eq!(refused.status.code(), Some(1), "{options:?}");
            assert!(message.contains(told) && message.contains(why), "{message}");
            assert!(!path.join(output).exists(), "{options:?}");
        }
    }
    for (options, told) in [
        (&["--bit-rate", "128k"][..], "--bit-rate"),
        (&["--qscale", "2"], "--qscale"),
        (&["--audio-encoder", "aac"], "--audio-encoder"),
        (&["--audio-option", "b=64000"], "--audio-option"),
        (&["--sample-format", "s16"], "--sample-format"),
        (&["--sample-rate", "8000"], "--sample-rate"),
        (&["--resample-quality", "default"], "--resample-quality"),
        (&["--channels", "1"], "--channels"),
        (&["--compression-level", "3"], "--compression-level"),
    ] {
        // Streams that the format does not support are left out, but not requested ones.
        let silent = (&[video][..], "a.mp4", "input has no audio");
        for (inputs, output, why) in
            [silent, (&[video, "in.wav"], "a.y4m", "does not support audio")]
        {
            let refused = run(path, &[&["encode"], inputs, &["-o", output], options].concat());
            let message = text(&refused.stderr);
            assert_eq!(refused.status.code(), Some(1), "{options:?}");
            assert!(message.contains(told) && message.contains(why), "{message}");
            assert!(!path.join(output).exists(), "{options:?}");
        }
    }
}

#[test]
fn names_both_of_contradictory_options() {
    let directory = directory();
    let path = directory.path();
    let video = "testsrc=size=64x48:rate=10:duration=0.2";
    for (options, code, other) in [
        (&["--crf", "3", "--video-qscale", "40"][..], 2, "--video-qscale"),
        (&["--crf", "3", "--video-bit-rate", "1M"], 2, "--video-bit-rate"),
        (&["--video-qscale", "3", "--video-bit-rate", "1M"], 2, "--video-bit-rate"),
        (&["--qscale", "2", "--bit-rate", "128k"], 2, "--bit-rate"),
        (&["--crf", "3", "--video-option", "crf=40"], 1, "crf=40"),
        (&["--video-qscale", "3", "--video-option", "qp=40"], 1, "qp=40"),
        (&["--video-bit-rate", "1M", "--video-option", "b=1000"], 1, "b=1000"),
        (&["--gop", "3", "--video-option", "g=4"], 1, "g=4"),
        (&["--bit-rate", "64k", "--audio-option", "ab=96000"], 1, "ab=96000"),
        (&["--qscale", "3", "--audio-option", "b=96000"], 1, "b=96000"),
        (
            &["--compression-level", "3", "--audio-option", "compression_level=4"],
            1,
            "compression_level=4",
        ),
    ] {
        let refused = run(path, &[&["encode", video, "in.wav", "-o", "a.mp4"], options].concat());
        let message = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(code), "{options:?}: {message}");
        assert!(message.contains(options[0]) && message.contains(other), "{message}");
        assert!(!path.join("a.mp4").exists(), "{options:?}");
    }
}

#[test]
fn lists_and_describes_every_entry() {
    let here = Path::new(".");
    for what in ["muxers", "encoders", "devices", "protocols", "sample-formats"] {
        let json = run(here, &["list", what, "--json"]).stdout;
        let items: Vec<serde_json::Value> = serde_json::from_slice(&json).unwrap();
        let lines = text(&run(here, &["list", what]).stdout);
        for item in &items {
            let name = item["name"].as_str().unwrap();
            assert!(lines.contains(name), "{what}: {name}");
            let topic = match what {
                "muxers" => format!("muxer={name}"),
                "encoders" => format!("encoder={name}"),
                _ => continue,
            };
            let help = text(&run(here, &["help", &topic]).stdout);
            for option in item["options"].as_array().unwrap() {
                assert!(help.contains(option["name"].as_str().unwrap()), "{help}");
            }
        }
    }
}

#[test]
fn reports_truncated_or_corrupt_y4m() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let video = "testsrc=size=64x48:rate=10:duration=0.5";
    let whole = encoded(path, &[video, "-o", "a.y4m"]);
    assert_eq!(whole["streams"][0]["frames"], 5);
    let y4m = fs::read(path.join("a.y4m")).unwrap();
    assert_eq!(encoded(path, &["a.y4m", "-o", "b.y4m"])["complete"], true);
    let frames = y4m.windows(6).enumerate().filter(|(_, bytes)| bytes == b"FRAME\n");
    let frames: Vec<usize> = frames.map(|(at, _)| at).collect();
    let ends = [(frames[3], true, 3), (frames[3] + 2, false, 3), (frames[4] + 100, false, 4)];
    for (end, complete, frames) in ends {
        fs::write(path.join("cut.y4m"), &y4m[..end]).unwrap();
        let output = run(path, &["encode", "cut.y4m", "-o", "b.y4m", "-y", "--json"]);
        assert_eq!(output.status.code(), Some(if complete { 0 } else { 3 }), "{end}");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["complete"], complete, "{end}");
        assert_eq!(summary["streams"][0]["frames"], frames, "{end}");
        assert_eq!(text(&output.stderr).contains("ends early"), !complete, "{end}");
    }
    fs::write(path.join("cut.y4m"), &y4m[..frames[0] + 20]).unwrap();
    let output = run(path, &["encode", "cut.y4m", "-o", "b.y4m", "-y"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("no frame"), "{}", text(&output.stderr));
    let mut corrupt = y4m.clone();
    corrupt[frames[2]] = b'X';
    fs::write(path.join("bad.y4m"), corrupt).unwrap();
    let refused = run(path, &["encode", "bad.y4m", "-o", "b.y4m", "-y"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("frame 3"), "{}", text(&refused.stderr));
}

#[test]
fn help_accepts_a_name_without_a_kind() {
    let help = |topic: &str| {
        let output = run(Path::new("."), &["help", topic]);
        assert!(output.status.success(), "{topic}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    for (name, topics) in [
        ("aac", &["encoder=aac"][..]),
        ("mp4", &["muxer=mp4"]),
        ("flac", &["encoder=flac", "muxer=flac"]),
        ("libx264", &["encoder=h264"]),
        ("av1", &["encoder=librav1e"]),
        ("m4a", &["muxer=ipod"]),
    ] {
        let expected: Vec<_> = topics.iter().map(|topic| help(topic)).collect();
        assert_eq!(help(name), expected.join("\n"), "{name}");
    }
    assert_eq!(help("encoder=libx264"), help("encoder=h264"));
    assert!(help("movflags").contains("muxer=mp4"), "{}", help("movflags"));
    // An option that all encoders share is described once.
    assert_eq!(help("ab").matches("the same as b").count(), 1, "{}", help("ab"));
    assert!(help("encode").contains("--audio-encoder"), "{}", help("encode"));
    let unknown = run(Path::new("."), &["help", "nope"]);
    assert_eq!(unknown.status.code(), Some(1));
    let unknown = text(&unknown.stderr);
    assert!(["nope", "librav1e", "yuv4mpegpipe"].iter().all(|name| unknown.contains(name)));
}

#[test]
fn metadata_is_kept_replaced_and_removed() {
    let directory = directory();
    let path = directory.path();
    let tags = ["--metadata", "title=Ünder", "--metadata", "artist=Someone"];
    assert!(
        run(path, &[&["encode", "in.wav", "-o", "a.flac"], &tags[..]].concat()).status.success()
    );
    let change = ["--metadata", "artist=", "--metadata", "album=New"];
    let args = [&["encode", "a.flac", "-o", "b.flac"], &change[..]].concat();
    assert!(run(path, &args).status.success());
    let file = fs::read(path.join("b.flac")).unwrap();
    let holds = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("TITLE=Ünder") && holds("ALBUM=New") && !holds("ARTIST"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_completes_the_file_while_input_is_pending() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(PROGRAM)
        .current_dir(directory.path())
        .args(["encode", "-", "-o", "a.wav", "--input-format", "s16le", "--json"])
        .args(["--input-sample-rate", "8000", "--input-channels", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Kept open: the program waits for more input.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&[1; 20_000]).unwrap();
    let path = directory.path().join("a.wav");
    // The program handles Ctrl-C before it creates the file.
    let started = std::time::Instant::now();
    while !path.exists() {
        assert!(started.elapsed().as_secs() < 60, "the file is not created");
        std::thread::yield_now();
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["interrupted"], true);
    let wav = fs::read(path).unwrap();
    let stated = u32::from_le_bytes(wav[4..8].try_into().unwrap());
    assert_eq!(stated as usize, wav.len() - 8, "the header says how long the file is");
}

/// Encodes and returns the JSON summary.
fn encoded(directory: &Path, args: &[&str]) -> serde_json::Value {
    let output = run(directory, &[&["encode"], args, &["--json", "-y"]].concat());
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn transcoding_keeps_the_number_of_samples() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let input = asset("bbb_48k_stereo.flac");
    let samples =
        encoded(path, &[input.to_str().unwrap(), "-o", "in.wav"])["streams"][0]["samples"].clone();
    for (first, options) in [
        ("a.mp3", &[][..]),
        ("a.mp3", &["--qscale", "4"]),
        ("a.opus", &["--bit-rate", "96k"]),
        ("a.oga", &[]),
        ("a.caf", &["--audio-encoder", "alac"]),
    ] {
        encoded(path, &[&["in.wav", "-o", first], options].concat());
        for second in ["b.wav", "b.opus", "b.mp3"] {
            let summary = encoded(path, &[first, "-o", second]);
            assert_eq!(summary["streams"][0]["samples"], samples, "{first} {second}");
            assert_eq!(summary["complete"], true, "{first} {second}");
            let found = encoded(path, &[second, "-o", "c.wav"]);
            assert_eq!(found["streams"][0]["samples"], samples, "{first} {second}");
        }
    }
}

#[test]
fn rates_and_qualities_are_applied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let input = asset("bbb_48k_stereo.flac");
    let input = input.to_str().unwrap();
    let size = |options: &[&str]| {
        let summary = encoded(path, &[&[input, "-o", "out.mp3"], options].concat());
        summary["bytes"].as_u64().unwrap()
    };
    assert!(size(&["--bit-rate", "192k"]) > size(&["--bit-rate", "96000"]));
    assert!(size(&["--qscale", "0"]) > size(&["--qscale", "8.5"]));
    assert!(
        size(&["--qscale", "4", "--compression-level", "0"])
            != size(&["--qscale", "4", "--compression-level", "9"])
    );
    let resampled = encoded(
        path,
        &[input, "-o", "out.wav", "--sample-rate", "44100", "--resample-quality", "high"],
    );
    let stream = &resampled["streams"][0];
    assert_eq!(
        (stream["sample_rate"].as_u64(), stream["input_sample_rate"].as_u64()),
        (Some(44_100), Some(48_000))
    );
    let back = encoded(path, &["out.wav", "-o", "back.wav"]);
    let exact = (stream["samples"].as_u64().unwrap() * 441 + 240) / 480;
    assert_eq!(back["streams"][0]["samples"], exact);
    for (options, told) in [
        (&["--bit-rate", "fast"][..], "such as 128k"),
        (&["--qscale", "12"], "12"),
        (&["--sample-rate", "12345"], "8000, 11025"),
        (&["--resample-quality", "best"], "high"),
        (&["--cover", "none.jpg"], "none.jpg"),
        (&["--cover", input], "JPEG, PNG or GIF"),
    ] {
        let refused = run(path, &[&["encode", input, "-o", "no.mp3"], options].concat());
        assert!(!refused.status.success());
        assert!(text(&refused.stderr).contains(told), "{}", text(&refused.stderr));
        assert!(!path.join("no.mp3").exists(), "{options:?}");
    }
}

#[test]
fn cover_is_kept() {
    let directory = directory();
    let path = directory.path();
    let cover = b"\x89PNG\r\n\x1A\n and the rest of an image";
    fs::write(path.join("cover.png"), cover).unwrap();
    let holds = |name: &str| {
        fs::read(path.join(name)).unwrap().windows(cover.len()).any(|bytes| bytes == cover)
    };
    encoded(path, &["in.wav", "-o", "a.flac", "--cover", "cover.png"]);
    assert!(holds("a.flac"));
    encoded(path, &["a.flac", "-o", "b.mp3"]);
    assert!(holds("b.mp3"));
    let warned = run(path, &["encode", "in.wav", "-o", "a.wav", "--cover", "cover.png"]);
    assert!(warned.status.success());
    assert!(text(&warned.stderr).contains("cannot store a cover"));
}

#[test]
fn lists_encoders_with_their_implementation() {
    let directory = tempfile::tempdir().unwrap();
    let output = run(directory.path(), &["list", "encoders"]);
    let listing = text(&output.stdout);
    let line = |name: &str| listing.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("mp3 ").contains("pure Rust; default of mp3"));
    assert!(line("flac ").contains("default of oga, flac"));
    assert!(line("aac ").contains("default of adts"));
}
