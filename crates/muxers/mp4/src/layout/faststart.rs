//! An ordinary file that plays while it is loaded: the movie box, then the media, which waits in a
//! temporary file until all is known.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};

use reelwright_core::{Error, Output, Result};

use super::{Layout, file_type, is_chunk_due, write_chunks};
use crate::movie::Samples;
use crate::muxer::File;
use crate::track::Timed;

/// Bytes that are copied at a time.
const COPY: usize = 1 << 18;

#[derive(Debug, Default)]
pub(crate) struct FastStart {
    media: Option<fs::File>,
    length: u64,
}

/// The error of the temporary file.
fn failed(error: std::io::Error) -> Error {
    Error::io("Failed to use a temporary file for the media, which faststart needs", error)
}

impl Layout for FastStart {
    fn start(&mut self, _: &mut File, _: &mut dyn Output) -> Result<()> {
        self.media = Some(tempfile::tempfile().map_err(failed)?);
        Ok(())
    }

    fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
        is_chunk_due(file, index, timed, bytes)
    }

    fn write_batch(&mut self, file: &mut File, _: &mut dyn Output) -> Result<()> {
        let Some(media) = &mut self.media else { return Ok(()) };
        let length = &mut self.length;
        write_chunks(file, |data| {
            media.write_all(data).map_err(failed)?;
            let at = *length;
            *length += data.len() as u64;
            Ok(at)
        })
    }

    fn finish(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        let header = if self.length + 8 > u64::from(u32::MAX) { 16 } else { 8 };
        let start = output.position();
        let mut boxes = std::mem::take(&mut file.boxes);
        file_type(&mut boxes, file, false)?;
        file.boxes = boxes;
        let before = file.boxes.len();
        // The movie box grows where offsets need more than 32 bits, which its size may bring about.
        let mut shift = start;
        loop {
            file.boxes.truncate(before);
            file.movie(Samples::Chunks { shift })?;
            let after = start + file.boxes.len() as u64 + header;
            if after == shift {
                break;
            }
            shift = after;
        }
        if header == 16 {
            file.boxes.extend(b"\0\0\0\x01mdat");
            file.boxes.extend((self.length + header).to_be_bytes());
        } else {
            file.boxes.extend(((self.length + header) as u32).to_be_bytes());
            file.boxes.extend(b"mdat");
        }
        file.send(output)?;
        let Some(mut media) = self.media.take() else { return Ok(()) };
        media.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut left = self.length;
        let mut buffer = vec![0; COPY];
        while left > 0 {
            let part = left.min(COPY as u64) as usize;
            media.read_exact(&mut buffer[..part]).map_err(failed)?;
            output.write(&buffer[..part])?;
            left -= part as u64;
        }
        Ok(())
    }
}
