//! Chapters and subtitles: from input to output, and from separate files.

mod common;

use std::fs;
use std::path::Path;

use common::{asset, encode, foreign, run, stderr};

const CHAPTERS: &str = ";FFMETADATA1\n\
    [CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=Prologue\n\
    [CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=2000\ntitle=日本, ünïcödé\n";

const SRT: &str = "1\n00:00:00,500 --> 00:00:01,250\nHello, <i>world</i>\n\n\
    2\n00:00:01,250 --> 00:00:01,500\n<font color=\"red\">two</font>\nlines & more\n";

const VTT: &str = "WEBVTT\n\nSTYLE\n::cue { color: red }\n\n\
    intro\n00:00.500 --> 00:01.250 line:0\n<v Ann>Hello, <i>world</i>\n\n\
    00:01.250 --> 00:01.500\ntwo\nlines &amp; more\n";

/// Returns the chapters that ffprobe finds, one per line.
fn chapters(path: &Path, file: &str) -> Option<Vec<(f64, f64, String)>> {
    let shown = "chapter=start_time,end_time:chapter_tags=title";
    let args = ["-v", "error", "-show_entries", shown, "-of", "csv=p=0", file];
    let text = String::from_utf8(foreign(path, "ffprobe", &args)?).unwrap();
    let chapter = |line: &str| {
        let mut fields = line.splitn(3, ',');
        let mut time = || fields.next().unwrap().parse::<f64>().unwrap();
        let (start, end) = (time(), time());
        (start, end, fields.next().unwrap().trim_matches('"').to_owned())
    };
    Some(text.lines().map(chapter).collect())
}

#[test]
fn chapters_are_kept_from_format_to_format() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("chapters.txt"), CHAPTERS).unwrap();
    let input = asset("bbb_48k_stereo.flac");
    let (code, _, message) = encode(
        path,
        &[
            input.to_str().unwrap(),
            "-o",
            "0.mp3",
            "--chapters",
            "chapters.txt",
            "--sample-rate",
            "48000",
        ],
    );
    assert_eq!(code, 0, "{message}");
    // Each output is the input of the next format.
    let files = ["0.mp3", "1.m4b", "2.ogg", "3.flac", "4.mov", "5.opus", "6.mp4", "7.mp3"];
    for (i, file) in files.into_iter().enumerate() {
        if i > 0 {
            let more: &[&str] = if file == "2.ogg" { &["--audio-encoder", "opus"] } else { &[] };
            let (code, _, message) = encode(path, &[&[files[i - 1], "-o", file], more].concat());
            assert_eq!(code, 0, "{message}");
            assert!(!message.contains("ignored"), "{message}");
        }
        let Some(found) = chapters(path, file) else { return };
        assert_eq!(found.len(), 2, "{file}");
        assert_eq!((found[0].0, found[1].0), (0.0, 1.5), "{file}");
        assert_eq!((&found[0].2[..], &found[1].2[..]), ("Prologue", "日本, ünïcödé"), "{file}");
        if i < 2 {
            assert_eq!((found[0].1, found[1].1), (1.5, 2.0), "{file}");
        }
    }
    // No warning about the input's chapters for a format without chapters.
    let (code, _, message) = encode(path, &["6.mp4", "-o", "a.wav"]);
    assert_eq!((code, message.contains("chapter")), (0, false), "{message}");
    let (code, _, message) = encode(path, &["6.mp4", "-o", "a.wav", "--chapters", "chapters.txt"]);
    assert!(code == 0 && message.contains("wav cannot store chapters"), "{message}");
}

#[test]
fn keeps_chapters_of_other_programs() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("chapters.txt"), CHAPTERS).unwrap();
    // FFmpeg 5.1 writes no chapters to FLAC.
    for file in ["a.mp4", "a.m4b", "a.mov", "a.mkv", "a.mp3", "a.ogg", "a.opus"] {
        let codec = match file {
            "a.ogg" => "libopus",
            "a.opus" => "libopus",
            "a.mp3" => "libmp3lame",
            _ => "aac",
        };
        let made = common::ffmpeg(
            path,
            &[
                "-f",
                "lavfi",
                "-i",
                "sine=d=3:r=48000",
                "-i",
                "chapters.txt",
                "-map_metadata",
                "1",
                "-c:a",
                codec,
                file,
            ],
        );
        if !made {
            return;
        }
        let (code, _, message) = encode(path, &[file, "-o", "out.mp4"]);
        assert_eq!((code, message.contains("ignored")), (0, false), "{message}");
        let (expected, found) = (chapters(path, file).unwrap(), chapters(path, "out.mp4").unwrap());
        assert_eq!(found.len(), 2, "{file}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!((found.0, &found.2), (expected.0, &expected.2), "{file}");
            assert!((found.1 - expected.1).abs() < 0.02, "{file}: {found:?} {expected:?}");
        }
    }
}

