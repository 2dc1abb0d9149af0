//! Prints a hash of the output of each encoder and muxer, one per line. The input is the same on
//! every machine. A line that differs from `hashes.txt` means that the output depends on the
//! machine or has changed.
//!
//! The program accesses no files and starts no threads, so that it runs in emulators and as
//! WebAssembly. `cargo xtask hashes` builds it, runs it and compares.

mod signal;

use std::io::Cursor;
use std::process::ExitCode;

use md5::{Digest, Md5};
use reelwright::{
    AudioEncoderInfo, AudioStream, ChannelLayouts, Chapter, DataType, MuxerInfo, Options,
    PixelFormat, Result, SampleFormat, SampleRates, StreamingMediaEncoder, SubtitleStream, Target,
    TensorView, VideoStream, audio_encoders, muxers, video_encoders,
};

/// Container, encoder and options, as `name=value name=value`.
const AUDIO_OPTIONS: &[(&str, &str, &str)] = &[
    ("adts", "aac", "b=32000"),
    ("adts", "aac", "b=256000"),
    ("adts", "aac", "cbr=true b=96000"),
    ("adts", "aac", "aac_ms=false cutoff=12000"),
    ("mp3", "mp3", "b=64000"),
    ("mp3", "mp3", "b=320000"),
    ("mp3", "mp3", "abr=true b=150000"),
    ("mp3", "mp3", "joint_stereo=false reservoir=false"),
    ("opus", "opus", "b=24000"),
    ("opus", "opus", "b=160000"),
    ("flac", "flac", "compression_level=0"),
    ("flac", "flac", "compression_level=8"),
    ("flac", "flac", "compression_level=12"),
];
const VIDEO_OPTIONS: &[(&str, &str, &str)] = &[
    ("h264", "h264", "preset=ultrafast"),
    ("h264", "h264", "crf=18"),
    ("h264", "h264", "qp=40"),
    ("h264", "h264", "b=150000"),
    ("h264", "h264", "profile=baseline"),
    ("h264", "h264", "qp=10 slices=3"),
    ("h264", "h264", "qp=37 slices=2 profile=baseline"),
    ("h264", "h264", "g=1 qp=20"),
    ("ivf", "librav1e", "qp=60"),
    ("ivf", "librav1e", "b=60000"),
    ("gif", "gif", "dither=floyd_steinberg"),
    ("gif", "gif", "dither=none max_colors=16"),
    ("mjpeg", "mjpeg", "colorspace=bt709"),
    ("rawvideo", "rawvideo", "color_range=pc"),
];

/// Container, encoder and a pixel format other than its first.
const VIDEO_FORMATS: &[(&str, &str, PixelFormat)] = &[
    ("ivf", "librav1e", PixelFormat::Yuv444p),
    ("ivf", "librav1e", PixelFormat::Yuv420p10Le),
    ("apng", "png", PixelFormat::Rgba64Le),
    ("apng", "png", PixelFormat::Gray8),
    ("yuv4mpegpipe", "wrapped_avframe", PixelFormat::Yuv422p10Le),
    ("mjpeg", "mjpeg", PixelFormat::Yuv444p),
];

/// Encoders whose output depends on the machine, and the reason. Their hashes are not in the table.
const VARYING: &[(&str, &str)] = &[
    // opus-pure sums floats in the order of the machine's vectors, with FMA if available.
    ("opus", "depends on the machine's SIMD"),
];

/// Options of MP4 layouts, with an audio and a video stream.
const MP4_OPTIONS: &[&str] = &[
    "movflags=hybrid_fragmented",
    "movflags=progressive",
    "movflags=faststart",
    "movflags=frag_keyframe",
    "movflags=frag_every_frame",
    "movflags=frag_keyframe+dash",
    "movflags=frag_keyframe+skip_trailer",
];

/// Container, codec of subtitles, and options.
const SUBTITLES: &[(&str, &str, &str)] = &[
    ("mp4", "mov_text", "movflags=hybrid_fragmented"),
    ("mp4", "mov_text", "movflags=frag_keyframe"),
    ("mp4", "webvtt", "movflags=faststart"),
    ("mov", "mov_text", "movflags=progressive"),
    ("3gp", "mov_text", "movflags=progressive"),
];

