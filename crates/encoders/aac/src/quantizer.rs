//! Arithmetic of the quantizer (ISO/IEC 14496-3 §4.6.2): powers of 3/4, and steps of 2^(1/4).

use fearless_simd::{Level, dispatch};

use crate::bands::LINES;

/// Number of scale factors. 100 is a step of 1; each unit is a factor of 2^(1/4).
pub(crate) const GAINS: usize = 256;

/// Largest magnitude that a codebook can code.
pub(crate) const MAX_QUANTIZED: i16 = 8191;

/// Fraction from which a value rounds up. A decoder raises values to the power of 4/3, so the
/// midpoint between two values lies below a half. A slightly lower threshold saves more bits.
const ROUND_UP: f32 = 0.375;

/// Number that, added to a float, rounds the float to the nearest integer in the lowest bits.
const MAGIC: f32 = 12_582_912.0;

/// Factors of the quantizer steps of all gains.
pub(crate) struct Quantizer {
    level: Level,
    /// Step of each gain to the power of -3/4.
    inverse: [f32; GAINS],
    /// Step of each gain to the power of 3/2, times 16/9: converts errors to noise energy.
    noises: [f32; GAINS],
}

/// Spectral lines of a channel, prepared for quantization.
pub(crate) struct Powers {
    /// Magnitudes to the power of 3/4.
    pub(crate) powers: [f32; LINES],
    /// Square roots of the magnitudes.
    pub(crate) roots: [f32; LINES],
}

impl Quantizer {
    pub(crate) fn new(level: Level) -> Self {
        let step = |gain: usize, power: f64| libm::exp2((gain as f64 - 100.0) / 4.0 * power);
        Self {
            level,
            inverse: std::array::from_fn(|gain| step(gain, -0.75) as f32),
            noises: std::array::from_fn(|gain| (16.0 / 9.0 * step(gain, 1.5)) as f32),
        }
    }

    pub(crate) fn prepare(&self, lines: &[f32; LINES], out: &mut Powers) {
        dispatch!(self.level, _simd => {
            for ((x, power), root) in lines.iter().zip(&mut out.powers).zip(&mut out.roots) {
                let x = x.abs();
                *root = x.sqrt();
                *power = (x * *root).sqrt();
            }
        });
    }

    /// Quantizes lines whose magnitudes to the power of 3/4 are in `powers`. The signs are those of
    /// `lines`. Returns the largest magnitude.
    pub(crate) fn quantize(
        &self,
        lines: &[f32],
        powers: &[f32],
        gain: usize,
        values: &mut [i16],
    ) -> i16 {
        #[inline(always)]
        fn body(lines: &[f32], powers: &[f32], inverse: f32, values: &mut [i16]) -> i16 {
            let mut largest = [0; 4];
            let out = values.as_chunks_mut::<4>().0;
            for ((x, power), out) in
                lines.as_chunks::<4>().0.iter().zip(powers.as_chunks::<4>().0).zip(out)
            {
                for k in 0..4 {
                    let magnitude = round(power[k] * inverse);
                    let sign = (x[k].to_bits() as i32 >> 31) as i16;
                    largest[k] = magnitude.max(largest[k]);
                    out[k] = (magnitude ^ sign) - sign;
                }
            }
            largest.into_iter().fold(0, i16::max)
        }
        let inverse = self.inverse[gain];
        dispatch!(self.level, _simd => body(lines, powers, inverse, values))
    }

