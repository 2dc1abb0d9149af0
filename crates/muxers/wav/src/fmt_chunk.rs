//! Body of the `fmt ` chunk: `PCMWAVEFORMAT`, `WAVEFORMATEX` or `WAVEFORMATEXTENSIBLE`.

use reelwright_core::{ChannelLayout, CodecId};

use crate::audio::AudioStream;

/// `WAVE_FORMAT_EXTENSIBLE`.
const EXTENSIBLE: u16 = 0xFFFE;

/// Last 14 bytes of `KSDATAFORMAT_SUBTYPE_*`. The first two are the format tag.
const SUBTYPE: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// Predictors of Microsoft ADPCM, which every file contains.
const MS_PREDICTORS: [[i16; 2]; 7] =
    [[256, 0], [512, -256], [0, 0], [192, 64], [240, 0], [460, -208], [392, -232]];

/// Returns the body: 16 bytes for integers, 18 for other codecs with a short form, 20 and 50 for
/// ADPCM, and 40 for the extensible form.
pub(crate) fn body(audio: &AudioStream) -> Vec<u8> {
    let tag = match audio.pcm.codec {
        CodecId::AdpcmMs => 2u16,
        CodecId::AdpcmImaWav => 0x11,
        CodecId::AdpcmG722 => 0x28F,
        CodecId::PcmALaw => 6,
        CodecId::PcmMuLaw => 7,
        CodecId::PcmF32Le | CodecId::PcmF64Le => 3,
        _ => 1,
    };
    let bits = audio.pcm.bits_per_sample as u16;
    let is_pcm = audio.pcm.codec.bytes_per_sample().is_some();
    let extensible = is_pcm && needs_extensible(audio);
    let mut body = Vec::with_capacity(40);
    body.extend(if extensible { EXTENSIBLE } else { tag }.to_le_bytes());
    body.extend((audio.pcm.layout.channels() as u16).to_le_bytes());
    body.extend(audio.pcm.sample_rate.to_le_bytes());
    body.extend(audio.byte_rate.to_le_bytes());
    body.extend(audio.block_align.to_le_bytes());
    body.extend(bits.to_le_bytes());
    if extensible {
        body.extend(22u16.to_le_bytes());
        body.extend(bits.to_le_bytes());
        body.extend(audio.pcm.layout.mask().unwrap_or(0).to_le_bytes());
        body.extend(tag.to_le_bytes());
        body.extend(SUBTYPE);
    } else if tag != 1 {
        let more = more(audio);
        body.extend((more.len() as u16).to_le_bytes());
        body.extend(more);
    }
    body
}

/// Returns the additional fields of `ADPCMWAVEFORMAT` and `IMAADPCMWAVEFORMAT`.
fn more(audio: &AudioStream) -> Vec<u8> {
    let samples = audio.pcm.samples_per_block.to_le_bytes();
    match audio.pcm.codec {
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

/// Returns whether the extensible form is required. Microsoft requires it for more than two
/// channels, unusual positions, and integers of more than 16 bits. As in FFmpeg, it is also used
/// for rates above 48 kHz. Unlike FFmpeg, floats in mono and stereo use the short form, which every
/// reader supports.
fn needs_extensible(audio: &AudioStream) -> bool {
    let usual = [ChannelLayout::MONO, ChannelLayout::STEREO].contains(&audio.pcm.layout);
    let plain_float = matches!(audio.pcm.codec, CodecId::PcmF32Le | CodecId::PcmF64Le);
    !usual || (!plain_float && (audio.pcm.bits_per_sample > 16 || audio.pcm.sample_rate > 48_000))
}
