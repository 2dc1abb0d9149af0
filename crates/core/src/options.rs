//! Options as names and values, and their parsers.

use std::time::Duration;

use crate::error::list;
use crate::option_value::{dictionary, duration, rational, size, truth};
use crate::{Error, OptionInfo, OptionKind, Rational, Result, RgbColor};

/// Value of an [`OptionKind::BoolOrSeconds`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BoolOrSeconds {
    /// A boolean.
    Bool(bool),
    /// A number of seconds.
    Seconds(f64),
}

/// Options that a user passed: names and values, in order.
///
/// Encoders, muxers and outputs remove the options that they support. [`finish`](Self::finish)
/// returns an error that names the remaining options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    entries: Vec<(String, String)>,
}

impl Options {
    /// Creates an empty set of options.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Sets an option, replacing an earlier value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.entries.iter_mut().find(|(n, _)| *n == name) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((name, value)),
        }
    }

    /// Returns whether no options remain.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns whether the option was set and has not been removed.
    pub fn contains(&self, option: &OptionInfo) -> bool {
        self.entries.iter().any(|(name, _)| name == option.name)
    }

    fn take(&mut self, option: &OptionInfo) -> Option<String> {
        let index = self.entries.iter().position(|(name, _)| name == option.name)?;
        Some(self.entries.remove(index).1)
    }

    /// Removes and parses an integer. Returns the default if the option is not set.
    ///
    /// # Errors
    /// The value must be an integer in the option's range. The suffixes `k`, `M` and `G` multiply
    /// by powers of 1000.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Int`].
    pub fn take_int(&mut self, option: &OptionInfo) -> Result<Option<i64>> {
        let OptionKind::Int { min, max, default, names } = option.kind else {
            panic!("{} is not an int", option.name)
        };
        let Some(value) = self.take(option) else { return Ok(default) };
        if let Some((_, number)) = names.iter().find(|(name, _)| *name == value) {
            return Ok(Some(*number));
        }
        let (digits, factor) = match value.as_bytes().last() {
            Some(b'k' | b'K') => (&value[..value.len() - 1], 1_000),
            Some(b'M') => (&value[..value.len() - 1], 1_000_000),
            Some(b'G') => (&value[..value.len() - 1], 1_000_000_000),
            _ => (&value[..], 1),
        };
        match digits.parse::<i64>().ok().and_then(|n| n.checked_mul(factor)) {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(option.invalid_value(&value)),
        }
    }

    /// Removes and parses a number. Returns the default if the option is not set.
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
            // NaN fails both comparisons.
            Ok(number) if number >= min && number <= max => Ok(Some(number)),
            _ => Err(option.invalid_value(&value)),
        }
    }

    /// Removes and parses flags, as in `faststart+empty_moov`, and returns them in this order. `-`
    /// before a flag clears it. Returns no flags if the option is not set.
    ///
    /// # Errors
    /// Each must be a flag of the option.
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
            let is_cleared = rest.starts_with('-');
            let flag_on = rest.strip_prefix(['+', '-']).unwrap_or(rest);
            let end = flag_on.find(['+', '-']).unwrap_or(flag_on.len());
            let found = values.iter().find(|(flag, _)| *flag == &flag_on[..end]);
            let (flag, _) = found.ok_or_else(|| option.invalid_value(&given))?;
            flags.retain(|earlier| earlier != flag);
            if !is_cleared {
                flags.push(flag);
            }
            rest = &flag_on[end..];
        }
        Ok(flags)
    }

    /// Removes and parses a boolean. Returns the default if the option is not set.
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
        truth(&value).ok_or_else(|| option.invalid_value(&value))
    }

    /// Removes and parses a boolean or a number of seconds. `1` and `0` are booleans.
    ///
    /// # Errors
    /// The value must be a boolean as in [`take_bool`](Self::take_bool), or a number of seconds in
    /// the option's range.
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
            // NaN fails both comparisons.
            Ok(seconds) if seconds >= 0.0 && seconds <= max => Ok(BoolOrSeconds::Seconds(seconds)),
            _ => Err(option.invalid_value(&value)),
        }
    }

    /// Removes and parses one of the option's values. Returns the default if the option is not set.
    ///
    /// # Errors
    /// The value must be one of the option's values.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Choice`].
    pub fn take_choice(&mut self, option: &OptionInfo) -> Result<&'static str> {
        let OptionKind::Choice { values, default } = option.kind else {
            panic!("{} is not a choice", option.name)
        };
        let Some(value) = self.take(option) else { return Ok(default) };
        let found = values.iter().find(|(word, _)| *word == value);
        found.map(|(word, _)| *word).ok_or_else(|| option.invalid_value(&value))
    }

    /// Removes the text and returns it unchecked, or `None` if the option is not set. Callers
    /// report text in a wrong form with [`OptionInfo::invalid_value`].
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Text`].
    pub fn take_text(&mut self, option: &OptionInfo) -> Option<String> {
        assert!(matches!(option.kind, OptionKind::Text { .. }), "{} is not a text", option.name);
        self.take(option)
    }

    /// Removes an option and parses its value or its default, which may be empty.
    fn take_parsed<T>(
        &mut self,
        option: &OptionInfo,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let value = self.take(option).unwrap_or_else(|| option.kind.default_text());
        if value.is_empty() {
            return Ok(None);
        }
        parse(&value).map(Some).ok_or_else(|| option.invalid_value(&value))
    }

    /// Removes and parses a ratio.
    ///
    /// # Errors
    /// The value must be a ratio of positive integers, or one positive integer.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Rational`].
    pub fn take_rational(&mut self, option: &OptionInfo) -> Result<Option<Rational>> {
        let is_ratio = matches!(option.kind, OptionKind::Rational { .. });
        assert!(is_ratio, "{} is not a ratio", option.name);
        self.take_parsed(option, rational)
    }

    /// Removes and parses a duration.
    ///
    /// # Errors
    /// The value must be a duration in the option's range.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Duration`].
    pub fn take_duration(&mut self, option: &OptionInfo) -> Result<Option<Duration>> {
        let OptionKind::Duration { max, .. } = option.kind else {
            panic!("{} is not a duration", option.name)
        };
        let most = Duration::from_secs(max.into());
        self.take_parsed(option, |value| duration(value).filter(|span| *span <= most))
    }

    /// Removes and parses a width and height in pixels.
    ///
    /// # Errors
    /// The value must be `WIDTHxHEIGHT`, both positive, or FFmpeg's name of a size.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Size`].
    pub fn take_size(&mut self, option: &OptionInfo) -> Result<Option<(u32, u32)>> {
        assert!(matches!(option.kind, OptionKind::Size { .. }), "{} is not a size", option.name);
        self.take_parsed(option, size)
    }

    /// Removes and parses a color.
    ///
    /// # Errors
    /// The value must be a color that [`RgbColor`] parses.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Color`].
    pub fn take_color(&mut self, option: &OptionInfo) -> Result<Option<RgbColor>> {
        assert!(matches!(option.kind, OptionKind::Color { .. }), "{} is not a color", option.name);
        self.take_parsed(option, |value| value.parse().ok())
    }

    /// Removes and parses names and values. A later value replaces an earlier one of the same name.
    ///
    /// # Errors
    /// The value must be `name=value:name=value`.
    ///
    /// # Panics
    /// If the option is not [`OptionKind::Dictionary`].
    pub fn take_dictionary(&mut self, option: &OptionInfo) -> Result<Options> {
        let is_dictionary = matches!(option.kind, OptionKind::Dictionary { .. });
        assert!(is_dictionary, "{} is not a dictionary", option.name);
        let entries = self.take_parsed(option, dictionary)?;
        Ok(entries.unwrap_or_default().into_iter().collect())
    }

    /// Returns the options as names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Moves the options listed in `known` to a new set. Options listed in `shared` stay in this
    /// set too.
    pub fn split_off(&mut self, known: &[OptionInfo], shared: &[OptionInfo]) -> Self {
        let is_in = |options: &[OptionInfo], name: &str| options.iter().any(|o| o.name == name);
        let own = self.entries.iter().filter(|(name, _)| is_in(known, name)).cloned().collect();
        self.entries.retain(|(name, _)| !is_in(known, name) || is_in(shared, name));
        Self { entries: own }
    }

    /// Checks that no options remain.
    ///
    /// # Errors
    /// Options remain. The message lists them and the `known` options.
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

    fn given(option: &OptionInfo, value: &str) -> Options {
        [(option.name, value)].into_iter().collect()
    }

    #[test]
    fn names_represent_integers() {
        const MODE: OptionInfo =
            OptionInfo::named_int("mode", (-1, 3), Some(0), &[("caller", 0), ("listener", 1)], "");
        let int = |value: &str| given(&MODE, value).take_int(&MODE);
        assert_eq!(int("listener").unwrap(), Some(1));
        assert_eq!(int("3").unwrap(), Some(3));
        let message = int("nobody").unwrap_err().to_string();
        assert!(message.contains("-1 to 3, caller (0), listener (1)"), "{message}");
    }

    /// Checks the option types of outputs, filters and devices, with values in FFmpeg's syntax.
    #[test]
    fn parses_every_kind() {
        const APP: OptionInfo = OptionInfo::text("rtmp_app", "an application's name", "", "");
        const HEADERS: OptionInfo = OptionInfo::dictionary("headers", "", "");
        const WINDOW_SIZE: OptionInfo = OptionInfo::size("window_size", "", "");
        const TITLE: OptionInfo = OptionInfo::text("window_title", "a title", "Reelwright", "");
        const TIMEOUT: OptionInfo = OptionInfo::duration("timeout", 60, "5", "");
        const RATE: OptionInfo = OptionInfo::rational("framerate", "25", "");
        const COLOR: OptionInfo = OptionInfo::color("color", "black", "");
        let mut options: Options = [
            ("rtmp_app", "live"),
            ("headers", r"Accept=text/html:X=a\:b=c"),
            ("window_size", "hd720"),
            ("timeout", "200ms"),
            ("framerate", "30000/1001"),
            ("color", "#0a0b0c"),
        ]
        .into_iter()
        .collect();
        assert_eq!(options.take_text(&APP).as_deref(), Some("live"));
        assert_eq!(options.take_text(&TITLE), None);
        let headers = options.take_dictionary(&HEADERS).unwrap();
        let expected = [("Accept", "text/html"), ("X", "a:b=c")];
        assert_eq!(headers.iter().collect::<Vec<_>>(), expected);
        assert_eq!(options.take_size(&WINDOW_SIZE).unwrap(), Some((1280, 720)));
        assert_eq!(options.take_size(&WINDOW_SIZE).unwrap(), None);
        assert_eq!(options.take_duration(&TIMEOUT).unwrap(), Some(Duration::from_millis(200)));
        assert_eq!(options.take_duration(&TIMEOUT).unwrap(), Some(Duration::from_secs(5)));
        assert_eq!(options.take_rational(&RATE).unwrap().unwrap().to_string(), "30000/1001");
        assert_eq!(options.take_color(&COLOR).unwrap(), Some(RgbColor([10, 11, 12])));
        assert_eq!(options.take_color(&COLOR).unwrap(), Some(RgbColor([0; 3])));
        options.finish([]).unwrap();
        for (option, wrong) in [
            (&TIMEOUT, "61"),
            (&WINDOW_SIZE, "0x5"),
            (&RATE, "1/0"),
            (&COLOR, "blurple"),
            (&HEADERS, "no value"),
        ] {
            let mut options = given(option, wrong);
            let error = match option.kind {
                OptionKind::Duration { .. } => options.take_duration(option).map(drop),
                OptionKind::Size { .. } => options.take_size(option).map(drop),
                OptionKind::Rational { .. } => options.take_rational(option).map(drop),
                OptionKind::Color { .. } => options.take_color(option).map(drop),
                _ => options.take_dictionary(option).map(drop),
            };
            let text = error.unwrap_err().to_string();
            let starts = format!("Invalid value for option {}: {wrong}. Valid", option.name);
            assert!(text.starts_with(&starts), "{text}");
        }
    }

    const LEVEL: OptionInfo = OptionInfo::int("level", (0, 12_000), Some(5), "effort");
    const HEADER: OptionInfo = OptionInfo::bool("header", true, "write a header");
    const MODE: OptionInfo =
        OptionInfo::choice("mode", &[("auto", "decide"), ("mono", "one")], "auto", "how");

    #[test]
    fn takes_each_option_once() {
        let mut options: Options =
            [("level", "7"), ("header", "off"), ("mode", "mono")].into_iter().collect();
        assert_eq!(options.take_int(&LEVEL).unwrap(), Some(7));
        assert!(!options.take_bool(&HEADER).unwrap());
        assert_eq!(options.take_choice(&MODE).unwrap(), "mono");
        assert_eq!(options.take_int(&LEVEL).unwrap(), Some(5));
        options.finish([]).unwrap();
    }

    #[test]
    fn integers_accept_suffixes_within_their_range() {
        let int =
            |value: &str| [("level", value)].into_iter().collect::<Options>().take_int(&LEVEL);
        assert_eq!(int("12k").unwrap(), Some(12_000));
        for wrong in ["13k", "-1", "", "k", "9223372036854775807G", "5.5", "0x5", "1Mk"] {
            let message = int(wrong).unwrap_err().to_string();
            assert!(message.contains("level") && message.contains("0 to 12000"), "{message}");
        }
    }

    #[test]
    fn rejects_numbers_outside_the_range() {
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
    fn flags_are_set_and_cleared() {
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
    fn finish_names_unknown_options() {
        let options: Options = [("bogus", "1"), ("worse", "2")].into_iter().collect();
        assert_eq!(
            options.finish([&LEVEL, &MODE]).unwrap_err().to_string(),
            "Unexpected options: bogus, worse. Available options are: level, mode."
        );
    }
}
