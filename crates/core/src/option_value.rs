//! Parsers of option values in FFmpeg's syntax.

use std::time::Duration;

use crate::Rational;

/// FFmpeg's names of frame sizes.
pub(crate) const SIZE_NAMES: &[(&str, (u32, u32))] = &[
    ("ntsc", (720, 480)),
    ("pal", (720, 576)),
    ("qntsc", (352, 240)),
    ("qpal", (352, 288)),
    ("sntsc", (640, 480)),
    ("spal", (768, 576)),
    ("film", (352, 240)),
    ("sqcif", (128, 96)),
    ("qcif", (176, 144)),
    ("cif", (352, 288)),
    ("4cif", (704, 576)),
    ("16cif", (1408, 1152)),
    ("qqvga", (160, 120)),
    ("qvga", (320, 240)),
    ("vga", (640, 480)),
    ("svga", (800, 600)),
    ("xga", (1024, 768)),
    ("uxga", (1600, 1200)),
    ("qxga", (2048, 1536)),
    ("sxga", (1280, 1024)),
    ("wxga", (1366, 768)),
    ("wuxga", (1920, 1200)),
    ("hd480", (852, 480)),
    ("hd720", (1280, 720)),
    ("hd1080", (1920, 1080)),
    ("2k", (2048, 1080)),
    ("4k", (4096, 2160)),
    ("uhd2160", (3840, 2160)),
];

/// Parses FFmpeg's words for booleans.
pub(crate) fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "enable" | "enabled" | "on" | "1" => Some(true),
        "false" | "n" | "no" | "disable" | "disabled" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Parses a ratio of positive integers: `30000/1001`, `16:9` or `25`.
pub(crate) fn rational(text: &str) -> Option<Rational> {
    let (num, den) = text.split_once(['/', ':']).unwrap_or((text, "1"));
    let term = |text: &str| text.parse::<i64>().ok().filter(|term| *term > 0);
    Rational::new(term(num)?, term(den)?).ok()
}

/// Parses a duration: seconds with an optional unit `s`, `ms` or `us`, or `[HH:]MM:SS`. Seconds may
/// have a fraction.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, scale) = match text.strip_suffix('s') {
        Some(rest) => match rest.strip_suffix(['m', 'u']) {
            Some(number) if rest.ends_with('m') => (number, 1e-3),
            Some(number) => (number, 1e-6),
            None => (rest, 1.0),
        },
        None => (text, 1.0),
    };
    let parts: Vec<_> = number.split(':').collect();
    if parts.len() > 3 || (parts.len() > 1 && number != text) {
        return None;
    }
    let (seconds, whole) = parts.split_last()?;
    let is_number = |text: &str, extra: &str| {
        text.starts_with(|c: char| c.is_ascii_digit() || extra.contains(c))
            && text.chars().all(|c| c.is_ascii_digit() || extra.contains(c))
    };
    if !is_number(seconds, ".") {
        return None;
    }
    let mut total = 0.0;
    for part in whole {
        let value = part.parse::<u32>().ok().filter(|_| is_number(part, ""))?;
        total = 60.0 * (total + f64::from(value));
    }
    let seconds: f64 = seconds.parse().ok().filter(|s| whole.is_empty() || *s < 60.0)?;
    Duration::try_from_secs_f64((total + seconds) * scale).ok()
}

/// Parses a width and height in pixels, or FFmpeg's name of a size.
pub(crate) fn size(text: &str) -> Option<(u32, u32)> {
    if let Some((_, size)) = SIZE_NAMES.iter().find(|(name, _)| *name == text) {
        return Some(*size);
    }
    let (width, height) = text.split_once('x')?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
    Some((number(width)?, number(height)?))
}

/// Parses `name=value:name=value`, in order. `\` escapes the next character.
pub(crate) fn dictionary(text: &str) -> Option<Vec<(String, String)>> {
    let mut entries = Vec::new();
    let (mut name, mut word) = (None, String::new());
    let mut characters = text.chars();
    loop {
        match characters.next() {
            Some('\\') => word.push(characters.next()?),
            Some('=') if name.is_none() => name = Some(std::mem::take(&mut word)),
            end @ (Some(':') | None) => {
                let name = name.take().filter(|name| !name.is_empty())?;
                entries.push((name, std::mem::take(&mut word)));
                if end.is_none() {
                    return Some(entries);
                }
            }
            Some(character) => word.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_durations_as_ffmpeg() {
        for (text, micros) in [
            ("1.5", 1_500_000),
            ("200ms", 200_000),
            ("10us", 10),
            ("3s", 3_000_000),
            ("02:03.5", 123_500_000),
            ("1:00:00", 3_600_000_000),
            (".5", 500_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_micros(micros)), "{text}");
        }
        for wrong in
            ["", "s", "-1", "1:60", "1:2:3:4", "1:2s", "inf", "NaN", "1e3", "1:", ":1", "+1"]
        {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn rejects_sizes_and_ratios_of_zero() {
        assert_eq!(size("640x480"), Some((640, 480)));
        assert_eq!(size("vga"), Some((640, 480)));
        for wrong in ["", "x", "640", "0x1", "1x0", "1x1x1", "-1x5", "1 x 1"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
        assert_eq!(rational("50/2"), Rational::new(25, 1).ok());
        assert_eq!(rational("16:9"), Rational::new(16, 9).ok());
        for wrong in ["", "0", "1/0", "-1", "1.5", "1/2/3"] {
            assert_eq!(rational(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dictionaries_keep_order_and_escapes() {
        let entry = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(dictionary("a=1:b=2"), Some(vec![entry("a", "1"), entry("b", "2")]));
        assert_eq!(dictionary(r"a\=b=c\:d=e"), Some(vec![entry("a=b", "c:d=e")]));
        assert_eq!(dictionary("a="), Some(vec![entry("a", "")]));
        for wrong in ["", "a", "=1", "a=1:", r"a=1\", ":a=1"] {
            assert_eq!(dictionary(wrong), None, "{wrong}");
        }
    }
}
