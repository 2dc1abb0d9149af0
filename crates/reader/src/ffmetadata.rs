//! Chapters in FFmpeg's files of metadata (`;FFMETADATA1`).

use std::time::Duration;

use anyhow::{Context, bail};
use reelwright_core::{Chapter, Rational, TimeBase, Timestamp};

/// Reads the chapters of a file; everything else in it is ignored.
///
/// # Errors
/// It is no such file, a line is neither a section, a comment nor a key with its value, or a chapter has
/// no start; the line's number is named.
pub fn chapters(bytes: &[u8]) -> anyhow::Result<Vec<Chapter>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).context("it is not UTF-8")?;
    let mut lines = text.lines().zip(1usize..);
    if !lines.next().is_some_and(|(first, _)| first.starts_with(";FFMETADATA")) {
        bail!("line 1: expected ;FFMETADATA1");
    }
    let mut chapters = Vec::new();
    // The section of a chapter, and the number of its line.
    let mut section: Option<(Section, usize)> = None;
    let end = |section: &mut Option<(Section, usize)>, chapters: &mut Vec<Chapter>| {
        if let Some((section, number)) = section.take() {
            chapters.push(section.chapter().with_context(|| format!("line {number}"))?);
        }
        anyhow::Ok(())
    };
    while let Some((line, number)) = lines.next() {
        let mut line = line.to_owned();
        // A backslash at the end continues the value.
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
            bail!("line {number}: expected KEY=VALUE or [CHAPTER]. Found: {line:?}");
        };
        if let Some((section, _)) = &mut section {
            section.set(&key, value).with_context(|| format!("line {number}"))?;
        }
    }
    end(&mut section, &mut chapters)?;
    Ok(chapters)
}

/// A section of a chapter.
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
            number.with_context(|| format!("{key} must be a number from 0 on. Found: {value:?}"))
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

/// A key and a value without the backslashes that escape their characters.
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
    fn chapters_are_read() {
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
            ("", "line 1: expected ;FFMETADATA1"),
            (";FFMETADATA1\nx", "line 2: expected KEY=VALUE"),
            (";FFMETADATA1\n[CHAPTER]\nEND=1\n", "line 2: a chapter must have START"),
            (";FFMETADATA1\n[CHAPTER]\nSTART=-1\n", "line 3: START must be a number"),
            (";FFMETADATA1\n[CHAPTER]\nTIMEBASE=0/1\n", "line 3: TIMEBASE must be a fraction"),
        ] {
            let error = format!("{:#}", chapters(text.as_bytes()).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }
}