/// Returns the subtitles of a track that ffmpeg finds.
fn srt(path: &Path, file: &str, track: &str) -> Option<String> {
    let args = ["-v", "error", "-height", "180", "-i", file, "-map", track, "-f", "srt", "-"];
    let text = String::from_utf8(foreign(path, "ffmpeg", &args)?).unwrap();
    Some(text.replace("\r\n", "\n"))
}

#[test]
fn reads_subtitles_from_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.srt"), SRT).unwrap();
    fs::write(path.join("b.vtt"), VTT).unwrap();
    let input = asset("bbb_48k_stereo.flac");
    let input = input.to_str().unwrap();
    let given = ["--subtitles", "a.srt", "--subtitles", "b.vtt", "--subtitle-language", "eng"];
    let (code, _, message) = encode(path, &[&[input, "-o", "a.mp4"], &given[..]].concat());
    assert_eq!(code, 0, "{message}");
    assert!(message.contains("a.srt: fonts, colors and positions are ignored"), "{message}");
    let expected = "1\n00:00:00,500 --> 00:00:01,250\nHello, <i>world</i>\n\n\
        2\n00:00:01,250 --> 00:00:01,500\ntwo\nlines & more\n\n";
    for track in ["0:s:0", "0:s:1"] {
        let Some(found) = srt(path, "a.mp4", track) else { return };
        assert_eq!(found, expected, "{track}");
    }
    let shown = [
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name:stream_tags=language",
        "-of",
        "csv=p=0",
    ];
    let found = foreign(path, "ffprobe", &[&shown[..], &["a.mp4"]].concat()).unwrap();
    let expected = "aac,und\nmov_text,eng\nmov_text,und\n";
    assert_eq!(String::from_utf8(found).unwrap(), expected);

    let webvtt = ["--subtitle-codec", "webvtt"];
    let (code, _, message) =
        encode(path, &[&[input, "-o", "b.mp4"], &given[..4], &webvtt].concat());
    assert_eq!(code, 0, "{message}");
    let file = fs::read(path.join("b.mp4")).unwrap();
    let holds = |what: &str| file.windows(what.len()).any(|bytes| bytes == what.as_bytes());
    for what in [
        "vttCWEBVTT\n\nSTYLE\n::cue { color: red }",
        "idenintro",
        "sttgline:0",
        "payl<v Ann>Hello, <i>world</i>",
        "paylHello, <i>world</i>",
        "payltwo\nlines &amp; more",
    ] {
        assert!(holds(what), "{what}");
    }
}

#[test]
fn names_the_line_of_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("a.srt"), "1\n00:00:01,000 --> 00:00:02,000\na\n\nb\n").unwrap();
    fs::write(path.join("chapters.txt"), ";FFMETADATA1\n[CHAPTER]\nEND=1\n").unwrap();
    fs::write(path.join("good.srt"), SRT).unwrap();
    let input = asset("bbb_48k_stereo.flac");
    let input = input.to_str().unwrap();
    for (args, expected) in [
        (&["-o", "a.mp4", "--subtitles", "a.srt"][..], "a.srt: line 5 must be the number"),
        (&["-o", "a.mp4", "--subtitles", "no.srt"], "Failed to read subtitles: no.srt"),
        (
            &["-o", "a.mp4", "--chapters", "chapters.txt"],
            "chapters.txt: line 2: a chapter must have START",
        ),
        (&["-o", "a.wav", "--subtitles", "good.srt"], "wav does not support subtitles"),
        (
            &["-o", "a.mov", "--subtitles", "good.srt", "--subtitle-codec", "webvtt"],
            "mov does not support",
        ),
        (&["-o", "a.mp4", "--subtitles", "good.srt", "--subtitle-language", "x"], "ISO 639-2"),
    ] {
        let output = run(path, &[&["encode", input, "-y"], args].concat());
        let message = stderr(&output);
        assert!(!output.status.success() && message.contains(expected), "{message}");
    }
}

#[test]
fn help_states_what_a_format_stores() {
    let text = |name: &str| {
        let output = run(Path::new("."), &["help", name]);
        String::from_utf8(output.stdout).unwrap()
    };
    let mp4 = text("muxer=mp4");
    assert!(mp4.contains("  subtitle codecs mov_text, webvtt\n"), "{mp4}");
    assert!(
        mp4.contains("  chapters        starts, titles, and the end of the last one\n"),
        "{mp4}"
    );
    assert!(text("muxer=mp3").contains("starts, ends and titles"));
    assert!(!text("muxer=wav").contains("chapters"));
}
