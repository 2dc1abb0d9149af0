//! Text of subtitles with tags: `<b>`, `<i>` and `<u>`, as in SubRip and WebVTT.

use reelwright_core::helpers::WebVttCue;
use reelwright_core::helpers::timed_text::{BOLD, ITALIC, TextStyle, TimedText, UNDERLINE};
use reelwright_core::{Error, Result};

/// Tags in their nesting order, outermost first.
const TAGS: [(u8, &str); 3] = [(BOLD, "b"), (ITALIC, "i"), (UNDERLINE, "u")];

/// Text in sections of one style.
pub(crate) struct MarkedText(Vec<(u8, String)>);

impl MarkedText {
    /// Parses tags. All other characters are literal. Removes newlines at the end.
    ///
    /// # Errors
    /// The text contains NUL.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.contains('\0') {
            return Err(Error::argument(format!(
                "The text of a subtitle must not contain NUL. Found: {text:?}"
            )));
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut rest = text.trim_end_matches('\n');
        // Nesting depth of each tag.
        let mut open = [0usize; TAGS.len()];
        let mut parts: Vec<(u8, String)> = Vec::new();
        while let Some(first) = rest.chars().next() {
            if let Some((tag, ends, length)) = tag(rest) {
                open[tag] = if ends { open[tag].saturating_sub(1) } else { open[tag] + 1 };
                rest = &rest[length..];
                continue;
            }
            let is_open = |index: &usize| open[*index] > 0;
            let face = (0..TAGS.len()).filter(is_open).fold(0, |face, i| face | TAGS[i].0);
            match parts.last_mut() {
                Some((last, text)) if *last == face => text.push(first),
                _ => parts.push((face, first.to_string())),
            }
            rest = &rest[first.len_utf8()..];
        }
        Ok(Self(parts))
    }

    /// Returns the text of a packet of `mov_text`.
    pub(crate) fn timed(&self) -> TimedText {
        let mut timed = TimedText::default();
        let mut start = 0u16;
        for (face, text) in &self.0 {
            timed.text.push_str(text);
            // Another check rejects longer texts later.
            let end = start.saturating_add(text.chars().count().try_into().unwrap_or(u16::MAX));
            if *face != 0 {
                timed.styles.push(TextStyle { start, end, face: *face });
            }
            start = end;
        }
        timed
    }

    /// Returns the cue of a packet of `webvtt`.
    pub(crate) fn cue(&self) -> WebVttCue {
        let mut payload = String::new();
        let mut is_line_empty = true;
        for (face, text) in &self.0 {
            let tags = || TAGS.iter().filter(|(bit, _)| face & bit != 0);
            tags().for_each(|(_, tag)| payload.push_str(&format!("<{tag}>")));
            for c in text.chars() {
                match c {
                    '&' => payload.push_str("&amp;"),
                    '<' => payload.push_str("&lt;"),
                    '>' => payload.push_str("&gt;"),
                    // An empty line would end the cue.
                    '\n' if is_line_empty => payload.push_str("&nbsp;\n"),
                    c => payload.push(c),
                }
                is_line_empty = c == '\n';
            }
            tags().rev().for_each(|(_, tag)| payload.push_str(&format!("</{tag}>")));
        }
        WebVttCue { payload, ..WebVttCue::default() }
    }
}

/// Returns the tag at the start of a text: its index, whether it is an end tag, and its length.
fn tag(text: &str) -> Option<(usize, bool, usize)> {
    let inner = text.strip_prefix('<')?;
    let (ends, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let (name, rest) = inner.split_at_checked(1)?;
    rest.strip_prefix('>')?;
    let index = TAGS.iter().position(|(_, tag)| tag.eq_ignore_ascii_case(name))?;
    Some((index, ends, if ends { 4 } else { 3 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(text: &str) -> (String, Vec<(u16, u16, u8)>) {
        let timed = MarkedText::parse(text).unwrap().timed();
        let styles = timed.styles.iter().map(|style| (style.start, style.end, style.face));
        (timed.text.clone(), styles.collect())
    }

    fn payload(text: &str) -> String {
        let cue = MarkedText::parse(text).unwrap().cue();
        cue.to_bytes().unwrap();
        cue.payload
    }

    #[test]
    fn tags_set_styles() {
        assert_eq!(styles("plain"), ("plain".to_owned(), vec![]));
        assert_eq!(
            styles("é<i>ab</I> <b><u>c</b>d"),
            (
                "éab cd".to_owned(),
                vec![(1, 3, ITALIC), (4, 5, BOLD | UNDERLINE), (5, 6, UNDERLINE)]
            )
        );
        assert_eq!(styles("</i>a<i><i>b</i>c").1, [(1, 3, ITALIC)]);
    }

    #[test]
    fn other_characters_are_literal() {
        for text in ["a < b & c > d", "<font color=red>x", "<b", "<", "<>", "<é>", "{\\an8}x"] {
            assert_eq!(styles(text), (text.to_owned(), vec![]));
        }
        assert_eq!(payload("a < b & c --> d"), "a &lt; b &amp; c --&gt; d");
        assert_eq!(payload("<I>a</I><b>b</b>"), "<i>a</i><b>b</b>");
        assert!(MarkedText::parse("a\0").is_err());
    }

    #[test]
    fn lines_are_kept() {
        assert_eq!(styles("a\r\nb\rc\n\n").0, "a\nb\nc");
        assert_eq!(payload("a\n\n\nb\n"), "a\n&nbsp;\n&nbsp;\nb");
        assert_eq!(payload("\na"), "&nbsp;\na");
        assert_eq!(payload("<b>a\n</b>\nb"), "<b>a\n</b>&nbsp;\nb");
        assert_eq!(payload(""), "");
    }
}
