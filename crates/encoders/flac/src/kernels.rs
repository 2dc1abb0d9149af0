//! Loops over samples, compiled for each instruction set and dispatched at run time.
//!
//! The compiler vectorizes these plain loops. Floating-point sums have a fixed order, so every
//! instruction set gives the same bits.

use std::ops::AddAssign;

use fearless_simd::{Level, dispatch};

/// Maximum order of a linear predictor (RFC 9639 §9.2.6).
pub(crate) const MAX_ORDER: usize = 32;
/// Maximum order of a fixed predictor (RFC 9639 §9.2.5).
pub(crate) const MAX_FIXED_ORDER: usize = 4;

/// Deinterleaves samples into planes, shifted right by `shift`.
pub(crate) fn deinterleave<T: Copy + Into<i32>>(
    level: Level,
    interleaved: &[T],
    shift: u32,
    planes: &mut [Vec<i32>],
) {
    #[inline(always)]
    fn body<T: Copy + Into<i32>>(interleaved: &[T], shift: u32, planes: &mut [Vec<i32>]) {
        match planes {
            [mono] => {
                mono.clear();
                mono.extend(interleaved.iter().map(|&x| x.into() >> shift));
            }
            [left, right] => {
                let pairs = interleaved.as_chunks::<2>().0;
                left.resize(pairs.len(), 0);
                right.resize(pairs.len(), 0);
                for ((&[l, r], left), right) in pairs.iter().zip(left).zip(right) {
                    *left = l.into() >> shift;
                    *right = r.into() >> shift;
                }
            }
            _ => {
                let channels = planes.len();
                for (channel, plane) in planes.iter_mut().enumerate() {
                    plane.clear();
                    let samples = interleaved.iter().skip(channel).step_by(channels);
                    plane.extend(samples.map(|&x| x.into() >> shift));
                }
            }
        }
    }
    dispatch!(level, _simd => body(interleaved, shift, planes));
}

/// Returns the bitwise or of all samples, and the largest magnitude (at most 2³¹).
pub(crate) fn bits_and_peak(level: Level, samples: &[i32]) -> (i32, u32) {
    #[inline(always)]
    fn body(samples: &[i32]) -> (i32, u32) {
        let (mut or, mut min, mut max) = (0, 0, 0);
        for &x in samples {
            or |= x;
            min = x.min(min);
            max = x.max(max);
        }
        (or, min.unsigned_abs().max(max.unsigned_abs()))
    }
    dispatch!(level, _simd => body(samples))
}

/// Computes mid, (left + right) / 2 rounded down, and side, left − right. Samples have at most 31
/// bits.
pub(crate) fn mid_side(
    level: Level,
    left: &[i32],
    right: &[i32],
    mid: &mut Vec<i32>,
    side: &mut Vec<i32>,
) {
    #[inline(always)]
    fn body(left: &[i32], right: &[i32], mid: &mut [i32], side: &mut [i32]) {
        for (((&l, &r), mid), side) in left.iter().zip(right).zip(mid).zip(side) {
            *mid = (l + r) >> 1;
            *side = l - r;
        }
    }
    mid.resize(left.len(), 0);
    side.resize(left.len(), 0);
    dispatch!(level, _simd => body(left, right, mid, side));
}

/// Integer type for sums of magnitudes.
trait Sum: Copy + Default + From<u32> + Into<u64> + AddAssign {}
impl Sum for u32 {}
impl Sum for u64 {}

/// Magnitude up to which a sum over [`SHORT_RUN`] samples fits in `u32`.
const SHORT_PEAK: u32 = 1 << 16;
const SHORT_RUN: usize = 2048;

