//! Chapters: ffprobe and mediainfo read them from every format that stores them.

use std::io::Cursor;
use std::path::Path;

use log::Level;
use reelwright::{
    AudioStream, Chapter, ChapterSupport, ErrorKind, MuxerInfo, Result, StreamingMediaEncoder,
    TensorView, muxers,
};
use reelwright_testkit::program::run;
use reelwright_tests::log::logged;

/// Start, end and title.
type Times = (f64, Option<f64>, &'static str);

fn chapters(chapters: &[Times]) -> Vec<Chapter> {
    let chapter =
        |(start, end, title): &Times| Chapter::from_seconds(*start, *end, *title).unwrap();
    chapters.iter().map(chapter).collect()
}

/// Returns a file with five seconds of audio.
fn file(format: &str, encoder_name: Option<&str>, chapters: Vec<Chapter>) -> Result<Vec<u8>> {
    let mut encoder =
        StreamingMediaEncoder::to_seekable_writer(Cursor::new(Vec::new()), format).unwrap();
    let mut stream = AudioStream::new(48_000, 1);
    if let Some(name) = encoder_name {
        stream = stream.encoder(name);
    }
    encoder.add_audio_stream(&stream)?;
    encoder.set_chapters(chapters)?;
    encoder.open()?;
    let tone: Vec<f32> = (0..5 * 48_000).map(|i| (i as f32 * 0.03).sin() * 0.5).collect();
    encoder.write_audio_chunk(0, &TensorView::contiguous(&tone, &[tone.len(), 1])?, None)?;
    Ok(encoder.finish().unwrap().into_inner())
}

/// Returns the chapters according to ffprobe.
fn probed(file: &[u8]) -> Option<Vec<(f64, f64, String)>> {
    let shown =
        ["-show_entries", "chapter=start_time,end_time:chapter_tags=title", "-of", "csv=p=0"];
    let text = run("ffprobe", &[&["-v", "error", "-i", "{}"], &shown[..]].concat(), file)?;
    let chapter = |line: &str| {
        let mut fields = line.splitn(3, ',');
        let mut time = || fields.next().unwrap().parse::<f64>().unwrap();
        let (start, end) = (time(), time());
        (start, end, fields.next().unwrap_or_default().to_owned())
    };
    Some(String::from_utf8(text).unwrap().lines().map(chapter).collect())
}

const FORMATS: [(&str, Option<&str>); 9] = [
    ("mp4", None),
    ("ipod", None),
    ("mov", None),
    ("mp3", None),
    ("ogg", Some("opus")),
    ("ogg", Some("flac")),
    ("oga", None),
    ("opus", None),
    ("flac", None),
];

fn support(format: &str) -> &'static MuxerInfo {
    muxers().find(|muxer| muxer.name == format).unwrap()
}

#[test]
fn ffprobe_reads_starts_ends_and_titles() {
    let given =
        [(0.0, None, "Prologue"), (1.5, Some(3.25), "日本, ünïcödé"), (3.25, None, "The end")];
    for (format, encoder) in FORMATS {
        let Some(found) = probed(&file(format, encoder, chapters(&given)).unwrap()) else { return };
        assert_eq!(found.len(), 3, "{format}");
        for (found, expected) in found.iter().zip([(0.0, 1.5), (1.5, 3.25), (3.25, 5.0)]) {
            assert_eq!((found.0, format), (expected.0, format));
            // Padding makes some files slightly longer in FFmpeg.
            assert!((found.1 - expected.1).abs() < 0.01, "{format}: {found:?}");
        }
        let titles: Vec<_> = found.iter().map(|(.., title)| title.trim_matches('"')).collect();
        assert_eq!(titles, ["Prologue", "日本, ünïcödé", "The end"], "{format}");
    }
}

#[test]
fn warns_about_chapters_that_a_format_cannot_store() {
    let gap = chapters(&[(0.0, Some(1.0), "a"), (2.0, Some(4.0), "b")]);
    for (format, encoder) in FORMATS {
        let (written, lines) = logged(|| file(format, encoder, gap.clone()).unwrap());
        let ends = support(format).chapters;
        let expected =
            format!("{format} cannot store the end of a chapter. Chapter \"a\" ends at 1 s");
        let warns =
            lines.iter().any(|(level, text)| *level == Level::Warn && text.contains(&expected));
        assert_eq!(warns, ends != ChapterSupport::Ends, "{format}");
        let Some(found) = probed(&written) else { return };
        assert_eq!(found[0].1, if warns { 2.0 } else { 1.0 }, "{format}");
        let last = if ends == ChapterSupport::Starts { 5.0 } else { 4.0 };
        assert!((found[1].1 - last).abs() < 0.01, "{format} {found:?}");
    }
    for format in ["wav", "adts", "aiff"] {
        let (_, lines) = logged(|| file(format, None, gap.clone()).unwrap());
        let expected = format!(
            "{format} cannot store chapters. The chapters are ignored. Formats that store chapters:"
        );
        assert!(lines.iter().any(|(_, text)| text.contains(&expected)), "{lines:?}");
    }
}

#[test]
fn rejects_unordered_chapters() {
    for (wrong, expected) in [
        (&[(1.0, None, "a"), (0.5, None, "b")][..], "Chapter 2 starts at 0.5 s"),
        (&[(0.0, Some(2.0), "a"), (1.0, None, "b")], "the previous chapter ends at 2 s"),
        (&[(1.0, Some(1.0), "a")], "Chapter 1 must end after its start, 1 s. Found: 1 s"),
    ] {
        let error = file("mp4", None, chapters(wrong)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = Chapter::from_seconds(f64::NAN, None, "a").unwrap_err().to_string();
    assert!(
        error.contains("The start of a chapter must be finite and not negative. Found: NaN"),
        "{error}"
    );
}

#[test]
fn metadata_and_chapters_are_independent() {
    let mut encoder =
        StreamingMediaEncoder::to_seekable_writer(Cursor::new(Vec::new()), "flac").unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
    encoder.set_chapters(chapters(&[(0.0, None, "old")])).unwrap();
    encoder.set_chapters(chapters(&[(0.0, None, "ONE")])).unwrap();
    encoder.set_metadata([("title", "A title")]).unwrap();
    encoder.open().unwrap();
    assert!(encoder.set_chapters(Vec::new()).unwrap_err().to_string().contains("already opened"));
    let file = encoder.finish().unwrap().into_inner();
    let holds = |text: &str| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds("CHAPTER000NAME=ONE") && holds("TITLE=A title") && !holds("old"));
}

#[test]
fn mediainfo_lists_chapters() {
    let given = [(0.0, None, "Prologue"), (1.5, None, "The end")];
    for (format, extension) in [("mp4", "mp4"), ("ipod", "m4b"), ("mov", "mov")] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(Path::new("a").with_extension(extension));
        std::fs::write(&path, file(format, None, chapters(&given)).unwrap()).unwrap();
        let Some(text) = run("mediainfo", &[path.to_str().unwrap()], &[]) else { return };
        let text = String::from_utf8(text).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with("00:00:0")).collect();
        assert!(text.contains("Menu"), "{format}: {text}");
        assert!(
            lines[0].ends_with("Prologue") && lines[0].starts_with("00:00:00.000"),
            "{lines:?}"
        );
        assert!(lines[1].ends_with("The end") && lines[1].starts_with("00:00:01.500"), "{lines:?}");
    }
}
