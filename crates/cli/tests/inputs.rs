//! Inputs from other programs: timestamps, properties, tracks and damage.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{PROGRAM, asset, encode, ffmpeg, foreign, run, stderr, stream, times};
use reelwright_testkit::parallel;

/// Creates a video of four seconds with B-frames and audio. Returns false without ffmpeg.
fn video(path: &Path) -> bool {
    ffmpeg(
        path,
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=160x120:r=30:d=4",
            "-f",
            "lavfi",
            "-i",
            "sine=d=4",
            "-c:v",
            "libx264",
            "-bf",
            "2",
            "-c:a",
            "aac",
            "video.mp4",
        ],
    )
}

#[test]
fn frames_keep_their_timestamps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    if !video(path) {
        return;
    }
    let drops = "select='eq(n,0)+gte(n,20)*not(mod(n\\,3))+gte(n,20)*not(mod(n\\,7))'";
    assert!(ffmpeg(
        path,
        &[
            "-i",
            "video.mp4",
            "-vf",
            drops,
            "-vsync",
            "vfr",
            "-c:v",
            "libx264",
            "-bf",
            "3",
            "-c:a",
            "copy",
            "variable.mp4"
        ]
    ));
    for source in ["video.mp4", "variable.mp4"] {
        for (name, input, options) in [
            ("plain", &[][..], &[][..]),
            ("quicktime", &[], &["-f", "mov"]),
            ("timescale", &[], &["-video_track_timescale", "90000"]),
            ("no edits", &[], &["-use_editlist", "0"]),
            ("negative offsets", &[], &["-movflags", "negative_cts_offsets"]),
            ("fragments", &[], &["-movflags", "frag_keyframe+empty_moov"]),
            ("fragments, edits", &[], &["-movflags", "frag_keyframe+delay_moov"]),
            ("default base", &[], &["-movflags", "frag_every_frame+empty_moov+default_base_moof"]),
            ("cut", &["-ss", "1.3"], &[]),
            ("late", &["-itsoffset", "0.7"], &[]),
            ("late by half a frame", &["-itsoffset", "0.516"], &[]),
            ("matroska", &[], &["-f", "matroska"]),
        ] {
            let args = [input, &["-i", source, "-c", "copy"], options, &["in.mp4"]].concat();
            assert!(ffmpeg(path, &args));
            let (code, _, message) = encode(path, &["in.mp4", "-o", "out.mp4"]);
            assert_eq!(code, 0, "{source} {name}: {message}");
            let (expected, found) = (times(path, "in.mp4", "v:0"), times(path, "out.mp4", "v:0"));
            assert_eq!(expected.len(), found.len(), "{source} {name}");
            let differs = expected.iter().zip(&found).any(|(a, b)| (a - b).abs() > 0.0006);
            assert!(!differs, "{source} {name}: {expected:?} {found:?}");
        }
    }
}

#[test]
fn late_audio_stays_late_and_edits_apply_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    if !video(path) {
        return;
    }
    let late = [
        "-i",
        "video.mp4",
        "-itsoffset",
        "0.7",
        "-i",
        "video.mp4",
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c",
        "copy",
        "late.mp4",
    ];
    assert!(ffmpeg(path, &late));
    assert_eq!(encode(path, &["late.mp4", "-o", "out.mp4"]).0, 0);
    let (expected, found) = (times(path, "late.mp4", "a:0"), times(path, "out.mp4", "a:0"));
    assert!((expected[0] - found[0]).abs() < 0.001, "{} {}", expected[0], found[0]);
    // Formats without late starts get silence at the start.
    let (_, summary, _) = encode(path, &["late.mp4", "-o", "out.wav"]);
    let seconds = summary["streams"][0]["duration"].as_f64().unwrap();
    assert!((seconds - 4.7).abs() < 0.03, "{seconds}");
}

