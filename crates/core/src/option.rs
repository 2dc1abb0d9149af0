//! Options: what encoders, muxers and outputs can be told, described and consumed.

use std::fmt;

use crate::error::list;
use crate::{Error, Result};

/// One option of an encoder, muxer or output. Help, validation and defaults all come from it.
#[derive(Debug, Clone, Copy)]
pub struct OptionInfo {
    /// FFmpeg's name where FFmpeg has the option.
    pub name: &'static str,
    /// What it does, in a line.
    pub help: &'static str,
    /// Its type, range and default.
    pub kind: OptionKind,
}

/// The type, range and default of an option.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)] // the field names say it
pub enum OptionKind {
    /// A whole number. Without a default, leaving it out lets the encoder or muxer decide.
    Int { min: i64, max: i64, default: Option<i64> },
    /// A number. Without a default, leaving it out lets the encoder or muxer decide.
    Float { min: f64, max: f64, default: Option<f64> },
    /// Yes or no.
    Bool { default: bool },
    /// Yes, no, or a number of seconds.
    BoolOrSeconds { default: bool, max: f64 },
    /// Any of some words, each with its meaning, joined by `+`.
    Flags { values: &'static [(&'static str, &'static str)] },
    /// One of some words, each with its meaning.
    Choice { values: &'static [(&'static str, &'static str)], default: &'static str },
    /// Text of a form that is described.
    Text { form: &'static str, default: &'static str },
}

impl OptionInfo {
    /// A whole number from `min` to `max`.
    pub const fn int(
        name: &'static str,
        (min, max): (i64, i64),
        default: Option<i64>,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Int { min, max, default } }
    }

    /// A number from `min` to `max`.
    pub const fn float(
        name: &'static str,
        (min, max): (f64, f64),
        default: Option<f64>,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Float { min, max, default } }
    }

    /// Any of `values`: words, each with its meaning. None unless given.
    pub const fn flags(
        name: &'static str,
        values: &'static [(&'static str, &'static str)],
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Flags { values } }
    }

    /// Yes or no.
    pub const fn bool(name: &'static str, default: bool, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Bool { default } }
    }

    /// Yes, no, or a number of seconds up to `max`.
    pub const fn bool_or_seconds(
        name: &'static str,
        default: bool,
        max: f64,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::BoolOrSeconds { default, max } }
    }

    /// One of `values`: words, each with its meaning.
    pub const fn choice(
        name: &'static str,
        values: &'static [(&'static str, &'static str)],
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Choice { values, default } }
    }

    /// Text of a form, such as `drop or compose:COLOR`, which whoever takes it checks.
    pub const fn text(
        name: &'static str,
        form: &'static str,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Text { form, default } }
    }

    /// The error of a value that is not valid.
    pub fn refuse(&self, value: &str) -> Error {
        Error::option(format!(
            "Invalid value for option {}: {value}. Valid values are {}.",
            self.name, self.kind
        ))
    }
}

impl fmt::Display for OptionKind {
    /// What is allowed: `0 to 12`, `true or false`, `one of a, b`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int { min, max, .. } => write!(f, "{min} to {max}"),
            Self::Float { min, max, .. } => write!(f, "{min} to {max}"),
            Self::Bool { .. } => f.write_str("true or false"),
            Self::BoolOrSeconds { max, .. } => {
                write!(f, "true or false, or seconds from 0 to {max}")
            }
            Self::Flags { values } => {
                write!(f, "any of {}, joined by +", list(values.iter().map(|v| v.0)))
            }
            Self::Choice { values, .. } => write!(f, "{}", list(values.iter().map(|v| v.0))),
            Self::Text { form, .. } => f.write_str(form),
        }
    }
}

/// A value of an [`OptionKind::BoolOrSeconds`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BoolOrSeconds {
    /// Yes or no.
    Bool(bool),
    /// A number of seconds.
    Seconds(f64),
}

/// The truth of a word, as FFmpeg has it.
fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "enable" | "enabled" | "on" | "1" => Some(true),
        "false" | "n" | "no" | "disable" | "disabled" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Options as the user gave them: names and values, in order.
///
/// They are *consumed*: each is taken by whoever knows it, and what is left over at the end is an
/// error that names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    entries: Vec<(String, String)>,
}

