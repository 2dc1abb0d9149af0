//! Layouts: the arrangement of boxes and packets in a file.

mod faststart;
mod fragmented;
mod hybrid;
mod open;
mod progressive;

pub(crate) use open::open;

use reelwright_core::{Output, Result};

use crate::boxes::{Bytes, boxed};
use crate::chapter_track;
use crate::file::File;
use crate::flavor::Flavor;
use crate::track::Timed;

/// A layout of boxes and packets. Tracks collect packets in batches. The layout decides when and
/// how to write a batch.
pub(crate) trait Layout: Send {
    /// Writes the data before the first packet.
    ///
    /// # Errors
    /// Fails if the output fails.
    fn start(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()>;

    /// Returns whether the batch ends before this packet of `bytes` bytes, which belongs to track
    /// `index`.
    fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool;

    /// Writes the batch.
    ///
    /// # Errors
    /// Fails if the output fails, or if a value does not fit in its field.
    fn write_batch(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()>;

    /// Adds the chapter track to a file after its last packet. Also writes its samples if the movie
    /// box is at the end.
    ///
    /// # Errors
    /// The same errors as [`write_batch`](Self::write_batch).
    fn add_chapters(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        chapter_track::add_track(file)?;
        self.write_batch(file, output)
    }

    /// Writes the data after the last packet.
    ///
    /// # Errors
    /// The same errors as [`write_batch`](Self::write_batch).
    fn finish(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()>;
}

/// Maximum duration of chunks in microseconds, and their maximum size in bytes. Short chunks
/// interleave the tracks, so that a player reads the data of a moment in one place.
const CHUNK_MICROS: i64 = 500_000;
const CHUNK_BYTES: usize = 4 << 20;

/// Returns whether a batch of chunks ends before this packet.
fn is_chunk_due(file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
    let track = &file.tracks[index];
    let is_long = track.batch_length(timed.dts) >= track.clock.of_micros(CHUNK_MICROS);
    (is_long && file.sets_pace(index)) || file.batch_bytes() + bytes > CHUNK_BYTES
}

/// Brands of fragmented files: offsets relative to the fragment, and signed times.
const FRAGMENTS: [[u8; 4]; 2] = [*b"iso5", *b"iso6"];

/// Appends the file type box (ISO/IEC 14496-12 §4.3), with the brands of the layout.
///
/// # Errors
/// None in practice.
fn file_type(out: &mut Bytes, file: &File, of_layout: &[[u8; 4]]) -> Result<()> {
    let flavor: &Flavor = file.movie.flavor;
    let has = |codec| file.streams.iter().any(|stream| stream.codec == codec);
    // Apple's files with video have a separate brand.
    let has_video = file.tracks.iter().any(|track| track.is_video());
    let major = if has_video { flavor.major_of_video } else { flavor.major };
    boxed(out, b"ftyp", |out| {
        out.extend(major);
        out.extend(flavor.minor.to_be_bytes());
        out.extend(major);
        out.extend(flavor.compatible.iter().flatten());
        if has(reelwright_core::CodecId::H264) && !flavor.is_quicktime() {
            out.extend(b"avc1");
        }
        if has(reelwright_core::CodecId::Av1) {
            out.extend(b"av01");
        }
        out.extend(of_layout.iter().flatten());
        Ok(())
    })
}

/// Writes the tracks' batches one after the other, and adds them to the tables as chunks.
fn write_chunks(file: &mut File, mut write: impl FnMut(&[u8]) -> Result<u64>) -> Result<()> {
    for track in &mut file.tracks {
        if track.batch.count == 0 {
            continue;
        }
        let at = write(&track.batch.data)?;
        track.tables.chunk(at, track.batch.count);
        track.batch_is_written();
    }
    Ok(())
}
