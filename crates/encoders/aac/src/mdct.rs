//! The filter bank (ISO/IEC 14496-3 §4.6.11): windows, and the MDCT of 2048 samples or of eight
//! times 256.
//!
//! Both sizes use Fourier transforms of 64 numbers, eight in parallel: eight short windows, or the
//! columns of one transform of 512. The order of sums is fixed, so all instruction sets give the
//! same bits.

use std::f64::consts::PI;

use fearless_simd::{Level, dispatch};
use reelwright_psychoacoustics::fft::{Twiddles, radix_4_pass, twiddles};

use crate::bands::{LINES, SHORT_LINES, WINDOWS};

/// Window sequence of a frame. The numbers are those of window_sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sequence {
    /// A long window.
    #[default]
    Long = 0,
    /// A long window before short ones.
    Start = 1,
    /// Eight short windows.
    Short = 2,
    /// A long window after short ones.
    Stop = 3,
}

/// First sample of the first short window.
const FIRST_SHORT: usize = (LINES - SHORT_LINES) / 2;

/// Numbers that are processed in parallel.
type Lanes = [f32; 8];
/// Real or imaginary parts.
type Part = [Lanes; 64];

/// Constant coefficients of the filter bank.
pub(crate) struct Filterbank {
    level: Level,
    /// Windows of the long sequences, indexed by `Sequence`.
    windows: [Box<[f32; 2 * LINES]>; 4],
    short_window: [f32; 2 * SHORT_LINES],
    /// Sine window of low-frequency channels.
    low_window: Box<[f32; 2 * LINES]>,
    /// Twiddle factors before and after the Fourier transform.
    long_twist: Box<[(f32, f32); LINES / 2]>,
    short_twist: [(f32, f32); SHORT_LINES / 2],
    /// Twiddle factors of the three passes of the transform of 64.
    passes: [Vec<Twiddles>; 3],
    /// Twiddle factors between the transforms of 64 and of 8: `[k][column]`.
    between: Box<[[Lanes; 2]; 64]>,
}

impl Filterbank {
    pub(crate) fn new(level: Level) -> Self {
        let (long_half, short_half) = (kaiser::<LINES>(4.0), kaiser::<SHORT_LINES>(6.0));
        let long = Box::new(std::array::from_fn(|i| long_half[i.min(2 * LINES - 1 - i)]));
        let start: Box<[f32; 2 * LINES]> =
            Box::new(std::array::from_fn(|i| match i.checked_sub(LINES + FIRST_SHORT) {
                _ if i < LINES => long_half[i],
                None => 1.0,
                Some(i) if i < SHORT_LINES => short_half[SHORT_LINES - 1 - i],
                Some(_) => 0.0,
            }));
        let stop = Box::new(std::array::from_fn(|i| start[2 * LINES - 1 - i]));
        let windows = [long, start, Box::new([0.0; 2 * LINES]), stop];
        // Samples are scaled to ±32768, and the standard's MDCT has a factor of 2.
        let twist = |k: usize, lines: usize, scale: f64| {
            let angle = -PI * (8 * k + 1) as f64 / (8 * lines) as f64;
            ((scale * libm::cos(angle)) as f32, (scale * libm::sin(angle)) as f32)
        };
        let scale = (2.0f64 * 32_768.0).sqrt();
        let root = |k: usize, n: usize| {
            let angle = -2.0 * PI * (k % n) as f64 / n as f64;
            (libm::cos(angle) as f32, libm::sin(angle) as f32)
        };
        let passes = [64, 16, 4].map(|n| twiddles(n).collect());
        let between = Box::new(std::array::from_fn(|k| {
            [
                std::array::from_fn(|column| root(k * column, 512).0),
                std::array::from_fn(|column| root(k * column, 512).1),
            ]
        }));
        let sine = |i| libm::sin(PI / (2 * LINES) as f64 * (f64::from(i as u32) + 0.5)) as f32;
        Self {
            level,
            windows,
            low_window: Box::new(std::array::from_fn(sine)),
            short_window: std::array::from_fn(|i| short_half[i.min(2 * SHORT_LINES - 1 - i)]),
            long_twist: Box::new(std::array::from_fn(|k| twist(k, LINES, scale))),
            short_twist: std::array::from_fn(|k| twist(k, SHORT_LINES, scale)),
            passes,
            between,
        }
    }