#[test]
fn keeps_aspect_ratio_and_color() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let sources = [
        ("pal.mp4", "720x576", "setsar=16/15", &["-colorspace", "bt470bg"][..]),
        ("full.mp4", "320x240", "format=yuvj420p", &["-color_range", "pc"]),
        (
            "hdr.mp4",
            "320x240",
            "null",
            &["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"],
        ),
        ("hlg.mp4", "320x240", "null", &["-color_trc", "arib-std-b67"]),
    ];
    for (file, size, filter, options) in sources {
        let source = format!("testsrc2=s={size}:d=0.2");
        let args =
            [&["-f", "lavfi", "-i", &source, "-vf", filter, "-c:v", "libx264"], options, &[file]]
                .concat();
        if !ffmpeg(path, &args) {
            return;
        }
        let (code, _, message) = encode(path, &[file, "-o", "out.mp4"]);
        assert_eq!(code, 0, "{file}: {message}");
        for field in [
            "sample_aspect_ratio",
            "color_range",
            "color_space",
            "color_transfer",
            "color_primaries",
        ] {
            let (expected, found) =
                (stream(path, file, "v:0", field), stream(path, "out.mp4", "v:0", field));
            let is_said = !matches!(&expected[..], "unknown" | "N/A" | "");
            assert!(!is_said || expected == found, "{file} {field}: {expected} {found}");
        }
    }
    // Scaling keeps the display aspect ratio, and Y4M stores it.
    let (_, _, message) = encode(path, &["pal.mp4", "-o", "out.mp4", "--size", "360x576"]);
    assert_eq!(stream(path, "out.mp4", "v:0", "sample_aspect_ratio"), "32:15", "{message}");
    assert_eq!(encode(path, &["pal.mp4", "-o", "out.y4m"]).0, 0);
    let header = fs::read(path.join("out.y4m")).unwrap();
    assert!(String::from_utf8_lossy(&header[..60]).contains(" A16:15"));
    // A warning names what the format cannot store.
    let message = stderr(&run(path, &["encode", "pal.mp4", "-o", "a_%d.png", "-y"]));
    assert!(message.contains("16:15"), "{message}");
}

#[test]
fn rotated_frames_are_upright() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    if !video(path) {
        return;
    }
    for degrees in ["90", "180", "270"] {
        let rotate = format!("rotate={degrees}");
        let args =
            ["-i", "video.mp4", "-t", "0.2", "-c", "copy", "-metadata:s:v", &rotate, "turned.mp4"];
        assert!(ffmpeg(path, &args));
        let (code, _, message) = encode(path, &["turned.mp4", "-o", "out.mp4", "--crf", "4"]);
        assert_eq!(code, 0, "{message}");
        // ffmpeg rotates while decoding.
        let frame = |file: &str| {
            let args = [
                "-v",
                "error",
                "-i",
                file,
                "-frames:v",
                "1",
                "-f",
                "rawvideo",
                "-pix_fmt",
                "gray",
                "-",
            ];
            foreign(path, "ffmpeg", &args).unwrap()
        };
        let (expected, found) = (frame("turned.mp4"), frame("out.mp4"));
        assert_eq!(expected.len(), found.len(), "{degrees}");
        let sum: u64 = expected.iter().zip(&found).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(sum < 4 * expected.len() as u64, "{degrees}: {sum}");
        assert_eq!(
            stream(path, "out.mp4", "v:0", "width"),
            if degrees == "180" { "160" } else { "120" }
        );
    }
}

#[test]
fn rotated_images_are_upright() {
    // A JPEG of two colors side by side, with orientation 6: a quarter turn to the right.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut pixels = Vec::new();
    for _ in 0..32 {
        pixels.extend([[250u8, 250, 250]; 16].concat());
        pixels.extend([[10u8, 10, 10]; 16].concat());
    }
    fs::write(path.join("in.rgb"), pixels).unwrap();
    let raw = [
        "in.rgb",
        "-o",
        "in.jpg",
        "--input-format",
        "rawvideo",
        "--input-size",
        "32x32",
        "--input-pixel-format",
        "rgb24",
    ];
    assert_eq!(encode(path, &raw).0, 0);
    let jpeg = fs::read(path.join("in.jpg")).unwrap();
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut turned = jpeg[..2].to_vec();
    turned.extend([0xFF, 0xE1]);
    turned.extend((exif.len() as u16 + 2).to_be_bytes());
    turned.extend(exif);
    turned.extend(&jpeg[2..]);
    fs::write(path.join("turned.jpg"), turned).unwrap();
    assert_eq!(encode(path, &["turned.jpg", "-o", "out.ppm"]).0, 0);
    let ppm = fs::read(path.join("out.ppm")).unwrap();
    let pixels = &ppm[ppm.len() - 32 * 32 * 3..];
    // The left half, white, is at the top.
    assert!(pixels[..96].iter().all(|x| *x > 200) && pixels[31 * 96..].iter().all(|x| *x < 60));
}

