//! The Fourier transform that the psychoacoustic model looks through: two real channels at once,
//! as the parts of complex numbers, radix 4 with the passes' outputs in order.

use std::f64::consts::TAU;

/// A transform of 4ⁿ samples.
pub(crate) struct Fft {
    size: usize,
    /// For each pass, for each group: the twiddle factors w, w², w³ as (re, im).
    twiddles: Vec<[(f32, f32); 3]>,
    window: Vec<f32>,
    re: [Vec<f32>; 2],
    im: [Vec<f32>; 2],
}

impl Fft {
    /// With a Hann window whose energy is 1 a sample on average.
    pub(crate) fn new(size: usize) -> Self {
        debug_assert!(size.is_power_of_two() && size.trailing_zeros().is_multiple_of(2));
        let window = (0..size)
            .map(|i| {
                let hann = 0.5 - 0.5 * libm::cos(TAU * (i as f64 + 0.5) / size as f64);
                (hann * (8.0f64 / 3.0).sqrt()) as f32
            })
            .collect();
        let mut twiddles = Vec::new();
        let mut n = size;
        while n >= 4 {
            twiddles.extend((0..n / 4).map(|p| {
                [1, 2, 3].map(|power| {
                    let angle = TAU * (p * power) as f64 / n as f64;
                    (libm::cos(angle) as f32, -libm::sin(angle) as f32)
                })
            }));
            n /= 4;
        }
        let zeros = || [vec![0.0; size], vec![0.0; size]];
        Self { size, twiddles, window, re: zeros(), im: zeros() }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Transforms `left + i·right`. What comes is the spectrum's real and imaginary parts.
    #[inline(always)]
    pub(crate) fn transform(&mut self, left: &[f32], right: &[f32]) -> (&[f32], &[f32]) {
        let size = self.size;
        for (channel, out) in [(left, &mut self.re[0]), (right, &mut self.im[0])] {
            for ((out, x), w) in out.iter_mut().zip(channel).zip(&self.window) {
                *out = x * w;
            }
        }
        // Stockham's scheme: with stride s, groups p of n/4 and q below s.
        let (mut n, mut stride, mut twiddles) = (size, 1, &self.twiddles[..]);
        let (mut from, mut to) = (0, 1);
        while n >= 4 {
            let quarter = n / 4;
            let [re0, re1] = &mut self.re;
            let [im0, im1] = &mut self.im;
            let (xr, yr) = if from == 0 { (&*re0, re1) } else { (&*re1, re0) };
            let (xi, yi) = if from == 0 { (&*im0, im1) } else { (&*im1, im0) };
            pass(&twiddles[..quarter], stride, (xr, xi), (yr, yi));
            twiddles = &twiddles[quarter..];
            n = quarter;
            stride *= 4;
            (from, to) = (to, from);
        }
        (&self.re[from], &self.im[from])
    }
}

#[inline(always)]
fn pass(
    twiddles: &[[(f32, f32); 3]],
    stride: usize,
    (xr, xi): (&[f32], &[f32]),
    (yr, yi): (&mut [f32], &mut [f32]),
) {
    let quarter = xr.len() / 4;
    let split = |x| {
        let (ab, cd): (&[f32], &[f32]) = <[f32]>::split_at(x, 2 * quarter);
        let ((a, b), (c, d)) = (ab.split_at(quarter), cd.split_at(quarter));
        [a, b, c, d]
    };
    let ([ar, br, cr, dr], [ai, bi, ci, di]) = (split(xr), split(xi));
    for (p, &[(w1r, w1i), (w2r, w2i), (w3r, w3i)]) in twiddles.iter().enumerate() {
        let at = p * stride;
        let range = at..at + stride;
        let (ar, br, cr, dr) =
            (&ar[range.clone()], &br[range.clone()], &cr[range.clone()], &dr[range.clone()]);
        let (ai, bi, ci, di) =
            (&ai[range.clone()], &bi[range.clone()], &ci[range.clone()], &di[range]);
        let (y0r, rest) = yr[4 * at..4 * (at + stride)].split_at_mut(stride);
        let (y1r, rest) = rest.split_at_mut(stride);
        let (y2r, y3r) = rest.split_at_mut(stride);
        let (y0i, rest) = yi[4 * at..4 * (at + stride)].split_at_mut(stride);
        let (y1i, rest) = rest.split_at_mut(stride);
        let (y2i, y3i) = rest.split_at_mut(stride);
        for q in 0..stride {
            let (apc_r, apc_i) = (ar[q] + cr[q], ai[q] + ci[q]);
            let (amc_r, amc_i) = (ar[q] - cr[q], ai[q] - ci[q]);
            let (bpd_r, bpd_i) = (br[q] + dr[q], bi[q] + di[q]);
            let (bmd_r, bmd_i) = (br[q] - dr[q], bi[q] - di[q]);
            y0r[q] = apc_r + bpd_r;
            y0i[q] = apc_i + bpd_i;
            let (r, i) = (amc_r + bmd_i, amc_i - bmd_r);
            y1r[q] = r * w1r - i * w1i;
            y1i[q] = r * w1i + i * w1r;
            let (r, i) = (apc_r - bpd_r, apc_i - bpd_i);
            y2r[q] = r * w2r - i * w2i;
            y2i[q] = r * w2i + i * w2r;
            let (r, i) = (amc_r - bmd_i, amc_i + bmd_r);
            y3r[q] = r * w3r - i * w3i;
            y3i[q] = r * w3i + i * w3r;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_fourier_transform() {
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
