//! The body of the `fmt ` chunk: `PCMWAVEFORMAT`, `WAVEFORMATEX` or `WAVEFORMATEXTENSIBLE`.

use reelwright_core::{ChannelLayout, CodecId};

use crate::sound::Sound;

/// `WAVE_FORMAT_EXTENSIBLE`.
const EXTENSIBLE: u16 = 0xFFFE;

/// The last 14 bytes of `KSDATAFORMAT_SUBTYPE_*`; the first two are the format tag.
const SUBTYPE: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// The body: 16 bytes for integers, 18 for what else the old tags can say, 40 for the rest.
pub(crate) fn body(sound: &Sound) -> Vec<u8> {
    let tag = match sound.pcm.codec {
        CodecId::PcmALaw => 6u16,
        CodecId::PcmMuLaw => 7,
        CodecId::PcmF32Le | CodecId::PcmF64Le => 3,
        _ => 1,
    };
    let bits = 8 * sound.pcm.bytes_per_sample as u16;
    let extensible = needs_extensible(sound);
    let mut body = Vec::with_capacity(40);
    body.extend(if extensible { EXTENSIBLE } else { tag }.to_le_bytes());
    body.extend((sound.pcm.layout.channels() as u16).to_le_bytes());
    body.extend(sound.pcm.sample_rate.to_le_bytes());
    body.extend(sound.byte_rate.to_le_bytes());
    body.extend(sound.block_align.to_le_bytes());
    body.extend(bits.to_le_bytes());
    if extensible {
        body.extend(22u16.to_le_bytes());
        body.extend(bits.to_le_bytes());
        body.extend(sound.pcm.layout.mask().unwrap_or(0).to_le_bytes());
        body.extend(tag.to_le_bytes());
        body.extend(SUBTYPE);
    } else if tag != 1 {
        body.extend(0u16.to_le_bytes());
    }
    body
}

/// Microsoft asks for the long form for more than two channels, positions other than the usual
/// and integers of more than 16 bits. As in FFmpeg, rates above 48 kHz have it too; unlike there,
/// floats in mono and stereo stay with the tag every reader knows.
fn needs_extensible(sound: &Sound) -> bool {
    let usual = [ChannelLayout::MONO, ChannelLayout::STEREO].contains(&sound.pcm.layout);
    let plain_float = matches!(sound.pcm.codec, CodecId::PcmF32Le | CodecId::PcmF64Le);
    !usual || (!plain_float && (sound.pcm.bytes_per_sample > 2 || sound.pcm.sample_rate > 48_000))
}