#[test]
fn names_tracks_that_cannot_be_decoded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    if !video(path) {
        return;
    }
    for (file, options, named) in [
        ("a.mp4", &["-c:v", "copy", "-c:a", "ac3"][..], &["audio track 1", "ac3", "mp4"][..]),
        ("a.mkv", &["-c:v", "copy", "-c:a", "ac3"], &["audio track 1", "ac3", "matroska"]),
        ("b.mp4", &["-c:v", "mpeg4", "-c:a", "copy"], &["video track 0", "mpeg4", "mp4"]),
        ("c.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv420p10le"], &["video track 0", "10 bits"]),
        ("d.mp4", &["-c:v", "libx264", "-pix_fmt", "yuv444p"], &["video track 0", "4:4:4"]),
    ] {
        let args = [&["-i", "video.mp4", "-t", "0.3"], options, &[file]].concat();
        assert!(ffmpeg(path, &args));
        let output = run(path, &["encode", file, "-o", "new.mp4"]);
        assert_eq!(output.status.code(), Some(1), "{file}");
        for word in named {
            assert!(stderr(&output).contains(word), "{file} {word}: {}", stderr(&output));
        }
        assert!(!path.join("new.mp4").exists(), "{file}");
        let (other, without) = match named[0].starts_with("audio") {
            true => ("out.y4m", "--no-audio"),
            false => ("out.mp3", "--no-video"),
        };
        // The track does not matter if the output does not support it or the user excludes it.
        assert_eq!(encode(path, &[file, "-o", other]).0, 0, "{file}");
        assert_eq!(encode(path, &[file, "-o", "out.mp4", without]).0, 0, "{file}");
    }
}

#[test]
fn tracks_are_selected_by_number_and_language() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let two = [
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-f",
        "lavfi",
        "-i",
        "sine=d=2",
        "-map",
        "0",
        "-map",
        "1",
        "-metadata:s:a:0",
        "language=eng",
        "-metadata:s:a:1",
        "language=fra",
        "-metadata",
        "creation_time=2020-02-29T12:34:56Z",
        "two.m4a",
    ];
    if !ffmpeg(path, &two) {
        return;
    }
    let seconds = |args: &[&str]| {
        let (code, summary, message) =
            encode(path, &[&["two.m4a", "-o", "out.m4a"], args].concat());
        assert_eq!(code, 0, "{message}");
        (summary["streams"][0]["duration"].as_f64().unwrap().round(), message)
    };
    let (first, message) = seconds(&[]);
    assert!(first == 1.0 && message.contains("track 1 (aac, fra)"), "{message}");
    assert_eq!(seconds(&["--audio-track", "1"]).0, 2.0);
    assert_eq!(seconds(&["--audio-track", "fra"]).0, 2.0);
    let tags = |entries: &str| {
        let args = ["-v", "error", "-show_entries", entries, "-of", "csv=p=0", "out.m4a"];
        String::from_utf8(foreign(path, "ffprobe", &args).unwrap()).unwrap().trim().to_owned()
    };
    assert_eq!(tags("stream_tags=language"), "fra");
    assert_eq!(tags("format_tags=creation_time"), "2020-02-29T12:34:56.000000Z");
    for wrong in ["2", "deu"] {
        let output = run(path, &["encode", "two.m4a", "-o", "x.m4a", "--audio-track", wrong]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(1));
        assert!(message.contains("0 (aac, eng), 1 (aac, fra)"), "{message}");
    }
}

#[test]
fn unknown_wav_sizes_are_not_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let args = ["sine=duration=1:sample_rate=8000", "-o", "in.wav", "--muxer-option", "rf64=never"];
    assert_eq!(encode(path, &args).0, 0);
    let wav = fs::read(path.join("in.wav")).unwrap();
    let data = wav.windows(4).position(|four| four == b"data").unwrap();
    let whole = wav.len() as u32 - 8;
    for (riff, size, code) in [
        (0, 0, 0),
        (whole, 0, 0),
        (0x7FFF_FFFF, 0x7FFF_FFFF, 0),
        (0x7FFF_F024, 0x7FFF_F000, 0),
        (u32::MAX, u32::MAX, 0),
        (36, 16_000, 0),
        (100, 999_999, 0),
        (1_000_036, 1_000_000, 3),
    ] {
        let mut changed = wav.clone();
        changed[4..8].copy_from_slice(&u32::to_le_bytes(riff));
        changed[data + 4..data + 8].copy_from_slice(&u32::to_le_bytes(size));
        fs::write(path.join("x.wav"), &changed).unwrap();
        let (found, summary, message) = encode(path, &["x.wav", "-o", "out.flac"]);
        assert_eq!(found, code, "{riff:x} {size:x}: {message}");
        assert_eq!(summary["streams"][0]["samples"], 8000, "{riff:x} {size:x}");
        assert_eq!(summary["complete"], code == 0, "{riff:x} {size:x}");
        // The same file through a pipe.
        let mut child = Command::new(PROGRAM)
            .current_dir(path)
            .args(["encode", "-", "-o", "out.flac", "-y", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &changed).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{riff:x} {size:x} from a pipe");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["streams"][0]["samples"], 8000, "{riff:x} {size:x} from a pipe");
    }
}

