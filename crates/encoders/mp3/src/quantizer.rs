//! Arithmetic of the quantizer (ISO/IEC 11172-3 §2.4.3.4.7.1 and annex C §1.5.4.4.4): powers of
//! 3/4, and steps of 2^(1/4).

use fearless_simd::{Level, dispatch};

use crate::tables::{LINES, MAX_QUANTIZED};

/// Number of gains of a band: global_gain minus the reductions by scalefactors and subblock_gain.
/// 210 is a step of 1; each unit is a factor of 2^(1/4).
pub(crate) const GAINS: usize = 256;

/// Fraction from which a value rounds up. A decoder raises values to the power of 4/3, so the
/// midpoint between two values lies below a half (annex C §1.5.4.4.4).
const ROUND_UP: f32 = 0.4054;

/// Number that, added to a float, rounds the float to the nearest integer in the lowest bits.
const MAGIC: f32 = 12_582_912.0;

/// Tables of powers for the quantization loops.
pub(crate) struct Quantizer {
    level: Level,
    /// i^(4/3). The table is longer than necessary, so that a mask limits the index.
    powers: Box<[f32; 16_384]>,
    /// Step of each gain.
    steps: [f32; GAINS],
    /// Step of each gain to the power of -3/4.
    inverse: [f32; GAINS],
}

impl Quantizer {
    pub(crate) fn new(level: Level) -> Self {
        let mut powers: Box<[f32; 16_384]> = vec![0.0; 16_384].try_into().expect("as long as that");
        for (i, power) in powers.iter_mut().enumerate() {
            *power = libm::pow(i as f64, 4.0 / 3.0) as f32;
        }
        let step = |gain: usize, power: f64| libm::exp2((gain as f64 - 210.0) / 4.0 * power) as f32;
        Self {
            level,
            powers,
            steps: std::array::from_fn(|gain| step(gain, 1.0)),
            inverse: std::array::from_fn(|gain| step(gain, -0.75)),
        }
    }

    /// Computes magnitudes, and their powers of 3/4.
    pub(crate) fn prepare(
        &self,
        lines: &[f32; LINES],
        magnitudes: &mut [f32; LINES],
        powers: &mut [f32; LINES],
    ) {
        dispatch!(self.level, _simd => {
            for ((x, magnitude), power) in
                lines.iter().zip(magnitudes.iter_mut()).zip(powers.iter_mut())
            {
                let x = x.abs();
                *magnitude = x;
                *power = (x * x.sqrt()).sqrt();
            }
        });
    }

    /// Quantizes lines, given to the power of 3/4.
    pub(crate) fn quantize(&self, powers: &[f32], gain: usize, values: &mut [u16]) {
        let inverse = self.inverse[gain];
        dispatch!(self.level, _simd => {
            for (power, value) in powers.iter().zip(values.iter_mut()) {
                *value = round(power * inverse);
            }
        });
    }

    /// Returns the energy of the quantization noise of lines, given as magnitudes and their powers
    /// of 3/4.
    pub(crate) fn noise(&self, magnitudes: &[f32], powers: &[f32], gain: usize) -> f32 {
        #[inline(always)]
        fn body(
            table: &[f32; 16_384],
            magnitudes: &[f32],
            powers: &[f32],
            inverse: f32,
            step: f32,
        ) -> f32 {
            let mut sums = [0.0f32; 4];
            let (m, m_rest) = magnitudes.as_chunks::<4>();
            let (p, p_rest) = powers.as_chunks::<4>();
            for (m, p) in m.iter().zip(p) {
                for k in 0..4 {
                    let decoded = table[usize::from(round(p[k] * inverse)) & 16_383] * step;
                    let error = m[k] - decoded;
                    sums[k] += error * error;
                }
            }
            for (m, p) in m_rest.iter().zip(p_rest) {
                let error = m - table[usize::from(round(p * inverse)) & 16_383] * step;
                sums[0] += error * error;
            }
            (sums[0] + sums[1]) + (sums[2] + sums[3])
        }
        let (inverse, step) = (self.inverse[gain], self.steps[gain]);
        dispatch!(self.level, _simd => body(&self.powers, magnitudes, powers, inverse, step))
    }

    /// Returns the smallest gain at which the codes can represent a magnitude, given to the power
    /// of 3/4.
    pub(crate) fn least_gain(&self, power: f32) -> usize {
        let limit = MAX_QUANTIZED as f32;
        self.inverse.partition_point(|inverse| power * inverse + ROUND_UP >= limit).min(GAINS - 1)
    }

    /// Estimates the gain at which the noise is about `noise`. `roots` is the sum of the lines'
    /// square roots.
    ///
    /// Near a magnitude x, the distance of steps is 4/3·x^(1/4)·step^(3/4). The noise is a twelfth
    /// of its square.
    pub(crate) fn estimate_gain(&self, noise: f32, roots: f32) -> usize {
        let power_and_half = noise / (0.148 * roots).max(1e-30);
        // step^1.5 is the square of step^0.75.
        self.inverse
            .partition_point(|inverse| power_and_half * inverse * inverse > 1.0)
            .min(GAINS - 1)
    }
}

#[inline(always)]
fn round(x: f32) -> u16 {
    ((x - (0.5 - ROUND_UP) + MAGIC).to_bits() & 0x3FFF) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_values_like_the_standard() {
        for (x, expected) in
            [(0.0, 0), (0.59, 0), (0.6, 1), (1.59, 1), (1.6, 2), (8205.7, 8206), (100.5, 100)]
        {
            assert_eq!(round(x), expected, "{x}");
        }
    }

    #[test]
    fn least_gain_is_the_smallest_codable_gain() {
        let quantizer = Quantizer::new(Level::new());
        for magnitude in [1e-6f32, 0.001, 0.5, 1.0, 2.0, 30.0] {
            let power = (magnitude * magnitude.sqrt()).sqrt();
            let gain = quantizer.least_gain(power);
            let mut value = [0];
            quantizer.quantize(&[power], gain, &mut value);
            assert!(value[0] <= MAX_QUANTIZED as u16);
            if gain > 0 {
                assert!(power * quantizer.inverse[gain - 1] > MAX_QUANTIZED as f32 - 1.0);
            }
        }
    }
}
