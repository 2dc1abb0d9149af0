//! Lossless round trips of real media through every lossless container.

use std::path::Path;

use reelwright::{
    AudioStream, DataType, SampleFormat, StreamingMediaEncoder, TensorView, TypedBuffer,
};
use reelwright_testkit::decode::{decode, decode_path};
use reelwright_tests::asset;
use reelwright_tests::read::audio_data;
use reelwright_tests::samples::bytes_in;

/// A media file of the assets.
struct Media {
    sample_rate: u32,
    channels: usize,
    samples: Vec<i16>,
}

fn speech() -> Media {
    let reader = hound::WavReader::open(asset("speech_16k_mono.wav")).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (16_000, 1, 16));
    let samples = reader.into_samples().collect::<Result<_, _>>().unwrap();
    Media { sample_rate: 16_000, channels: 1, samples }
}

fn soundtrack() -> Media {
    let audio = decode_path::<i32>(&asset("bbb_48k_stereo.flac")).unwrap();
    assert_eq!((audio.sample_rate, audio.channels), (48_000, 2));
    let samples = audio.samples.iter().map(|x| (x >> 16) as i16).collect();
    Media { sample_rate: 48_000, channels: 2, samples }
}

/// Writes media to a file in chunks of 0.1 s.
fn write(media: &Media, path: &Path, format: Option<&str>, stream: AudioStream) {
    let mut encoder = StreamingMediaEncoder::new(path, format).unwrap();
    encoder.add_audio_stream(&stream.format(SampleFormat::S16)).unwrap();
    encoder.open().unwrap();
    let tenth = media.sample_rate as usize / 10 * media.channels;
    for chunk in media.samples.chunks(tenth) {
        let shape = [chunk.len() / media.channels, media.channels];
        let view = TensorView::contiguous(chunk, &shape).unwrap();
        encoder.write_audio_chunk(0, &view, None).unwrap();
    }
    encoder.close().unwrap();
}

/// Returns the expected decoded samples, in the highest bits of 32.
fn expected(media: &Media) -> Vec<i32> {
    media.samples.iter().map(|x| i32::from(*x) << 16).collect()
}

/// Asserts that every file decodes to the samples of both assets.
fn check_round_trip(extension: &str, streams: &[(&str, &[(&str, &str)])]) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("media.{extension}"));
    for media in [speech(), soundtrack()] {
        for (codec, options) in streams {
            let stream = AudioStream::new(media.sample_rate, media.channels).encoder(*codec);
            let stream =
                options.iter().fold(stream, |s, (name, value)| s.encoder_option(*name, *value));
            write(&media, &path, None, stream);
            let what = format!("{extension} {codec} {options:?}");
            if codec.contains("f32") || codec.contains("f64") {
                let decoded = decode_path::<f32>(&path).unwrap();
                let expected = media.samples.iter().map(|x| f32::from(*x) / 32_768.0);
                assert!(decoded.samples.into_iter().eq(expected), "{what}");
                continue;
            }
            let decoded = decode_path::<i32>(&path).unwrap();
            assert_eq!(
                (decoded.sample_rate, decoded.channels),
                (media.sample_rate, media.channels),
                "{what}"
            );
            assert!(decoded.samples == expected(&media), "{what}");
        }
    }
}

#[test]
fn flac_of_every_level() {
    // Symphonia verifies the MD5 of the samples.
    let levels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
    let options = levels.map(|level| [("compression_level", level)]);
    let streams: Vec<(&str, &[(&str, &str)])> =
        options.iter().map(|options| ("flac", &options[..])).collect();
    check_round_trip("flac", &streams);
}

#[test]
fn flac_on_threads() {
    check_round_trip("flac", &[("flac", &[("threads", "2")]), ("flac", &[("threads", "0")])]);
}

#[test]
fn flac_of_24_bits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("media.flac");
    for media in [speech(), soundtrack()] {
        let stream =
            AudioStream::new(media.sample_rate, media.channels).encoder_format(SampleFormat::S32);
        write(&media, &path, None, stream);
        assert!(decode_path::<i32>(&path).unwrap().samples == expected(&media));
    }
}

