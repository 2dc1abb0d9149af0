//! Sample conversion, compared with a copy.

use std::time::Instant;

use reelwright::{ChannelLayout, DataType, SampleFormat, TensorView, TypedBuffer};
use reelwright_convert::AudioConverter;

use super::measure::{RUNS, median};
use super::music::{CHUNK, Music};
use super::results::{Comparison, Results};

/// Measures the conversion of chunks that stay in the cache, and a copy of as many bytes.
pub(super) fn run(music: &Music, results: &mut Results) -> anyhow::Result<()> {
    const CHUNKS: usize = 20_000;
    let samples = &music.samples[..music.channels * CHUNK];
    let floats: Vec<f32> = samples.iter().map(|x| f32::from(*x) / 32768.0).collect();
    let chunk = TensorView::contiguous(&floats, &[CHUNK, music.channels])?;
    let stereo = ChannelLayout::STEREO;
    let mut converter = AudioConverter::new(DataType::F32, stereo, SampleFormat::S16, stereo)?;
    let mut converted = TypedBuffer::zeroed(DataType::I16, floats.len());
    // 6 bytes per sample are read and written, as by a copy of 3 bytes.
    let bytes = vec![1u8; 3 * floats.len()];
    let mut copied = vec![0u8; bytes.len()];
    let (mut convert, mut copy) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..CHUNKS {
            converter.convert(std::hint::black_box(&chunk), 0..CHUNK, &mut converted, CHUNK, 0);
            std::hint::black_box(&converted);
        }
        convert.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for _ in 0..CHUNKS {
            copied.copy_from_slice(std::hint::black_box(&bytes));
            std::hint::black_box(&copied);
        }
        copy.push(start.elapsed().as_secs_f64());
    }
    let gigabytes = (CHUNKS * floats.len() * 6) as f64 / 1e9;
    let (convert, copy) = (gigabytes / median(convert), gigabytes / median(copy));
    println!("flt to s16: {convert:.1} GB/s; memcpy: {copy:.1} GB/s; ratio {:.2}", convert / copy);
    let name = "conversion of float to s16";
    results.add(Comparison::new("conversion", name, "memcpy", "GB/s", [convert, copy]));
    Ok(())
}
