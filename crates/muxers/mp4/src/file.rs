//! State of an open file.

use reelwright_core::{Output, Result, StreamParameters};

use crate::movie::Movie;
use crate::subtitle::Subtitles;
use crate::tables::Samples;
use crate::track::{Kind, Track};

/// An open file in any layout.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) movie: Movie,
    pub(crate) streams: Vec<StreamParameters>,
    pub(crate) tracks: Vec<Track>,
    pub(crate) subtitles: Vec<Subtitles>,
    /// Boxes that are not written yet.
    pub(crate) boxes: Vec<u8>,
}

impl File {
    /// Appends the movie box to the unwritten boxes.
    ///
    /// # Errors
    /// The same errors as [`Movie::write`].
    pub(crate) fn movie(&mut self, samples: Samples) -> Result<()> {
        self.movie.write(&mut self.boxes, &self.tracks, &self.streams, samples)
    }

    /// Writes the unwritten boxes.
    ///
    /// # Errors
    /// Fails if the output fails.
    pub(crate) fn send(&mut self, output: &mut dyn Output) -> Result<()> {
        let sent = output.write(&self.boxes);
        self.boxes.clear();
        sent
    }

    /// Returns whether packets wait to be written.
    pub(crate) fn has_batch(&self) -> bool {
        self.tracks.iter().any(|track| track.batch.count > 0)
    }

    /// Returns whether a track's time may end a batch. Subtitles are too sparse, unless there are
    /// no other tracks.
    pub(crate) fn sets_pace(&self, index: usize) -> bool {
        let is_sparse = |track: &Track| track.kind == Kind::Subtitle;
        !is_sparse(&self.tracks[index]) || self.tracks.iter().all(is_sparse)
    }

    /// Returns the total size of the packets that wait to be written.
    pub(crate) fn batch_bytes(&self) -> usize {
        self.tracks.iter().map(|track| track.batch.data.len()).sum()
    }
}
