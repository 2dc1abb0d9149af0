//! Descriptions of options of encoders, muxers and outputs.

use std::fmt;

use crate::Error;
use crate::error::list;
use crate::option_value::SIZE_NAMES;

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
    /// A whole number, or a name of one. Without a default, leaving it out lets the encoder or muxer
    /// decide.
    Int { min: i64, max: i64, default: Option<i64>, names: &'static [(&'static str, i64)] },
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
    /// A ratio of whole numbers above 0: `30000/1001`, `16:9` or `25`.
    Rational { default: &'static str },
    /// A time span up to `max` seconds: `1.5`, `200ms`, `10us` or `[HH:]MM:SS[.m]`.
    Duration { max: u32, default: &'static str },
    /// A width and height in pixels: `1280x720`, or a name such as `hd720`.
    Size { default: &'static str },
    /// A color: `#RRGGBB`, `0xRRGGBB` or a name.
    Color { default: &'static str },
    /// Names with values, as `name=value:name=value`; `\` escapes the next character.
    Dictionary { default: &'static str },
}

impl OptionInfo {
    /// A whole number from `min` to `max`.
    pub const fn int(
        name: &'static str,
        (min, max): (i64, i64),
        default: Option<i64>,
        help: &'static str,
    ) -> Self {
        Self::named_int(name, (min, max), default, &[], help)
    }

    /// A whole number from `min` to `max`, or one of `names`.
    pub const fn named_int(
        name: &'static str,
        (min, max): (i64, i64),
        default: Option<i64>,
        names: &'static [(&'static str, i64)],
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Int { min, max, default, names } }
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

    /// A ratio of whole numbers. An empty default lets the encoder, muxer or output decide, also of
    /// the constructors below.
    pub const fn rational(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Rational { default } }
    }

    /// A time span up to `max` seconds.
    pub const fn duration(
        name: &'static str,
        max: u32,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Duration { max, default } }
    }

    /// A width and height in pixels.
    pub const fn size(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Size { default } }
    }

    /// A color.
    pub const fn color(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Color { default } }
    }

    /// Names with values.
    pub const fn dictionary(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Dictionary { default } }
    }

    /// The error of a value that is not valid.
    pub fn invalid_value(&self, value: &str) -> Error {
        Error::option(format!(
            "Invalid value for option {}: {value}. Valid values are {}.",
            self.name, self.kind
        ))
    }
}

impl OptionKind {
    /// Name of the type, as FFmpeg has it.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Int { .. } => "int",
            Self::Float { .. } => "float",
            Self::Bool { .. } => "bool",
            Self::BoolOrSeconds { .. } => "bool or seconds",
            Self::Flags { .. } => "flags",
            Self::Choice { .. } => "choice",
            Self::Text { .. } => "string",
            Self::Rational { .. } => "rational",
            Self::Duration { .. } => "duration",
            Self::Size { .. } => "size",
            Self::Color { .. } => "color",
            Self::Dictionary { .. } => "dictionary",
        }
    }

    /// The default value as text; empty if there is none.
    pub fn default_text(&self) -> String {
        match self {
            Self::Int { default, .. } => default.map(|d| d.to_string()).unwrap_or_default(),
            Self::Float { default, .. } => default.map(|d| d.to_string()).unwrap_or_default(),
            Self::Bool { default } | Self::BoolOrSeconds { default, .. } => default.to_string(),
            Self::Flags { .. } => String::new(),
            Self::Choice { default, .. }
            | Self::Text { default, .. }
            | Self::Rational { default }
            | Self::Duration { default, .. }
            | Self::Size { default }
            | Self::Color { default }
            | Self::Dictionary { default } => (*default).to_owned(),
        }
    }
}

impl fmt::Display for OptionKind {
    /// What is allowed: `0 to 12`, `true or false`, `one of a, b`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int { min, max, names, .. } => {
                write!(f, "{min} to {max}")?;
                names.iter().try_for_each(|(name, value)| write!(f, ", {name} ({value})"))
            }
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
            Self::Rational { .. } => f.write_str("ratios above 0, as 30000/1001, 16:9 or 25"),
            Self::Duration { max, .. } => {
                write!(f, "0 to {max} seconds, as 1.5, 200ms, 10us or HH:MM:SS.m")
            }
            Self::Size { .. } => {
                write!(f, "WIDTHxHEIGHT, {}", list(SIZE_NAMES.iter().map(|row| row.0)))
            }
            Self::Color { .. } => f.write_str("#RRGGBB, 0xRRGGBB or a color's name"),
            Self::Dictionary { .. } => f.write_str("name=value:name=value"),
        }
    }
}
