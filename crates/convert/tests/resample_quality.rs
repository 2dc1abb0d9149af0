//! Resampled tones, compared with the ideal result.

use std::f64::consts::TAU;

use reelwright_convert::ResampleQuality::{self, Default, Fast, High};
use reelwright_convert::Resampler;
use reelwright_core::{DataType, Element, TypedSlice};

/// Resamples one channel at once.
fn resample(from: u32, to: u32, quality: ResampleQuality, input: &[f64]) -> Vec<f64> {
    let mut resampler = Resampler::new(from, to, 1, quality).unwrap();
    if resampler.data_type() == DataType::F64 {
        resampler.push(TypedSlice::F64(input));
        resampler.finish();
        f64::of(resampler.ready()).unwrap().to_vec()
    } else {
        let input: Vec<f32> = input.iter().map(|sample| *sample as f32).collect();
        resampler.push(TypedSlice::F32(&input));
        resampler.finish();
        f32::of(resampler.ready()).unwrap().iter().copied().map(f64::from).collect()
    }
}

fn tone(frequency: f64, rate: u32, frames: usize) -> Vec<f64> {
    // A phase that is not special at any rate.
    (0..frames).map(|k| (TAU * (frequency * k as f64 / f64::from(rate)) + 0.7).sin()).collect()
}

fn power(samples: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = samples.len() as f64;
    samples.map(|sample| sample * sample).sum::<f64>() / count
}

/// Returns a power in dB relative to the input tone.
fn db(power: f64) -> f64 {
    10.0 * (power / 0.5).log10()
}

/// Measurement of a resampled tone, away from its ends.
struct Measurement {
    /// Level of the tone in dB.
    gain: f64,
    /// Level of everything else in dB below the input tone.
    below: f64,
    /// Like `below`, including errors of the tone's amplitude and phase.
    error: f64,
}

fn measure(from: u32, to: u32, quality: ResampleQuality, frequency: f64) -> Measurement {
    // The same number of samples on the side with fewer.
    let frames = 6000 * from as usize / from.min(to) as usize;
    let output = resample(from, to, quality, &tone(frequency, from, frames));
    let ideal = tone(frequency, to, output.len());
    let range = output.len() / 4..output.len() * 3 / 4;
    // Least-squares fit of a sine and a cosine.
    let angle = |k: usize| TAU * frequency * k as f64 / f64::from(to);
    let (mut ss, mut sc, mut cc, mut ys, mut yc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for k in range.clone() {
        let (s, c) = angle(k).sin_cos();
        ss += s * s;
        sc += s * c;
        cc += c * c;
        ys += output[k] * s;
        yc += output[k] * c;
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant);
    let rest = |k: usize| {
        let (s, c) = angle(k).sin_cos();
        output[k] - a * s - b * c
    };
    Measurement {
        gain: db((a * a + b * b) / 2.0),
        below: -db(power(range.clone().map(rest))),
        error: -db(power(range.map(|k| output[k] - ideal[k]))),
    }
}

/// End of the passband as a fraction of half of the lower rate: 20 kHz at 44.1 kHz.
const PASS: f64 = 0.907;

const PAIRS: [(u32, u32); 13] = [
    (48_000, 44_100),
    (44_100, 48_000),
    (48_000, 16_000),
    (16_000, 48_000),
    (96_000, 44_100),
    (44_100, 192_000),
    (192_000, 8_000),
    (8_000, 384_000),
    (44_101, 48_000),
    (48_000, 44_101),
    (11_025, 44_056),
    (7, 5),
    (768_000, 11_025),
];

#[test]
fn tones_pass() {
    for (quality, least) in [(Fast, 100.0), (Default, 120.0), (High, 140.0)] {
        for (from, to) in PAIRS {
            let nyquist = f64::from(from.min(to)) / 2.0;
            for part in [0.01, 0.1, 0.23, 0.31, 0.47, 0.53, 0.68, 0.77, 0.85, 0.89, 1.0] {
                let frequency = nyquist * part * PASS;
                let Measurement { below, error, .. } = measure(from, to, quality, frequency);
                let what = format!("{from} to {to}, {quality}, {frequency} Hz");
                assert!(error >= least, "{what}: {error} dB");
                assert!(below >= least, "{what}: {below} dB");
            }
        }
    }
}

#[test]
fn passband_is_flat() {
    for quality in ResampleQuality::ALL {
        for (from, to) in PAIRS {
            let frequency = f64::from(from.min(to)) / 2.0 * 0.92;
            let gain = measure(from, to, *quality, frequency).gain;
            assert!(gain.abs() < 0.1, "{from} to {to}, {quality}, {frequency} Hz: {gain} dB");
        }
    }
}

/// Tones between the passband and half of the input rate leave no images above it.
#[test]
fn suppresses_images() {
    for (quality, least) in [(Default, 100.0), (High, 130.0)] {
        for (from, to) in PAIRS.into_iter().filter(|(from, to)| from < to) {
            for part in [0.92, 0.94, 0.96, 0.98, 0.995] {
                let frequency = f64::from(from) / 2.0 * part;
                let below = measure(from, to, quality, frequency).below;
                assert!(below >= least, "{from} to {to}, {quality}, {frequency} Hz: {below} dB");
            }
        }
    }
}

/// Tones above half of the output rate are suppressed; with `Fast`, from 23 kHz at 44.1 kHz on.
#[test]
fn suppresses_aliases() {
    for (quality, start, least) in
        [(Fast, 23_000.0 / 22_050.0, 80.0), (Default, 1.0, 100.0), (High, 1.0, 130.0)]
    {
        for (from, to) in PAIRS.into_iter().filter(|(from, to)| from > to) {
            let (start, end) = (f64::from(to) / 2.0 * start, f64::from(from) / 2.0);
            let tones = (0..40).map(|i| start + (end - start) * f64::from(i) / 40.0);
            for frequency in tones.filter(|frequency| *frequency < end) {
                let frames = 6000 * from as usize / to as usize;
                let output = resample(from, to, quality, &tone(frequency, from, frames));
                let range = output.len() / 4..output.len() * 3 / 4;
                let level = db(power(output[range].iter().copied()));
                assert!(level < -least, "{from} to {to}, {quality}, {frequency} Hz: {level} dB");
            }
        }
    }
}
