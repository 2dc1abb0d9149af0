//! Speed of sample conversions, compared with a copy.
//!
//! Throughput counts bytes that are read and written, for copies too.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reelwright_convert::{AudioConverter, outliers};
use reelwright_core::{ChannelLayout, DataType, SampleFormat, TensorView, TypedBuffer};

/// Number of audio frames in 100 ms at 48 kHz, and one that exceeds all caches.
const FRAMES: [usize; 2] = [4800, 8 << 20];

fn copy(c: &mut Criterion) {
    let mut group = c.benchmark_group("copy");
    for bytes in [4800 * 6, FRAMES[1] * 6] {
        let from = vec![1u8; bytes];
        let mut to = vec![0u8; bytes];
        group.throughput(Throughput::Bytes(2 * bytes as u64));
        group.bench_function(BenchmarkId::from_parameter(bytes), |b| {
            b.iter(|| {
                to.copy_from_slice(black_box(&from));
                black_box(&mut to);
            });
        });
    }
    group.finish();
}

fn convert(c: &mut Criterion) {
    use DataType as T;
    use SampleFormat as F;
    for (name, from, planar, channels, to, output) in [
        ("flt to s16", T::F32, false, "stereo", F::S16, "stereo"),
        ("flt to s32", T::F32, false, "stereo", F::S32, "stereo"),
        ("flt to u8", T::F32, false, "stereo", F::U8, "stereo"),
        ("flt to dbl", T::F32, false, "stereo", F::Dbl, "stereo"),
        ("dbl to s16", T::F64, false, "stereo", F::S16, "stereo"),
        ("dbl to s32", T::F64, false, "stereo", F::S32, "stereo"),
        ("dbl to flt", T::F64, false, "stereo", F::Flt, "stereo"),
        ("s16 to flt", T::I16, false, "stereo", F::Flt, "stereo"),
        ("s16 to s32", T::I16, false, "stereo", F::S32, "stereo"),
        ("s32 to s16", T::I32, false, "stereo", F::S16, "stereo"),
        ("s32 to flt", T::I32, false, "stereo", F::Flt, "stereo"),
        ("flt to flt", T::F32, false, "stereo", F::Flt, "stereo"),
        ("flt to s64", T::F32, false, "stereo", F::S64, "stereo"),
        ("s64 to flt", T::I64, false, "stereo", F::Flt, "stereo"),
        ("mono flt to s16", T::F32, false, "mono", F::S16, "mono"),
        ("flt to fltp", T::F32, false, "stereo", F::Fltp, "stereo"),
        ("flt to s16p", T::F32, false, "stereo", F::S16p, "stereo"),
        ("s16 to fltp", T::I16, false, "stereo", F::Fltp, "stereo"),
        ("s16 to s16p", T::I16, false, "stereo", F::S16p, "stereo"),
        ("fltp to flt", T::F32, true, "stereo", F::Flt, "stereo"),
        ("fltp to s16", T::F32, true, "stereo", F::S16, "stereo"),
        ("fltp to fltp", T::F32, true, "stereo", F::Fltp, "stereo"),
        ("5.1 flt to s16", T::F32, false, "5.1", F::S16, "5.1"),
        ("5.1 flt to fltp", T::F32, false, "5.1", F::Fltp, "5.1"),
        ("5.1 fltp to s16", T::F32, true, "5.1", F::S16, "5.1"),
        ("5.1 flt to stereo", T::F32, false, "5.1", F::Flt, "stereo"),
        ("stereo s16 to mono", T::I16, false, "stereo", F::S16, "mono"),
        ("stereo flt to mono", T::F32, false, "stereo", F::Flt, "mono"),
        ("mono flt to stereo", T::F32, false, "mono", F::Flt, "stereo"),
        ("stereo flt to 5.1", T::F32, false, "stereo", F::Flt, "5.1"),
    ] {
        let (input, output): (ChannelLayout, ChannelLayout) =
            (channels.parse().unwrap(), output.parse().unwrap());
        let mut group = c.benchmark_group(name);
        for frames in FRAMES {
            let samples = frames * input.channels();
            let shape =
                if planar { [input.channels(), frames] } else { [frames, input.channels()] };
            let buffer = match from {
                DataType::F32 => TypedBuffer::F32((0..samples).map(|i| (i as f32).sin()).collect()),
                _ => TypedBuffer::zeroed(from, samples),
            };
            let view = match &buffer {
                TypedBuffer::U8(data) => TensorView::contiguous(data, &shape),
                TypedBuffer::I16(data) => TensorView::contiguous(data, &shape),
                TypedBuffer::I32(data) => TensorView::contiguous(data, &shape),
                TypedBuffer::I64(data) => TensorView::contiguous(data, &shape),
                TypedBuffer::F32(data) => TensorView::contiguous(data, &shape),
                TypedBuffer::F64(data) => TensorView::contiguous(data, &shape),
            };
            let view = if planar { view.unwrap().transposed() } else { view.unwrap() };
            let mut out = TypedBuffer::zeroed(to.data_type(), frames * output.channels());
            let mut converter = AudioConverter::new(from, input, to, output).unwrap();
            let bytes = samples * from.bytes() + out.len() * to.data_type().bytes();
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(BenchmarkId::from_parameter(frames), |b| {
                b.iter(|| {
                    converter.convert(black_box(&view), 0..frames, &mut out, frames, 0);
                    black_box(&mut out);
                });
            });
        }
        group.finish();
    }
}

fn nan(c: &mut Criterion) {
    let mut group = c.benchmark_group("outliers");
    for frames in FRAMES {
        let data = vec![0.5f32; 2 * frames];
        let view = TensorView::contiguous(&data, &[frames, 2]).unwrap();
        group.throughput(Throughput::Bytes(size_of_val(&data[..]) as u64));
        group.bench_function(BenchmarkId::from_parameter(frames), |b| {
            b.iter(|| outliers(black_box(&view)));
        });
    }
    group.finish();
}

criterion_group!(benches, copy, convert, nan);
criterion_main!(benches);
