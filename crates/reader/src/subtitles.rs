//! Subtitle files: SubRip and WebVTT.

use std::time::Duration;

use anyhow::{Context, bail};

/// A subtitle file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubtitleFile {
    /// Text before the first cue of a WebVTT file, with its styles and regions. `None` for SubRip.
    pub header: Option<String>,
    /// Cues, ordered by start.
    pub cues: Vec<SubtitleCue>,
    /// True if formatting of SubRip was dropped: fonts, colors and positions.
    pub is_simplified: bool,
}

/// A subtitle and its times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubtitleCue {
    /// Start time.
    pub start: Duration,
    /// End time, at least `start`.
    pub end: Duration,
    /// WebVTT identifier.
    pub id: String,
    /// WebVTT settings.
    pub settings: String,
    /// Text as in the file. For SubRip, without tags other than `<b>`, `<i>` and `<u>`.
    pub text: String,
}

/// Lines with their numbers, from 1.
struct Lines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.next += 1;
        Some(line)
    }

    fn skip_empty(&mut self) {
        while self.peek().is_some_and(|line| line.trim().is_empty()) {
            self.next += 1;
        }
    }

    /// Returns the lines up to the next empty one.
    fn block(&mut self) -> String {
        let start = self.next;
        while self.peek().is_some_and(|line| !line.trim().is_empty()) {
            self.next += 1;
        }
        self.lines[start..self.next].join("\n")
    }
}

impl SubtitleFile {
    /// Parses a file.
    ///
    /// # Errors
    /// The file is not UTF-8, or a line is malformed. The error names the line.
    pub fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            anyhow::anyhow!("line {line} is not UTF-8: convert the file to UTF-8")
        })?;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut lines = Lines { lines: text.split('\n').collect(), next: 0 };
        let first = lines.peek().unwrap_or_default();
        let is_webvtt = first
            .strip_prefix("WEBVTT")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        let mut file = if is_webvtt { webvtt(&mut lines)? } else { subrip(&mut lines)? };
        // Packets must be in order of time.
        file.cues.sort_by_key(|cue| cue.start);
        Ok(file)
    }
}

/// Parses blocks of a number, times and text.
fn subrip(lines: &mut Lines<'_>) -> anyhow::Result<SubtitleFile> {
    let mut file = SubtitleFile::default();
    loop {
        lines.skip_empty();
        let Some(first) = lines.take() else { return Ok(file) };
        let is_number = first.trim().bytes().all(|byte| byte.is_ascii_digit());
        if !is_number && !first.contains("-->") {
            bail!(
                "line {} must be the number of a subtitle, or its times. Found: {first:?}",
                lines.next
            );
        }
        let times = if is_number { lines.take().unwrap_or_default() } else { first };
        let number = lines.next;
        let (start, end, _position) =
            times_line(times).with_context(|| format!("line {number}: {times:?}"))?;
        let (text, is_simplified) = simplified(&lines.block());
        file.is_simplified |= is_simplified;
        file.cues.push(SubtitleCue { start, end, text, ..SubtitleCue::default() });
    }
}

/// Parses a header, and blocks of cues, styles, regions and comments.
fn webvtt(lines: &mut Lines<'_>) -> anyhow::Result<SubtitleFile> {
    let mut header = lines.block();
    let mut file = SubtitleFile::default();
    loop {
        lines.skip_empty();
        let Some(first) = lines.peek() else { break };
        let starts = |name: &str| first.split_whitespace().next() == Some(name);
        if starts("NOTE") {
            lines.block();
            continue;
        }
        if file.cues.is_empty() && (starts("STYLE") || starts("REGION")) {
            header.push_str("\n\n");
            header.push_str(&lines.block());
            continue;
        }
        let mut id = "";
        if !first.contains("-->") {
            id = first;
            lines.take();
        }
        let Some(times) = lines.take().filter(|line| line.contains("-->")) else {
            bail!("line {} must be the times of cue {id:?}", lines.next);
        };
        let number = lines.next;
        let (start, end, settings) =
            times_line(times).with_context(|| format!("line {number}: {times:?}"))?;
        let (id, settings, text) = (id.to_owned(), settings.to_owned(), lines.block());
        if text.contains("-->") {
            bail!("line {} must be empty, because the next cue follows", number + 1);
        }
        file.cues.push(SubtitleCue { start, end, id, settings, text });
    }
    file.header = Some(header);
    Ok(file)
}

/// Parses a line of times. Returns start, end and the rest of the line.
fn times_line(line: &str) -> anyhow::Result<(Duration, Duration, &str)> {
    let (start, rest) = line.split_once("-->").context("must be START --> END")?;
    let rest = rest.trim_start();
    let (end, settings) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    let time = |text: &str| time(text.trim()).context("times must have the form 01:02:03,004");
    let (start, end) = (time(start)?, time(end)?);
    if end < start {
        bail!("a subtitle must not end before its start");
    }
    Ok((start, end, settings.trim()))
}

/// Parses a time such as `01:02:03,004` or `02:03.004`. Fractions may have fewer digits.
fn time(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(fraction) {
        return None;
    }
    let mut seconds = 0u64;
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for (i, part) in parts.iter().enumerate() {
        let number = part
            .parse::<u32>()
            .ok()
            .filter(|number| is_number(part) && (i == 0 || *number < 60))?;
        seconds = seconds * 60 + u64::from(number);
    }
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(Duration::new(seconds, nanos.parse().ok()?))
}

