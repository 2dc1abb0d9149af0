//! Calls and messages are compatible with torio.

use std::io::{self, Cursor, Write};

use log::Level;
use reelwright::{
    AudioStream, ChannelLayout, CodecConfig, ErrorKind, Options, Result, SampleFormat,
    StreamingMediaEncoder, Target, TensorView, audio_encoders, muxers,
};
use reelwright_testkit::signal::music_i16;
use reelwright_tests::log::logged;
use reelwright_tests::read::audio_data;
use reelwright_tests::{Recipe, audio_muxers, formats, outputs};

fn view(samples: &[f32], channels: usize) -> TensorView<'_> {
    TensorView::contiguous(samples, &[samples.len() / channels, channels]).unwrap()
}

fn mono_i16(samples: &[i16]) -> TensorView<'_> {
    TensorView::contiguous(samples, &[samples.len(), 1]).unwrap()
}

fn message<T>(result: Result<T>) -> (ErrorKind, String) {
    let error = result.map(drop).expect_err("an error");
    (error.kind(), error.to_string())
}

#[track_caller]
fn fails<T>(result: Result<T>, kind: ErrorKind, text: &str) {
    assert_eq!(message(result), (kind, text.to_owned()));
}

/// Returns an encoder that is not open, with a stream of `f32` samples.
fn new(format: &str, channels: usize) -> StreamingMediaEncoder<'static> {
    let mut encoder = StreamingMediaEncoder::new(Target::writer(io::sink()), Some(format)).unwrap();
    encoder.add_audio_stream(&AudioStream::new(16_000, channels)).unwrap();
    encoder
}

fn open(format: &str, channels: usize) -> StreamingMediaEncoder<'static> {
    let mut encoder = new(format, channels);
    encoder.open().unwrap();
    encoder
}

/// Returns the result of adding a stream.
fn add(format: &str, stream: &AudioStream) -> Result<usize> {
    StreamingMediaEncoder::new(Target::writer(io::sink()), Some(format))?.add_audio_stream(stream)
}

// Order of calls.

#[test]
fn streams_then_open_then_chunks_then_close() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.wav");
    let mut encoder = StreamingMediaEncoder::new(&path, None).unwrap();
    assert_eq!(encoder.add_audio_stream(&AudioStream::new(8000, 2)).unwrap(), 0);
    assert!(!path.exists(), "the file must not exist before open");
    encoder.open().unwrap();
    encoder.write_audio_chunk(0, &view(&[0.5, -0.5, 0.25, 0.0], 2), None).unwrap();
    encoder.close().unwrap();
    let audio: Vec<i16> =
        hound::WavReader::open(&path).unwrap().into_samples().collect::<Result<_, _>>().unwrap();
    assert_eq!(audio, [16_384, -16_384, 8192, 0]);
}

#[test]
fn rejects_new_streams_and_metadata_after_open() {
    let mut encoder = open("wav", 1);
    let text = "Output is already opened. Cannot add a new stream.";
    fails(encoder.add_audio_stream(&AudioStream::new(8000, 1)), ErrorKind::State, text);
    let set = encoder.set_metadata([("title", "late")]);
    fails(set, ErrorKind::State, "Output is already opened. Cannot set metadata.");
    fails(encoder.open(), ErrorKind::State, "Output is already opened.");
    encoder.close().unwrap();
    let text = "Output is already closed. Cannot add a new stream.";
    fails(encoder.add_audio_stream(&AudioStream::new(8000, 1)), ErrorKind::State, text);
    fails(encoder.open(), ErrorKind::State, "Output is already closed.");
}

#[test]
fn rejects_chunks_before_open_and_after_close() {
    const TEXT: &str = "Output is not opened. Did you call `open` method?";
    let mut encoder = new("wav", 1);
    let chunk = view(&[0.0], 1);
    fails(encoder.write_audio_chunk(0, &chunk, None), ErrorKind::State, TEXT);
    fails(encoder.flush(), ErrorKind::State, TEXT);
    fails(encoder.close(), ErrorKind::State, TEXT);
    encoder.open().unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    encoder.close().unwrap();
    fails(encoder.write_audio_chunk(0, &chunk, None), ErrorKind::State, TEXT);
    fails(encoder.flush(), ErrorKind::State, TEXT);
    encoder.close().expect("a second close succeeds");
}

#[test]
fn open_needs_a_stream() {
    let mut encoder = StreamingMediaEncoder::new(Target::writer(io::sink()), Some("wav")).unwrap();
    let (kind, text) = message(encoder.open());
    assert_eq!(kind, ErrorKind::State);
    assert!(text.contains("no stream"), "{text}");
    encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
    encoder.open().unwrap();
}

#[test]
fn dropped_encoder_completes_its_file() {
    let recipe = Recipe::new("wav", AudioStream::new(8000, 1).format(SampleFormat::S16));
    let samples = music_i16(1000, 1);
    let closed = recipe.chunks([&mono_i16(&samples)]).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = recipe.open(Target::seekable_writer(&mut bytes)).unwrap();
    encoder.write_audio_chunk(0, &mono_i16(&samples), None).unwrap();
    drop(encoder);
    assert!(bytes.into_inner() == closed);
}

