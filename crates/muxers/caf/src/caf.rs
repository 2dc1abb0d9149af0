//! The `caf` muxer.

use reelwright_core::helpers::single_stream::{self, not_started};
use reelwright_core::{Destination, Error, Metadata, Muxer, Packet, Result, StreamParameters};

use crate::audio::AudioStream;
use crate::chunk;
use crate::packet_table::PacketTable;

/// Size of the data chunk's edit count, which its length includes.
const EDIT_COUNT: u64 = 4;

/// The `caf` muxer.
#[derive(Debug, Default)]
pub(crate) struct Caf {
    file: Option<File>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    audio: AudioStream,
    table: PacketTable,
    seekable: bool,
    /// Position in the output of the data chunk's length.
    size_at: u64,
    /// Number of bytes of audio.
    data: u64,
    /// Set if the header states a length, which must stay correct.
    has_length: bool,
}

impl Muxer for Caf {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let audio = AudioStream::new(streams)?;
        let bytes = chunk::header(&audio, tags)?;
        let output = to.output();
        if let (AudioStream::Alac(..), false) = (audio, output.is_seekable()) {
            return Err(Error::unsupported(
                "caf with alac requires a seekable output, because the packet table follows the \
                 audio. Write to a file, or use pcm.",
            ));
        }
        let size_at = output.position() + bytes.len() as u64 - EDIT_COUNT - 8;
        let (table, seekable) = (PacketTable::default(), output.is_seekable());
        let (data, has_length) = (0, false);
        self.file = Some(File { audio, table, seekable, size_at, data, has_length });
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("caf"))?;
        match &file.audio {
            AudioStream::Pcm(pcm) => pcm.check(packet)?,
            AudioStream::Alac(config, _) => {
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
        if let AudioStream::Alac(..) = file.audio {
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

    fn flush_output(&mut self, to: &mut dyn Destination) -> Result<()> {
        match &self.file {
            Some(file) if file.has_length => file.patch_size(to)?,
            _ => {}
        }
        to.output().flush()
    }

    fn patch_header(&mut self, length: u64, to: &mut dyn Destination) -> Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let begin = file.size_at + 8 + EDIT_COUNT;
        let (Some(data), AudioStream::Pcm(_)) = (length.checked_sub(begin), &file.audio) else {
            return Ok(());
        };
        file.data = data;
        file.patch_size(to)
    }

    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_ref().ok_or_else(|| not_started("caf"))?;
        file.patch_size(to)?;
        if let AudioStream::Alac(config, _) = AudioStream::new(streams)? {
            let output = to.output();
            output.write(&file.table.to_chunk(config.frame_length))?;
            // The maximum packet size and the average bit rate are known now.
            let at = file.size_at - 4 - config.to_bytes().len() as u64;
            output.patch(at, &config.to_bytes())?;
        }
        self.file = None;
        Ok(())
    }
}

impl File {
    /// Writes the current length if the output can seek.
    fn patch_size(&self, to: &mut dyn Destination) -> Result<()> {
        // ALAC's packet table is at the end. Readers find it only by the patched length.
        let needs_patch = matches!(self.audio, AudioStream::Alac(..));
        if !self.seekable || !(needs_patch || to.output().can_patch()?) {
            return Ok(());
        }
        to.output().patch(self.size_at, &(EDIT_COUNT + self.data).to_be_bytes())
    }
}
