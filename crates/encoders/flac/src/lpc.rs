//! Linear prediction: windows, the Levinson-Durbin recursion, and coefficient quantization.

use crate::kernels::MAX_ORDER;

/// Window over a part of a block.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// Position of the first weight in the block.
    pub(crate) start: usize,
    pub(crate) weights: Vec<f64>,
}

impl Window {
    /// Returns a Tukey window over a part of the block, between the fractions `from` and `to` of
    /// its length. Half cosines taper the fraction `taper` of the window.
    fn tukey(block: usize, (from, to): (f64, f64), taper: f64) -> Self {
        let start = (from * block as f64) as usize;
        let end = ((to * block as f64) as usize).min(block);
        let n = end.saturating_sub(start);
        let ramp = (taper / 2.0 * n as f64) as usize;
        let mut weights = vec![1.0; n];
        for i in 0..ramp {
            // The cosine of the system's library differs between systems.
            let weight =
                0.5 - 0.5 * libm::cos(std::f64::consts::PI * (i as f64 + 0.5) / ramp as f64);
            weights[i] = weight;
            weights[n - 1 - i] = weight;
        }
        Self { start, weights }
    }

    /// Returns windows over different parts of a block, so that one of them fits a block whose
    /// signal changes. The first covers the whole block; then `2..=parts` divide it.
    pub(crate) fn subdivided(block: usize, parts: usize) -> Vec<Self> {
        let mut windows = vec![Self::tukey(block, (0.0, 1.0), 0.5)];
        for parts in 2..=parts {
            for part in 0..parts {
                let edge = |i: usize| i as f64 / parts as f64;
                windows.push(Self::tukey(block, (edge(part), edge(part + 1)), 0.25));
            }
        }
        windows
    }
}

/// Predictors of all orders up to a maximum, and the energy of their residuals.
#[derive(Debug, Clone)]
pub(crate) struct Predictors {
    /// `coefficients[order − 1][..order]`, newest sample first.
    coefficients: Box<[[f64; MAX_ORDER]; MAX_ORDER]>,
    /// `errors[order − 1]` is the energy of the windowed residual.
    errors: [f64; MAX_ORDER],
    orders: usize,
}

impl Default for Predictors {
    fn default() -> Self {
        Self {
            coefficients: Box::new([[0.0; MAX_ORDER]; MAX_ORDER]),
            errors: [0.0; MAX_ORDER],
            orders: 0,
        }
    }
}

impl Predictors {
    /// Solves for the predictors of orders 1 to `max_order` (Levinson-Durbin). Stops early if the
    /// prediction is perfect or the signal is silence.
    pub(crate) fn solve(&mut self, autocorrelation: &[f64; MAX_ORDER + 1], max_order: usize) {
        self.orders = 0;
        let mut error = autocorrelation[0];
        let mut current = [0.0; MAX_ORDER];
        for i in 0..max_order {
            if error <= 0.0 || !error.is_finite() {
                return;
            }
            let mut reflection = autocorrelation[i + 1];
            for j in 0..i {
                reflection -= current[j] * autocorrelation[i - j];
            }
            reflection /= error;
            let previous = current;
            current[i] = reflection;
            for j in 0..i {
                current[j] = previous[j] - reflection * previous[i - 1 - j];
            }
            error *= 1.0 - reflection * reflection;
            self.coefficients[i] = current;
            self.errors[i] = error.max(0.0);
            self.orders = i + 1;
        }
    }

    /// Returns the number of orders.
    pub(crate) fn orders(&self) -> usize {
        self.orders
    }

    /// Returns the coefficients of the predictor of `order`.
    pub(crate) fn coefficients(&self, order: usize) -> &[f64] {
        &self.coefficients[order - 1][..order]
    }

    /// Estimates the order with the fewest bits, from `min_order` on, for a window of `samples`
    /// samples in a block of `block`. Each order costs `bits_per_order`.
    pub(crate) fn best_order(
        &self,
        min_order: usize,
        samples: usize,
        block: usize,
        bits_per_order: u32,
    ) -> usize {
        let mut best = (f64::INFINITY, min_order.min(self.orders));
        for order in min_order.max(1)..=self.orders {
            // A Laplacian residual of variance v takes about log2(v) / 2 + 1/2 bits per sample.
            let variance = self.errors[order - 1] / samples as f64;
            let per_sample = (0.5 * libm::log2((variance * 0.5).max(1e-9))).max(0.0);
            let bits =
                per_sample * (block - order) as f64 + f64::from(order as u32 * bits_per_order);
            if bits < best.0 {
                best = (bits, order);
            }
        }
        best.1
    }
}