// Chunks.

#[test]
fn rejects_stream_index_out_of_range() {
    let mut encoder = open("wav", 1);
    fails(
        encoder.write_audio_chunk(3, &view(&[0.0], 1), None),
        ErrorKind::Argument,
        "Invalid stream index. Index must be in range of [0, 1). Found: 3",
    );
    let huge = encoder.write_audio_chunk(usize::MAX, &view(&[0.0], 1), None);
    assert!(message(huge).1.ends_with(&format!("Found: {}", usize::MAX)));
    encoder.write_audio_chunk(0, &view(&[0.0], 1), None).unwrap();
}

#[test]
fn rejects_other_sample_type() {
    let samples = (vec![0u8; 4], vec![0i16; 4], vec![0i32; 4], vec![0i64; 4], [0f32; 4], [0f64; 4]);
    let chunks = [
        TensorView::contiguous(&samples.0, &[2, 2]).unwrap(),
        TensorView::contiguous(&samples.1, &[2, 2]).unwrap(),
        TensorView::contiguous(&samples.2, &[2, 2]).unwrap(),
        TensorView::contiguous(&samples.3, &[2, 2]).unwrap(),
        TensorView::contiguous(&samples.4, &[2, 2]).unwrap(),
        TensorView::contiguous(&samples.5, &[2, 2]).unwrap(),
    ];
    let names = ["Byte", "Short", "Int", "Long", "Float", "Double"];
    for (format, expected) in SampleFormat::PACKED.iter().zip(names) {
        let stream = AudioStream::new(8000, 2).format(*format);
        let mut encoder = Recipe::new("wav", stream).open(Target::writer(io::sink())).unwrap();
        for (chunk, found) in chunks.iter().zip(names) {
            let result = encoder.write_audio_chunk(0, chunk, None);
            if found == expected {
                result.unwrap();
            } else {
                let text = format!("Stream 0: Expected {expected} type. Found: {found}");
                fails(result, ErrorKind::Chunk, &text);
            }
        }
        encoder.close().unwrap();
    }
}

#[test]
fn rejects_chunk_without_two_dimensions() {
    let mut encoder = open("wav", 2);
    for shape in [&[][..], &[1], &[1, 1, 1], &[1; 5]] {
        let chunk = TensorView::contiguous(&[0f32], shape).unwrap();
        let (kind, text) = message(encoder.write_audio_chunk(0, &chunk, None));
        assert_eq!(kind, ErrorKind::Chunk);
        assert!(text.contains("Input Tensor has to be 2D"), "{text}");
        assert!(text.ends_with(&format!("{shape:?}")), "the message must state the shape: {text}");
    }
}

#[test]
fn rejects_other_number_of_channels() {
    let mut encoder = open("wav", 2);
    for channels in [0, 1, 3] {
        let samples = vec![0f32; 4 * channels];
        let chunk = TensorView::contiguous(&samples, &[4, channels]).unwrap();
        fails(
            encoder.write_audio_chunk(0, &chunk, None),
            ErrorKind::Chunk,
            &format!("Stream 0: Expected waveform with 2 channels. Found {channels}"),
        );
    }
}

// Times.

