//! Lists of the compiled formats and encoders, and inspection of arrays.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use reelwright::{DataType, EncoderInfo, ErrorKind, MuxerInfo, OptionInfo, SampleFormat, TEE};
use reelwright_foreign_array::ForeignArray;

use crate::chunk::{Chunk, Refusal, is_half};
use crate::errors::exception;

type Named = Vec<(&'static str, &'static str)>;

#[pyfunction]
pub(crate) fn muxers() -> Named {
    all_muxers().map(|muxer| (muxer.name, muxer.long_name)).collect()
}

/// Iterates over the containers and the aliases of several.
fn all_muxers() -> impl Iterator<Item = &'static MuxerInfo> {
    reelwright::muxers().chain([&TEE])
}

fn encoders() -> impl Iterator<Item = EncoderInfo> {
    let audio = reelwright::audio_encoders().map(|info| info.encoder);
    audio.chain(reelwright::video_encoders().map(|info| info.encoder))
}

#[pyfunction]
pub(crate) fn audio_encoders() -> Named {
    reelwright::audio_encoders().map(|info| (info.encoder.name, info.encoder.long_name)).collect()
}

#[pyfunction]
pub(crate) fn video_encoders() -> Named {
    reelwright::video_encoders().map(|info| (info.encoder.name, info.encoder.long_name)).collect()
}

#[pyfunction]
pub(crate) fn output_devices() -> Named {
    reelwright::output_devices().collect()
}

#[pyfunction]
pub(crate) fn output_protocols() -> Named {
    reelwright::output_protocols().map(|info| (info.name(), info.long_name)).collect()
}

/// Returns the options of an `"encoder"` or a `"muxer"`: name, and description with allowed values.
#[pyfunction]
pub(crate) fn describe(kind: &str, name: &str) -> PyResult<Vec<(&'static str, String)>> {
    let mut options: Vec<&OptionInfo> = Vec::new();
    let found = if kind == "muxer" {
        let muxer = all_muxers().find(|muxer| muxer.name == name);
        options.extend(muxer.iter().flat_map(|muxer| muxer.options));
        options.extend(reelwright::OPEN_OPTIONS);
        muxer.is_some()
    } else {
        let is_it = |info: &EncoderInfo| info.name == name || info.aliases.contains(&name);
        let encoder = encoders().find(|info| info.name == name).or_else(|| encoders().find(is_it));
        let is_it = |info: &EncoderInfo| encoder.is_some_and(|found| found.name == info.name);
        if let Some(audio) = reelwright::audio_encoders().find(|info| is_it(&info.encoder)) {
            options.extend(reelwright::audio_encoder_options(audio));
        } else if let Some(video) = reelwright::video_encoders().find(|info| is_it(&info.encoder)) {
            options.extend(reelwright::video_encoder_options(video));
        }
        encoder.is_some()
    };
    if !found {
        let list = if kind == "muxer" {
            "get_muxers()"
        } else {
            "get_audio_encoders() and get_video_encoders()"
        };
        let message = format!("Unknown {kind}: {name}. Available names: see {list}.");
        return Err(PyValueError::new_err(message));
    }
    Ok(options
        .into_iter()
        .map(|option| (option.name, format!("{} ({})", option.help, option.kind)))
        .collect())
}

/// Finds a format by its case-insensitive name or by a file extension. Also returns the codec for
/// extensions of image files.
#[pyfunction]
pub(crate) fn find_format(name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let lower = name.to_ascii_lowercase();
    let by_name = |name: &str| reelwright::muxers().find(|muxer| muxer.name == name);
    let by_extension =
        || reelwright::muxers().find(|muxer| muxer.extensions.contains(&lower.as_str()));
    let muxer = by_name(name).or_else(|| by_name(&lower)).or_else(by_extension)?;
    let image = muxer.image_codecs.iter().find(|(extension, _)| *extension == lower);
    Some((muxer.name, image.map(|(_, codec)| codec.name())))
}

/// Converts rows of an array of floats to uint8: `low` becomes 0, and `high` 255.
#[pyfunction]
pub(crate) fn quantize<'py>(
    array: &Bound<'py, PyAny>,
    rows: (usize, usize),
    low: f64,
    high: f64,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = array.py();
    let rejected = |message: &str| exception(py, ErrorKind::Chunk, message);
    let mut bytes = Vec::new();
    let mut of = |chunk: &mut Chunk<'_>| {
        let quantize = |memory: &ForeignArray| {
            if memory.data_type().is_integer() {
                return Err(rejected(
                    "value_range must be None for frames of integers. Pass it only for floats.",
                )
                .into());
            }
            let scale = 255.0 / (high - low);
            let each = |value: f64| {
                if value.is_nan() {
                    return Err(
                        rejected("The frames must not contain NaN. Found at least one.").into()
                    );
                }
                bytes.push(((value - low) * scale).round().clamp(0.0, 255.0) as u8);
                Ok(())
            };
            // SAFETY: the owner keeps the memory alive during this call, and described its
            // contents.
            unsafe { memory.for_each_float(rows.0..rows.1, each) }
        };
        chunk.lend(quantize, |()| false)
    };
    let mut chunk = Chunk::new(array).map_err(|refusal| refusal.raised(py))?;
    let done = match of(&mut chunk) {
        Err(Refusal::Type(found)) if is_half(&found) => match chunk.converted(DataType::F32)? {
            Some(mut converted) => of(&mut converted),
            None => Err(Refusal::Type(found)),
        },
        other => other,
    };
    done.map_err(|refusal| refusal.raised(py))?;
    Ok(PyBytes::new(py, &bytes))
}

/// Returns the sample format and the shape of an array.
#[pyfunction]
pub(crate) fn inspect<'py>(
    array: &Bound<'py, PyAny>,
) -> PyResult<(&'static str, Bound<'py, PyTuple>)> {
    let py = array.py();
    let found = Chunk::new(array).and_then(|mut chunk| {
        let describe = |memory: &ForeignArray| {
            // Only for video frames.
            let format = match memory.data_type() {
                DataType::U16 => "u16",
                data_type => SampleFormat::packed(data_type).name(),
            };
            Ok((format, PyTuple::new(py, memory.shape())?))
        };
        chunk.lend(describe, |_| false)
    });
    match found {
        // The array will be converted to this type.
        Err(Refusal::Type(found)) if is_half(&found) => {
            let shape: Vec<usize> = array.getattr("shape")?.extract()?;
            Ok((SampleFormat::Flt.name(), PyTuple::new(py, shape)?))
        }
        found => found.map_err(|refusal| refusal.raised(py)),
    }
}
