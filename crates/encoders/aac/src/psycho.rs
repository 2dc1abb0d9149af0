//! The psychoacoustic model: how much noise each scale factor band can have beside what is heard
//! there.
//!
//! It looks at the MDCT's lines, each together with its neighbours, so that a steady tone is as
//! loud in every frame. The energy of each band masks its neighbourhood by Schroeder's spreading
//! function, tones less than noise; how tonal a neighbourhood is, is told by its spectral flatness.

use fearless_simd::{Level, dispatch};

use crate::bands::{LINES, MAX_WINDOW_BANDS, Rate, SHORT_LINES};

/// How far below a noise, and below a tone, the noise that it masks must stay, in dB.
const NOISE_MASKS_TONE: f64 = 5.0;
const TONE_MASKS_NOISE: f64 = 14.0;
/// How much further below a sound noise must stay at 0 Bark, in dB, and the Bark where it need not
/// any more. Low tones beat with noise that the spreading alone would hide.
const LOW_TILT: f64 = 14.0;
const LOW_TILT_END: f64 = 20.0;
/// Flatness, as log2 of the arithmetic over the geometric mean, of noise and of a tone.
const FLATNESS_OF_NOISE: f32 = 2.5;
const FLATNESS_OF_TONE: f32 = 5.0;
/// Lines that tell how tonal a neighbourhood is, at the least.
const LEAST_AROUND: u16 = 8;
/// Steps in which tonality is told.
const TONALITIES: usize = 64;
/// Sound pressure of full scale: more than anybody would stand, since nobody knows how far quiet
/// passages are turned up.
const FULL_SCALE_DB: f64 = 120.0;
/// The energy of a sine of full scale in the line that it is nearest to, of long windows.
const FULL_SCALE: f64 = 1.8e15;

/// Bands, and room for vectors.
pub(crate) const LANES: usize = 56;

/// A number for each band of a window.
pub(crate) type PerBand = [f32; LANES];

/// The model for windows of one size.
pub(crate) struct Model {
    level: Level,
    edges: &'static [u16],
    /// The bands around each one that tell how tonal it is: first and end.
    around: Vec<(u8, u8)>,
    /// How much of a band's masking is felt in each: `[from][to]`.
    spread: Vec<PerBand>,
    /// By tonality, how far masked noise is below what masks it.
    masks: [f32; TONALITIES + 1],
    /// How much less is masked at low frequencies.
    tilt: PerBand,
    /// What is not heard in any case.
    quiet: PerBand,
    tonal: bool,
}

fn bark(hz: f64) -> f64 {
    13.0 * libm::atan(0.000_76 * hz) + 3.5 * libm::atan((hz / 7500.0) * (hz / 7500.0))
}

/// Schroeder's spreading function, in dB, at a distance in Bark from what masks.
fn spreading_db(distance: f64) -> f64 {
    let x = distance + 0.474;
    15.81 + 7.5 * x - 17.5 * (1.0 + x * x).sqrt()
}

impl Model {
    pub(crate) fn new(rate: &Rate, short: bool, level: Level) -> Self {
        let edges = rate.edges(short);
        let lines = if short { SHORT_LINES } else { LINES } as f64;
        let count = edges.len() - 1;
        debug_assert!(count <= MAX_WINDOW_BANDS && MAX_WINDOW_BANDS <= LANES);
        let hz = |line: f64| line / lines * f64::from(rate.hz) / 2.0;
        let middle: Vec<f64> =
            edges.windows(2).map(|edges| bark(hz(f64::from(edges[0] + edges[1]) / 2.0))).collect();
        let around = (0..count)
            .map(|band| {
                let (mut from, mut to) = (band, band + 1);
                while edges[to] - edges[from] < LEAST_AROUND {
                    from = from.saturating_sub(1);
                    to = (to + 1).min(count);
                }
                (from as u8, to as u8)
            })
            .collect();
        let mut spread = vec![[0.0; LANES]; count];
        for to in 0..count {
            let weights: Vec<f64> = (0..count)
                .map(|from| {
                    let db = spreading_db(middle[to] - middle[from]);
                    if db < -60.0 { 0.0 } else { libm::exp10(db / 10.0) }
                })
                .collect();
            // A flat spectrum shall stay as it is.
            let sum: f64 = weights
                .iter()
                .zip(edges.windows(2))
                .map(|(weight, edges)| weight * f64::from(edges[1] - edges[0]))
                .sum();
            let own = f64::from(edges[to + 1] - edges[to]);
            for (from, weight) in weights.iter().enumerate() {
                spread[from][to] = (weight * own / sum) as f32;
            }
        }
        let mut tilt = [0.0; LANES];
        for (tilt, z) in tilt.iter_mut().zip(&middle) {
            let db = LOW_TILT * (1.0 - z / LOW_TILT_END).max(0.0);
            *tilt = libm::exp10(-db / 10.0) as f32;
        }
        let masks = std::array::from_fn(|tonality| {
            let tonality = tonality as f64 / TONALITIES as f64;
            let db = NOISE_MASKS_TONE + tonality * (TONE_MASKS_NOISE - NOISE_MASKS_TONE);
            libm::exp10(-db / 10.0) as f32
        });
        let full_scale = FULL_SCALE * (lines / LINES as f64) * (lines / LINES as f64);
        let mut full = [0.0; LANES];
        for (full, edges) in full.iter_mut().zip(edges.windows(2)) {
            let least = (edges[0]..edges[1])
                .map(|line| quiet(hz(f64::from(line) + 0.5)))
                .fold(f64::INFINITY, f64::min);
            *full = (least * full_scale * f64::from(edges[1] - edges[0])) as f32;
        }
        Self { level, edges, around, spread, masks, tilt, quiet: full, tonal: !short }
    }