/// Returns the samples or frames of the first stream, and the exit code.
fn read(path: &Path, file: &str, output: &str) -> (i32, u64) {
    let (code, summary, message) = encode(path, &[file, "-o", output]);
    assert!(code == 0 || code == 3, "{file}: {message}");
    assert_eq!(summary["complete"], code == 0, "{file}");
    let stream = &summary["streams"][0];
    (code, stream["samples"].as_u64().or(stream["frames"].as_u64()).unwrap())
}

#[test]
fn languages_and_tags_stay_with_their_streams() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let tagged = |file: &str| {
        let video = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=0.5"];
        let audio = ["-f", "lavfi", "-i", "sine=d=0.5", "-c:v", "libx264", "-c:a", "aac"];
        let languages = ["-metadata:s:v", "language=eng", "-metadata:s:a", "language=fra"];
        let tags = ["-metadata", "title=Hé", "-metadata", "artist=A", "-metadata", "composer=C"];
        let more = ["-metadata", "date=1999", "-metadata", "copyright=R"];
        let numbers = ["-metadata", "track=3/9", "-metadata", "disc=1/2", file];
        ffmpeg(path, &[&video[..], &audio, &languages, &tags, &more, &numbers].concat())
    };
    for (file, has_numbers) in [("in.mp4", true), ("in.mov", false)] {
        if !tagged(file) {
            return;
        }
        assert_eq!(encode(path, &[file, "-o", "out.mp4"]).0, 0);
        let shown = |entries: &str| {
            let args = ["-v", "error", "-show_entries", entries, "-of", "default=nw=1", "out.mp4"];
            String::from_utf8(foreign(path, "ffprobe", &args).unwrap()).unwrap()
        };
        let languages = shown("stream=codec_type:stream_tags=language");
        let languages: Vec<_> = languages.lines().collect();
        let expected =
            ["codec_type=video", "TAG:language=eng", "codec_type=audio", "TAG:language=fra"];
        assert_eq!(languages, expected, "{file}");
        let tags = shown("format_tags");
        for tag in ["title=Hé", "artist=A", "date=1999", "copyright=R"] {
            assert!(tags.contains(&format!("TAG:{tag}\n")), "{file}: {tags}");
        }
        for tag in ["composer=C", "track=3/9", "disc=1/2"] {
            assert!(!has_numbers || tags.contains(&format!("TAG:{tag}\n")), "{file}: {tags}");
        }
    }
}

#[test]
fn channels_keep_their_positions() {
    let layouts = [("3.0", 3), ("quad", 4), ("4.0", 4), ("5.1", 6), ("6.1", 7), ("7.1", 8)];
    parallel::for_each(layouts, |(layout, channels)| {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let tones: Vec<_> =
            (1..=channels).map(|tone| format!("0.3*sin({}*2*PI*t)", 220 * tone)).collect();
        let tones = format!("aevalsrc='{}':s=48000:d=0.5:c={layout}", tones.join("|"));
        if !ffmpeg(path, &["-f", "lavfi", "-i", &tones, "-c:a", "pcm_f32le", "source.wav"]) {
            return;
        }
        for (file, codec) in [
            ("in.m4a", "aac"),
            ("in.aac", "aac"),
            ("alac.m4a", "alac"),
            ("in.caf", "alac"),
            ("in.flac", "flac"),
            ("in.oga", "flac"),
            ("in.opus", "libopus"),
            ("opus.mp4", "libopus"),
            ("in.mov", "pcm_s16le"),
            ("pcm.caf", "pcm_s16le"),
            ("in.aiff", "pcm_s16be"),
        ] {
            let made = Command::new("ffmpeg")
                .current_dir(path)
                .args(["-nostdin", "-v", "error", "-y", "-i", "source.wav", "-c:a", codec])
                .args(["-b:a", "600k", file])
                .output()
                .unwrap();
            let (code, summary, message) = encode(path, &[file, "-o", "out.wav"]);
            // Some encoders do not support every layout, and some AAC is not supported.
            if !made.status.success() || (code == 1 && message.contains("not supported")) {
                continue;
            }
            assert_eq!(code, 0, "{layout} {file}: {message}");
            let probe = ["-v", "error", "-show_entries", "stream=channel_layout", "-of", "csv=p=0"];
            let expected = foreign(path, "ffprobe", &[&probe[..], &[file]].concat()).unwrap();
            let expected = String::from_utf8(expected).unwrap();
            let found = summary["streams"][0]["channel_layout"].as_str().unwrap();
            if expected.trim() != "unknown" {
                assert_eq!(found, expected.trim(), "{layout} {file}");
            }
            let decoded = |file: &str| {
                let args = ["-v", "error", "-i", file, "-f", "f32le", "-"];
                let bytes = foreign(path, "ffmpeg", &args).unwrap();
                let floats =
                    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
                floats.collect::<Vec<_>>()
            };
            // Tones of each channel.
            let tones = |samples: &[f32]| -> Vec<Vec<usize>> {
                let frames = &samples[4800 * channels..14_400 * channels];
                let amplitude = |channel: usize, tone: usize| {
                    let turns = (220 * tone) as f64 / 48_000.0 * std::f64::consts::TAU;
                    let channel = frames.iter().skip(channel).step_by(channels).enumerate();
                    let (re, im) = channel.fold((0.0, 0.0), |(re, im), (n, x)| {
                        let (sin, cos) = (turns * n as f64).sin_cos();
                        (re + f64::from(*x) * cos, im + f64::from(*x) * sin)
                    });
                    re.hypot(im) / 4800.0
                };
                let heard = |channel: usize| {
                    (1..=channels).filter(|tone| amplitude(channel, *tone) > 0.1).collect()
                };
                (0..channels).map(heard).collect()
            };
            assert_eq!(tones(&decoded("out.wav")), tones(&decoded(file)), "{layout} {file}");
        }
    });
}

