//! Speed of encoding stereo chunks at 48 kHz to a file in memory through the facade.
#![allow(missing_docs)] // criterion's macros make public items

use std::io::sink;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reelwright::{AudioStream, Element, SampleFormat, StreamingMediaEncoder, Target, TensorView};
use reelwright_testkit::signal::{music_f32, music_i16};

const RATE: u32 = 48_000;
const SECONDS: usize = 5;

fn encode<T: Element>(samples: &[T], chunk: usize, format: &str, stream: &AudioStream) {
    let mut encoder = StreamingMediaEncoder::new(Target::writer(sink()), Some(format)).unwrap();
    let stream = stream.clone().format(SampleFormat::packed(T::DATA_TYPE));
    encoder.add_audio_stream(&stream).unwrap();
    encoder.open().unwrap();
    for chunk in samples.chunks(2 * chunk) {
        let chunk = TensorView::contiguous(chunk, &[chunk.len() / 2, 2]).unwrap();
        encoder.write_audio_chunk(0, &chunk, None).unwrap();
    }
    encoder.close().unwrap();
}

fn audio(c: &mut Criterion) {
    let frames = SECONDS * RATE as usize;
    let (floats, ints) = (music_f32(frames, 2), music_i16(frames, 2));
    let stream = AudioStream::new(RATE, 2);
    let mut group = c.benchmark_group("audio");
    group.throughput(Throughput::Elements(2 * frames as u64));
    group.measurement_time(Duration::from_secs(3));
    for chunk in [16, 4800] {
        group.bench_function(BenchmarkId::new("float to wav s16, chunk", chunk), |b| {
            b.iter(|| encode(&floats, chunk, "wav", &stream));
        });
    }
    for level in [0, 5, 8] {
        let stream = stream.clone().encoder_option("compression_level", level.to_string());
        group.bench_function(BenchmarkId::new("s16 to flac, level", level), |b| {
            b.iter(|| encode(&ints, 4800, "flac", &stream));
        });
    }
    group.finish();
}

criterion_group!(benches, audio);
criterion_main!(benches);
