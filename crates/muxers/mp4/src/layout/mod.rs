//! How boxes and packets are arranged in a file.

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
use crate::flavour::Flavour;
use crate::track::Timed;

/// An arrangement. The tracks gather packets in batches; the layout says when a batch is written,
/// and how.
pub(crate) trait Layout: Send {
    /// Writes what comes before the first packet.
    ///
    /// # Errors
    /// The output's.
    fn start(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()>;

    /// Whether the batch ends before this packet of `bytes` bytes, which is of track `index`.
    fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool;

    /// Writes the batch.
    ///
    /// # Errors
    /// The output's, and more than the fields hold.
    fn write_batch(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()>;

    /// Adds the track of chapters to a file whose packets are all written, and writes its samples, if
    /// the movie box is written at the end.
    ///
    /// # Errors
    /// As [`write_batch`](Self::write_batch).
    fn add_chapters(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        chapter_track::add_track(file)?;
        self.write_batch(file, output)
    }

    /// Writes what comes after the last packet.
    ///
    /// # Errors
    /// As [`write_batch`](Self::write_batch).
    fn finish(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()>;
}

/// Chunks end after this long, in microseconds, or this many bytes: tracks are interleaved, and a
/// player has all it needs for a moment in one place.
const CHUNK_MICROS: i64 = 500_000;
const CHUNK_BYTES: usize = 4 << 20;

/// Whether a batch of chunks ends before this packet.
fn is_chunk_due(file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
    let track = &file.tracks[index];
    let is_long = track.batch_length(timed.dts) >= track.clock.of_micros(CHUNK_MICROS);
    (file.sets_pace(index) && is_long) || file.batch_bytes() + bytes > CHUNK_BYTES
}

/// The brands of fragments: offsets from the fragment's own beginning, and signed times.
const FRAGMENTS: [[u8; 4]; 2] = [*b"iso5", *b"iso6"];

/// Appends the file type box (ISO/IEC 14496-12 §4.3), with the brands that the layout asks for.
///
/// # Errors
/// None; as [`boxed`].
fn file_type(out: &mut Bytes, file: &File, of_layout: &[[u8; 4]]) -> Result<()> {
    let flavour: &Flavour = file.movie.flavour;
    let has = |codec| file.streams.iter().any(|stream| stream.codec == codec);
    // Apple's files with pictures have a brand of their own.
    let has_video = file.tracks.iter().any(|track| track.is_video());
    let major = if has_video { flavour.major_of_video } else { flavour.major };
    boxed(out, b"ftyp", |out| {
        out.extend(major);
        out.extend(flavour.minor.to_be_bytes());
        out.extend(major);
        out.extend(flavour.compatible.iter().flatten());
        if has(reelwright_core::CodecId::H264) && !flavour.is_quicktime() {
            out.extend(b"avc1");
        }
        if has(reelwright_core::CodecId::Av1) {
            out.extend(b"av01");
        }
        out.extend(of_layout.iter().flatten());
        Ok(())
    })
}

/// Writes the tracks' batches one after the other and notes them as chunks.
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
