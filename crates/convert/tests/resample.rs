//! Properties of the resampler except its quality.

use reelwright_convert::{ResampleQuality, Resampler};
use reelwright_core::{DataType, Element, ErrorKind, TypedSlice};
use reelwright_testkit::program::run;

const QUALITIES: &[ResampleQuality] = ResampleQuality::ALL;

/// Common rates; rates that are halved first; rates with many positions between samples, without
/// and with halving; and equal rates.
const PAIRS: [(u32, u32); 8] = [
    (48_000, 44_100),
    (44_100, 48_000),
    (8_000, 384_000),
    (192_000, 8_000),
    (44_101, 48_000),
    (11_025, 44_056),
    (700_001, 8_009),
    (48_000, 48_000),
];

/// Pushes samples in the resampler's type.
fn push(resampler: &mut Resampler, samples: &[f32]) {
    match resampler.data_type() {
        DataType::F64 => {
            let samples: Vec<f64> = samples.iter().copied().map(f64::from).collect();
            resampler.push(TypedSlice::F64(&samples));
        }
        _ => resampler.push(TypedSlice::F32(samples)),
    }
}

/// Consumes and returns the ready samples.
fn take(resampler: &mut Resampler) -> Vec<f64> {
    let ready = match resampler.ready() {
        TypedSlice::F32(samples) => samples.iter().copied().map(f64::from).collect(),
        ready => f64::of(ready).unwrap().to_vec(),
    };
    resampler.consume(usize::MAX);
    ready
}

/// Returns pseudo-random samples, the same in every run.
fn noise(samples: usize) -> Vec<f32> {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
    .take(samples)
    .collect()
}

#[test]
fn lengths_are_exact() {
    for quality in QUALITIES {
        for (from, to) in PAIRS {
            for frames in [0, 1, 2, 3, 7, 159, 160, 161, 1023, 20_011] {
                let mut resampler = Resampler::new(from, to, 1, *quality).unwrap();
                push(&mut resampler, &noise(frames));
                resampler.finish();
                let found = take(&mut resampler).len();
                let (from, to) = (u64::from(from), u64::from(to));
                let expected = (2 * frames as u64 * to + from) / (2 * from);
                assert_eq!(found as u64, expected, "{frames} frames, {from} to {to}, {quality}");
                resampler.finish();
                assert!(take(&mut resampler).is_empty());
            }
        }
    }
}

#[test]
fn long_stream_has_its_exact_length() {
    for (from, to, expected) in [(48_000, 44_100, 918_753), (44_101, 48_000, 1_088_414)] {
        let mut resampler = Resampler::new(from, to, 1, ResampleQuality::Fast).unwrap();
        let mut found = 0;
        for chunk in noise(1_000_003).chunks(4096) {
            push(&mut resampler, chunk);
            found += take(&mut resampler).len();
        }
        resampler.finish();
        assert_eq!(found + take(&mut resampler).len(), expected, "{from} to {to}");
    }
}

#[test]
fn output_does_not_depend_on_chunk_sizes() {
    for quality in QUALITIES {
        for (from, to) in PAIRS {
            for channels in [1, 2, 4, 5] {
                let samples = noise(12_345 * channels);
                let mut whole = Resampler::new(from, to, channels, *quality).unwrap();
                push(&mut whole, &samples);
                whole.finish();
                let whole = take(&mut whole);
                for sizes in [&[1, 0, 2, 997][..], &[4096], &[3000, 1]] {
                    let mut resampler = Resampler::new(from, to, channels, *quality).unwrap();
                    let mut sizes = sizes.iter().cycle();
                    let (mut found, mut rest) = (Vec::new(), &samples[..]);
                    while !rest.is_empty() {
                        let size = rest.len().min(sizes.next().unwrap() * channels);
                        let (chunk, after) = rest.split_at(size);
                        push(&mut resampler, chunk);
                        if size > channels {
                            found.extend(take(&mut resampler));
                        }
                        rest = after;
                    }
                    resampler.finish();
                    found.extend(take(&mut resampler));
                    assert!(found == whole, "{from} to {to}, {channels} channels, {quality}");
                }
            }
        }
    }
}

#[test]
fn consumes_frames_from_the_front() {
    let mut resampler = Resampler::new(48_000, 44_100, 2, ResampleQuality::Default).unwrap();
    push(&mut resampler, &noise(60_000));
    let all = f32::of(resampler.ready()).unwrap().to_vec();
    assert!(all.len() > 20_000);
    let mut rest = &all[..];
    // Before and after half of the frames were consumed.
    for frames in [1, 0, 100, 5_000, 4_000] {
        resampler.consume(frames);
        rest = &rest[2 * frames..];
        push(&mut resampler, &[]);
        assert!(f32::of(resampler.ready()).unwrap() == rest);
    }
}

