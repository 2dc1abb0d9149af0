//! Movie fragments (ISO/IEC 14496-12 §8.8): what is in a batch, told in front of it.

use mp4_atom::{SegmentReference, Sidx, Tfdt, Tfhd};
use reelwright_core::{Error, Result};

use crate::boxes::{Bytes, boxed, full_box, put};
use crate::track::{Batch, Sample, Track};

/// Sample flags (§8.8.3.1): decoding can start here, as it depends on no other sample.
pub(crate) const SYNC: u32 = 0x0200_0000;
/// The sample depends on others, and decoding cannot start here.
pub(crate) const NOT_SYNC: u32 = 0x0101_0000;

/// Fields of a `TrackRunBox` (§8.8.8.1).
const DATA_OFFSET: u32 = 1;
const FIRST_FLAGS: u32 = 4;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FLAGS: u32 = 0x400;
const OFFSET: u32 = 0x800;

/// The header of a media data box of 32 bits.
pub(crate) const MDAT_HEADER: usize = 8;

/// Appends the movie fragment box of the tracks' batches and the header of the media data box that
/// holds them, in the order of the tracks.
///
/// # Errors
/// More bytes than 31 bits count, or a packet from before the track's beginning.
pub(crate) fn write(out: &mut Bytes, number: u32, tracks: &[Track]) -> Result<()> {
    let start = out.len();
    let data: usize = tracks.iter().map(|track| track.batch.data.len()).sum();
    // Where each run's data offset is, to be known with the box's size.
    let mut before = 0usize;
    boxed(out, b"moof", |out| {
        full_box(out, b"mfhd", (0, 0), |out| {
            out.extend(number.to_be_bytes());
            Ok(())
        })?;
        for track in tracks.iter().filter(|track| track.batch.count > 0) {
            traf(out, track, before).map_err(|error| error.in_stream(track.index))?;
            before += track.batch.data.len();
        }
        Ok(())
    })?;
    let header = out.len() - start + MDAT_HEADER;
    let fits = header.checked_add(data).is_some_and(|size| i32::try_from(size).is_ok());
    if !fits {
        return Err(Error::too_large(format!(
            "A fragment of mp4 must be smaller than 2147483648 bytes. Found: {data}"
        )));
    }
    shift_offsets(&mut out[start..], header as u32);
    out.extend(((MDAT_HEADER + data) as u32).to_be_bytes());
    out.extend(b"mdat");
    Ok(())
}

/// A `TrackFragmentBox`; `before` bytes of other tracks come first.
fn traf(out: &mut Bytes, track: &Track, before: usize) -> Result<()> {
    let batch = &track.batch;
    let origin = track.origin.unwrap_or(0);
    let base = batch.dts.checked_sub(origin).and_then(|base| u64::try_from(base).ok());
    let base = base.ok_or_else(|| {
        Error::unsupported(
            "A stream of fragmented mp4 whose first packet comes late must not begin before 0, or if \
             it is sound, not more than a second before.",
        )
    })?;
    let run = Run::new(track);
    boxed(out, b"traf", |out| {
        put(
            out,
            &Tfhd {
                track_id: track.number(),
                default_sample_duration: Some(run.first.duration),
                default_sample_size: Some(run.first.size),
                default_sample_flags: Some(run.flags),
                default_base_is_moof: true,
                ..Tfhd::default()
            },
        )?;
        put(out, &Tfdt { base_media_decode_time: base })?;
        run.write(out, batch, before as u32)
    })
}

/// How a run is told: what its samples have in common goes without saying.
#[derive(Debug)]
struct Run {
    first: Sample,
    /// Of all samples, or all but the first.
    flags: u32,
    fields: u32,
}

const fn flags(sample: &Sample) -> u32 {
    if sample.is_sync { SYNC } else { NOT_SYNC }
}

impl Run {
    fn new(track: &Track) -> Self {
        let samples = &track.batch.samples;
        // A run has a sample: others are left out.
        let first = samples.first().copied().unwrap_or(Sample::NONE);
        let usual = flags(samples.get(1).unwrap_or(&first));
        let mut fields = DATA_OFFSET;
        let mut alike_but_first = true;
        // Samples of PCM are alike, and not told one by one.
        for sample in samples.iter().filter(|_| !track.is_pcm()) {
            if sample.duration != first.duration {
                fields |= DURATION;
            }
            if sample.size != first.size {
                fields |= SIZE;
            }
            if sample.offset != 0 {
                fields |= OFFSET;
            }
        }
        for sample in samples.iter().skip(1) {
            alike_but_first &= flags(sample) == usual;
        }
        if !alike_but_first {
            fields |= FLAGS;
        } else if flags(&first) != usual {
            fields |= FIRST_FLAGS;
        }
        Self { first, flags: usual, fields }
    }

    /// The `TrackRunBox`, its data offset counted from the end of the headers.
    fn write(&self, out: &mut Bytes, batch: &Batch, before: u32) -> Result<()> {
        let fields = self.fields;
        full_box(out, b"trun", (0, fields), |out| {
            out.extend(batch.count.to_be_bytes());
            out.extend(before.to_be_bytes());
            if fields & FIRST_FLAGS != 0 {
                out.extend(flags(&self.first).to_be_bytes());
            }
            for sample in &batch.samples {
                for (field, value) in [
                    (DURATION, sample.duration),
                    (SIZE, sample.size),
                    (FLAGS, flags(sample)),
                    (OFFSET, sample.offset),
                ] {
                    if fields & field != 0 {
                        out.extend(value.to_be_bytes());
                    }
                }
            }
            Ok(())
        })
    }
}

/// Adds `header` to the data offsets of all runs in a movie fragment box.
fn shift_offsets(moof: &mut [u8], header: u32) {
    const MFHD: usize = 16;
    let word = |bytes: &[u8], at: usize| {
        u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    };
    let mut traf = 8 + MFHD;
    while traf < moof.len() {
        let end = traf + word(moof, traf) as usize;
        let mut at = traf + 8;
        while at < end {
            if &moof[at + 4..at + 8] == b"trun" {
                // After version, flags and the number of samples.
                let field = at + 16;
                let offset = word(moof, field).wrapping_add(header);
                moof[field..field + 4].copy_from_slice(&offset.to_be_bytes());
            }
            at += word(moof, at) as usize;
        }
        traf = end;
    }
}

/// Appends a segment index of the fragment of `size` bytes that follows (§8.16.3), by the first
/// track that has samples in it.
///
/// # Errors
/// A field that has no room.
pub(crate) fn index(out: &mut Bytes, tracks: &[Track], size: usize) -> Result<()> {
    let Some(track) = tracks.iter().find(|track| track.batch.count > 0) else { return Ok(()) };
    let batch = &track.batch;
    let since = |time: i64| time.saturating_sub(track.origin.unwrap_or(0)).max(0).unsigned_abs();
    let starts_with_sap = batch.samples.first().is_some_and(|sample| sample.is_sync);
    let duration = u32::try_from(batch.end.saturating_sub(batch.dts)).unwrap_or(u32::MAX);
    let reference = SegmentReference {
        reference_type: false,
        referenced_size: u32::try_from(size).unwrap_or(u32::MAX),
        subsegment_duration: duration,
        starts_with_sap,
        sap_type: starts_with_sap.into(),
        sap_delta_time: 0,
    };
    put(
        out,
        &Sidx {
            reference_id: track.number(),
            timescale: track.clock.timescale,
            earliest_presentation_time: since(batch.pts),
            first_offset: 0,
            references: vec![reference],
        },
    )
}
