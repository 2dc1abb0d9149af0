//! Sample entries of audio (ISO/IEC 14496-12 §12.2.3, QuickTime File Format "Sound Media").

use mp4_atom::{Audio, PcmC};
use reelwright_core::{
    AudioParameters, CodecId, CodecRecord, Error, Metadata, OpusHead, Result, StreamParameters,
    helpers::VorbisComment,
};

use crate::boxes::{Bytes, append, append_full, boxed, put};
use crate::channels;
use crate::esds::{self, Rates, bit_rate};
use crate::flavor::Flavor;

/// Types of FLAC metadata blocks (RFC 9639 §8.1). The last block has the top bit set.
const STREAMINFO: u8 = 0;
const VORBIS_COMMENT: u8 = 4;
const LAST: u8 = 0x80;

/// Appends the sample entry of a stream.
///
/// # Errors
/// Fails if the container does not support the stream.
pub(crate) fn write(
    out: &mut Bytes,
    stream: &StreamParameters,
    audio: &AudioParameters,
    flavor: &Flavor,
    rates: Rates,
) -> Result<()> {
    let is_quicktime = flavor.is_quicktime();
    match (stream.codec, &stream.record) {
        (CodecId::Aac, CodecRecord::Aac(config)) => {
            let esds = |out: &mut Bytes| {
                esds::write(out, esds::AAC, esds::AUDIO, rates, Some(&config.bytes))
            };
            if is_quicktime {
                return description(out, b"mp4a", audio, coded(audio), |out| {
                    wave(out, b"mp4a", |out| {
                        // QuickTime expects an entry of this name before the descriptor.
                        boxed(out, b"mp4a", |out| append(out, &[0; 4]))?;
                        esds(out)
                    })
                });
            }
            entry(out, b"mp4a", audio, 16, |out| {
                esds(out)?;
                bit_rate(out, rates)
            })
        }
        (CodecId::Mp3, _) if is_quicktime => {
            description(out, b".mp3", audio, coded(audio), |_| Ok(()))
        }
        (CodecId::Mp3, _) => {
            // MPEG-2's half sample rates have a separate object type.
            let object =
                if audio.format.sample_rate < 32_000 { esds::MP3_LOW_RATE } else { esds::MP3 };
            entry(out, b"mp4a", audio, 16, |out| {
                esds::write(out, object, esds::AUDIO, rates, None)?;
                bit_rate(out, rates)
            })
        }
        (CodecId::Opus, CodecRecord::Opus(head)) => entry(out, b"Opus", audio, 16, |out| {
            boxed(out, b"dOps", |out| append(out, &opus_specific(head)))?;
            bit_rate(out, rates)
        }),
        (CodecId::Flac, CodecRecord::Flac(info)) => {
            entry(out, b"fLaC", audio, info.bits_per_sample.into(), |out| {
                let mut comment = VorbisComment::new(&Metadata::new())?;
                let plain = comment.to_bytes()?.len();
                comment.push_flac_channel_mask(audio.format.layout);
                let comment = comment.to_bytes()?;
                let mut blocks = block(STREAMINFO, &info.to_bytes());
                if comment.len() > plain {
                    blocks.extend(block(VORBIS_COMMENT | LAST, &comment));
                } else {
                    blocks[0] |= LAST;
                }
                append_full(out, b"dfLa", &blocks)?;
                bit_rate(out, rates)
            })
        }
        (CodecId::Alac, CodecRecord::Alac(config)) if is_quicktime => {
            description(out, b"alac", audio, coded(audio), |out| {
                append_full(out, b"alac", &config.to_bytes())
            })
        }
        (CodecId::Alac, CodecRecord::Alac(config)) => {
            entry(out, b"alac", audio, config.bit_depth.into(), |out| {
                append_full(out, b"alac", &config.to_bytes())?;
                if let Some(tag) = channels::alac_tag(audio.format.layout) {
                    // ALACChannelLayoutInfo: the tag and two reserved fields.
                    let body = [tag.to_be_bytes(), [0; 4], [0; 4]].concat();
                    append_full(out, b"chan", &body)?;
                }
                bit_rate(out, rates)
            })
        }
        (codec, _) if codec.bytes_per_sample().is_some() => {
            if is_quicktime {
                quicktime_pcm(out, codec, audio)
            } else {
                pcm(out, codec, audio)
            }
        }
        (codec, _) => Err(Error::unsupported(format!(
            "{} does not support {codec} without its configuration.",
            flavor.name
        ))),
    }
}

