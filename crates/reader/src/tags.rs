//! Metadata of an input, under FFmpeg's names.

use reelwright_core::Picture;
use symphonia::core::meta::{MetadataRevision, StandardTag, StandardVisualKey};

/// The keys and values of an input's metadata that have a common name.
pub(crate) fn of(revision: &MetadataRevision) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for tag in revision.media.tags.iter().filter_map(|tag| tag.std.as_ref()) {
        let (key, value) = match tag {
            StandardTag::TrackTitle(text) => ("title", text.to_string()),
            StandardTag::Artist(text) => ("artist", text.to_string()),
            StandardTag::Album(text) => ("album", text.to_string()),
            StandardTag::AlbumArtist(text) => ("album_artist", text.to_string()),
            StandardTag::Composer(text) => ("composer", text.to_string()),
            StandardTag::Genre(text) => ("genre", text.to_string()),
            StandardTag::Comment(text) => ("comment", text.to_string()),
            StandardTag::Copyright(text) => ("copyright", text.to_string()),
            StandardTag::ReleaseDate(text) | StandardTag::RecordingDate(text) => {
                ("date", text.to_string())
            }
            StandardTag::TrackNumber(number) => ("track", number.to_string()),
            StandardTag::DiscNumber(number) => ("disc", number.to_string()),
            StandardTag::Language(text) => ("language", text.to_string()),
            _ => continue,
        };
        // Of several the first counts; NUL ends text in many containers.
        if !found.iter().any(|(k, _)| k == key) && !value.contains('\0') {
            found.push((key.to_owned(), value));
        }
    }
    found
}

/// The front cover, or else the first picture, if it is of a kind that is written.
pub(crate) fn cover_of(revision: &MetadataRevision) -> Option<Picture> {
    let visuals = &revision.media.visuals;
    let is_front = |key: Option<StandardVisualKey>| key == Some(StandardVisualKey::FrontCover);
    let front = visuals.iter().find(|visual| is_front(visual.usage));
    Picture::front_cover(front.or(visuals.first())?.data.to_vec()).ok()
}
