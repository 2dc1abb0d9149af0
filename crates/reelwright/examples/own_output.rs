//! Adds an output: `parts:PREFIX` writes files of about 16 KiB, as uploads to object stores do.
//!
//!     cargo run --example own_output -- tone.part

use std::{fs::File, io::Write};

use reelwright::{
    AudioStream, Error, OpenContext, Options, Output, ProtocolInfo, Registry, Result,
    StreamingMediaEncoder, TensorView,
};

struct Parts {
    prefix: String,
    part: Option<(u64, File)>,
    position: u64,
}

impl Output for Parts {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let number = self.position >> 14;
        let failed = |cause| Error::output(format!("Failed to write part {number}"), cause);
        let part = self.part.take().filter(|(of_last, _)| *of_last == number);
        let create = || Ok((number, File::create(format!("{}{number:03}", self.prefix))?));
        let (_, file) = self.part.insert(part.map_or_else(create, Ok).map_err(failed)?);
        file.write_all(bytes).map_err(failed)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
    fn position(&self) -> u64 {
        self.position
    }
    fn is_seekable(&self) -> bool {
        false
    }
    fn patch(&mut self, _: u64, _: &[u8]) -> Result<()> {
        Err(Error::state("Parts cannot be overwritten."))
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

fn main() -> Result<()> {
    let open = |address: &str, _: &mut Options, _: &OpenContext| {
        let prefix = address.trim_start_matches("parts:").to_owned();
        Ok(Box::new(Parts { prefix, part: None, position: 0 }) as Box<dyn Output>)
    };
    let registry =
        Registry::builtin().with(ProtocolInfo::from_closure(&["parts"], "16 KiB files", open));
    let prefix = std::env::args().nth(1).unwrap_or_else(|| "tone.part".into());
    let address = format!("parts:{prefix}");
    let mut encoder = StreamingMediaEncoder::with_registry(&registry, &*address, Some("flac"))?;
    encoder.add_audio_stream(&AudioStream::new(16_000, 1))?;
    encoder.open()?;
    let samples: Vec<f32> = (0..48_000).map(|i| (i as f32 * i as f32 * 1e-5).sin() * 0.5).collect();
    encoder.write_audio_chunk(0, &TensorView::contiguous(&samples, &[48_000, 1])?, None)?;
    encoder.finish()
}