#[test]
fn joined_and_damaged_audio_keeps_its_length() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let source = "sine=duration=2:sample_rate=48000";
    for file in ["a.mp3", "a.opus", "a.oga", "a.aac", "a.flac", "a.m4a", "a.caf"] {
        assert_eq!(encode(path, &[source, "-o", file]).0, 0);
        let bytes = fs::read(path.join(file)).unwrap();
        let (code, whole) = read(path, file, "out.wav");
        assert_eq!(code, 0, "{file}");
        if matches!(file, "a.mp3" | "a.opus" | "a.oga" | "a.aac" | "a.flac") {
            let joined = format!("joined{file}");
            fs::write(path.join(&joined), [&bytes[..], &bytes].concat()).unwrap();
            assert_eq!(read(path, &joined, "out.wav"), (0, 2 * whole), "{file} joined");
        }
        let cut = format!("cut{file}");
        // The index of these files is after the media.
        if !matches!(file, "a.m4a" | "a.caf") {
            fs::write(path.join(&cut), &bytes[..bytes.len() * 6 / 10]).unwrap();
            let (code, samples) = read(path, &cut, "out.wav");
            assert_eq!(code, 3, "{file} cut");
            // The truncated end has more bytes than the data before it.
            assert!(samples > whole / 3 && samples < whole * 95 / 100, "{file} cut: {samples}");
        }
        let mut damaged = bytes.clone();
        let middle = bytes.len() / 2;
        damaged[middle..middle + 64].fill(0x55);
        let bad = format!("bad{file}");
        fs::write(path.join(&bad), damaged).unwrap();
        let (code, samples) = read(path, &bad, "out.wav");
        // Changed bytes of a frame may still decode; its length stays.
        assert!(samples.abs_diff(whole) <= 2400, "{file} damaged: {samples} of {whole}");
        assert!(
            code == 3 || matches!(file, "a.mp3" | "a.m4a" | "a.aac" | "a.caf"),
            "{file} damaged"
        );
    }
}

#[test]
fn keeps_everything_before_a_change_of_the_input() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let join = |parts: [&str; 2], to: &str| {
        let parts = parts.map(|file| fs::read(path.join(file)).unwrap());
        fs::write(path.join(to), parts.concat()).unwrap();
    };
    // 96,480 samples are not a multiple of the chunk size.
    assert_eq!(encode(path, &["sine=duration=2.01", "-o", "a.oga"]).0, 0);
    assert_eq!(encode(path, &["sine=duration=1", "-o", "b.opus"]).0, 0);
    join(["a.oga", "b.opus"], "joined.ogg");
    assert_eq!(read(path, "joined.ogg", "out.wav"), (3, 96_480));
    // B-frames depend on earlier frames.
    let source = ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=24:duration=1"];
    let encoder = ["-c:v", "libx264", "-b_strategy", "0", "-bf", "3", "-y"];
    if !ffmpeg(path, &[&source[..], &encoder, &["-pix_fmt", "yuv420p", "a.h264"]].concat()) {
        return;
    }
    assert!(ffmpeg(path, &[&source[..], &encoder, &["-pix_fmt", "yuv444p", "b.h264"]].concat()));
    join(["a.h264", "b.h264"], "joined.h264");
    assert_eq!(read(path, "joined.h264", "out.mp4"), (3, 24));
}