/// Predictor with integer coefficients: `(Σ coefficients[j] · x[i − 1 − j]) >> shift`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantized {
    pub(crate) coefficients: [i32; MAX_ORDER],
    pub(crate) order: usize,
    /// Shift from 0 to 15. The format does not allow negative shifts (RFC 9639 §9.2.6).
    pub(crate) shift: u32,
    /// Width of a coefficient in bits, from 1 to 15.
    pub(crate) precision: u32,
}

impl Quantized {
    /// Quantizes `coefficients` to integers of `precision` bits.
    pub(crate) fn new(coefficients: &[f64], precision: u32) -> Self {
        let order = coefficients.len();
        let mut quantized = Self { coefficients: [0; MAX_ORDER], order, shift: 0, precision };
        let largest = coefficients.iter().fold(0.0f64, |max, c| max.max(c.abs()));
        if !(largest > 0.0 && largest.is_finite()) {
            return quantized;
        }
        // The largest must stay below 2^(precision − 1) after the shift.
        let magnitude = libm::frexp(largest).1;
        quantized.shift = (precision as i32 - 1 - magnitude).clamp(0, 15) as u32;
        let limit = f64::from(1 << (precision - 1));
        let scale = f64::from(1 << quantized.shift);
        // Passes the rounding error of each coefficient to the next one.
        let mut error = 0.0;
        for (integer, c) in quantized.coefficients.iter_mut().zip(coefficients) {
            let exact = c * scale + error;
            let rounded = exact.round().clamp(-limit, limit - 1.0);
            error = exact - rounded;
            *integer = rounded as i32;
        }
        quantized
    }

    /// Returns the coefficients up to the order.
    pub(crate) fn coefficients(&self) -> &[i32] {
        &self.coefficients[..self.order]
    }

    /// Returns the sum of the coefficients' magnitudes: the maximum growth of products over a
    /// sample.
    pub(crate) fn gain(&self) -> u64 {
        self.coefficients().iter().map(|c| u64::from(c.unsigned_abs())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_resonance() {
        // Autocorrelation of x[i] = 1.8 x[i−1] − 0.9 x[i−2] + noise, with loud samples.
        let mut r = [0.0; MAX_ORDER + 1];
        r[0] = 4096.0 * 1e8;
        r[1] = r[0] * 1.8 / 1.9;
        for lag in 2..=MAX_ORDER {
            r[lag] = 1.8 * r[lag - 1] - 0.9 * r[lag - 2];
        }
        let mut predictors = Predictors::default();
        predictors.solve(&r, 4);
        let c = predictors.coefficients(2);
        assert!((c[0] - 1.8).abs() < 1e-9 && (c[1] + 0.9).abs() < 1e-9, "{c:?}");
        assert_eq!(predictors.best_order(1, 4096, 4096, 16), 2);
    }

    #[test]
    fn silence_has_no_predictor() {
        let mut predictors = Predictors::default();
        predictors.solve(&[0.0; MAX_ORDER + 1], 8);
        assert_eq!(predictors.orders(), 0);
    }

    #[test]
    fn integers_are_in_range_and_near() {
        for precision in 1..=15 {
            for c in [[1.8, -0.9], [1e-7, 3e-8], [1000.0, -4000.0], [0.5, -0.5], [0.0, 0.0]] {
                let q = Quantized::new(&c, precision);
                let limit = 1 << (precision - 1);
                assert!(q.coefficients().iter().all(|c| (-limit..limit).contains(c)));
                assert!(q.shift <= 15);
            }
        }
        let q = Quantized::new(&[1.8, -0.9], 14);
        let back = q.coefficients().iter().map(|c| f64::from(*c) / f64::from(1 << q.shift));
        assert!(back.zip([1.8, -0.9]).all(|(found, c)| (found - c).abs() < 1e-3));
    }
}
