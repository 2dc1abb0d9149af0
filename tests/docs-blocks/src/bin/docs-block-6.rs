use reelwright::{AudioStream, StreamingMediaEncoder, TensorView};

fn main() -> reelwright::Result<()> {
    let mut encoder = StreamingMediaEncoder::to_writer(Vec::new(), "wav")?;
    encoder.add_audio_stream(&AudioStream::new(48_000, 2))?;
    encoder.open()?;
    encoder.write_audio_chunk(
        0,
        &TensorView::contiguous(&[0.0f32, 0.25, -0.25, 0.5], &[2, 2])?,
        None,
    )?;
    let wav = encoder.finish()?;
    assert_eq!(&wav[..4], b"RIFF");
    Ok(())
}
