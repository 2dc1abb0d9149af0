//! Metadata of a segment: tags, title, date and attachments.

use reelwright_core::CoverArt;

use super::ebml::{child, children, text, uint, uint_child};
use super::ids;

/// `TargetTypeValue` of an album or a movie, and of a part of it (RFC 9559 §5.1.8.1.1.1).
const ALBUM: u64 = 50;
const PART: u64 = 40;
const TRACK: u64 = 30;

/// Tag names ("Matroska Media Container Tag Specifications"), and FFmpeg's names.
const NAMES: &[(&str, &str)] = &[
    ("TITLE", "title"),
    ("ARTIST", "artist"),
    ("LEAD_PERFORMER", "performer"),
    ("PERFORMER", "performer"),
    ("ALBUM", "album"),
    ("ALBUM_ARTIST", "album_artist"),
    ("ALBUMARTIST", "album_artist"),
    ("COMPOSER", "composer"),
    ("GENRE", "genre"),
    ("COMMENT", "comment"),
    ("COMMENTS", "comment"),
    ("DESCRIPTION", "description"),
    ("SYNOPSIS", "synopsis"),
    ("COPYRIGHT", "copyright"),
    ("LYRICS", "lyrics"),
    ("PUBLISHER", "publisher"),
    ("DATE_RELEASED", "date"),
    ("DATE_RELEASE", "date"),
    ("DATE", "date"),
    ("YEAR", "date"),
    ("DATE_RECORDED", "date"),
    ("PART_NUMBER", "track"),
    ("TRACK", "track"),
    ("TRACKNUMBER", "track"),
    ("DISC", "disc"),
    ("DISCNUMBER", "disc"),
    ("DISC_NUMBER", "disc"),
    ("GROUPING", "grouping"),
    ("ISRC", "isrc"),
    ("BPM", "bpm"),
    ("SHOW", "show"),
    ("SEASON_NUMBER", "season_number"),
    ("EPISODE_SORT", "episode_sort"),
    ("EPISODE_ID", "episode_id"),
    ("NETWORK", "network"),
    ("CREATION_TIME", "creation_time"),
];

/// One tag.
#[derive(Debug, Clone)]
struct Entry {
    /// Level of the target, if stated.
    level: Option<u64>,
    is_of_track: bool,
    name: String,
    value: String,
}

/// The tags of a segment.
#[derive(Debug, Default)]
pub(super) struct Tags(Vec<Entry>);

impl Tags {
    /// Reads the content of a `Tags` element.
    pub(super) fn read(&mut self, body: &[u8]) {
        for (_, tag) in children(body).filter(|(id, _)| *id == ids::TAG) {
            let targets = child(tag, ids::TARGETS).unwrap_or_default();
            let has = |wanted: u32| {
                children(targets)
                    .any(|(id, body)| id == wanted && uint(body).is_some_and(|uid| uid > 0))
            };
            // Tags of chapters and attachments do not describe the whole file.
            if has(ids::TAG_CHAPTER_UID)
                || has(ids::TAG_ATTACHMENT_UID)
                || has(ids::TAG_EDITION_UID)
            {
                continue;
            }
            let level = uint_child(targets, ids::TARGET_TYPE_VALUE);
            let is_of_track = has(ids::TAG_TRACK_UID);
            for (_, simple) in children(tag).filter(|(id, _)| *id == ids::SIMPLE_TAG) {
                let (Some(name), Some(value)) =
                    (child(simple, ids::TAG_NAME), child(simple, ids::TAG_STRING))
                else {
                    continue;
                };
                let (name, value) = (text(name).to_ascii_uppercase(), text(value));
                if !value.is_empty() {
                    self.0.push(Entry { level, is_of_track, name, value });
                }
            }
        }
    }

    /// Returns the tags with FFmpeg's names. The first tag of a name wins. Tags of the whole file
    /// win over tags of a track.
    pub(super) fn named(&self) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        // Album tags describe the whole file only if there are no track tags.
        let has_track = self.0.iter().any(|entry| entry.level.is_some_and(|level| level <= TRACK));
        let (own, albums): (Vec<_>, Vec<_>) = self.0.iter().partition(|entry| {
            !has_track || entry.level.is_none_or(|level| level < PART) || entry.is_of_track
        });
        let mut add = |key: &str, value: &str| {
            if !found.iter().any(|(known, _)| known == key) {
                found.push((key.to_owned(), value.to_owned()));
            }
        };
        for is_of_track in [false, true] {
            // The order of `NAMES` decides between several dates.
            for (name, key) in NAMES {
                let entries =
                    own.iter().filter(|e| e.is_of_track == is_of_track && e.name == *name);
                for entry in entries {
                    let is_part = entry.level == Some(PART) && entry.name == "PART_NUMBER";
                    add(if is_part { "disc" } else { key }, &entry.value);
                }
            }
        }
        for (name, key) in NAMES {
            for entry in albums.iter().filter(|entry| entry.name == *name) {
                let is_album = entry.level.is_some_and(|level| level >= ALBUM);
                match (*name, is_album) {
                    ("TITLE", true) => add("album", &entry.value),
                    ("ARTIST", true) => add("album_artist", &entry.value),
                    ("PART_NUMBER", false) => add("disc", &entry.value),
                    ("TITLE" | "ARTIST" | "PART_NUMBER", _) => {}
                    _ => add(key, &entry.value),
                }
            }
        }
        found
    }
}

