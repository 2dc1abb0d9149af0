//! Rates of a stream: elementary stream descriptors (ISO/IEC 14496-1 §7.2.6, 14496-14 §6.7.2) and
//! the bit rate box.

use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor};
use mp4_atom::{Btrt, Esds};
use reelwright_core::Result;

use crate::boxes::{Bytes, put};

/// Object types (ISO/IEC 14496-1 table 5 and its registration authority).
pub(crate) const AAC: u8 = 0x40;
pub(crate) const MP3_LOW_RATE: u8 = 0x69;
pub(crate) const MP3: u8 = 0x6B;
pub(crate) const JPEG: u8 = 0x6C;
pub(crate) const PNG: u8 = 0x6D;

/// Stream types (ISO/IEC 14496-1 table 6).
pub(crate) const VISUAL: u8 = 4;
pub(crate) const AUDIO: u8 = 5;

/// How much comes; zeros where nobody knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// Bits a second.
    pub(crate) average: u32,
    /// Bits of the fullest second.
    pub(crate) most: u32,
    /// Bytes of the largest packet.
    pub(crate) largest: u32,
}

/// Appends the box.
///
/// # Errors
/// None; as [`put`].
pub(crate) fn write(
    out: &mut Bytes,
    object_type: u8,
    stream_type: u8,
    rates: Rates,
    config: Option<&[u8]>,
) -> Result<()> {
    let dec_config = DecoderConfig {
        object_type_indication: object_type,
        stream_type,
        up_stream: 0,
        buffer_size_db: u32::min(rates.largest, 0xFF_FFFF).try_into().unwrap_or_default(),
        max_bitrate: rates.most,
        avg_bitrate: rates.average,
        dec_specific: config
            .map(|raw| DecoderSpecific { raw: raw.to_vec(), ..DecoderSpecific::default() }),
    };
    let es_desc = EsDescriptor { dec_config, ..EsDescriptor::default() };
    put(out, &Esds { es_desc })
}

/// A `BitRateBox` (ISO/IEC 14496-12 §8.5.2): always there, so that the description has the same
/// size before the rates are known and after.
///
/// # Errors
/// None; as [`put`].
pub(crate) fn bit_rate(out: &mut Bytes, rates: Rates) -> Result<()> {
    put(
        out,
        &Btrt {
            buffer_size_db: rates.largest,
            max_bitrate: rates.most,
            avg_bitrate: rates.average,
        },
    )
}
