//! Movie fragments (ISO/IEC 14496-12 §8.8).

use mp4_atom::{Tfdt, Tfhd, Trun, TrunSamples};

use super::boxes::{children, decode, decode_child};
use super::tables::Sample;
use super::track::{Defaults, TrackReader};

/// `sample_is_non_sync_sample` of a sample's flags (§8.8.3.1).
const NOT_SYNC: u32 = 1 << 16;
/// Maximum number of samples in a run without per-sample fields, if the size of the input is
/// unknown.
const MAX_RUN: u64 = 1 << 20;

/// Reads the runs of a `moof` box at offset `at`, `left` bytes before the end of the file. Appends
/// the samples to the selected tracks.
pub(super) fn read(
    moof: &[u8],
    at: u64,
    left: Option<u64>,
    tracks: &mut [TrackReader],
    selected: &[usize],
) {
    // Without a base offset, the data of a track follows that of the track before.
    let mut implied = at;
    for (_, traf) in children(moof).filter(|(kind, _)| kind == b"traf") {
        let Some(header) = decode_child::<Tfhd>(traf) else { continue };
        let found = tracks.iter_mut().find(|track| track.id == header.track_id);
        let Some(track) = found else { continue };
        let base = match header.base_data_offset {
            Some(base) => base,
            None if header.default_base_is_moof => at,
            None => implied,
        };
        let defaults = Defaults {
            duration: header.default_sample_duration.unwrap_or(track.defaults.duration),
            size: header.default_sample_size.unwrap_or(track.defaults.size),
            flags: header.default_sample_flags.unwrap_or(track.defaults.flags),
        };
        if let Some(tfdt) = decode_child::<Tfdt>(traf) {
            track.next_dts = i64::try_from(tfdt.base_media_decode_time).unwrap_or(i64::MAX);
        }
        let mut offset = base;
        for (_, body) in children(traf).filter(|(kind, _)| kind == b"trun") {
            let Some(run) = decode::<Trun>(body) else { continue };
            if let Some(from) = run.data_offset {
                offset = base.saturating_add_signed(from.into());
            }
            // In runs that state sizes, the box limits the number of samples. In other runs, the
            // size of the file does.
            let max = match (&run.samples, left, defaults.size) {
                (TrunSamples::Explicit(_), ..) => u64::MAX,
                (TrunSamples::Inherited { .. }, _, 0) => 0,
                (TrunSamples::Inherited { .. }, Some(left), size) => left / u64::from(size) + 1,
                (TrunSamples::Inherited { .. }, None, _) => MAX_RUN,
            };
            let max = usize::try_from(max).unwrap_or(usize::MAX);
            let is_selected = selected.contains(&track.info.index);
            for entry in run.samples.iter().take(max) {
                let size = u64::from(entry.size.unwrap_or(defaults.size));
                let duration = u64::from(entry.duration.unwrap_or(defaults.duration));
                if size == 0 && duration == 0 {
                    break;
                }
                let dts = track.next_dts;
                let flags = entry.flags.unwrap_or(defaults.flags);
                if is_selected {
                    track.fragments.push_back(Sample {
                        offset,
                        size,
                        dts,
                        pts: dts.saturating_add(entry.cts.unwrap_or(0)),
                        duration,
                        is_sync: flags & NOT_SYNC == 0,
                    });
                }
                track.next_dts = dts.saturating_add_unsigned(duration);
                offset = offset.saturating_add(size);
            }
        }
        implied = offset;
    }
}