#[test]
fn pts_must_be_positive_and_finite() {
    let mut encoder = open("wav", 1);
    for (pts, found) in [
        (-1.0, "-1"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (-1e-300, "-0.0000"),
    ] {
        let (kind, text) = message(encoder.write_audio_chunk(0, &view(&[0.0], 1), Some(pts)));
        assert_eq!(kind, ErrorKind::Chunk);
        let expected =
            format!("Stream 0: The value of PTS must be positive and finite. Found: {found}");
        assert!(text.starts_with(&expected), "{text}");
    }
    encoder.write_audio_chunk(0, &view(&[0.0], 1), Some(0.0)).expect("0 is allowed");
}

/// Returns the samples in a file of mono `i16` chunks, each with its pts.
fn timed(format: &'static str, options: &[(&str, &str)], chunks: &[(&[i16], f64)]) -> Vec<i16> {
    let codec = if format == "flac" { "flac" } else { "pcm_s16le" };
    let stream = AudioStream::new(1000, 1).format(SampleFormat::S16).encoder(codec);
    let recipe = options.iter().fold(Recipe::new(format, stream), |r, (k, v)| r.option(k, v));
    let file = recipe
        .file(|encoder| {
            chunks.iter().try_for_each(|(samples, pts)| {
                encoder.write_audio_chunk(0, &mono_i16(samples), Some(*pts))
            })
        })
        .unwrap();
    if format == "flac" {
        let decoded = reelwright_testkit::decode::decode::<i32>(file).unwrap();
        return decoded.samples.iter().map(|x| (x >> 16) as i16).collect();
    }
    let audio = audio_data(format, &file);
    audio.chunks(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect()
}

#[test]
fn warns_once_about_overlapping_pts() {
    let chunks: &[(&[i16], f64)] = &[(&[1, 2, 3], 0.0), (&[4], 0.001), (&[5], 0.0), (&[6], 0.005)];
    for format in ["wav", "flac", "s16le"] {
        let (samples, lines) = logged(|| timed(format, &[], chunks));
        assert_eq!(samples, [1, 2, 3, 4, 5, 6]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0].0, Level::Warn);
        assert!(lines[0].1.contains("PTS value is smaller than the next expected"), "{lines:?}");
    }
}

#[test]
fn gap_is_silence_in_containers_without_timestamps() {
    let chunks: &[(&[i16], f64)] = &[(&[1, 2], 0.002), (&[3], 0.006), (&[4], 0.007)];
    for format in ["wav", "w64", "flac", "s16le", "aiff", "caf"] {
        let (samples, lines) = logged(|| timed(format, &[], chunks));
        assert_eq!(samples, [0, 0, 1, 2, 0, 0, 3, 4], "{format}");
        assert_eq!(lines, []);
        let left_out = timed(format, &[("fill_gaps", "false")], chunks);
        assert_eq!(left_out, [1, 2, 3, 4], "{format}");
    }
}

#[test]
fn audio_starts_late_and_pauses_in_containers_with_timestamps() {
    let chunks: &[(&[i16], f64)] = &[(&[1, 2], 0.002), (&[3], 0.006), (&[4], 0.007)];
    let stream = || AudioStream::new(1000, 1).format(SampleFormat::S16).encoder("pcm_s16le");
    let file = |fill: &str| {
        let recipe = Recipe::new("mov", stream()).option("fill_gaps", fill);
        recipe
            .file(|encoder| {
                chunks.iter().try_for_each(|(samples, pts)| {
                    encoder.write_audio_chunk(0, &mono_i16(samples), Some(*pts))
                })
            })
            .unwrap()
    };
    // Returns the words of a box after its version and flags.
    let words = |file: &[u8], kind: &[u8; 4], count: usize| -> Vec<i32> {
        let at = file.windows(4).rposition(|bytes| bytes == kind).expect("it has the box") + 8;
        file[at..]
            .chunks(4)
            .take(count)
            .map(|w| i32::from_be_bytes(w.try_into().unwrap()))
            .collect()
    };
    // Two edits: an empty one of 2 ms, then the media from its start.
    let waits = [2, 2, -1, 0x1_0000];
    let filled = file("true");
    assert_eq!(words(&filled, b"elst", 4), waits);
    assert_eq!(audio_data("mov", &filled), [1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0].as_slice());
    let pausing = file("false");
    assert_eq!(words(&pausing, b"elst", 4), waits);
    assert_eq!(audio_data("mov", &pausing), [1, 0, 2, 0, 3, 0, 4, 0].as_slice());
    // Sample durations: one of one unit, one of three, and two of one.
    assert_eq!(words(&pausing, b"stts", 7), [3, 1, 1, 1, 3, 2, 1]);

    // A start that is too late for silence.
    let recipe = Recipe::new("mp4", AudioStream::new(48_000, 2).format(SampleFormat::S16));
    let samples = vec![0i16; 2 * 4800];
    let chunk = TensorView::contiguous(&samples, &[4800, 2]).unwrap();
    let late = recipe.file(|encoder| encoder.write_audio_chunk(0, &chunk, Some(1e5))).unwrap();
    assert!(late.len() < 4000, "{}", late.len());
}

#[test]
fn silence_of_unsigned_samples_is_the_middle_value() {
    let recipe = Recipe::new("u8", AudioStream::new(1000, 1).format(SampleFormat::U8));
    let chunk = TensorView::contiguous(&[1u8], &[1, 1]).unwrap();
    let file = recipe.file(|encoder| encoder.write_audio_chunk(0, &chunk, Some(0.003))).unwrap();
    assert_eq!(file, [128, 128, 128, 1]);
}

#[test]
fn pts_is_rounded_to_the_nearest_sample() {
    let chunks: &[(&[i16], f64)] = &[(&[1], 0.001_4), (&[2], 0.003_6)];
    assert_eq!(timed("wav", &[], chunks), [0, 1, 0, 0, 2]);
    // 0.1 is not exact in binary. The sum must not drift.
    let chunks: Vec<(&[i16], f64)> =
        (0..100).map(|i| (&[7i16; 100][..], 0.1 * f64::from(i))).collect();
    let (samples, lines) = logged(|| timed("wav", &[], &chunks));
    assert_eq!((samples.len(), lines.len()), (10_000, 0));
}

// Streams.

#[test]
fn rates_and_channels_must_be_positive() {
    fails(
        add("wav", &AudioStream::new(0, 2)),
        ErrorKind::Argument,
        "Stream 0: Sample rate must be positive. Found: 0",
    );
    fails(
        add("wav", &AudioStream::new(8000, 0)),
        ErrorKind::Argument,
        "Stream 0: The number of channels must be positive. Found: 0",
    );
    let (kind, text) = message(add("wav", &AudioStream::new(8000, 2).encoder_sample_rate(0)));
    assert_eq!(kind, ErrorKind::Argument);
    assert!(text.contains("positive. Found: 0"), "{text}");
    let (kind, text) = message(add("wav", &AudioStream::new(8000, 2).encoder_num_channels(0)));
    assert_eq!(kind, ErrorKind::Argument);
    assert!(text.contains("Found: 0"), "{text}");
}

#[test]
fn rejects_planar_input() {
    for format in SampleFormat::ALL.iter().filter(|format| format.is_planar()) {
        let (kind, text) = message(add("wav", &AudioStream::new(8000, 2).format(*format)));
        assert_eq!(kind, ErrorKind::Argument);
        let expected = format!(
            "Stream 0: Unsupported sample format ({format}) was provided. Valid values are u8, \
             s16, s32, s64, flt, dbl."
        );
        assert_eq!(text, expected);
    }
}

#[test]
fn rejects_unknown_encoder_and_lists_valid_ones() {
    let (kind, text) = message(add("wav", &AudioStream::new(8000, 2).encoder("nope")));
    assert_eq!(kind, ErrorKind::UnknownName);
    assert!(text.contains("Unexpected codec: nope"), "{text}");
    for info in audio_encoders() {
        assert!(text.contains(info.encoder.name), "{text}");
    }
}

#[test]
fn rejects_unsupported_encoder_and_lists_valid_ones() {
    let (kind, text) = message(add("wav", &AudioStream::new(8000, 2).encoder("flac")));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("wav does not support flac") && text.contains("pcm_s24le"), "{text}");
}

