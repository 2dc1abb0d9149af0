//! Metadata of MP4 and QuickTime files, with FFmpeg's names: iTunes' item list, QuickTime's texts
//! and keys, and 3GPP's boxes.

use reelwright_core::CoverArt;
use reelwright_core::helpers::itunes::{NUMBERS, TEXTS};

use super::boxes::{be16, be32, child, children};

/// QuickTime's texts (QuickTime File Format, "User data atoms") that differ from iTunes' items.
const QUICKTIME: &[(&str, &[u8; 4])] = &[
    ("copyright", b"\xa9cpy"),
    ("artist", b"\xa9aut"),
    ("comment", b"\xa9inf"),
    ("description", b"\xa9des"),
    ("description", b"\xa9dis"),
    ("make", b"\xa9mak"),
    ("model", b"\xa9mod"),
    ("performers", b"\xa9prf"),
];

/// Boxes of 3GPP TS 26.244 §8.2: a language and a text.
const THREE_GPP: &[(&str, &[u8; 4])] = &[
    ("title", b"titl"),
    ("artist", b"perf"),
    ("author", b"auth"),
    ("genre", b"gnre"),
    ("comment", b"dscp"),
    ("copyright", b"cprt"),
    ("album", b"albm"),
];

/// Prefix of Apple's keys for common metadata.
const APPLE: &str = "com.apple.quicktime.";

/// Tags and cover art of a movie.
#[derive(Debug, Default)]
pub(super) struct Tags {
    pub(super) entries: Vec<(String, String)>,
    pub(super) cover: Option<CoverArt>,
}