#[test]
fn flac_is_as_small_as_that_of_the_reference_encoder() {
    // The asset was encoded by the reference encoder.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("media.flac");
    let media = soundtrack();
    write(&media, &path, None, AudioStream::new(media.sample_rate, media.channels));
    let length = |path: &Path| std::fs::metadata(path).unwrap().len();
    let (ours, theirs) = (length(&path), length(&asset("bbb_48k_stereo.flac")));
    assert!(ours <= theirs + theirs / 100, "{ours} bytes; reference encoder: {theirs}");
}

#[test]
fn wav() {
    check_round_trip(
        "wav",
        &[
            ("pcm_s16le", &[]),
            ("pcm_s24le", &[]),
            ("pcm_s32le", &[]),
            ("pcm_f32le", &[]),
            ("pcm_f64le", &[]),
        ],
    );
}

#[test]
fn aiff() {
    check_round_trip(
        "aiff",
        &[
            ("pcm_s16be", &[]),
            ("pcm_s16le", &[]),
            ("pcm_s24be", &[]),
            ("pcm_s32be", &[]),
            ("pcm_f32be", &[]),
            ("pcm_f64be", &[]),
        ],
    );
}

#[test]
fn caf() {
    check_round_trip(
        "caf",
        &[
            ("pcm_s16be", &[]),
            ("pcm_s16le", &[]),
            ("pcm_s24be", &[]),
            ("pcm_s24le", &[]),
            ("pcm_s32be", &[]),
            ("pcm_f32le", &[]),
            ("pcm_f64be", &[]),
        ],
    );
}

#[test]
fn hound_reads_wav() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("media.wav");
    for media in [speech(), soundtrack()] {
        let stream = || AudioStream::new(media.sample_rate, media.channels);
        for (codec, shift) in [("pcm_s16le", 0), ("pcm_s24le", 8), ("pcm_s32le", 16)] {
            write(&media, &path, None, stream().encoder(codec));
            let reader = hound::WavReader::open(&path).unwrap();
            assert_eq!(reader.spec().sample_rate, media.sample_rate);
            assert_eq!(reader.duration() as usize, media.samples.len() / media.channels);
            let found: Vec<i32> = reader.into_samples().collect::<Result<_, _>>().unwrap();
            let expected = media.samples.iter().map(|x| i32::from(*x) << shift);
            assert!(found.into_iter().eq(expected), "{codec}");
        }
        write(&media, &path, None, stream().encoder("pcm_f32le"));
        let reader = hound::WavReader::open(&path).unwrap();
        let found: Vec<f32> = reader.into_samples().collect::<Result<_, _>>().unwrap();
        assert!(found.into_iter().eq(media.samples.iter().map(|x| f32::from(*x) / 32_768.0)));
    }
}

#[test]
fn au_w64_and_raw() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("media");
    for media in [speech(), soundtrack()] {
        let samples = TypedBuffer::I16(media.samples.clone());
        assert_eq!(samples.data_type(), DataType::I16);
        for format in ["au", "w64", "s16le", "s16be"] {
            let stream = AudioStream::new(media.sample_rate, media.channels);
            write(&media, &path, Some(format), stream);
            let file = std::fs::read(&path).unwrap();
            let info = reelwright::muxers().find(|muxer| muxer.name == format).unwrap();
            assert!(
                audio_data(format, &file) == bytes_in(info.audio_codecs[0], &samples),
                "{format}"
            );
        }
    }
}

#[test]
fn floats_survive_flac() {
    // As with torio: writing a decoded float tensor is lossless.
    let media = soundtrack();
    let floats: Vec<f32> = media.samples.iter().map(|x| f32::from(*x) / 32_768.0).collect();
    let chunk = TensorView::contiguous(&floats, &[floats.len() / 2, 2]).unwrap();
    for format in [SampleFormat::S16, SampleFormat::S32] {
        let mut bytes = Vec::new();
        let target = reelwright::Target::writer(&mut bytes);
        let mut encoder = StreamingMediaEncoder::new(target, Some("flac")).unwrap();
        encoder.add_audio_stream(&AudioStream::new(48_000, 2).encoder_format(format)).unwrap();
        encoder.open().unwrap();
        encoder.write_audio_chunk(0, &chunk, None).unwrap();
        encoder.close().unwrap();
        drop(encoder);
        assert!(decode::<i32>(bytes).unwrap().samples == expected(&media), "{format}");
    }
}
