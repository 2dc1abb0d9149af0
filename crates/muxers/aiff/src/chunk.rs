//! Chunks before the audio.

use reelwright_core::helpers::single_stream::BlockStream;
use reelwright_core::{ChannelLayout, CodecId, Error, Metadata, Result};

/// FVER's only time stamp, `AIFCVersion1`.
const AIFC_VERSION: u32 = 0xA280_5140;

/// `kAudioChannelLayoutTag_UseChannelBitmap`. The bits are those of WAVE's channel mask.
const USE_BITMAP: u32 = 1 << 16;

/// Maximum of `numChannels`, a signed number of 16 bits.
const MAX_CHANNELS: usize = i16::MAX as usize;

/// Positions of the length fields from the start of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// COMM's `numSampleFrames`.
    pub(crate) frames: u64,
    /// SSND's `ckSize`.
    pub(crate) ssnd: u64,
}

/// Returns all bytes before the first sample. Unknown lengths are 0.
///
/// # Errors
/// Fails if a metadata value has 4 GiB, or if there are more than 32,767 channels.
pub(crate) fn header(audio: &BlockStream, tags: &Metadata) -> Result<(Vec<u8>, Fields)> {
    let channels = audio.layout.channels();
    if channels > MAX_CHANNELS {
        return Err(Error::unsupported(format!(
            "aiff does not support {channels} channels. The maximum is {MAX_CHANNELS}."
        ))
        .in_stream(0));
    }
    let compression = compression_type(audio.codec);
    let mut bytes = b"FORM\0\0\0\0".to_vec();
    bytes.extend(if compression.is_some() { b"AIFC" } else { b"AIFF" });
    if compression.is_some() {
        push(&mut bytes, b"FVER", &AIFC_VERSION.to_be_bytes())?;
    }
    if let Some(mask) = audio.layout.mask().filter(|_| !is_usual(audio.layout)) {
        let layout = [USE_BITMAP, mask, 0].map(u32::to_be_bytes).concat();
        push(&mut bytes, b"CHAN", &layout)?;
    }
    for (keys, id) in [
        (["title", "title"], b"NAME"),
        (["author", "artist"], b"AUTH"),
        (["copyright", "copyright"], b"(c) "),
        (["comment", "comment"], b"ANNO"),
    ] {
        if let Some(text) = keys.into_iter().find_map(|key| tags.get(key)) {
            push(&mut bytes, id, text.as_bytes())?;
        }
    }
    let mut common = Vec::new();
    common.extend((channels as u16).to_be_bytes());
    common.extend([0; 4]);
    common.extend(sample_size(audio).to_be_bytes());
    common.extend(extended(audio.sample_rate));
    if let Some(compression) = compression {
        common.extend(compression);
        // Name of the compression: an empty Pascal string, padded to an even length.
        common.extend([0; 2]);
    }
    let frames = bytes.len() as u64 + 10;
    push(&mut bytes, b"COMM", &common)?;
    let ssnd = bytes.len() as u64 + 4;
    // Length of the chunk, `offset` and `blockSize`.
    bytes.extend(b"SSND\0\0\0\0\0\0\0\0\0\0\0\0");
    Ok((bytes, Fields { frames, ssnd }))
}

/// Returns whether readers assume this layout without a `CHAN` chunk.
fn is_usual(layout: ChannelLayout) -> bool {
    [ChannelLayout::MONO, ChannelLayout::STEREO].contains(&layout)
}

/// Returns COMM's `sampleSize`: bits per sample before compression.
const fn sample_size(audio: &BlockStream) -> u16 {
    match audio.codec {
        CodecId::PcmALaw | CodecId::PcmMuLaw => 16,
        _ => audio.bits_per_sample as u16,
    }
}

/// Returns AIFF-C's compression type, or `None` if plain AIFF supports the codec.
const fn compression_type(codec: CodecId) -> Option<[u8; 4]> {
    Some(match codec {
        CodecId::PcmS16Le => *b"sowt",
        CodecId::PcmU8 => *b"raw ",
        CodecId::PcmF32Be => *b"fl32",
        CodecId::PcmF64Be => *b"fl64",
        CodecId::PcmALaw => *b"alaw",
        CodecId::PcmMuLaw => *b"ulaw",
        _ => return None,
    })
}

/// Returns a positive integer as an IEEE 754 extended number: sign and exponent in 16 bits, then
/// the mantissa with its leading 1.
fn extended(number: u32) -> [u8; 10] {
    let zeros = number.leading_zeros();
    let exponent = 16383 + 31 - zeros as u16;
    let mantissa = u64::from(number) << (32 + zeros);
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&exponent.to_be_bytes());
    bytes[2..].copy_from_slice(&mantissa.to_be_bytes());
    bytes
}

/// Appends a chunk, padded to an even length.
fn push(bytes: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) -> Result<()> {
    let size = u32::try_from(body.len()).map_err(|_| {
        Error::too_large(format!(
            "Metadata must be at most {} bytes long. Found: {} bytes",
            u32::MAX,
            body.len()
        ))
    })?;
    bytes.extend(id);
    bytes.extend(size.to_be_bytes());
    bytes.extend(body);
    if !body.len().is_multiple_of(2) {
        bytes.push(0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_extended_floats() {
        // 44,100 is Apple's own example; 1 is 2^0.
        assert_eq!(extended(44_100), *b"\x40\x0E\xAC\x44\0\0\0\0\0\0");
        assert_eq!(extended(1), *b"\x3F\xFF\x80\0\0\0\0\0\0\0");
        assert_eq!(extended(u32::MAX), *b"\x40\x1E\xFF\xFF\xFF\xFF\0\0\0\0");
    }
}