#[test]
fn constants_are_unchanged() {
    for quality in QUALITIES {
        for (from, to) in PAIRS {
            let frames = 4000 * from as usize / from.min(to) as usize;
            let mut resampler = Resampler::new(from, to, 1, *quality).unwrap();
            push(&mut resampler, &vec![0.5; frames]);
            resampler.finish();
            let found = take(&mut resampler);
            let tolerance = if *quality == ResampleQuality::High { 1e-12 } else { 1e-6 };
            for sample in &found[found.len() / 4..found.len() * 3 / 4] {
                assert!((sample - 0.5).abs() < tolerance, "{from} to {to}, {quality}: {sample}");
            }
        }
    }
}

/// An impulse keeps its position, because the delay of the filters is compensated.
#[test]
fn impulse_keeps_its_position() {
    for quality in QUALITIES {
        for (from, to) in PAIRS {
            let at = 1000 * from as usize / from.min(to) as usize;
            let mut samples = vec![0.0; 2 * at];
            samples[at] = 1.0;
            let mut resampler = Resampler::new(from, to, 1, *quality).unwrap();
            push(&mut resampler, &samples);
            resampler.finish();
            let found = take(&mut resampler);
            let highest = (0..found.len()).max_by(|a, b| found[*a].total_cmp(&found[*b])).unwrap();
            let expected = at as f64 * f64::from(to) / f64::from(from);
            let off = (highest as f64 - expected).abs();
            assert!(off <= 0.5 + 1e-9, "{from} to {to}, {quality}: {highest} is not {expected}");
        }
    }
}

/// After an hour the phase error of a tone is far less than a sample.
#[test]
fn long_streams_keep_their_phase() {
    // 1000 Hz at 8 kHz repeats every 8 samples. Its phase in the output is computed in integers.
    let chunk: Vec<f32> = (0..80_000)
        .map(|k| (std::f64::consts::FRAC_PI_4 * f64::from(k % 8)).sin() as f32)
        .collect();
    for to in [11_025, 8_011] {
        let mut resampler = Resampler::new(8_000, to, 1, ResampleQuality::Fast).unwrap();
        let mut frames = 0u64;
        for second in (0..3600).step_by(10) {
            push(&mut resampler, &chunk);
            let found = take(&mut resampler);
            if second >= 3500 {
                for (k, found) in (frames..).zip(&found) {
                    let turn = (k * 1000 % u64::from(to)) as f64 / f64::from(to);
                    let expected = (std::f64::consts::TAU * turn).sin();
                    assert!((found - expected).abs() < 2e-5, "frame {k} at {to} Hz");
                }
            }
            frames += found.len() as u64;
        }
        assert!(frames > 3590 * u64::from(to));
    }
}

#[test]
fn nan_affects_only_nearby_frames() {
    for quality in QUALITIES {
        for (from, to) in PAIRS {
            for bad in [f32::NAN, f32::INFINITY, f32::MAX] {
                let at = 2000 * from as usize / from.min(to) as usize;
                let mut samples = vec![0.25; 2 * at];
                samples[at] = bad;
                let mut resampler = Resampler::new(from, to, 1, *quality).unwrap();
                push(&mut resampler, &samples);
                resampler.finish();
                let found = take(&mut resampler);
                let (quarter, three) = (found.len() / 4, found.len() * 3 / 4);
                for sample in [found[quarter], found[three]] {
                    assert!((sample - 0.25).abs() < 1e-4, "{from} to {to}, {quality}: {sample}");
                }
            }
        }
    }
}

#[test]
fn channels_are_independent() {
    const CHANNELS: usize = 1000;
    for (from, to) in [(48_000, 44_100), (44_101, 48_000), (192_000, 8_000)] {
        for quality in QUALITIES {
            let alone = noise(3000);
            let mut mono = Resampler::new(from, to, 1, *quality).unwrap();
            push(&mut mono, &alone);
            mono.finish();
            let mono = take(&mut mono);
            let mut samples = vec![0.0; 3000 * CHANNELS];
            for (frame, sample) in samples.chunks_mut(CHANNELS).zip(&alone) {
                frame[7] = *sample;
                frame[9] = f32::NAN;
            }
            let mut many = Resampler::new(from, to, CHANNELS, *quality).unwrap();
            push(&mut many, &samples);
            many.finish();
            let many = take(&mut many);
            assert_eq!(many.len(), mono.len() * CHANNELS);
            for (frame, sample) in many.chunks(CHANNELS).zip(&mono) {
                assert_eq!((frame[6], frame[7], frame[8]), (0.0, *sample, 0.0));
            }
        }
    }
}

