//! Elementary stream descriptors (ISO/IEC 14496-1 §7.2.6, 14496-14 §6.7.2) and the bit rate box.

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

/// Bit rates and buffer size of a stream; 0 if unknown.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// Average bit rate in bit/s.
    pub(crate) average: u32,
    /// Maximum number of bits in a second.
    pub(crate) most: u32,
    /// Size of the largest packet in bytes.
    pub(crate) largest: u32,
}

/// Appends the box.
///
/// # Errors
/// None in practice.
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

/// Appends a `BitRateBox` (ISO/IEC 14496-12 §8.5.2). It is always present, so that the sample entry
/// has the same size before and after the rates are known.
///
/// # Errors
/// None in practice.
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
