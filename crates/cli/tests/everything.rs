//! The program reads everything that it writes: every container with every codec.

mod common;

use std::fs;
use std::path::Path;

use common::{encode, run};

const RATE: usize = 48_000;
const SAMPLES: usize = 20_011;
/// Width, height and number of frames of a video.
const VIDEO: (usize, usize, usize) = (96, 64, 6);

/// Codecs and containers that do not store trims: samples before the audio, and the maximum after
/// it. `docs/inputs.md` lists the reasons.
const UNTRIMMED: &[(&str, &str, usize, usize)] = &[
    ("adts", "aac", 1024, 1024),
    // The filter bank delays by 22 samples, and two samples share a byte.
    ("wav", "adpcm_g722", 22, 0),
    ("w64", "adpcm_g722", 22, 0),
    ("g722", "adpcm_g722", 22, 1),
];

/// Containers without a header.
const HEADERLESS: &[&str] = &[
    "s16le", "s16be", "u8", "s8", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "f64le",
    "f64be", "alaw", "mulaw",
];

/// Returns two different channels with a soft start.
fn signal(rate: usize, channels: usize) -> Vec<f32> {
    (0..SAMPLES * channels)
        .map(|i| {
            let (t, channel) = ((i / channels) as f64, (i % channels) as f64);
            let turns = (300.0 + 200.0 * channel) * t / rate as f64;
            (0.4 * (turns * std::f64::consts::TAU).sin() * (t / 2000.0).min(1.0)) as f32
        })
        .collect()
}

