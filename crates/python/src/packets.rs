//! Conversion of packets and their parameters between Python and the library.

use std::str::FromStr;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use reelwright::h264::{append_byte_stream, nal_units};
use reelwright::{
    AudioFormat, AudioParameters, ChannelLayout, CodecId, CodecRecord, ColorInfo, Error, ErrorKind,
    MediaKind, MediaParameters, Packet, PixelFormat, Rational, Result, SampleFormat,
    StreamParameters, TimeBase, Timestamp, VideoFormat, VideoParameters,
};

use crate::errors::{exception, to_python};

/// Arguments of `add_packet_stream`, by name.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct PacketArguments {
    codec: String,
    time_base: (i64, i64),
    extradata: PyBackedBytes,
    sample_rate: Option<u32>,
    num_channels: Option<usize>,
    channel_layout: Option<String>,
    bits_per_raw_sample: Option<u32>,
    width: Option<u32>,
    height: Option<u32>,
    format: Option<String>,
    frame_rate: Option<(i64, i64)>,
    sample_aspect_ratio: Option<(i64, i64)>,
    color_primaries: Option<String>,
    color_trc: Option<String>,
    colorspace: Option<String>,
    color_range: Option<String>,
    chroma_sample_location: Option<String>,
    frame_size: Option<usize>,
    bit_rate: Option<u64>,
    language: Option<String>,
}

impl PacketArguments {
    pub(crate) fn parameters(self, py: Python<'_>) -> PyResult<StreamParameters> {
        let missing = |what: &str| {
            let message = format!("A stream of {} packets requires {what}.", self.codec);
            exception(py, ErrorKind::Argument, message)
        };
        let find = |codec: &&CodecId| codec.name() == self.codec;
        let Some(codec) = CodecId::ALL.iter().find(find).copied() else {
            let all: Vec<_> = CodecId::ALL.iter().map(|codec| codec.name()).collect();
            let message =
                format!("Unknown codec: {}. Available codecs are {}.", self.codec, all.join(", "));
            return Err(exception(py, ErrorKind::UnknownName, message));
        };
        let media = if codec.kind() == MediaKind::Video {
            let (Some(width), Some(height)) = (self.width, self.height) else {
                return Err(missing("width and height"));
            };
            let format = self.format.as_deref().map(str::parse::<PixelFormat>).transpose();
            let format = of(py, format)?.unwrap_or(PixelFormat::Yuv420p);
            let mut format = VideoFormat::new(format, width, height, self.color(py)?);
            if let Some(ratio) = self.sample_aspect_ratio {
                format =
                    format.with_sample_aspect_ratio(positive(py, "sample_aspect_ratio", ratio)?);
            }
            let rate = self.frame_rate.map(|rate| positive(py, "frame_rate", rate)).transpose()?;
            MediaParameters::Video(VideoParameters::new(format).frame_rate(rate))
        } else if codec.kind() == MediaKind::Subtitle {
            MediaParameters::Subtitle
        } else {
            let (Some(rate), Some(channels)) = (self.sample_rate, self.num_channels) else {
                return Err(missing("sample_rate and num_channels"));
            };
            let layout = match &self.channel_layout {
                Some(name) => of(py, name.parse::<ChannelLayout>())?,
                None => of(py, ChannelLayout::default_for(channels))?,
            };
            if layout.channels() != channels {
                return Err(missing("num_channels and channel_layout of the same channels"));
            }
            let bits = self
                .bits_per_raw_sample
                .or_else(|| codec.bytes_per_sample().map(|bytes| 8 * bytes as u32));
            let sample_format = match (&self.format, bits) {
                (Some(name), _) => of(py, name.parse::<SampleFormat>())?,
                (None, Some(0..=8)) => SampleFormat::U8,
                (None, Some(9..=16)) => SampleFormat::S16,
                (None, Some(17..)) => SampleFormat::S32,
                (None, None) => SampleFormat::Flt,
            };
            let mut audio = AudioParameters::new(AudioFormat::new(sample_format, rate, layout));
            audio = audio.frame_size(self.frame_size);
            if let Some(bits) = bits {
                audio = audio.bits_per_sample(bits);
            }
            MediaParameters::Audio(audio)
        };
        let record = of(py, CodecRecord::from_extradata(codec, &self.extradata))?;
        let time_base = TimeBase::new(positive(py, "time_base", self.time_base)?);
        let parameters = StreamParameters::new(codec, time_base, media).record(record);
        Ok(parameters.bit_rate(self.bit_rate).language(self.language))
    }

    fn color(&self, py: Python<'_>) -> PyResult<ColorInfo> {
        let mut color = ColorInfo::default();
        set(py, &mut color.primaries, self.color_primaries.as_ref())?;
        set(py, &mut color.transfer, self.color_trc.as_ref())?;
        set(py, &mut color.matrix, self.colorspace.as_ref())?;
        set(py, &mut color.range, self.color_range.as_ref())?;
        set(py, &mut color.chroma_location, self.chroma_sample_location.as_ref())?;
        Ok(color)
    }
}

