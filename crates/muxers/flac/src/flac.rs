//! The `flac` muxer.

use reelwright_core::helpers::single_stream::{self, not_started};
use reelwright_core::{
    CodecId, CodecRecord, Destination, Error, FlacStreamInfo, Metadata, Muxer, Packet, Result,
    StreamParameters, TimeBase, Timestamp, helpers::VorbisComment,
};

use crate::block::{self, BlockType};
use crate::seek_table::SeekTable;

/// Position of STREAMINFO's body: after `fLaC` and a block header.
const STREAM_INFO_AT: u64 = 8;

/// Position of the seek table's body: after STREAMINFO and another block header.
const SEEK_TABLE_AT: u64 = STREAM_INFO_AT + 34 + 4;

/// Configuration of the blocks before the frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    /// Bytes in the padding block; 0 omits the block.
    pub(crate) padding: u32,
    /// Seconds between seek points; 0 omits the table.
    pub(crate) seek_interval: u32,
}

/// The `flac` muxer.
#[derive(Debug)]
pub(crate) struct Flac {
    header: Option<Header>,
    file: Option<File>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    /// Position of the file in the output, if it has a header that can be patched.
    start: Option<u64>,
    seek_table: Option<SeekTable>,
    /// Unit of the packets' durations.
    time_base: TimeBase,
    /// Unit of the seek table.
    sample: TimeBase,
}

impl Flac {
    pub(crate) const fn new(header: Option<Header>) -> Self {
        Self { header, file: None }
    }
}

impl Muxer for Flac {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let (stream, info) = only_stream(streams)?;
        let output = to.output();
        let mut file = File {
            start: None,
            seek_table: None,
            time_base: stream.time_base,
            sample: TimeBase::from_sample_rate(info.sample_rate)?,
        };
        let Some(header) = self.header else {
            self.file = Some(file);
            return Ok(());
        };
        let mut bytes = b"fLaC".to_vec();
        block::push(&mut bytes, BlockType::StreamInfo, &info.to_bytes(), false)?;
        if header.seek_interval > 0 {
            if !output.is_seekable() {
                return Err(Error::unsupported(
                    "Option seek_interval requires a seekable output, because the seek table \
                     precedes the frames. Pass 0, or write to a file.",
                ));
            }
            let spacing = u64::from(header.seek_interval) * u64::from(info.sample_rate);
            let table = SeekTable::new(spacing);
            block::push(&mut bytes, BlockType::SeekTable, &table.body(), false)?;
            file.seek_table = Some(table);
        }
        let mut comment = VorbisComment::new(tags)?;
        if let Some(audio) = stream.audio() {
            comment.push_flac_channel_mask(audio.format.layout);
        }
        let cover = tags.cover();
        let is_last = header.padding == 0;
        let comment = comment.to_bytes()?;
        block::push(&mut bytes, BlockType::VorbisComment, &comment, is_last && cover.is_none())?;
        if let Some(cover) = cover {
            block::push(&mut bytes, BlockType::Picture, &cover.to_flac_block(), is_last)?;
        }
        if header.padding > 0 {
            let padding = vec![0; header.padding as usize];
            block::push(&mut bytes, BlockType::Padding, &padding, true)?;
        }
        file.start = output.is_seekable().then(|| output.position());
        self.file = Some(file);
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("flac"))?;
        single_stream::check(packet)?;
        to.output().write(&packet.data)?;
        if let Some(table) = &mut file.seek_table {
            let samples = file.time_base.rescale(Timestamp(packet.duration), file.sample);
            let samples = u16::try_from(samples.0).ok().filter(|&samples| samples > 0);
            table.add(samples, packet.data.len() as u64);
        }
        Ok(())
    }

    fn finish(&mut self, streams: &[StreamParameters], to: &mut dyn Destination) -> Result<()> {
        let file = self.file.take().ok_or_else(|| not_started("flac"))?;
        let Some(start) = file.start else { return Ok(()) };
        let (_, info) = only_stream(streams)?;
        if !to.output().can_patch()? {
            return Ok(());
        }
        to.output().patch(start + STREAM_INFO_AT, &info.to_bytes())?;
        if let Some(table) = &file.seek_table {
            to.output().patch(start + SEEK_TABLE_AT, &table.body())?;
        }
        Ok(())
    }
}

/// Returns the single stream of a file, with its STREAMINFO.
///
/// # Errors
/// Fails unless there is one stream of FLAC, and its values fit in the fields of STREAMINFO.
fn only_stream(streams: &[StreamParameters]) -> Result<(&StreamParameters, &FlacStreamInfo)> {
    let stream = single_stream::only("flac", streams)?;
    let (CodecId::Flac, CodecRecord::Flac(info)) = (stream.codec, &stream.record) else {
        return Err(Error::unsupported(format!(
            "flac supports packets of flac with its STREAMINFO. Found: {}",
            stream.codec
        ))
        .in_stream(0));
    };
    let fits = (1..1 << 20).contains(&info.sample_rate)
        && (1..=8).contains(&info.channels)
        && (4..=32).contains(&info.bits_per_sample);
    if !fits {
        return Err(Error::unsupported(format!(
            "flac does not support {} channels of {} bits at {} Hz. Supported values are 1 to 8 \
             channels of 4 to 32 bits at 1 to 1048575 Hz.",
            info.channels, info.bits_per_sample, info.sample_rate
        ))
        .in_stream(0));
    }
    Ok((stream, info))
}