#[test]
fn rejects_unsupported_sample_format() {
    let stream = AudioStream::new(8000, 2).encoder_format(SampleFormat::Flt);
    fails(
        add("flac", &stream),
        ErrorKind::Unsupported,
        "Stream 0: flac does not support flt format. Supported values are; s16, s32",
    );
    let (kind, text) = message("zz".parse::<SampleFormat>());
    assert_eq!(kind, ErrorKind::UnknownName);
    assert!(text.starts_with("Unknown sample format: zz") && text.contains("s16p"), "{text}");
}

#[test]
fn rejects_unsupported_rate_and_channels() {
    let stream = AudioStream::new(48_000, 2).encoder_sample_rate(1 << 20);
    let (kind, text) = message(add("flac", &stream));
    assert_eq!(kind, ErrorKind::Unsupported);
    let expected = "flac does not support sample rate 1048576. Supported values are; 1 to 1048575";
    assert!(text.ends_with(expected), "{text}");
    let stream = AudioStream::new(8000, 2).encoder_num_channels(9);
    let (kind, text) = message(add("flac", &stream));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("flac does not support 9 channels") && text.contains("1 to 8"), "{text}");
}

/// Returns the format, codec, rate and layout that are encoded.
fn encoded(format: &str, stream: &AudioStream) -> (String, u32, String) {
    let mut encoder = StreamingMediaEncoder::new(Target::writer(io::sink()), Some(format)).unwrap();
    encoder.add_audio_stream(stream).unwrap();
    let parameters = encoder.stream_parameters(0).unwrap();
    let audio = parameters.audio().unwrap();
    (parameters.codec.to_string(), audio.format.sample_rate, audio.format.layout.to_string())
}

#[test]
fn default_encoders_equal_those_of_torio() {
    for (format, codec) in [
        ("wav", "pcm_s16le"),
        ("flac", "flac"),
        ("mp3", "mp3"),
        ("adts", "aac"),
        ("oga", "flac"),
        ("opus", "opus"),
        ("g722", "adpcm_g722"),
        ("caf", "pcm_s16be"),
    ] {
        assert_eq!(encoded(format, &AudioStream::new(48_000, 2)).0, codec, "{format}");
    }
}

#[test]
fn unsupported_rate_is_resampled_to_the_nearest() {
    for (format, rate, expected) in [
        ("mp3", 44_100, 44_100),
        ("mp3", 44_056, 44_100),
        ("mp3", 96_000, 48_000),
        ("mp3", 7000, 8000),
        ("adts", 192_000, 96_000),
        // Opus always counts time at 48 kHz.
        ("opus", 44_100, 48_000),
        ("opus", 16_000, 48_000),
        ("g722", 48_000, 16_000),
        ("wav", 44_056, 44_056),
    ] {
        assert_eq!(encoded(format, &AudioStream::new(rate, 1)).1, expected, "{format} {rate}");
    }
    let (kind, text) =
        message(add("mp3", &AudioStream::new(48_000, 2).encoder_sample_rate(12_345)));
    assert_eq!(kind, ErrorKind::Unsupported);
    let expected = "does not support sample rate 12345. Supported values are; 8000, 11025, 12000";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn unsupported_layout_is_remixed_to_the_nearest() {
    for (format, channels, expected) in [
        ("mp3", 1, "mono"),
        ("mp3", 6, "stereo"),
        ("adts", 3, "3.0"),
        ("adts", 6, "5.1"),
        ("adts", 7, "7.1"),
        ("opus", 4, "quad"),
        ("g722", 2, "mono"),
    ] {
        let (_, _, layout) = encoded(format, &AudioStream::new(48_000, channels));
        assert_eq!(layout, expected, "{format} {channels}");
    }
    let side = AudioStream::new(48_000, 6).channel_layout("5.1(side)".parse().unwrap());
    assert_eq!(encoded("adts", &side).2, "5.1");
    let one = AudioStream::new(48_000, 6).encoder_num_channels(1);
    assert_eq!(encoded("opus", &one).2, "mono");
    let (kind, text) = message(add("mp3", &AudioStream::new(48_000, 2).encoder_num_channels(3)));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("mp3 does not support 3 channels"), "{text}");
}