    /// The bands' energies and the noise that each may have, of a window's lines.
    pub(crate) fn look(&self, lines: &[f32], energies: &mut PerBand, allowed: &mut PerBand) {
        dispatch!(self.level, _simd => self.look_body(lines, energies, allowed));
    }

    #[inline(always)]
    fn look_body(&self, lines: &[f32], energies: &mut PerBand, allowed: &mut PerBand) {
        let count = self.edges.len() - 1;
        let size = lines.len();
        let range = |band: usize| usize::from(self.edges[band])..usize::from(self.edges[band + 1]);
        // The lines' energies as if the phase did not matter.
        let mut steady = [0.0f32; LINES];
        let steady = &mut steady[..size];
        steady[0] = lines[0] * lines[0] + lines[1] * lines[1];
        steady[size - 1] = lines[size - 1] * lines[size - 1] + lines[size - 2] * lines[size - 2];
        for (out, x) in steady[1..].iter_mut().zip(lines.windows(3)) {
            let across = x[2] - x[0];
            *out = x[1] * x[1] + across * across;
        }
        let mut loudness = [0.0f32; LANES];
        for band in 0..count {
            energies[band] = sum(&lines[range(band)], |x| x * x);
            loudness[band] = sum(&steady[range(band)], |x| x);
        }
        let mut masking = [0.0f32; LANES];
        if self.tonal {
            let mut logs = [0.0f32; LANES];
            for line in steady.iter_mut() {
                *line = log2(*line + 1e-20);
            }
            for (band, log) in logs.iter_mut().enumerate().take(count) {
                *log = sum(&steady[range(band)], |x| x);
            }
            for band in 0..count {
                let (from, to) = (self.around[band].0.into(), self.around[band].1.into());
                let lines = f32::from(self.edges[to] - self.edges[from]);
                let energy: f32 = loudness[from..to].iter().sum();
                let log: f32 = logs[from..to].iter().sum();
                let flatness = log2(energy / lines + 1e-20) - log / lines;
                let tonality =
                    (flatness - FLATNESS_OF_NOISE) / (FLATNESS_OF_TONE - FLATNESS_OF_NOISE);
                let step = (tonality.clamp(0.0, 1.0) * TONALITIES as f32) as usize;
                masking[band] = loudness[band] * self.masks[step] * self.tilt[band];
            }
        } else {
            // Too few lines to tell; most short blocks are noise.
            let mask = self.masks[TONALITIES / 4];
            for ((masking, loudness), tilt) in masking.iter_mut().zip(loudness).zip(self.tilt) {
                *masking = loudness * mask * tilt;
            }
        }
        *allowed = [0.0; LANES];
        for (masking, spread) in masking.iter().zip(&self.spread) {
            for (allowed, share) in allowed.iter_mut().zip(spread) {
                *allowed += masking * share;
            }
        }
    }

    /// What is not heard in any case, by band.
    pub(crate) fn quiet(&self) -> &PerBand {
        &self.quiet
    }
}

/// A sum of four sums.
#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0f32; 4];
    for values in values.as_chunks::<4>().0 {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += of(*value);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// The logarithm to base 2 of a positive number, to about 1e-4.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let m = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000) - 1.0;
    // A polynomial that is exact at both ends.
    let high = 0.455_742_93 + m * (-0.274_832_3 + m * (0.119_381_41 + m * -0.025_125_57));
    let p = m * (1.442_501_7 + m * (-0.717_668_1 + m * high));
    exponent as f32 + p
}

/// The threshold of hearing over full scale, as an energy, at `hz`: Terhardt's curve, flatter at
/// the highest frequencies.
fn quiet(hz: f64) -> f64 {
    let khz = (hz / 1000.0).max(0.05);
    let db = 3.64 * libm::pow(khz, -0.8) - 6.5 * libm::exp(-0.6 * (khz - 3.3) * (khz - 3.3))
        + 0.000_6 * libm::pow(khz, 4.0);
    libm::exp10((db.min(100.0) - FULL_SCALE_DB) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_close() {
        for i in 1..4000 {
            let x = 1e-9f32 * (i as f32) * (i as f32);
            assert!((log2(x) - x.log2()).abs() < 2e-4, "{x}: {} for {}", log2(x), x.log2());
        }
    }

    #[test]
    fn tones_mask_less_than_noise() {
        let rate = Rate::of(48_000).unwrap();
        let model = Model::new(&rate, false, Level::new());
        let mut noise = reelwright_testkit::signal::Noise::new(7);
        let band = 30;
        let ratio = |lines: &[f32]| {
            let (mut energies, mut allowed) = ([0.0; LANES], [0.0; LANES]);
            model.look(lines, &mut energies, &mut allowed);
            energies[band] / allowed[band]
        };
        let noisy: Vec<f32> = (0..LINES).map(|_| 1e5 * noise.uniform() as f32).collect();
        let tone: Vec<f32> = (0..LINES).map(|line| if line == 366 { 3e6 } else { 10.0 }).collect();
        assert!(ratio(&tone) > 10.0 * ratio(&noisy), "{} {}", ratio(&tone), ratio(&noisy));
    }
}