/// Returns the samples of a WAV file of 32-bit floats.
fn samples(path: &Path) -> Vec<f32> {
    let wav = fs::read(path).unwrap();
    let data = wav.windows(4).position(|four| four == b"data").unwrap();
    let size = u32::from_le_bytes(wav[data + 4..data + 8].try_into().unwrap()) as usize;
    let bytes = &wav[data + 8..data + 8 + size];
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// Returns the frames of a Y4M file in 4:4:4.
fn frames(path: &Path) -> Vec<Vec<u8>> {
    let y4m = fs::read(path).unwrap();
    let size = 3 * VIDEO.0 * VIDEO.1;
    let marks = y4m.windows(6).enumerate().filter(|(_, bytes)| bytes == b"FRAME\n");
    marks.map(|(at, _)| y4m[at + 6..at + 6 + size].to_vec()).collect()
}

fn snr(expected: &[f32], found: &[f32]) -> f64 {
    let power: f64 = expected.iter().map(|x| f64::from(*x).powi(2)).sum();
    let noise = expected.iter().zip(found).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    10.0 * (power / noise.max(1e-12)).log10()
}

fn muxers() -> Vec<serde_json::Value> {
    let listed = run(Path::new("."), &["list", "muxers", "--json"]);
    serde_json::from_slice(&listed.stdout).unwrap()
}

fn texts(value: &serde_json::Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn reads_every_container_with_every_audio_codec() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut count = 0;
    for muxer in muxers() {
        let name = muxer["name"].as_str().unwrap();
        let extension = texts(&muxer["extensions"]).first().cloned().unwrap_or("raw".into());
        for codec in texts(&muxer["audio_codecs"]) {
            // Its encoder requires a C compiler.
            if codec == "vorbis" {
                continue;
            }
            let is_g722 = codec == "adpcm_g722";
            // FLV supports PCM and G.711 at few rates.
            let (rate, channels) = match (name, &codec[..]) {
                (_, "adpcm_g722") => (16_000, 1),
                ("flv", "pcm_alaw" | "pcm_mulaw") => (8_000, 1),
                ("flv", codec) if codec.starts_with("pcm_") => (44_100, 2),
                _ => (RATE, 2),
            };
            let original = signal(rate, channels);
            let bytes: Vec<u8> = original.iter().flat_map(|x| x.to_le_bytes()).collect();
            fs::write(path.join("in.raw"), bytes).unwrap();
            let (rate, channels_text) = (rate.to_string(), channels.to_string());
            let file = format!("a.{extension}");
            let encoder = if is_g722 { "g722" } else { &codec };
            let headerless = |format| {
                [
                    "--input-format",
                    format,
                    "--input-sample-rate",
                    &rate,
                    "--input-channels",
                    &channels_text,
                ]
            };
            let written = [
                &["in.raw", "-o", &file, "-f", name, "--audio-encoder", encoder][..],
                &headerless("f32le"),
            ]
            .concat();
            let (code, _, message) = encode(path, &written);
            assert_eq!(code, 0, "{name} {codec}: {message}");
            let mut read = vec![&file[..], "-o", "out.wav", "--audio-encoder", "pcm_f32le"];
            if name == "g722" {
                read.extend(["--input-format", "g722"]);
            } else if HEADERLESS.contains(&name) {
                read.extend(headerless(name));
            }
            let (code, summary, message) = encode(path, &read);
            assert_eq!(code, 0, "{name} {codec}: {message}");
            assert_eq!(summary["complete"], true, "{name} {codec}");
            let found = samples(&path.join("out.wav"));
            let exception = UNTRIMMED.iter().find(|(m, c, ..)| (*m, *c) == (name, &codec[..]));
            let (before, after) = exception.map_or((0, 0), |(.., before, after)| (*before, *after));
            let least = if is_g722 { SAMPLES } else { SAMPLES + before };
            let most = if is_g722 { SAMPLES + after } else { SAMPLES + before + after };
            let length = found.len() / channels;
            assert!((least..=most).contains(&length), "{name} {codec}: {length} samples");
            let found = &found[before * channels..];
            let expected = &original[..found.len().min(original.len())];
            let snr = snr(expected, found);
            assert!(snr > 18.0, "{name} {codec}: {snr} dB");
            count += 1;
        }
    }
    assert!(count >= 100, "{count}");
}

#[test]
fn reads_every_container_with_every_video_codec() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (width, height, count) = VIDEO;
    let duration = count as f64 / 10.0;
    let source = format!("testsrc=size={width}x{height}:rate=10:duration={duration}");
    let reference = [&source[..], "-o", "ref.y4m", "--pixel-format", "yuv444p"];
    assert_eq!(encode(path, &reference).0, 0);
    let expected = frames(&path.join("ref.y4m"));
    assert_eq!(expected.len(), count);
    let mut read = 0;
    for muxer in muxers() {
        let name = muxer["name"].as_str().unwrap();
        let extensions = texts(&muxer["extensions"]);
        for codec in texts(&muxer["video_codecs"]) {
            let extension = if codec == "mjpeg" && name == "image2" { "jpg" } else { &codec };
            let file = match name {
                "image2" => format!("{codec}_%03d.{extension}"),
                _ => format!("{codec}.{}", extensions[0]),
            };
            let encoder = if codec == "av1" { "librav1e" } else { &codec };
            let written = ["ref.y4m", "-o", &file, "-f", name, "--video-encoder", encoder];
            let (code, _, message) = encode(path, &written);
            assert_eq!(code, 0, "{name} {codec}: {message}");
            let size = format!("{width}x{height}");
            let mut args = vec![&file[..], "-o", "out.y4m", "--pixel-format", "yuv444p"];
            if name == "rawvideo" {
                args.extend(["--input-format", "rawvideo", "--input-size", &size]);
                args.extend(["--input-pixel-format", "yuv444p"]);
            }
            if matches!(name, "rawvideo" | "h264" | "obu" | "mjpeg" | "image2") {
                args.extend(["--frame-rate", "10"]);
            }
            let (code, summary, message) = encode(path, &args);
            assert_eq!(code, 0, "{name} {codec}: {message}");
            assert_eq!(summary["complete"], true, "{name} {codec}");
            assert_eq!(summary["streams"][0]["duration"], duration, "{name} {codec}");
            let found = frames(&path.join("out.y4m"));
            assert_eq!(found.len(), count, "{name} {codec}");
            let luma = width * height;
            let differences = expected.iter().zip(&found).flat_map(|(a, b)| {
                a[..luma].iter().zip(&b[..luma]).map(|(a, b)| f64::from(a.abs_diff(*b)))
            });
            let mean = differences.sum::<f64>() / (luma * count) as f64;
            // Grayscale loses color and 4:2:0 halves it; luma remains.
            assert!(mean < 6.0, "{name} {codec}: luma differs by {mean}");
            read += 1;
        }
    }
    assert!(read >= 25, "{read}");
}
