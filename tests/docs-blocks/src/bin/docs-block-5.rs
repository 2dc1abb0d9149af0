fn main() -> Result<(), Box<dyn std::error::Error>> {
    use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};

    let mut encoder = StreamingMediaEncoder::new("tone.flac", None)?;
    encoder.add_audio_stream(&AudioStream::new(16_000, 1))?;
    encoder.open()?;
    let chunk: Vec<f32> = (0..16_000).map(|i| 0.5 * (i as f32 * 0.17).sin()).collect();
    encoder.write_audio_chunk(0, &TensorView::contiguous(&chunk, &[16_000, 1])?, None)?;
    encoder.finish()?;

    Ok(())
}
