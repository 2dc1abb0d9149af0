//! Filter design for a pair of rates and a quality.

use super::ResampleQuality;
use super::window::Sinc;

/// Specification of the final filter. Frequencies are fractions of half of the lower rate.
struct Spec {
    /// End of the passband.
    pass: f64,
    /// Start of the stopband.
    stop: f64,
    /// Attenuation in dB.
    attenuation: f64,
}

// The shortest filters with 100, 120 and 140 dB. `Fast` reaches 80 dB at 1.043.
const fn spec(quality: ResampleQuality) -> Spec {
    match quality {
        ResampleQuality::Fast => Spec { pass: 0.9085, stop: 1.0455, attenuation: 100.0 },
        ResampleQuality::Default => Spec { pass: 0.907, stop: 1.0, attenuation: 121.0 },
        ResampleQuality::High => Spec { pass: 0.907, stop: 1.0, attenuation: 142.0 },
    }
}

/// Filters for a pair of rates.
pub(super) struct Design {
    /// Number of times that the rate is halved first.
    pub(super) halvings: u32,
    /// Number of coefficients of the final filter.
    pub(super) taps: usize,
    sinc: Sinc,
}

impl Design {
    pub(super) fn new(from: u32, to: u32, quality: ResampleQuality) -> Self {
        let Spec { pass, stop, attenuation } = spec(quality);
        // Halving passes up to a quarter of its output rate, and prevents aliasing of frequencies
        // above the final stopband into that range. The halved rate must be at least twice the
        // output rate.
        let halvings = (from / to).checked_ilog2().unwrap_or(0).saturating_sub(1);
        let ratio = f64::from(to) / (f64::from(from) / f64::from(1 << halvings));
        let lower = ratio.min(1.0);
        let taps = Sinc::taps(attenuation, lower * (stop - pass));
        let taps = (taps.ceil() as usize).next_multiple_of(2);
        let sinc = Sinc::new(attenuation, lower * (pass + stop) / 2.0, (taps / 2) as f64);
        Self { halvings, taps, sinc }
    }

    /// Writes the coefficients for an output frame `place` samples after an input frame.
    /// Coefficient `i` is for the input frame `i` + 1 - `taps` / 2 frames after that input frame.
    pub(super) fn row(&self, place: f64, row: &mut [f64]) {
        let first = (self.taps / 2 - 1) as f64;
        for (i, coef) in row.iter_mut().enumerate() {
            *coef = self.sinc.at(i as f64 - first - place);
        }
        // Normalized, so that constants are unchanged at every position.
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|coef| *coef /= sum);
    }
}
