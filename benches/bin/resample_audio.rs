//! Resamples raw stereo samples (`f32`, little-endian), for speed comparisons with other programs:
//!
//!     resample_audio IN OUT FROM TO QUALITY
//!
//! `-` for OUT drops the result.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};

use reelwright_convert::Resampler;
use reelwright_core::{DataType, Element, TypedSlice};

/// Number of bytes that are read at once: 4096 audio frames.
const BLOCK: usize = 4096 * 8;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, from, to, quality] = &arguments[..] else {
        return Err("usage: resample_audio IN OUT FROM TO QUALITY".into());
    };
    let mut resampler = Resampler::new(from.parse()?, to.parse()?, 2, quality.parse()?)?;
    let mut input = File::open(input)?;
    let mut output: Box<dyn Write> = match output.as_str() {
        "-" => Box::new(io::sink()),
        path => Box::new(File::create(path)?),
    };
    let mut bytes = Vec::with_capacity(BLOCK);
    let mut encoded = Vec::new();
    loop {
        bytes.clear();
        (&mut input).take(BLOCK as u64).read_to_end(&mut bytes)?;
        let samples = bytes.as_chunks().0.iter().map(|sample| f32::from_le_bytes(*sample));
        match resampler.data_type() {
            DataType::F64 => {
                resampler.push(TypedSlice::F64(&samples.map(f64::from).collect::<Vec<_>>()));
            }
            _ => resampler.push(TypedSlice::F32(&samples.collect::<Vec<_>>())),
        }
        if bytes.is_empty() {
            resampler.finish();
        }
        encoded.clear();
        let ready = resampler.ready();
        if let Some(ready) = f32::of(ready) {
            encoded.extend(ready.iter().flat_map(|sample| sample.to_le_bytes()));
        } else if let Some(ready) = f64::of(ready) {
            encoded.extend(ready.iter().flat_map(|sample| (*sample as f32).to_le_bytes()));
        }
        output.write_all(&encoded)?;
        resampler.consume(usize::MAX);
        if bytes.is_empty() {
            return Ok(());
        }
    }
}