impl Tags {
    /// Reads all metadata in a `moov` body.
    pub(super) fn read(moov: &[u8]) -> Self {
        let mut tags = Self::default();
        let user_data = child(moov, b"udta").unwrap_or_default();
        for meta in [child(user_data, b"meta"), child(moov, b"meta")].into_iter().flatten() {
            tags.meta(meta);
        }
        for (kind, body) in children(user_data) {
            let named = |table: &[(&'static str, &[u8; 4])]| {
                table.iter().find(|(_, known)| **known == kind).map(|(key, _)| *key)
            };
            if kind[0] == 0xA9 {
                let key = named(TEXTS).or_else(|| named(QUICKTIME));
                tags.push_some(key, quicktime_text(body));
            } else {
                tags.push_some(named(THREE_GPP), three_gpp_text(body));
            }
        }
        tags
    }

    fn push_some(&mut self, key: Option<&str>, value: Option<String>) {
        if let (Some(key), Some(value)) = (key, value) {
            self.push(key, value);
        }
    }

    /// Adds an entry unless the key exists. Ignores the name of the encoder.
    fn push(&mut self, key: &str, value: String) {
        let value = value.trim_end_matches('\0').to_owned();
        let is_kept = key != "encoder" && !key.is_empty() && !key.contains(['=', '\0']);
        if is_kept
            && !value.is_empty()
            && !value.contains('\0')
            && !self.entries.iter().any(|(known, _)| known == key)
        {
            self.entries.push((key.to_owned(), value));
        }
    }

    /// Reads a `meta` box: iTunes' list, or QuickTime's list with keys, which has no version field.
    fn meta(&mut self, body: &[u8]) {
        let body = if be32(body, 0) == Some(0) { &body[4..] } else { body };
        let Some(list) = child(body, b"ilst") else { return };
        let keys = child(body, b"keys").and_then(|keys| keys.get(8..));
        let keys: Vec<&[u8]> =
            keys.map(children).into_iter().flatten().map(|(_, key)| key).collect();
        for (kind, item) in children(list) {
            let Some(data) = child(item, b"data").filter(|data| data.len() >= 8) else { continue };
            let (value_type, value) = (be32(data, 0).unwrap_or(0) & 0xFF_FFFF, &data[8..]);
            let text = || text_of(value_type, value);
            let number = u32::from_be_bytes(kind) as usize;
            if let Some(key) = number.checked_sub(1).and_then(|index| keys.get(index)) {
                self.keyed(&String::from_utf8_lossy(key), value_type, value);
                continue;
            }
            match &kind {
                b"covr" => self.cover = self.cover.take().or_else(|| cover_art(value)),
                b"trkn" | b"disk" => {
                    let key = if &kind == b"trkn" { "track" } else { "disc" };
                    self.push_some(Some(key), pair(value));
                }
                b"----" => {
                    let name = child(item, b"name").and_then(|name| name.get(4..));
                    let name = String::from_utf8_lossy(name.unwrap_or_default());
                    // Gapless playback and loudness describe the original encoding.
                    if !name.starts_with("iTun") {
                        self.push_some(Some(&name), text());
                    }
                }
                _ => {
                    let key = TEXTS.iter().find(|(_, known)| **known == kind);
                    self.push_some(key.map(|(key, _)| *key), text());
                    let key = NUMBERS.iter().find(|(_, known, _)| **known == kind);
                    self.push_some(key.map(|(key, ..)| *key), number_of(value));
                }
            }
        }
    }

    /// Adds an item of QuickTime's list with its key.
    fn keyed(&mut self, key: &str, value_type: u32, value: &[u8]) {
        match key.strip_prefix(APPLE) {
            Some("artwork") => self.cover = self.cover.take().or_else(|| cover_art(value)),
            Some("creationdate") => self.push_some(Some("date"), text_of(value_type, value)),
            Some("software") => {}
            Some(known) => self.push_some(Some(known), text_of(value_type, value)),
            None => self.push_some(Some(key), text_of(value_type, value)),
        }
    }
}

/// Converts a value of a well-known type to text, if it is text or a number.
fn text_of(value_type: u32, value: &[u8]) -> Option<String> {
    match value_type {
        0 | 1 => String::from_utf8(value.to_vec()).ok(),
        2 => {
            let units = value.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
            String::from_utf16(&units.collect::<Vec<_>>()).ok()
        }
        21 | 22 => number_of(value),
        23 => Some(f32::from_be_bytes(value.try_into().ok()?).to_string()),
        24 => Some(f64::from_be_bytes(value.try_into().ok()?).to_string()),
        _ => None,
    }
}

/// Converts an integer of up to eight bytes to text.
fn number_of(value: &[u8]) -> Option<String> {
    if value.is_empty() || value.len() > 8 {
        return None;
    }
    let number = value.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    Some(number.to_string())
}

/// Converts a number and a total to text: `3/12`, or `3` without a total.
fn pair(value: &[u8]) -> Option<String> {
    let (number, total) = (be16(value, 2)?, be16(value, 4).unwrap_or(0));
    match (number, total) {
        (0, 0) => None,
        (number, 0) => Some(number.to_string()),
        (number, total) => Some(format!("{number}/{total}")),
    }
}

fn cover_art(value: &[u8]) -> Option<CoverArt> {
    CoverArt::front_cover(value.to_vec()).ok()
}

/// Returns the first text of a multilingual text list, whose entries are length, language, text.
fn quicktime_text(body: &[u8]) -> Option<String> {
    let (length, language) = (usize::from(be16(body, 0)?), be16(body, 2)?);
    let text = body.get(4..)?;
    let text = &text[..length.min(text.len())];
    match String::from_utf8(text.to_vec()) {
        Ok(text) => Some(text),
        // Language codes below 0x400 are Macintosh codes. The text is Mac Roman.
        Err(_) if language < 0x400 => Some(text.iter().map(|byte| mac_roman(*byte)).collect()),
        Err(_) => None,
    }
}

/// Reads a text after a version and a language, in UTF-8 or UTF-16.
fn three_gpp_text(body: &[u8]) -> Option<String> {
    let text = body.get(6..)?;
    match text {
        [0xFE, 0xFF, ..] => text_of(2, &text[2..]),
        _ => text_of(1, text),
    }
}

/// Decodes a character of Mac OS Roman.
fn mac_roman(byte: u8) -> char {
    const UPPER: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø\
                         ¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";
    match byte.checked_sub(128) {
        None => char::from(byte),
        Some(index) => UPPER.chars().nth(index.into()).unwrap_or('\u{fffd}'),
    }
}

/// Decodes the language of a media header: three letters in 15 bits, or a Macintosh code.
pub(super) fn language(code: u16) -> Option<String> {
    #[rustfmt::skip]
    const MACINTOSH: &[&str] = &[
        "eng", "fra", "deu", "ita", "nld", "swe", "spa", "dan", "por", "nor", "heb", "jpn", "ara",
        "fin", "ell", "isl", "mlt", "tur", "hrv", "zho", "urd", "hin", "tha", "kor", "lit", "pol",
        "hun", "est", "lav", "sme", "fao", "fas", "rus", "zho", "nld", "gle", "sqi", "ron", "ces",
        "slk", "slv", "yid", "srp", "mkd", "bul", "ukr", "bel", "uzb", "kaz", "aze", "aze", "hye",
        "kat", "ron", "kir", "tgk", "tuk", "mon", "mon", "pus", "kur", "kas", "snd", "bod", "nep",
        "san", "mar", "ben", "asm", "guj", "pan", "ori", "mal", "kan", "tam", "tel", "sin", "mya",
        "khm", "lao", "vie", "ind", "tgl", "msa", "msa", "amh", "tir", "orm", "som", "swa", "kin",
        "run", "nya", "mlg", "epo",
    ];
    if code < 0x400 {
        return MACINTOSH.get(usize::from(code)).map(|code| (*code).to_owned());
    }
    let letter = |shift: u16| char::from((code >> shift & 31) as u8 + 0x60);
    let code: String = [letter(10), letter(5), letter(0)].iter().collect();
    (code.bytes().all(|letter| letter.is_ascii_lowercase()) && code != "und").then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    #[test]
    fn reads_all_forms_of_metadata() {
        let data = |kind: u8, value: &[u8]| {
            boxed(b"data", &[&[0, 0, 0, kind, 0, 0, 0, 0][..], value].concat())
        };
        let list = [
            boxed(b"\xa9nam", &data(1, b"A title")),
            boxed(b"trkn", &data(0, &[0, 0, 0, 3, 0, 9, 0, 0])),
            boxed(b"disk", &data(0, &[0, 0, 0, 1, 0, 0])),
            boxed(b"tmpo", &data(21, &[0, 120])),
            boxed(b"\xa9lyr", &data(1, b"La la")),
        ];
        let meta = [&[0; 4][..], &boxed(b"ilst", &list.concat())].concat();
        let moov = boxed(b"udta", &boxed(b"meta", &meta));
        let pairs = |moov: &[u8]| {
            let entries = Tags::read(moov).entries.into_iter();
            entries.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(pairs(&moov), "title=A title track=3/9 disc=1 tempo=120 lyrics=La la");

        let text = |language: u16, text: &[u8]| {
            [&(text.len() as u16).to_be_bytes()[..], &language.to_be_bytes(), text].concat()
        };
        let movie = [
            boxed(b"\xa9ART", &text(0, b"Bj\x9ark")),
            boxed(b"\xa9cpy", &text(0x55C4, "©".as_bytes())),
            boxed(b"titl", b"\0\0\0\0\x55\xc4In 3GP\0"),
        ];
        assert_eq!(
            pairs(&boxed(b"udta", &movie.concat())),
            "artist=Björk copyright=© title=In 3GP"
        );

        let key = boxed(b"mdta", b"com.apple.quicktime.title");
        let keys = boxed(b"keys", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &key].concat());
        let list = boxed(b"ilst", &boxed(&[0, 0, 0, 1], &data(1, b"By a key")));
        assert_eq!(pairs(&boxed(b"meta", &[keys, list].concat())), "title=By a key");
    }

    #[test]
    fn decodes_both_kinds_of_language_codes() {
        assert_eq!(language(1).as_deref(), Some("fra"));
        assert_eq!(language(94).as_deref(), Some("epo"));
        assert_eq!(language(0x10B5).as_deref(), Some("deu"));
        assert_eq!(language(0x55C4), None);
        assert_eq!(language(0x3FF), None);
    }
}
