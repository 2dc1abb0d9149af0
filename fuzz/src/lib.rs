//! Shared code of the fuzz targets: the codecs and containers, and generators of arbitrary values.
//!
//! `cargo +nightly fuzz run --no-cfg-fuzzing muxers -- -max_total_time=60` runs a target. `cargo
//! fuzz list` lists them all.

use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use reelwright_core::{
    AdpcmBlocks, AlacConfig, AudioEncoderInfo, AudioFormat, AudioFrame, AudioParameters,
    AudioSpecificConfig, Av1Config, AvcConfig, ChannelLayout, Chapter, CodecId, CodecRecord,
    ColorInfo, DataType, FlacStreamInfo, MediaParameters, MemoryOutput, Metadata, Mp3Info,
    Mp3RateControl, MuxerInfo, OptionInfo, OptionKind, Options, OpusChannelMapping, OpusHead,
    Packet, CoverArt, PixelFormat, Rational, SampleFormat, StreamParameters, TimeBase, Timestamp,
    TypedBuffer, VideoFormat, VideoParameters, VorbisHeaders, WebVttHeader,
};
use reelwright_testkit::output::FailingOutput;

/// Returns all audio encoders.
pub fn encoders() -> Vec<&'static AudioEncoderInfo> {
    reelwright::audio_encoders().collect()
}

/// Returns all muxers.
pub fn muxers() -> Vec<&'static MuxerInfo> {
    reelwright::muxers().collect()
}

/// Returns [`option_pairs`] as options.
pub fn options(u: &mut Unstructured<'_>, known: &[OptionInfo]) -> Result<Options> {
    Ok(option_pairs(u, known)?.into_iter().collect())
}

/// Returns names and values of options, most of which are known and valid.
pub fn option_pairs(
    u: &mut Unstructured<'_>,
    known: &[OptionInfo],
) -> Result<Vec<(String, String)>> {
    let mut options = Vec::new();
    for _ in 0..u.int_in_range(0..=6)? {
        if known.is_empty() || u.ratio(1, 8)? {
            options.push((String::arbitrary(u)?, String::arbitrary(u)?));
            continue;
        }
        let option = u.choose(known)?;
        let value = match option.kind {
            _ if u.ratio(1, 8)? => String::arbitrary(u)?,
            OptionKind::Int { min, max, .. } => {
                let low = min.saturating_sub(1);
                u.int_in_range(low..=max.saturating_add(1))?.to_string()
            }
            OptionKind::Bool { .. } => u.choose(&["true", "false", "1", "perhaps"])?.to_string(),
            OptionKind::BoolOrSeconds { .. } => {
                u.choose(&["true", "false", "2.5", "perhaps"])?.to_string()
            }
            OptionKind::Float { min, max, .. } => {
                let part = f64::from(u.int_in_range(-1..=101i8)?) / 100.0;
                (min + (max - min) * part).to_string()
            }
            OptionKind::Flags { values } => {
                let words = [u.choose(values)?.0, u.choose(values)?.0];
                words.join(u.choose(&["+", "-", "+-"])?)
            }
            OptionKind::Choice { values, .. } => u.choose(values)?.0.to_owned(),
            OptionKind::Rational { .. } => u.choose(&["25", "30000/1001", "1/0"])?.to_string(),
            OptionKind::Duration { .. } => {
                u.choose(&["1.5", "200ms", "1:", "1:00:01"])?.to_string()
            }
            OptionKind::Size { .. } => u.choose(&["vga", "16x8", "0x0"])?.to_string(),
            OptionKind::Color { .. } => u.choose(&["red", "#102030", "#1"])?.to_string(),
            OptionKind::Dictionary { .. } => u.choose(&["a=b", "a=b:c=d", "a"])?.to_string(),
            OptionKind::Text { .. } => {
                u.choose(&["keep", "drop", "compose:red", "compose:#10203"])?.to_string()
            }
        };
        options.push((option.name.to_owned(), value));
    }
    Ok(options)
}

/// Returns a layout of few or many channels, with or without positions.
pub fn layout(u: &mut Unstructured<'_>) -> Result<ChannelLayout> {
    let channels = match u.int_in_range(0..=3)? {
        0 => u16::arbitrary(u)?.max(1) as usize,
        _ => u.int_in_range(1..=8)?,
    };
    let layout = match u.int_in_range(0..=2)? {
        0 => ChannelLayout::from_mask(u32::arbitrary(u)?),
        1 => ChannelLayout::unspecified(channels),
        _ => ChannelLayout::default_for(channels),
    };
    Ok(layout.unwrap_or(ChannelLayout::STEREO))
}

/// Returns a common sample rate or any number.
pub fn sample_rate(u: &mut Unstructured<'_>) -> Result<u32> {
    if u.ratio(1, 3)? { u32::arbitrary(u) } else { Ok(*u.choose(&[8000, 44_100, 48_000])?) }
}

