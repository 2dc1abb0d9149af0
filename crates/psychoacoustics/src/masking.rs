//! Masking thresholds: the noise that neighboring energy makes inaudible.
//!
//! Energies are summed in bands. Each band masks its neighborhood by Schroeder's spreading
//! function, tones less than noise. Spectral flatness measures the tonality of a neighborhood.

use crate::log2;

/// Steps of tonality.
const TONALITIES: usize = 64;
/// Level of full scale above the threshold of hearing, in dB. It exceeds usual listening levels,
/// because listeners may turn up quiet passages.
const FULL_SCALE_DB: f64 = 120.0;

/// Parameters of a model.
#[derive(Debug, Clone, Copy)]
pub struct MaskingParameters {
    /// Distance in dB that masked noise must keep below noise.
    pub noise_masks_tone: f64,
    /// Distance in dB that masked noise must keep below a tone.
    pub tone_masks_noise: f64,
    /// Additional distance in dB at 0 Bark, because low tones beat with noise that spreading alone
    /// would mask.
    pub low_tilt: f64,
    /// Bark from which the additional distance is 0.
    pub low_tilt_end: f64,
    /// Flatness of noise, as log2 of the arithmetic over the geometric mean.
    pub flatness_of_noise: f32,
    /// Flatness of a tone.
    pub flatness_of_tone: f32,
    /// Energy that is added to each line's mean before its logarithm.
    pub floor: f32,
    /// Bands on either side of a band that are part of its neighborhood.
    pub neighbors: usize,
    /// Minimum number of lines in a neighborhood.
    pub least_lines: u16,
}

/// Masking model of a spectrum that is divided into at most `N` bands.
#[derive(Debug, Clone)]
pub struct MaskingModel<const N: usize> {
    /// First lines of the bands, and the end.
    edges: Vec<u16>,
    /// Bands whose flatness is the tonality of each band: first and end.
    neighborhoods: Vec<(u8, u8)>,
    /// Part of a band's masking that acts on each band: `[from][to]`.
    spread: Vec<[f32; N]>,
    /// Ratio of masked noise to its masker, by tonality.
    masks: [f32; TONALITIES + 1],
    /// Factor that reduces masking at low frequencies.
    tilt: [f32; N],
    flatness_of_noise: f32,
    flatness_of_tone: f32,
    floor: f32,
}

/// Returns the Bark scale's value of a frequency (Zwicker's formula).
pub fn bark(hz: f64) -> f64 {
    13.0 * libm::atan(0.000_76 * hz) + 3.5 * libm::atan((hz / 7500.0) * (hz / 7500.0))
}

/// Returns Schroeder's spreading function, in dB, at a distance in Bark from the masker.
fn spreading_db(distance: f64) -> f64 {
    let x = distance + 0.474;
    15.81 + 7.5 * x - 17.5 * (1.0 + x * x).sqrt()
}

/// Returns the threshold in quiet relative to full scale, as an energy: Terhardt's curve, flatter
/// at the highest frequencies.
fn threshold_in_quiet(hz: f64) -> f64 {
    let khz = (hz / 1000.0).max(0.05);
    let db = 3.64 * libm::pow(khz, -0.8) - 6.5 * libm::exp(-0.6 * (khz - 3.3) * (khz - 3.3))
        + 0.000_6 * libm::pow(khz, 4.0);
    libm::exp10((db.min(100.0) - FULL_SCALE_DB) / 10.0)
}

/// Returns the threshold in quiet of a band with the lines from `edges[0]` to `edges[1]`, of a
/// spectrum of `lines` lines at the sample rate `hz`. `full_scale` is the energy of a sine of full
/// scale in the line nearest to it.
pub fn band_threshold_in_quiet(edges: [u16; 2], lines: usize, hz: u32, full_scale: f64) -> f32 {
    let hz_of = |line: f64| line / lines as f64 * f64::from(hz) / 2.0;
    let least = (edges[0]..edges[1])
        .map(|line| threshold_in_quiet(hz_of(f64::from(line) + 0.5)))
        .fold(f64::INFINITY, f64::min);
    (least * full_scale * f64::from(edges[1] - edges[0])) as f32
}