/// Sample rate, channels and sample format of the chunks, and the encoded rate and channels.
const AUDIO_CONVERSIONS: &[(u32, usize, SampleFormat, u32, usize)] = &[
    (44_100, 2, SampleFormat::Flt, 16_000, 1),
    (48_000, 6, SampleFormat::S16, 48_000, 2),
    (48_000, 1, SampleFormat::S16, 44_100, 2),
    (8000, 1, SampleFormat::U8, 48_000, 1),
    (96_000, 2, SampleFormat::S32, 48_000, 2),
];

/// Width and height to which frames of [`SIZE`] are scaled, with each pixel format.
const SCALED: (u32, u32) = (110, 46);

const SIZE: (usize, usize) = (80, 64);
const FRAMES: usize = 10;

fn main() -> ExitCode {
    match table().and_then(print) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.report());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends a chain of results")]
fn print(rows: Vec<Row>) -> Result<()> {
    let count = rows.len();
    for Row { name, bytes } in rows {
        let is = |(encoder, _): &&(&str, &str)| name.split(' ').nth(1) == Some(*encoder);
        if let Some((_, reason)) = VARYING.iter().find(is) {
            println!("{reason:>40} {name}");
            continue;
        }
        let hash: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{hash} {:>7} {name}", bytes.len());
    }
    // Shows that the output is complete.
    println!("rows: {count}");
    Ok(())
}

/// Bytes of a file, and the name of its case.
struct Row {
    name: String,
    bytes: Vec<u8>,
}

fn table() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for muxer in muxers() {
        for info in audio_encoders() {
            if muxer.audio_codecs.contains(&info.encoder.codec) {
                for seekable in [true, false] {
                    rows.extend(audio_pair(muxer, info, seekable)?);
                }
            }
        }
        for info in video_encoders() {
            if muxer.video_codecs.contains(&info.encoder.codec) {
                for seekable in [true, false] {
                    let mut stream = video().encoder(info.encoder.name);
                    if muxer.name == "yuv4mpegpipe" {
                        stream = stream.encoder_format(PixelFormat::Yuv420p);
                    }
                    let frames = if muxer.image_codecs.is_empty() { FRAMES } else { 1 };
                    let name = format!("{} {}", muxer.name, info.encoder.name);
                    rows.push(video_row(name, muxer.name, &stream, seekable, frames)?);
                }
            }
        }
    }
    for (muxer, encoder, options) in AUDIO_OPTIONS {
        let stream = AudioStream::new(48_000, 2).encoder(*encoder);
        let stream = pairs(options).fold(stream, |stream, (k, v)| stream.encoder_option(k, v));
        let name = format!("{muxer} {encoder} {options}");
        rows.push(audio_row(name, muxer, &stream, true, SampleFormat::Flt, 2)?);
    }
    let is_built = |name: &str| video_encoders().any(|info| info.encoder.name == name);
    for (muxer, encoder, options) in VIDEO_OPTIONS.iter().filter(|row| is_built(row.1)) {
        let stream = video().encoder(*encoder);
        let stream = pairs(options).fold(stream, |stream, (k, v)| stream.encoder_option(k, v));
        let name = format!("{muxer} {encoder} {options}");
        rows.push(video_row(name, muxer, &stream, true, FRAMES)?);
    }
    for (muxer, encoder, format) in VIDEO_FORMATS.iter().filter(|row| is_built(row.1)) {
        let stream = video().encoder(*encoder).encoder_format(*format);
        let name = format!("{muxer} {encoder} {format}");
        rows.push(video_row(name, muxer, &stream, true, FRAMES)?);
    }
    for options in MP4_OPTIONS {
        rows.push(movie(options)?);
    }
    for muxer in muxers().filter(|muxer| muxer.chapters.is_supported()) {
        for seekable in [true, false] {
            rows.push(chapters(muxer, seekable)?);
        }
    }
    for (muxer, codec, options) in SUBTITLES {
        rows.push(subtitles(muxer, codec, options)?);
    }
    for (rate, channels, format, to_rate, to_channels) in AUDIO_CONVERSIONS {
        let stream = AudioStream::new(*rate, *channels)
            .format(*format)
            .encoder_sample_rate(*to_rate)
            .encoder_num_channels(*to_channels);
        let name = format!("s32le {rate} Hz {channels} {format} to {to_rate} Hz {to_channels}");
        rows.push(audio_row(name, "s32le", &stream, false, *format, *channels)?);
    }
    for format in PixelFormat::ALL {
        let stream = video()
            .encoder("rawvideo")
            .encoder_format(*format)
            .encoder_width(SCALED.0)
            .encoder_height(SCALED.1);
        rows.push(video_row(format!("rawvideo {format}"), "rawvideo", &stream, false, 2)?);
    }
    Ok(rows)
}

