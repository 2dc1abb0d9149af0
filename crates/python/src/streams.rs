//! Conversion of stream parameters from Python.

use std::fmt::Display;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};
use reelwright::{
    AudioStream, CodecConfig, ErrorKind, Options, PixelFormat, Rational, Result, SampleFormat,
    SubtitleStream, VideoStream,
};

use crate::errors::{exception, to_python};

/// Arguments of `add_audio_stream`: torio's, then those of this package.
pub(crate) struct AudioArguments<'py> {
    sample_rate: i64,
    num_channels: i64,
    format: String,
    encoder: Option<String>,
    encoder_option: Option<Bound<'py, PyAny>>,
    encoder_sample_rate: Option<i64>,
    encoder_num_channels: Option<i64>,
    encoder_format: Option<String>,
    codec_config: Option<Config>,
    filter_desc: Option<String>,
    channel_layout: Option<String>,
    bits_per_raw_sample: Option<i64>,
    resample_quality: Option<String>,
}

impl<'py> AudioArguments<'py> {
    pub(crate) fn new(arguments: &Bound<'py, PyDict>) -> PyResult<Self> {
        let from = Arguments(arguments);
        Ok(Self {
            sample_rate: from.get("sample_rate", "an int")?,
            num_channels: from.get("num_channels", "an int")?,
            format: from.get("format", "a str")?,
            encoder: from.get("encoder", "a str or None")?,
            encoder_option: from.any("encoder_option")?,
            encoder_sample_rate: from.get("encoder_sample_rate", "an int or None")?,
            encoder_num_channels: from.get("encoder_num_channels", "an int or None")?,
            encoder_format: from.get("encoder_format", "a str or None")?,
            codec_config: from.config()?,
            filter_desc: from.get("filter_desc", "a str or None")?,
            channel_layout: from.get("channel_layout", "a str or None")?,
            bits_per_raw_sample: from.get("bits_per_raw_sample", "an int or None")?,
            resample_quality: from.get("resample_quality", "a str or None")?,
        })
    }

    /// Returns the stream, and the sample format of its chunks.
    pub(crate) fn stream(&self, py: Python<'_>) -> PyResult<(AudioStream, SampleFormat)> {
        let rate = positive(py, "Sample rate", self.sample_rate)?;
        let channels = positive(py, "The number of channels", self.num_channels)?;
        let format: SampleFormat = self.format.parse().map_err(|_| {
            let valid = reelwright_list(SampleFormat::PACKED);
            let message = format!(
                "Unsupported sample format ({}) was provided. Valid values are {valid}.",
                self.format
            );
            exception(py, ErrorKind::Argument, message)
        })?;
        let mut stream = AudioStream::new(rate, channels as usize).format(format);
        if let Some(encoder) = &self.encoder {
            stream = stream.encoder(encoder);
        }
        for (name, value) in pairs("encoder_option", self.encoder_option.as_ref())? {
            stream = stream.encoder_option(name, value);
        }
        if let Some(rate) = self.encoder_sample_rate {
            stream = stream.encoder_sample_rate(positive(py, "Encoder sample rate", rate)?);
        }
        if let Some(channels) = self.encoder_num_channels {
            let channels = at_least(py, "The number of channels", "greater than 0", channels)?;
            stream = stream.encoder_num_channels(channels as usize);
        }
        if let Some(format) = &self.encoder_format {
            stream = stream.encoder_format(parsed(py, format.parse())?);
        }
        if let Some(config) = &self.codec_config {
            stream = stream.codec_config(config.to_config(py)?);
        }
        if let Some(filters) = &self.filter_desc {
            stream = stream.filter_desc(filters);
        }
        if let Some(layout) = &self.channel_layout {
            stream = stream.channel_layout(parsed(py, layout.parse())?);
        }
        if let Some(bits) = self.bits_per_raw_sample {
            stream = stream.bits_per_raw_sample(positive(py, "bits_per_raw_sample", bits)?);
        }
        if let Some(quality) = &self.resample_quality {
            stream = stream.resample_quality(parsed(py, quality.parse())?);
        }
        Ok((stream, format))
    }
}

