//! The `wav` muxer: RIFF/WAVE, and RF64 for files that exceed 32-bit lengths.

use reelwright_core::helpers::single_stream::not_started;
use reelwright_core::{Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters};

use crate::audio::{AudioStream, OPEN_64};
use crate::{fmt_chunk, info};

/// 32-bit length that means "see ds64" in RF64, and "up to the end" in streams.
const OPEN: u32 = u32::MAX;

/// Size of the ds64 chunk's body without a table (EBU Tech 3306 §3), and of the JUNK chunk that
/// reserves its space.
const DS64_SIZE: u32 = 28;

/// Use of 64-bit lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rf64 {
    Never,
    Auto,
    Always,
}

/// The `wav` muxer.
#[derive(Debug)]
pub(crate) struct Wav {
    rf64: Rf64,
    file: Option<File>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    audio: AudioStream,
    rf64: Rf64,
    seekable: bool,
    /// Position of the file in the output.
    start: u64,
    /// Number of bytes before the audio.
    header: u64,
    /// Position of the fact chunk's number of samples, from the start of the file.
    fact: Option<u64>,
    /// Number of bytes of audio.
    data: u64,
    /// Number of padding samples in them.
    padding: u64,
    /// Set if the header states a length, which must stay correct.
    has_length: bool,
}

impl Wav {
    pub(crate) const fn new(rf64: Rf64) -> Self {
        Self { rf64, file: None }
    }
}

impl Muxer for Wav {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let audio = AudioStream::new("wav", streams)?;
        let output = to.output();
        let seekable = output.is_seekable();
        let mut bytes = Vec::new();
        let mut fact = None;
        bytes.extend(if self.rf64 == Rf64::Always { b"RF64" } else { b"RIFF" });
        bytes.extend(OPEN.to_le_bytes());
        bytes.extend(b"WAVE");
        match self.rf64 {
            Rf64::Always => bytes.extend(ds64(OPEN_64, OPEN_64, 0)),
            Rf64::Auto if seekable => {
                bytes.extend(b"JUNK");
                bytes.extend(DS64_SIZE.to_le_bytes());
                bytes.extend([0; DS64_SIZE as usize]);
            }
            // The muxer could not patch a reserved chunk.
            Rf64::Auto | Rf64::Never => {}
        }
        let format = fmt_chunk::body(&audio);
        bytes.extend(b"fmt ");
        bytes.extend((format.len() as u32).to_le_bytes());
        bytes.extend(format);
        // A fact chunk without a later patch would be wrong.
        if !audio.is_integer_pcm() && seekable {
            bytes.extend(b"fact");
            bytes.extend(4u32.to_le_bytes());
            fact = Some(bytes.len() as u64);
            bytes.extend([0; 4]);
        }
        bytes.extend(info::list_chunk(tags)?);
        bytes.extend(b"data");
        bytes.extend(OPEN.to_le_bytes());
        let header = bytes.len() as u64;
        let start = output.position();
        self.file = Some(File {
            audio,
            rf64: self.rf64,
            seekable,
            start,
            header,
            fact,
            data: 0,
            padding: 0,
            has_length: false,
        });
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("wav"))?;
        file.audio.pcm.check(packet)?;
        let data = file.data + packet.data.len() as u64;
        if file.seekable && file.rf64 == Rf64::Never && file.riff_size(data) >= u64::from(OPEN) {
            file.patch_sizes(to)?;
            return Err(Error::too_large(format!(
                "A WAV file must be smaller than 4 GiB, and the next packet would make {} bytes of \
                 audio. The file is complete without it. For longer files, pass rf64=auto or \
                 rf64=always, or use the format w64.",
                data
            ))
            .in_stream(0));
        }
        to.output().write(&packet.data)?;
        file.data = data;
        file.padding += u64::from(packet.trim_end);
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("wav"))?;
        file.has_length = true;
        file.patch_sizes(to)?;
        to.output().flush()
    }

    fn flush_output(&mut self, to: &mut dyn Destination) -> Result<()> {
        match &self.file {
            Some(file) if file.has_length => file.patch_sizes(to)?,
            _ => {}
        }
        to.output().flush()
    }

    fn patch_header(&mut self, length: u64, to: &mut dyn Destination) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let Some(data) = length.checked_sub(file.start + file.header) else { return Ok(()) };
        (file.data, file.padding) = (data, 0);
        file.patch_sizes(to)
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_ref().ok_or_else(|| not_started("wav"))?;
        // In a file of unknown length, players would play the padding.
        if file.seekable && !file.data.is_multiple_of(2) && to.output().can_patch()? {
            to.output().write(&[0])?;
        }
        file.patch_sizes(to)?;
        self.file = None;
        Ok(())
    }
}

impl File {
    /// Returns the length of the RIFF chunk with `data` bytes of audio, padded to an even size.
    fn riff_size(&self, data: u64) -> u64 {
        self.header - 8 + data.next_multiple_of(2)
    }

    /// Writes the current lengths if the output can seek.
    fn patch_sizes(&self, to: &mut dyn Destination) -> Result<()> {
        let output = to.output();
        if !self.seekable || !output.can_patch()? {
            return Ok(());
        }
        let riff = self.riff_size(self.data);
        let samples = self.audio.pcm.samples(self.data).saturating_sub(self.padding);
        let wide = match self.rf64 {
            Rf64::Always => true,
            // The maximum means "unknown", so it is not a valid length.
            Rf64::Auto => riff >= u64::from(OPEN),
            Rf64::Never => false,
        };
        if let Some(fact) = self.fact {
            let samples = u32::try_from(samples).unwrap_or(OPEN);
            output.patch(self.start + fact, &samples.to_le_bytes())?;
        }
        let narrow = |length: u64| if wide { OPEN } else { length as u32 };
        output.patch(self.start + self.header - 4, &narrow(self.data).to_le_bytes())?;
        if wide {
            output.patch(self.start + 12, &ds64(riff, self.data, samples))?;
        }
        let mut head = [0; 8];
        head[..4].copy_from_slice(if wide { b"RF64" } else { b"RIFF" });
        head[4..].copy_from_slice(&narrow(riff).to_le_bytes());
        output.patch(self.start, &head)
    }
}

/// Returns the ds64 chunk (EBU Tech 3306 §3), with an empty table.
fn ds64(riff: u64, data: u64, samples: u64) -> [u8; 8 + DS64_SIZE as usize] {
    let mut chunk = [0; 8 + DS64_SIZE as usize];
    chunk[0..4].copy_from_slice(b"ds64");
    chunk[4..8].copy_from_slice(&DS64_SIZE.to_le_bytes());
    chunk[8..16].copy_from_slice(&riff.to_le_bytes());
    chunk[16..24].copy_from_slice(&data.to_le_bytes());
    chunk[24..32].copy_from_slice(&samples.to_le_bytes());
    chunk
}