#[test]
fn damaged_video_continues_at_the_next_keyframe() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let args = [
        "testsrc=size=160x120:rate=30:duration=2",
        "-o",
        "in.mp4",
        "--gop",
        "10",
        "--crf",
        "10",
        "--muxer-option",
        "movflags=+faststart",
    ];
    let (code, _, message) = encode(path, &args);
    assert_eq!(code, 0, "{message}");
    let mp4 = fs::read(path.join("in.mp4")).unwrap();
    assert_eq!(read(path, "in.mp4", "out.mp4"), (0, 60));
    let media = mp4.windows(4).rposition(|four| four == b"mdat").unwrap();
    let mut damaged = mp4.clone();
    let middle = media + (mp4.len() - media) / 2;
    damaged[middle..middle + 400].fill(0xFF);
    fs::write(path.join("bad.mp4"), damaged).unwrap();
    let (code, frames) = read(path, "bad.mp4", "out.mp4");
    assert_eq!(code, 3);
    assert!((35..60).contains(&frames), "{frames}");
    let shown = times(path, "out.mp4", "v:0");
    if let Some(last) = shown.last() {
        assert!((last - 59.0 / 30.0).abs() < 0.001, "the last frame is at its own time: {last}");
    }
    fs::write(path.join("cut.mp4"), &mp4[..media + (mp4.len() - media) / 2]).unwrap();
    let (code, frames) = read(path, "cut.mp4", "out.mp4");
    assert!(code == 3 && (20..40).contains(&frames), "{code} {frames}");
    // Without its index the file cannot be read.
    fs::write(path.join("none.mp4"), &mp4[media - 4..]).unwrap();
    let output = run(path, &["encode", "none.mp4", "-o", "new.mp4"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("index"), "{}", stderr(&output));
}

#[test]
fn truncated_image_is_reported_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert_eq!(encode(path, &["testsrc=size=160x120:duration=0.04", "-o", "in.jpg"]).0, 0);
    let jpeg = fs::read(path.join("in.jpg")).unwrap();
    fs::write(path.join("half.jpg"), &jpeg[..jpeg.len() / 2]).unwrap();
    let (code, summary, message) = encode(path, &["half.jpg", "-o", "out.png"]);
    assert_eq!((code, &summary["complete"]), (3, &false.into()), "{message}");
    assert!(message.contains("half.jpg is damaged"), "{message}");
}

#[test]
fn images_become_one_video() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let source = "testsrc=size=64x48:rate=5:duration=1";
    assert_eq!(encode(path, &[source, "-o", "f_%02d.png"]).0, 0);
    for number in (1..=5).rev() {
        let (from, to) = (format!("f_{number:02}.png"), format!("f_{:02}.png", number + 7));
        fs::rename(path.join(from), path.join(to)).unwrap();
    }
    let rate = ["--frame-rate", "5"];
    let of = |inputs: &[&str]| {
        let (code, summary, message) = encode(path, &[inputs, &["-o", "out.mp4"], &rate].concat());
        let video = &summary["streams"][0];
        (code, video["frames"].as_u64().unwrap_or(0), video["duration"].as_f64(), message)
    };
    // Starts at the lowest number.
    assert_eq!(of(&["f_%02d.png"]), (0, 5, Some(1.0), String::new()));
    let list: Vec<String> = (8..=12).map(|number| format!("f_{number:02}.png")).collect();
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    assert_eq!(of(&list), (0, 5, Some(1.0), String::new()));
    fs::remove_file(path.join("f_10.png")).unwrap();
    let (code, frames, seconds, message) = of(&["f_%02d.png"]);
    assert_eq!((code, frames, seconds), (3, 4, Some(1.0)));
    assert!(message.contains("number 10 is missing"), "{message}");
    // Another size ends the video; earlier frames are kept.
    assert_eq!(encode(path, &["f_08.png", "-o", "f_13.png", "--size", "32x48"]).0, 0);
    let (code, frames, _, message) = of(&["f_%02d.png"]);
    assert_eq!((code, frames), (3, 4));
    assert!(message.contains("32x48"), "{message}");
    // An image lasts as long as the audio.
    assert_eq!(encode(path, &["sine=duration=2.5", "-o", "a.flac"]).0, 0);
    let (code, summary, message) = encode(path, &["f_08.png", "a.flac", "-o", "out.mp4"]);
    assert_eq!(code, 0, "{message}");
    assert_eq!(summary["streams"][0]["duration"], 2.5);
    let stated = stream(path, "out.mp4", "v:0", "duration");
    assert!(stated.is_empty() || stated.starts_with("2.5"), "{stated}");
}