/// The largest supported ratios.
#[test]
fn every_rate_is_supported() {
    for (from, to, frames) in
        [(768_000, 1, 1_000_000), (1, 768_000, 2), (768_000, 767_999, 5000), (1, 1, 10)]
    {
        for quality in QUALITIES {
            let mut resampler = Resampler::new(from, to, 1, *quality).unwrap();
            push(&mut resampler, &vec![0.5; frames]);
            resampler.finish();
            let expected = (frames as f64 * f64::from(to) / f64::from(from)).round() as usize;
            assert_eq!(take(&mut resampler).len(), expected, "{from} to {to}, {quality}");
        }
    }
}

#[test]
fn equal_rates_change_nothing() {
    let samples = noise(1000);
    let mut resampler = Resampler::new(44_100, 44_100, 2, ResampleQuality::Fast).unwrap();
    resampler.push(TypedSlice::F32(&samples));
    assert_eq!(f32::of(resampler.ready()).unwrap(), samples);
}

#[test]
fn errors_name_the_invalid_value() {
    for (from, to, channels, expected) in [
        (0, 48_000, 2, "The sample rate to convert from must be from 1 to 768000 Hz. Found: 0"),
        (48_000, 0, 2, "The sample rate to convert to must be from 1 to 768000 Hz. Found: 0"),
        (
            48_000,
            768_001,
            2,
            "The sample rate to convert to must be from 1 to 768000 Hz. Found: 768001",
        ),
        (48_000, 44_100, 0, "The number of channels to resample must be from 1 to 1024. Found: 0"),
        (
            48_000,
            44_100,
            1025,
            "The number of channels to resample must be from 1 to 1024. Found: 1025",
        ),
    ] {
        let error = Resampler::new(from, to, channels, ResampleQuality::Fast).err().unwrap();
        assert_eq!(
            (error.kind(), error.to_string()),
            (ErrorKind::Unsupported, expected.to_owned())
        );
    }
}

/// Resamples mono samples with ffmpeg. Returns `None` without ffmpeg.
fn swresampled(samples: &[f32], from: u32, to: u32) -> Option<Vec<f64>> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let (from, to) = (from.to_string(), to.to_string());
    let input = ["-v", "error", "-f", "f32le", "-ar", &from, "-ac", "1", "-i", "{}"];
    let output = ["-ar", &to, "-f", "f32le", "-"];
    let found = run("ffmpeg", &[&input[..], &output].concat(), &bytes)?;
    Some(found.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect())
}

#[test]
fn error_at_abrupt_ends_is_at_most_that_of_swresample() {
    for (from, to) in [(44_100, 16_000), (48_000, 44_100), (44_100, 48_000), (96_000, 8_000)] {
        for (hz, phase) in [(440.0, 0.0), (440.0, 1.0), (1000.0, 1.6), (0.0, 1.6)] {
            let wave = |rate: u32, frame: usize| {
                let at = frame as f64 / f64::from(rate);
                0.8 * (std::f64::consts::TAU * hz * at + phase).sin()
            };
            let frames = from as usize / 4;
            let samples: Vec<_> = (0..frames).map(|frame| wave(from, frame) as f32).collect();
            let Some(theirs) = swresampled(&samples, from, to) else { return };
            let errors = |found: &[f64]| {
                let count = to as usize / 200;
                let error = |frame: usize| (found[frame] - wave(to, frame)).abs();
                let worst = |frames: std::ops::Range<usize>| frames.map(error).fold(0.0, f64::max);
                (worst(0..count), worst(to as usize / 4 - count..to as usize / 4))
            };
            for quality in QUALITIES {
                let mut resampler = Resampler::new(from, to, 1, *quality).unwrap();
                push(&mut resampler, &samples);
                resampler.finish();
                let (ours, theirs) = (errors(&take(&mut resampler)), errors(&theirs));
                let reported =
                    format!("{from} to {to}, {hz} Hz {phase}, {quality}: {ours:?} {theirs:?}");
                // Filters differ; the extension is the same.
                let most = |theirs: f64| 1.05 * theirs + 0.0015;
                assert!(ours.0 <= most(theirs.0) && ours.1 <= most(theirs.1), "{reported}");
            }
        }
    }
}