/// Removes tags of fonts and positions. Returns true if there were any.
fn simplified(text: &str) -> (String, bool) {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '<' => rest.find('>').filter(|end| {
                let tag = rest[1..*end].trim_start_matches('/');
                let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next();
                name.is_some_and(|name| name.eq_ignore_ascii_case("font"))
            }),
            '{' if rest[1..].starts_with('\\') => rest.find('}'),
            _ => None,
        };
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => {
                kept.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    let is_simplified = kept.len() < text.len();
    (kept, is_simplified)
}

/// Converts a WebVTT cue to text for codecs without its tags. Keeps bold, italic and underline, and
/// decodes escapes.
pub fn plain_text(payload: &str) -> String {
    let mut text = String::with_capacity(payload.len());
    let mut rest = payload;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '<' => rest.find('>'),
            '&' => rest.find(';').filter(|end| *end <= 10),
            _ => None,
        };
        let Some(end) = end else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let inner = &rest[1..end];
        if first == '<' {
            let (slash, tag) = inner.strip_prefix('/').map_or(("", inner), |tag| ("/", tag));
            let name = tag.split(['.', ' ', '\t', '\n']).next().unwrap_or_default();
            if ["b", "i", "u"].contains(&name) {
                text.push_str(&format!("<{slash}{name}>"));
            }
            rest = &rest[end + 1..];
            continue;
        }
        let code =
            inner.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => digits.parse().ok(),
            });
        let c = match inner {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "nbsp" => Some('\u{A0}'),
            "lrm" => Some('\u{200E}'),
            "rlm" => Some('\u{200F}'),
            _ => code.and_then(char::from_u32).filter(|c| *c != '\0'),
        };
        match c {
            Some(c) => {
                text.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(start: u64, end: u64, text: &str) -> SubtitleCue {
        let (start, end) = (Duration::from_millis(start), Duration::from_millis(end));
        SubtitleCue { start, end, text: text.to_owned(), ..SubtitleCue::default() }
    }

    #[test]
    fn parses_subrip() {
        let text = "\u{FEFF}1\r\n00:00:01,500 --> 00:00:02,000 X1:1 X2:2\r\n<i>one</i>\r\ntwo\r\n\r\n\r\n\
            3\r\n01:00:00.25 --> 01:00:01,000\r\n{\\an8}<font color=\"red\">a</font> < b\r\n\r\n\
            00:00:00,000 --> 00:00:00,100\n\n";
        let file = SubtitleFile::read(text.as_bytes()).unwrap();
        let expected = [
            cue(0, 100, ""),
            cue(1500, 2000, "<i>one</i>\ntwo"),
            cue(3_600_250, 3_601_000, "a < b"),
        ];
        assert_eq!(file.cues, expected);
        assert!(file.header.is_none() && file.is_simplified);
        assert_eq!(SubtitleFile::read(b"").unwrap(), SubtitleFile::default());
    }

    #[test]
    fn parses_webvtt() {
        let text = "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE\nno\n\n\
            intro\n00:01.500 --> 00:02.000 line:0 align:start\n<v Ann>Hi &amp; bye\n\n\
            01:00:00.000 --> 01:00:01.000\ntwo\nlines";
        let file = SubtitleFile::read(text.as_bytes()).unwrap();
        let header = "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }";
        assert_eq!(file.header.as_deref(), Some(header));
        let mut first = cue(1500, 2000, "<v Ann>Hi &amp; bye");
        (first.id, first.settings) = ("intro".to_owned(), "line:0 align:start".to_owned());
        assert_eq!(file.cues, [first, cue(3_600_000, 3_601_000, "two\nlines")]);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            (&b"1\n00:00:01,000 --> 00:00:02,000\na\n\nb\n"[..], "line 5 must be the number"),
            (b"\n1\n", "line 3: \"\": must be START --> END"),
            (b"1\n\n", "line 2"),
            (b"1\n00:00:01,000 -> 00:00:02,000\n", "line 2"),
            (
                b"1\n00:00:03,000 --> 00:00:02,000\n",
                "line 2: \"00:00:03,000 --> 00:00:02,000\": a subtitle must not end",
            ),
            (b"00:61:00,000 --> 00:62:02,000\n", "line 1"),
            (b"1 --> 2\n", "times must have the form 01:02:03,004"),
            (b"1\n00:00:01,000 --> 00:00:02,000\n\xff\n", "line 3 is not UTF-8"),
            (b"WEBVTT\n\na\nb\n", "line 4 must be the times of cue \"a\""),
            (b"WEBVTT\n\na", "line 3 must be the times"),
            (
                b"WEBVTT\n\n00:01.000 --> 00:02.000\na\n00:03.000 --> 00:04.000\n",
                "line 4 must be empty",
            ),
            (b"WEBVTTX\n", "line 1"),
        ] {
            let error = format!("{:#}", SubtitleFile::read(text).unwrap_err());
            assert!(error.contains(expected), "{error} {}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn converts_escapes_and_tags_to_text() {
        for (payload, expected) in [
            ("a &lt; b &amp;&nbsp;c &copy; &#233;&#xe9; &", "a < b &\u{A0}c &copy; éé &"),
            ("<b.loud>x</b><c.red>y</c><v Ann>z <00:01.000><u>u</u>", "<b>x</b>yz <u>u</u>"),
            ("a < b", "a < b"),
            ("&#0;&#xD800;", "&#0;&#xD800;"),
        ] {
            assert_eq!(plain_text(payload), expected);
        }
    }
}
