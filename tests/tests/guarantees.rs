//! Guarantees of every container and every codec.

use std::io::{self, Cursor};

use proptest::prelude::*;
use proptest::sample::select;
use reelwright::{
    AudioEncoderInfo, AudioStream, ChannelLayout, CodecConfig, CodecId, ErrorKind, MuxerInfo,
    OptionKind, Options, SampleFormat, StreamingMediaEncoder, Target, TensorView, TypedBuffer,
    audio_encoders, muxers,
};
use reelwright_testkit::decode::decode;
use reelwright_testkit::signal::{Noise, music_i16, music_i32};
use reelwright_tests::read::audio_data;
use reelwright_tests::samples::{Storage, Stored, bytes_in, chunk, test_audio};
use reelwright_tests::{Recipe, formats, outputs};

type Format = (&'static MuxerInfo, &'static AudioEncoderInfo);

fn any_format() -> impl Strategy<Value = Format> {
    select(formats().collect::<Vec<_>>())
}

fn data_type((_, encoder): Format) -> reelwright::DataType {
    encoder.sample_formats[0].data_type()
}

/// Configuration that prints failures and does not write them to a file.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

// The output does not depend on the sizes of chunks.

/// Generates lengths of chunks, including 0 and 1, and their memory layouts.
fn any_cuts() -> impl Strategy<Value = Vec<(usize, Storage)>> {
    let length = prop_oneof![0usize..3, 1000usize..1030, 1usize..5000];
    prop::collection::vec((length, select(&Storage::ALL[..])), 1..40)
}

fn cut_file(
    recipe: &Recipe,
    audio: &TypedBuffer,
    channels: usize,
    cuts: &[(usize, Storage)],
) -> Vec<u8> {
    let frames = audio.len() / channels;
    recipe
        .file(|encoder| {
            let mut start = 0;
            let rest = (frames, Storage::Planar);
            for &(length, storage) in cuts.iter().chain([&rest]) {
                let end = (start + length).min(frames);
                let stored = Stored::new(audio, channels, (start, end), storage);
                encoder.write_audio_chunk(0, &stored.view(), None)?;
                start = end;
            }
            Ok(())
        })
        .unwrap()
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn output_does_not_depend_on_chunk_sizes(
        format in any_format(),
        channels in 1usize..=8,
        frames in 0usize..12_000,
        cuts in any_cuts(),
        seekable: bool,
    ) {
        let audio = test_audio(data_type(format), frames, channels);
        let seekable = seekable || outputs(format.0, format.1).len() == 1;
        let recipe = Recipe::of(format.0, format.1, 48_000, channels).seekable(seekable);
        let whole = recipe.chunks([&chunk(&audio, channels)]).unwrap();
        prop_assert!(cut_file(&recipe, &audio, channels, &cuts) == whole);
    }

    #[test]
    fn converted_output_does_not_depend_on_chunk_sizes(
        (input, codec) in (select(SampleFormat::PACKED), select(vec!["flac", "wav", "aiff"])),
        (channels, encoded) in (1usize..=8, 1usize..=8),
        frames in 0usize..6000,
        cuts in any_cuts(),
    ) {
        let audio = test_audio(input.data_type(), frames, channels);
        let stream = AudioStream::new(44_100, channels).format(input).encoder_num_channels(encoded);
        let recipe = Recipe::new(codec, stream);
        let whole = recipe.chunks([&chunk(&audio, channels)]).unwrap();
        prop_assert!(cut_file(&recipe, &audio, channels, &cuts) == whole);
    }

    #[test]
    fn contiguous_pts_have_no_effect(
        format in any_format(),
        frames in 0usize..5000,
        cuts in any_cuts(),
        rate in select(vec![8000u32, 11_025, 44_100, 48_000, 96_000]),
    ) {
        let audio = test_audio(data_type(format), frames, 2);
        let recipe = Recipe::of(format.0, format.1, rate, 2);
        let whole = recipe.chunks([&chunk(&audio, 2)]).unwrap();
        let timed = recipe.file(|encoder| {
            let mut start = 0;
            for (length, storage) in cuts.iter().chain([&(frames, Storage::Interleaved)]) {
                let end = (start + length).min(frames);
                let stored = Stored::new(&audio, 2, (start, end), *storage);
                let pts = start as f64 / f64::from(rate);
                encoder.write_audio_chunk(0, &stored.view(), Some(pts))?;
                start = end;
            }
            Ok(())
        });
        prop_assert!(timed.unwrap() == whole);
    }
}

