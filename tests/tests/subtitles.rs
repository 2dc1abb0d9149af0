//! Subtitles with video and audio: interleaving, and results of ffmpeg and ffprobe.

use std::io::Cursor;

use reelwright::{
    AudioStream, ErrorKind, Options, Result, StreamingMediaEncoder, SubtitleStream, TensorView,
    VideoStream, WebVttCue, muxers,
};
use reelwright_testkit::program::run;

type Encoder = StreamingMediaEncoder<'static, Cursor<Vec<u8>>>;

const LAYOUTS: [&str; 4] = ["hybrid_fragmented", "progressive", "faststart", "frag_keyframe"];

/// Height for which FFmpeg uses a font size of 16 by default.
const HEIGHT: usize = 288;

/// Start and end in seconds, and text.
type Cue = (f64, f64, &'static str);

const CUES: [Cue; 4] = [
    (0.5, 1.25, "Hello, <i>world</i>"),
    (1.25, 1.5, "two\nlines & more"),
    (2.0, 2.75, "日本語 ünïcödé"),
    (3.25, 3.999, "the <b>end</b>"),
];

const SRT: &str = "1\n00:00:00,500 --> 00:00:01,250\nHello, <i>world</i>\n\n\
    2\n00:00:01,250 --> 00:00:01,500\ntwo\nlines & more\n\n\
    3\n00:00:02,000 --> 00:00:02,750\n日本語 ünïcödé\n\n\
    4\n00:00:03,250 --> 00:00:03,999\nthe <b>end</b>\n\n";

fn encoder(format: &str) -> Encoder {
    StreamingMediaEncoder::to_seekable_writer(Cursor::new(Vec::new()), format).unwrap()
}

fn open(mut encoder: Encoder, layout: &str) -> Encoder {
    let options: Options = [("movflags", layout)].into_iter().collect();
    encoder.open_with(options).unwrap();
    encoder
}

fn bytes(encoder: Encoder) -> Vec<u8> {
    encoder.finish().unwrap().into_inner()
}

/// Returns an encoder with video, audio and subtitles.
fn encoder_with_subtitles(format: &str, layout: &str, subtitles: &SubtitleStream) -> Encoder {
    let mut encoder = encoder(format);
    encoder.add_video_stream(&VideoStream::new(25.0, 64, HEIGHT as u32)).unwrap();
    encoder.add_audio_stream(&AudioStream::new(48_000, 1)).unwrap();
    encoder.add_subtitle_stream(subtitles).unwrap();
    open(encoder, layout)
}

/// Writes four seconds of video and audio in `pieces` chunks per second. Writes each subtitle
/// before the chunks at its start.
fn write(encoder: &mut Encoder, pieces: usize, cues: &[Cue]) -> Result<()> {
    let mut cues = cues.iter().peekable();
    for piece in 0..4 * pieces {
        let end = (piece + 1) as f64 / pieces as f64;
        while let Some((start, end, text)) = cues.next_if(|cue| cue.0 < end) {
            encoder.write_subtitle(2, *start, *end, text)?;
        }
        let frames = 25 / pieces;
        let frame = 3 * 64 * HEIGHT;
        let pixel = |i: usize| ((i % frame / 64 + 5 * (piece * frames + i / frame)) % 251) as u8;
        let pixels: Vec<u8> = (0..frames * frame).map(pixel).collect();
        encoder.write_video_chunk(
            0,
            &TensorView::contiguous(&pixels, &[frames, 3, HEIGHT, 64])?,
            None,
        )?;
        let samples = 48_000 / pieces;
        let tone: Vec<f32> =
            (0..samples).map(|i| ((piece * samples + i) as f32 * 0.03).sin() * 0.5).collect();
        encoder.write_audio_chunk(1, &TensorView::contiguous(&tone, &[samples, 1])?, None)?;
    }
    Ok(())
}

/// Returns the subtitles according to ffmpeg.
fn srt(file: &[u8]) -> Option<String> {
    let arguments = ["-v", "error", "-i", "{}", "-map", "0:s", "-f", "srt", "-"];
    let text = run("ffmpeg", &arguments, file)?;
    Some(String::from_utf8(text).unwrap().replace("\r\n", "\n"))
}

#[test]
fn ffmpeg_reads_subtitles_in_every_layout() {
    let streams = ["-show_entries", "stream=codec_name:stream_tags=language", "-of", "csv=p=0"];
    for layout in LAYOUTS {
        let subtitles = SubtitleStream::new().language("fra");
        let mut encoder = encoder_with_subtitles("mp4", layout, &subtitles);
        write(&mut encoder, 5, &CUES).unwrap();
        let file = bytes(encoder);
        let arguments = [&["-v", "error", "-i", "{}"], &streams[..]].concat();
        let Some(found) = run("ffprobe", &arguments, &file) else { return };
        assert_eq!(String::from_utf8(found).unwrap(), "h264,und\naac,und\nmov_text,fra\n");
        let found = srt(&file).unwrap();
        if layout == "frag_keyframe" {
            // FFmpeg 5.1 does not read durations in fragments.
            for line in SRT.lines().filter(|line| !line.contains("-->")) {
                assert!(found.contains(line), "{found}");
            }
        } else {
            assert_eq!(found, SRT, "{layout}");
        }
        let check = ["-v", "error", "-xerror", "-i", "{}", "-f", "null", "-"];
        run("ffmpeg", &check, &file).unwrap();
    }
}

#[test]
fn mov_and_m4v_support_subtitles() {
    for format in ["mov", "ipod", "3gp"] {
        let mut encoder = encoder_with_subtitles(format, "faststart", &SubtitleStream::new());
        write(&mut encoder, 5, &CUES).unwrap();
        let Some(found) = srt(&bytes(encoder)) else { return };
        // FFmpeg does not read styles of QuickTime's text.
        let expected = if format == "mov" { found.clone() } else { SRT.to_owned() };
        assert_eq!(found, expected, "{format}");
        assert!(found.contains("00:00:01,250 --> 00:00:01,500\ntwo\nlines & more\n"), "{found}");
    }
}

#[test]
fn output_does_not_depend_on_chunk_sizes() {
    for (format, codec) in [("mp4", "mov_text"), ("mp4", "webvtt")] {
        for layout in LAYOUTS {
            let files: Vec<Vec<u8>> = [1, 5, 25]
                .into_iter()
                .map(|pieces| {
                    let mut encoder =
                        encoder_with_subtitles(format, layout, &SubtitleStream::new().codec(codec));
                    // All subtitles first, as from a file.
                    for (start, end, text) in CUES {
                        encoder.write_subtitle(2, start, end, text).unwrap();
                    }
                    write(&mut encoder, pieces, &[]).unwrap();
                    bytes(encoder)
                })
                .collect();
            assert!(files.iter().all(|file| *file == files[0]), "{codec} {layout}");
        }
    }
}

#[test]
fn other_streams_do_not_wait_for_subtitles() {
    let mut alone = encoder("mp4");
    alone.add_video_stream(&VideoStream::new(25.0, 64, HEIGHT as u32)).unwrap();
    alone.add_audio_stream(&AudioStream::new(48_000, 1)).unwrap();
    let mut alone = open(alone, "frag_keyframe");
    let mut encoder = encoder_with_subtitles("mp4", "frag_keyframe", &SubtitleStream::new());
    for encoder in [&mut alone, &mut encoder] {
        write(encoder, 5, &[]).unwrap();
    }
    let (alone, written) = (alone.bytes_written().unwrap(), encoder.bytes_written().unwrap());
    // A header with subtitles is longer.
    assert!((alone..alone + 1000).contains(&written), "{written} {alone}");
    // Subtitles may also be written last.
    for (start, end, text) in CUES {
        encoder.write_subtitle(2, start, end, text).unwrap();
    }
    let file = bytes(encoder);
    let Some(found) = srt(&file) else { return };
    assert!(found.contains("the <b>end</b>"), "{found}");
}

#[test]
fn early_subtitles_do_not_affect_interleaving() {
    let file = |cues: &[Cue]| {
        let mut encoder = encoder_with_subtitles("mp4", "progressive", &SubtitleStream::new());
        for (start, end, text) in cues {
            encoder.write_subtitle(2, *start, *end, text).unwrap();
        }
        // Audio is written a second after its video.
        write(&mut encoder, 1, &[]).unwrap();
        bytes(encoder)
    };
    let offsets = |file: &[u8]| {
        let shown = ["-show_entries", "packet=stream_index,size", "-of", "csv=p=0"];
        let text = run("ffprobe", &[&["-v", "error", "-i", "{}"], &shown[..]].concat(), file)?;
        let text = String::from_utf8(text).unwrap();
        Some(
            text.lines()
                .filter(|line| !line.starts_with('2'))
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    };
    let far: &[Cue] = &[(0.0, 1.0, "a"), (3600.0, 3601.0, "b")];
    let (Some(with), Some(without)) = (offsets(&file(far)), offsets(&file(&[]))) else { return };
    assert_eq!(with, without);
}

#[test]
fn webvtt_stores_cues_unchanged() {
    let header = "WEBVTT\n\nSTYLE\n::cue { color: yellow }\n\n";
    let mut encoder = encoder_with_subtitles(
        "mp4",
        "progressive",
        &SubtitleStream::new().codec("webvtt").header(header),
    );
    let cue = WebVttCue {
        id: "intro".to_owned(),
        settings: "line:10% align:start".to_owned(),
        payload: "<v Ann>Hi &amp; bye".to_owned(),
    };
    encoder.write_webvtt_cue(2, 0.25, 1.0, &cue).unwrap();
    encoder.write_subtitle(2, 1.5, 2.0, "a < b <i>c</i>").unwrap();
    write(&mut encoder, 5, &[]).unwrap();
    let file = bytes(encoder);
    let holds = |what: &[u8]| file.windows(what.len()).any(|bytes| bytes == what);
    assert!(holds(b"vttCWEBVTT\n\nSTYLE\n::cue { color: yellow }"));
    assert!(holds(
        b"\0\0\0\x0didenintro\0\0\0\x1csttgline:10% align:start\0\0\0\x1bpayl<v Ann>Hi &amp; bye"
    ));
    assert!(holds(b"payla &lt; b <i>c</i>"));
}

#[test]
fn rejects_invalid_subtitle_and_continues() {
    let mut encoder = encoder_with_subtitles("mp4", "progressive", &SubtitleStream::new());
    encoder.write_subtitle(2, 1.0, 2.0, "first").unwrap();
    let long = "x".repeat(65_536);
    for (start, end, text, expected) in [
        (-1.0, 2.0, "x", "The start of a subtitle must be positive"),
        (f64::NAN, 2.0, "x", "The start of a subtitle must be positive, finite"),
        (2.0, f64::INFINITY, "x", "The end of a subtitle must be positive, finite"),
        (3.0, 2.0, "x", "must not end before its start, 3 s. Found: 2 s"),
        (0.5, 2.0, "x", "The last one started at 1 s. Found: 0.5 s"),
        (1e9, 1e9, "x", "gaps and durations up to"),
        (2.0, 3.0, "a\0b", "must not contain NUL"),
        (2.0, 3.0, &long, "at most 65535 bytes long. Found: 65536 bytes"),
    ] {
        let error = encoder.write_subtitle(2, start, end, text).unwrap_err();
        assert_eq!((error.kind(), error.stream()), (ErrorKind::Argument, Some(2)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let cue = WebVttCue::default();
    let error = encoder.write_webvtt_cue(2, 2.0, 3.0, &cue).unwrap_err().to_string();
    assert!(error.contains("requires a stream of webvtt"), "{error}");
    let error = encoder.write_subtitle(0, 2.0, 3.0, "x").unwrap_err().to_string();
    assert!(error.contains("Stream 0 is not subtitle type"), "{error}");
    let error = encoder.write_subtitle(3, 2.0, 3.0, "x").unwrap_err().to_string();
    assert!(error.contains("Invalid stream index"), "{error}");
    let chunk = TensorView::contiguous(&[0.0f32], &[1, 1]).unwrap();
    assert!(encoder.write_audio_chunk(2, &chunk, None).is_err());
    encoder.write_subtitle(2, 2.0, 2.0, "").unwrap();
    encoder.write_subtitle(2, 3.0, 3.5, "last").unwrap();
    write(&mut encoder, 5, &[]).unwrap();
    let Some(found) = srt(&bytes(encoder)) else { return };
    let expected =
        "1\n00:00:01,000 --> 00:00:02,000\nfirst\n\n2\n00:00:03,000 --> 00:00:03,500\nlast\n\n";
    assert_eq!(found, expected);
}

#[test]
fn rejects_unsupported_subtitle_streams() {
    let error = encoder("wav").add_subtitle_stream(&SubtitleStream::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let text = error.to_string();
    assert!(
        text.contains("wav does not support subtitles. Formats with subtitles: mp4, mov, ipod"),
        "{text}"
    );
    for (format, stream, expected) in [
        (
            "mov",
            SubtitleStream::new().codec("webvtt"),
            "mov does not support the subtitle codec webvtt",
        ),
        ("mp4", SubtitleStream::new().codec("srt"), "Supported codecs are mov_text, webvtt"),
        ("mp4", SubtitleStream::new().header("WEBVTT"), "A header is for webvtt"),
        (
            "mp4",
            SubtitleStream::new().codec("webvtt").header("x"),
            "must begin with the line WEBVTT",
        ),
        (
            "mp4",
            SubtitleStream::new().codec("webvtt").header("WEBVTT\n\n0 --> 1\nx"),
            "contain neither cues",
        ),
        ("mp4", SubtitleStream::new().language("english"), "code of ISO 639-2"),
    ] {
        let error = encoder(format).add_subtitle_stream(&stream).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn file_may_contain_only_subtitles() {
    for muxer in muxers().filter(|muxer| !muxer.subtitle_codecs.is_empty()) {
        for layout in LAYOUTS {
            let mut encoder = encoder(muxer.name);
            encoder.add_subtitle_stream(&SubtitleStream::new()).unwrap();
            let mut encoder = open(encoder, layout);
            for (start, end, _) in CUES {
                encoder.write_subtitle(0, start, end, "text").unwrap();
            }
            encoder.flush().unwrap();
            let Some(found) = srt(&bytes(encoder)) else { return };
            assert_eq!(found.matches("text").count(), 4, "{} {layout}", muxer.name);
        }
    }
}
