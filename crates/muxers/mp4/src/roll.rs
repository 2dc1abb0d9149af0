//! Roll groups (ISO/IEC 14496-12 §10.1): number of packets that a decoder needs before its output
//! is correct.

use mp4_atom::{AnySampleGroupEntry, Sbgp, SbgpEntry, Sgpd, SgpdEntry};
use reelwright_core::{CodecId, Result, StreamParameters};

use crate::boxes::{Bytes, put};

/// Pre-roll of Opus in samples (Encapsulation of Opus in ISO BMFF §4.3.6).
const OPUS_PRE_ROLL: usize = 3840;

/// Default size of an Opus packet in samples: 20 ms.
const OPUS_FRAME: usize = 960;

/// Returns the number of packets that a decoder must start before the requested one.
fn packets(stream: &StreamParameters) -> Option<i16> {
    match stream.codec {
        CodecId::Opus => {
            let frame = stream.audio().and_then(|audio| audio.frame_size).unwrap_or(OPUS_FRAME);
            i16::try_from(OPUS_PRE_ROLL.div_ceil(frame.max(1))).ok()
        }
        // Blocks overlap by half.
        CodecId::Aac => Some(1),
        _ => None,
    }
}

/// Appends the description of the group.
///
/// # Errors
/// None in practice.
pub(crate) fn describe(out: &mut Bytes, stream: &StreamParameters) -> Result<()> {
    let Some(packets) = packets(stream) else { return Ok(()) };
    let distance = (-packets).to_be_bytes().to_vec();
    put(
        out,
        &Sgpd {
            grouping_type: b"roll".into(),
            default_length: Some(2),
            default_group_description_index: None,
            static_group_description: false,
            static_mapping: false,
            essential: false,
            entries: vec![SgpdEntry {
                description_length: Some(2),
                entry: AnySampleGroupEntry::UnknownGroupingType(b"roll".into(), distance),
            }],
        },
    )
}

/// Appends the description, and that all samples belong to the group.
///
/// # Errors
/// None in practice.
pub(crate) fn write(out: &mut Bytes, stream: &StreamParameters, samples: u32) -> Result<()> {
    describe(out, stream)?;
    if packets(stream).is_none() || samples == 0 {
        return Ok(());
    }
    let entries = vec![SbgpEntry { sample_count: samples, group_description_index: 1 }];
    put(out, &Sbgp { grouping_type: b"roll".into(), grouping_type_parameter: None, entries })
}
