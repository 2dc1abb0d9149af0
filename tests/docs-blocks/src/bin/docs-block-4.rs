fn main() -> Result<(), Box<dyn std::error::Error>> {
    use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};

    let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), "wav")?;
    encoder.add_audio_stream(&AudioStream::new(48_000, 2))?;
    encoder.open()?;
    encoder.write_audio_chunk(
        0,
        &TensorView::contiguous(&[0.0f32, 0.25, -0.25, 0.5], &[2, 2])?,
        None,
    )?;
    let bytes = encoder.finish()?;
    println!("{}", String::from_utf8_lossy(&bytes[..4]));

    Ok(())
}