/// Arguments of `add_video_stream`: torio's, then those of this package.
pub(crate) struct VideoArguments<'py> {
    frame_rate: f64,
    width: i64,
    height: i64,
    format: String,
    encoder: Option<String>,
    encoder_option: Option<Bound<'py, PyAny>>,
    encoder_frame_rate: Option<f64>,
    encoder_width: Option<i64>,
    encoder_height: Option<i64>,
    encoder_format: Option<String>,
    codec_config: Option<Config>,
    filter_desc: Option<String>,
    hw_accel: Option<String>,
    scale_filter: Option<String>,
    time_base: Option<Rational>,
}

impl<'py> VideoArguments<'py> {
    pub(crate) fn new(arguments: &Bound<'py, PyDict>) -> PyResult<Self> {
        let from = Arguments(arguments);
        Ok(Self {
            frame_rate: from.get("frame_rate", "a float")?,
            width: from.get("width", "an int")?,
            height: from.get("height", "an int")?,
            format: from.get("format", "a str")?,
            encoder: from.get("encoder", "a str or None")?,
            encoder_option: from.any("encoder_option")?,
            encoder_frame_rate: from.get("encoder_frame_rate", "a float or None")?,
            encoder_width: from.get("encoder_width", "an int or None")?,
            encoder_height: from.get("encoder_height", "an int or None")?,
            encoder_format: from.get("encoder_format", "a str or None")?,
            codec_config: from.config()?,
            filter_desc: from.get("filter_desc", "a str or None")?,
            hw_accel: from.get("hw_accel", "a str or None")?,
            scale_filter: from.get("scale_filter", "a str or None")?,
            time_base: from.any("time_base")?.as_ref().map(time_base).transpose()?,
        })
    }

    pub(crate) fn stream(&self, py: Python<'_>) -> PyResult<VideoStream> {
        let format: PixelFormat = self.format.parse().map_err(|_| {
            let message = format!(
                "Unsupported pixel format ({}) was provided. Valid values are {}.",
                self.format,
                reelwright_list(VideoStream::CHUNK_FORMATS)
            );
            exception(py, ErrorKind::Argument, message)
        })?;
        let width = positive(py, "width", self.width)?;
        let height = positive(py, "height", self.height)?;
        let mut stream = VideoStream::new(self.frame_rate, width, height).format(format);
        if let Some(encoder) = &self.encoder {
            stream = stream.encoder(encoder);
        }
        for (name, value) in pairs("encoder_option", self.encoder_option.as_ref())? {
            stream = stream.encoder_option(name, value);
        }
        if let Some(rate) = self.encoder_frame_rate {
            stream = stream.encoder_frame_rate(rate);
        }
        if let Some(width) = self.encoder_width {
            stream = stream.encoder_width(positive(py, "Encoder width", width)?);
        }
        if let Some(height) = self.encoder_height {
            stream = stream.encoder_height(positive(py, "Encoder height", height)?);
        }
        if let Some(format) = &self.encoder_format {
            let (format, range) = parsed(py, PixelFormat::parse_with_range(format))?;
            stream = stream.encoder_format(format);
            if let Some(range) = range {
                stream = stream.encoder_color_range(range);
            }
        }
        if let Some(config) = &self.codec_config {
            stream = stream.codec_config(config.to_config(py)?);
        }
        if let Some(filters) = &self.filter_desc {
            stream = stream.filter_desc(filters);
        }
        if let Some(device) = &self.hw_accel {
            stream = stream.hw_accel(device);
        }
        if let Some(filter) = &self.scale_filter {
            stream = stream.scale_filter(parsed(py, filter.parse())?);
        }
        if let Some(unit) = self.time_base {
            stream = stream.time_base(unit);
        }
        Ok(stream)
    }
}

/// `CodecConfig` of this package or torio. Negative numbers mean "not set".
pub(crate) struct Config {
    bit_rate: i64,
    compression_level: i32,
    qscale: Option<f32>,
    gop_size: i64,
    max_b_frames: i64,
}

