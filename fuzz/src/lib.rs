//! What the fuzz targets share: everything there is to fuzz, and arbitrary things to fuzz it with.
//!
//! `cargo +nightly fuzz run --no-cfg-fuzzing muxers -- -max_total_time=60` runs one target, `cargo
//! fuzz list` names them all.

use arbitrary::{Arbitrary, Result, Unstructured};
use reelwright_core::{
    AudioEncoderInfo, AudioFrame, AudioParameters, ChannelLayout, CodecId, CodecRecord, ColorInfo,
    DataType, FlacStreamInfo, MediaParameters, MemoryOutput, Metadata, MuxerInfo, OptionInfo,
    OptionKind, Options, Packet, PixelFormat, Rational, SampleFormat, StreamParameters, TimeBase,
    Timestamp, TypedBuffer, VideoParameters,
};
use reelwright_testkit::output::FailingOutput;

/// Every encoder of sound.
pub fn encoders() -> Vec<&'static AudioEncoderInfo> {
    let mut all: Vec<_> = reelwright_enc_pcm::ENCODERS.iter().collect();
    all.push(&reelwright_enc_flac::ENCODER);
    all
}

/// Every muxer.
pub fn muxers() -> Vec<&'static MuxerInfo> {
    use {reelwright_mux_aiff as aiff, reelwright_mux_au as au, reelwright_mux_caf as caf};
    use {reelwright_mux_flac as flac, reelwright_mux_raw as raw, reelwright_mux_wav as wav};
    let mut all = vec![&aiff::MUXER, &au::MUXER, &caf::MUXER, &flac::MUXER];
    all.extend(raw::MUXERS);
    all.extend(wav::MUXERS);
    all
}

/// Options that are often, but not always, among those known, with values that often fit.
pub fn options(u: &mut Unstructured<'_>, known: &[OptionInfo]) -> Result<Options> {
    let mut options = Options::new();
    for _ in 0..u.int_in_range(0..=6)? {
        if known.is_empty() || u.ratio(1, 8)? {
            options.set(String::arbitrary(u)?, String::arbitrary(u)?);
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
            OptionKind::Choice { values, .. } => u.choose(values)?.0.to_owned(),
        };
        options.set(option.name, value);
    }
    Ok(options)
}

/// A layout of few or very many channels, known or not.
pub fn layout(u: &mut Unstructured<'_>) -> Result<ChannelLayout> {
    let channels = match u.int_in_range(0..=3)? {
        0 => u16::arbitrary(u)?.max(1) as usize,
        _ => u.int_in_range(1..=8)?,
    };
    let layout = match u.int_in_range(0..=2)? {
        0 => ChannelLayout::from_mask(u32::arbitrary(u)?),
        1 => ChannelLayout::unpositioned(channels),
        _ => ChannelLayout::default_for(channels),
    };
    Ok(layout.unwrap_or(ChannelLayout::STEREO))
}

/// A usual rate or any number.
pub fn sample_rate(u: &mut Unstructured<'_>) -> Result<u32> {
    if u.ratio(1, 3)? { u32::arbitrary(u) } else { Ok(*u.choose(&[8000, 44_100, 48_000])?) }
}

/// Any fraction.
pub fn rational(u: &mut Unstructured<'_>) -> Result<Rational> {
    let terms = match u.int_in_range(0..=2)? {
        0 => (i64::arbitrary(u)?, i64::arbitrary(u)?),
        1 => (u.int_in_range(1..=2000)?, u.int_in_range(1..=200_000)?),
        _ => (1, i64::from(u32::arbitrary(u)?)),
    };
    Ok(Rational::new(terms.0, terms.1).unwrap_or(Rational::ONE))
}