    /// Computes the spectrum of 2048 samples. Short windows follow each other.
    pub(crate) fn transform(
        &self,
        samples: &[f32; 2 * LINES],
        sequence: Sequence,
        spectrum: &mut [f32; LINES],
    ) {
        dispatch!(self.level, _simd => match sequence {
            Sequence::Short => self.short(samples, spectrum),
            _ => self.long(samples, &self.windows[sequence as usize], spectrum),
        });
    }

    /// Computes the spectrum of a low-frequency channel, whose windows are all long.
    pub(crate) fn transform_low(&self, samples: &[f32; 2 * LINES], spectrum: &mut [f32; LINES]) {
        dispatch!(self.level, _simd => self.long(samples, &self.low_window, spectrum));
    }

    #[inline(always)]
    fn long(
        &self,
        samples: &[f32; 2 * LINES],
        window: &[f32; 2 * LINES],
        spectrum: &mut [f32; LINES],
    ) {
        const HALF: usize = LINES / 2;
        let mut folded = [0.0f32; LINES];
        let (low, high) = folded.split_at_mut(HALF);
        let back = |from: usize, count: usize| {
            let range = from - count..from;
            samples[range.clone()].iter().rev().zip(window[range].iter().rev())
        };
        let ahead = |from: usize, count: usize| {
            samples[from..from + count].iter().zip(&window[from..from + count])
        };
        for (v, ((a, wa), (b, wb))) in
            low.iter_mut().zip(back(3 * HALF, HALF).zip(ahead(3 * HALF, HALF)))
        {
            *v = -(a * wa) - b * wb;
        }
        for (v, ((a, wa), (b, wb))) in high.iter_mut().zip(ahead(0, HALF).zip(back(LINES, HALF))) {
            *v = a * wa - b * wb;
        }
        let mut re = [[0.0; 8]; 64];
        let mut im = [[0.0; 8]; 64];
        for n1 in 0..64 {
            for n2 in 0..8 {
                let n = 8 * n1 + n2;
                let (x, y) = (folded[2 * n], folded[LINES - 1 - 2 * n]);
                let (c, s) = self.long_twist[n];
                re[n1][n2] = x * c - y * s;
                im[n1][n2] = x * s + y * c;
            }
        }
        let (re, im) = self.fourier_64(re, im);
        for block in 0..8 {
            let mut columns_re = [[0.0; 8]; 8];
            let mut columns_im = [[0.0; 8]; 8];
            for row in 0..8 {
                let k = 8 * block + row;
                let [wr, wi] = &self.between[k];
                for column in 0..8 {
                    let (xr, xi) = (re[k][column], im[k][column]);
                    columns_re[column][row] = xr * wr[column] - xi * wi[column];
                    columns_im[column][row] = xr * wi[column] + xi * wr[column];
                }
            }
            let (yr, yi) = fourier_8(&columns_re, &columns_im);
            for k2 in 0..8 {
                for row in 0..8 {
                    let k = 64 * k2 + 8 * block + row;
                    let (c, s) = self.long_twist[k];
                    let (xr, xi) = (yr[k2][row], yi[k2][row]);
                    spectrum[2 * k] = xr * c - xi * s;
                    spectrum[LINES - 1 - 2 * k] = -(xr * s + xi * c);
                }
            }
        }
    }

