//! Movie fragments (ISO/IEC 14496-12 §8.8): the header of a batch.

use mp4_atom::{SegmentReference, Sidx, Tfdt, Tfhd};
use reelwright_core::{Error, Result};

use crate::boxes::{Bytes, boxed, full_box, put};
use crate::track::{Batch, Sample, Track};

/// Sample flags (§8.8.3.1) of a sync sample, which depends on no other sample.
pub(crate) const SYNC: u32 = 0x0200_0000;
/// Sample flags of a sample that depends on others.
pub(crate) const NOT_SYNC: u32 = 0x0101_0000;

/// Flags for the fields of a `TrackRunBox` (§8.8.8.1).
const DATA_OFFSET: u32 = 1;
const FIRST_FLAGS: u32 = 4;
const DURATION: u32 = 0x100;
const SIZE: u32 = 0x200;
const FLAGS: u32 = 0x400;
const OFFSET: u32 = 0x800;

/// Size of the header of a media data box with a 32-bit length.
pub(crate) const MDAT_HEADER: usize = 8;

/// Appends the movie fragment box for the tracks' batches, and the header of the media data box
/// that holds them in track order.
///
/// # Errors
/// Fails for 2^31 bytes or more, or for a packet before the start of its track.
pub(crate) fn write(out: &mut Bytes, number: u32, tracks: &[Track]) -> Result<()> {
    let start = out.len();
    let data: usize = tracks.iter().map(|track| track.batch.data.len()).sum();
    // Size of the previous tracks' batches.
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

/// Appends a `TrackFragmentBox`. The batches of previous tracks have `before` bytes.
fn traf(out: &mut Bytes, track: &Track, before: usize) -> Result<()> {
    let batch = &track.batch;
    let origin = track.origin.unwrap_or(0);
    let base = batch.dts.checked_sub(origin).and_then(|base| u64::try_from(base).ok());
    let base = base.ok_or_else(|| {
        Error::unsupported(
            "A stream of fragmented mp4 whose first packet arrives late must not begin before 0; \
             audio may begin up to a second before.",
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

/// Layout of a run: values that all samples share are stored once.
#[derive(Debug)]
struct Run {
    first: Sample,
    /// Flags of all samples, or of all but the first.
    flags: u32,
    fields: u32,
}

const fn flags(sample: &Sample) -> u32 {
    if sample.is_sync { SYNC } else { NOT_SYNC }
}

impl Run {
    fn new(track: &Track) -> Self {
        let samples = &track.batch.samples;
        // Runs are never empty: tracks without samples are skipped.
        let first = samples.first().copied().unwrap_or(Sample::NONE);
        let usual = flags(samples.get(1).unwrap_or(&first));
        let mut fields = DATA_OFFSET;
        let mut alike_but_first = true;
        // All PCM samples are alike, and the batch has one entry per packet.
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

    /// Appends the `TrackRunBox`. Its data offset is relative to the end of the headers.
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
                // The field follows version, flags and the number of samples.
                let field = at + 16;
                let offset = word(moof, field).wrapping_add(header);
                moof[field..field + 4].copy_from_slice(&offset.to_be_bytes());
            }
            at += word(moof, at) as usize;
        }
        traf = end;
    }
}

/// Appends a segment index of the next fragment (§8.16.3), whose size is `size` bytes, for the
/// first track with samples in it.
///
/// # Errors
/// Fails if a value does not fit in its field.
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