/// Any stream at all, also one that contradicts itself.
pub fn stream(u: &mut Unstructured<'_>) -> Result<StreamParameters> {
    let record = if u.arbitrary()? {
        CodecRecord::Flac(FlacStreamInfo {
            min_block_size: u.arbitrary()?,
            max_block_size: u.arbitrary()?,
            min_frame_size: u.arbitrary()?,
            max_frame_size: u.arbitrary()?,
            sample_rate: sample_rate(u)?,
            channels: u.arbitrary()?,
            bits_per_sample: u.arbitrary()?,
            total_samples: u.arbitrary()?,
            md5: u.arbitrary()?,
        })
    } else {
        CodecRecord::None
    };
    let media = if u.ratio(9, 10)? {
        MediaParameters::Audio(AudioParameters {
            sample_rate: sample_rate(u)?,
            layout: layout(u)?,
            sample_format: *u.choose(SampleFormat::ALL)?,
            bits_per_sample: u.arbitrary()?,
            frame_size: u.arbitrary()?,
        })
    } else {
        MediaParameters::Video(VideoParameters {
            width: u.arbitrary()?,
            height: u.arbitrary()?,
            pixel_format: PixelFormat::Rgb24,
            frame_rate: rational(u)?,
            sample_aspect_ratio: rational(u)?,
            color: ColorInfo::default(),
        })
    };
    Ok(StreamParameters {
        time_base: TimeBase::new(rational(u)?),
        codec: *u.choose(CodecId::ALL)?,
        record,
        bit_rate: u.arbitrary()?,
        media,
    })
}

/// Metadata, of common keys and of others.
pub fn tags(u: &mut Unstructured<'_>) -> Result<Metadata> {
    let mut tags = Metadata::new();
    for _ in 0..u.int_in_range(0..=4)? {
        let key = match u.arbitrary()? {
            true => u.choose(&["title", "artist", "comment", "track", "IKEY"])?.to_string(),
            false => String::arbitrary(u)?,
        };
        // What metadata refuses is not the muxers' business.
        let _ = tags.set(key, String::arbitrary(u)?);
    }
    Ok(tags)
}

/// An output of either kind that may fail at any byte.
pub fn output(u: &mut Unstructured<'_>) -> Result<FailingOutput> {
    let memory = if u.arbitrary()? { MemoryOutput::seekable() } else { MemoryOutput::streaming() };
    let left = if u.arbitrary()? { u.int_in_range(0..=2000)? } else { usize::MAX };
    Ok(FailingOutput::new(memory, left))
}

/// Any packet.
pub fn packet(u: &mut Unstructured<'_>) -> Result<Packet> {
    Ok(Packet {
        stream: if u.ratio(9, 10)? { 0 } else { u.arbitrary()? },
        data: u.arbitrary()?,
        pts: Timestamp(u.arbitrary()?),
        dts: Timestamp(u.arbitrary()?),
        duration: u.arbitrary()?,
        keyframe: u.arbitrary()?,
        trim_start: u.arbitrary()?,
        trim_end: u.arbitrary()?,
    })
}

/// Samples of any type, as many as there are bytes for, up to `most`.
pub fn samples(u: &mut Unstructured<'_>, data_type: DataType, most: usize) -> Result<TypedBuffer> {
    fn take<const N: usize>(u: &mut Unstructured<'_>, most: usize) -> Result<Vec<[u8; N]>> {
        let bytes = most.min(u.len() / N) * N;
        Ok(u.bytes(bytes)?.as_chunks().0.to_vec())
    }
    Ok(match data_type {
        DataType::U8 => TypedBuffer::U8(take::<1>(u, most)?.concat()),
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

/// All of `buffer` that makes whole samples of `channels` channels, interleaved or in planes.
pub fn frame<'a>(
    u: &mut Unstructured<'_>,
    buffer: &'a TypedBuffer,
    channels: usize,
) -> Result<Option<AudioFrame<'a>>> {
    let pts = Timestamp(u.arbitrary()?);
    if u.ratio(1, 8)? {
        let samples = buffer.len() / channels;
        return Ok(Some(AudioFrame::planar(buffer.as_slice(), channels, samples, samples, pts)));
    }
    let whole = buffer.len().is_multiple_of(channels);
    Ok(whole.then(|| AudioFrame::packed(buffer.as_slice(), channels, pts)))
}