/// Estimates the cost of left, right, mid and side as the sums of magnitudes of their second
/// differences. Samples have at most 27 bits and magnitudes up to `peak`.
pub(crate) fn stereo_costs(level: Level, left: &[i32], right: &[i32], peak: u32) -> [u64; 4] {
    #[inline(always)]
    fn body<A: Sum>(left: &[i32], right: &[i32]) -> [u64; 4] {
        let mut sums = [0u64; 4];
        let n = left.len().min(right.len());
        for start in (2..n).step_by(SHORT_RUN) {
            let end = (start + SHORT_RUN).min(n);
            let (l, r) = (&left[start - 2..end], &right[start - 2..end]);
            let mut partial = [A::default(); 4];
            for (l, r) in l.windows(3).zip(r.windows(3)) {
                let dl = l[2] - 2 * l[1] + l[0];
                let dr = r[2] - 2 * r[1] + r[0];
                partial[0] += dl.unsigned_abs().into();
                partial[1] += dr.unsigned_abs().into();
                partial[2] += ((dl + dr) >> 1).unsigned_abs().into();
                partial[3] += (dl - dr).unsigned_abs().into();
            }
            for (sum, partial) in sums.iter_mut().zip(partial) {
                *sum += partial.into();
            }
        }
        sums
    }
    if peak <= SHORT_PEAK {
        dispatch!(level, _simd => body::<u32>(left, right))
    } else {
        dispatch!(level, _simd => body::<u64>(left, right))
    }
}

/// Returns the sum of the residual's magnitudes for each fixed predictor order from 0 to 4, over
/// the samples that all orders predict. Magnitudes are at most `peak`, which is less than 2²⁷.
pub(crate) fn fixed_costs(level: Level, samples: &[i32], peak: u32) -> [u64; MAX_FIXED_ORDER + 1] {
    #[inline(always)]
    fn body<A: Sum>(samples: &[i32]) -> [u64; MAX_FIXED_ORDER + 1] {
        let mut sums = [0u64; MAX_FIXED_ORDER + 1];
        for start in (MAX_FIXED_ORDER..samples.len()).step_by(SHORT_RUN) {
            let end = (start + SHORT_RUN).min(samples.len());
            let mut partial = [A::default(); MAX_FIXED_ORDER + 1];
            for w in samples[start - MAX_FIXED_ORDER..end].windows(MAX_FIXED_ORDER + 1) {
                // Repeated differences, newest first.
                let a = [w[4] - w[3], w[3] - w[2], w[2] - w[1], w[1] - w[0]];
                let b = [a[0] - a[1], a[1] - a[2], a[2] - a[3]];
                let c = [b[0] - b[1], b[1] - b[2]];
                for (sum, d) in partial.iter_mut().zip([w[4], a[0], b[0], c[0], c[0] - c[1]]) {
                    *sum += d.unsigned_abs().into();
                }
            }
            for (sum, partial) in sums.iter_mut().zip(partial) {
                *sum += partial.into();
            }
        }
        sums
    }
    if peak <= SHORT_PEAK {
        dispatch!(level, _simd => body::<u32>(samples))
    } else {
        dispatch!(level, _simd => body::<u64>(samples))
    }
}

/// Multiplies samples by a window.
pub(crate) fn apply_window(level: Level, samples: &[i32], window: &[f64], out: &mut [f64]) {
    #[inline(always)]
    fn body(samples: &[i32], window: &[f64], out: &mut [f64]) {
        for ((&x, &w), out) in samples.iter().zip(window).zip(out) {
            *out = f64::from(x) * w;
        }
    }
    dispatch!(level, _simd => body(samples, window, out));
}

/// Number of partial sums in the autocorrelation: the same for every instruction set.
const LANES: usize = 4;
/// Number of lags that one pass over the samples sums.
const LAGS: usize = 9;
/// Number of zeros that [`autocorrelation`] needs before the samples: the maximum lag of the last
/// pass.
pub(crate) const LEAD: usize = (MAX_ORDER / LAGS + 1) * LAGS;