#[test]
fn warns_once_about_replaced_encoder() {
    let ((), lines) = logged(|| {
        for _ in 0..3 {
            add("mp3", &AudioStream::new(48_000, 2).encoder("libmp3lame")).unwrap();
        }
    });
    let about = lines.iter().filter(|(_, line)| line.contains("libmp3lame")).count();
    assert_eq!(about, 1, "{lines:?}");
}

#[test]
fn length_of_resampled_audio_is_exact() {
    for (from, to, frames, expected) in [
        (48_000, 44_100, 480_001, 441_001),
        (44_100, 48_000, 1, 1),
        (8000, 48_000, 1, 6),
        (11_025, 44_056, 1000, 3996),
        (48_000, 16_000, 1_000_003, 333_334),
    ] {
        let stream = AudioStream::new(from, 1).encoder_sample_rate(to);
        let samples = vec![0.25; frames];
        let file = Recipe::new("s16le", stream).chunks([&view(&samples, 1)]).unwrap();
        assert_eq!(file.len(), 2 * expected, "{from} {to}");
    }
}

#[test]
fn counts_clamped_samples_and_warns_once() {
    for format in ["mp3", "adts", "opus", "flac", "g722", "f32le"] {
        let mut clamped = None;
        let ((), lines) = logged(|| {
            let mut encoder =
                StreamingMediaEncoder::new(Target::writer(io::sink()), Some(format)).unwrap();
            encoder.add_audio_stream(&AudioStream::new(48_000, 1)).unwrap();
            encoder.open().unwrap();
            for _ in 0..3 {
                let samples = [0.5, 1.5, -1.0, 1.0, -3.0, f32::INFINITY];
                encoder.write_audio_chunk(0, &view(&samples, 1), None).unwrap();
            }
            encoder.close().unwrap();
            clamped = encoder.clamped_samples(0);
        });
        let warnings = lines.iter().filter(|(_, line)| line.contains("beyond")).count();
        let expected = if format == "f32le" { (Some(0), 0) } else { (Some(9), 1) };
        assert_eq!((clamped, warnings), expected, "{format}");
    }
}

#[test]
fn rejects_nan_for_lossy_encoders_with_its_position() {
    for format in ["mp3", "adts", "opus", "g722"] {
        let mut encoder = open(format, 2);
        let samples = [0.0, 0.0, 0.5, f32::NAN];
        let (kind, text) = message(encoder.write_audio_chunk(0, &view(&samples, 2), None));
        assert_eq!(kind, ErrorKind::Chunk);
        assert!(text.contains("frame 1, channel 1"), "{format}: {text}");
        encoder.write_audio_chunk(0, &view(&[0.0; 4], 2), None).unwrap();
        encoder.close().unwrap();
    }
}

#[test]
fn rejects_unsupported_features() {
    let filtered = AudioStream::new(8000, 2).filter_desc("volume=2");
    let (kind, text) = message(add("wav", &filtered));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(text.contains("filter_desc") && text.contains("volume=2"), "{text}");
    add("wav", &AudioStream::new(8000, 2).encoder_sample_rate(8000)).unwrap();
}

#[test]
fn rejects_layout_with_other_number_of_channels() {
    let layout = "5.1".parse::<ChannelLayout>().unwrap();
    let (kind, text) = message(add("wav", &AudioStream::new(8000, 2).channel_layout(layout)));
    assert_eq!(kind, ErrorKind::Argument);
    assert!(text.contains("2 channels") && text.contains("5.1") && text.contains('6'), "{text}");
    add("wav", &AudioStream::new(8000, 6).channel_layout(layout)).unwrap();
}

#[test]
fn rejects_second_stream_in_single_stream_containers() {
    for muxer in audio_muxers().filter(|muxer| muxer.max_streams == 1) {
        let mut encoder = new(muxer.name, 1);
        let (kind, text) = message(encoder.add_audio_stream(&AudioStream::new(8000, 1)));
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(text.contains(muxer.name) && text.contains("more than 1 stream"), "{text}");
        encoder.open().expect("the first stream is still there");
    }
}

#[test]
fn rejected_stream_can_be_replaced() {
    let mut encoder = StreamingMediaEncoder::new(Target::writer(io::sink()), Some("wav")).unwrap();
    assert!(encoder.add_audio_stream(&AudioStream::new(8000, 2).encoder("nope")).is_err());
    assert_eq!(encoder.add_audio_stream(&AudioStream::new(8000, 2)).unwrap(), 0);
    assert!(encoder.stream_parameters(1).is_none());
    assert_eq!(encoder.stream_parameters(0).unwrap().audio().unwrap().format.sample_rate, 8000);
}

// Options.