/// Returns any fraction.
pub fn rational(u: &mut Unstructured<'_>) -> Result<Rational> {
    let terms = match u.int_in_range(0..=2)? {
        0 => (i64::arbitrary(u)?, i64::arbitrary(u)?),
        1 => (u.int_in_range(1..=2000)?, u.int_in_range(1..=200_000)?),
        _ => (1, i64::from(u32::arbitrary(u)?)),
    };
    Ok(Rational::new(terms.0, terms.1).unwrap_or(Rational::ONE))
}

/// Returns a record of any codec, which may be inconsistent.
pub fn record(u: &mut Unstructured<'_>) -> Result<CodecRecord> {
    Ok(match u.int_in_range(0..=10)? {
        0 => CodecRecord::Flac(FlacStreamInfo {
            min_block_size: u.arbitrary()?,
            max_block_size: u.arbitrary()?,
            min_frame_size: u.arbitrary()?,
            max_frame_size: u.arbitrary()?,
            sample_rate: sample_rate(u)?,
            channels: u.arbitrary()?,
            bits_per_sample: u.arbitrary()?,
            total_samples: u.arbitrary()?,
            md5: u.arbitrary()?,
        }),
        1 => CodecRecord::Aac(AudioSpecificConfig {
            bytes: u.arbitrary()?,
            object_type: u.int_in_range(0..=50)?,
            core_sample_rate: sample_rate(u)?,
            channel_configuration: u.int_in_range(0..=9)?,
        }),
        2 => CodecRecord::Adpcm(AdpcmBlocks {
            block_align: u.arbitrary()?,
            samples_per_block: u.arbitrary()?,
        }),
        3 => CodecRecord::Alac(AlacConfig {
            frame_length: u.arbitrary()?,
            bit_depth: u.arbitrary()?,
            rice: u.arbitrary()?,
            channels: u.arbitrary()?,
            max_frame_bytes: u.arbitrary()?,
            average_bit_rate: u.arbitrary()?,
            sample_rate: sample_rate(u)?,
        }),
        4 => CodecRecord::Mp3(Mp3Info {
            rate_control: match u.int_in_range(0..=2)? {
                0 => Mp3RateControl::Constant,
                1 => Mp3RateControl::Average,
                _ => Mp3RateControl::Variable(u.arbitrary()?),
            },
            lowpass: u.arbitrary()?,
        }),
        5 => CodecRecord::Opus(OpusHead {
            channels: u.arbitrary()?,
            pre_skip: u.arbitrary()?,
            input_sample_rate: sample_rate(u)?,
            output_gain: u.arbitrary()?,
            mapping: match u.arbitrary()? {
                false => None,
                true => Some(OpusChannelMapping {
                    family: u.arbitrary()?,
                    streams: u.arbitrary()?,
                    coupled: u.arbitrary()?,
                    indices: u.arbitrary()?,
                }),
            },
        }),
        6 => CodecRecord::Vorbis(VorbisHeaders {
            identification: u.arbitrary()?,
            setup: u.arbitrary()?,
        }),
        7 => CodecRecord::H264(AvcConfig::new(u.arbitrary()?, u.arbitrary()?)),
        8 => CodecRecord::Av1(Av1Config { bytes: u.arbitrary()? }),
        9 => CodecRecord::WebVtt(WebVttHeader { text: u.arbitrary()? }),
        _ => CodecRecord::None,
    })
}

/// Returns any stream, which may be inconsistent.
pub fn stream(u: &mut Unstructured<'_>) -> Result<StreamParameters> {
    let codec = *u.choose(CodecId::ALL)?;
    let record = record(u)?;
    let media = if u.ratio(1, 6)? {
        MediaParameters::Subtitle
    } else if u.ratio(2, 3)? {
        MediaParameters::Audio(
            AudioParameters::new(AudioFormat {
                sample_rate: sample_rate(u)?,
                layout: layout(u)?,
                sample_format: *u.choose(SampleFormat::ALL)?,
            })
            .bits_per_sample(u.arbitrary()?)
            .frame_size(u.arbitrary()?),
        )
    } else {
        MediaParameters::Video(
            VideoParameters::new(VideoFormat {
                width: u.arbitrary()?,
                height: u.arbitrary()?,
                pixel_format: *u.choose(PixelFormat::ALL)?,
                sample_aspect_ratio: rational(u)?,
                color: ColorInfo::default(),
            })
            .frame_rate(Some(rational(u)?)),
        )
    };
    Ok(StreamParameters::new(codec, TimeBase::new(rational(u)?), media)
        .record(record)
        .bit_rate(u.arbitrary()?))
}