/// Attached files of a segment.
#[derive(Debug, Default)]
pub(super) struct Attachments {
    pub(super) cover: Option<CoverArt>,
    /// Names of the files that are not the cover.
    pub(super) others: Vec<String>,
}

impl Attachments {
    /// Reads the content of an `Attachments` element.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut files: Vec<(String, Option<CoverArt>)> = children(body)
            .filter(|(id, _)| *id == ids::ATTACHED_FILE)
            .map(|(_, file)| {
                let name = text(child(file, ids::FILE_NAME).unwrap_or_default());
                let kind = text(child(file, ids::FILE_MEDIA_TYPE).unwrap_or_default());
                let is_image = kind.starts_with("image/");
                let data = child(file, ids::FILE_DATA).filter(|_| is_image).map(<[u8]>::to_vec);
                (name, data.and_then(|data| CoverArt::front_cover(data).ok()))
            })
            .collect();
        // RFC 9559 §21.2 defines the names of covers.
        let is_cover = |name: &str| name.to_ascii_lowercase().starts_with("cover");
        let found = files
            .iter()
            .position(|(name, cover)| cover.is_some() && is_cover(name))
            .or_else(|| files.iter().position(|(_, cover)| cover.is_some()));
        let cover = found.and_then(|index| files.remove(index).1);
        Self { cover, others: files.into_iter().map(|(name, _)| name).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
        [id, &[0x40 | (body.len() >> 8) as u8, body.len() as u8], body].concat()
    }

    fn tag(level: u8, track: u8, tags: &[(&str, &str)]) -> Vec<u8> {
        let mut targets = Vec::new();
        if level > 0 {
            targets.extend(element(&[0x68, 0xCA], &[level]));
        }
        targets.extend(element(&[0x63, 0xC5], &[track]));
        let mut body = element(&[0x63, 0xC0], &targets);
        for (name, value) in tags {
            let name = element(&[0x45, 0xA3], name.as_bytes());
            let value = element(&[0x44, 0x87], value.as_bytes());
            body.extend(element(&[0x67, 0xC8], &[name, value].concat()));
        }
        element(&[0x73, 0x73], &body)
    }

    fn named(all: &[Vec<u8>]) -> Vec<(String, String)> {
        let mut tags = Tags::default();
        tags.read(&all.concat());
        let mut named = tags.named();
        named.sort();
        named
    }

    #[test]
    fn target_levels_distinguish_albums_from_tracks() {
        let all = [
            tag(50, 0, &[("TITLE", "Album"), ("ARTIST", "Band"), ("DATE_RELEASED", "1999")]),
            tag(40, 0, &[("PART_NUMBER", "2")]),
            tag(30, 0, &[("title", "Song"), ("ARTIST", "Singer"), ("PART_NUMBER", "7")]),
            tag(0, 9, &[("DURATION", "1"), ("COMPOSER", "Bach"), ("TITLE", "no")]),
        ];
        let expected = [
            ("album", "Album"),
            ("album_artist", "Band"),
            ("artist", "Singer"),
            ("composer", "Bach"),
            ("date", "1999"),
            ("disc", "2"),
            ("title", "Song"),
            ("track", "7"),
        ];
        assert_eq!(named(&all), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        let alone = [tag(50, 0, &[("TITLE", "Movie"), ("DATE", "2"), ("DATE_RELEASED", "1")])];
        let expected = [("date", "1"), ("title", "Movie")];
        assert_eq!(named(&alone), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn finds_the_cover_by_name() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";
        let file = |name: &[u8], kind: &[u8], data: &[u8]| {
            let parts = [
                element(&[0x46, 0x6E], name),
                element(&[0x46, 0x60], kind),
                element(&[0x46, 0x5C], data),
            ];
            element(&[0x61, 0xA7], &parts.concat())
        };
        let all = [
            file(b"font.ttf", b"font/ttf", b"x"),
            file(b"back.png", b"image/png", png),
            file(b"cover.png", b"image/png", png),
        ];
        let attachments = Attachments::read(&all.concat());
        assert!(attachments.cover.is_some());
        assert_eq!(attachments.others, ["font.ttf", "back.png"]);
    }
}
