//! Writes many small audio packets to a file, for speed comparisons with other programs:
//!
//!     mux_packets OUT COUNT [MOVFLAGS]
//!
//! Prints the peak memory use if the system reports it.

use std::error::Error;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use reelwright_core::{
    AudioFormat, AudioParameters, AudioSpecificConfig, ChannelLayout, CodecId, CodecRecord,
    MediaParameters, Metadata, Options, Output, Packet, Result, SampleFormat, StreamParameters,
    TimeBase, Timestamp,
};

const RATE: u32 = 48_000;
const SAMPLES: i64 = 1024;

fn failed(error: io::Error) -> reelwright_core::Error {
    reelwright_core::Error::output("Failed to write", error)
}

/// Buffered file, like that of the facade.
struct FileOutput {
    file: File,
    buffer: Vec<u8>,
    position: u64,
}

impl FileOutput {
    const BUFFER: usize = 1 << 16;

    fn flush_output(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Output for FileOutput {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        if self.buffer.len() + bytes.len() > Self::BUFFER {
            self.flush_output().map_err(failed)?;
        }
        if bytes.len() >= Self::BUFFER {
            return self.file.write_all(bytes).map_err(failed);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        let mut patch = || {
            self.flush_output()?;
            self.file.seek(SeekFrom::Start(at))?;
            self.file.write_all(bytes)?;
            self.file.seek(SeekFrom::End(0))
        };
        patch().map(drop).map_err(failed)
    }

    fn flush(&mut self) -> Result<()> {
        self.flush_output().map_err(failed)
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, count, flags @ ..] = &arguments[..] else {
        return Err("usage: mux_packets OUT COUNT [MOVFLAGS]".into());
    };
    let stream = StreamParameters::new(
        CodecId::Aac,
        TimeBase::from_sample_rate(RATE)?,
        MediaParameters::Audio(
            AudioParameters::new(AudioFormat {
                sample_rate: RATE,
                layout: ChannelLayout::STEREO,
                sample_format: SampleFormat::Fltp,
            })
            .bits_per_sample(32)
            .frame_size(Some(SAMPLES as usize)),
        ),
    )
    .record(CodecRecord::Aac(AudioSpecificConfig {
        // LC at 48 kHz, stereo.
        bytes: vec![0x11, 0x90],
        object_type: 2,
        core_sample_rate: RATE,
        channel_configuration: 2,
    }));
    let mut options = Options::new();
    if let Some(flags) = flags.first() {
        options.set("movflags", flags.as_str());
    }
    let info = &reelwright_mux_mp4::MUXERS[0];
    let mut muxer = info.open(&mut options)?;
    options.finish(info.options)?;
    let mut output = FileOutput { file: File::create(path)?, buffer: Vec::new(), position: 0 };
    let streams = [stream];
    muxer.start(&streams, &Metadata::new(), &mut output)?;
    // Pseudorandom sizes from 40 to 103 bytes.
    let mut packet = Packet { duration: SAMPLES, keyframe: true, ..Packet::default() };
    let mut state = 1u32;
    for index in 0..count.parse::<i64>()? {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        packet.data.resize(40 + (state >> 26) as usize, 0x21);
        packet.data[0..4].copy_from_slice(&state.to_le_bytes());
        packet.pts = Timestamp(index * SAMPLES);
        packet.dts = packet.pts;
        muxer.write(&packet, &mut output)?;
    }
    muxer.finish(&streams, &mut output)?;
    output.flush()?;
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM:"))
    {
        writeln!(io::stdout(), "{peak}")?;
    }
    Ok(())
}
