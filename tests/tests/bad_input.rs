//! Invalid chunks, streams and metadata.

use std::io::{self, Cursor};

use reelwright::{
    AudioStream, ErrorKind, Options, Result, SampleFormat, StreamingMediaEncoder, Target,
    TensorView,
};
use reelwright_testkit::decode::decode;
use reelwright_tests::{Recipe, audio_muxers, formats, outputs};

fn view(samples: &[f32], channels: usize) -> TensorView<'_> {
    TensorView::contiguous(samples, &[samples.len() / channels, channels]).unwrap()
}

fn add(format: &str, stream: &AudioStream) -> Result<usize> {
    StreamingMediaEncoder::new(Target::writer(io::sink()), Some(format))?.add_audio_stream(stream)
}

// Samples.

#[test]
fn rejects_nan_for_integers_and_writes_nothing_of_the_chunk() {
    for (format, expected) in [("s16le", "pcm_s16le"), ("flac", "flac"), ("mulaw", "pcm_mulaw")] {
        let recipe = Recipe::new(format, AudioStream::new(8000, 2));
        let good = vec![0.25; 6000];
        let without = recipe.chunks([&view(&good, 2), &view(&good, 2)]).unwrap();
        let with = recipe.file(|encoder| {
            encoder.write_audio_chunk(0, &view(&good, 2), None)?;
            for (frame, channel) in [(0, 0), (0, 1), (1234, 1), (2999, 0)] {
                let mut bad = vec![0.5; 6000];
                bad[2 * frame + channel] = f32::NAN;
                // The error reports the first NaN.
                bad[5999] = f32::NAN;
                let error = encoder.write_audio_chunk(0, &view(&bad, 2), None).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Chunk);
                let text = error.to_string();
                assert!(text.contains(&format!("frame {frame}, channel {channel}")), "{text}");
                assert!(text.contains(expected), "{text}");
            }
            encoder.write_audio_chunk(0, &view(&good, 2), None)
        });
        assert!(with.unwrap() == without, "{format}");
    }
}

#[test]
fn rejected_nan_does_not_fill_the_gap_before_it() {
    let recipe = Recipe::new("s16le", AudioStream::new(1000, 1));
    let file = recipe.file(|encoder| {
        assert!(encoder.write_audio_chunk(0, &view(&[f32::NAN], 1), Some(5.0)).is_err());
        encoder.write_audio_chunk(0, &view(&[0.5], 1), Some(0.001))
    });
    assert_eq!(file.unwrap(), [0i16, 16_384].map(i16::to_le_bytes).concat());
}

#[test]
fn floats_keep_nan_and_infinity() {
    let samples = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -0.0];
    let stream = AudioStream::new(8000, 1);
    let file = Recipe::new("f32le", stream).chunks([&view(&samples, 1)]).unwrap();
    assert_eq!(file, samples.map(f32::to_le_bytes).concat());
}

#[test]
fn clips_samples_beyond_full_scale() {
    let samples = [f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 1.0, -1.0, f32::MAX, f32::MIN];
    let doubles = samples.map(f64::from);
    let bits_16 = [i16::MAX, i16::MIN].repeat(4);
    let expected: Vec<u8> = bits_16.iter().flat_map(|x| x.to_le_bytes()).collect();
    let file = Recipe::new("s16le", AudioStream::new(8000, 2)).chunks([&view(&samples, 2)]);
    assert_eq!(file.unwrap(), expected);
    let stream = AudioStream::new(8000, 2).format(SampleFormat::Dbl);
    let chunk = TensorView::contiguous(&doubles, &[4, 2]).unwrap();
    assert_eq!(Recipe::new("s16le", stream).chunks([&chunk]).unwrap(), expected);
    // Full scale of 24 bits.
    let file = Recipe::new("flac", AudioStream::new(8000, 2)).chunks([&view(&samples, 2)]).unwrap();
    let loudest = [i32::MAX & !0xFF, i32::MIN].repeat(4);
    assert_eq!(decode::<i32>(file).unwrap().samples, loudest);
}

#[test]
fn remixing_infinity_does_not_panic() {
    // Infinity minus infinity is NaN.
    let samples = [f32::INFINITY, f32::NEG_INFINITY, 1e38, -1e38, f32::MAX, f32::MAX];
    for format in ["s16le", "f32le", "flac"] {
        let stream = AudioStream::new(8000, 2).encoder_num_channels(1);
        let file = Recipe::new(format, stream).chunks([&view(&samples, 2)]).unwrap();
        assert!(!file.is_empty());
    }
}