/// Appends an `AudioSampleEntry`, version 0. `config` appends its boxes.
fn entry(
    out: &mut Bytes,
    kind: &[u8; 4],
    audio: &AudioParameters,
    sample_size: u16,
    config: impl FnOnce(&mut Bytes) -> Result<()>,
) -> Result<()> {
    boxed(out, kind, |out| {
        put(out, &fields(audio, sample_size))?;
        config(out)
    })
}

/// Returns the fields of version 0. A sample rate that does not fit is 0; readers find it in the
/// track's timescale.
fn fields(audio: &AudioParameters, sample_size: u16) -> Audio {
    Audio {
        data_reference_index: 1,
        // A layout has at most 65,535 channels.
        channel_count: audio.format.layout.channels() as u16,
        sample_size,
        sample_rate: u16::try_from(audio.format.sample_rate).unwrap_or(0).into(),
    }
}

/// Additional fields of QuickTime's descriptions. Zero if the packet size varies.
#[derive(Debug, Clone, Copy, Default)]
struct Packing {
    /// Samples per channel in a packet.
    samples: u32,
    /// Bytes of a coded sample of one channel.
    bytes: u32,
    /// Bytes of an uncompressed sample of one channel.
    plain: u32,
    /// `kAudioFormatFlag…` of PCM without a separate name.
    flags: u32,
}

/// Appends QuickTime's `SoundDescription`. Version 0 is for the classic fields. Version 2 is for
/// more than two channels, a sample rate of more than 16 bits, or PCM without a separate name. All
/// others have version 1.
fn description(
    out: &mut Bytes,
    kind: &[u8; 4],
    audio: &AudioParameters,
    packing: Packing,
    config: impl FnOnce(&mut Bytes) -> Result<()>,
) -> Result<()> {
    let channels = audio.format.layout.channels() as u32;
    let is_wide = channels > 2 || audio.format.sample_rate > u16::MAX.into() || kind == b"lpcm";
    let is_classic = [b"raw ", b"twos", b"sowt"].contains(&kind);
    let Packing { samples, bytes, plain, flags } = packing;
    boxed(out, kind, |out| {
        let at = out.len();
        if is_wide {
            // Fixed values of the classic fields in version 2.
            put(out, &Audio { channel_count: 3, sample_rate: 1.into(), ..fields(audio, 16) })?;
            out[at + 9] = 2;
            out.extend(72u32.to_be_bytes());
            out.extend(f64::from(audio.format.sample_rate).to_be_bytes());
            let fields = [channels, 0x7F00_0000, 8 * bytes, flags, bytes * channels, samples];
            out.extend(fields.into_iter().flat_map(u32::to_be_bytes));
        } else {
            let bits = if is_classic { 8 * bytes as u16 } else { 16 };
            put(out, &fields(audio, bits))?;
            if !is_classic {
                out[at + 9] = 1;
                let fields = [samples, bytes, bytes * channels, plain];
                out.extend(fields.into_iter().flat_map(u32::to_be_bytes));
            }
        }
        if is_wide || bytes == 0 {
            // Compression ID -2: sizes are in the sample table.
            out[at + 20..at + 22].copy_from_slice(&(-2i16).to_be_bytes());
        }
        config(out)?;
        channels::chan(out, audio.format.layout)
    })
}

/// Returns the packing of a compressed codec.
fn coded(audio: &AudioParameters) -> Packing {
    let samples = audio.frame_size.and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
    Packing { samples, plain: 2, ..Packing::default() }
}