#[test]
fn rejects_unknown_option() {
    let stream = AudioStream::new(8000, 2).encoder_option("bogus", "1");
    let (kind, text) = message(add("flac", &stream));
    assert_eq!(kind, ErrorKind::Option);
    assert!(text.contains("Unexpected options: bogus"), "{text}");
    assert!(text.contains("max_partition_order"), "the message must list the options: {text}");
    let mut encoder = new("wav", 2);
    let options: Options = [("bogus", "1"), ("rf64", "never")].into_iter().collect();
    let (kind, text) = message(encoder.open_with(options));
    assert_eq!(kind, ErrorKind::Option);
    assert!(text.contains("Unexpected options: bogus"), "{text}");
    assert!(text.contains("rf64") && text.contains("fill_gaps"), "{text}");
    encoder.open().expect("nothing was opened, so it can be now");
}

#[test]
fn every_audio_encoder_supports_the_common_options() {
    for (muxer, info) in formats() {
        let stream = AudioStream::new(info.sample_rates.nearest(48_000), 1)
            .encoder(info.encoder.name)
            .encoder_option("threads", "1")
            .encoder_option("thread_type", "frame");
        add(muxer.name, &stream).unwrap();
    }
    // They have the effect of codec_config and take precedence.
    let music: Vec<f32> = (0..96_000).map(|i| (i as f32 * 0.7).sin() * (i as f32 * 0.01)).collect();
    let music: Vec<f32> = music.iter().map(|x| x.fract() * 0.5).collect();
    let file = |format, config, options: &[(&str, &str)]| {
        let stream = AudioStream::new(48_000, 1).codec_config(config);
        let stream = options.iter().fold(stream, |stream, (k, v)| stream.encoder_option(*k, *v));
        Recipe::new(format, stream)
            .file(|e| e.write_audio_chunk(0, &view(&music, 1), None))
            .unwrap()
    };
    let rate = |bit_rate| CodecConfig { bit_rate: Some(bit_rate), ..CodecConfig::default() };
    for format in ["adts", "mp3", "opus"] {
        let expected = file(format, rate(64_000), &[]);
        assert!(expected.len() < file(format, rate(128_000), &[]).len(), "{format}");
        for name in ["b", "ab"] {
            assert_eq!(file(format, rate(128_000), &[(name, "64k")]), expected, "{format} {name}");
        }
    }
    let level = CodecConfig { compression_level: Some(9), ..CodecConfig::default() };
    let by_option = file("mp3", CodecConfig::default(), &[("compression_level", "9")]);
    assert_eq!(by_option, file("mp3", level, &[]));
    assert_ne!(by_option, file("mp3", CodecConfig::default(), &[]));
}

#[test]
fn rejects_invalid_option_values() {
    for (name, value, allowed) in [
        ("compression_level", "13", "0 to 12"),
        ("lpc_type", "magic", "levinson"),
        ("threads", "many", "0 to 64"),
    ] {
        let stream = AudioStream::new(8000, 2).encoder_option(name, value);
        let (kind, text) = message(add("flac", &stream));
        assert_eq!(kind, ErrorKind::Option);
        assert!([name, value, allowed].iter().all(|part| text.contains(part)), "{text}");
    }
    for (name, value, allowed) in [("fill_gaps", "maybe", "true or false"), ("rf64", "x", "always")]
    {
        let options: Options = [(name, value)].into_iter().collect();
        let (kind, text) = message(new("wav", 1).open_with(options));
        assert_eq!(kind, ErrorKind::Option);
        assert!([name, value, allowed].iter().all(|part| text.contains(part)), "{text}");
    }
}

#[test]
fn codec_config_is_used_or_reported() {
    let config = |change: fn(&mut CodecConfig)| {
        let mut config = CodecConfig::default();
        change(&mut config);
        AudioStream::new(8000, 1).codec_config(config)
    };
    let level = config(|config| config.compression_level = Some(13));
    let (kind, text) = message(add("flac", &level));
    assert_eq!(kind, ErrorKind::Option);
    assert!(text.contains("0 to 12") && text.contains("13"), "{text}");
    let (added, lines) = logged(|| add("wav", &config(|config| config.bit_rate = Some(64_000))));
    added.unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].1.contains("bit_rate") && lines[0].1.contains("pcm_s16le"), "{lines:?}");
}

// Formats and outputs.

#[test]
fn rejects_unknown_format_and_lists_valid_ones() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("y.zzz");
    for (result, found) in [
        (StreamingMediaEncoder::new(&path, None), "y.zzz"),
        (StreamingMediaEncoder::new("noextension", None), "noextension"),
        (StreamingMediaEncoder::new("-", None), "\"-\""),
        (StreamingMediaEncoder::new("a.wav", Some("zzz")), "Unknown format: zzz"),
        (StreamingMediaEncoder::new("a.wav", Some("")), "Unknown format"),
    ] {
        let (kind, text) = message(result);
        assert_eq!(kind, ErrorKind::UnknownName, "{text}");
        assert!(text.contains(found), "{text}");
        assert!(muxers().all(|muxer| text.contains(muxer.name)), "{text}");
    }
    assert!(!path.exists());
}

#[test]
fn writer_requires_a_format() {
    let (kind, text) = message(StreamingMediaEncoder::new(Target::writer(io::sink()), None));
    assert_eq!(kind, ErrorKind::Argument);
    assert!(text.starts_with("`format` must be provided when"), "{text}");
    assert!(muxers().all(|muxer| text.contains(muxer.name)), "{text}");
}

