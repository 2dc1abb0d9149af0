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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flavor::{MOV, MP4};
    use reelwright_core::{
        AlacConfig, AudioSpecificConfig, ChannelLayout, FlacStreamInfo, MediaParameters,
    };
    use reelwright_testkit::muxing::{default_layout, pcm};

    /// Type and body of a stream's sample description.
    fn described(flavor: &Flavor, stream: &StreamParameters) -> (String, Vec<u8>) {
        let mut out = Vec::new();
        write(&mut out, stream, stream.audio().unwrap(), flavor, Rates::default()).unwrap();
        assert_eq!(u32::from_be_bytes(out[..4].try_into().unwrap()) as usize, out.len());
        (String::from_utf8_lossy(&out[4..8]).into_owned(), out[8..].to_vec())
    }

    fn words(bytes: &[u8]) -> Vec<u32> {
        bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
    }

    fn framed(mut stream: StreamParameters, frame_size: usize) -> StreamParameters {
        let audio = stream.audio().unwrap().clone().frame_size(Some(frame_size));
        stream.media = MediaParameters::Audio(audio);
        stream
    }

    fn aac(channels: usize) -> StreamParameters {
        let config = AudioSpecificConfig {
            bytes: vec![0x11, 0x90],
            object_type: 2,
            core_sample_rate: 48_000,
            channel_configuration: channels as u8,
        };
        let stream =
            pcm(CodecId::Aac, 48_000, default_layout(channels)).record(CodecRecord::Aac(config));
        framed(stream, 1024)
    }

    /// Returns version, channels, sample size, compression ID and 16.16 sample rate of a
    /// sound description (QuickTime File Format, "Sound Sample Descriptions").
    fn classic(body: &[u8]) -> (u16, u16, u16, i16, u32) {
        let half = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        assert_eq!((&body[..8], half(10)), (&[0, 0, 0, 0, 0, 0, 0, 1][..], 0));
        (half(8), half(16), half(18), half(20) as i16, words(&body[24..28])[0])
    }

    #[test]
    fn quicktime_pcm_of_8_and_16_bits_has_version_0() {
        for (codec, kind, bits) in [
            (CodecId::PcmU8, "raw ", 8),
            (CodecId::PcmS8, "twos", 8),
            (CodecId::PcmS16Be, "twos", 16),
            (CodecId::PcmS16Le, "sowt", 16),
        ] {
            for channels in [1, 2] {
                let (found, body) = described(&MOV, &pcm(codec, 65_535, default_layout(channels)));
                assert_eq!((found.as_str(), body.len()), (kind, 28), "{codec}");
                assert_eq!(classic(&body), (0, channels as u16, bits, 0, 65_535 << 16), "{codec}");
            }
        }
    }

    #[test]
    fn quicktime_pcm_with_its_own_name_has_version_1() {
        // Samples per packet, bytes per packet, bytes per frame, bytes per sample.
        for (codec, kind, fields) in [
            (CodecId::PcmS24Be, "in24", [1, 3, 6, 3]),
            (CodecId::PcmS32Be, "in32", [1, 4, 8, 4]),
            (CodecId::PcmF32Be, "fl32", [1, 4, 8, 4]),
            (CodecId::PcmF64Be, "fl64", [1, 8, 16, 8]),
            (CodecId::PcmALaw, "alaw", [1, 1, 2, 2]),
            (CodecId::PcmMuLaw, "ulaw", [1, 1, 2, 2]),
        ] {
            let (found, body) = described(&MOV, &pcm(codec, 44_100, ChannelLayout::STEREO));
            assert_eq!(found, kind);
            assert_eq!(classic(&body), (1, 2, 16, 0, 44_100 << 16), "{codec}");
            assert_eq!(words(&body[28..]), fields, "{codec}");
        }
    }

    #[test]
    fn quicktime_lpcm_has_version_2_and_flags() {
        // kAudioFormatFlag…: 1 float, 2 big-endian, 4 signed integer, 8 packed.
        let little = [
            (CodecId::PcmS24Le, 24, 12),
            (CodecId::PcmS32Le, 32, 12),
            (CodecId::PcmF32Le, 32, 9),
            (CodecId::PcmF64Le, 64, 9),
        ];
        let big = [
            (CodecId::PcmS16Be, 16, 14),
            (CodecId::PcmS24Be, 24, 14),
            (CodecId::PcmS32Be, 32, 14),
            (CodecId::PcmF32Be, 32, 11),
            (CodecId::PcmF64Be, 64, 11),
            (CodecId::PcmS16Le, 16, 12),
            // A single byte has no byte order.
            (CodecId::PcmS8, 8, 12),
            (CodecId::PcmU8, 8, 8),
        ];
        // The little-endian formats have no name. High rates and surround need version 2.
        for (rate, channels, codecs) in
            [(44_100, 2, &little[..]), (65_536, 2, &big), (48_000, 3, &big), (96_000, 6, &little)]
        {
            for (codec, bits, flags) in codecs {
                let (kind, body) = described(&MOV, &pcm(*codec, rate, default_layout(channels)));
                assert_eq!(kind, "lpcm", "{codec}");
                assert_eq!(classic(&body), (2, 3, 16, -2, 0x1_0000), "{codec}");
                assert_eq!(
                    body[28..40],
                    [&[0, 0, 0, 72], &f64::from(rate).to_be_bytes()[..]].concat()
                );
                let channels = channels as u32;
                let fields = [channels, 0x7F00_0000, *bits, *flags, bits / 8 * channels, 1];
                assert_eq!(words(&body[40..64]), fields, "{codec}");
                assert_eq!(body.len() > 64, channels > 2, "{codec}: only surround has `chan`");
            }
        }
        let (kind, body) = described(&MOV, &pcm(CodecId::PcmALaw, 96_000, default_layout(1)));
        assert_eq!((kind.as_str(), words(&body[40..])), ("alaw", vec![1, 0x7F00_0000, 8, 0, 1, 1]));
    }

    #[test]
    fn quicktime_compressed_audio_has_compression_id_minus_2() {
        let (kind, body) = described(&MOV, &aac(2));
        assert_eq!((kind.as_str(), classic(&body)), ("mp4a", (1, 2, 16, -2, 48_000 << 16)));
        assert_eq!(words(&body[28..44]), [1024, 0, 0, 2]);
        // `frma`, an empty `mp4a`, `esds`, and the terminator.
        let size = words(&body[44..48])[0] as usize;
        assert_eq!(body.len(), 44 + size);
        let wave = b"wave\0\0\0\x0cfrmamp4a\0\0\0\x0cmp4a\0\0\0\0";
        assert_eq!(body[48..48 + wave.len()], wave[..]);
        assert_eq!(body[48 + wave.len() + 4..][..4], *b"esds");
        assert_eq!(body[body.len() - 8..], [0, 0, 0, 8, 0, 0, 0, 0]);

        let (_, body) = described(&MOV, &aac(6));
        assert_eq!(classic(&body), (2, 3, 16, -2, 0x1_0000));
        assert_eq!(words(&body[40..64]), [6, 0x7F00_0000, 0, 0, 0, 1024]);

        let (kind, body) =
            described(&MOV, &framed(pcm(CodecId::Mp3, 44_100, default_layout(2)), 1152));
        assert_eq!((kind.as_str(), classic(&body)), (".mp3", (1, 2, 16, -2, 44_100 << 16)));
        assert_eq!(words(&body[28..]), [1152, 0, 0, 2]);

        let config = AlacConfig {
            frame_length: 4096,
            bit_depth: 16,
            rice: [40, 10, 14],
            channels: 2,
            max_frame_bytes: 0,
            average_bit_rate: 0,
            sample_rate: 48_000,
        };
        let alac = |channels: usize| {
            let config = AlacConfig { channels: channels as u8, ..config };
            let stream = pcm(CodecId::Alac, 48_000, default_layout(channels));
            framed(stream.record(CodecRecord::Alac(config)), 4096)
        };
        let (kind, body) = described(&MOV, &alac(2));
        assert_eq!((kind.as_str(), classic(&body)), ("alac", (1, 2, 16, -2, 48_000 << 16)));
        assert_eq!(words(&body[28..44]), [4096, 0, 0, 2]);
        let cookie = [b"\0\0\0\x24alac\0\0\0\0", &config.to_bytes()[..]].concat();
        assert_eq!(body[44..], cookie);
        // MP4 has no version 1 fields, and a `chan` box with ALAC's tag.
        let (_, body) = described(&MP4, &alac(2));
        assert_eq!(body[28..28 + cookie.len()], cookie);
        assert!(!body.windows(4).any(|found| found == b"chan"));
        let (_, body) = described(&MP4, &alac(6));
        let chan = b"\0\0\0\x18chan\0\0\0\0\0\x7C\0\x06\0\0\0\0\0\0\0\0";
        assert_eq!(body[28 + cookie.len()..][..chan.len()], chan[..]);
    }

    #[test]
    fn mp3_below_32_khz_has_the_object_type_of_mpeg_2() {
        // Object types of ISO/IEC 14496-1: 0x69 is ISO/IEC 13818-3, 0x6B is ISO/IEC 11172-3.
        for (rate, object) in
            [(16_000, 0x69), (24_000, 0x69), (32_000, 0x6B), (44_100, 0x6B), (48_000, 0x6B)]
        {
            let (kind, body) = described(&MP4, &pcm(CodecId::Mp3, rate, default_layout(2)));
            assert_eq!(kind, "mp4a");
            let mut esds = Vec::new();
            esds::write(&mut esds, object, esds::AUDIO, Rates::default(), None).unwrap();
            assert_eq!(body[28..28 + esds.len()], esds, "{rate}");
        }
    }

    #[test]
    fn flac_has_a_channel_mask_if_the_count_does_not_imply_the_layout() {
        let info = FlacStreamInfo {
            min_block_size: 4096,
            max_block_size: 4096,
            min_frame_size: 0,
            max_frame_size: 0,
            sample_rate: 48_000,
            channels: 6,
            bits_per_sample: 16,
            total_samples: 0,
            md5: [0; 16],
        };
        let side = ChannelLayout::from_mask(0x60F).unwrap();
        let flac = pcm(CodecId::Flac, 48_000, side).record(CodecRecord::Flac(info));
        let (_, body) = described(&MP4, &flac);
        // STREAMINFO, then a Vorbis comment marked as the last block (RFC 9639 §8.1).
        assert_eq!(body[32..44], *b"dfLa\0\0\0\0\0\0\0\x22");
        let comment = &body[44 + 34..];
        assert_eq!(comment[0], 0x84);
        let length = words(&[&[0], &comment[1..4]].concat())[0] as usize;
        let mask = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x60f";
        assert!(comment[4..4 + length].ends_with(mask), "{comment:?}");
    }

    #[test]
    fn codecs_without_their_records_are_errors() {
        for codec in [CodecId::Aac, CodecId::Opus, CodecId::Flac, CodecId::Alac] {
            let stream = pcm(codec, 48_000, default_layout(2));
            let audio = stream.audio().unwrap();
            let error = write(&mut Vec::new(), &stream, audio, &MP4, Rates::default()).unwrap_err();
            assert!(error.to_string().contains("without its configuration"), "{error}");
        }
    }
}
