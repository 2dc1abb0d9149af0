//! What is compiled in, and what an array is.

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

/// The containers, and what stands for several.
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

/// The options of an `"encoder"` or a `"muxer"`: each with what it does and what is allowed.
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
        return Err(PyValueError::new_err(format!("There is no {kind} {name}.")));
    }
    Ok(options
        .into_iter()
        .map(|option| (option.name, format!("{} ({})", option.help, option.kind)))
        .collect())
}

/// The format of a name that people use: a format's own, in any case, or a file's extension. With
/// it comes the codec of pictures in files of that extension.
#[pyfunction]
pub(crate) fn find_format(name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let lower = name.to_ascii_lowercase();
    let by_name = |name: &str| reelwright::muxers().find(|muxer| muxer.name == name);
    let by_extension =
        || reelwright::muxers().find(|muxer| muxer.extensions.contains(&lower.as_str()));
    let muxer = by_name(name).or_else(|| by_name(&lower)).or_else(by_extension)?;
    let picture = muxer.image_codecs.iter().find(|(extension, _)| *extension == lower);
    Some((muxer.name, picture.map(|(_, codec)| codec.name())))
}

/// Some rows of an array of floats as uint8: `low` becomes 0, and `high` 255.
#[pyfunction]
pub(crate) fn quantize<'py>(
    array: &Bound<'py, PyAny>,
    rows: (usize, usize),
    low: f64,
    high: f64,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = array.py();
    let refused = |message: &str| exception(py, ErrorKind::Chunk, message);
    let mut bytes = Vec::new();
    let mut of = |chunk: &mut Chunk<'_>| {
        let quantize = |memory: &ForeignArray| {
            if memory.data_type().is_integer() {
                return Err(refused("value_range is for frames of floats.").into());
            }
            let scale = 255.0 / (high - low);
            let each = |value: f64| {
                if value.is_nan() {
                    return Err(refused("NaN has no brightness. Found in the frames.").into());
                }
                bytes.push(((value - low) * scale).round().clamp(0.0, 255.0) as u8);
                Ok(())
            };
            // SAFETY: the memory is lent for as long as this runs, and its owner said what is in it.
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

/// The sample format and the shape of an array.
#[pyfunction]
pub(crate) fn inspect<'py>(
    array: &Bound<'py, PyAny>,
) -> PyResult<(&'static str, Bound<'py, PyTuple>)> {
    let py = array.py();
    let found = Chunk::new(array).and_then(|mut chunk| {
        let describe = |memory: &ForeignArray| {
            // Of frames alone.
            let format = match memory.data_type() {
                DataType::U16 => "u16",
                data_type => SampleFormat::packed(data_type).name(),
            };
            Ok((format, PyTuple::new(py, memory.shape())?))
        };
        chunk.lend(describe, |_| false)
    });
    match found {
        // As it is converted.
        Err(Refusal::Type(found)) if is_half(&found) => {
            let shape: Vec<usize> = array.getattr("shape")?.extract()?;
            Ok((SampleFormat::Flt.name(), PyTuple::new(py, shape)?))
        }
        found => found.map_err(|refusal| refusal.raised(py)),
    }
}
