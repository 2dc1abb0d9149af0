//! Speed of sample rate conversion. Throughput counts input frames.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reelwright_convert::{ResampleQuality, Resampler};
use reelwright_core::{DataType, TypedSlice};

/// Number of input frames: 0.1 s at 48 kHz.
const FRAMES: usize = 4800;

fn resample(c: &mut Criterion) {
    for channels in [1, 2, 6] {
        let doubles: Vec<f64> = (0..FRAMES * channels).map(|i| (i as f64 * 0.1).sin()).collect();
        let floats: Vec<f32> = doubles.iter().map(|sample| *sample as f32).collect();
        for (from, to) in [
            (48_000, 44_100),
            (44_100, 48_000),
            (48_000, 16_000),
            (16_000, 48_000),
            (192_000, 44_100),
            (44_101, 48_000),
        ] {
            let mut group = c.benchmark_group(format!("{from} to {to}, {channels} channels"));
            group.throughput(Throughput::Elements(10 * FRAMES as u64));
            for quality in ResampleQuality::ALL {
                let mut resampler = Resampler::new(from, to, channels, *quality).unwrap();
                group.bench_function(BenchmarkId::from_parameter(quality), |b| {
                    b.iter(|| {
                        for _ in 0..10 {
                            resampler.push(match quality.data_type() {
                                DataType::F64 => TypedSlice::F64(black_box(&doubles)),
                                _ => TypedSlice::F32(black_box(&floats)),
                            });
                            black_box(resampler.ready());
                            resampler.consume(usize::MAX);
                        }
                    });
                });
            }
            group.finish();
        }
    }
}

fn tables(c: &mut Criterion) {
    let mut group = c.benchmark_group("new");
    for (from, to) in [(48_000, 44_100), (44_101, 48_000), (11_025, 192_000)] {
        for quality in ResampleQuality::ALL {
            group.bench_function(BenchmarkId::new(format!("{from} to {to}"), quality), |b| {
                b.iter(|| Resampler::new(black_box(from), to, 2, *quality));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, resample, tables);
criterion_main!(benches);
