//! Roll groups (ISO/IEC 14496-12 §10.1): how many packets a decoder needs before it is right.

use mp4_atom::{AnySampleGroupEntry, Sbgp, SbgpEntry, Sgpd, SgpdEntry};
use reelwright_core::{CodecId, Result, StreamParameters};

use crate::boxes::{Bytes, put};

/// What a decoder of Opus needs to converge, in samples (Encapsulation of Opus in ISO BMFF §4.3.6).
const OPUS_PRE_ROLL: usize = 3840;

/// Samples of a packet of Opus where nobody says otherwise: 20 ms.
const OPUS_FRAME: usize = 960;

/// How many packets of a stream a decoder starts before the one it is asked for.
fn packets(stream: &StreamParameters) -> Option<i16> {
    match stream.codec {
        CodecId::Opus => {
            let frame = stream.audio().and_then(|audio| audio.frame_size).unwrap_or(OPUS_FRAME);
            i16::try_from(OPUS_PRE_ROLL.div_ceil(frame.max(1))).ok()
        }
        // Blocks overlap by a half.
        CodecId::Aac => Some(1),
        _ => None,
    }
}

/// Appends the description of the group.
///
/// # Errors
/// None; as [`put`].
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

/// Appends the description and that it is of all samples.
///
/// # Errors
/// None; as [`put`].
pub(crate) fn write(out: &mut Bytes, stream: &StreamParameters, samples: u32) -> Result<()> {
    describe(out, stream)?;
    if packets(stream).is_none() || samples == 0 {
        return Ok(());
    }
    let entries = vec![SbgpEntry { sample_count: samples, group_description_index: 1 }];
    put(out, &Sbgp { grouping_type: b"roll".into(), grouping_type_parameter: None, entries })
}