#[test]
fn chunks_of_one_sample() {
    for format in formats() {
        let audio = test_audio(data_type(format), 9000, 2);
        for &seekable in outputs(format.0, format.1) {
            let recipe = Recipe::of(format.0, format.1, 48_000, 2).seekable(seekable);
            let whole = recipe.chunks([&chunk(&audio, 2)]).unwrap();
            let rows = chunk(&audio, 2);
            let rows: Vec<_> = (0..9000).map(|row| rows.rows(row, row + 1)).collect();
            assert!(recipe.chunks(&rows).unwrap() == whole, "{}", format.0.name);
        }
    }
}

#[test]
fn flush_does_not_change_the_file() {
    for format in formats() {
        let audio = test_audio(data_type(format), 9000, 2);
        // A flush ends a page in Ogg and a fragment in MP4, which makes the data readable.
        let shows = ["ogg", "oga", "opus", "mp4", "mov", "ipod", "3gp", "3g2"];
        if shows.contains(&format.0.name) {
            continue;
        }
        for &seekable in outputs(format.0, format.1) {
            let recipe = Recipe::of(format.0, format.1, 48_000, 2).seekable(seekable);
            let whole = recipe.chunks([&chunk(&audio, 2)]).unwrap();
            let flushed = recipe.file(|encoder| {
                for row in (0..9000).step_by(500) {
                    encoder.write_audio_chunk(0, &chunk(&audio, 2).rows(row, row + 500), None)?;
                    encoder.flush()?;
                }
                encoder.flush()
            });
            assert!(flushed.unwrap() == whole, "{} {seekable}", format.0.name);
        }
    }
}

// Lossless.

/// Returns true if symphonia decodes a file.
fn symphonia_decodes(muxer: &MuxerInfo, codec: CodecId, channels: usize, seekable: bool) -> bool {
    match (muxer.name, codec) {
        ("flac" | "ogg" | "oga", _) => true,
        // It misreads 8 bits, and does not support 64.
        (_, CodecId::PcmALaw | CodecId::PcmMuLaw | CodecId::PcmS64Le) => false,
        ("wav", _) => true,
        ("caf", CodecId::PcmS8) => false,
        // Its order of more than two channels differs.
        ("caf", CodecId::Alac) => channels <= 2,
        // After audio of open length, it expects a chunk and fails.
        ("aiff" | "caf", _) => seekable,
        // It reads QuickTime's big-endian names as little-endian ones, and `twos` as 16 bits.
        (
            "mov",
            CodecId::PcmS8
            | CodecId::PcmS24Be
            | CodecId::PcmS32Be
            | CodecId::PcmF32Be
            | CodecId::PcmF64Be,
        ) => channels > 2,
        ("mp4" | "mov" | "ipod", CodecId::Alac) => channels <= 2,
        ("mp4", CodecId::Flac) | ("mov", _) => true,
        _ => false,
    }
}

/// Decodes a G.711 code to 16 bits (ITU-T G.711, tables 1 and 2).
fn g711(codec: CodecId, code: u8) -> i32 {
    let magnitude = |code: u8| (i32::from(code >> 4 & 7), i32::from(code & 15));
    if codec == CodecId::PcmMuLaw {
        let (segment, step) = magnitude(!code);
        let value = ((2 * step + 33) << (segment + 2)) - 132;
        return if code & 0x80 == 0 { -value } else { value };
    }
    let (segment, step) = magnitude(code ^ 0x55);
    let value = match segment {
        0 => (2 * step + 1) << 3,
        _ => (2 * step + 33) << (segment + 2),
    };
    if code & 0x80 == 0 { -value } else { value }
}

