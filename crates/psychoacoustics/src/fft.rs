//! Passes of a Fourier transform: radix 4, Stockham's scheme, which leaves the outputs in order.

use std::f64::consts::TAU;

/// Powers 1 to 3 of a root of unity, as (re, im).
pub type Twiddles = [(f32, f32); 3];

/// Returns the twiddle factors of the pass over groups of `n` numbers: one for each quarter's
/// number.
pub fn twiddles(n: usize) -> impl Iterator<Item = Twiddles> {
    (0..n / 4).map(move |p| {
        [1, 2, 3].map(|power| {
            let angle = TAU * (p * power) as f64 / n as f64;
            (libm::cos(angle) as f32, -libm::sin(angle) as f32)
        })
    })
}

/// Runs one pass from `x` to `y`, each as real and imaginary parts. The stride is 1 in the first
/// pass and 4 times as large in each one after it. Several transforms side by side, interleaved,
/// are run with a stride that is larger by their number.
#[inline(always)]
pub fn radix_4_pass(
    twiddles: &[Twiddles],
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
    use reelwright_testkit::signal::Noise;

    /// Transforms `interleaved` interleaved signals of 64 numbers.
    fn transform(interleaved: usize, mut re: Vec<f32>, mut im: Vec<f32>) -> (Vec<f32>, Vec<f32>) {
        for pass in 0..3 {
            let (mut to_re, mut to_im) = (vec![0.0; re.len()], vec![0.0; im.len()]);
            let factors: Vec<Twiddles> = twiddles(64 >> (2 * pass)).collect();
            let stride = interleaved << (2 * pass);
            radix_4_pass(&factors, stride, (&re, &im), (&mut to_re, &mut to_im));
            (re, im) = (to_re, to_im);
        }
        (re, im)
    }

    #[test]
    fn it_is_the_fourier_transform() {
        let mut noise = Noise::new(5);
        for interleaved in [1, 8] {
            let mut part =
                || (0..64 * interleaved).map(|_| noise.uniform() as f32).collect::<Vec<f32>>();
            let (re, im) = (part(), part());
            let (found_re, found_im) = transform(interleaved, re.clone(), im.clone());
            for k in 0..64 {
                for signal in 0..interleaved {
                    let (mut r, mut i) = (0.0, 0.0);
                    for n in 0..64 {
                        let (sin, cos) = (-TAU * (n * k % 64) as f64 / 64.0).sin_cos();
                        let at = n * interleaved + signal;
                        let (x, y) = (f64::from(re[at]), f64::from(im[at]));
                        r += x * cos - y * sin;
                        i += x * sin + y * cos;
                    }
                    let at = k * interleaved + signal;
                    assert!((f64::from(found_re[at]) - r).abs() < 1e-5, "{interleaved} {k}");
                    assert!((f64::from(found_im[at]) - i).abs() < 1e-5, "{interleaved} {k}");
                }
            }
        }
    }
}