/// Computes the autocorrelation of `samples[LEAD..]` for lags 0 to `order`. The first [`LEAD`]
/// values must be zero. Zeros must also pad the end to a length that is a multiple of 4.
pub(crate) fn autocorrelation(
    level: Level,
    samples: &[f64],
    order: usize,
    out: &mut [f64; MAX_ORDER + 1],
) {
    #[inline(always)]
    fn lags<const N: usize>(samples: &[f64], first: usize, out: &mut [f64]) {
        let mut sums = [[0.0; LANES]; N];
        let mut at = LEAD;
        while at + LANES <= samples.len() {
            let x: &[f64; LANES] = samples[at..at + LANES].try_into().expect("LANES");
            let before = &samples[at - first - (N - 1)..at - first + LANES];
            for (lag, sum) in sums.iter_mut().enumerate() {
                let y: &[f64; LANES] =
                    before[N - 1 - lag..N - 1 - lag + LANES].try_into().expect("LANES");
                for lane in 0..LANES {
                    sum[lane] += x[lane] * y[lane];
                }
            }
            at += LANES;
        }
        // The last group may exceed the maximum lag.
        for (out, sum) in out[first..].iter_mut().zip(sums) {
            *out = (sum[0] + sum[2]) + (sum[1] + sum[3]);
        }
    }
    #[inline(always)]
    fn body(samples: &[f64], order: usize, out: &mut [f64; MAX_ORDER + 1]) {
        // Sums a few lags at a time, so that the sums stay in registers.
        let mut first = 0;
        while first <= order {
            match order + 1 - first {
                ..=5 => lags::<5>(samples, first, out),
                6..=7 => lags::<7>(samples, first, out),
                _ => lags::<LAGS>(samples, first, out),
            }
            first += LAGS;
        }
    }
    dispatch!(level, _simd => body(samples, order, out));
}

/// Computes the residual of a linear predictor in 32-bit arithmetic: `samples[order..]` minus the
/// prediction `(Σ coefficients[j] · samples[i − 1 − j]) >> shift`. The arithmetic must not
/// overflow.
pub(crate) fn residual_narrow(
    level: Level,
    samples: &[i32],
    coefficients: &[i32],
    shift: u32,
    out: &mut Vec<i32>,
) {
    #[inline(always)]
    fn fixed_order<const ORDER: usize>(x: &[i32], c: &[i32], shift: u32, out: &mut [i32]) {
        let c: &[i32; ORDER] = c.try_into().expect("the order");
        for (window, out) in x.windows(ORDER + 1).zip(out) {
            let mut sum = 0;
            for j in 0..ORDER {
                sum += c[j] * window[ORDER - 1 - j];
            }
            *out = window[ORDER] - (sum >> shift);
        }
    }
    #[inline(always)]
    fn any_order(x: &[i32], c: &[i32], shift: u32, out: &mut [i32]) {
        // Processes short runs, and adds one coefficient's products at a time.
        const RUN: usize = 32;
        let order = c.len();
        for (run, out) in out.chunks_mut(RUN).enumerate() {
            let start = run * RUN;
            let mut sums = [0; RUN];
            if out.len() == RUN {
                for (j, c) in c.iter().enumerate() {
                    let x = &x[start + order - 1 - j..][..RUN];
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum += c * x;
                    }
                }
            } else {
                for (j, c) in c.iter().enumerate() {
                    let x = &x[start + order - 1 - j..][..out.len()];
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum += c * x;
                    }
                }
            }
            for ((out, sum), x) in out.iter_mut().zip(sums).zip(&x[start + order..]) {
                *out = x - (sum >> shift);
            }
        }
    }
    #[inline(always)]
    fn body(x: &[i32], c: &[i32], shift: u32, out: &mut [i32]) {
        match c.len() {
            0 => out.copy_from_slice(x),
            1 => fixed_order::<1>(x, c, shift, out),
            2 => fixed_order::<2>(x, c, shift, out),
            3 => fixed_order::<3>(x, c, shift, out),
            4 => fixed_order::<4>(x, c, shift, out),
            5 => fixed_order::<5>(x, c, shift, out),
            6 => fixed_order::<6>(x, c, shift, out),
            7 => fixed_order::<7>(x, c, shift, out),
            8 => fixed_order::<8>(x, c, shift, out),
            9 => fixed_order::<9>(x, c, shift, out),
            10 => fixed_order::<10>(x, c, shift, out),
            11 => fixed_order::<11>(x, c, shift, out),
            12 => fixed_order::<12>(x, c, shift, out),
            _ => any_order(x, c, shift, out),
        }
    }
    out.resize(samples.len() - coefficients.len(), 0);
    dispatch!(level, _simd => body(samples, coefficients, shift, out));
}

