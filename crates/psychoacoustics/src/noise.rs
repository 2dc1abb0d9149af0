//! Noise allocation: the target quantization noise of each band at a noise offset from the masking
//! threshold, and the searches for gains and offsets.

use crate::log2;

/// Maximum noise in an audible band, as a fraction of its energy.
const KEPT_NOISE: f32 = 0.35;
/// Noise offset, as a factor, from which an audible band may exceed [`KEPT_NOISE`].
const KEPT_UP_TO: f32 = 10.0;
const DB_PER_OCTAVE: f32 = 3.0103;

/// Noise allocation of a spectrum of at most `N` bands.
#[derive(Debug, Clone)]
pub struct NoiseAllocation<const N: usize> {
    /// Energies of the bands.
    pub energies: [f32; N],
    /// Maximum masked noise of each band.
    pub allowed: [f32; N],
    /// log2 of the ratio of white noise to allowed noise at the same number of bits, by band.
    whitening: [f32; N],
    /// Distance below the masking threshold at which noise is white, in dB.
    white_at: f32,
}

impl<const N: usize> NoiseAllocation<N> {
    /// Creates an allocation without energy and noise. At `white_at` dB below the masking
    /// threshold, noise is white.
    pub fn new(white_at: f32) -> Self {
        Self { energies: [0.0; N], allowed: [0.0; N], whitening: [0.0; N], white_at }
    }

    /// Prepares [`target`](Self::target) after the energies and the allowed noise of the first
    /// `bands` bands are set. `width` returns the number of a band's lines.
    pub fn prepare(&mut self, bands: usize, width: impl Fn(usize) -> usize) {
        let (mut sum, mut lines) = (0.0f32, 0.0f32);
        for band in 0..bands {
            let width = width(band) as f32;
            let level = log2(self.allowed[band].max(1e-30) / width);
            self.whitening[band] = -level;
            if self.energies[band] > self.allowed[band] {
                sum += level * width;
                lines += width;
            }
        }
        let white = sum / lines.max(1.0);
        for whitening in &mut self.whitening[..bands] {
            *whitening += white;
        }
    }

    /// Returns the target noise of a band at a noise offset, given as a factor. Part of an audible
    /// band is coded as long as bits are available, because silence in a band is more audible than
    /// noise.
    pub fn target(&self, band: usize, factor: f32) -> f32 {
        let (energy, allowed) = (self.energies[band], self.allowed[band]);
        let target = allowed * factor;
        if factor < 1.0 {
            // Noise far below masking is white: a band that the model considers masked may be the
            // leakage of a tone in an abrupt frame.
            let white = (-DB_PER_OCTAVE * log2(factor) / self.white_at).min(1.0);
            return allowed.min(target * libm::exp2f(white * self.whitening[band]));
        }
        if energy <= allowed {
            return target;
        }
        target.min(KEPT_NOISE * energy * (factor / KEPT_UP_TO).max(1.0))
    }
}

/// Returns the largest gain near `start`, from `least` to below `end`, whose noise is at most
/// `target`. Returns `least` if no gain meets the target.
#[inline(always)]
pub fn search_gain(
    start: usize,
    least: usize,
    end: usize,
    target: f32,
    mut noise: impl FnMut(usize) -> f32,
) -> usize {
    let mut gain = start;
    if noise(gain) <= target {
        while gain + 1 < end && noise(gain + 1) <= target {
            gain += 1;
        }
    } else {
        while gain > least {
            gain -= 1;
            if noise(gain) <= target {
                break;
            }
        }
    }
    gain
}

/// Returns the noise offset, in dB, to try after `offset` needed `bits` instead of `goal` bits. The
/// result is between `fine`, which needed too many bits, and `coarse`, which did not.
pub fn next_offset(offset: f32, bits: u32, goal: u32, fine: f32, coarse: f32) -> f32 {
    // 20 dB halve the number of bits approximately.
    let ratio = bits.max(1) as f32 / goal.max(1) as f32;
    let next = offset + (20.0 * log2(ratio)).clamp(-24.0, 24.0);
    if next > fine && next < coarse { next } else { 0.5 * (fine + coarse) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_far_below_masking_is_white() {
        let mut allocation = NoiseAllocation::<3>::new(30.0);
        (allocation.energies, allocation.allowed) = ([100.0; 3], [0.5, 1.0, 4.0]);
        allocation.prepare(3, |_| 8);
        let factor = 1e-4;
        let targets = [0, 1, 2].map(|band| allocation.target(band, factor));
        assert!(targets.iter().all(|t| (t / targets[0] - 1.0).abs() < 1e-3), "{targets:?}");
        // The number of bits is constant if the product of the noises is.
        let product: f32 = targets.iter().map(|target| target / factor).product();
        assert!((product / 2.0 - 1.0).abs() < 1e-2);
    }

    #[test]
    fn audible_bands_are_kept_in_part() {
        let mut allocation = NoiseAllocation::<3>::new(30.0);
        (allocation.energies, allocation.allowed) = ([100.0, 100.0, 1.0], [1.0, 30.0, 2.0]);
        allocation.prepare(3, |_| 8);
        assert_eq!(allocation.target(0, 3.0), 3.0);
        assert_eq!(allocation.target(1, 9.0), 35.0);
        assert_eq!(allocation.target(1, 20.0), 70.0);
        assert_eq!(allocation.target(2, 9.0), 18.0);
    }

    #[test]
    fn the_gain_is_the_largest_with_at_most_the_noise() {
        for start in [3, 10, 11, 40] {
            assert_eq!(search_gain(start, 2, 64, 10.5, |gain| gain as f32), 10);
        }
        assert_eq!(search_gain(20, 15, 64, 10.5, |gain| gain as f32), 15);
        assert_eq!(search_gain(20, 2, 32, 100.0, |gain| gain as f32), 31);
    }

    #[test]
    fn offsets_stay_between_known_ones() {
        assert!((next_offset(0.0, 2000, 1000, -40.0, 250.0) - 20.0).abs() < 0.01);
        assert_eq!(next_offset(0.0, 1000, 2000, 0.0, 10.0), 5.0);
        assert_eq!(next_offset(0.0, 1_000_000, 1, -40.0, 250.0), 24.0);
    }
}
