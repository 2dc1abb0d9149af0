//! Start and end of lossy audio: quality is as good as in the middle, and formats are detected
//! without a hint.

use std::f64::consts::TAU;
use std::io::Cursor;

use reelwright::{AudioStream, CodecConfig, StreamingMediaEncoder, Target, TensorView};
use reelwright_testkit::program::run;

const RATE: usize = 48_000;

fn file(format: &str, codec: &str, samples: &[f32], channels: usize, seekable: bool) -> Vec<u8> {
    let mut cursor = Cursor::new(Vec::new());
    let target =
        if seekable { Target::seekable_writer(&mut cursor) } else { Target::writer(&mut cursor) };
    let mut encoder = StreamingMediaEncoder::new(target, Some(format)).unwrap();
    let config = CodecConfig { bit_rate: Some(128_000), ..CodecConfig::default() };
    let stream = AudioStream::new(RATE as u32, channels).encoder(codec).codec_config(config);
    encoder.add_audio_stream(&stream).unwrap();
    encoder.open().unwrap();
    let shape = [samples.len() / channels, channels];
    let chunk = TensorView::contiguous(samples, &shape).unwrap();
    encoder.write_audio_chunk(0, &chunk, None).unwrap();
    encoder.close().unwrap();
    drop(encoder);
    cursor.into_inner()
}

/// Decodes a file with ffmpeg, which trims it according to the container.
fn decoded(file: &[u8]) -> Option<Vec<f32>> {
    let bytes = run("ffmpeg", &["-v", "error", "-i", "{}", "-f", "f32le", "-"], file)?;
    Some(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn snr(expected: &[f32], found: &[f32]) -> f64 {
    let power =
        |pairs: &mut dyn Iterator<Item = f32>| pairs.map(|x| f64::from(x).powi(2)).sum::<f64>();
    let noise = power(&mut expected.iter().zip(found).map(|(a, b)| a - b));
    10.0 * (power(&mut expected.iter().copied()) / noise.max(1e-12)).log10()
}

#[test]
fn tone_is_as_good_at_its_ends_as_in_the_middle() {
    for (format, codec) in [("mp4", "aac"), ("mp3", "mp3"), ("ogg", "opus")] {
        for channels in [1, 2] {
            for (hz, phase) in [(440.0, 0.0), (1000.0, 1.571), (3333.0, 0.5)] {
                let sample = |i: usize| {
                    let (at, channel) = ((i / channels) as f64 / RATE as f64, i % channels);
                    (0.5 - 0.1 * channel as f64) * (TAU * hz * at + phase).sin()
                };
                let tone: Vec<_> = (0..RATE / 2 * channels).map(|i| sample(i) as f32).collect();
                let Some(found) = decoded(&file(format, codec, &tone, channels, true)) else {
                    return;
                };
                assert!(found.len() >= tone.len(), "{codec}: {} {}", found.len(), tone.len());
                let part = 1024 * channels;
                let last = tone.len() - part;
                let start = snr(&tone[..part], &found);
                let middle = snr(&tone[10 * part..20 * part], &found[10 * part..]);
                let end = snr(&tone[last..], &found[last..]);
                let values =
                    format!("{codec}, {channels}, {hz} Hz: {start:.1} {middle:.1} {end:.1}");
                assert!(start > 30.0 && middle > 30.0, "{values}");
                assert!(end > 30.0, "{values}");
            }
        }
    }
}

#[test]
fn tone_is_good_immediately_after_silence() {
    for (format, codec) in [("mp4", "aac"), ("mp3", "mp3"), ("ogg", "opus")] {
        let mut samples = vec![0.0; RATE];
        for (i, sample) in samples[RATE / 2..].iter_mut().enumerate() {
            *sample = (0.5 * (TAU * 440.0 * i as f64 / RATE as f64).sin()) as f32;
        }
        let Some(found) = decoded(&file(format, codec, &samples, 1, true)) else { return };
        let onset = RATE / 2;
        let snr = snr(&samples[onset..onset + 1024], &found[onset..]);
        assert!(snr > 35.0, "{codec}: {snr}");
    }
}

#[test]
fn short_streams_are_detected_without_a_hint() {
    for samples in [1, 100, 1024, 1152] {
        let tone: Vec<_> = (0..samples).map(|i| 0.5 * (i as f32 * 0.06).sin()).collect();
        for (format, codec, name) in [("adts", "aac", "aac"), ("mp3", "mp3", "mp3")] {
            for seekable in [false, true] {
                let file = file(format, codec, &tone, 1, seekable);
                let entries = "format=format_name,probe_score:stream=codec_name,channels";
                let arguments = ["-v", "error", "-show_entries", entries, "-of", "csv=p=0", "-"];
                let Some(found) = run("ffprobe", &arguments, &file) else { return };
                let found = String::from_utf8(found).unwrap();
                let mut lines = found.lines();
                assert_eq!(lines.next(), Some(&format!("{name},1")[..]), "{samples} {seekable}");
                let score = lines.next().and_then(|line| line.strip_prefix(&format!("{name},")));
                let score: i32 = score.unwrap().parse().unwrap();
                assert!(score >= 25, "{format}, {samples}: {score}");
            }
        }
    }
}
