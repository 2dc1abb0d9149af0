//! The encoder rejects frames that do not fit the stream, and its state does not change.

mod common;

use common::open;
use reelwright_core::{CodecRecord, Element, ErrorKind, PacketQueue, SampleFormat, Timestamp};
use reelwright_testkit::encoding::{packed, planar};

#[test]
fn rejects_frames_of_another_format() {
    for threads in ["threads=1", "threads=2"] {
        let options = format!("frame_size=16 {threads}");
        let mut encoder = open(SampleFormat::S16, 2, 48_000, &options).unwrap();
        let mut packets = PacketQueue::new();
        let (short, long) = ([0i16; 64], [0i32; 64]);
        let at = Timestamp(0);
        for (frame, kind) in [
            (packed(i32::slice(&long[..32]), 2, at), ErrorKind::Chunk),
            (packed(i16::slice(&short[..16]), 1, at), ErrorKind::Chunk),
            (planar(i16::slice(&short), 2, at), ErrorKind::Chunk),
            (packed(f32::slice(&[0.0; 32]), 2, at), ErrorKind::Chunk),
            (packed(i16::slice(&[]), 2, at), ErrorKind::Argument),
            (packed(i16::slice(&short[..34]), 2, at), ErrorKind::Argument),
        ] {
            let error = encoder.encode(&frame, &mut packets).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
        }
        encoder.encode(&packed(i16::slice(&short[..32]), 2, at), &mut packets).unwrap();
        encoder.finish(&mut packets).unwrap();
        assert_eq!(packets.len(), 1);
        let CodecRecord::Flac(info) = &encoder.parameters().record else { panic!("no STREAMINFO") };
        assert_eq!(info.total_samples, 16);
    }
}

#[test]
fn short_block_ends_the_data() {
    let short = [0i16; 32];
    let whole = packed(i16::slice(&short), 2, Timestamp(0));
    let part = packed(i16::slice(&short[..30]), 2, Timestamp(0));
    let mut packets = PacketQueue::new();
    let open = || open(SampleFormat::S16, 2, 48_000, "frame_size=16").unwrap();

    let mut encoder = open();
    encoder.encode(&whole, &mut packets).unwrap();
    encoder.encode(&part, &mut packets).unwrap();
    assert_eq!(encoder.encode(&part, &mut packets).unwrap_err().kind(), ErrorKind::State);
    encoder.finish(&mut packets).unwrap();

    let mut encoder = open();
    encoder.finish(&mut packets).unwrap();
    assert_eq!(encoder.encode(&whole, &mut packets).unwrap_err().kind(), ErrorKind::State);
}

#[test]
fn dropping_an_encoder_half_way_ends_its_threads() {
    let samples = [0i16; 32];
    let mut packets = PacketQueue::new();
    for blocks in 0..10 {
        let mut encoder = open(SampleFormat::S16, 2, 48_000, "frame_size=16 threads=3").unwrap();
        for _ in 0..blocks {
            let frame = packed(i16::slice(&samples), 2, Timestamp(0));
            encoder.encode(&frame, &mut packets).unwrap();
        }
    }
}