#[test]
fn empty_chunk_has_no_effect() {
    for (muxer, info) in formats() {
        let recipe = Recipe::of(muxer, info, 8000, 2);
        let nothing = recipe.file(|_| Ok(())).unwrap();
        let with = recipe.file(|encoder| {
            let empty = TensorView::contiguous::<u8>(&[], &[0, 2]).unwrap();
            let _ = encoder.write_audio_chunk(0, &empty, None);
            let format = info.sample_formats[0];
            let silent = reelwright::TypedBuffer::zeroed(format.data_type(), 0);
            let empty = reelwright_tests::samples::chunk(&silent, 2);
            encoder.write_audio_chunk(0, &empty, None)?;
            encoder.write_audio_chunk(0, &empty, Some(0.0))
        });
        assert!(with.unwrap() == nothing, "{}", muxer.name);
    }
}

#[test]
fn file_without_samples_is_valid() {
    for (muxer, info) in formats() {
        for &seekable in outputs(muxer, info) {
            let recipe = Recipe::of(muxer, info, 8000, 2).seekable(seekable);
            let file = recipe.file(|_| Ok(())).unwrap();
            if info.encoder.codec.bytes_per_sample().is_some() {
                assert!(reelwright_tests::read::audio_data(muxer.name, &file).is_empty());
            }
        }
    }
}

// Times.

#[test]
fn pts_of_negative_zero_is_zero() {
    let recipe = Recipe::new("s16le", AudioStream::new(8000, 1));
    let file = recipe.file(|encoder| encoder.write_audio_chunk(0, &view(&[1.0], 1), Some(-0.0)));
    assert_eq!(file.unwrap(), i16::MAX.to_le_bytes());
}

#[test]
fn rejects_too_large_pts_and_continues() {
    let recipe = Recipe::new("s16le", AudioStream::new(8000, 1));
    let file = recipe.file(|encoder| {
        for pts in [f64::MAX, 1e300, 1e15, 1e9, 86_400.5] {
            let error = encoder.write_audio_chunk(0, &view(&[0.5], 1), Some(pts)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Chunk);
            let text = error.to_string();
            assert!(text.contains(&pts.to_string()), "{text}");
        }
        encoder.write_audio_chunk(0, &view(&[1.0], 1), None)
    });
    assert_eq!(file.unwrap(), i16::MAX.to_le_bytes());
}

#[test]
fn error_of_a_long_gap_suggests_fill_gaps() {
    let recipe = Recipe::new("s16le", AudioStream::new(8000, 1));
    let chunk = |encoder: &mut StreamingMediaEncoder<'_>| {
        encoder.write_audio_chunk(0, &view(&[1.0], 1), Some(100_000.0))
    };
    let error = recipe.file(chunk).unwrap_err();
    assert!(error.to_string().contains("fill_gaps=false"), "{error}");
    let file = recipe.option("fill_gaps", "false").file(chunk).unwrap();
    assert_eq!(file, i16::MAX.to_le_bytes());
}

#[test]
fn any_representable_pts_is_valid_without_filling() {
    let recipe = Recipe::new("flac", AudioStream::new(8000, 1)).option("fill_gaps", "false");
    let samples = vec![0.5; 10_000];
    let file = recipe.file(|encoder| {
        for pts in [0.0, 1e12, 1.1e12, 0.0, 1e12] {
            encoder.write_audio_chunk(0, &view(&samples, 1), Some(pts))?;
        }
        Ok(())
    });
    let decoded = decode::<i32>(file.unwrap()).unwrap();
    assert_eq!(decoded.samples, [1 << 30; 50_000]);
}

// Streams.

#[test]
fn handles_extreme_sample_rates() {
    for muxer in audio_muxers() {
        for rate in [1, 2, 7, 999, 655_350, 655_351, 1 << 20, i32::MAX as u32, 1 << 31, u32::MAX] {
            let mut encoder =
                StreamingMediaEncoder::new(Target::writer(io::sink()), Some(muxer.name)).unwrap();
            let opened =
                encoder.add_audio_stream(&AudioStream::new(rate, 1)).and_then(|_| encoder.open());
            match opened {
                Ok(()) => {
                    encoder.write_audio_chunk(0, &view(&[0.5; 100], 1), None).unwrap();
                    encoder.close().unwrap();
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unsupported, "{} {rate}", muxer.name);
                    assert!(error.to_string().contains(&rate.to_string()), "{error}");
                }
            }
        }
    }
}

