//! Streams speech to a TCP connection, 40 ms at a time; the receiver saves what arrives.
//!
//!     cargo run --example stream_to_writer -- speech.ogg

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::net::{TcpListener, TcpStream};

use reelwright::{AudioStream, CodecConfig, StreamingMediaEncoder, TensorView};

const RATE: usize = 16_000;
const CHUNK: usize = RATE / 25;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "speech.ogg".into());
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let receiver = std::thread::spawn(move || -> std::io::Result<u64> {
        let (mut connection, _) = listener.accept()?;
        std::io::copy(&mut connection, &mut std::fs::File::create(path)?)
    });

    // Everything with `Write` is an output; the encoder owns it and returns it at the end.
    let mut encoder = StreamingMediaEncoder::to_writer(TcpStream::connect(address)?, "ogg")?;
    let config = CodecConfig { bit_rate: Some(24_000), ..CodecConfig::default() };
    let stream = AudioStream::new(RATE as u32, 1).encoder("opus").codec_config(config);
    encoder.add_audio_stream(&stream.encoder_option("application", "voip"))?;
    encoder.open()?;
    for start in (0..2 * RATE).step_by(CHUNK) {
        let voice = |i| ((start + i) as f32 * 0.055).sin() * 0.4;
        let chunk: Vec<f32> = (0..CHUNK).map(voice).collect();
        encoder.write_audio_chunk(0, &TensorView::contiguous(&chunk, &[CHUNK, 1])?, None)?;
        // Sends what is encoded so far, for a low delay.
        encoder.flush()?;
    }
    drop(encoder.finish()?);
    let received = receiver.join().map_err(|_| "the receiver panicked")??;
    println!("{received} bytes");
    Ok(())
}