    #[inline(always)]
    fn short(&self, samples: &[f32; 2 * LINES], spectrum: &mut [f32; LINES]) {
        const HALF: usize = SHORT_LINES / 2;
        let mut folded = [[0.0f32; 8]; SHORT_LINES];
        for window in 0..WINDOWS {
            let from = FIRST_SHORT + SHORT_LINES * window;
            let mut z = [0.0f32; 2 * SHORT_LINES];
            for ((z, x), w) in z.iter_mut().zip(&samples[from..]).zip(&self.short_window) {
                *z = x * w;
            }
            let (low, high) = folded.split_at_mut(HALF);
            for (n, (low, high)) in low.iter_mut().zip(high).enumerate() {
                low[window] = -z[3 * HALF - 1 - n] - z[3 * HALF + n];
                high[window] = z[n] - z[2 * HALF - 1 - n];
            }
        }
        let mut re = [[0.0; 8]; 64];
        let mut im = [[0.0; 8]; 64];
        for n in 0..64 {
            let (x, y) = (&folded[2 * n], &folded[SHORT_LINES - 1 - 2 * n]);
            let (c, s) = self.short_twist[n];
            for window in 0..8 {
                re[n][window] = x[window] * c - y[window] * s;
                im[n][window] = x[window] * s + y[window] * c;
            }
        }
        let (re, im) = self.fourier_64(re, im);
        for k in 0..64 {
            let (c, s) = self.short_twist[k];
            for window in 0..8 {
                let (xr, xi) = (re[k][window], im[k][window]);
                let lines = &mut spectrum[SHORT_LINES * window..][..SHORT_LINES];
                lines[2 * k] = xr * c - xi * s;
                lines[SHORT_LINES - 1 - 2 * k] = -(xr * s + xi * c);
            }
        }
    }

    /// Computes eight Fourier transforms of 64 numbers: radix 4, with each pass's output in order.
    #[inline(always)]
    fn fourier_64(&self, mut re: Part, mut im: Part) -> (Part, Part) {
        let mut out_re = [[0.0; 8]; 64];
        let mut out_im = [[0.0; 8]; 64];
        for (pass, twiddles) in self.passes.iter().enumerate() {
            // Eight numbers are processed in parallel.
            let stride = 8 << (2 * pass);
            radix_4_pass(
                twiddles,
                stride,
                (re.as_flattened(), im.as_flattened()),
                (out_re.as_flattened_mut(), out_im.as_flattened_mut()),
            );
            std::mem::swap(&mut re, &mut out_re);
            std::mem::swap(&mut im, &mut out_im);
        }
        (re, im)
    }
}

/// Returns the rising half of a Kaiser-Bessel derived window (ISO/IEC 14496-3 §4.6.11.3.2). Its
/// side lobes are lower than those of a sine window, so loud lines leak less into quiet ones.
fn kaiser<const N: usize>(alpha: f64) -> [f32; N] {
    let bessel = |x: f64| {
        let (mut sum, mut term) = (1.0, 1.0);
        for k in 1..50 {
            let factor = x / 2.0 / f64::from(k);
            term *= factor * factor;
            sum += term;
        }
        sum
    };
    let mut sums = vec![0.0; N + 1];
    let mut sum = 0.0;
    for (p, out) in sums.iter_mut().enumerate() {
        let r = 2.0 * p as f64 / N as f64 - 1.0;
        sum += bessel(PI * alpha * (1.0 - r * r).max(0.0).sqrt());
        *out = sum;
    }
    std::array::from_fn(|i| (sums[i] / sum).sqrt() as f32)
}

