//! The `w64` muxer: Sony Wave64, which is RIFF/WAVE with GUIDs for ids and lengths of 64 bits.
//!
//! Lengths include the chunk's header of 24 bytes, and chunks start at multiples of 8.

use reelwright_core::helpers::single_stream::not_started;
use reelwright_core::{Destination, Metadata, Muxer, Packet, Result, StreamParameters};

use crate::audio::{AudioStream, OPEN_64};
use crate::{fmt_chunk, info};

const RIFF: [u8; 16] = *b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00";
const WAVE: [u8; 16] = *b"wave\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
const FMT: [u8; 16] = *b"fmt \xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
const FACT: [u8; 16] = *b"fact\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
const DATA: [u8; 16] = *b"data\xF3\xAC\xD3\x11\x8C\xD1\x00\xC0\x4F\x8E\xDB\x8A";
const SUMMARY_LIST: [u8; 16] = *b"\xBC\x94\x5F\x92\x5A\x52\xD2\x11\x86\xDC\x00\xC0\x4F\x8E\xDB\x8A";

/// Size of a chunk's id and length.
const CHUNK_HEADER: u64 = 24;

/// The `w64` muxer.
#[derive(Debug, Default)]
pub(crate) struct Wave64 {
    file: Option<File>,
}

/// State of an open file.
#[derive(Debug)]
struct File {
    audio: AudioStream,
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

impl Muxer for Wave64 {
    fn start(
        &mut self,
        streams: &[StreamParameters],
        tags: &Metadata,
        to: &mut dyn Destination,
    ) -> Result<()> {
        let audio = AudioStream::new("w64", streams)?;
        let output = to.output();
        let seekable = output.is_seekable();
        let mut bytes = Vec::new();
        let mut fact = None;
        bytes.extend(RIFF);
        bytes.extend(OPEN_64.to_le_bytes());
        bytes.extend(WAVE);
        push_chunk(&mut bytes, FMT, &fmt_chunk::body(&audio));
        // A fact chunk without a later patch would be wrong.
        if !audio.is_integer_pcm() && seekable {
            push_chunk(&mut bytes, FACT, &0u64.to_le_bytes());
            fact = Some(bytes.len() as u64 - 8);
        }
        if let Some(list) = summary_list(tags)? {
            push_chunk(&mut bytes, SUMMARY_LIST, &list);
        }
        bytes.extend(DATA);
        bytes.extend(OPEN_64.to_le_bytes());
        let header = bytes.len() as u64;
        let start = output.position();
        let (data, padding, has_length) = (0, 0, false);
        self.file = Some(File { audio, seekable, start, header, fact, data, padding, has_length });
        output.write(&bytes)
    }

    fn write(&mut self, packet: &Packet, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("w64"))?;
        file.audio.pcm.check(packet)?;
        to.output().write(&packet.data)?;
        file.data += packet.data.len() as u64;
        file.padding += u64::from(packet.trim_end);
        Ok(())
    }

    fn flush(&mut self, to: &mut dyn Destination) -> Result<()> {
        let file = self.file.as_mut().ok_or_else(|| not_started("w64"))?;
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
        // No aligned chunk follows, and some readers play padding.
        self.file.as_ref().ok_or_else(|| not_started("w64"))?.patch_sizes(to)?;
        self.file = None;
        Ok(())
    }
}

impl File {
    /// Writes the current lengths if the output can seek.
    fn patch_sizes(&self, to: &mut dyn Destination) -> Result<()> {
        let output = to.output();
        if !self.seekable || !output.can_patch()? {
            return Ok(());
        }
        if let Some(fact) = self.fact {
            let samples = self.audio.pcm.samples(self.data).saturating_sub(self.padding);
            output.patch(self.start + fact, &samples.to_le_bytes())?;
        }
        let data = CHUNK_HEADER + self.data;
        output.patch(self.start + self.header - 8, &data.to_le_bytes())?;
        let riff = self.header + self.data;
        output.patch(self.start + 16, &riff.to_le_bytes())
    }
}

/// Appends a chunk, padded to a multiple of 8 bytes. As in FFmpeg, the length includes the padding:
/// some readers do not round up to the next chunk.
fn push_chunk(bytes: &mut Vec<u8>, id: [u8; 16], body: &[u8]) {
    let length = CHUNK_HEADER + (body.len() as u64).next_multiple_of(8);
    bytes.extend(id);
    bytes.extend(length.to_le_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}

/// Returns the body of the summary list: INFO's ids, with NUL-terminated texts in UTF-16.
fn summary_list(tags: &Metadata) -> Result<Option<Vec<u8>>> {
    let entries = info::entries(tags);
    if entries.is_empty() {
        return Ok(None);
    }
    let mut body = info::length(entries.len())?.to_le_bytes().to_vec();
    for (id, value) in entries {
        let text: Vec<u8> = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        body.extend(id);
        body.extend(info::length(text.len())?.to_le_bytes());
        body.extend(text);
    }
    Ok(Some(body))
}
