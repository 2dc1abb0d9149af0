//! Descriptions of options of encoders, muxers and outputs.

use std::fmt;

use crate::Error;
use crate::error::list;
use crate::option_value::SIZE_NAMES;

/// An option of an encoder, muxer or output. Help texts, validation and defaults use this
/// description.
#[derive(Debug, Clone, Copy)]
pub struct OptionInfo {
    /// Name; FFmpeg's name if FFmpeg has the option.
    pub name: &'static str,
    /// Help text in one line.
    pub help: &'static str,
    /// Type, range and default.
    pub kind: OptionKind,
}

/// Type, range and default of an option.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)] // the field names are self-explanatory
pub enum OptionKind {
    /// An integer, or a named value. Without a default, the encoder or muxer chooses the value.
    Int { min: i64, max: i64, default: Option<i64>, names: &'static [(&'static str, i64)] },
    /// A number. Without a default, the encoder or muxer chooses the value.
    Float { min: f64, max: f64, default: Option<f64> },
    /// A boolean.
    Bool { default: bool },
    /// A boolean, or a number of seconds.
    BoolOrSeconds { default: bool, max: f64 },
    /// Any number of the values, joined by `+`. Each value has a description.
    Flags { values: &'static [(&'static str, &'static str)] },
    /// One of the values. Each value has a description.
    Choice { values: &'static [(&'static str, &'static str)], default: &'static str },
    /// Text in the form that `form` describes.
    Text { form: &'static str, default: &'static str },
    /// A ratio of positive integers: `30000/1001`, `16:9` or `25`.
    Rational { default: &'static str },
    /// A duration up to `max` seconds: `1.5`, `200ms`, `10us` or `[HH:]MM:SS[.m]`.
    Duration { max: u32, default: &'static str },
    /// A width and height in pixels: `1280x720`, or a name such as `hd720`.
    Size { default: &'static str },
    /// A color: `#RRGGBB`, `0xRRGGBB` or a name.
    Color { default: &'static str },
    /// Names and values, as `name=value:name=value`. `\` escapes the next character.
    Dictionary { default: &'static str },
}

impl OptionInfo {
    /// Creates an integer option from `min` to `max`.
    pub const fn int(
        name: &'static str,
        (min, max): (i64, i64),
        default: Option<i64>,
        help: &'static str,
    ) -> Self {
        Self::named_int(name, (min, max), default, &[], help)
    }

    /// Creates an integer option from `min` to `max`, or one of `names`.
    pub const fn named_int(
        name: &'static str,
        (min, max): (i64, i64),
        default: Option<i64>,
        names: &'static [(&'static str, i64)],
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Int { min, max, default, names } }
    }

    /// Creates a number option from `min` to `max`.
    pub const fn float(
        name: &'static str,
        (min, max): (f64, f64),
        default: Option<f64>,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Float { min, max, default } }
    }

    /// Creates an option of any number of `values`, each with its description. The default is none.
    pub const fn flags(
        name: &'static str,
        values: &'static [(&'static str, &'static str)],
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Flags { values } }
    }

    /// Creates a boolean option.
    pub const fn bool(name: &'static str, default: bool, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Bool { default } }
    }

    /// Creates an option of a boolean or a number of seconds up to `max`.
    pub const fn bool_or_seconds(
        name: &'static str,
        default: bool,
        max: f64,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::BoolOrSeconds { default, max } }
    }

    /// Creates an option of one of `values`, each with its description.
    pub const fn choice(
        name: &'static str,
        values: &'static [(&'static str, &'static str)],
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Choice { values, default } }
    }

    /// Creates a text option in a form such as `drop or compose:COLOR`. The code that uses it
    /// checks the form.
    pub const fn text(
        name: &'static str,
        form: &'static str,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Text { form, default } }
    }

    /// Creates an option of a ratio of integers. With an empty default, the encoder, muxer or
    /// output chooses the value. This applies to the constructors below too.
    pub const fn rational(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Rational { default } }
    }

    /// Creates an option of a duration up to `max` seconds.
    pub const fn duration(
        name: &'static str,
        max: u32,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, help, kind: OptionKind::Duration { max, default } }
    }

    /// Creates an option of a width and height in pixels.
    pub const fn size(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Size { default } }
    }

    /// Creates a color option.
    pub const fn color(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Color { default } }
    }

    /// Creates an option of names and values.
    pub const fn dictionary(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: OptionKind::Dictionary { default } }
    }

    /// Returns the error for an invalid value.
    pub fn invalid_value(&self, value: &str) -> Error {
        Error::option(format!(
            "Invalid value for option {}: {value}. Valid values are {}.",
            self.name, self.kind
        ))
    }
}

impl OptionKind {
    /// Returns FFmpeg's name of the type.
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

    /// Returns the default value as text, or an empty string.
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
    /// Writes the allowed values: `0 to 12`, `true or false`, `one of a, b`.
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
            Self::Rational { .. } => f.write_str("ratios above 0, such as 30000/1001, 16:9 or 25"),
            Self::Duration { max, .. } => {
                write!(f, "0 to {max} seconds, such as 1.5, 200ms, 10us or HH:MM:SS.m")
            }
            Self::Size { .. } => {
                write!(f, "WIDTHxHEIGHT, {}", list(SIZE_NAMES.iter().map(|row| row.0)))
            }
            Self::Color { .. } => f.write_str("#RRGGBB, 0xRRGGBB or a color's name"),
            Self::Dictionary { .. } => f.write_str("name=value:name=value"),
        }
    }
}