fn set<T: FromStr<Err = Error>>(py: Python<'_>, to: &mut T, name: Option<&String>) -> PyResult<()> {
    if let Some(name) = name {
        *to = of(py, name.parse())?;
    }
    Ok(())
}

fn of<T>(py: Python<'_>, result: Result<T>) -> PyResult<T> {
    result.map_err(|error| to_python(py, error))
}

fn positive(py: Python<'_>, name: &str, (num, den): (i64, i64)) -> PyResult<Rational> {
    match Rational::new(num, den) {
        Ok(ratio) if ratio.num() > 0 => Ok(ratio),
        _ => {
            let message = format!("{name} must be a positive fraction. Found: {num}/{den}");
            Err(exception(py, ErrorKind::Argument, message))
        }
    }
}

/// Converts the arguments of `write_packet`. Converts an H.264 byte stream to length-prefixed NAL
/// units.
pub(crate) fn packet(
    stream: Option<&StreamParameters>,
    data: &[u8],
    (pts, dts, duration): (i64, i64, i64),
    keyframe: Option<bool>,
    (trim_start, trim_end): (u32, u32),
) -> Result<Packet> {
    let mut packet = Packet {
        pts: Timestamp(pts),
        dts: Timestamp(dts),
        duration,
        keyframe: keyframe.unwrap_or(true),
        trim_start,
        trim_end,
        ..Packet::default()
    };
    let config = stream.and_then(|stream| match &stream.record {
        CodecRecord::H264(config) => Some(config),
        _ => None,
    });
    match config {
        Some(config) if is_byte_stream(data) => {
            let is_keyframe = config.append_packet(data, &mut packet.data)?;
            packet.keyframe = keyframe.unwrap_or(is_keyframe);
        }
        _ => packet.data.extend_from_slice(data),
    }
    Ok(packet)
}

fn is_byte_stream(data: &[u8]) -> bool {
    let has_start_code = data.starts_with(&[0, 0, 1]) || data.starts_with(&[0, 0, 0, 1]);
    has_start_code && nal_units(data).any(|unit| unit.is_err())
}

/// Returns the fields of a packet, with the data last.
pub(crate) fn fields<'py>(py: Python<'py>, packet: &Packet) -> PyResult<Bound<'py, PyTuple>> {
    (
        packet.stream,
        packet.pts.0,
        packet.dts.0,
        packet.duration,
        packet.keyframe,
        (packet.trim_start, packet.trim_end),
        PyBytes::new(py, &packet.data),
    )
        .into_pyobject(py)
}

/// Returns the arguments of `add_packet_stream` for each stream.
pub(crate) fn streams<'py>(
    py: Python<'py>,
    streams: &[StreamParameters],
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for stream in streams {
        let entry = PyDict::new(py);
        let unit = stream.time_base.seconds();
        entry.set_item("codec", stream.codec.name())?;
        entry.set_item("time_base", (unit.num(), unit.den()))?;
        entry.set_item("extradata", PyBytes::new(py, &of(py, stream.record.to_extradata())?))?;
        entry.set_item("bit_rate", stream.bit_rate)?;
        match &stream.media {
            MediaParameters::Audio(audio) => {
                entry.set_item("format", audio.format.sample_format.to_string())?;
                entry.set_item("frame_size", audio.frame_size)?;
                entry.set_item("sample_rate", audio.format.sample_rate)?;
                entry.set_item("num_channels", audio.format.layout.channels())?;
                entry.set_item("channel_layout", audio.format.layout.to_string())?;
                entry.set_item("bits_per_raw_sample", audio.bits_per_sample)?;
            }
            MediaParameters::Video(video) => {
                entry.set_item("width", video.format.width)?;
                entry.set_item("height", video.format.height)?;
                entry.set_item("format", video.format.pixel_format.to_string())?;
                let rate = video.frame_rate.map(|rate| (rate.num(), rate.den()));
                entry.set_item("frame_rate", rate)?;
                let ratio = video.format.sample_aspect_ratio;
                entry.set_item("sample_aspect_ratio", (ratio.num(), ratio.den()))?;
                let color = video.format.color;
                entry.set_item("color_primaries", color.primaries.to_string())?;
                entry.set_item("color_trc", color.transfer.to_string())?;
                entry.set_item("colorspace", color.matrix.to_string())?;
                entry.set_item("color_range", color.range.to_string())?;
                entry.set_item("chroma_sample_location", color.chroma_location.to_string())?;
            }
            _ => {}
        }
        list.append(entry)?;
    }
    Ok(list)
}

/// Converts an H.264 packet to a byte stream.
pub(crate) fn byte_stream(
    stream: &StreamParameters,
    data: &[u8],
    keyframe: bool,
) -> Result<Vec<u8>> {
    let CodecRecord::H264(config) = &stream.record else {
        return Err(Error::unsupported(format!(
            "The codec must be h264 to add start codes. Found: {}",
            stream.codec
        )));
    };
    let packet = Packet { data: data.to_vec(), keyframe, ..Packet::default() };
    let mut bytes = Vec::new();
    append_byte_stream(config, &packet, &mut bytes).map(|()| bytes)
}
