//! The `aiff` muxer: a header, the sound, and lengths that are mended where they can be.

use reelwright_core::helpers::single_stream::{BlockStream, not_started};
use reelwright_core::{
    CodecId, Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters,
};

use crate::chunk::{self, Fields};

/// The sample encodings there are names for.
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

/// A file that was started.
#[derive(Debug)]
struct File {
    sound: BlockStream,
    seekable: bool,
    /// Where the file starts in the output.
    start: u64,
    /// The bytes in front of the sound.
    header: u64,
    fields: Fields,
    /// The bytes of sound.
    data: u64,
    /// True if the header states a length, which then must stay true.
    has_length: bool,
}

/// What the fields say: FORM's length, the number of sample frames, SSND's length.
type Lengths = [(u64, u32); 3];

impl Muxer for Aiff {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let sound = BlockStream::new("aiff", streams, CODECS)?;
        let (mut bytes, fields) = chunk::header(&sound, tags)?;
        let output = to.output();
        let (start, header) = (output.position(), bytes.len() as u64);
        let seekable = output.is_seekable();
        let (data, has_length) = (0, false);
        let file = File { sound, seekable, start, header, fields, data, has_length };
        let mut open = file.lengths(file.room(header)?);
        // FFmpeg refuses more frames than an `int` holds.
        open[1].1 = open[1].1.min(i32::MAX as u32);
        for (at, length) in open {
            bytes[at as usize..][..4].copy_from_slice(&length.to_be_bytes());
        }
        self.file = Some(file);
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("aiff"))?;
        file.sound.check(packet)?;
        let data = file.data + packet.data.len() as u64;
        let room = file.room(file.header)?;
        if data > room {
            file.patch_sizes(to)?;
            return Err(Error::too_large(format!(
                "An AIFF file holds at most {room} bytes of this sound, and the next packet would \
                 make {data}. The file is whole without it. Longer sound fits in au, caf or wav."
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
        file.data = data;
        file.patch_sizes(to)
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_ref().ok_or_else(|| not_started("aiff"))?;
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
    /// The most bytes of sound that FORM's length can count behind `header` bytes: whole samples,
    /// and an even number of them.
    fn room(&self, header: u64) -> Result<u64> {
        let block = 2 * self.sound.block as u64;
        // FORM does not count its first 8 bytes.
        let room = u64::from(u32::MAX) + 8;
        let room = room.checked_sub(header).ok_or_else(|| {
            Error::too_large(format!(
                "Metadata must leave room for sound in the 4 GiB of an AIFF file. Found: a header \
                 of {header} bytes"
            ))
        })?;
        Ok(room / block * block)
    }

    /// The fields' places and what they say of `data` bytes of sound, no more than
    /// [`room`](Self::room).
    fn lengths(&self, data: u64) -> Lengths {
        let form = self.header - 8 + data.next_multiple_of(2);
        let frames = self.sound.samples(data);
        // SSND counts its `offset` and `blockSize`.
        let sound = 8 + data;
        [(4, form), (self.fields.frames, frames), (self.fields.sound, sound)]
            .map(|(at, length)| (at, length as u32))
    }

    /// Writes the lengths as they are now, where the output lets us.
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
