//! Noise-to-mask ratio by a simple psychoacoustic model, as a second opinion.
//!
//! The difference of a copy is divided by the masking threshold, in bands of half a Bark and windows
//! of 2048 samples. The threshold is the original's energy, spread over the neighboring bands and
//! lowered by 13 dB. The result in dB is the mean over bands and windows, of the worse channel.

use std::f32::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::piece::RATE;

const SIZE: usize = 2048;
/// Distance of the masking threshold from the masker, in dB.
const OFFSET: f64 = 13.0;
/// Slopes of masking per half a Bark, towards higher and lower frequencies, in dB.
const SLOPES: (f64, f64) = (5.0, 13.5);
/// Approximate energy in a band of the rounding to 16 bits.
const SILENCE: f64 = 1e-5;

pub(super) fn noise_to_mask(original: &[f32], copy: &[f32], channels: usize) -> f64 {
    let model = Model::new();
    let channel =
        |c: usize| model.noise_to_mask(&plane(original, channels, c), &plane(copy, channels, c));
    (0..channels).map(channel).fold(f64::MIN, f64::max)
}

fn plane(interleaved: &[f32], channels: usize, channel: usize) -> Vec<f32> {
    interleaved.iter().skip(channel).step_by(channels).copied().collect()
}

struct Model {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    /// Band of each line of the spectrum.
    bands: Vec<usize>,
}

impl Model {
    fn new() -> Self {
        let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f32 / SIZE as f32).cos();
        let band = |line: usize| {
            let hertz = line as f64 * f64::from(RATE) / SIZE as f64;
            let bark = 13.0 * (0.00076 * hertz).atan() + 3.5 * (hertz / 7500.0).powi(2).atan();
            (2.0 * bark) as usize
        };
        Self {
            fft: FftPlanner::new().plan_fft_forward(SIZE),
            window: (0..SIZE).map(hann).collect(),
            bands: (0..=SIZE / 2).map(band).collect(),
        }
    }

    fn noise_to_mask(&self, original: &[f32], copy: &[f32]) -> f64 {
        let difference: Vec<f32> = original.iter().zip(copy).map(|(a, b)| a - b).collect();
        let (mut sum, mut n) = (0.0, 0);
        for start in (0..original.len().saturating_sub(SIZE)).step_by(SIZE / 2) {
            let signal = self.energies(&original[start..start + SIZE]);
            let noise = self.energies(&difference[start..start + SIZE]);
            for (band, noise) in noise.iter().enumerate() {
                sum += noise / mask(&signal, band);
                n += 1;
            }
        }
        10.0 * (sum / f64::from(n)).log10()
    }

    fn energies(&self, samples: &[f32]) -> Vec<f64> {
        let windowed = samples.iter().zip(&self.window).map(|(x, w)| Complex::new(x * w, 0.0));
        let mut spectrum: Vec<Complex<f32>> = windowed.collect();
        self.fft.process(&mut spectrum);
        let mut energies = vec![0.0; self.bands[SIZE / 2] + 1];
        for (line, band) in spectrum.iter().zip(&self.bands) {
            energies[*band] += f64::from(line.norm_sqr());
        }
        energies
    }
}

/// Returns the masking threshold of a band.
fn mask(signal: &[f64], band: usize) -> f64 {
    let spread = signal.iter().enumerate().map(|(masker, energy)| {
        let (up, down) = SLOPES;
        let distance = band.abs_diff(masker) as f64;
        let fall = if band >= masker { up } else { down } * distance;
        energy * 10f64.powf(-(fall + OFFSET) / 10.0)
    });
    spread.sum::<f64>() + SILENCE
}