impl Config {
    fn new(config: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            bit_rate: of_config(config, "bit_rate", "an int")?,
            compression_level: of_config(config, "compression_level", "an int")?,
            qscale: of_config(config, "qscale", "a float or None")?,
            gop_size: of_config(config, "gop_size", "an int")?,
            max_b_frames: of_config(config, "max_b_frames", "an int")?,
        })
    }

    fn to_config(&self, py: Python<'_>) -> PyResult<CodecConfig> {
        let count = |name: &str, value: i64| match value {
            -1 => Ok(None),
            _ => at_least(py, name, "at least 0, or -1 for not set", value.saturating_add(1))
                .map(|count| Some(count - 1))
                .map_err(|_| {
                    let message = format!(
                        "{name} of codec_config must be at least 0, or -1 if it is not set. \
                         Found: {value}"
                    );
                    exception(py, ErrorKind::Argument, message)
                }),
        };
        let bit_rate = u64::try_from(self.bit_rate).ok().filter(|rate| *rate > 0);
        if bit_rate.is_none() && !matches!(self.bit_rate, -1 | 0) {
            let message = format!(
                "bit_rate of codec_config must be positive, or -1 if it is not set. Found: {}",
                self.bit_rate
            );
            return Err(exception(py, ErrorKind::Argument, message));
        }
        Ok(CodecConfig {
            bit_rate,
            compression_level: Some(self.compression_level).filter(|level| *level != -1),
            qscale: self.qscale,
            gop_size: count("gop_size", self.gop_size)?,
            max_b_frames: count("max_b_frames", self.max_b_frames)?,
        })
    }
}

/// Arguments of the methods in Python.
struct Arguments<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> Arguments<'_, 'py> {
    fn item(&self, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.0.as_any().get_item(name)
    }

    /// Returns an argument, which must be `expected`.
    fn get<T: FromPyObjectOwned<'py>>(&self, name: &str, expected: &str) -> PyResult<T> {
        let value = self.item(name)?;
        value.extract::<T>().map_err(|error| wrong(&value, name, expected, error.into()))
    }

    fn any(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(Some(self.item(name)?).filter(|value| !value.is_none()))
    }

    fn config(&self) -> PyResult<Option<Config>> {
        let Some(config) = self.any("codec_config")? else { return Ok(None) };
        if !config.hasattr("bit_rate")? {
            let error = PyTypeError::new_err(());
            return Err(wrong(&config, "codec_config", "a CodecConfig or None", error));
        }
        Config::new(&config).map(Some)
    }
}

/// Returns a field of `CodecConfig`, which must be `expected`.
fn of_config<'py, T: FromPyObjectOwned<'py>>(
    config: &Bound<'py, PyAny>,
    name: &str,
    expected: &str,
) -> PyResult<T> {
    let value = config.getattr(name)?;
    let name = format!("{name} of codec_config");
    value.extract::<T>().map_err(|error| wrong(&value, &name, expected, error.into()))
}

/// Returns the exception for an argument of a wrong type, or for a number that is out of range.
fn wrong(value: &Bound<'_, PyAny>, name: &str, expected: &str, error: PyErr) -> PyErr {
    let py = value.py();
    let found = value.repr().map_or_else(|_| "?".into(), |found| found.to_string());
    if error.is_instance_of::<PyOverflowError>(py) {
        let message = format!("{name} is out of range. Found: {found}");
        return exception(py, ErrorKind::Argument, message);
    }
    if !error.is_instance_of::<PyTypeError>(py) {
        return error;
    }
    PyTypeError::new_err(format!("{name} must be {expected}. Found: {found}"))
}

/// Returns the entries of metadata, which are str or bytes. Replaces invalid UTF-8, with a warning.
pub(crate) fn metadata(mapping: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    if let Ok(pairs) = pairs("metadata", Some(mapping)) {
        return Ok(pairs);
    }
    let wrong = || {
        let found = mapping.repr().map_or_else(|_| "?".into(), |found| found.to_string());
        PyTypeError::new_err(format!(
            "metadata must be a dict of str to str. Found: {found}. Pass keys and values as str."
        ))
    };
    let items = mapping.cast::<PyMapping>().map_err(|_| wrong())?.items()?;
    let text = |value: &Bound<'_, PyAny>| -> PyResult<String> {
        if let Ok(text) = value.extract() {
            return Ok(text);
        }
        let bytes = if value.is_instance_of::<PyString>() {
            // Bytes that were not UTF-8 when they were converted to str, such as those of file
            // names.
            let encoded = value.call_method1("encode", ("utf-8", "surrogateescape"));
            encoded.or_else(|_| value.call_method1("encode", ("utf-8", "replace")))?
        } else {
            value.clone()
        };
        let bytes: Vec<u8> = bytes.extract().map_err(|_| wrong())?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                log::warn!("Metadata must be UTF-8. Invalid bytes are replaced: {text:?}");
                text
            }
        })
    };
    items
        .iter()
        .map(|item| {
            let (key, value) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            Ok((text(&key)?, text(&value)?))
        })
        .collect()
}

