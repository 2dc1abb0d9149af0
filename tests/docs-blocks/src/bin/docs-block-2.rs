fn main() -> Result<(), Box<dyn std::error::Error>> {
    use reelwright::{StreamingMediaEncoder, TensorView, VideoStream};

    let mut encoder = StreamingMediaEncoder::new("gray.mp4", None)?;
    encoder.add_video_stream(&VideoStream::new(30.0, 320, 180))?;
    encoder.open()?;
    let frames = vec![128u8; 30 * 3 * 180 * 320];
    encoder.write_video_chunk(0, &TensorView::contiguous(&frames, &[30, 3, 180, 320])?, None)?;
    encoder.finish()?;
    println!("{} bytes or more", std::fs::metadata("gray.mp4")?.len() / 1000 * 1000);

    Ok(())
}
