//! Metadata of a file: title, artist, …

use crate::{Chapter, CoverArt, Error, Result, chapter};

/// Keys and values in the order in which they were set, cover art, and chapters. Keys are FFmpeg's
/// common names (`title`, `artist`, `album`, `date`, `track`, `genre`, `comment`, `copyright`,
/// `encoder`, …). Each muxer converts them to its container's names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    entries: Vec<(String, String)>,
    cover: Option<CoverArt>,
    chapters: Vec<Chapter>,
}

impl Metadata {
    /// Creates empty metadata.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), cover: None, chapters: Vec::new() }
    }

    /// Sets `key` to `value`, replacing an earlier value. Keys are compared without regard to case.
    ///
    /// # Errors
    /// The key is empty or contains `=` or a control character, or the value contains NUL.
    /// Containers use these as terminators.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) -> Result<()> {
        let (key, value) = (key.into(), value.into());
        if key.is_empty() || key.contains(|c: char| c == '=' || c.is_control()) {
            return Err(Error::argument(format!(
                "A metadata key must not be empty, or contain '=' or control characters. Found: \
                 {key:?}"
            )));
        }
        if value.contains('\0') {
            return Err(Error::argument(format!(
                "A metadata value must not contain NUL. Found: {key}={value:?}"
            )));
        }
        match self.entries.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(&key)) {
            Some(entry) => *entry = (key, value),
            None => self.entries.push((key, value)),
        }
        Ok(())
    }

    /// Returns the value of `key`, regardless of case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v.as_str())
    }

    /// Returns the keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Sets the cover art, replacing an earlier one.
    pub fn set_cover(&mut self, cover: CoverArt) {
        self.cover = Some(cover);
    }

    /// Returns the cover art.
    pub const fn cover(&self) -> Option<&CoverArt> {
        self.cover.as_ref()
    }

    /// Sets the chapters, replacing earlier ones.
    ///
    /// # Errors
    /// Chapters are not in the order of their starts or overlap, a chapter does not end after its
    /// start, or a title contains NUL.
    pub fn set_chapters(&mut self, chapters: Vec<Chapter>) -> Result<()> {
        chapter::check(&chapters)?;
        self.chapters = chapters;
        Ok(())
    }

    /// Returns the chapters, in order.
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// Returns whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_keys_that_containers_cannot_store() {
        let mut tags = Metadata::new();
        for key in ["", "a=b", "a\nb", "a\0"] {
            assert!(tags.set(key, "value").is_err(), "{key:?}");
        }
        assert!(tags.set("title", "a\0b").is_err());
        assert!(tags.is_empty());
    }

    #[test]
    fn later_value_replaces_earlier_one() {
        let mut tags = Metadata::new();
        tags.set("title", "one").unwrap();
        tags.set("artist", "x=y\nz").unwrap();
        tags.set("TITLE", "two").unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("TITLE", "two"), ("artist", "x=y\nz")]);
        assert_eq!(tags.get("Title"), Some("two"));
    }
}