impl Options {
    /// No options.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Sets an option; a later value replaces an earlier one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.entries.iter_mut().find(|(n, _)| *n == name) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((name, value)),
        }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the option was given and not yet taken.
    pub fn contains(&self, option: &OptionInfo) -> bool {
        self.entries.iter().any(|(name, _)| name == option.name)
    }

    fn take(&mut self, option: &OptionInfo) -> Option<String> {
        let index = self.entries.iter().position(|(name, _)| name == option.name)?;
        Some(self.entries.remove(index).1)
    }

    /// Takes a whole number; its default where it was not given.
    ///
    /// # Errors
    /// The value must be a whole number in the option's range. `k`, `M` and `G` multiply by
    /// powers of 1000.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Int`].
    pub fn take_int(&mut self, option: &OptionInfo) -> Result<Option<i64>> {
        let OptionKind::Int { min, max, default } = option.kind else {
            panic!("{} is not an int", option.name)
        };
        let Some(value) = self.take(option) else { return Ok(default) };
        let (digits, factor) = match value.as_bytes().last() {
            Some(b'k' | b'K') => (&value[..value.len() - 1], 1_000),
            Some(b'M') => (&value[..value.len() - 1], 1_000_000),
            Some(b'G') => (&value[..value.len() - 1], 1_000_000_000),
            _ => (&value[..], 1),
        };
        match digits.parse::<i64>().ok().and_then(|n| n.checked_mul(factor)) {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(option.refuse(&value)),
        }
    }

    /// Takes a number; its default where it was not given.
    ///
    /// # Errors
    /// The value must be a number in the option's range.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Float`].
    pub fn take_float(&mut self, option: &OptionInfo) -> Result<Option<f64>> {
        let OptionKind::Float { min, max, default } = option.kind else {
            panic!("{} is not a float", option.name)
        };
        let Some(value) = self.take(option) else { return Ok(default) };
        match value.parse::<f64>() {
            // Neither holds for NaN.
            Ok(number) if number >= min && number <= max => Ok(Some(number)),
            _ => Err(option.refuse(&value)),
        }
    }

    /// Takes any of the option's words, in the order given: `faststart+empty_moov`. A word after
    /// `-` is taken out again. None where the option was not given.
    ///
    /// # Errors
    /// Each must be one of the words.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Flags`].
    pub fn take_flags(&mut self, option: &OptionInfo) -> Result<Vec<&'static str>> {
        let OptionKind::Flags { values } = option.kind else {
            panic!("{} is not a set of flags", option.name)
        };
        let Some(given) = self.take(option) else { return Ok(Vec::new()) };
        let mut flags: Vec<&'static str> = Vec::new();
        let mut rest = given.as_str();
        while !rest.is_empty() {
            let is_taken_out = rest.starts_with('-');
            let word_on = rest.strip_prefix(['+', '-']).unwrap_or(rest);
            let end = word_on.find(['+', '-']).unwrap_or(word_on.len());
            let found = values.iter().find(|(word, _)| *word == &word_on[..end]);
            let (word, _) = found.ok_or_else(|| option.refuse(&given))?;
            flags.retain(|flag| flag != word);
            if !is_taken_out {
                flags.push(word);
            }
            rest = &word_on[end..];
        }
        Ok(flags)
    }

    /// Takes a yes or no; its default where it was not given.
    ///
    /// # Errors
    /// The value must be `true`, `y`, `yes`, `enable`, `enabled`, `on` or `1`, or their opposites.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Bool`].
    pub fn take_bool(&mut self, option: &OptionInfo) -> Result<bool> {
        let OptionKind::Bool { default } = option.kind else {
            panic!("{} is not a bool", option.name)
        };
        let Some(value) = self.take(option) else { return Ok(default) };
        truth(&value).ok_or_else(|| option.refuse(&value))
    }

    /// Takes yes, no or a number of seconds; `1` and `0` are yes and no.
    ///
    /// # Errors
    /// The value must be `true`, `false`, any word that FFmpeg takes for them, or a number of
    /// seconds in the option's range.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::BoolOrSeconds`].
    pub fn take_bool_or_seconds(&mut self, option: &OptionInfo) -> Result<BoolOrSeconds> {
        let OptionKind::BoolOrSeconds { default, max } = option.kind else {
            panic!("{} is not a bool or seconds", option.name)
        };
        let Some(value) = self.take(option) else { return Ok(BoolOrSeconds::Bool(default)) };
        if let Some(truth) = truth(&value) {
            return Ok(BoolOrSeconds::Bool(truth));
        }
        match value.parse::<f64>() {
            // Neither holds for NaN.
            Ok(seconds) if seconds >= 0.0 && seconds <= max => Ok(BoolOrSeconds::Seconds(seconds)),
            _ => Err(option.refuse(&value)),
        }
    }

    /// Takes one of the option's words; its default where it was not given.
    ///
    /// # Errors
    /// The value must be one of the words.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Choice`].
    pub fn take_choice(&mut self, option: &OptionInfo) -> Result<&'static str> {
        let OptionKind::Choice { values, default } = option.kind else {
            panic!("{} is not a choice", option.name)
        };
        let Some(value) = self.take(option) else { return Ok(default) };
        let found = values.iter().find(|(word, _)| *word == value);
        found.map(|(word, _)| *word).ok_or_else(|| option.refuse(&value))
    }

    /// Takes the option's text; none where it was not given. Its form is not checked:
    /// [`OptionInfo::refuse`] is the error of a wrong one.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Text`].
    pub fn take_text(&mut self, option: &OptionInfo) -> Option<String> {
        assert!(matches!(option.kind, OptionKind::Text { .. }), "{} is no text", option.name);
        self.take(option)
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// An option that nobody took is named, with what `known` options there are.
    pub fn finish<'a>(self, known: impl IntoIterator<Item = &'a OptionInfo>) -> Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let known = list(known.into_iter().map(|option| option.name));
        let known = if known.is_empty() { "none".to_owned() } else { known };
        Err(Error::option(format!(
            "Unexpected options: {}. Available options are: {known}.",
            list(self.entries.iter().map(|(name, _)| name)),
        )))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Options {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut options = Self::new();
        for (name, value) in entries {
            options.set(name, value);
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: OptionInfo = OptionInfo::int("level", (0, 12_000), Some(5), "how hard to try");
    const HEADER: OptionInfo = OptionInfo::bool("header", true, "whether to write one");
    const MODE: OptionInfo =
        OptionInfo::choice("mode", &[("auto", "decide"), ("mono", "one")], "auto", "how");

    #[test]
    fn what_was_given_is_taken_once() {
        let mut options: Options =
            [("level", "7"), ("header", "off"), ("mode", "mono")].into_iter().collect();
        assert_eq!(options.take_int(&LEVEL).unwrap(), Some(7));
        assert!(!options.take_bool(&HEADER).unwrap());
        assert_eq!(options.take_choice(&MODE).unwrap(), "mono");
        assert_eq!(options.take_int(&LEVEL).unwrap(), Some(5));
        options.finish([]).unwrap();
    }

    #[test]
    fn numbers_take_suffixes_within_their_range() {
        let int =
            |value: &str| [("level", value)].into_iter().collect::<Options>().take_int(&LEVEL);
        assert_eq!(int("12k").unwrap(), Some(12_000));
        for wrong in ["13k", "-1", "", "k", "9223372036854775807G", "5.5", "0x5", "1Mk"] {
            let message = int(wrong).unwrap_err().to_string();
            assert!(message.contains("level") && message.contains("0 to 12000"), "{message}");
        }
    }

    #[test]
    fn fractions_stay_in_their_range() {
        let crf = OptionInfo::float("crf", (0.0, 51.0), Some(23.0), "quality");
        let float =
            |value: &str| [("crf", value)].into_iter().collect::<Options>().take_float(&crf);
        assert_eq!(Options::new().take_float(&crf).unwrap(), Some(23.0));
        assert_eq!(float("18.5").unwrap(), Some(18.5));
        for wrong in ["51.1", "-1", "NaN", "inf", "", "x"] {
            assert!(float(wrong).unwrap_err().to_string().contains("0 to 51"), "{wrong}");
        }
    }

    #[test]
    fn flags_are_set_and_unset() {
        const FLAGS: OptionInfo = OptionInfo::flags("flags", &[("a_b", ""), ("c", "")], "");
        let flags =
            |value: &str| [("flags", value)].into_iter().collect::<Options>().take_flags(&FLAGS);
        assert_eq!(flags("a_b+c").unwrap(), ["a_b", "c"]);
        assert_eq!(flags("+c+a_b-c").unwrap(), ["a_b"]);
        assert!(flags("").unwrap().is_empty());
        let message = flags("c+bogus").unwrap_err().to_string();
        assert!(message.contains("c+bogus") && message.contains("a_b, c"), "{message}");
    }

    #[test]
    fn what_nobody_took_is_named() {
        let options: Options = [("bogus", "1"), ("worse", "2")].into_iter().collect();
        assert_eq!(
            options.finish([&LEVEL, &MODE]).unwrap_err().to_string(),
            "Unexpected options: bogus, worse. Available options are: level, mode."
        );
    }
}
