//! Writes two seconds of a stereo tone to a file; its extension selects the format.
//!
//!     cargo run --example audio_file -- tone.flac

use reelwright::{AudioStream, Result, StreamingMediaEncoder, TensorView};

const RATE: usize = 48_000;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "tone.flac".into());
    let mut encoder = StreamingMediaEncoder::new(path.as_str(), None)?;
    encoder.add_audio_stream(&AudioStream::new(RATE as u32, 2))?;
    encoder.set_metadata([("title", "Two tones"), ("artist", "Reelwright")])?;
    encoder.open()?;

    // Chunks have any size: here 0.1 s of interleaved samples, left and right.
    for start in (0..2 * RATE).step_by(RATE / 10) {
        let sine = |frequency: f64, i: usize| {
            let time = (start + i) as f64 / RATE as f64;
            (0.5 * (std::f64::consts::TAU * frequency * time).sin()) as f32
        };
        let chunk: Vec<f32> =
            (0..RATE / 10).flat_map(|i| [sine(440.0, i), sine(660.0, i)]).collect();
        encoder.write_audio_chunk(0, &TensorView::contiguous(&chunk, &[RATE / 10, 2])?, None)?;
    }
    encoder.finish()
}