fn check_lossless(
    format: Format,
    frames: usize,
    channels: usize,
    seekable: bool,
) -> Result<(), TestCaseError> {
    let (muxer, info) = format;
    let codec = info.encoder.codec;
    // The conformance matrix measures the loss of other codecs.
    if !codec.is_lossless() && codec.bytes_per_sample().is_none() {
        return Ok(());
    }
    let seekable = seekable || outputs(format.0, format.1).len() == 1;
    let audio = test_audio(data_type(format), frames, channels);
    let recipe = Recipe::of(muxer, info, 44_100, channels).seekable(seekable);
    let file = recipe.chunks([&chunk(&audio, channels)]).unwrap();
    let samples = frames * channels;
    if let Some(width) = codec.bytes_per_sample() {
        let found = audio_data(muxer.name, &file);
        prop_assert_eq!(found.len(), samples * width);
        if let (CodecId::PcmALaw | CodecId::PcmMuLaw, TypedBuffer::I16(samples)) = (codec, &audio) {
            for (code, sample) in found.iter().zip(samples) {
                let (found, sample) = (g711(codec, *code), i32::from(*sample));
                // A step is 1/16 of the start of its segment, and the first steps are 16.
                let step = ((sample.abs() + 132) / 16).max(16);
                prop_assert!((found - sample).abs() <= step / 2 + 4, "{found} {sample}");
            }
        } else {
            prop_assert!(found == bytes_in(codec, &audio));
        }
    }
    // Decoders do not agree on files without samples.
    if frames == 0 || !symphonia_decodes(muxer, codec, channels, seekable) {
        return Ok(());
    }
    match &audio {
        TypedBuffer::F32(expected) => {
            let decoded = decode::<f32>(file).map_err(TestCaseError::fail)?;
            prop_assert_eq!((decoded.sample_rate, decoded.channels), (44_100, channels));
            prop_assert!(decoded.samples == *expected);
        }
        TypedBuffer::F64(expected) => {
            let decoded = decode::<f64>(file).map_err(TestCaseError::fail)?;
            prop_assert!(decoded.samples == *expected);
        }
        integers => {
            let decoded = decode::<i32>(file).map_err(TestCaseError::fail)?;
            prop_assert_eq!((decoded.sample_rate, decoded.channels), (44_100, channels));
            prop_assert_eq!(decoded.samples.len(), samples);
            let expected: Vec<i32> = match integers {
                TypedBuffer::U8(data) => data.iter().map(|x| (i32::from(*x) - 128) << 24).collect(),
                TypedBuffer::I16(data) => data.iter().map(|x| i32::from(*x) << 16).collect(),
                TypedBuffer::I32(data) => data.clone(),
                _ => unreachable!("64 bits are not decoded"),
            };
            match codec {
                CodecId::PcmS24Le | CodecId::PcmS24Be | CodecId::Alac => {
                    let found = decoded.samples.iter();
                    prop_assert!(found.zip(&expected).all(|(found, x)| *found == x & !0xFF));
                }
                _ => prop_assert!(decoded.samples == expected),
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_audio_is_lossless(
        format in any_format(),
        frames in prop_oneof![0usize..20, 0usize..15_000],
        channels in 1usize..=8,
        seekable: bool,
    ) {
        check_lossless(format, frames, channels, seekable)?;
    }
}

#[test]
fn every_format_is_lossless_at_block_boundaries() {
    for format in formats() {
        // Block sizes of PCM (1024) and FLAC (4608 at this rate), their neighbors, and small sizes.
        for frames in [1, 2, 3, 1023, 1024, 1025, 4607, 4608, 4609] {
            for (channels, seekable) in [(1, true), (1, false), (2, true), (3, false)] {
                check_lossless(format, frames, channels, seekable).unwrap_or_else(|error| {
                    panic!("{} {}: {error}", format.0.name, format.1.encoder.name)
                });
            }
        }
    }
}

#[test]
fn flac_keeps_24_and_32_bits() {
    let samples = music_i32(10_000, 2);
    for (bits, mask) in [("24", !0xFF), ("32", !0), ("20", !0xFFF), ("8", !0xFF_FFFF)] {
        let stream = AudioStream::new(48_000, 2)
            .format(SampleFormat::S32)
            .encoder_option("bits_per_raw_sample", bits);
        let chunk = TensorView::contiguous(&samples, &[10_000, 2]).unwrap();
        let file = Recipe::new("flac", stream).chunks([&chunk]).unwrap();
        let decoded = decode::<i32>(file).unwrap();
        let expected = samples.iter().map(|x| x & mask);
        assert!(decoded.samples.into_iter().eq(expected), "{bits} bits");
    }
}

// Deterministic.

#[test]
fn output_is_deterministic() {
    for format in formats() {
        let audio = test_audio(data_type(format), 20_000, 2);
        for &seekable in outputs(format.0, format.1) {
            let recipe = Recipe::of(format.0, format.1, 48_000, 2)
                .metadata_entry("title", "A title")
                .seekable(seekable);
            let file = || recipe.chunks([&chunk(&audio, 2)]).unwrap();
            assert!(file() == file(), "{}", format.0.name);
        }
    }
}

#[test]
fn output_does_not_depend_on_the_number_of_threads() {
    let samples = music_i16(200_000, 2);
    let chunk = TensorView::contiguous(&samples, &[200_000, 2]).unwrap();
    for level in ["0", "5", "8"] {
        let file = |threads: &str| {
            let stream = AudioStream::new(44_100, 2)
                .format(SampleFormat::S16)
                .encoder_option("compression_level", level)
                .encoder_option("threads", threads);
            Recipe::new("flac", stream).chunks([&chunk]).unwrap()
        };
        let one = file("1");
        for threads in ["2", "3", "4", "0", "64"] {
            assert!(file(threads) == one, "level {level}, {threads} threads");
        }
    }
}

#[test]
fn file_equals_seekable_writer() {
    let directory = tempfile::tempdir().unwrap();
    for format in formats() {
        let audio = test_audio(data_type(format), 20_000, 2);
        let recipe = Recipe::of(format.0, format.1, 48_000, 2);
        let bytes = recipe.chunks([&chunk(&audio, 2)]).unwrap();
        let path = directory.path().join("file");
        let mut encoder = recipe.open(Target::from(&path)).unwrap();
        encoder.write_audio_chunk(0, &chunk(&audio, 2), None).unwrap();
        encoder.close().unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes, "{}", format.0.name);
        // A writer that is not at its start.
        let mut cursor = Cursor::new(vec![7; 1001]);
        cursor.set_position(1001);
        let mut encoder = recipe.open(Target::seekable_writer(&mut cursor)).unwrap();
        encoder.write_audio_chunk(0, &chunk(&audio, 2), None).unwrap();
        encoder.close().unwrap();
        drop(encoder);
        let behind = cursor.into_inner();
        assert!(behind[..1001] == [7; 1001] && behind[1001..] == bytes, "{}", format.0.name);
    }
}

// No panic.

/// A call with any arguments.
#[derive(Debug, Clone)]
enum Call {
    Add(Box<Stream>),
    SetMetadata(Vec<(String, String)>),
    Open(Vec<(String, String)>),
    Write { index: usize, kind: usize, shape: Vec<usize>, pts: Option<f64>, seed: u64 },
    Flush,
    Close,
}

#[derive(Debug, Clone)]
struct Stream {
    sample_rate: u32,
    channels: usize,
    format: SampleFormat,
    layout: Option<ChannelLayout>,
    encoder: Option<String>,
    options: Vec<(String, String)>,
    encoder_sample_rate: Option<u32>,
    encoder_channels: Option<usize>,
    encoder_format: Option<SampleFormat>,
    level: Option<i32>,
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z_]{0,9}", any::<String>(), "-?[0-9]{1,20}[kMG]?"]
}

/// Generates options of encoders and muxers, with valid and invalid values.
fn any_options() -> impl Strategy<Value = Vec<(String, String)>> {
    let mut known = Vec::new();
    let options = audio_encoders().flat_map(|info| info.encoder.options);
    for option in
        options.chain(muxers().flat_map(|info| info.options)).chain(reelwright::OPEN_OPTIONS)
    {
        let values = match option.kind {
            OptionKind::Bool { .. } => vec!["true".to_owned(), "false".to_owned()],
            // Long gaps would take long to fill.
            OptionKind::BoolOrSeconds { .. } => {
                ["true", "false", "0.5", "30", "-1"].map(str::to_owned).to_vec()
            }
            OptionKind::Choice { values, .. } => values.iter().map(|v| v.0.to_owned()).collect(),
            OptionKind::Flags { values } => {
                let words: Vec<_> = values.iter().map(|v| v.0.to_owned()).collect();
                [words.join("+")].into_iter().chain(words).collect()
            }
            OptionKind::Float { min, max, .. } => {
                [min, (min + max) / 2.0, max, max + 1.0].map(|v| v.to_string()).to_vec()
            }
            OptionKind::Text { .. } => vec!["keep".to_owned(), "compose:#102030".to_owned()],
            // Small numbers, because 64 threads take long to start.
            OptionKind::Rational { .. } => vec!["30000/1001".to_owned()],
            OptionKind::Duration { .. } => vec!["1.5".to_owned()],
            OptionKind::Size { .. } => vec!["vga".to_owned()],
            OptionKind::Color { .. } => vec!["#102030".to_owned()],
            OptionKind::Dictionary { .. } => vec!["name=value".to_owned()],
            OptionKind::Int { min, max, .. } => {
                let most = if option.name == "threads" { 3 } else { max };
                [min, min + 1, (min / 2 + most / 2), most, max.saturating_add(1)]
                    .map(|v| v.to_string())
                    .to_vec()
            }
        };
        known.extend(values.into_iter().map(|value| (option.name.to_owned(), value)));
    }
    let entry = prop_oneof![9 => select(known), 1 => (any_text(), any_text())];
    prop::collection::vec(entry, 0..4)
}

fn any_stream() -> impl Strategy<Value = Stream> {
    let rate = prop_oneof![4 => 1u32..200_000, 1 => any::<u32>()];
    let channels = || prop_oneof![8 => 0usize..10, 1 => 0usize..70_000, 1 => any::<usize>()];
    let names = audio_encoders().map(|info| info.encoder.name.to_owned()).collect::<Vec<_>>();
    let layouts = ["mono", "stereo", "5.1(side)", "7.1", "FL+TC"].map(|name| name.parse().unwrap());
    (
        (rate.clone(), channels(), select(SampleFormat::ALL)),
        prop::option::weighted(0.1, select(layouts.to_vec())),
        prop::option::of(prop_oneof![9 => select(names), 1 => any_text()]),
        any_options(),
        prop::option::weighted(0.1, rate),
        prop::option::weighted(0.3, channels()),
        prop::option::weighted(0.3, select(SampleFormat::ALL)),
        prop::option::weighted(0.2, prop_oneof![0..13i32, any::<i32>()]),
    )
        .prop_map(
            |((sample_rate, channels, format), layout, encoder, options, r, c, f, level)| Stream {
                sample_rate,
                channels,
                format,
                layout,
                encoder,
                options,
                encoder_sample_rate: r,
                encoder_channels: c,
                encoder_format: f,
                level,
            },
        )
}

/// Generates a stream that most formats support, so that later calls are reached.
fn usual_stream() -> impl Strategy<Value = Stream> {
    let formats = select(SampleFormat::PACKED);
    (any_stream(), 1u32..200_000, 1usize..5, formats).prop_map(
        |(stream, rate, channels, format)| Stream {
            sample_rate: rate,
            channels,
            format,
            layout: None,
            encoder: None,
            options: Vec::new(),
            encoder_sample_rate: None,
            encoder_format: None,
            encoder_channels: stream.encoder_channels.filter(|channels| (1..9).contains(channels)),
            level: None,
        },
    )
}

fn any_call() -> impl Strategy<Value = Call> {
    let entries = || prop::collection::vec((any_text(), any_text()), 0..4);
    // Longer gaps would take long to fill.
    let pts =
        prop_oneof![0.0..0.3f64, any::<f64>().prop_filter("", |pts| !(0.3..1e5).contains(pts))];
    let shape = prop_oneof![
        8 => (0usize..3000, 1usize..5).prop_map(|(frames, channels)| vec![frames, channels]),
        1 => prop::collection::vec(0usize..5, 0..9),
    ];
    prop_oneof![
        1 => any_stream().prop_map(|stream| Call::Add(Box::new(stream))),
        1 => entries().prop_map(Call::SetMetadata),
        1 => any_options().prop_map(Call::Open),
        1 => Just(Call::Open(Vec::new())),
        6 => (prop_oneof![9 => Just(0usize), 1 => any::<usize>()], 0usize..6, shape,
              prop::option::weighted(0.3, pts), any::<u64>())
            .prop_map(|(index, kind, shape, pts, seed)| Call::Write { index, kind, shape, pts, seed }),
        1 => Just(Call::Flush),
        1 => Just(Call::Close),
    ]
}

fn any_calls() -> impl Strategy<Value = Vec<Call>> {
    let usual =
        (usual_stream(), any_options(), any::<bool>()).prop_map(|(stream, options, plain)| {
            let options = if plain { Vec::new() } else { options };
            vec![Call::Add(Box::new(stream)), Call::Open(options), Call::Open(Vec::new())]
        });
    let start = prop_oneof![3 => usual, 1 => Just(Vec::new())];
    (start, prop::collection::vec(any_call(), 0..25)).prop_map(|(mut calls, more)| {
        calls.extend(more);
        calls
    })
}

/// Generates any bits, including NaN and infinities.
fn any_samples(kind: usize, count: usize, seed: u64) -> TypedBuffer {
    let mut noise = Noise::new(seed);
    let mut next = || u64::from(noise.next_u32()) << 32 | u64::from(noise.next_u32());
    match kind {
        0 => TypedBuffer::U8((0..count).map(|_| next() as u8).collect()),
        1 => TypedBuffer::I16((0..count).map(|_| next() as i16).collect()),
        2 => TypedBuffer::I32((0..count).map(|_| next() as i32).collect()),
        3 => TypedBuffer::I64((0..count).map(|_| next() as i64).collect()),
        4 => TypedBuffer::F32((0..count).map(|_| f32::from_bits(next() as u32)).collect()),
        _ => TypedBuffer::F64((0..count).map(|_| f64::from_bits(next())).collect()),
    }
}

/// State of the encoder after the calls so far.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    New,
    Open,
    /// A call failed with an error of this kind.
    Failed(ErrorKind),
    Closed,
}

