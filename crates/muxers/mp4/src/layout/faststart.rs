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
        let header = media_header(media.length());
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
            let after = start + (file.boxes.len() + header.len()) as u64;
            if after == shift {
                break;
            }
            shift = after;
        }
        file.boxes.extend(header);
        file.send(output)?;
        media.copy(output)
    }
}

/// Returns the header of a media data box that holds `length` bytes.
fn media_header(length: u64) -> Vec<u8> {
    match u32::try_from(length + 8) {
        Ok(size) => [size.to_be_bytes(), *b"mdat"].concat(),
        Err(_) => [*b"\0\0\0\x01mdat", (length + 16).to_be_bytes()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_64_bits_only_if_necessary() {
        // ISO/IEC 14496-12 §4.2: the size is of the whole box; 1 says that 64 bits follow the type.
        assert_eq!(media_header(0), b"\0\0\0\x08mdat");
        assert_eq!(media_header(0xFFFF_FFF7), b"\xff\xff\xff\xffmdat");
        assert_eq!(media_header(0xFFFF_FFF8), b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\x08");
    }
}