#[test]
fn y4m_variants_are_read_or_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert_eq!(encode(path, &["testsrc=size=64x48:rate=10:duration=0.5", "-o", "in.y4m"]).0, 0);
    let y4m = fs::read(path.join("in.y4m")).unwrap();
    let end = y4m.iter().position(|byte| *byte == b'\n').unwrap();
    let header = String::from_utf8(y4m[..end].to_vec()).unwrap();
    let with = |from: &str, to: &str| {
        assert!(header.contains(from), "{header}");
        fs::write(path.join("x.y4m"), [header.replace(from, to).as_bytes(), &y4m[end..]].concat())
            .unwrap();
    };
    let chroma = header.split(' ').find(|word| word.starts_with('C')).unwrap().to_owned();
    for (kind, why) in [("C411", "not supported"), ("C420p14", "depth"), ("Cmono9", "depth")] {
        with(&chroma, kind);
        let output = run(path, &["encode", "x.y4m", "-o", "new.mp4"]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{kind}");
        assert!(
            message.contains(kind) && message.contains(why) && message.contains("420jpeg"),
            "{message}"
        );
    }
    with("F10:1", "F0:0");
    let message = stderr(&run(path, &["encode", "x.y4m", "-o", "new.mp4"]));
    assert!(message.contains("--frame-rate"), "{message}");
    let (code, summary, message) = encode(path, &["x.y4m", "-o", "out.mp4", "--frame-rate", "5"]);
    assert_eq!((code, &summary["streams"][0]["frames"]), (0, &5.into()), "{message}");
    with(" Ip", " It");
    let (code, _, message) = encode(path, &["x.y4m", "-o", "out.mp4"]);
    assert!(code == 0 && message.contains("interlaced"), "{message}");
}