fn pairs(options: &str) -> impl Iterator<Item = (&str, &str)> {
    options.split_whitespace().filter_map(|option| option.split_once('='))
}

fn video() -> VideoStream {
    VideoStream::new(25.0, SIZE.0 as u32, SIZE.1 as u32)
}

/// Encodes with the first sample format of an encoder. Returns `None` if the container requires
/// seeking.
fn audio_pair(muxer: &MuxerInfo, info: &AudioEncoderInfo, seekable: bool) -> Result<Option<Row>> {
    let rate = match info.sample_rates {
        SampleRates::List(rates) if !rates.contains(&48_000) => rates[0],
        // FLV stores uncompressed audio at a few rates.
        _ if muxer.name == "flv" => match info.encoder.name {
            "pcm_alaw" | "pcm_mulaw" => 8000,
            name if name.starts_with("pcm_") => 44_100,
            _ => 48_000,
        },
        _ => 48_000,
    };
    let mono = reelwright::ChannelLayout::MONO;
    let only_mono = matches!(info.layouts, ChannelLayouts::List([only]) if *only == mono);
    let channels = if only_mono { 1 } else { 2 };
    let format = match info.sample_formats[0].data_type() {
        DataType::U8 => SampleFormat::U8,
        DataType::I16 => SampleFormat::S16,
        DataType::I32 => SampleFormat::S32,
        _ => SampleFormat::Flt,
    };
    let stream = AudioStream::new(rate, channels).format(format).encoder(info.encoder.name);
    let name = format!("{} {}", muxer.name, info.encoder.name);
    match audio_row(name, muxer.name, &stream, seekable, format, channels) {
        Err(_) if !seekable => Ok(None),
        row => row.map(Some),
    }
}

fn audio_row(
    name: String,
    muxer: &str,
    stream: &AudioStream,
    seekable: bool,
    format: SampleFormat,
    channels: usize,
) -> Result<Row> {
    row(
        name,
        muxer,
        seekable,
        &Options::new(),
        |encoder| {
            encoder.add_audio_stream(stream)?;
            Ok(())
        },
        |encoder| write_audio(encoder, 0, format, channels),
    )
}

fn video_row(
    name: String,
    muxer: &str,
    stream: &VideoStream,
    seekable: bool,
    frames: usize,
) -> Result<Row> {
    row(
        name,
        muxer,
        seekable,
        &Options::new(),
        |encoder| {
            encoder.add_video_stream(stream)?;
            Ok(())
        },
        |encoder| write_video(encoder, 0, frames),
    )
}

/// Creates an MP4 file with two streams.
fn movie(options: &str) -> Result<Row> {
    let name = format!("mp4 h264 aac {options}");
    row(
        name,
        "mp4",
        true,
        &pairs(options).collect(),
        |encoder| {
            encoder.add_video_stream(&video())?;
            encoder.add_audio_stream(&AudioStream::new(48_000, 2))?;
            encoder.set_metadata([("title", "Hashes")])
        },
        |encoder| {
            write_video(encoder, 0, FRAMES)?;
            write_audio(encoder, 1, SampleFormat::Flt, 2)
        },
    )
}

