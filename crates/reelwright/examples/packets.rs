//! Encodes to packets, and writes the same packets to an MP4 file and to a raw H.264 stream.
//!
//!     cargo run --example packets -- clip.mp4 clip.h264

#![allow(clippy::print_stdout)]

use reelwright::{Packet, Result, StreamingMediaEncoder, TensorView, VideoStream};

const SIDE: usize = 128;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut path = |default: &str| arguments.next().unwrap_or_else(|| default.into());
    let paths = [path("clip.mp4"), path("clip.h264")];

    // Without a file: packets are returned, for a network, a WebRTC track or several files.
    let (mut encoder, packets) = StreamingMediaEncoder::to_packets();
    let stream = VideoStream::new(30.0, SIDE as u32, SIDE as u32).encoder("h264");
    encoder.add_video_stream(&stream)?;
    encoder.open()?;
    let mut encoded: Vec<Packet> = Vec::new();
    for number in 0..60 {
        let frame: Vec<u8> = (0..3 * SIDE * SIDE).map(|i| (i / 7 + 3 * number) as u8).collect();
        encoder.write_video_chunk(
            0,
            &TensorView::contiguous(&frame, &[1, 3, SIDE, SIDE])?,
            None,
        )?;
        if number == 29 {
            encoder.force_keyframe(0)?;
        }
        encoded.extend(packets.clone());
    }
    encoder.finish()?;
    encoded.extend(packets.clone());
    let keyframes: Vec<i64> = encoded.iter().filter(|p| p.keyframe).map(|p| p.pts.0).collect();
    println!("{} packets, keyframes at {keyframes:?}", encoded.len());

    for path in &paths {
        let mut file = StreamingMediaEncoder::new(path.as_str(), None)?;
        for stream in packets.streams() {
            file.add_packet_stream(&stream)?;
        }
        file.open()?;
        for packet in &encoded {
            file.write_packet(packet.stream, packet)?;
        }
        file.finish()?;
    }
    Ok(())
}
