//! The `aiff` muxer: writes a header and the audio, and patches lengths on seekable outputs.

use reelwright_core::helpers::single_stream::{BlockStream, not_started};
use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters,
};

use crate::chunk::{self, Fields};

/// Codecs that the formats support.
pub(crate) static CODECS: &[CodecId] = &[
    CodecId::PcmS16Be,
    CodecId::PcmS8,
    CodecId::PcmS24Be,
    CodecId::PcmS32Be,
    CodecId::PcmS16Le,
    CodecId::PcmU8,
    CodecId::PcmF32Be,
    CodecId::PcmF64Be,
    CodecId::PcmALaw,
    CodecId::PcmMuLaw,
];

/// The `aiff` muxer.
#[derive(Debug, Default)]
pub(crate) struct Aiff {
    file: Option<File>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    audio: BlockStream,
    seekable: bool,
    /// Position of the file in the output.
    start: u64,
    /// Number of bytes before the audio.
    header: u64,
    fields: Fields,
    /// Number of bytes of audio.
    data: u64,
    /// Set if the header states a length, which must stay correct.
    has_length: bool,
}

/// Position and value of each length field: FORM's length, the number of sample frames, SSND's
/// length.
type Lengths = [(u64, u32); 3];

impl Muxer for Aiff {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let audio = BlockStream::new("aiff", streams, CODECS)?;
        let (mut bytes, fields) = chunk::header(&audio, tags)?;
        let output = to.output();
        let (start, header) = (output.position(), bytes.len() as u64);
        let seekable = output.is_seekable();
        let (data, has_length) = (0, false);
        let file = File { audio, seekable, start, header, fields, data, has_length };
        let mut open = file.lengths(file.room(header)?);
        // FFmpeg rejects more frames than an `int` holds.
        open[1].1 = open[1].1.min(i32::MAX as u32);
        for (at, length) in open {
            bytes[at as usize..][..4].copy_from_slice(&length.to_be_bytes());
        }
        self.file = Some(file);
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("aiff"))?;
        file.audio.check(packet)?;
        let data = file.data + packet.data.len() as u64;
        let room = file.room(file.header)?;
        if data > room {
            file.patch_sizes(to)?;
            return Err(Error::too_large(format!(
                "An AIFF file holds at most {room} bytes of this audio, and the next packet would \
                 make {data}. The file is complete without it. Use au, caf or wav for longer audio."
            ))
            .in_stream(0));
        }
        to.output().write(&packet.data)?;
        file.data = data;
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("aiff"))?;
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
        file.data = data;
        file.patch_sizes(to)
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_ref().ok_or_else(|| not_started("aiff"))?;
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
    /// Returns the maximum number of bytes of audio after a header of `header` bytes: an even
    /// number of samples that FORM's length can count.
    fn room(&self, header: u64) -> Result<u64> {
        let block = 2 * self.audio.block_size as u64;
        // FORM does not count its first 8 bytes.
        let room = u64::from(u32::MAX) + 8;
        let room = room.checked_sub(header).ok_or_else(|| {
            Error::too_large(format!(
                "The header and its metadata must leave space for audio in the 4 GiB of an AIFF \
                 file. Found: a header of {header} bytes"
            ))
        })?;
        Ok(room / block * block)
    }

    /// Returns the length fields for `data` bytes of audio, at most [`room`](Self::room).
    fn lengths(&self, data: u64) -> Lengths {
        let form = self.header - 8 + data.next_multiple_of(2);
        let frames = self.audio.samples(data);
        // SSND's length includes `offset` and `blockSize`.
        let ssnd = 8 + data;
        [(4, form), (self.fields.frames, frames), (self.fields.ssnd, ssnd)]
            .map(|(at, length)| (at, length as u32))
    }

    /// Writes the current lengths if the output can seek.
    fn patch_sizes(&self, to: &mut dyn Destination) -> Result<()> {
        if !self.seekable || !to.output().can_patch()? {
            return Ok(());
        }
        for (at, length) in self.lengths(self.data) {
            to.output().patch(self.start + at, &length.to_be_bytes())?;
        }
        Ok(())
    }
}