/// Encodes the output of a program.
fn piped(path: &Path, file: &str, args: &[&str]) -> (i32, serde_json::Value) {
    let mut cat = Command::new("cat").arg(path.join(file)).stdout(Stdio::piped()).spawn().unwrap();
    let output = Command::new(PROGRAM)
        .current_dir(path)
        .args([&["encode", "-"], args, &["--json", "-y"]].concat())
        .stdin(cat.stdout.take().unwrap())
        .output()
        .unwrap();
    let _ = cat.wait();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn reads_pipes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let video = asset("bbb_1280x720_5.1.mp4");
    let sources = ["testsrc=size=64x48:rate=10:duration=1", "sine=duration=1"];
    for (file, options) in [
        ("front.mp4", &["--muxer-option", "movflags=+faststart"][..]),
        ("fragments.mp4", &["--muxer-option", "movflags=+frag_keyframe+empty_moov", "--gop", "4"]),
        ("video.y4m", &[]),
    ] {
        let kept = if file.ends_with("y4m") { &sources[..1] } else { &sources[..] };
        assert_eq!(encode(path, &[kept, &["-o", file], options].concat()).0, 0);
        let (code, summary) = piped(path, file, &["-o", "out.mp4"]);
        assert_eq!((code, &summary["streams"][0]["frames"]), (0, &10.into()), "{file}");
    }
    fs::write(path.join("raw"), [7; 64 * 48 * 3 * 4]).unwrap();
    let raw = ["--input-format", "rawvideo", "--size", "64x48", "--pixel-format", "rgb24"];
    let (code, summary) = piped(path, "raw", &[&raw[..], &["-o", "out.mp4"]].concat());
    assert_eq!((code, &summary["streams"][0]["frames"]), (0, &4.into()));
    // An index after the media can be read from a file, even through standard input.
    let behind = ["-o", "behind.mp4", "--muxer-option", "movflags=-faststart"];
    assert_eq!(encode(path, &[&[video.to_str().unwrap()], &behind[..]].concat()).0, 0);
    assert_eq!(piped(path, "behind.mp4", &["-o", "out.mp4"]).0, 1);
    let output = Command::new(PROGRAM)
        .current_dir(path)
        .args(["encode", "-", "-o", "out.mp4", "-y"])
        .stdin(fs::File::open(path.join("behind.mp4")).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn be32(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Returns the offset and size of box `number` of a kind between `start` and `end`.
fn find(bytes: &[u8], kind: &[u8], start: usize, end: usize, number: usize) -> (usize, usize) {
    let (mut at, mut left) = (start, number);
    loop {
        assert!(at < end, "no box {}", String::from_utf8_lossy(kind));
        let size = be32(bytes, at);
        if &bytes[at + 4..at + 8] == kind {
            if left == 0 {
                return (at, size);
            }
            left -= 1;
        }
        at += size;
    }
}

/// Returns an MP4 file, whose index is at its end, with other edits: durations in units of the
/// movie, and media times in units of the track.
fn with_edits(mp4: &[u8], track: usize, entries: &[(u32, i32)]) -> Vec<u8> {
    let (moov, moov_size) = find(mp4, b"moov", 0, mp4.len(), 0);
    let (trak, trak_size) = find(mp4, b"trak", moov + 8, moov + moov_size, track);
    let (edts, edts_size) = find(mp4, b"edts", trak + 8, trak + trak_size, 0);
    let mut list = [0u32.to_be_bytes(), (entries.len() as u32).to_be_bytes()].concat();
    for (duration, time) in entries {
        list.extend(duration.to_be_bytes());
        list.extend(time.to_be_bytes());
        list.extend([0, 1, 0, 0]);
    }
    let mut edits = (list.len() as u32 + 16).to_be_bytes().to_vec();
    edits.extend(b"edts");
    edits.extend((list.len() as u32 + 8).to_be_bytes());
    edits.extend(b"elst");
    edits.extend(list);
    let mut changed = [&mp4[..edts], &edits, &mp4[edts + edts_size..]].concat();
    for at in [moov, trak] {
        let size = be32(mp4, at) + edits.len() - edts_size;
        changed[at..at + 4].copy_from_slice(&(size as u32).to_be_bytes());
    }
    changed
}

#[test]
fn applies_several_edits_to_video_and_audio() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    if !video(path) {
        return;
    }
    // Units: 1/1000 s of the movie, 1/15360 s of the video, 1/44100 s of the audio.
    let mp4 = fs::read(path.join("video.mp4")).unwrap();
    for (name, video, audio) in [
        (
            "cut",
            &[(1000, 15_360), (1500, 1024 + 30_720)][..],
            &[(1000, 44_100), (1500, 88_200)][..],
        ),
        ("back", &[(1000, 30_720), (1000, 1024)], &[(1000, 88_200), (1000, 1024)]),
        ("late", &[(300, -1), (2000, 1024)], &[(600, -1), (2000, 1024)]),
        ("between frames", &[(700, 1200), (900, 31_000)], &[(700, 1024), (900, 88_200)]),
    ] {
        let changed = with_edits(&with_edits(&mp4, 0, video), 1, audio);
        fs::write(path.join("in.mp4"), changed).unwrap();
        let (code, _, message) = encode(path, &["in.mp4", "-o", "out.mp4"]);
        assert_eq!(code, 0, "{name}: {message}");
        let (expected, found) = (times(path, "in.mp4", "v:0"), times(path, "out.mp4", "v:0"));
        assert_eq!(expected.len(), found.len(), "{name}");
        // If two frames have the same time, ffprobe reports the second and all later ones too
        // early.
        let is_exact = expected.windows(2).all(|pair| pair[1] - pair[0] > 0.001);
        let tolerance = if is_exact { 0.0006 } else { 0.0671 };
        let differs = expected.iter().zip(&found).any(|(a, b)| (a - b).abs() > tolerance);
        assert!(!differs, "{name}: {expected:?} {found:?}");
        let (_, summary, _) = encode(path, &["in.mp4", "-o", "out.wav"]);
        let seconds = summary["streams"][0]["duration"].as_f64().unwrap();
        let stated: u32 = audio.iter().map(|(duration, _)| duration).sum();
        assert!((seconds - f64::from(stated) / 1000.0).abs() < 0.002, "{name}: {seconds}");
    }
    // No frame is shown in the middle.
    let gap = with_edits(&mp4, 0, &[(1000, 1024), (500, -1), (1000, 16_384)]);
    fs::write(path.join("in.mp4"), gap).unwrap();
    assert_eq!(encode(path, &["in.mp4", "-o", "out.mp4"]).0, 0);
    let found = times(path, "out.mp4", "v:0");
    assert_eq!(found.len(), 60);
    assert!(
        (found[29] - 29.0 / 30.0).abs() < 0.001 && (found[30] - 1.5).abs() < 0.001,
        "{found:?}"
    );
}
