//! What a file says of itself: title, artist, …

use crate::{Chapter, CoverArt, Error, Result, chapter};

/// Keys and values, in the order they were set, a cover, and chapters. Keys are FFmpeg's common names (`title`,
/// `artist`, `album`, `date`, `track`, `genre`, `comment`, `copyright`, `encoder`, …); each muxer
/// turns them into its container's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    entries: Vec<(String, String)>,
    cover: Option<CoverArt>,
    chapters: Vec<Chapter>,
}

impl Metadata {
    /// Nothing.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), cover: None, chapters: Vec::new() }
    }

    /// Sets `key` to `value`, in place of an earlier value whose key differs at most in case.
    ///
    /// # Errors
    /// A key must not be empty and must not hold `=`, a control character or a newline: containers
    /// end it there. A value must not hold NUL, for the same reason.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) -> Result<()> {
        let (key, value) = (key.into(), value.into());
        if key.is_empty() || key.contains(|c: char| c == '=' || c.is_control()) {
            return Err(Error::argument(format!(
                "A metadata key must not be empty, nor hold '=' or control characters. Found: \
                 {key:?}"
            )));
        }
        if value.contains('\0') {
            return Err(Error::argument(format!(
                "A metadata value must not hold NUL. Found: {key}={value:?}"
            )));
        }
        match self.entries.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(&key)) {
            Some(entry) => *entry = (key, value),
            None => self.entries.push((key, value)),
        }
        Ok(())
    }

    /// The value of `key`, in any case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v.as_str())
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Sets the picture that players show, in place of an earlier one.
    pub fn set_cover(&mut self, cover: CoverArt) {
        self.cover = Some(cover);
    }

    /// The picture that players show.
    pub const fn cover(&self) -> Option<&CoverArt> {
        self.cover.as_ref()
    }

    /// Sets the chapters, in place of earlier ones.
    ///
    /// # Errors
    /// Chapters must be in the order of their starts and must not overlap; each must end after its
    /// start, and a title must not hold NUL.
    pub fn set_chapters(&mut self, chapters: Vec<Chapter>) -> Result<()> {
        chapter::check(&chapters)?;
        self.chapters = chapters;
        Ok(())
    }

    /// The chapters, in order.
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_break_containers_are_refused() {
        let mut tags = Metadata::new();
        for key in ["", "a=b", "a\nb", "a\0"] {
            assert!(tags.set(key, "value").is_err(), "{key:?}");
        }
        assert!(tags.set("title", "a\0b").is_err());
        assert!(tags.is_empty());
    }

    #[test]
    fn a_later_value_replaces_an_earlier_one() {
        let mut tags = Metadata::new();
        tags.set("title", "one").unwrap();
        tags.set("artist", "x=y\nz").unwrap();
        tags.set("TITLE", "two").unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("TITLE", "two"), ("artist", "x=y\nz")]);
        assert_eq!(tags.get("Title"), Some("two"));
    }
}
