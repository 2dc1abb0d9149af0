//! What is set of a file's metadata is found in it.

use reelwright::{AudioStream, ErrorKind, MuxerInfo, SampleFormat, TensorView};
use reelwright_testkit::program;
use reelwright_tests::{Recipe, audio_muxers};

const TAGS: [(&str, &str); 5] = [
    ("title", "Glück & \"Quotes\""),
    ("artist", "Somebody"),
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

/// The keys of [`TAGS`] that a format keeps where anybody can find them.
fn kept(format: &str) -> &'static [&'static str] {
    match format {
        "wav" => &["title", "artist", "comment", "copyright"],
        "aiff" => &["title", "artist", "comment", "copyright"],
        "flac" | "caf" | "au" => &["title", "artist", "comment", "copyright", "my key"],
        // The raw formats have no place, and those of w64 are in UTF-16.
        _ => &[],
    }
}

/// The value of a key as ffprobe sees it.
fn tag(format: &str, key: &str, file: &[u8]) -> Option<String> {
    // Of AU's annotation ffmpeg reads a few keys.
    if format == "au" && !["title", "artist"].contains(&key) {
        return None;
    }
    // ffprobe's names of what each container calls something else.
    let key = match (format, key) {
        ("aiff", "artist") => "author",
        _ => key,
    };
    // ffprobe prints CSV, with quotes around what holds some.
    let entry = format!("format_tags={key}");
    let found = program::ffprobe(format, &entry, file)?;
    let inner = found.strip_prefix('"').and_then(|found| found.strip_suffix('"'));
    Some(inner.map_or_else(|| found.clone(), |inner| inner.replace("\"\"", "\"")))
}

#[test]
fn metadata_is_read_back() {
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
fn set_metadata_replaces_all_that_was_set_before() {
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
fn what_metadata_cannot_be_is_refused_and_leaves_what_was_set() {
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
fn values_of_any_kind_break_no_file() {
    let long = "x".repeat(100_000);
    for value in ["", " ", "a=b", "line\nbreak\r\nand another", "\u{1F3B5} é", "odd", &long] {
        for muxer in audio_muxers() {
            for seekable in [true, false] {
                let tags = [("title", value), ("artist", value), ("comment", value), ("x", value)];
                let file = file(muxer, seekable, &tags);
                let sound = reelwright_tests::read::sound_of(muxer.name, &file);
                match muxer.audio_codecs[0].name() {
                    "pcm_s16le" => assert_eq!(sound[..], [1, 0, 2, 0, 3, 0], "{}", muxer.name),
                    "pcm_s16be" => assert_eq!(sound[..], [0, 1, 0, 2, 0, 3], "{}", muxer.name),
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
