//! Windowed sinc, the prototype of all filters.
//!
//! Sums and products have a fixed order, and the sine is the same on all platforms, so the
//! coefficients are too.

use std::f64::consts::PI;

/// Low-pass filter with a Kaiser window.
pub(super) struct Sinc {
    /// Frequency at half amplitude, in cycles per sample times two: 1 passes everything.
    cutoff: f64,
    /// Number of nonzero samples on each side.
    reach: f64,
    /// Half the shape parameter, squared.
    shape: f64,
    /// Value of the window at its center, for normalization.
    middle: f64,
}

impl Sinc {
    /// Creates a filter with `attenuation` dB beyond the transition around `cutoff`, and `reach`
    /// samples on each side.
    pub(super) fn new(attenuation: f64, cutoff: f64, reach: f64) -> Self {
        // Kaiser's formula, for 50 dB and more.
        let beta = 0.1102 * (attenuation - 8.7);
        let shape = beta * beta / 4.0;
        Self { cutoff, reach, shape, middle: bessel(shape) }
    }

    /// Returns the number of samples on both sides for a transition of `width` (1 is all
    /// frequencies).
    pub(super) fn taps(attenuation: f64, width: f64) -> f64 {
        (attenuation - 7.95) / (2.285 * PI * width)
    }

    /// Returns the filter's value `t` samples from its center.
    pub(super) fn at(&self, t: f64) -> f64 {
        let x = t / self.reach;
        let inside = 1.0 - x * x;
        if inside < 0.0 {
            return 0.0;
        }
        let angle = PI * self.cutoff * t;
        let sinc = if angle.abs() < 1e-9 { 1.0 } else { libm::sin(angle) / angle };
        self.cutoff * sinc * bessel(self.shape * inside) / self.middle
    }
}

/// Returns the modified Bessel function of order zero at twice the square root of `q`.
fn bessel(q: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= q / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_matches_tables() {
        // Abramowitz and Stegun, table 9.8: I0(x), x = 1, 5 and 10.
        for (x, value) in [(1.0, 1.2660658777520084), (5.0, 27.239871823604442)] {
            let found = bessel(x * x / 4.0);
            assert!((found / value - 1.0).abs() < 1e-15, "{x}: {found}");
        }
    }
}
