//! The `caf` muxer.

use reelwright_core::helpers::single_stream::{self, not_started};
use reelwright_core::{Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters};

use crate::chunk;
use crate::packet_table::PacketTable;
use crate::sound::Sound;

/// The data chunk's edit count, which its length includes.
const EDIT_COUNT: u64 = 4;

/// The `caf` muxer.
#[derive(Debug, Default)]
pub(crate) struct Caf {
    file: Option<File>,
}

/// A file that was started.
#[derive(Debug)]
struct File {
    sound: Sound,
    table: PacketTable,
    seekable: bool,
    /// Where the data chunk's length is in the output.
    size_at: u64,
    /// The bytes of sound.
    data: u64,
    /// True if the header states a length, which then must stay true.
    has_length: bool,
}

impl Muxer for Caf {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let sound = Sound::new(streams)?;
        let bytes = chunk::header(&sound, tags)?;
        let output = to.output();
        if let (Sound::Alac(..), false) = (sound, output.is_seekable()) {
            return Err(Error::unsupported(
                "caf with alac needs an output that can seek: the lengths of the packets come \
                 last. Write a file, or pcm.",
            ));
        }
        let size_at = output.position() + bytes.len() as u64 - EDIT_COUNT - 8;
        let (table, seekable) = (PacketTable::default(), output.is_seekable());
        let (data, has_length) = (0, false);
        self.file = Some(File { sound, table, seekable, size_at, data, has_length });
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("caf"))?;
        match &file.sound {
            Sound::Pcm(pcm) => pcm.check(packet)?,
            Sound::Alac(config, _) => {
                single_stream::check(packet)?;
                if !(0..=i64::from(config.frame_length)).contains(&packet.duration) {
                    return Err(Error::chunk(format!(
                        "A packet of alac must last from 0 to {} samples. Found: {}",
                        config.frame_length, packet.duration
                    ))
                    .in_stream(0));
                }
            }
        }
        to.output().write(&packet.data)?;
        if let Sound::Alac(..) = file.sound {
            file.table.add(packet);
        }
        file.data += packet.data.len() as u64;
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("caf"))?;
        file.has_length = true;
        file.patch_size(to)?;
        to.output().flush()
    }

    fn hand_on(&mut self, to: &mut dyn Destination) -> Result<()> {
        match &self.file {
            Some(file) if file.has_length => file.patch_size(to)?,
            _ => {}
        }
        to.output().flush()
    }

    fn mend(&mut self, length: u64, to: &mut dyn Destination) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let begin = file.size_at + 8 + EDIT_COUNT;
        let (Some(data), Sound::Pcm(_)) = (length.checked_sub(begin), &file.sound) else {
            return Ok(());
        };
        file.data = data;
        file.patch_size(to)
    }

    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_ref().ok_or_else(|| not_started("caf"))?;
        file.patch_size(to)?;
        if let Sound::Alac(config, _) = Sound::new(streams)? {
            let output = to.output();
            output.write(&file.table.to_chunk(config.frame_length))?;
            // The largest packet and the average rate are known now.
            let at = file.size_at - 4 - config.to_bytes().len() as u64;
            output.patch(at, &config.to_bytes())?;
        }
        self.file = None;
        Ok(())
    }
}

impl File {
    /// Writes the length as it is now, where the output lets us.
    fn patch_size(&self, to: &mut dyn Destination) -> Result<()> {
        // The lengths of ALAC's packets come last, and are found by the patched length alone.
        let needs_patch = matches!(self.sound, Sound::Alac(..));
        if !self.seekable || !(needs_patch || to.output().can_patch()?) {
            return Ok(());
        }
        to.output().patch(self.size_at, &(EDIT_COUNT + self.data).to_be_bytes())
    }
}