/// Returns metadata with common and other keys.
pub fn tags(u: &mut Unstructured<'_>) -> Result<Metadata> {
    let mut tags = Metadata::new();
    for _ in 0..u.int_in_range(0..=4)? {
        let key = match u.arbitrary()? {
            true => u.choose(&["title", "artist", "comment", "track", "IKEY"])?.to_string(),
            false => String::arbitrary(u)?,
        };
        // Invalid metadata is not an error here, because muxers never receive it.
        let _ = tags.set(key, String::arbitrary(u)?);
    }
    if u.ratio(1, 4)? {
        let data = [b"\xFF\xD8\xFF", u.bytes(u.len().min(40))?].concat();
        tags.set_cover(CoverArt::front_cover(data).expect("it begins like a JPEG"));
    }
    let mut chapters = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        // Most chapters are close to each other.
        let start = if u.ratio(3, 4)? { u16::arbitrary(u)?.into() } else { u64::arbitrary(u)? };
        let end = u.ratio(1, 3)?.then_some(start.saturating_add(u16::arbitrary(u)?.into()));
        let millis = Duration::from_millis;
        chapters.push(Chapter::new(millis(start), end.map(millis), String::arbitrary(u)?));
    }
    chapters.sort_by_key(|chapter| chapter.start);
    let _ = tags.set_chapters(chapters);
    Ok(tags)
}

/// Returns a seekable or unseekable output that may fail at any byte.
pub fn output(u: &mut Unstructured<'_>) -> Result<FailingOutput> {
    let memory = if u.arbitrary()? { MemoryOutput::seekable() } else { MemoryOutput::streaming() };
    let left = if u.arbitrary()? { u.int_in_range(0..=2000)? } else { usize::MAX };
    Ok(FailingOutput::new(memory, left))
}

/// Returns any packet.
pub fn packet(u: &mut Unstructured<'_>) -> Result<Packet> {
    let mut data: Vec<u8> = u.arbitrary()?;
    // Some packets are text samples.
    if u.ratio(1, 4)? {
        let text = String::arbitrary(u)?;
        data = match u.arbitrary()? {
            true => format!("\n\n{text}").into_bytes(),
            false => [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat(),
        };
    }
    // Some packets begin like MP3 frames.
    if u.ratio(1, 4)? {
        data.splice(..0, [0xFF, 0xFB, 0x90, 0x40]);
    }
    Ok(Packet {
        stream: if u.ratio(9, 10)? { 0 } else { u.arbitrary()? },
        data,
        pts: Timestamp(u.arbitrary()?),
        dts: Timestamp(u.arbitrary()?),
        duration: u.arbitrary()?,
        keyframe: u.arbitrary()?,
        trim_start: u.arbitrary()?,
        trim_end: u.arbitrary()?,
    })
}

/// Returns samples of any type that use all bytes, at most `most`.
pub fn samples(u: &mut Unstructured<'_>, data_type: DataType, most: usize) -> Result<TypedBuffer> {
    fn take<const N: usize>(u: &mut Unstructured<'_>, most: usize) -> Result<Vec<[u8; N]>> {
        let bytes = most.min(u.len() / N) * N;
        Ok(u.bytes(bytes)?.as_chunks().0.to_vec())
    }
    Ok(match data_type {
        DataType::U8 => TypedBuffer::U8(take::<1>(u, most)?.concat()),
        DataType::U16 => return Err(arbitrary::Error::IncorrectFormat),
        DataType::I16 => {
            TypedBuffer::I16(take(u, most)?.into_iter().map(i16::from_le_bytes).collect())
        }
        DataType::I32 => {
            TypedBuffer::I32(take(u, most)?.into_iter().map(i32::from_le_bytes).collect())
        }
        DataType::I64 => {
            TypedBuffer::I64(take(u, most)?.into_iter().map(i64::from_le_bytes).collect())
        }
        DataType::F32 => {
            TypedBuffer::F32(take(u, most)?.into_iter().map(f32::from_le_bytes).collect())
        }
        DataType::F64 => {
            TypedBuffer::F64(take(u, most)?.into_iter().map(f64::from_le_bytes).collect())
        }
    })
}

/// Returns a frame with all complete audio frames of `buffer`, interleaved or planar.
pub fn frame(
    u: &mut Unstructured<'_>,
    buffer: TypedBuffer,
    channels: usize,
) -> Result<Option<AudioFrame>> {
    let pts = Timestamp(u.arbitrary()?);
    let is_planar = u.ratio(1, 8)?;
    let is_alike =
        |f: &&SampleFormat| (f.data_type(), f.is_planar()) == (buffer.data_type(), is_planar);
    let Some(sample_format) = SampleFormat::ALL.iter().find(is_alike) else { return Ok(None) };
    let Ok(layout) = ChannelLayout::unspecified(channels) else { return Ok(None) };
    let format = AudioFormat::new(*sample_format, 48_000, layout);
    Ok(AudioFrame::new(format, buffer, pts).ok())
}
