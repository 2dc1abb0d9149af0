//! Writes two seconds of generated frames to a video file.
//!
//!     cargo run --example video_file -- gradient.mp4

use reelwright::{Result, StreamingMediaEncoder, TensorView, VideoStream};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "gradient.mp4".into());
    let mut encoder = StreamingMediaEncoder::new(path.as_str(), None)?;
    let stream = VideoStream::new(30.0, WIDTH as u32, HEIGHT as u32).encoder_option("crf", "20");
    encoder.add_video_stream(&stream)?;
    encoder.open()?;

    // A frame as most image libraries have it: (height, width, channel), RGB.
    let mut frame = vec![0u8; HEIGHT * WIDTH * 3];
    for number in 0..60 {
        for (i, pixel) in frame.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (x, y) = (i % WIDTH, i / WIDTH);
            *pixel = [(x * 255 / WIDTH) as u8, (y * 255 / HEIGHT) as u8, 4 * number];
        }
        // Chunks have the shape (frame, channel, height, width); strides reorder without a copy.
        let shape = [1, 3, HEIGHT, WIDTH];
        let strides = [0, 1, 3 * WIDTH as isize, 3];
        encoder.write_video_chunk(0, &TensorView::new(&frame, 0, &shape, &strides)?, None)?;
    }
    encoder.finish()
}
