//! The body of the `fmt ` chunk: `PCMWAVEFORMAT`, `WAVEFORMATEX` or `WAVEFORMATEXTENSIBLE`.

use reelwright_core::{ChannelLayout, CodecId};

use crate::sound::Sound;

/// `WAVE_FORMAT_EXTENSIBLE`.
const EXTENSIBLE: u16 = 0xFFFE;

/// The last 14 bytes of `KSDATAFORMAT_SUBTYPE_*`; the first two are the format tag.
const SUBTYPE: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// The predictors of Microsoft ADPCM, which every file repeats.
const MS_PREDICTORS: [[i16; 2]; 7] =
    [[256, 0], [512, -256], [0, 0], [192, 64], [240, 0], [460, -208], [392, -232]];

/// The body: 16 bytes for integers, 18 for what else the old tags can say, 20 and 50 for ADPCM, 40
/// for the rest.
pub(crate) fn body(sound: &Sound) -> Vec<u8> {
    let tag = match sound.pcm.codec {
        CodecId::AdpcmMs => 2u16,
        CodecId::AdpcmImaWav => 0x11,
        CodecId::AdpcmG722 => 0x28F,
        CodecId::PcmALaw => 6,
        CodecId::PcmMuLaw => 7,
        CodecId::PcmF32Le | CodecId::PcmF64Le => 3,
        _ => 1,
    };
    let bits = sound.pcm.bits_per_sample as u16;
    let is_pcm = sound.pcm.codec.bytes_per_sample().is_some();
    let extensible = is_pcm && needs_extensible(sound);
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
        let more = more(sound);
        body.extend((more.len() as u16).to_le_bytes());
        body.extend(more);
    }
    body
}

/// What `ADPCMWAVEFORMAT` and `IMAADPCMWAVEFORMAT` add.
fn more(sound: &Sound) -> Vec<u8> {
    let samples = sound.pcm.samples_per_block.to_le_bytes();
    match sound.pcm.codec {
        CodecId::AdpcmImaWav => samples.to_vec(),
        CodecId::AdpcmMs => {
            let mut more = samples.to_vec();
            more.extend((MS_PREDICTORS.len() as u16).to_le_bytes());
            more.extend(MS_PREDICTORS.as_flattened().iter().flat_map(|c| c.to_le_bytes()));
            more
        }
        _ => Vec::new(),
    }
}

/// Microsoft asks for the long form for more than two channels, positions other than the usual
/// and integers of more than 16 bits. As in FFmpeg, rates above 48 kHz have it too; unlike there,
/// floats in mono and stereo stay with the tag every reader knows.
fn needs_extensible(sound: &Sound) -> bool {
    let usual = [ChannelLayout::MONO, ChannelLayout::STEREO].contains(&sound.pcm.layout);
    let plain_float = matches!(sound.pcm.codec, CodecId::PcmF32Le | CodecId::PcmF64Le);
    !usual || (!plain_float && (sound.pcm.bits_per_sample > 16 || sound.pcm.sample_rate > 48_000))
}
