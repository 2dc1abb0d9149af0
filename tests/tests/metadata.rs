//! Metadata: the values in a file are those that were set.

use reelwright::{AudioStream, ErrorKind, MuxerInfo, SampleFormat, TensorView};
use reelwright_testkit::program;
use reelwright_tests::{Recipe, audio_muxers};

const TAGS: [(&str, &str); 5] = [
    ("title", "Glück & \"Quotes\""),
    ("artist", "An artist"),
    ("comment", "two words"),
    ("copyright", "2001"),
    ("my key", "my value"),
];

fn file(muxer: &MuxerInfo, seekable: bool, tags: &[(&str, &str)]) -> Vec<u8> {
    let stream = AudioStream::new(8000, 1).format(SampleFormat::S16);
    let chunk = TensorView::contiguous(&[1i16, 2, 3], &[3, 1]).unwrap();
    let recipe = tags.iter().fold(Recipe::new(muxer.name, stream), |recipe, (key, value)| {
        recipe.metadata_entry(key, value)
    });
    recipe.seekable(seekable).chunks([&chunk]).unwrap()
}

/// Returns the keys of [`TAGS`] that a format stores readably.
fn kept(format: &str) -> &'static [&'static str] {
    match format {
        "wav" => &["title", "artist", "comment", "copyright"],
        "aiff" => &["title", "artist", "comment", "copyright"],
        "flac" | "caf" | "au" | "flv" => &["title", "artist", "comment", "copyright", "my key"],
        // The raw formats store none, and w64 stores UTF-16.
        _ => &[],
    }
}

/// Returns the value of a key according to ffprobe.
fn tag(format: &str, key: &str, file: &[u8]) -> Option<String> {
    // ffmpeg reads only a few keys of AU's annotation.
    if format == "au" && !["title", "artist"].contains(&key) {
        return None;
    }
    // ffprobe's names of keys that differ.
    let key = match (format, key) {
        ("aiff", "artist") => "author",
        _ => key,
    };
    // ffprobe prints CSV, with quotes around values that contain quotes.
    let entry = format!("format_tags={key}");
    let found = program::ffprobe(format, &entry, file)?;
    let inner = found.strip_prefix('"').and_then(|found| found.strip_suffix('"'));
    Some(inner.map_or_else(|| found.clone(), |inner| inner.replace("\"\"", "\"")))
}

#[test]
fn ffprobe_reads_metadata() {
    for muxer in audio_muxers() {
        for seekable in [true, false] {
            let file = file(muxer, seekable, &TAGS);
            for key in kept(muxer.name) {
                let (_, value) = TAGS.iter().find(|(name, _)| name == key).unwrap();
                assert!(
                    file.windows(value.len()).any(|bytes| bytes == value.as_bytes()),
                    "{} {key}",
                    muxer.name
                );
                let Some(found) = tag(muxer.name, key, &file) else { continue };
                assert_eq!(found, *value, "{} {key}", muxer.name);
            }
        }
    }
}

#[test]
fn set_metadata_replaces_earlier_metadata() {
    for muxer in audio_muxers().filter(|muxer| !kept(muxer.name).is_empty()) {
        let mut bytes = Vec::new();
        let target = reelwright::Target::writer(&mut bytes);
        let mut encoder = reelwright::StreamingMediaEncoder::new(target, Some(muxer.name)).unwrap();
        encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
        encoder.set_metadata([("title", "FIRST"), ("artist", "NOBODY")]).unwrap();
        encoder.set_metadata([("title", "SECOND")]).unwrap();
        encoder.open().unwrap();
        encoder.close().unwrap();
        drop(encoder);
        let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(holds("SECOND") && !holds("FIRST") && !holds("NOBODY"), "{}", muxer.name);
    }
}

#[test]
fn rejects_invalid_metadata_and_keeps_earlier() {
    for muxer in audio_muxers().filter(|muxer| !kept(muxer.name).is_empty()) {
        let mut bytes = Vec::new();
        let target = reelwright::Target::writer(&mut bytes);
        let mut encoder = reelwright::StreamingMediaEncoder::new(target, Some(muxer.name)).unwrap();
        encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
        encoder.set_metadata([("title", "SETBEFORE")]).unwrap();
        for (key, value) in
            [("", "v"), ("a=b", "v"), ("a\nb", "v"), ("a\rb", "v"), ("a\0b", "v"), ("key", "v\0w")]
        {
            let error = encoder.set_metadata([("title", "AFTER"), (key, value)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument, "{key:?} {value:?}");
            let found = if value == "v" { format!("{key:?}") } else { format!("{value:?}") };
            assert!(error.to_string().contains(&found), "{error}");
        }
        encoder.open().unwrap();
        encoder.close().unwrap();
        drop(encoder);
        assert!(bytes.windows(9).any(|part| part == b"SETBEFORE"), "{}", muxer.name);
    }
}

#[test]
fn unusual_metadata_keeps_files_valid() {
    let long = "x".repeat(100_000);
    for value in ["", " ", "a=b", "line\nbreak\r\nand another", "\u{1F3B5} é", "odd", &long] {
        for muxer in audio_muxers() {
            for seekable in [true, false] {
                let tags = [("title", value), ("artist", value), ("comment", value), ("x", value)];
                let file = file(muxer, seekable, &tags);
                let audio = reelwright_tests::read::audio_data(muxer.name, &file);
                match muxer.audio_codecs[0].name() {
                    "pcm_s16le" => assert_eq!(audio[..], [1, 0, 2, 0, 3, 0], "{}", muxer.name),
                    "pcm_s16be" => assert_eq!(audio[..], [0, 1, 0, 2, 0, 3], "{}", muxer.name),
                    "flac" => {
                        let decoded = reelwright_testkit::decode::decode::<i32>(file).unwrap();
                        assert_eq!(decoded.samples, [1 << 16, 2 << 16, 3 << 16]);
                    }
                    _ => {}
                }
            }
        }
    }
}