/// Returns the entries of a mapping of str to str.
pub(crate) fn pairs(
    what: &str,
    mapping: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<(String, String)>> {
    let Some(mapping) = mapping else { return Ok(Vec::new()) };
    let wrong = |_: PyErr| {
        let found = mapping.repr().map_or_else(|_| "?".into(), |found| found.to_string());
        PyTypeError::new_err(format!(
            "{what} must be a dict of str to str. Found: {found}. Pass keys and values as str."
        ))
    };
    let items = mapping.cast::<PyMapping>().map_err(|error| wrong(error.into()))?.items()?;
    items.iter().map(|item| item.extract().map_err(wrong)).collect()
}

/// Converts a time base: a `Fraction`, a tuple or a str.
fn time_base(value: &Bound<'_, PyAny>) -> PyResult<Rational> {
    const EXPECTED: &str = "a Fraction, a tuple of two ints, or a str such as \"1/90000\"";
    let found = || value.repr().map_or_else(|_| "?".into(), |found| found.to_string());
    let fraction = || {
        let term = |name: &str| value.getattr(name)?.extract::<i64>();
        PyResult::Ok((term("numerator")?, term("denominator")?))
    };
    let terms = if let Ok(text) = value.extract::<String>() {
        let (num, den) = text.split_once('/').unwrap_or((&text, "1"));
        num.trim().parse().ok().zip(den.trim().parse().ok())
    } else {
        let terms = value.extract::<(i64, i64)>().or_else(|_| fraction());
        Some(terms.map_err(|error| match error.is_instance_of::<PyOverflowError>(value.py()) {
            true => wrong(value, "time_base", EXPECTED, error),
            false => {
                PyTypeError::new_err(format!("time_base must be {EXPECTED}. Found: {}", found()))
            }
        })?)
    };
    terms.and_then(|(num, den)| Rational::new(num, den).ok()).ok_or_else(|| {
        let message = format!(
            "time_base must be a positive fraction of a second, such as \"1/90000\". Found: {}",
            found()
        );
        exception(value.py(), ErrorKind::Argument, message)
    })
}

/// Converts a mapping to options.
pub(crate) fn options(mapping: Option<&Bound<'_, PyAny>>) -> PyResult<Options> {
    let mut options = Options::new();
    for (name, value) in pairs("option", mapping)? {
        options.set(name, value);
    }
    Ok(options)
}

fn parsed<T>(py: Python<'_>, result: Result<T>) -> PyResult<T> {
    result.map_err(|error| to_python(py, error))
}

fn positive(py: Python<'_>, what: &str, value: i64) -> PyResult<u32> {
    at_least(py, what, "positive", value)
}

fn at_least(py: Python<'_>, what: &str, must: &str, value: i64) -> PyResult<u32> {
    let message = match value {
        ..=0 => format!("{what} must be {must}. Found: {value}"),
        _ => match u32::try_from(value) {
            Ok(value) => return Ok(value),
            Err(_) => format!("{what} must be at most {}. Found: {value}", u32::MAX),
        },
    };
    Err(exception(py, ErrorKind::Argument, message))
}

fn reelwright_list<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// Converts the arguments of `add_subtitle_stream`.
pub(crate) fn subtitles(
    codec: Option<String>,
    language: Option<String>,
    header: Option<String>,
) -> SubtitleStream {
    let mut stream = SubtitleStream::new();
    if let Some(codec) = codec {
        stream = stream.codec(codec);
    }
    if let Some(language) = language {
        stream = stream.language(language);
    }
    match header {
        Some(header) => stream.header(header),
        None => stream,
    }
}
