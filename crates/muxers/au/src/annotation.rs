//! Annotation: free text between the header and the audio.

use reelwright_core::Metadata;

/// FFmpeg's generic keys, and their spelling in FFmpeg's AU reader and writer.
const SPELLED: &[(&str, &str)] = &[
    ("title", "Title"),
    ("artist", "Artist"),
    ("album", "Album"),
    ("track", "Track"),
    ("genre", "Genre"),
];

/// Returns a line `key=value` for each entry, and at least one NUL up to a multiple of 8 bytes.
/// Line breaks in a value become spaces.
pub(crate) fn annotation(tags: &Metadata) -> Vec<u8> {
    let lines = tags.iter().map(|(key, value)| {
        let spelled = SPELLED.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let key = spelled.map_or(key, |(_, spelled)| spelled);
        format!("{key}={}", value.replace(['\n', '\r'], " "))
    });
    let mut text = lines.collect::<Vec<_>>().join("\n").into_bytes();
    text.push(0);
    text.resize(text.len().next_multiple_of(8), 0);
    text
}
