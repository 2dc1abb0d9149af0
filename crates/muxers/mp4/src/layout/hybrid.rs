//! Hybrid layout: fragmented while it is written, an ordinary file when finished. If writing stops
//! early, all complete fragments are playable. At the end, the muxer appends a movie box with all
//! samples, whose chunks are the fragments' data. It then adds the header of a media data box at
//! the start, which hides the boxes of the fragments.

use reelwright_core::{Output, Result};

use super::fragmented::Fragments;
use super::{CHUNK_MICROS, FRAGMENTS, Layout, file_type};
use crate::boxes::{append, boxed};
use crate::chapter_track;
use crate::file::File;
use crate::fragment::MDAT_HEADER;
use crate::options::Settings;
use crate::tables::Samples;
use crate::track::Timed;

/// Empty box that the header of the media data box replaces.
const FREE: [u8; 16] = *b"\0\0\0\x10free\0\0\0\0\0\0\0\0";

#[derive(Debug)]
pub(crate) struct Hybrid {
    fragments: Fragments,
    /// Position of the empty box.
    free_at: u64,
}

impl Hybrid {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { fragments: Fragments::new(settings, CHUNK_MICROS), free_at: 0 }
    }
}

impl Layout for Hybrid {
    fn start(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        let mut boxes = std::mem::take(&mut file.boxes);
        file_type(&mut boxes, file, &FRAGMENTS)?;
        self.free_at = output.position() + boxes.len() as u64;
        boxes.extend(FREE);
        file.boxes = boxes;
        file.send(output)
    }

    fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
        self.fragments.is_due(file, index, timed, bytes)
    }

    fn write_batch(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        self.fragments.write(file, output)?;
        let mut at = output.position() - file.batch_bytes() as u64;
        for track in &mut file.tracks {
            if track.batch.count > 0 {
                track.tables.chunk(at, track.batch.count);
                at += track.batch.data.len() as u64;
                track.batch_is_written();
            }
        }
        // A playable fragment must reach the output immediately.
        output.flush()
    }

    fn add_chapters(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        if !output.can_patch()? {
            return Ok(());
        }
        // If the disk is full, the fragments remain playable.
        output.mark_playable();
        chapter_track::add_track(file)?;
        // Fragments have no such track. Until the end of the file is complete, this is data without
        // references.
        let data = std::mem::take(&mut file.tracks.last_mut().expect("one was added").batch.data);
        boxed(&mut file.boxes, b"mdat", |out| append(out, &data))?;
        let at = output.position() + MDAT_HEADER as u64;
        file.send(output)?;
        let track = file.tracks.last_mut().expect("one was added");
        track.tables.chunk(at, track.batch.count);
        track.batch_is_written();
        Ok(())
    }

    fn finish(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        if !output.can_patch()? {
            // The fragments are playable already.
            return self.fragments.header(file, output);
        }
        // If the disk is full, the fragments remain playable.
        output.mark_playable();
        let size = output.position() - self.free_at;
        file.movie(Samples::Chunks { shift: 0 })?;
        file.send(output)?;
        // All data must be durable before the last patch, of which any part may be written after a
        // crash. The length is already in place, in a box that readers skip.
        output.patch(self.free_at + 8, &size.to_be_bytes())?;
        output.sync()?;
        output.patch(self.free_at, b"\0\0\0\x01mdat")?;
        output.sync()
    }
}
