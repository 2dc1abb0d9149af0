//! Fourier transform of the psychoacoustic model. It transforms two real channels as one complex
//! signal.

use std::f64::consts::TAU;

use reelwright_psychoacoustics::fft::{Twiddles, radix_4_pass, twiddles};

/// A transform of 4ⁿ samples.
pub(crate) struct Fft {
    size: usize,
    /// Twiddle factors of each pass.
    twiddles: Vec<Twiddles>,
    window: Vec<f32>,
    re: [Vec<f32>; 2],
    im: [Vec<f32>; 2],
}

impl Fft {
    /// Creates a transform with a Hann window whose mean energy per sample is 1.
    pub(crate) fn new(size: usize) -> Self {
        debug_assert!(size.is_power_of_two() && size.trailing_zeros().is_multiple_of(2));
        let window = (0..size)
            .map(|i| {
                let hann = 0.5 - 0.5 * libm::cos(TAU * (i as f64 + 0.5) / size as f64);
                (hann * (8.0f64 / 3.0).sqrt()) as f32
            })
            .collect();
        let mut factors = Vec::new();
        let mut n = size;
        while n >= 4 {
            factors.extend(twiddles(n));
            n /= 4;
        }
        let zeros = || [vec![0.0; size], vec![0.0; size]];
        Self { size, twiddles: factors, window, re: zeros(), im: zeros() }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Transforms `left + i·right`. Returns the real and imaginary parts of the spectrum.
    #[inline(always)]
    pub(crate) fn transform(&mut self, left: &[f32], right: &[f32]) -> (&[f32], &[f32]) {
        let size = self.size;
        for (channel, out) in [(left, &mut self.re[0]), (right, &mut self.im[0])] {
            for ((out, x), w) in out.iter_mut().zip(channel).zip(&self.window) {
                *out = x * w;
            }
        }
        // Stockham's algorithm: with stride s, groups p of n/4 and q below s.
        let (mut n, mut stride, mut twiddles) = (size, 1, &self.twiddles[..]);
        let (mut from, mut to) = (0, 1);
        while n >= 4 {
            let quarter = n / 4;
            let [re0, re1] = &mut self.re;
            let [im0, im1] = &mut self.im;
            let (xr, yr) = if from == 0 { (&*re0, re1) } else { (&*re1, re0) };
            let (xi, yi) = if from == 0 { (&*im0, im1) } else { (&*im1, im0) };
            radix_4_pass(&twiddles[..quarter], stride, (xr, xi), (yr, yi));
            twiddles = &twiddles[quarter..];
            n = quarter;
            stride *= 4;
            (from, to) = (to, from);
        }
        (&self.re[from], &self.im[from])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_fourier_transform() {
        let mut noise = reelwright_testkit::signal::Noise::new(5);
        for size in [256, 1024] {
            let mut fft = Fft::new(size);
            let left: Vec<f32> = (0..size).map(|_| noise.uniform() as f32).collect();
            let right: Vec<f32> = (0..size).map(|_| noise.uniform() as f32).collect();
            let window = fft.window.clone();
            let (re, im) = fft.transform(&left, &right);
            for k in [0, 1, 7, size / 2, size - 3] {
                let (mut r, mut i) = (0.0, 0.0);
                for n in 0..size {
                    let (sin, cos) = (-TAU * (n * k % size) as f64 / size as f64).sin_cos();
                    let (x, y) = (f64::from(left[n]), f64::from(right[n]));
                    let w = f64::from(window[n]);
                    r += w * (x * cos - y * sin);
                    i += w * (x * sin + y * cos);
                }
                assert!((f64::from(re[k]) - r).abs() < 1e-3, "{size} {k}: {} for {r}", re[k]);
                assert!((f64::from(im[k]) - i).abs() < 1e-3, "{size} {k}: {} for {i}", im[k]);
            }
        }
    }
}
