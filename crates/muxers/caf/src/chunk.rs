//! Chunks before the audio.

use reelwright_core::{ChannelLayout, CodecId, Error, Metadata, Result};

use crate::audio::AudioStream;

/// `kCAFLinearPCMFormatFlagIsFloat`.
const FLOAT: u32 = 1;

/// `kCAFLinearPCMFormatFlagIsLittleEndian`.
const LITTLE_ENDIAN: u32 = 2;

/// `kCAFChannelLayoutTag_UseChannelBitmap`. The bits are those of WAVE's channel mask.
const USE_BITMAP: u32 = 1 << 16;

/// `kAudioChannelLayoutTag_DiscreteInOrder`, plus the number of channels.
const DISCRETE: u32 = 147 << 16;

/// Returns the file header and all chunks before the first sample. The data's length is -1.
///
/// # Errors
/// Fails if there are 2^32 metadata entries.
pub(crate) fn header(audio: &AudioStream, tags: &Metadata) -> Result<Vec<u8>> {
    // Version 1, no flags.
    let mut bytes = b"caff\0\x01\0\0".to_vec();
    push(&mut bytes, b"desc", &description(audio));
    if let Some(layout) = layout(audio.layout()) {
        push(&mut bytes, b"chan", &layout);
    }
    if !tags.is_empty() {
        push(&mut bytes, b"info", &information(tags)?);
    }
    if let AudioStream::Alac(config, _) = audio {
        push(&mut bytes, b"kuki", &config.to_bytes());
    }
    bytes.extend(b"data");
    bytes.extend((-1i64).to_be_bytes());
    // Edit count.
    bytes.extend([0; 4]);
    Ok(bytes)
}

/// Returns the Audio Description chunk: rate, format, flags, and packet size. A packet of PCM is
/// one sample of every channel.
fn description(audio: &AudioStream) -> Vec<u8> {
    use CodecId as C;
    let (format, flags, bytes, samples, bits) = match audio {
        AudioStream::Pcm(pcm) => {
            let (format, flags) = match pcm.codec {
                C::PcmALaw => (b"alaw", 0),
                C::PcmMuLaw => (b"ulaw", 0),
                C::PcmF32Be | C::PcmF64Be => (b"lpcm", FLOAT),
                C::PcmF32Le | C::PcmF64Le => (b"lpcm", FLOAT | LITTLE_ENDIAN),
                C::PcmS16Le | C::PcmS24Le | C::PcmS32Le => (b"lpcm", LITTLE_ENDIAN),
                _ => (b"lpcm", 0),
            };
            (format, flags, pcm.block_size as u32, 1, pcm.bits_per_sample)
        }
        // The flags state the depth: 1 to 4 are 16, 20, 24 and 32 bits. 0 bytes and bits mean that
        // packet sizes vary.
        AudioStream::Alac(config, _) => {
            let depth = match config.bit_depth {
                16 => 1,
                20 => 2,
                24 => 3,
                _ => 4,
            };
            (b"alac", depth, 0, config.frame_length, 0)
        }
    };
    let mut body = f64::from(audio.sample_rate()).to_be_bytes().to_vec();
    body.extend(format);
    let channels = audio.layout().channels() as u32;
    for field in [flags, bytes, samples, channels, bits] {
        body.extend(field.to_be_bytes());
    }
    body
}

/// Returns the Channel Layout chunk. Mono and stereo do not need it.
fn layout(layout: ChannelLayout) -> Option<Vec<u8>> {
    if [ChannelLayout::MONO, ChannelLayout::STEREO].contains(&layout) {
        return None;
    }
    let (tag, bitmap) = match layout.mask() {
        Some(mask) => (USE_BITMAP, mask),
        None => (DISCRETE + layout.channels() as u32, 0),
    };
    // No channel descriptions.
    Some([tag, bitmap, 0].map(u32::to_be_bytes).concat())
}

/// Returns the Information chunk: pairs of NUL-terminated strings.
fn information(tags: &Metadata) -> Result<Vec<u8>> {
    let entries = tags.iter().count();
    let entries = u32::try_from(entries).map_err(|_| {
        Error::too_large(format!("Metadata must have fewer than 2^32 entries. Found: {entries}"))
    })?;
    let mut body = entries.to_be_bytes().to_vec();
    for text in tags.iter().flat_map(|(key, value)| [key, value]) {
        body.extend(text.as_bytes());
        body.push(0);
    }
    Ok(body)
}

fn push(bytes: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) {
    bytes.extend(id);
    bytes.extend((body.len() as u64).to_be_bytes());
    bytes.extend(body);
}
