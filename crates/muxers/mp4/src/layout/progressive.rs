//! Progressive layout: an ordinary file with the media, then the movie box.

use reelwright_core::{Output, Result};

use super::{Layout, file_type, is_chunk_due, write_chunks};
use crate::file::File;
use crate::tables::Samples;
use crate::track::Timed;

/// Empty box before the media data. A 64-bit size replaces it if necessary.
const FREE: [u8; 8] = *b"\0\0\0\x08free";

#[derive(Debug, Default)]
pub(crate) struct Progressive {
    /// Position of the empty box.
    free_at: u64,
}

impl Layout for Progressive {
    fn start(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        let mut boxes = std::mem::take(&mut file.boxes);
        file_type(&mut boxes, file, &[])?;
        self.free_at = output.position() + boxes.len() as u64;
        boxes.extend(FREE);
        // A size of 0 means up to the end of the file.
        boxes.extend(b"\0\0\0\0mdat");
        file.boxes = boxes;
        file.send(output)
    }

    fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
        is_chunk_due(file, index, timed, bytes)
    }

    fn write_batch(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        write_chunks(file, |data| {
            let at = output.position();
            output.write(data).map(|()| at)
        })
    }

    fn finish(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        let mdat_at = self.free_at + FREE.len() as u64;
        let size = output.position() - mdat_at;
        file.movie(Samples::Chunks { shift: 0 })?;
        file.send(output)?;
        match u32::try_from(size) {
            Ok(size) => output.patch(mdat_at, &size.to_be_bytes()),
            Err(_) => {
                let mut header = [0; 16];
                header[..8].copy_from_slice(b"\0\0\0\x01mdat");
                header[8..].copy_from_slice(&(size + FREE.len() as u64).to_be_bytes());
                output.patch(self.free_at, &header)
            }
        }
    }
}
