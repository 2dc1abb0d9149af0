//! The annotation: free text between the header and the sound.

use reelwright_core::Metadata;

/// FFmpeg's common names, and how its AU reader and writer spell them.
const SPELLED: &[(&str, &str)] = &[
    ("title", "Title"),
    ("artist", "Artist"),
    ("album", "Album"),
    ("track", "Track"),
    ("genre", "Genre"),
];

/// A line `key=value` for each entry, a NUL, and more of them up to a multiple of 8. Line breaks
/// in a value become spaces.
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
