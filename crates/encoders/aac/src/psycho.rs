//! Psychoacoustic model: the noise that masking hides in each scale factor band.
//!
//! The model uses the MDCT's lines, each together with its neighbors, so that a steady tone has the
//! same energy in every frame.

use fearless_simd::{Level, dispatch};
use reelwright_psychoacoustics::{
    MaskingModel, MaskingParameters, band_threshold_in_quiet, bark, log2,
};

use crate::bands::{LINES, MAX_WINDOW_BANDS, Rate, SHORT_LINES};

const PARAMETERS: MaskingParameters = MaskingParameters {
    noise_masks_tone: 5.0,
    tone_masks_noise: 14.0,
    low_tilt: 14.0,
    low_tilt_end: 20.0,
    flatness_of_noise: 2.5,
    flatness_of_tone: 5.0,
    floor: 1e-20,
    neighbors: 0,
    least_lines: 8,
};
/// Energy of a full-scale sine in its nearest line of a long window.
const FULL_SCALE: f64 = 1.8e15;

/// Number of bands, padded to a multiple of the vector length.
pub(crate) const LANES: usize = 56;

/// One number for each band of a window.
pub(crate) type PerBand = [f32; LANES];

/// Model for windows of one size.
pub(crate) struct Model {
    level: Level,
    masking: MaskingModel<LANES>,
    /// Threshold in quiet, by band.
    quiet: PerBand,
    tonal: bool,
}

impl Model {
    pub(crate) fn new(rate: &Rate, short: bool, level: Level) -> Self {
        let edges = rate.edges(short);
        let lines = if short { SHORT_LINES } else { LINES };
        debug_assert!(edges.len() - 1 <= MAX_WINDOW_BANDS && MAX_WINDOW_BANDS <= LANES);
        let hz = |line: f64| line / lines as f64 * f64::from(rate.hz) / 2.0;
        let centers: Vec<f64> =
            edges.windows(2).map(|edges| bark(hz(f64::from(edges[0] + edges[1]) / 2.0))).collect();
        let size = lines as f64 / LINES as f64;
        let full_scale = FULL_SCALE * size * size;
        let mut quiet = [0.0; LANES];
        for (quiet, edges) in quiet.iter_mut().zip(edges.windows(2)) {
            *quiet = band_threshold_in_quiet([edges[0], edges[1]], lines, rate.hz, full_scale);
        }
        let masking = MaskingModel::new(edges, &centers, &PARAMETERS);
        Self { level, masking, quiet, tonal: !short }
    }

    /// Computes the band energies and the noise that masking hides from a window's lines.
    pub(crate) fn analyze(&self, lines: &[f32], energies: &mut PerBand, allowed: &mut PerBand) {
        dispatch!(self.level, _simd => self.analyze_body(lines, energies, allowed));
    }

    #[inline(always)]
    fn analyze_body(&self, lines: &[f32], energies: &mut PerBand, allowed: &mut PerBand) {
        let count = self.masking.bands();
        let size = lines.len();
        // Energies smoothed over neighboring lines, to be independent of phase.
        let mut steady = [0.0f32; LINES];
        let steady = &mut steady[..size];
        steady[0] = lines[0] * lines[0] + lines[1] * lines[1];
        steady[size - 1] = lines[size - 1] * lines[size - 1] + lines[size - 2] * lines[size - 2];
        for (out, x) in steady[1..].iter_mut().zip(lines.windows(3)) {
            let across = x[2] - x[0];
            *out = x[1] * x[1] + across * across;
        }
        let mut steady_energies = [0.0f32; LANES];
        for band in 0..count {
            let range = self.masking.range(band);
            energies[band] = sum(&lines[range.clone()], |x| x * x);
            steady_energies[band] = sum(&steady[range], |x| x);
        }
        let mut logs = [0.0f32; LANES];
        if self.tonal {
            for line in steady.iter_mut() {
                *line = log2(*line + 1e-20);
            }
            for (band, log) in logs.iter_mut().enumerate().take(count) {
                *log = sum(&steady[self.masking.range(band)], |x| x);
            }
        }
        let logs = self.tonal.then_some(&logs);
        self.masking.thresholds(&steady_energies, logs, allowed);
    }

    /// Returns the threshold in quiet of each band.
    pub(crate) fn quiet(&self) -> &PerBand {
        &self.quiet
    }
}

/// Sums values in four partial sums, so that the loop vectorizes.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_mask_less_than_noise() {
        let rate = Rate::of(48_000).unwrap();
        let model = Model::new(&rate, false, Level::new());
        let mut noise = reelwright_testkit::signal::Noise::new(7);
        let band = 30;
        let ratio = |lines: &[f32]| {
            let (mut energies, mut allowed) = ([0.0; LANES], [0.0; LANES]);
            model.analyze(lines, &mut energies, &mut allowed);
            energies[band] / allowed[band]
        };
        let noisy: Vec<f32> = (0..LINES).map(|_| 1e5 * noise.uniform() as f32).collect();
        let tone: Vec<f32> = (0..LINES).map(|line| if line == 366 { 3e6 } else { 10.0 }).collect();
        assert!(ratio(&tone) > 10.0 * ratio(&noisy), "{} {}", ratio(&tone), ratio(&noisy));
    }
}
