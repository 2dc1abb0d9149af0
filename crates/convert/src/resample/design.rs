//! Which filters a pair of rates and a quality get.

use super::ResampleQuality;
use super::window::Sinc;

/// What the last filter, which all others are made around, does to frequencies. They are parts of
/// half of the lower rate.
struct Spec {
    /// Everything below passes.
    pass: f64,
    /// Everything above is gone.
    stop: f64,
    /// By how many dB.
    attenuation: f64,
}

// As short as they get with 100, 120 and 140 dB; `Fast` has 80 dB from 1.043 on.
const fn spec(quality: ResampleQuality) -> Spec {
    match quality {
        ResampleQuality::Fast => Spec { pass: 0.9085, stop: 1.0455, attenuation: 100.0 },
        ResampleQuality::Default => Spec { pass: 0.907, stop: 1.0, attenuation: 121.0 },
        ResampleQuality::High => Spec { pass: 0.907, stop: 1.0, attenuation: 142.0 },
    }
}

/// How a pair of rates is converted.
pub(super) struct Design {
    /// How often the rate is halved first.
    pub(super) halvings: u32,
    /// The coefficients of the filter that goes from there to the output's rate.
    pub(super) taps: usize,
    sinc: Sinc,
}

impl Design {
    pub(super) fn new(from: u32, to: u32, quality: ResampleQuality) -> Self {
        let Spec { pass, stop, attenuation } = spec(quality);
        // Halving passes up to a quarter of the rate it leads to and keeps what is gone by the
        // last filter from folding onto that: twice the output's rate must remain.
        let halvings = (from / to).checked_ilog2().unwrap_or(0).saturating_sub(1);
        let ratio = f64::from(to) / (f64::from(from) / f64::from(1 << halvings));
        let lower = ratio.min(1.0);
        let taps = Sinc::taps(attenuation, lower * (stop - pass));
        let taps = (taps.ceil() as usize).next_multiple_of(2);
        let sinc = Sinc::new(attenuation, lower * (pass + stop) / 2.0, (taps / 2) as f64);
        Self { halvings, taps, sinc }
    }

    /// Writes the coefficients for an output frame `place` samples after an input frame. The one at
    /// `i` is for the input frame `i` + 1 - `taps` / 2 frames after that input frame.
    pub(super) fn row(&self, place: f64, row: &mut [f64]) {
        let first = (self.taps / 2 - 1) as f64;
        for (i, coef) in row.iter_mut().enumerate() {
            *coef = self.sinc.at(i as f64 - first - place);
        }
        // Wherever a frame lies, it passes a constant as it is.
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|coef| *coef /= sum);
    }
}
