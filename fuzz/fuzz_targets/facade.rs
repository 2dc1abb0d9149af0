//! Any calls of the facade in any order, with any arguments, on a writer that may fail: an error or
//! a file. No panic.

#![no_main]

use std::io::{self, Cursor, Seek, SeekFrom, Write};

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright::{
    AudioStream, CodecConfig, Element, MuxerInfo, SampleFormat, StreamingMediaEncoder, Target,
    TensorView, audio_encoders,
};
use reelwright_fuzz::{layout, muxers, options, sample_rate};

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

/// Writer that accepts a number of bytes, a few at a time.
struct Failing {
    inner: Cursor<Vec<u8>>,
    left: usize,
    at_once: usize,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.left).min(self.at_once);
        self.left -= taken;
        self.inner.write(&bytes[..taken])
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.left == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if self.left == 0 { Err(io::ErrorKind::NotSeekable.into()) } else { self.inner.seek(to) }
    }
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    // All writers are limited, because silence at a very high sample rate would fill the memory.
    let left = if u.arbitrary()? { usize::from(u16::arbitrary(u)?) } else { 1 << 22 };
    let writer = Failing {
        inner: Cursor::new(Vec::new()),
        left,
        at_once: usize::from(u8::arbitrary(u)?).max(1),
    };
    let target =
        if u.arbitrary()? { Target::writer(writer) } else { Target::seekable_writer(writer) };
    let target = target.buffer_size(usize::from(u16::arbitrary(u)?));
    let format = u.choose(&muxers()).copied()?;
    let Ok(mut encoder) = StreamingMediaEncoder::new(target, Some(format.name)) else {
        return Ok(());
    };
    let mut channels = 1;
    let mut input = SampleFormat::Flt;
    for _ in 0..u.int_in_range(1..=12)? {
        // Both errors and files are valid results.
        let _ = match u.int_in_range(0..=9)? {
            0 | 1 => {
                let layout = layout(u)?;
                input = *u.choose(SampleFormat::ALL)?;
                channels = layout.channels();
                let stream = stream(u, format, channels)?.channel_layout(layout).format(input);
                encoder.add_audio_stream(&stream).map(drop)
            }
            2 => encoder.set_metadata([(String::arbitrary(u)?, String::arbitrary(u)?)]),
            3 | 4 => encoder.open_with(options(u, format.options)?),
            5 => encoder.flush(),
            6 if u.ratio(1, 4)? => encoder.close(),
            _ => write(u, &mut encoder, channels, input),
        };
    }
    let _ = encoder.close();
    Ok(())
}

fn stream(u: &mut Unstructured<'_>, format: &MuxerInfo, channels: usize) -> Result<AudioStream> {
    let mut stream = AudioStream::new(sample_rate(u)?, channels);
    if u.arbitrary()? {
        let of_format: Vec<_> = audio_encoders()
            .filter(|info| format.audio_codecs.contains(&info.encoder.codec))
            .collect();
        let info = u.choose(&of_format)?;
        stream = stream.encoder(info.encoder.name);
        if u.arbitrary()? {
            stream = stream.encoder_format(*u.choose(info.sample_formats)?);
        }
    }
    if u.arbitrary()? {
        stream = stream.encoder_num_channels(u.int_in_range(0..=9)?);
    }
    if u.ratio(1, 4)? {
        stream = stream.encoder_sample_rate(sample_rate(u)?);
    }
    if u.ratio(1, 4)? {
        let compression_level = Some(i32::arbitrary(u)?);
        stream = stream.codec_config(CodecConfig { compression_level, ..CodecConfig::default() });
    }
    Ok(stream)
}

fn write(
    u: &mut Unstructured<'_>,
    encoder: &mut StreamingMediaEncoder<'_>,
    channels: usize,
    input: SampleFormat,
) -> Result<(), reelwright::Error> {
    let chunk = |u: &mut Unstructured<'_>| -> Result<_> {
        let format = if u.ratio(1, 16)? { *u.choose(SampleFormat::ALL)? } else { input };
        let channels = if u.ratio(1, 16)? { u.int_in_range(0..=3)? } else { channels };
        let index = if u.ratio(1, 16)? { usize::arbitrary(u)? } else { 0 };
        // Long gaps would be filled with hours of silence, so only short or invalid ones are used.
        let pts = match u.int_in_range(0..=5)? {
            0 => Some(f64::from(u8::arbitrary(u)?) / 1e4),
            1 => Some(*u.choose(&[f64::NAN, f64::INFINITY, -1.0, 1e300])?),
            _ => None,
        };
        let strides = [isize::from(i8::arbitrary(u)?), isize::from(i8::arbitrary(u)?)];
        Ok((format, channels, index, pts, usize::from(u16::arbitrary(u)?), strides))
    };
    let Ok((format, channels, index, pts, frames, strides)) = chunk(u) else { return Ok(()) };
    let bytes = u.bytes(u.len().min(4096)).unwrap_or_default();
    macro_rules! write {
        ($type:ty) => {{
            let samples: Vec<$type> = bytes
                .chunks_exact(size_of::<$type>())
                .map(|sample| <$type>::from_ne_bytes(sample.try_into().unwrap()))
                .collect();
            any_view(&samples, frames, channels, strides)
                .and_then(|chunk| encoder.write_audio_chunk(index, &chunk, pts))
        }};
    }
    match format {
        SampleFormat::U8 => write!(u8),
        SampleFormat::S16 => write!(i16),
        SampleFormat::S32 => write!(i32),
        SampleFormat::S64 => write!(i64),
        SampleFormat::Dbl => write!(f64),
        _ => write!(f32),
    }
}

/// Returns a strided view if the strides are valid, otherwise a contiguous one.
fn any_view<T: Element>(
    samples: &[T],
    frames: usize,
    channels: usize,
    strides: [isize; 2],
) -> reelwright::Result<TensorView<'_>> {
    let frames = frames % 5000;
    if let Ok(view) = TensorView::new(samples, samples.len() / 2, &[frames, channels], &strides)
        && frames * channels < 1 << 20
    {
        return Ok(view);
    }
    let frames = samples.len() / channels.max(1);
    TensorView::contiguous(&samples[..frames * channels], &[frames, channels])
}