/// Appends QuickTime's `siDecompressionParam` atom.
fn wave(
    out: &mut Bytes,
    kind: &[u8; 4],
    config: impl FnOnce(&mut Bytes) -> Result<()>,
) -> Result<()> {
    boxed(out, b"wave", |out| {
        boxed(out, b"frma", |out| append(out, kind))?;
        config(out)?;
        // Terminator.
        boxed(out, &[0; 4], |_| Ok(()))
    })
}

/// Appends `ipcm` or `fpcm` (ISO/IEC 23003-5).
fn pcm(out: &mut Bytes, codec: CodecId, audio: &AudioParameters) -> Result<()> {
    let format = PcmFormat::of(codec);
    let bits = format.bits;
    entry(out, if format.is_float { b"fpcm" } else { b"ipcm" }, audio, bits.into(), |out| {
        put(out, &PcmC { big_endian: !format.is_little_endian, sample_size: bits })?;
        channels::chnl(out, audio.format.layout)
    })
}

/// Appends QuickTime's PCM. Classic formats have separate names. All others have one name, and
/// flags that describe them.
fn quicktime_pcm(out: &mut Bytes, codec: CodecId, audio: &AudioParameters) -> Result<()> {
    use CodecId as C;
    let format = PcmFormat::of(codec);
    let is_wide = audio.format.layout.channels() > 2 || audio.format.sample_rate > u16::MAX.into();
    let kind = match codec {
        C::PcmALaw => b"alaw",
        C::PcmMuLaw => b"ulaw",
        _ if is_wide => b"lpcm",
        C::PcmU8 => b"raw ",
        C::PcmS8 | C::PcmS16Be => b"twos",
        C::PcmS16Le => b"sowt",
        C::PcmS24Be => b"in24",
        C::PcmS32Be => b"in32",
        C::PcmF32Be => b"fl32",
        C::PcmF64Be => b"fl64",
        _ => b"lpcm",
    };
    let is_law = matches!(codec, C::PcmALaw | C::PcmMuLaw);
    let is_signed = !format.is_float && !is_law && codec != C::PcmU8;
    // Flags: float, big-endian, signed integer, packed.
    let flags = u32::from(format.is_float)
        | u32::from(!format.is_little_endian && format.bits > 8) << 1
        | u32::from(is_signed) << 2
        | 1 << 3;
    let bytes = u32::from(format.bits) / 8;
    let plain = if is_law { 2 } else { bytes };
    let flags = if is_law { 0 } else { flags };
    description(out, kind, audio, Packing { samples: 1, bytes, plain, flags }, |_| Ok(()))
}

/// Format of PCM samples.
#[derive(Debug, Clone, Copy)]
struct PcmFormat {
    bits: u8,
    is_float: bool,
    is_little_endian: bool,
}

impl PcmFormat {
    const fn of(codec: CodecId) -> Self {
        use CodecId as C;
        let bytes = match codec.bytes_per_sample() {
            Some(bytes) => bytes,
            None => 0,
        };
        Self {
            bits: 8 * bytes as u8,
            is_float: matches!(codec, C::PcmF32Le | C::PcmF32Be | C::PcmF64Le | C::PcmF64Be),
            is_little_endian: matches!(
                codec,
                C::PcmS16Le | C::PcmS24Le | C::PcmS32Le | C::PcmF32Le | C::PcmF64Le
            ),
        }
    }
}

/// Returns a FLAC metadata block of fewer than 2^24 bytes.
fn block(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut block = (body.len() as u32).to_be_bytes().to_vec();
    block[0] = kind;
    block.extend(body);
    block
}

/// Returns the body of an `OpusSpecificBox` (Encapsulation of Opus in ISO BMFF §4.3.2).
fn opus_specific(head: &OpusHead) -> Vec<u8> {
    // Version 0. Unlike in Ogg, numbers are big-endian.
    let mut body = vec![0, head.channels];
    body.extend(head.pre_skip.to_be_bytes());
    body.extend(head.input_sample_rate.to_be_bytes());
    body.extend(head.output_gain.to_be_bytes());
    match &head.mapping {
        None => body.push(0),
        Some(mapping) => {
            body.extend([mapping.family, mapping.streams, mapping.coupled]);
            body.extend(&mapping.indices);
        }
    }
    body
}
