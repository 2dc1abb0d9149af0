//! The `caf` muxer.

use reelwright_core::single_stream::{PcmStream, not_started};
use reelwright_core::{Destination, Metadata, Muxer, Packet, Result, StreamParameters};

use crate::chunk;

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
    sound: PcmStream,
    seekable: bool,
    /// Where the data chunk's length is in the output.
    size_at: u64,
    /// The bytes of sound.
    data: u64,
}

impl Muxer for Caf {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let sound = PcmStream::new("caf", streams, crate::CODECS)?;
        let bytes = chunk::header(&sound, tags)?;
        let output = to.output();
        let size_at = output.position() + bytes.len() as u64 - EDIT_COUNT - 8;
        self.file = Some(File { sound, seekable: output.is_seekable(), size_at, data: 0 });
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("caf"))?;
        file.sound.check(packet)?;
        to.output().write(&packet.data)?;
        file.data += packet.data.len() as u64;
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        self.file.as_ref().ok_or_else(|| not_started("caf"))?.patch_size(to)?;
        to.output().flush()
    }

    fn finish(&mut self, _: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        self.file.take().ok_or_else(|| not_started("caf"))?.patch_size(to)
    }
}

impl File {
    /// Writes the length as it is now, where the output lets us.
    fn patch_size(&self, to: &mut dyn Destination) -> Result<()> {
        if !self.seekable {
            return Ok(());
        }
        to.output().patch(self.size_at, &(EDIT_COUNT + self.data).to_be_bytes())
    }
}
