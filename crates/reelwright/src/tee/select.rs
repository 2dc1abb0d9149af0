//! Selection of streams for an output of a tee.

use reelwright_core::{Error, MediaKind, Result, helpers::list};

/// Stream specifier, as in FFmpeg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Specifier {
    /// Selects a stream by its index among all streams.
    Index(usize),
    /// Selects all streams of a kind, or the one with an index among them.
    Kind(MediaKind, Option<usize>),
}

/// Letters of the kinds.
const KINDS: &[(&str, MediaKind)] = &[
    ("a", MediaKind::Audio),
    ("v", MediaKind::Video),
    ("V", MediaKind::Video),
    ("s", MediaKind::Subtitle),
    ("d", MediaKind::Data),
];

/// Streams of an output: all, or those that match any specifier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Select(Option<Vec<Specifier>>);

impl Select {
    /// Parses specifiers separated by commas: `a`, `v`, `s`, `d`, `2`, `a:0`.
    ///
    /// # Errors
    /// The text is malformed.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let reject = || {
            Error::option(format!(
                "select must be stream specifiers separated by commas: a stream's index, one of \
                 {}, or one of these with an index, such as a:0. Found: {text:?}",
                list(KINDS.iter().map(|(letter, _)| letter))
            ))
        };
        let number = |text: &str| text.parse::<usize>().map_err(|_| reject());
        let one = |text: &str| {
            let (letter, index) = match text.split_once(':') {
                Some((letter, index)) => (letter, Some(number(index)?)),
                None => (text, None),
            };
            match KINDS.iter().find(|(name, _)| *name == letter) {
                Some((_, kind)) => Ok(Specifier::Kind(*kind, index)),
                None if index.is_none() => Ok(Specifier::Index(number(letter)?)),
                None => Err(reject()),
            }
        };
        text.split(',')
            .map(|text| one(text.trim()))
            .collect::<Result<_>>()
            .map(|all| Self(Some(all)))
    }

    /// Returns whether a stream is selected that has index `index`, and index `of_kind` among those
    /// of its `kind`.
    pub(super) fn has(&self, index: usize, kind: MediaKind, of_kind: usize) -> bool {
        let Some(specifiers) = &self.0 else { return true };
        specifiers.iter().any(|specifier| match specifier {
            Specifier::Index(other) => *other == index,
            Specifier::Kind(other, number) => {
                *other == kind && number.is_none_or(|number| number == of_kind)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_streams_by_index_and_kind() {
        let streams = [MediaKind::Video, MediaKind::Audio, MediaKind::Audio, MediaKind::Subtitle];
        let selected = |text: &str| {
            let select = Select::parse(text).unwrap();
            let of_kind =
                |i: usize| streams[..i].iter().filter(|kind| **kind == streams[i]).count();
            (0..4).filter(|i| select.has(*i, streams[*i], of_kind(*i))).collect::<Vec<_>>()
        };
        assert_eq!(selected("a"), [1, 2]);
        assert_eq!(selected("a:1"), [2]);
        assert_eq!(selected("v, a:0"), [0, 1]);
        assert_eq!(selected("3"), [3]);
        assert_eq!(selected("d"), [0; 0]);
        for wrong in ["", "x", "a:", "a:x", "1:2", "a,,v", "-1"] {
            assert!(Select::parse(wrong).is_err(), "{wrong}");
        }
    }
}
