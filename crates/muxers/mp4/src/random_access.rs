//! The movie fragment random access box (ISO/IEC 14496-12 §8.8.9): positions to seek to.

use mp4_atom::{FragmentInfo, Tfra};
use reelwright_core::Result;

use crate::boxes::{Bytes, boxed, full_box, put};
use crate::track::Track;

/// Fragments of each track at which decoding can start.
#[derive(Debug, Default)]
pub(crate) struct RandomAccess {
    tracks: Vec<Vec<FragmentInfo>>,
}

impl RandomAccess {
    /// Adds the fragment of the tracks' batches, at position `at` of the file.
    pub(crate) fn note(&mut self, tracks: &[Track], at: u64) {
        self.tracks.resize_with(tracks.len(), Vec::new);
        let mut traf = 0;
        for (track, entries) in tracks.iter().zip(&mut self.tracks) {
            let Some(first) = track.batch.samples.first() else { continue };
            traf += 1;
            if first.is_sync {
                let shown = track.batch.dts.saturating_add(first.offset.into());
                let time = shown.saturating_sub(track.origin.unwrap_or(0));
                entries.push(FragmentInfo {
                    time: time.max(0).unsigned_abs(),
                    moof_offset: at,
                    traf_number: traf,
                    trun_number: 1,
                    sample_delta: 1,
                });
            }
        }
    }

    /// Appends the box.
    ///
    /// # Errors
    /// Fails if there are too many fragments.
    pub(crate) fn write(&mut self, out: &mut Bytes, tracks: &[Track]) -> Result<()> {
        let start = out.len();
        boxed(out, b"mfra", |out| {
            for (track, entries) in tracks.iter().zip(&mut self.tracks) {
                put(out, &Tfra { track_id: track.number(), entries: std::mem::take(entries) })?;
            }
            full_box(out, b"mfro", (0, 0), |out| {
                // This field ends the file, so that readers find the box from the end.
                out.extend(((out.len() + 4 - start) as u32).to_be_bytes());
                Ok(())
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mfro_is_the_length_of_the_box() {
        let mut out = vec![9; 100];
        RandomAccess::default().write(&mut out, &[]).unwrap();
        // ISO/IEC 14496-12 §8.8.11: `mfra` with nothing but `mfro`.
        assert_eq!(out[100..], *b"\0\0\0\x18mfra\0\0\0\x10mfro\0\0\0\0\0\0\0\x18");
    }
}