    /// Returns the energy of the quantization noise of lines, from their magnitudes to the power of
    /// 3/4 and their square roots.
    ///
    /// At a magnitude x, an error e of the quantized value is an error of 4/3·x^(1/4)·step^(3/4)·e.
    /// A line quantized to 0 loses its whole energy.
    pub(crate) fn noise(&self, powers: &[f32], roots: &[f32], gain: usize) -> f32 {
        #[inline(always)]
        fn body(powers: &[f32], roots: &[f32], inverse: f32) -> f32 {
            let mut sums = [0.0f32; 4];
            for (p, r) in powers.as_chunks::<4>().0.iter().zip(roots.as_chunks::<4>().0) {
                for k in 0..4 {
                    let x = p[k] * inverse;
                    let value = (x - (0.5 - ROUND_UP) + MAGIC) - MAGIC;
                    let error = x - value;
                    let weight = if value == 0.0 { 9.0 / 16.0 } else { 1.0 };
                    sums[k] += error * error * r[k] * weight;
                }
            }
            (sums[0] + sums[1]) + (sums[2] + sums[3])
        }
        let inverse = self.inverse[gain];
        self.noises[gain] * dispatch!(self.level, _simd => body(powers, roots, inverse))
    }

    /// Returns the smallest gain at which a codebook can code a magnitude. `power` is the magnitude
    /// to the power of 3/4.
    pub(crate) fn least_gain(&self, power: f32) -> usize {
        let limit = f32::from(MAX_QUANTIZED);
        self.inverse.partition_point(|inverse| power * inverse + ROUND_UP >= limit).min(GAINS - 1)
    }

    /// Estimates the gain at which the noise is about `noise`. `roots` is the sum of the lines'
    /// square roots.
    pub(crate) fn estimate_gain(&self, noise: f32, roots: f32) -> usize {
        // Assumes that the error is uniform between -1/2 and 1/2.
        let wanted = 12.0 * noise / roots.max(1e-30);
        self.noises.partition_point(|noise| *noise < wanted).min(GAINS - 1)
    }
}

#[inline(always)]
fn round(x: f32) -> i16 {
    ((x - (0.5 - ROUND_UP) + MAGIC).to_bits() & 0x3FFF) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_down_more_than_up() {
        for (x, expected) in
            [(0.0, 0), (0.62, 0), (0.63, 1), (1.62, 1), (1.63, 2), (8190.7, 8191), (100.5, 100)]
        {
            assert_eq!(round(x), expected, "{x}");
        }
    }

    #[test]
    fn least_gain_is_the_smallest_codable_gain() {
        let quantizer = Quantizer::new(Level::new());
        for magnitude in [1e-3f32, 0.5, 1.0, 2.0, 3e4, 8e7] {
            let power = (magnitude * magnitude.sqrt()).sqrt();
            let gain = quantizer.least_gain(power);
            let mut values = [0; 4];
            let largest = quantizer.quantize(&[-1.0; 4], &[power; 4], gain, &mut values);
            assert!(largest <= MAX_QUANTIZED && values == [-largest; 4]);
            if gain > 0 {
                assert!(power * quantizer.inverse[gain - 1] > f32::from(MAX_QUANTIZED) - 1.0);
            }
        }
    }

    #[test]
    fn noise_equals_a_decoders_error() {
        let quantizer = Quantizer::new(Level::new());
        let mut noise = reelwright_testkit::signal::Noise::new(3);
        let lines: [f32; LINES] = std::array::from_fn(|_| noise.uniform() as f32 * 3000.0);
        let mut powers = Powers { powers: [0.0; LINES], roots: [0.0; LINES] };
        quantizer.prepare(&lines, &mut powers);
        for gain in [100, 120, 135, 150] {
            let mut values = [0; LINES];
            quantizer.quantize(&lines, &powers.powers, gain, &mut values);
            let step = 2f64.powf((gain as f64 - 100.0) / 4.0);
            let error = |(x, value): (&f32, &i16)| {
                let decoded = f64::from(value.abs()).powf(4.0 / 3.0) * step;
                (f64::from(x.abs()) - decoded).powi(2)
            };
            let expected: f64 = lines.iter().zip(&values).map(error).sum();
            let found = f64::from(quantizer.noise(&powers.powers, &powers.roots, gain));
            assert!((found / expected - 1.0).abs() < 0.1, "{gain}: {found} {expected}");
        }
    }
}