#[test]
fn extension_determines_the_format() {
    for muxer in muxers() {
        for extension in muxer.extensions {
            for name in [format!("a.{extension}"), format!("a.b.{}", extension.to_uppercase())] {
                let encoder = StreamingMediaEncoder::new(&name, None).unwrap();
                assert_eq!(encoder.format().name, muxer.name);
            }
        }
        let encoder = StreamingMediaEncoder::new("a.wav", Some(muxer.name)).unwrap();
        assert_eq!(encoder.format().name, muxer.name, "the format given goes before");
    }
}

#[test]
fn error_names_missing_directory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("no/y.wav");
    let mut encoder = StreamingMediaEncoder::new(&path, None).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
    let error = encoder.open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.to_string(), format!("Failed to open dst: {}", path.display()));
    let text = error.report().to_string();
    assert!(text.starts_with(&format!("{error} (")), "{text}");
    assert!(text.contains("No such file or directory"), "{text}");
    assert_eq!(error.into_io().unwrap().kind(), io::ErrorKind::NotFound);
}

#[test]
fn rejects_unsupported_protocols() {
    for address in ["rtmp://host/app/key", "https://host/a.wav"] {
        let (kind, text) = message(StreamingMediaEncoder::new(address, Some("wav")));
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(text.contains(address) && text.contains("file"), "{text}");
    }
}

/// Writer with only `write` and `flush`, as a file-like object may have.
struct WriteOnly<'a>(&'a mut Vec<u8>, &'a mut Vec<usize>);

impl Write for WriteOnly<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.push(bytes.len());
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn writes_at_most_the_buffer_size_at_once() {
    let samples = music_i16(5000, 2);
    let chunk = TensorView::contiguous(&samples, &[5000, 2]).unwrap();
    for (muxer, info) in formats().filter(|(muxer, info)| outputs(muxer, info).contains(&false)) {
        let stream =
            AudioStream::new(16_000, 2).format(SampleFormat::S16).encoder(info.encoder.name);
        let recipe = Recipe::new(muxer.name, stream).seekable(false);
        let expected = recipe.chunks([&chunk]).unwrap();
        for size in [1, 100, 4096, 1 << 20] {
            let (mut bytes, mut sizes) = (Vec::new(), Vec::new());
            let target = Target::writer(WriteOnly(&mut bytes, &mut sizes)).buffer_size(size);
            let mut encoder = recipe.open(target).unwrap();
            encoder.write_audio_chunk(0, &chunk, None).unwrap();
            encoder.close().unwrap();
            drop(encoder);
            assert!(sizes.iter().all(|bytes| (1..=size).contains(bytes)), "{size}: {sizes:?}");
            assert!(bytes == expected, "{} {size}", muxer.name);
        }
    }
}

#[test]
fn buffer_size_is_4096_by_default_and_positive() {
    let (mut bytes, mut sizes) = (Vec::new(), Vec::new());
    let target = Target::writer(WriteOnly(&mut bytes, &mut sizes));
    let mut encoder = StreamingMediaEncoder::new(target, Some("wav")).unwrap();
    encoder.add_audio_stream(&AudioStream::new(16_000, 2)).unwrap();
    encoder.open().unwrap();
    encoder.write_audio_chunk(0, &view(&[0.0; 20_000], 2), None).unwrap();
    encoder.close().unwrap();
    drop(encoder);
    let (last, whole) = sizes.split_last().unwrap();
    assert!(*last <= 4096 && whole.iter().all(|size| *size == 4096), "{sizes:?}");
    let none = Target::writer(io::sink()).buffer_size(0);
    let (kind, text) = message(StreamingMediaEncoder::new(none, Some("wav")));
    assert_eq!(kind, ErrorKind::Argument);
    assert!(text.contains("buffer_size must be positive. Found: 0"), "{text}");
}

#[test]
fn open_truncates_an_existing_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.s16le");
    std::fs::write(&path, [1; 1000]).unwrap();
    let mut encoder = StreamingMediaEncoder::new(&path, Some("s16le")).unwrap();
    encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap().len(), 1000);
    encoder.open().unwrap();
    encoder.write_audio_chunk(0, &view(&[1.0], 1), None).unwrap();
    encoder.close().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), i16::MAX.to_le_bytes());
}

// Defaults.

#[test]
fn default_encoder_depends_on_the_format() {
    for (format, codec) in [
        ("wav", "pcm_s16le"),
        ("w64", "pcm_s16le"),
        ("flac", "flac"),
        ("aiff", "pcm_s16be"),
        ("au", "pcm_s16be"),
        ("caf", "pcm_s16be"),
        ("s24be", "pcm_s24be"),
        ("mulaw", "pcm_mulaw"),
    ] {
        let parameters = open(format, 2).stream_parameters(0).unwrap().clone();
        assert_eq!(parameters.codec.name(), codec);
    }
}