impl<const N: usize> MaskingModel<N> {
    /// Creates a model for bands between `edges`; `centers` are their centers in Bark.
    pub fn new(edges: &[u16], centers: &[f64], parameters: &MaskingParameters) -> Self {
        let count = edges.len() - 1;
        debug_assert!(count <= N && centers.len() == count);
        let neighborhoods = (0..count)
            .map(|band| {
                let mut from = band.saturating_sub(parameters.neighbors);
                let mut to = (band + 1 + parameters.neighbors).min(count);
                while edges[to] - edges[from] < parameters.least_lines {
                    from = from.saturating_sub(1);
                    to = (to + 1).min(count);
                }
                (from as u8, to as u8)
            })
            .collect();
        let mut spread = vec![[0.0; N]; count];
        for to in 0..count {
            let weights: Vec<f64> = (0..count)
                .map(|from| {
                    let db = spreading_db(centers[to] - centers[from]);
                    if db < -60.0 { 0.0 } else { libm::exp10(db / 10.0) }
                })
                .collect();
            // Spreading must not change a flat spectrum.
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
        let mut tilt = [0.0; N];
        for (tilt, z) in tilt.iter_mut().zip(centers) {
            let db = parameters.low_tilt * (1.0 - z / parameters.low_tilt_end).max(0.0);
            *tilt = libm::exp10(-db / 10.0) as f32;
        }
        let (noise, tone) = (parameters.noise_masks_tone, parameters.tone_masks_noise);
        let masks = std::array::from_fn(|tonality| {
            let db = noise + tonality as f64 / TONALITIES as f64 * (tone - noise);
            libm::exp10(-db / 10.0) as f32
        });
        Self {
            edges: edges.to_vec(),
            neighborhoods,
            spread,
            masks,
            tilt,
            flatness_of_noise: parameters.flatness_of_noise,
            flatness_of_tone: parameters.flatness_of_tone,
            floor: parameters.floor,
        }
    }

    /// Number of bands.
    #[inline(always)]
    pub fn bands(&self) -> usize {
        self.edges.len() - 1
    }

    /// Lines of a band.
    #[inline(always)]
    pub fn range(&self, band: usize) -> std::ops::Range<usize> {
        usize::from(self.edges[band])..usize::from(self.edges[band + 1])
    }

    /// Computes the masking threshold of each band from the bands' energies. `logs` are the sums
    /// of the logarithms to base 2 of their lines' energies. Without `logs`, all bands count as
    /// noise. Most short blocks are noise and have too few lines to measure tonality.
    #[inline(always)]
    pub fn thresholds(
        &self,
        energies: &[f32; N],
        logs: Option<&[f32; N]>,
        thresholds: &mut [f32; N],
    ) {
        let count = self.bands();
        let mut masking = [0.0f32; N];
        if let Some(logs) = logs {
            for (band, masking) in masking.iter_mut().enumerate().take(count) {
                let (from, to) = self.neighborhoods[band];
                let (from, to) = (usize::from(from), usize::from(to));
                let lines = f32::from(self.edges[to] - self.edges[from]);
                let energy: f32 = energies[from..to].iter().sum();
                let log: f32 = logs[from..to].iter().sum();
                let flatness = log2(energy / lines + self.floor) - log / lines;
                let tonality = (flatness - self.flatness_of_noise)
                    / (self.flatness_of_tone - self.flatness_of_noise);
                let step = (tonality.clamp(0.0, 1.0) * TONALITIES as f32) as usize;
                *masking = energies[band] * self.masks[step] * self.tilt[band];
            }
        } else {
            let mask = self.masks[TONALITIES / 4];
            for ((masking, energy), tilt) in masking.iter_mut().zip(energies).zip(&self.tilt) {
                *masking = energy * mask * tilt;
            }
        }
        *thresholds = [0.0; N];
        for (masking, spread) in masking.iter().zip(&self.spread) {
            for (threshold, share) in thresholds.iter_mut().zip(spread) {
                *threshold += masking * share;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: [u16; 9] = [0, 4, 8, 16, 24, 32, 40, 48, 64];

    fn model() -> MaskingModel<8> {
        let centers: Vec<f64> = (0..8).map(|band| 4.0 + f64::from(band)).collect();
        let parameters = MaskingParameters {
            noise_masks_tone: 6.0,
            tone_masks_noise: 20.0,
            low_tilt: 0.0,
            low_tilt_end: 20.0,
            flatness_of_noise: 1.0,
            flatness_of_tone: 5.0,
            floor: 0.0,
            neighbors: 0,
            least_lines: 8,
        };
        MaskingModel::new(&EDGES, &centers, &parameters)
    }

    #[test]
    fn flat_spectrum_has_a_constant_masking_ratio() {
        let energies = std::array::from_fn(|band| f32::from(EDGES[band + 1] - EDGES[band]));
        let mut thresholds = [0.0; 8];
        model().thresholds(&energies, Some(&[0.0; 8]), &mut thresholds);
        for (threshold, energy) in thresholds.iter().zip(energies) {
            assert!((10.0 * (energy / threshold).log10() - 6.0).abs() < 0.01);
        }
    }

    #[test]
    fn masking_spreads_further_up_than_down() {
        let mut energies = [0.0; 8];
        energies[3] = 1.0;
        let mut thresholds = [0.0; 8];
        model().thresholds(&energies, None, &mut thresholds);
        assert!(thresholds[..4].is_sorted() && thresholds[3..7].is_sorted_by(|a, b| a >= b));
        assert!(thresholds[4] > 1.5 * thresholds[2], "{thresholds:?}");
    }

    #[test]
    fn tones_mask_less_than_noise() {
        let mut energies = [1e-9; 8];
        energies[3] = 8.0;
        // The same energy in all of the band's lines, or in one of them.
        let (mut noise, mut tone) = ([0.0; 8], [0.0; 8]);
        model().thresholds(&energies, Some(&[0.0; 8]), &mut noise);
        model().thresholds(&energies, Some(&[-100.0; 8]), &mut tone);
        assert!((10.0 * (noise[3] / tone[3]).log10() - 14.0).abs() < 0.1);
    }

    #[test]
    fn hearing_threshold_is_lowest_at_3_khz() {
        let quiet = |hz: f64| threshold_in_quiet(hz);
        assert!(quiet(3300.0) < quiet(1000.0) && quiet(1000.0) < quiet(100.0));
        assert!(quiet(3300.0) < quiet(12_000.0));
        // The lowest line decides for all of a band's.
        let band = band_threshold_in_quiet([0, 64], 64, 48_000, 1.0);
        assert!((f64::from(band) / (64.0 * quiet(3_187.5)) - 1.0).abs() < 0.05);
    }
}
