//! Any video frames, optionally with audio, at any times in every container of video, on an output
//! that may fail: an error or a file. No panic.

#![no_main]

use std::cell::Cell;
use std::io::{self, Cursor, Seek, SeekFrom, Write};

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright::{
    AudioStream, CodecConfig, MuxerInfo, PixelFormat, StreamingMediaEncoder, Target, TensorView,
    VideoStream, audio_encoders, video_encoders,
};
use reelwright_fuzz::{muxers, option_pairs, options};

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

/// Writer that accepts a number of bytes.
struct Failing {
    inner: Cursor<Vec<u8>>,
    left: Cell<usize>,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.left.get());
        if taken == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.left.set(self.left.get() - taken);
        self.inner.write(&bytes[..taken])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    // Image formats would write numbered files to the disk.
    let both: Vec<_> = muxers()
        .into_iter()
        .filter(|info| !info.video_codecs.is_empty() && info.image_codecs.is_empty())
        .collect();
    let format = u.choose(&both).copied()?;
    let left = if u.arbitrary()? { usize::from(u16::arbitrary(u)?) } else { 1 << 22 };
    let writer = Failing { inner: Cursor::new(Vec::new()), left: Cell::new(left) };
    let target =
        if u.arbitrary()? { Target::writer(writer) } else { Target::seekable_writer(writer) };
    let Ok(mut encoder) = StreamingMediaEncoder::new(target, Some(format.name)) else {
        return Ok(());
    };
    let size = (u.int_in_range(1..=70)?, u.int_in_range(1..=50)?);
    let pixels = *u.choose(PixelFormat::ALL)?;
    let video = encoder.add_video_stream(&video(u, format, size, pixels)?);
    let audio = if u.arbitrary()? && !format.audio_codecs.is_empty() {
        let info = audio_encoders().find(|info| info.encoder.codec == format.audio_codecs[0]);
        let name = info.map_or("", |info| info.encoder.name);
        encoder.add_audio_stream(&AudioStream::new(48_000, 2).encoder(name)).ok()
    } else {
        None
    };
    let Ok(video) = video else { return Ok(()) };
    // Both errors and files are valid results.
    let _ = encoder.open_with(options(u, format.options)?);
    for _ in 0..u.int_in_range(1..=10)? {
        // Long gaps would repeat frames for hours, so only short or invalid ones are used.
        let pts = match u.int_in_range(0..=5)? {
            0 => Some(f64::from(u8::arbitrary(u)?) / 100.0),
            1 => Some(*u.choose(&[f64::NAN, f64::INFINITY, -1.0, 1e300])?),
            _ => None,
        };
        let _ = match u.int_in_range(0..=6)? {
            0 => encoder.flush(),
            1 if audio.is_some() => {
                let samples = vec![0.25f32; 2 * usize::from(u16::arbitrary(u)? % 5000)];
                let shape = [samples.len() / 2, 2];
                TensorView::contiguous(&samples, &shape).and_then(|chunk| {
                    encoder.write_audio_chunk(audio.unwrap_or_default(), &chunk, pts)
                })
            }
            _ => {
                let (data, shape) = frames(u, size, pixels)?;
                let words: Vec<u16>;
                // Sometimes the type is wrong.
                let chunk = if (pixels.depth() > 8) != u.ratio(1, 20)? {
                    words = data
                        .iter()
                        .map(|byte| u16::from(*byte) << (pixels.depth().max(9) - 8))
                        .collect();
                    TensorView::contiguous(&words, &shape)
                } else {
                    TensorView::contiguous(&data, &shape)
                };
                chunk.and_then(|chunk| encoder.write_video_chunk(video, &chunk, pts))
            }
        };
    }
    let _ = encoder.close();
    Ok(())
}

fn video(
    u: &mut Unstructured<'_>,
    format: &MuxerInfo,
    size: (u32, u32),
    pixels: PixelFormat,
) -> Result<VideoStream> {
    let rates = [25.0, 30_000.0 / 1001.0, 1.0, 5000.0 / 167.0, 1e6, 1e-3, 0.0, f64::NAN];
    let mut stream = VideoStream::new(*u.choose(&rates)?, size.0, size.1).format(pixels);
    let of_format: Vec<_> =
        video_encoders().filter(|info| format.video_codecs.contains(&info.encoder.codec)).collect();
    if u.arbitrary()? && !of_format.is_empty() {
        let info = u.choose(&of_format)?;
        stream = stream.encoder(info.encoder.name);
        if u.arbitrary()? {
            stream = stream.encoder_format(*u.choose(info.pixel_formats)?);
        }
        for (name, value) in option_pairs(u, info.encoder.options)? {
            stream = stream.encoder_option(name, value);
        }
    }
    if u.ratio(1, 4)? {
        stream = stream.encoder_width(u.int_in_range(1..=90)?);
    }
    if u.ratio(1, 4)? {
        stream = stream.encoder_height(u.int_in_range(1..=90)?);
    }
    if u.ratio(1, 4)? {
        stream = stream.encoder_frame_rate(*u.choose(&rates)?);
    }
    Ok(stream.codec_config(CodecConfig {
        bit_rate: Option::<u16>::arbitrary(u)?.map(|rate| u64::from(rate) * 100),
        qscale: Option::<u8>::arbitrary(u)?.map(f32::from),
        gop_size: Option::<u8>::arbitrary(u)?.map(u32::from),
        ..CodecConfig::default()
    }))
}

/// Returns up to two frames, mostly of the expected size.
fn frames(
    u: &mut Unstructured<'_>,
    size: (u32, u32),
    pixels: PixelFormat,
) -> Result<(Vec<u8>, [usize; 4])> {
    let channels = u.int_in_range(pixels.components().len()..=pixels.channels())?;
    let mut shape = [u.int_in_range(0..=2)?, channels, size.1 as usize, size.0 as usize];
    if u.ratio(1, 10)? {
        shape[u.int_in_range(0..=3)?] = u.int_in_range(0..=9)?;
    }
    let seed = u.bytes(u.len().min(200))?;
    let count = shape.iter().product();
    let data = seed.iter().copied().cycle().take(count).collect::<Vec<_>>();
    Ok((if data.len() == count { data } else { vec![77; count] }, shape))
}