#[test]
fn default_sample_format_loses_the_least() {
    for (input, chosen) in [
        (SampleFormat::U8, SampleFormat::S16),
        (SampleFormat::S16, SampleFormat::S16),
        (SampleFormat::S32, SampleFormat::S32),
        (SampleFormat::S64, SampleFormat::S32),
        (SampleFormat::Flt, SampleFormat::S32),
        (SampleFormat::Dbl, SampleFormat::S32),
    ] {
        let target = Target::writer(io::sink());
        let mut encoder = StreamingMediaEncoder::new(target, Some("flac")).unwrap();
        encoder.add_audio_stream(&AudioStream::new(8000, 1).format(input)).unwrap();
        let parameters = encoder.stream_parameters(0).unwrap();
        assert_eq!(parameters.audio().unwrap().format.sample_format, chosen, "{input}");
    }
}

#[test]
fn warns_about_bits_that_a_default_drops() {
    let warned = |format, stream: AudioStream| {
        let (added, lines) = logged(|| add(format, &stream));
        added.unwrap();
        assert!(lines.iter().all(|(level, _)| *level == Level::Warn));
        !lines.is_empty()
    };
    let stream = |input| AudioStream::new(8000, 1).format(input);
    assert!(!warned("wav", stream(SampleFormat::S16)));
    assert!(warned("wav", stream(SampleFormat::S32)), "16 of 32 bits");
    assert!(warned("flac", stream(SampleFormat::S32)), "24 of 32 bits");
    assert!(!warned("flac", stream(SampleFormat::S32).bits_per_raw_sample(24)));
    let all = stream(SampleFormat::S32).encoder_option("bits_per_raw_sample", "32");
    assert!(!warned("flac", all));
    assert!(warned("u8", stream(SampleFormat::S16)));
    let chosen = stream(SampleFormat::S32).encoder("pcm_s16le");
    assert!(!warned("wav", chosen), "an explicit encoder must not warn");
    let floats = stream(SampleFormat::Flt);
    assert!(!warned("wav", floats), "as in torio, floats become 16 bits by default");
}

#[test]
fn remixes_to_the_requested_channels() {
    let stream = AudioStream::new(8000, 2)
        .format(SampleFormat::S16)
        .encoder_num_channels(1)
        .encoder("pcm_s16le");
    let chunk = TensorView::contiguous(&[1000i16, 3000, -200, 200], &[2, 2]).unwrap();
    let file = Recipe::new("s16le", stream).chunks([&chunk]).unwrap();
    assert_eq!(file, [2000i16, 0].map(i16::to_le_bytes).concat());
}

#[test]
fn all_sample_types_produce_the_same_audio() {
    fn file(stream: AudioStream, chunk: &TensorView<'_>) -> Vec<u8> {
        Recipe::new("s16le", stream).chunks([chunk]).unwrap()
    }
    let stream = |format| AudioStream::new(8000, 1).format(format);
    let quarter = 8192i16.to_le_bytes();
    let shape = [1, 1];
    let u8s = TensorView::contiguous(&[160u8], &shape).unwrap();
    let i16s = TensorView::contiguous(&[1i16 << 13], &shape).unwrap();
    let i32s = TensorView::contiguous(&[1i32 << 29], &shape).unwrap();
    let i64s = TensorView::contiguous(&[1i64 << 61], &shape).unwrap();
    let f32s = TensorView::contiguous(&[0.25f32], &shape).unwrap();
    let f64s = TensorView::contiguous(&[0.25f64], &shape).unwrap();
    for chunk in [u8s, i16s, i32s, i64s, f32s, f64s] {
        let format = SampleFormat::packed(chunk.data_type());
        assert_eq!(file(stream(format), &chunk), quarter, "{format}");
    }
}

#[test]
fn uses_nearest_mp3_bit_rate_with_a_warning() {
    for (requested, used) in [(198_000, 192_000), (999_999_999, 320_000)] {
        let config = CodecConfig { bit_rate: Some(requested), ..CodecConfig::default() };
        let stream = AudioStream::new(44_100, 2).codec_config(config);
        let mut encoder =
            StreamingMediaEncoder::new(Target::writer(std::io::sink()), Some("mp3")).unwrap();
        let (_, log) = logged(|| encoder.add_audio_stream(&stream).unwrap());
        assert_eq!(encoder.stream_parameters(0).unwrap().bit_rate, Some(used));
        assert_eq!(log.len(), 1, "{log:?}");
        let text = &log[0].1;
        assert!(text.contains(&format!("Found: {requested}. {used} is used")), "{text}");
    }
}

#[test]
fn accepts_only_the_lc_profile_of_aac() {
    let add = |profile: &str| {
        let stream = AudioStream::new(44_100, 2).encoder_option("profile", profile);
        StreamingMediaEncoder::new(Target::writer(std::io::sink()), Some("adts"))
            .unwrap()
            .add_audio_stream(&stream)
    };
    for profile in ["aac_low", "mpeg2_aac_low"] {
        add(profile).unwrap();
    }
    for profile in ["aac_he", "aac_main", "aac_ltp", "nope"] {
        let text = add(profile).unwrap_err().to_string();
        assert!(text.contains(&format!("profile: {profile}. Valid values are aac_low")), "{text}");
    }
}
