//! RGB frames to raw yuv420p through the facade, and packets to MP4.
#![allow(missing_docs)] // criterion's macros make public items

use std::io::sink;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use reelwright::{
    CodecId, Metadata, PixelFormat, StreamingMediaEncoder, Target, TensorView, Timestamp,
    VideoStream, muxers,
};
use reelwright_core::{AudioSpecificConfig, CodecRecord, MemoryOutput, Packet};
use reelwright_testkit::muxing::{default_layout, open, pcm};

const SIZE: (usize, usize) = (1280, 720);
const FRAMES: usize = 8;

/// Returns planar RGB frames with motion everywhere.
fn rgb_frames((width, height): (usize, usize), frames: usize) -> Vec<u8> {
    let plane = width * height;
    let pixel = |i: usize| {
        let (x, y, z) = (i % width, i % plane / width, i / plane);
        (3 * x + 5 * y + 11 * z + x * y / 64) as u8
    };
    (0..3 * plane * frames).map(pixel).collect()
}

fn raw_video(c: &mut Criterion) {
    let (width, height) = SIZE;
    let pixels = rgb_frames(SIZE, FRAMES);
    let chunk = TensorView::contiguous(&pixels, &[FRAMES, 3, height, width]).unwrap();
    let stream = VideoStream::new(25.0, width as u32, height as u32)
        .encoder("rawvideo")
        .encoder_format(PixelFormat::Yuv420p);
    let mut group = c.benchmark_group("rgb24 of 1280x720 to yuv420p");
    group.throughput(Throughput::Elements(FRAMES as u64));
    group.measurement_time(Duration::from_secs(3));
    for (name, stream) in
        [("1280x720", stream.clone()), ("640x360", stream.encoder_width(640).encoder_height(360))]
    {
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                let target = Target::writer(sink());
                let mut encoder = StreamingMediaEncoder::new(target, Some("rawvideo")).unwrap();
                encoder.add_video_stream(&stream).unwrap();
                encoder.open().unwrap();
                encoder.write_video_chunk(0, &chunk, None).unwrap();
                encoder.close().unwrap();
            });
        });
    }
    group.finish();
}

/// Writes small audio packets from memory to memory.
fn mp4(c: &mut Criterion) {
    const COUNT: i64 = 20_000;
    let mut stream = pcm(CodecId::Aac, 48_000, default_layout(2));
    stream.record = CodecRecord::Aac(AudioSpecificConfig {
        // LC at 48 kHz, stereo.
        bytes: vec![0x11, 0x90],
        object_type: 2,
        core_sample_rate: 48_000,
        channel_configuration: 2,
    });
    let streams = [stream];
    let packet = |i: i64| Packet {
        data: vec![0x21; 40 + (i * 37 % 64) as usize],
        pts: Timestamp(1024 * i),
        dts: Timestamp(1024 * i),
        duration: 1024,
        keyframe: true,
        ..Packet::default()
    };
    let packets: Vec<Packet> = (0..COUNT).map(packet).collect();
    let info = muxers().find(|muxer| muxer.name == "mp4").unwrap();
    let mut group = c.benchmark_group("packets to mp4");
    group.throughput(Throughput::Elements(COUNT as u64));
    group.measurement_time(Duration::from_secs(3));
    for layout in ["hybrid_fragmented", "progressive", "faststart", "frag_keyframe"] {
        group.bench_function(BenchmarkId::from_parameter(layout), |b| {
            b.iter(|| {
                let mut output = MemoryOutput::seekable();
                let mut muxer = open(info, &[("movflags", layout)]).unwrap();
                muxer.start(&streams, &Metadata::new(), &mut output).unwrap();
                for packet in &packets {
                    muxer.write(packet, &mut output).unwrap();
                }
                muxer.finish(&streams, &mut output).unwrap();
                output
            });
        });
    }
    group.finish();
}

criterion_group!(benches, raw_video, mp4);
criterion_main!(benches);
