//! Difficult signals for lossy audio codecs, and quality measures.

use std::ops::Range;

use crate::signal::{Noise, music_f32};

/// Returns the signal-to-noise ratio of `found` in dB.
///
/// # Panics
/// The slices have different lengths.
pub fn snr(expected: &[f32], found: &[f32]) -> f64 {
    assert_eq!(expected.len(), found.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let signal: f64 = expected.iter().map(|&x| square(x)).sum();
    let noise: f64 = expected.iter().zip(found).map(|(a, b)| square(a - b)).sum();
    10.0 * (signal / noise.max(1e-30)).log10()
}

/// Returns named signals of `count` samples at the limits of an encoder's input range.
pub fn extremes(count: usize) -> [(&'static str, Vec<f32>); 9] {
    let noise = white_noise(1, count, 1.0);
    let square = |half: usize| {
        (0..count).map(move |i| if (i / half).is_multiple_of(2) { 1.0 } else { -1.0 }).collect()
    };
    [
        ("silence", vec![0.0; count]),
        ("DC", vec![1.0; count]),
        ("square", square(50)),
        ("Nyquist", square(1)),
        ("noise", noise.clone()),
        ("far too loud", noise.iter().map(|x| x * 1e30).collect()),
        ("far too quiet", noise.iter().map(|x| x * 1e-30).collect()),
        ("not numbers", (0..count).map(|i| [f32::NAN, 0.5, f32::INFINITY][i % 3]).collect()),
        ("a click", (0..count).map(|i| if i == count / 2 { 1.0 } else { 0.0 }).collect()),
    ]
}

/// Returns white noise up to `peak`, which depends on `seed`.
pub fn white_noise(seed: u64, count: usize, peak: f32) -> Vec<f32> {
    let mut noise = Noise::new(seed);
    (0..count).map(|_| noise.uniform() as f32 * peak).collect()
}

/// Run of noise: seed, exponent of its peak, length, and true for floats of any bits.
pub type NoiseRun = (u64, i32, usize, bool);

/// Returns consecutive runs of noise, interleaved.
pub fn noise_runs(runs: &[NoiseRun], channels: usize) -> Vec<f32> {
    let mut samples = Vec::new();
    for &(seed, exponent, length, any_bits) in runs {
        let mut noise = Noise::new(seed);
        for _ in 0..length * channels {
            samples.push(match any_bits {
                true if noise.next_u32() < 1 << 27 => f32::from_bits(noise.next_u32()),
                _ => noise.uniform() as f32 * 2f32.powi(exponent),
            });
        }
    }
    samples
}

/// Returns stereo music with clicks (transients), planar.
pub fn music_with_clicks(samples: usize) -> Vec<f32> {
    let (music, mut noise) = (music_f32(samples, 2), Noise::new(6));
    (0..2 * samples)
        .map(|i| {
            let (channel, i) = (i / samples, i % samples);
            let click = if i % 7001 < 300 { noise.uniform() as f32 * 0.5 } else { 0.0 };
            music[2 * i + channel] * 0.5 + click
        })
        .collect()
}

/// Returns the energy of the second difference, which is mainly at high frequencies.
pub fn high_frequency_energy(samples: &[f32]) -> f32 {
    samples.windows(3).map(|x| (x[0] - 2.0 * x[1] + x[2]).powi(2)).sum()
}

/// Checks that bursts of noise in silence, in one channel, have no audible pre-echo. A burst masks
/// the `masked` samples before it.
///
/// # Panics
/// There is a pre-echo.
pub fn check_pre_echo(masked: usize, decode: impl FnOnce(&[f32]) -> Vec<f32>) {
    const PERIOD: usize = 11_025;
    let mut noise = Noise::new(9);
    let samples: Vec<f32> = (0..8 * PERIOD)
        .map(|i| {
            let decay = (-((i % PERIOD) as f32) / 300.0).exp();
            if i >= PERIOD { noise.uniform() as f32 * 0.8 * decay } else { 0.0 }
        })
        .collect();
    let found = decode(&samples);
    for start in (PERIOD..samples.len()).step_by(PERIOD) {
        let energy = |range: Range<usize>| {
            let count = range.len() as f32;
            found[range].iter().map(|x| x * x).sum::<f32>() / count
        };
        let (before, burst) = (energy(start - 1000..start - masked), energy(start..start + 200));
        assert!(before < burst * 1e-4, "at {start}: {before} before {burst}");
    }
}

/// Checks the SNR around the abrupt starts and ends of tones in silence, in one channel. `worst`
/// and `median` are the minimum values in dB.
///
/// # Panics
/// A value is lower.
pub fn check_tone_bursts(rate: u32, worst: f64, median: f64, decode: impl Fn(&[f32]) -> Vec<f32>) {
    let mut found = [Vec::new(), Vec::new()];
    for (position, frequency) in (0..8).flat_map(|p| [(p, 440.0), (p, 1000.0)]) {
        let third = rate as usize / 3;
        let burst = third + position * 113..2 * third + position * 131;
        let samples: Vec<f32> = (0..rate as usize)
            .map(|i| {
                let phase = std::f64::consts::TAU * frequency * i as f64 / f64::from(rate) + 1.0;
                if burst.contains(&i) { (0.5 * phase.sin()) as f32 } else { 0.0 }
            })
            .collect();
        let decoded = decode(&samples);
        let spans = [burst.start - 512..burst.start + 1024, burst.end - 1024..burst.end + 512];
        for (span, found) in spans.into_iter().zip(&mut found) {
            found.push(snr(&samples[span.clone()], &decoded[span]));
        }
    }
    for (mut found, place) in found.into_iter().zip(["beginnings", "ends"]) {
        found.sort_by(f64::total_cmp);
        let is_kept = found[0] > worst && found[found.len() / 2] > median;
        assert!(is_kept, "{place} at {rate} Hz: {found:.1?}");
    }
}