struct Caller<'w> {
    encoder: StreamingMediaEncoder<'w>,
    stage: Stage,
    streams: usize,
}

impl Caller<'_> {
    fn call(&mut self, call: &Call) -> Result<(), TestCaseError> {
        let stage = self.stage;
        let result = match call {
            Call::Add(stream) => {
                let added = self.add(stream);
                if added.is_ok() {
                    self.streams += 1;
                }
                added
            }
            Call::SetMetadata(entries) => self.encoder.set_metadata(entries.iter().cloned()),
            Call::Open(options) => {
                self.encoder.open_with(options.iter().cloned().collect::<Options>())
            }
            Call::Write { index, kind, shape, pts, seed } => {
                let samples = any_samples(*kind, shape.iter().product(), *seed);
                let view = reelwright_core::with_slice!(samples.as_slice(), data => {
                    TensorView::contiguous(data, shape)
                });
                match view {
                    Ok(view) => self.encoder.write_audio_chunk(*index, &view, *pts),
                    Err(error) => Err(error),
                }
            }
            Call::Flush => self.encoder.flush(),
            Call::Close => self.encoder.close(),
        };
        let kind = result.as_ref().map_err(reelwright::Error::kind).err();
        if let Err(error) = &result {
            prop_assert!(!error.to_string().is_empty());
        }
        // Checks which calls may succeed or fail.
        match (call, stage) {
            (Call::Add(_) | Call::SetMetadata(_), Stage::New) => {}
            (Call::Add(_) | Call::SetMetadata(_), _) => {
                prop_assert_eq!(kind, Some(ErrorKind::State))
            }
            (Call::Open(_), Stage::New) => match kind {
                None => {
                    prop_assert_eq!(self.streams, 1);
                    self.stage = Stage::Open;
                }
                // The format cannot store the stream, or the output failed.
                Some(kind @ (ErrorKind::Unsupported | ErrorKind::Io | ErrorKind::Argument)) => {
                    self.stage = Stage::Failed(kind);
                }
                Some(_) => {}
            },
            (Call::Open(_), Stage::Failed(first)) => prop_assert_eq!(kind, Some(first)),
            (Call::Open(_), _) => prop_assert_eq!(kind, Some(ErrorKind::State)),
            (Call::Write { .. } | Call::Flush, Stage::Open) => match kind {
                None | Some(ErrorKind::Chunk | ErrorKind::Argument) => {}
                Some(kind) => self.stage = Stage::Failed(kind),
            },
            (Call::Write { shape, .. }, _) if shape.len() > 5 => {}
            (Call::Write { .. } | Call::Flush, Stage::Failed(first)) => {
                prop_assert_eq!(kind, Some(first))
            }
            (Call::Write { .. } | Call::Flush, _) => prop_assert_eq!(kind, Some(ErrorKind::State)),
            (Call::Close, Stage::New) => prop_assert_eq!(kind, Some(ErrorKind::State)),
            (Call::Close, Stage::Open) => self.stage = Stage::Closed,
            (Call::Close, Stage::Failed(_)) => {
                prop_assert!(kind.is_some());
                self.stage = Stage::Closed;
            }
            (Call::Close, Stage::Closed) => prop_assert_eq!(kind, None),
        }
        Ok(())
    }

    fn add(&mut self, stream: &Stream) -> reelwright::Result<()> {
        let mut it = AudioStream::new(stream.sample_rate, stream.channels).format(stream.format);
        if let Some(layout) = stream.layout {
            it = it.channel_layout(layout);
        }
        if let Some(encoder) = &stream.encoder {
            it = it.encoder(encoder);
        }
        for (name, value) in &stream.options {
            it = it.encoder_option(name, value);
        }
        if let Some(rate) = stream.encoder_sample_rate {
            it = it.encoder_sample_rate(rate);
        }
        if let Some(channels) = stream.encoder_channels {
            it = it.encoder_num_channels(channels);
        }
        if let Some(format) = stream.encoder_format {
            it = it.encoder_format(format);
        }
        it = it.codec_config(CodecConfig {
            compression_level: stream.level,
            ..CodecConfig::default()
        });
        self.encoder.add_audio_stream(&it).map(drop)
    }
}

/// Writer that accepts some bytes and then fails.
struct Failing {
    left: usize,
}

impl io::Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Destination {
    Seekable,
    Stream,
    Failing(usize),
}

fn any_destination() -> impl Strategy<Value = Destination> {
    prop_oneof![
        Just(Destination::Seekable),
        Just(Destination::Stream),
        (0usize..40_000).prop_map(Destination::Failing),
    ]
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn no_call_panics(
        muxer in select(muxers().collect::<Vec<_>>()),
        destination in any_destination(),
        buffer in 1usize..10_000,
        calls in any_calls(),
    ) {
        let mut cursor = Cursor::new(Vec::new());
        let target = match destination {
            Destination::Seekable => Target::seekable_writer(&mut cursor),
            Destination::Stream => Target::writer(&mut cursor),
            Destination::Failing(left) => Target::writer(Failing { left }),
        };
        let encoder = StreamingMediaEncoder::new(target.buffer_size(buffer), Some(muxer.name)).unwrap();
        let mut caller = Caller { encoder, stage: Stage::New, streams: 0 };
        for call in &calls {
            caller.call(call)?;
        }
    }
}
