//! The `wav` muxer: RIFF/WAVE, and RF64 where 32 bits do not suffice.

use reelwright_core::helpers::single_stream::not_started;
use reelwright_core::{Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters};

use crate::sound::{OPEN_64, Sound};
use crate::{fmt_chunk, info};

/// A length of 32 bits that means "see ds64" in RF64, and "up to the end" to players of streams.
const OPEN: u32 = u32::MAX;

/// The body of the ds64 chunk without a table (EBU Tech 3306 §3), and of the JUNK that holds its
/// place.
const DS64_SIZE: u32 = 28;

/// When lengths have 64 bits.
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

/// A file that was started.
#[derive(Debug)]
struct File {
    sound: Sound,
    rf64: Rf64,
    seekable: bool,
    /// Where the file starts in the output.
    start: u64,
    /// The bytes in front of the sound.
    header: u64,
    /// Where the fact chunk's number of samples is, from the start of the file.
    fact: Option<u64>,
    /// The bytes of sound.
    data: u64,
    /// The samples in them that are not to be heard.
    padding: u64,
    /// True if the header states a length, which then must stay true.
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
        let sound = Sound::new("wav", streams)?;
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
            // Nobody could come back to use the room.
            Rf64::Auto | Rf64::Never => {}
        }
        let format = fmt_chunk::body(&sound);
        bytes.extend(b"fmt ");
        bytes.extend((format.len() as u32).to_le_bytes());
        bytes.extend(format);
        // A fact chunk that nobody can come back to would say something wrong.
        if !sound.is_integer_pcm() && seekable {
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
            sound,
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
        file.sound.pcm.check(packet)?;
        let data = file.data + packet.data.len() as u64;
        if file.seekable && file.rf64 == Rf64::Never && file.riff_size(data) >= u64::from(OPEN) {
            file.patch_sizes(to)?;
            return Err(Error::too_large(format!(
                "A WAV file must be smaller than 4 GiB, and the next packet would make {} bytes of \
                 sound. The file is whole without it. Longer files need option rf64 set to auto \
                 or always, or the format w64.",
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

    fn hand_on(&mut self, to: &mut dyn Destination) -> Result<()> {
        match &self.file {
            Some(file) if file.has_length => file.patch_sizes(to)?,
            _ => {}
        }
        to.output().flush()
    }

    fn mend(&mut self, length: u64, to: &mut dyn Destination) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let Some(data) = length.checked_sub(file.start + file.header) else { return Ok(()) };
        (file.data, file.padding) = (data, 0);
        file.patch_sizes(to)
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_ref().ok_or_else(|| not_started("wav"))?;
        // In a file of open length the byte would be played.
        if file.seekable && !file.data.is_multiple_of(2) && to.output().can_patch()? {
            to.output().write(&[0])?;
        }
        file.patch_sizes(to)?;
        self.file = None;
        Ok(())
    }
}

impl File {
    /// The length the RIFF chunk has with `data` bytes of sound, made even.
    fn riff_size(&self, data: u64) -> u64 {
        self.header - 8 + data.next_multiple_of(2)
    }

    /// Writes the lengths as they are now, where the output lets us.
    fn patch_sizes(&self, to: &mut dyn Destination) -> Result<()> {
        let output = to.output();
        if !self.seekable || !output.can_patch()? {
            return Ok(());
        }
        let riff = self.riff_size(self.data);
        let samples = self.sound.pcm.samples(self.data).saturating_sub(self.padding);
        let wide = match self.rf64 {
            Rf64::Always => true,
            // The largest number is taken, it means "open".
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

/// The ds64 chunk (EBU Tech 3306 §3), with an empty table.
fn ds64(riff: u64, data: u64, samples: u64) -> [u8; 8 + DS64_SIZE as usize] {
    let mut chunk = [0; 8 + DS64_SIZE as usize];
    chunk[0..4].copy_from_slice(b"ds64");
    chunk[4..8].copy_from_slice(&DS64_SIZE.to_le_bytes());
    chunk[8..16].copy_from_slice(&riff.to_le_bytes());
    chunk[16..24].copy_from_slice(&data.to_le_bytes());
    chunk[24..32].copy_from_slice(&samples.to_le_bytes());
    chunk
}