/// Creates a file with chapters, with an encoder whose output is the same on every machine.
fn chapters(muxer: &MuxerInfo, seekable: bool) -> Result<Row> {
    let is_varying = |name| VARYING.iter().any(|(encoder, _)| *encoder == name);
    let encoder = audio_encoders()
        .filter(|info| muxer.audio_codecs.contains(&info.encoder.codec))
        .min_by_key(|info| is_varying(info.encoder.name));
    let encoder = encoder.map_or("", |info| info.encoder.name);
    row(
        format!("{} {encoder} chapters", muxer.name),
        muxer.name,
        seekable,
        &Options::new(),
        |file| {
            file.add_audio_stream(&AudioStream::new(48_000, 2).encoder(encoder))?;
            file.set_chapters([
                Chapter::from_seconds(0.0, None, "Prologue")?,
                Chapter::from_seconds(0.0125, None, "ünïcödé")?,
            ])
        },
        |file| write_audio(file, 0, SampleFormat::Flt, 2),
    )
}

/// Creates a file with video and subtitles, some of which overlap.
fn subtitles(muxer: &str, codec: &str, options: &str) -> Result<Row> {
    row(
        format!("{muxer} h264 {codec} {options}"),
        muxer,
        true,
        &pairs(options).collect(),
        |encoder| {
            encoder.add_video_stream(&video())?;
            let subtitles = SubtitleStream::new().codec(codec).language("eng");
            encoder.add_subtitle_stream(&subtitles).map(drop)
        },
        |encoder| {
            encoder.write_subtitle(1, 0.04, 0.16, "<i>one</i> & two")?;
            encoder.write_subtitle(1, 0.1, 0.2, "three\nfour")?;
            write_video(encoder, 0, FRAMES)?;
            encoder.write_subtitle(1, 0.3, 0.4, "the end")
        },
    )
}

fn row(
    name: String,
    muxer: &str,
    seekable: bool,
    options: &Options,
    add: impl FnOnce(&mut StreamingMediaEncoder<'_>) -> Result<()>,
    write: impl FnOnce(&mut StreamingMediaEncoder<'_>) -> Result<()>,
) -> Result<Row> {
    let mut bytes = Cursor::new(Vec::new());
    let target =
        if seekable { Target::seekable_writer(&mut bytes) } else { Target::writer(&mut bytes) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(muxer))?;
    add(&mut encoder)?;
    encoder.open_with(options.clone())?;
    write(&mut encoder)?;
    encoder.close()?;
    drop(encoder);
    let name = if seekable { name } else { format!("{name} (stream)") };
    Ok(Row { name, bytes: bytes.into_inner() })
}

fn write_audio(
    encoder: &mut StreamingMediaEncoder<'_>,
    index: usize,
    format: SampleFormat,
    channels: usize,
) -> Result<()> {
    let shape = [signal::SAMPLES, channels];
    let mut write = |chunk: TensorView<'_>| encoder.write_audio_chunk(index, &chunk, None);
    match format {
        SampleFormat::U8 => {
            write(TensorView::contiguous(&signal::u8(signal::SAMPLES, channels), &shape)?)
        }
        SampleFormat::S16 => {
            write(TensorView::contiguous(&signal::i16(signal::SAMPLES, channels), &shape)?)
        }
        SampleFormat::S32 => {
            write(TensorView::contiguous(&signal::i32(signal::SAMPLES, channels), &shape)?)
        }
        _ => write(TensorView::contiguous(&signal::f32(signal::SAMPLES, channels), &shape)?),
    }
}

fn write_video(encoder: &mut StreamingMediaEncoder<'_>, index: usize, frames: usize) -> Result<()> {
    let video = signal::rgb(frames, SIZE.0, SIZE.1);
    let chunk = TensorView::contiguous(&video, &[frames, 3, SIZE.1, SIZE.0])?;
    encoder.write_video_chunk(index, &chunk, None)
}