/// Computes eight Fourier transforms of 8 numbers.
#[inline(always)]
fn fourier_8(re: &[Lanes; 8], im: &[Lanes; 8]) -> ([Lanes; 8], [Lanes; 8]) {
    const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
    let mut yr = [[0.0; 8]; 8];
    let mut yi = [[0.0; 8]; 8];
    for lane in 0..8 {
        let x = |k: usize| (re[k][lane], im[k][lane]);
        let add = |a: (f32, f32), b: (f32, f32)| (a.0 + b.0, a.1 + b.1);
        let sub = |a: (f32, f32), b: (f32, f32)| (a.0 - b.0, a.1 - b.1);
        // Transform of four numbers; the second one is multiplied by -i.
        let four = |a, b, c, d| {
            let (ac, bd) = (add(a, c), add(b, d));
            let (am, bm) = (sub(a, c), sub(b, d));
            let turned = (bm.1, -bm.0);
            [add(ac, bd), add(am, turned), sub(ac, bd), sub(am, turned)]
        };
        let even = four(x(0), x(2), x(4), x(6));
        let odd = four(x(1), x(3), x(5), x(7));
        let odd = [
            odd[0],
            (HALF * (odd[1].0 + odd[1].1), HALF * (odd[1].1 - odd[1].0)),
            (odd[2].1, -odd[2].0),
            (HALF * (odd[3].1 - odd[3].0), -HALF * (odd[3].0 + odd[3].1)),
        ];
        for k in 0..4 {
            (yr[k][lane], yi[k][lane]) = add(even[k], odd[k]);
            (yr[k + 4][lane], yi[k + 4][lane]) = sub(even[k], odd[k]);
        }
    }
    (yr, yi)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(samples: &[f32], window: &[f32], k: usize) -> f64 {
        let n = samples.len() as f64;
        let offset = (n / 2.0 + 1.0) / 2.0;
        let terms = samples.iter().zip(window).enumerate().map(|(i, (x, w))| {
            let angle = 2.0 * PI / n * (i as f64 + offset) * (k as f64 + 0.5);
            f64::from(*x) * 32_768.0 * f64::from(*w) * angle.cos()
        });
        2.0 * terms.sum::<f64>()
    }

    #[test]
    fn windows_reconstruct_the_signal() {
        let bank = Filterbank::new(Level::new());
        let whole = |rising: &[f32], falling: &[f32]| {
            let sums = rising.iter().zip(falling).map(|(a, b)| a * a + b * b);
            sums.for_each(|sum| assert!((sum - 1.0).abs() < 1e-6, "{sum}"));
        };
        use Sequence::{Long, Start, Stop};
        for (before, after) in [(Long, Long), (Long, Start), (Stop, Long), (Stop, Start)] {
            let [before, after] = [before, after].map(|s| &bank.windows[s as usize]);
            whole(&after[..LINES], &before[LINES..]);
        }
        whole(&bank.low_window[..LINES], &bank.low_window[LINES..]);
        whole(&bank.short_window[..SHORT_LINES], &bank.short_window[SHORT_LINES..]);
        // Between a start and short windows.
        let start = &bank.windows[Start as usize][LINES + FIRST_SHORT..];
        whole(&bank.short_window[..SHORT_LINES], &start[..SHORT_LINES]);
    }

    #[test]
    fn matches_the_mdct_of_the_standard() {
        let mut noise = reelwright_testkit::signal::Noise::new(5);
        let samples: [f32; 2 * LINES] = std::array::from_fn(|_| noise.uniform() as f32);
        let bank = Filterbank::new(Level::new());
        let mut spectrum = [0.0; LINES];
        for sequence in [Sequence::Long, Sequence::Start, Sequence::Stop] {
            bank.transform(&samples, sequence, &mut spectrum);
            for k in [0, 1, 2, 63, 64, 500, 777, 1022, 1023] {
                let expected = slow(&samples, &bank.windows[sequence as usize][..], k);
                let found = f64::from(spectrum[k]);
                assert!((found - expected).abs() < 4.0, "{sequence:?} {k}: {found} {expected}");
            }
        }
        bank.transform_low(&samples, &mut spectrum);
        let expected = slow(&samples, &bank.low_window[..], 5);
        assert!((f64::from(spectrum[5]) - expected).abs() < 4.0);
        bank.transform(&samples, Sequence::Short, &mut spectrum);
        for window in 0..8 {
            for k in [0, 1, 17, 126, 127] {
                let from = 448 + 128 * window;
                let expected = slow(&samples[from..from + 256], &bank.short_window, k);
                let found = f64::from(spectrum[128 * window + k]);
                assert!((found - expected).abs() < 1.0, "{window} {k}: {found} {expected}");
            }
        }
    }
}
