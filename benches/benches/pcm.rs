//! Speed of PCM encoders, compared with a copy of the same number of bytes.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reelwright_core::{
    AudioEncoderRequest, AudioFormat, ChannelLayout, DataType, Options, PacketQueue, Timestamp,
    TypedBuffer,
};
use reelwright_enc_pcm::ENCODERS;
use reelwright_testkit::encoding::packed;

fn encode(c: &mut Criterion) {
    const FRAMES: usize = 4800;
    for info in ENCODERS {
        let sample_format = info.sample_formats[0];
        let request = AudioEncoderRequest::new(
            info.encoder.codec,
            AudioFormat { sample_format, sample_rate: 48_000, layout: ChannelLayout::STEREO },
        );
        let mut encoder = info.open(&request, &mut Options::new()).unwrap();
        let mut packets = PacketQueue::new();
        let samples = TypedBuffer::zeroed(sample_format.data_type(), 2 * FRAMES);
        let frame = packed(samples.as_slice(), 2, Timestamp(0));
        let mut group = c.benchmark_group("encode");
        group.throughput(Throughput::Elements(2 * FRAMES as u64));
        group.bench_function(info.encoder.name, |b| {
            b.iter(|| {
                encoder.encode(black_box(&frame), &mut packets).unwrap();
                let packet = packets.pop().unwrap();
                packets.recycle(black_box(packet));
            });
        });
        group.finish();
    }
    for data_type in [DataType::U8, DataType::I16, DataType::I32, DataType::I64] {
        let bytes = vec![1u8; 2 * FRAMES * data_type.bytes()];
        let mut copy = bytes.clone();
        let mut group = c.benchmark_group("copy");
        group.throughput(Throughput::Elements(2 * FRAMES as u64));
        group.bench_function(format!("{} bytes per sample", data_type.bytes()), |b| {
            b.iter(|| {
                copy.copy_from_slice(black_box(&bytes));
                black_box(&mut copy);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
