//! Packets of `webvtt`: cues as in a file, without their times.

use crate::{Error, Result};

/// WebVTT cue (W3C, WebVTT §4.1) without its times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebVttCue {
    /// Identifier, in the line before the times; may be empty.
    pub id: String,
    /// Settings after the times; may be empty.
    pub settings: String,
    /// Text with tags and escapes; may be empty.
    pub payload: String,
}

impl WebVttCue {
    /// Returns the packet: the identifier, the settings and the payload, each on a line.
    ///
    /// # Errors
    /// The identifier or the settings contain a newline, or one of the three contains what ends a
    /// cue in a file: an empty line, or `-->`.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let is_line = |text: &str| !text.contains(['\r', '\n']) && !text.contains("-->");
        if !is_line(&self.id) || !is_line(&self.settings) {
            return Err(Error::argument(format!(
                "The identifier and the settings of a cue must be one line each, without -->. \
                 Found: {:?} and {:?}",
                self.id, self.settings
            )));
        }
        let payload = &self.payload;
        let is_whole = payload.is_empty() || payload.split('\n').all(|line| !line.is_empty());
        if !is_whole || payload.contains("-->") || payload.contains('\r') {
            return Err(Error::argument(format!(
                "The payload of a cue must not contain empty lines, carriage returns or -->. \
                 Found: {payload:?}"
            )));
        }
        Ok([self.id.as_bytes(), b"\n", self.settings.as_bytes(), b"\n", payload.as_bytes()]
            .concat())
    }

    /// Parses a packet.
    ///
    /// # Errors
    /// The packet has fewer than three lines, or is not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut parts = std::str::from_utf8(bytes).unwrap_or_default().splitn(3, '\n');
        let (Some(id), Some(settings), Some(payload)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::invalid_data(
                "A packet of webvtt must have lines of identifier, settings and payload, in UTF-8.",
            ));
        };
        Ok(Self { id: id.to_owned(), settings: settings.to_owned(), payload: payload.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_round_trip() {
        let cue = |id: &str, settings: &str, payload: &str| WebVttCue {
            id: id.to_owned(),
            settings: settings.to_owned(),
            payload: payload.to_owned(),
        };
        for good in
            [cue("", "", ""), cue("1", "line:0", "<i>a</i>\nb &amp; c"), cue("", "", "\u{2028}ä")]
        {
            assert_eq!(WebVttCue::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
        }
        for wrong in [
            cue("a\nb", "", "x"),
            cue("", "a\rb", "x"),
            cue("", "", "a\n\nb"),
            cue("-->", "", ""),
            cue("", "", "a --> b"),
            cue("", "", "a\n"),
        ] {
            assert!(wrong.to_bytes().is_err(), "{wrong:?}");
        }
        for wrong in [&b""[..], b"a\nb", b"\n\n\xff"] {
            assert!(WebVttCue::from_bytes(wrong).is_err(), "{wrong:?}");
        }
    }
}
