//! Writes frames of a camera at their real times, with the audio of a microphone that starts later.
//!
//!     cargo run --example camera_with_audio -- camera.mp4

use reelwright::{AudioStream, Rational, Result, StreamingMediaEncoder, TensorView, VideoStream};

const SIDE: usize = 128;
const RATE: usize = 16_000;
/// Capture times in milliseconds: a camera never keeps its rate exactly.
const CAPTURED: [u32; 10] = [0, 34, 66, 101, 133, 170, 233, 267, 299, 334];

fn main() -> Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "camera.mp4".into());
    let mut encoder = StreamingMediaEncoder::new(path.as_str(), None)?;
    // 30 is the nominal rate; times are kept in milliseconds.
    let video = VideoStream::new(30.0, SIDE as u32, SIDE as u32).time_base(Rational::new(1, 1000)?);
    let video = encoder.add_video_stream(&video)?;
    let audio = encoder.add_audio_stream(&AudioStream::new(RATE as u32, 1))?;
    encoder.open()?;

    // Streams are written in any order within some seconds: here a frame, and audio up to the next.
    let mut written = 0;
    for (i, captured) in CAPTURED.into_iter().enumerate() {
        let frame = vec![25 * i as u8; 3 * SIDE * SIDE];
        let chunk = TensorView::contiguous(&frame, &[1, 3, SIDE, SIDE])?;
        encoder.write_video_chunk(video, &chunk, Some(f64::from(captured) / 1000.0))?;

        let next = CAPTURED.get(i + 1).map_or(367, |next| *next) as usize * RATE / 1000;
        // The first sample is 0.1 s after the first frame.
        let start = written.max(RATE / 10);
        if next > start {
            let samples: Vec<f32> = (start..next).map(|n| (n as f32 * 0.2).sin() / 4.0).collect();
            let chunk = TensorView::contiguous(&samples, &[samples.len(), 1])?;
            encoder.write_audio_chunk(audio, &chunk, Some(start as f64 / RATE as f64))?;
            written = next;
        }
    }
    encoder.finish()
}
