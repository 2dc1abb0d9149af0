//! What is compiled in, and what an array is.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use reelwright::{EncoderInfo, OptionInfo, SampleFormat};

use crate::chunk::{Refusal, with_memory};

type Named = Vec<(&'static str, &'static str)>;

#[pyfunction]
pub(crate) fn muxers() -> Named {
    reelwright::muxers().map(|muxer| (muxer.name, muxer.long_name)).collect()
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
    reelwright::output_protocols().collect()
}

/// The options of an `"encoder"` or a `"muxer"`: each with what it does and what is allowed.
#[pyfunction]
pub(crate) fn describe(kind: &str, name: &str) -> PyResult<Vec<(&'static str, String)>> {
    let mut options: Vec<&OptionInfo> = Vec::new();
    let found = if kind == "muxer" {
        let muxer = reelwright::muxers().find(|muxer| muxer.name == name);
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

/// The sample format and the shape of an array.
#[pyfunction]
pub(crate) fn inspect<'py>(
    array: &Bound<'py, PyAny>,
) -> PyResult<(&'static str, Bound<'py, PyTuple>)> {
    let py = array.py();
    let found = with_memory(array, |memory| {
        let format = SampleFormat::packed(memory.data_type()).name();
        Ok((format, PyTuple::new(py, memory.shape())?))
    });
    found.map_err(|refusal| match refusal {
        Refusal::Raised(error) => error,
        Refusal::Type(found) => crate::errors::exception(
            py,
            reelwright::ErrorKind::Chunk,
            format!(
                "Expected Byte, Short, Int, Long, Float or Double type. Found: {found}. Convert \
                 the array first, with array.to(dtype) of torch or array.astype(dtype) of numpy."
            ),
        ),
    })
}
