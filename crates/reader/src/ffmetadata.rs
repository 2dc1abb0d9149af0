//! Chapters in FFmpeg's metadata files (`;FFMETADATA1`).

use std::time::Duration;

use anyhow::{Context, bail};
use reelwright_core::{Chapter, Rational, TimeBase, Timestamp};

/// Reads the chapters of a file. All other content is ignored.
///
/// # Errors
/// The first line is not `;FFMETADATA1`, the text is not UTF-8, a line is malformed, or a chapter
/// has no start. The error names the line.
pub fn chapters(bytes: &[u8]) -> anyhow::Result<Vec<Chapter>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).context("the file is not UTF-8")?;
    let mut lines = text.lines().zip(1usize..);
    if !lines.next().is_some_and(|(first, _)| first.starts_with(";FFMETADATA")) {
        bail!("line 1 must be ;FFMETADATA1");
    }
    let mut chapters = Vec::new();
    // The current chapter, and the line number of its section header.
    let mut section: Option<(Section, usize)> = None;
    let end = |section: &mut Option<(Section, usize)>, chapters: &mut Vec<Chapter>| {
        if let Some((section, number)) = section.take() {
            chapters.push(section.chapter().with_context(|| format!("line {number}"))?);
        }
        anyhow::Ok(())
    };
    while let Some((line, number)) = lines.next() {
        let mut line = line.to_owned();
        // A backslash at the end of a line continues the value on the next.
        while line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1 {
            let Some((more, _)) = lines.next() else { break };
            line.push('\n');
            line.push_str(more);
        }
        if line.trim().is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if line.starts_with('[') {
            end(&mut section, &mut chapters)?;
            if line.trim_end() == "[CHAPTER]" {
                section = Some((Section::default(), number));
            }
            continue;
        }
        let Some((key, value)) = key_value(&line) else {
            bail!("line {number} must be KEY=VALUE or [CHAPTER]. Found: {line:?}");
        };
        if let Some((section, _)) = &mut section {
            section.set(&key, value).with_context(|| format!("line {number}"))?;
        }
    }
    end(&mut section, &mut chapters)?;
    Ok(chapters)
}

/// Fields of a `[CHAPTER]` section.
#[derive(Default)]
struct Section {
    time_base: Option<TimeBase>,
    start: Option<i64>,
    end: Option<i64>,
    title: String,
}

impl Section {
    fn set(&mut self, key: &str, value: String) -> anyhow::Result<()> {
        let number = || {
            let number = value.trim().parse::<i64>().ok().filter(|number| *number >= 0);
            number.with_context(|| {
                format!("{key} must be an integer of at least 0. Found: {value:?}")
            })
        };
        match key {
            "START" => self.start = Some(number()?),
            "END" => self.end = Some(number()?),
            "TIMEBASE" => {
                let terms = value.trim().split_once('/');
                let terms =
                    terms.and_then(|(num, den)| Some((num.parse().ok()?, den.parse().ok()?)));
                let unit = terms.and_then(|(num, den)| Rational::new(num, den).ok());
                let unit = unit.with_context(|| {
                    format!("TIMEBASE must be a fraction such as 1/1000. Found: {value:?}")
                })?;
                self.time_base = Some(TimeBase::new(unit));
            }
            _ if key.eq_ignore_ascii_case("title") => self.title = value,
            _ => {}
        }
        Ok(())
    }

    fn chapter(self) -> anyhow::Result<Chapter> {
        let nanos = TimeBase::new(Rational::new(1, 1_000_000_000)?);
        let unit = self.time_base.unwrap_or(nanos);
        let time =
            |units| Duration::from_nanos(unit.rescale(Timestamp(units), nanos).0.max(0) as u64);
        let start = self.start.context("a chapter must have START")?;
        Ok(Chapter::new(time(start), self.end.map(time), self.title))
    }
}

/// Splits a line into key and value, and removes backslash escapes.
fn key_value(line: &str) -> Option<(String, String)> {
    let (mut key, mut value) = (None, String::new());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.extend(chars.next()),
            '=' if key.is_none() => key = Some(std::mem::take(&mut value)),
            c => value.push(c),
        }
    }
    Some((key?.trim().to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_chapters() {
        let text = ";FFMETADATA1\ntitle=a\\=b\n; no\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=2000\n\
            title=one \\; two\\\nlines\n\n[CHAPTER]\nSTART=2000000000\n[STREAM]\ntitle=x\n";
        let millis = Duration::from_millis;
        let expected = [
            Chapter::new(millis(500), Some(millis(2000)), "one ; two\nlines"),
            Chapter::new(millis(2000), None, ""),
        ];
        assert_eq!(chapters(text.as_bytes()).unwrap(), expected);
        assert_eq!(chapters(b";FFMETADATA1").unwrap(), []);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            ("", "line 1 must be ;FFMETADATA1"),
            (";FFMETADATA1\nx", "line 2 must be KEY=VALUE"),
            (";FFMETADATA1\n[CHAPTER]\nEND=1\n", "line 2: a chapter must have START"),
            (";FFMETADATA1\n[CHAPTER]\nSTART=-1\n", "line 3: START must be an integer"),
            (";FFMETADATA1\n[CHAPTER]\nTIMEBASE=0/1\n", "line 3: TIMEBASE must be a fraction"),
        ] {
            let error = format!("{:#}", chapters(text.as_bytes()).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