/// Computes the same as [`residual_narrow`] for products of up to 53 bits, which floats add
/// exactly. Returns `false` if a residual does not fit in 32 bits.
pub(crate) fn residual_wide(
    level: Level,
    samples: &[f64],
    coefficients: &[i32],
    shift: u32,
    out: &mut Vec<i32>,
) -> bool {
    #[inline(always)]
    fn body(x: &[f64], c: &[i32], shift: u32, out: &mut [i32]) -> bool {
        const RUN: usize = 16;
        let order = c.len();
        let scale = 1.0 / f64::from(1u32 << shift);
        let mut largest = 0.0f64;
        for (run, out) in out.chunks_mut(RUN).enumerate() {
            let start = run * RUN;
            let mut sums = [0.0f64; RUN];
            for (j, &c) in c.iter().enumerate() {
                let c = f64::from(c);
                let x = &x[start + order - 1 - j..][..out.len()];
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum += c * x;
                }
            }
            for ((out, sum), x) in out.iter_mut().zip(sums).zip(&x[start + order..]) {
                let residual = x - (sum * scale).floor();
                largest = largest.max(residual.abs());
                *out = residual as i32;
            }
        }
        // The format does not allow −2³¹ (RFC 9639 §9.2.7.3).
        largest <= f64::from(i32::MAX)
    }
    out.resize(samples.len() - coefficients.len(), 0);
    dispatch!(level, _simd => body(samples, coefficients, shift, out))
}

/// Maps signed numbers to unsigned ones by magnitude: 0, −1, 1, −2, …
#[inline(always)]
pub(crate) fn zigzag(x: i32) -> u32 {
    ((x << 1) ^ (x >> 31)) as u32
}

/// Sum of the [`zigzag`]s of a run of residuals, and their bitwise or.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RunCost {
    pub(crate) sum: u64,
    pub(crate) or: u32,
}

/// Computes the [`RunCost`] of each run of `length` residuals. The first run is `skip` shorter.
pub(crate) fn run_costs(
    level: Level,
    residual: &[i32],
    skip: usize,
    length: usize,
    out: &mut Vec<RunCost>,
) {
    #[inline(always)]
    fn cost(run: &[i32]) -> RunCost {
        // Two sums of 16-bit halves cannot overflow 32 bits in a block of 65,535.
        let (mut low, mut high, mut or) = (0u32, 0u32, 0u32);
        for &x in run {
            let u = zigzag(x);
            low += u & 0xffff;
            high += u >> 16;
            or |= u;
        }
        RunCost { sum: u64::from(low) + (u64::from(high) << 16), or }
    }
    #[inline(always)]
    fn body(residual: &[i32], skip: usize, length: usize, out: &mut Vec<RunCost>) {
        let (first, rest) = residual.split_at(length - skip);
        out.push(cost(first));
        out.extend(rest.chunks(length).map(cost));
    }
    out.clear();
    dispatch!(level, _simd => body(residual, skip, length, out));
}

/// Returns the bits of a run's quotients with each of the parameters `k − 1`, `k` and `k + 1` (`k`
/// and `k + 1` if `k` is 0), without the terminating ones.
pub(crate) fn quotient_sums(level: Level, run: &[i32], k: u32) -> [u64; 3] {
    #[inline(always)]
    fn body(run: &[i32], k: u32) -> [u64; 3] {
        let mut sums = [0u64; 3];
        for run in run.chunks(4096) {
            let mut partial = [0u32; 3];
            let mut overflow = 0u32;
            for &x in run {
                let q = zigzag(x) >> k.saturating_sub(1);
                // A sum of 4096 quotients below 2^20 cannot overflow.
                overflow |= q >> 20;
                let q = q & 0xf_ffff;
                partial[0] += q;
                partial[1] += q >> 1;
                partial[2] += q >> 2;
            }
            for (sum, partial) in sums.iter_mut().zip(partial) {
                *sum += if overflow == 0 { u64::from(partial) } else { u64::from(u32::MAX) };
            }
        }
        sums
    }
    dispatch!(level, _simd => body(run, k))
}

/// Returns the codes of 16 residuals with parameter `k`, and their lengths. A code longer than 32
/// bits is invalid.
#[inline(always)]
pub(crate) fn rice_codes(residual: &[i32; 16], k: u32) -> ([u32; 16], [u32; 16]) {
    let (mut codes, mut lengths) = ([0; 16], [0; 16]);
    for ((code, length), &x) in codes.iter_mut().zip(&mut lengths).zip(residual) {
        let u = zigzag(x);
        *code = (1 << k) | (u & ((1 << k) - 1));
        *length = (u >> k) + 1 + k;
    }
    (codes, lengths)
}