#[test]
fn handles_extreme_numbers_of_channels() {
    for muxer in audio_muxers() {
        for channels in [0, 9, 255, 256, 32_767, 32_768, 65_535, 65_536, 1 << 31, usize::MAX] {
            let stream = AudioStream::new(8000, channels);
            let mut encoder =
                StreamingMediaEncoder::new(Target::writer(io::sink()), Some(muxer.name)).unwrap();
            let opened = encoder.add_audio_stream(&stream).and_then(|_| encoder.open());
            match opened {
                Ok(()) => {
                    let samples = vec![0.5; channels];
                    encoder.write_audio_chunk(0, &view(&samples, channels), None).unwrap();
                    encoder.close().unwrap();
                }
                Err(error) => {
                    let expected = [ErrorKind::Unsupported, ErrorKind::Argument];
                    assert!(expected.contains(&error.kind()), "{} {channels}", muxer.name);
                    assert!(error.to_string().contains(&channels.to_string()), "{error}");
                }
            }
        }
    }
}

#[test]
fn handles_extreme_remixing_with_little_memory() {
    for (from, to) in [(65_535, 1), (1, 65_535), (65_535, 65_534), (2, usize::MAX), (9, 8)] {
        let stream = AudioStream::new(8000, from).encoder_num_channels(to);
        if let Err(error) = add("s16le", &stream) {
            let expected = [ErrorKind::Unsupported, ErrorKind::Argument];
            assert!(expected.contains(&error.kind()), "{from} to {to}: {error}");
        }
    }
}

#[test]
fn unsupported_stream_leaves_no_open_output() {
    // The byte rate of 8 channels of 8 bytes at this rate overflows WAV's field.
    let mut cursor = Cursor::new(Vec::new());
    let target = Target::seekable_writer(&mut cursor);
    let mut encoder = StreamingMediaEncoder::new(target, Some("wav")).unwrap();
    let stream = AudioStream::new(1 << 30, 8).format(SampleFormat::Dbl).encoder("pcm_f64le");
    encoder.add_audio_stream(&stream).unwrap();
    let error = encoder.open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("1073741824"), "{error}");
    let chunk = TensorView::contiguous(&[0f64; 8], &[1, 8]).unwrap();
    for later in [encoder.write_audio_chunk(0, &chunk, None), encoder.close()] {
        let later = later.unwrap_err();
        assert!(later.is_repeat() && later.kind() == ErrorKind::Unsupported, "{later}");
    }
    encoder.close().unwrap();
}

// Names.

#[test]
fn rejects_invalid_names() {
    let long = "x".repeat(100_000);
    for name in ["", " ", "\0", "pcm_s16le\0", "PCM_S16LE", "🎵", &long] {
        assert!(add("wav", &AudioStream::new(8000, 1).encoder(name)).is_err(), "{name:?}");
        assert!(StreamingMediaEncoder::new(Target::writer(io::sink()), Some(name)).is_err());
        assert!(add("flac", &AudioStream::new(8000, 1).encoder_option(name, "1")).is_err());
        let options: Options = [(name, "1")].into_iter().collect();
        let mut encoder =
            StreamingMediaEncoder::new(Target::writer(io::sink()), Some("wav")).unwrap();
        encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
        assert!(encoder.open_with(options).is_err());
    }
}

#[test]
fn error_names_path_that_cannot_be_opened() {
    let directory = tempfile::tempdir().unwrap();
    let long = directory.path().join(format!("{}.wav", "x".repeat(5000)));
    let nul = directory.path().join("a\0b.wav");
    for path in [directory.path(), &long, &nul, "".as_ref()] {
        let mut encoder = StreamingMediaEncoder::new(path, Some("wav")).unwrap();
        encoder.add_audio_stream(&AudioStream::new(8000, 1)).unwrap();
        let error = encoder.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().starts_with("Failed to open dst: "), "{error}");
    }
}
