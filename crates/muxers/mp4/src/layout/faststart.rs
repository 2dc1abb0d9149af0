//! Layout for progressive download: the movie box, then the media, which waits in a spool until the
//! movie box is complete.

use reelwright_core::{Output, Result, helpers::Spool};

use super::{Layout, file_type, is_chunk_due, write_chunks};
use crate::file::File;
use crate::tables::Samples;
use crate::track::Timed;

#[derive(Debug, Default)]
pub(crate) struct FastStart {
    media: Option<Spool>,
}

impl Layout for FastStart {
    fn start(&mut self, _: &mut File, _: &mut dyn Output) -> Result<()> {
        self.media = Some(Spool::new("faststart")?);
        Ok(())
    }

    fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
        is_chunk_due(file, index, timed, bytes)
    }

    fn write_batch(&mut self, file: &mut File, _: &mut dyn Output) -> Result<()> {
        let Some(media) = &mut self.media else { return Ok(()) };
        write_chunks(file, |data| media.append(data))
    }

    fn finish(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        let Some(media) = self.media.take() else { return Ok(()) };
        let header: u64 = if media.length() + 8 > u64::from(u32::MAX) { 16 } else { 8 };
        let start = output.position();
        let mut boxes = std::mem::take(&mut file.boxes);
        file_type(&mut boxes, file, &[])?;
        file.boxes = boxes;
        let before = file.boxes.len();
        // The movie box grows if offsets need 64 bits, which its own size may cause.
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
        let size = media.length() + header;
        if header == 16 {
            file.boxes.extend(b"\0\0\0\x01mdat");
            file.boxes.extend(size.to_be_bytes());
        } else {
            file.boxes.extend((size as u32).to_be_bytes());
            file.boxes.extend(b"mdat");
        }
        file.send(output)?;
        media.copy(output)
    }
}
