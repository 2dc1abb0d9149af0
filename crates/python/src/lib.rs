//! Compiled module of the Python package: code that must be fast, or that accesses memory of other
//! libraries. The public classes and functions, with their documentation, are Python code in
//! `python/reelwright`.

mod chunk;
mod destination;
mod encoder;
mod errors;
mod listing;
mod packets;
mod process;
mod signals;
mod streams;
mod warnings;

use pyo3::prelude::*;

/// Module that `reelwright` imports as `_reelwright`.
#[pymodule]
mod _reelwright {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::encoder::Encoder;
    #[pymodule_export]
    use crate::listing::{
        audio_encoders, describe, find_format, inspect, muxers, output_devices, output_protocols,
        quantize, video_encoders,
    };
    #[pymodule_export]
    use crate::warnings::{get_log_level, set_log_level};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::process::install(module.py())?;
        crate::warnings::install();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
