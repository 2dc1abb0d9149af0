//! The windowed sinc that every filter here is cut from.
//!
//! Sums and products in a fixed order, and a sine that is the same on every platform: so are the
//! coefficients.

use std::f64::consts::PI;

/// The low-pass filter of a Kaiser window.
pub(super) struct Sinc {
    /// The frequency that is halved, in cycles per sample, times two: 1 passes all.
    cutoff: f64,
    /// Samples to either side that are not zero.
    reach: f64,
    /// Half the shape parameter, squared.
    shape: f64,
    /// What the window is divided by to be 1 in its middle.
    middle: f64,
}

impl Sinc {
    /// Leaves `attenuation` dB beyond the transition about `cutoff`, over `reach` samples to either
    /// side.
    pub(super) fn new(attenuation: f64, cutoff: f64, reach: f64) -> Self {
        // Kaiser's own fit, for 50 dB and more.
        let beta = 0.1102 * (attenuation - 8.7);
        let shape = beta * beta / 4.0;
        Self { cutoff, reach, shape, middle: bessel(shape) }
    }

    /// How many samples a transition of `width` (1 is all frequencies) takes, to both sides
    /// together.
    pub(super) fn taps(attenuation: f64, width: f64) -> f64 {
        (attenuation - 7.95) / (2.285 * PI * width)
    }

    /// The filter's value `t` samples from its middle.
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

/// The modified Bessel function of order zero at twice the root of `q`: no root is needed.
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
    fn bessel_is_that_of_tables() {
        // Abramowitz and Stegun, table 9.8: I0(x), x = 1, 5 and 10.
        for (x, value) in [(1.0, 1.2660658777520084), (5.0, 27.239871823604442)] {
            let found = bessel(x * x / 4.0);
            assert!((found / value - 1.0).abs() < 1e-15, "{x}: {found}");
        }
    }
}
