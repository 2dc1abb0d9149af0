//! Fragmented layout: a movie box without samples, then fragments. Nothing is patched later, so the
//! output need not be seekable, and an incomplete file is playable.

use reelwright_core::{Error, Output, Result};

use super::{FRAGMENTS, Layout, file_type};
use crate::file::File;
use crate::fragment;
use crate::options::{FragmentRule, Settings};
use crate::random_access::RandomAccess;
use crate::tables::Samples;
use crate::track::{Kind, Timed, Track};

/// Default maximum duration of fragments in microseconds: if keyframes should end them, and if not.
const LONGEST_BY_KEYFRAMES: i64 = 5_000_000;
const LONGEST: i64 = 1_000_000;

/// Maximum time in microseconds by which audio may begin before 0 if its first packet arrives after
/// the header: the encoder's delay. Video has none.
const LATE_TRACK_MICROS: i64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Fragmented {
    fragments: Fragments,
    index: RandomAccess,
    settings: Settings,
}

impl Fragmented {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            fragments: Fragments::new(settings, LONGEST),
            settings: *settings,
            index: RandomAccess::default(),
        }
    }
}

impl Layout for Fragmented {
    fn start(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        if self.settings.rule.at_keyframes && file.tracks.iter().any(|track| track.is_video()) {
            self.fragments = Fragments::new(&self.settings, LONGEST_BY_KEYFRAMES);
        }
        let mut brands = FRAGMENTS.to_vec();
        if self.settings.is_cmaf {
            // ISO/IEC 23000-19 §7.3.1: one track per file.
            if file.tracks.len() != 1 {
                return Err(Error::unsupported(format!(
                    "movflags cmaf supports only files of one stream. Found: {}. Write each stream to \
                     a separate file.",
                    file.tracks.len()
                )));
            }
            brands.push(*b"cmfc");
        }
        let mut boxes = std::mem::take(&mut file.boxes);
        file_type(&mut boxes, file, &brands)?;
        file.boxes = boxes;
        file.send(output)
    }

    fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
        self.fragments.is_due(file, index, timed, bytes)
    }

    fn write_batch(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        let at = self.fragments.write(file, output)?;
        if !self.settings.skip_trailer {
            self.index.note(&file.tracks, at);
        }
        for track in &mut file.tracks {
            track.batch_is_written();
        }
        // Players of a live stream wait for the fragment.
        output.flush()
    }

    fn add_chapters(&mut self, _: &mut File, _: &mut dyn Output) -> Result<()> {
        // The header is written already, including the chapter box.
        Ok(())
    }

    fn finish(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        self.fragments.header(file, output)?;
        if !self.settings.skip_trailer {
            self.index.write(&mut file.boxes, &file.tracks)?;
        }
        self.fragments.mend_header(file, output)?;
        file.send(output)
    }
}

/// Writer of fragments.
#[derive(Debug)]
pub(crate) struct Fragments {
    rule: FragmentRule,
    /// Maximum duration in microseconds.
    longest: i64,
    with_index: bool,
    /// Position and size of the movie box, once it is written.
    header: Option<(u64, usize)>,
    count: u32,
}

impl Fragments {
    /// Creates a writer with these settings. `longest` is the default maximum duration in
    /// microseconds.
    pub(crate) fn new(settings: &Settings, longest: i64) -> Self {
        let Settings { rule, with_index, .. } = *settings;
        let longest = rule.longest.unwrap_or(longest);
        Self { rule, longest, with_index, header: None, count: 0 }
    }

    /// Returns the same as [`Layout::is_due`].
    pub(crate) fn is_due(&self, file: &File, index: usize, timed: &Timed, bytes: usize) -> bool {
        let rule = &self.rule;
        let track = &file.tracks[index];
        let length = track.batch_length(timed.dts);
        let is_full = (file.sets_pace(index) && length >= track.clock.of_micros(self.longest))
            || file.batch_bytes() + bytes > rule.largest
            || track.leaves_gap(timed);
        // The header states the start of each track. The first fragment therefore waits for all
        // tracks but subtitles, which begin at 0.
        let is_late = |track: &Track| track.span.is_empty() && track.kind != Kind::Subtitle;
        let is_waiting = self.header.is_none() && file.tracks.iter().any(is_late);
        if is_full || is_waiting {
            return is_full;
        }
        let is_at_keyframe = rule.at_keyframes
            && track.is_video()
            && timed.is_sync
            && track.batch.count > 0
            && length >= track.clock.of_micros(rule.shortest);
        is_at_keyframe || rule.at_packets
    }

    /// Writes the movie box if it is not written yet. The start of each track is known by now.
    ///
    /// # Errors
    /// The same errors as [`File::movie`], or the output fails.
    pub(crate) fn header(&mut self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        if self.header.is_some() {
            return Ok(());
        }
        for track in &mut file.tracks {
            let late = if track.kind == Kind::Audio { LATE_TRACK_MICROS } else { 0 };
            let late = -track.clock.of_micros(late);
            track.origin = Some(track.span.first_dts.map_or(late, |dts| dts.min(0)));
        }
        file.movie(Samples::Fragments)?;
        self.header = Some((output.position(), file.boxes.len()));
        file.send(output)
    }

    /// Rewrites the movie box if the codecs' records are complete now and the output can seek.
    /// Unwritten boxes stay.
    ///
    /// # Errors
    /// The same errors as [`header`](Self::header).
    fn mend_header(&self, file: &mut File, output: &mut dyn Output) -> Result<()> {
        let (Some((at, length)), true) = (self.header, output.can_patch()?) else {
            return Ok(());
        };
        let before = file.boxes.len();
        file.movie(Samples::Fragments)?;
        let header = file.boxes.split_off(before);
        if header.len() == length { output.patch(at, &header) } else { Ok(()) }
    }

    /// Writes the tracks' batches as a fragment. Returns its position. The batches stay in the
    /// tracks.
    ///
    /// # Errors
    /// The same errors as [`fragment::write`], or the output fails.
    pub(crate) fn write(&mut self, file: &mut File, output: &mut dyn Output) -> Result<u64> {
        self.header(file, output)?;
        self.count = self.count.wrapping_add(1);
        let mut boxes = std::mem::take(&mut file.boxes);
        if self.with_index {
            // Written once to find the fragment's size.
            fragment::write(&mut boxes, self.count, &file.tracks)?;
            let size = boxes.len() + file.batch_bytes();
            boxes.clear();
            fragment::index(&mut boxes, &file.tracks, size)?;
        }
        let at = output.position() + boxes.len() as u64;
        fragment::write(&mut boxes, self.count, &file.tracks)?;
        file.boxes = boxes;
        file.send(output)?;
        for track in &file.tracks {
            output.write(&track.batch.data)?;
        }
        Ok(at)
    }
}
