//! Packets of `mov_text`: samples of 3GPP Timed Text (3GPP TS 26.245 §5.17).

use crate::{Error, Result};

/// Bold, for [`TextStyle::face`].
pub const BOLD: u8 = 1;
/// Italic, for [`TextStyle::face`].
pub const ITALIC: u8 = 2;
/// Underlined, for [`TextStyle::face`].
pub const UNDERLINE: u8 = 4;

/// Default font size, as in FFmpeg.
pub const FONT_SIZE: u8 = 16;

/// Bytes of a style record.
const RECORD: usize = 12;

/// Text with styles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimedText {
    /// The text, with newlines between lines.
    pub text: String,
    /// Styles of sections of the text, in order.
    pub styles: Vec<TextStyle>,
}

/// Style of a section of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// Index of the first character.
    pub start: u16,
    /// Index of the character after the last one.
    pub end: u16,
    /// [`BOLD`], [`ITALIC`] and [`UNDERLINE`].
    pub face: u8,
}

impl TimedText {
    /// Maximum number of bytes of a text.
    pub const MAX_BYTES: usize = u16::MAX as usize;

    /// Appends another text as a separate line.
    pub fn push_line(&mut self, other: &Self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let before = self.text.chars().count();
        self.text.push_str(&other.text);
        // A text that is too long is rejected later, by `to_bytes`.
        let moved = |index: u16| u16::try_from(before + usize::from(index)).unwrap_or(u16::MAX);
        self.styles.extend(other.styles.iter().map(|style| TextStyle {
            start: moved(style.start),
            end: moved(style.end),
            face: style.face,
        }));
    }

    /// Returns the sample: the length of the text, the text, and a box of styles if there are any.
    ///
    /// # Errors
    /// The text is longer than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn to_bytes(&self, font_size: u8) -> Result<Vec<u8>> {
        let length = u16::try_from(self.text.len()).map_err(|_| {
            Error::argument(format!(
                "A text of mov_text must be at most {} bytes long. Found: {} bytes",
                Self::MAX_BYTES,
                self.text.len()
            ))
        })?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend(self.text.as_bytes());
        // There cannot be more styles than characters.
        let styles = &self.styles[..self.styles.len().min(usize::from(u16::MAX))];
        if !styles.is_empty() {
            bytes.extend(((10 + RECORD * styles.len()) as u32).to_be_bytes());
            bytes.extend(b"styl");
            bytes.extend((styles.len() as u16).to_be_bytes());
            for style in styles {
                bytes.extend(style.start.to_be_bytes());
                bytes.extend(style.end.to_be_bytes());
                bytes.extend(style_fields(style.face, font_size));
            }
        }
        Ok(bytes)
    }

    /// Parses a sample. Boxes other than that of styles are ignored.
    ///
    /// # Errors
    /// The sample is truncated, or its text is not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let wrong = || {
            Error::invalid_data(
                "A packet of mov_text must be a length and that many bytes of UTF-8.",
            )
        };
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or_else(wrong)?;
        let (text, mut rest) =
            rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(wrong)?;
        let text = std::str::from_utf8(text).map_err(|_| wrong())?.to_owned();
        let mut styles = Vec::new();
        while let Some((size, body)) = rest.split_first_chunk::<4>() {
            let size = u32::from_be_bytes(*size) as usize;
            let (Some(kind), Some(fields)) = (body.get(..4), rest.get(8..size)) else { break };
            if kind == b"styl" {
                let records = fields.get(2..).unwrap_or_default();
                styles.extend(records.chunks_exact(RECORD).map(|record| TextStyle {
                    start: u16::from_be_bytes([record[0], record[1]]),
                    end: u16::from_be_bytes([record[2], record[3]]),
                    face: record[6],
                }));
            }
            rest = &rest[size..];
        }
        Ok(Self { text, styles })
    }
}

/// Returns a style's fields after its range (§5.15): the first font of the table, face, size, and
/// white.
pub fn style_fields(face: u8, font_size: u8) -> [u8; 8] {
    [0, 1, face, font_size, 0xFF, 0xFF, 0xFF, 0xFF]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styled(text: &str, styles: &[(u16, u16, u8)]) -> TimedText {
        let style = |(start, end, face): &_| TextStyle { start: *start, end: *end, face: *face };
        TimedText { text: text.to_owned(), styles: styles.iter().map(style).collect() }
    }

    #[test]
    fn samples_are_a_length_and_a_text() {
        let bytes = styled("é\nx", &[]).to_bytes(FONT_SIZE).unwrap();
        assert_eq!(bytes, b"\0\x04\xc3\xa9\nx");
        assert_eq!(TimedText::default().to_bytes(FONT_SIZE).unwrap(), [0, 0]);
        let long = styled(&"x".repeat(65_535), &[]);
        assert_eq!(TimedText::from_bytes(&long.to_bytes(1).unwrap()).unwrap(), long);
        let error = styled(&"x".repeat(65_536), &[]).to_bytes(1).unwrap_err().to_string();
        assert!(error.contains("at most 65535 bytes") && error.contains("65536"), "{error}");
    }

    #[test]
    fn styles_round_trip() {
        let text = styled("a bc", &[(2, 3, BOLD), (3, 4, ITALIC | UNDERLINE)]);
        let bytes = text.to_bytes(20).unwrap();
        assert_eq!(bytes[6..16], *b"\0\0\0\x22styl\0\x02");
        assert_eq!(bytes[16..28], [0, 2, 0, 3, 0, 1, 1, 20, 255, 255, 255, 255]);
        assert_eq!(TimedText::from_bytes(&bytes).unwrap(), text);
    }

    #[test]
    fn lines_keep_their_styles() {
        let mut text = styled("ä", &[(0, 1, BOLD)]);
        text.push_line(&styled("bc", &[(1, 2, ITALIC)]));
        assert_eq!(text, styled("ä\nbc", &[(0, 1, BOLD), (3, 4, ITALIC)]));
    }

    #[test]
    fn rejects_damaged_samples() {
        for wrong in [&b""[..], b"\0", b"\0\x02x", b"\0\x01\xff"] {
            assert!(TimedText::from_bytes(wrong).is_err(), "{wrong:?}");
        }
        for odd in [
            &b"\0\x01x\0"[..],
            b"\0\x01x\0\0\0\0styl",
            b"\0\x01x\0\0\0\x08styl",
            b"\0\x01x\0\0\0\xffstyl",
        ] {
            assert_eq!(TimedText::from_bytes(odd).unwrap(), styled("x", &[]), "{odd:?}");
        }
    }
}
