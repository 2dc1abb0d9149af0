//! The hybrid filter bank: polyphase filter, MDCT and alias reduction (ISO/IEC 11172-3 annex C §1.3
//! and §1.5.3.3), the inverse of the decoder in §2.4.3.4.
//!
//! Each transform is a small matrix whose inner loop runs over neighboring values, so that it
//! vectorizes. The order of sums is fixed, so all instruction sets give the same bits.

use std::f64::consts::PI;

use fearless_simd::{Level, dispatch};

use crate::tables::{LINES, SLOTS, SUBBANDS};
use crate::window::PROTOTYPE;

/// Taps of the polyphase filter.
pub(crate) const TAPS: usize = 512;

/// Block type of a granule. The numbers are those of block_type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum BlockType {
    /// One long window.
    #[default]
    Long = 0,
    /// A long window before short ones.
    Start = 1,
    /// Three short windows.
    Short = 2,
    /// A long window after short ones.
    Stop = 3,
}

/// Constant coefficients of the filter bank.
pub(crate) struct Filterbank {
    level: Level,
    /// Window of the polyphase filter, oldest sample first.
    window: [f32; TAPS],
    /// Matrix from the folded window to the subbands: `[m][subband]`.
    matrix: [[f32; SUBBANDS]; SUBBANDS],
    /// Windows of the long block types, indexed by `BlockType`.
    windows: [[f32; 36]; 4],
    /// MDCT of 36 samples, folded to 18: `[line][sample]`.
    long: [[f32; 18]; 18],
    /// Windowed MDCT of 12 samples: `[line][sample]`.
    short: [[f32; 12]; 6],
    /// Coefficients cs and ca of the alias reduction butterflies.
    alias: [(f32, f32); 8],
}

/// State of a channel between granules.
pub(crate) struct ChannelState {
    /// Subband samples of the previous granule and of this one: `[slot][subband]`.
    slots: Box<[[f32; SUBBANDS]; 2 * SLOTS]>,
}

impl ChannelState {
    pub(crate) fn new() -> Self {
        Self { slots: Box::new([[0.0; SUBBANDS]; 2 * SLOTS]) }
    }
}

impl Filterbank {
    pub(crate) fn new(level: Level) -> Self {
        let mut window = [0.0; TAPS];
        for (n, tap) in window.iter_mut().rev().enumerate() {
            let magnitude = PROTOTYPE[n.min(TAPS - n)];
            let sign = if n / 64 % 2 == 1 { -1.0 } else { 1.0 };
            *tap = sign * magnitude as f32 / (65_536.0 * 32.0);
        }
        let mut matrix = [[0.0; SUBBANDS]; SUBBANDS];
        for (m, row) in matrix.iter_mut().enumerate() {
            for (subband, c) in row.iter_mut().enumerate() {
                *c = libm::cos((2 * subband + 1) as f64 * m as f64 * PI / 64.0) as f32;
            }
        }
        let sine = |i: usize, n: f64| libm::sin(PI / n * (i as f64 + 0.5)) as f32;
        let long: [f32; 36] = std::array::from_fn(|i| sine(i, 36.0));
        let start: [f32; 36] = std::array::from_fn(|i| match i {
            0..18 => sine(i, 36.0),
            18..24 => 1.0,
            24..30 => sine(i - 18, 12.0),
            _ => 0.0,
        });
        let stop = std::array::from_fn(|i| start[35 - i]);
        // The matrix `short` includes the short window.
        let windows = [long, start, [0.0; 36], stop];
        let cosine = |i: usize, k: usize, n: usize| {
            libm::cos(PI / (2 * n) as f64 * ((2 * i + 1 + n / 2) * (2 * k + 1)) as f64)
        };
        let mut long = [[0.0; 18]; 18];
        let mut short = [[0.0; 12]; 6];
        for (k, row) in long.iter_mut().enumerate() {
            for (i, c) in row.iter_mut().enumerate() {
                let i = if i < 9 { i } else { i + 9 };
                *c = (cosine(i, k, 36) / 9.0) as f32;
            }
        }
        for (k, row) in short.iter_mut().enumerate() {
            for (i, c) in row.iter_mut().enumerate() {
                *c = (cosine(i, k, 12) / 3.0) as f32 * sine(i, 12.0);
            }
        }
        let alias = [-0.6f64, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037].map(|c| {
            let root = (1.0 + c * c).sqrt();
            ((1.0 / root) as f32, (c / root) as f32)
        });
        Self { level, window, matrix, windows, long, short, alias }
    }

    /// Filters the last 576 samples of `samples` into the subbands. `samples` begins `TAPS - 32`
    /// samples before them.
    pub(crate) fn filter(&self, samples: &[f32], state: &mut ChannelState) {
        let (before, now) = state.slots.split_at_mut(SLOTS);
        before.copy_from_slice(now);
        dispatch!(self.level, _simd => filter_body(self, samples, now));
    }

    /// Computes the spectrum of the granule before the last filtered one, with half a granule on
    /// each side. Lines of short blocks have the index `3 * line + window`.
    pub(crate) fn transform(
        &self,
        state: &ChannelState,
        block_type: BlockType,
        spectrum: &mut [f32; LINES],
    ) {
        dispatch!(self.level, _simd => match block_type {
            BlockType::Short => short_body(self, &state.slots, spectrum),
            _ => long_body(self, &state.slots, block_type, spectrum),
        });
    }
}

#[inline(always)]
fn filter_body(bank: &Filterbank, samples: &[f32], slots: &mut [[f32; SUBBANDS]]) {
    for (slot, out) in slots.iter_mut().enumerate() {
        let span: &[f32; TAPS] =
            samples[slot * 32..slot * 32 + TAPS].try_into().expect("as long as the window");
        let mut folded = [0.0f32; 64];
        for (span, window) in span.as_chunks::<64>().0.iter().zip(bank.window.as_chunks::<64>().0) {
            for k in 0..64 {
                folded[k] += span[k] * window[k];
            }
        }
        // `folded[63 - k]` is the standard's Y[k].
        let mut y = [0.0f32; SUBBANDS];
        y[0] = folded[63 - 16];
        for m in 1..=16 {
            y[m] = folded[63 - (16 + m)] + folded[63 - (16 - m)];
        }
        for m in 17..32 {
            y[m] = folded[63 - (16 + m)] - folded[63 - (80 - m)];
        }
        let mut sums = [0.0f32; SUBBANDS];
        for (y, row) in y.iter().zip(&bank.matrix) {
            for (sum, c) in sums.iter_mut().zip(row) {
                *sum += y * c;
            }
        }
        if slot % 2 == 1 {
            // Frequency inversion of every other subband.
            for sum in sums.iter_mut().skip(1).step_by(2) {
                *sum = -*sum;
            }
        }
        *out = sums;
    }
}

#[inline(always)]
fn long_body(
    bank: &Filterbank,
    slots: &[[f32; SUBBANDS]; 36],
    block_type: BlockType,
    spectrum: &mut [f32; LINES],
) {
    let window = &bank.windows[block_type as usize];
    let mut folded = [[0.0f32; SUBBANDS]; 18];
    for i in 0..9 {
        let (a, b) = (&slots[i], &slots[17 - i]);
        for s in 0..SUBBANDS {
            folded[i][s] = a[s] * window[i] - b[s] * window[17 - i];
        }
        let (a, b) = (&slots[18 + i], &slots[35 - i]);
        for s in 0..SUBBANDS {
            folded[9 + i][s] = a[s] * window[18 + i] + b[s] * window[35 - i];
        }
    }
    for (k, row) in bank.long.iter().enumerate() {
        let mut sums = [0.0f32; SUBBANDS];
        for (c, values) in row.iter().zip(&folded) {
            for s in 0..SUBBANDS {
                sums[s] += c * values[s];
            }
        }
        for (s, sum) in sums.iter().enumerate() {
            spectrum[s * 18 + k] = *sum;
        }
    }
    for boundary in (18..LINES).step_by(18) {
        for (i, &(cs, ca)) in bank.alias.iter().enumerate() {
            let (low, high) = (spectrum[boundary - 1 - i], spectrum[boundary + i]);
            spectrum[boundary - 1 - i] = low * cs + high * ca;
            spectrum[boundary + i] = high * cs - low * ca;
        }
    }
}

#[inline(always)]
fn short_body(bank: &Filterbank, slots: &[[f32; SUBBANDS]; 36], spectrum: &mut [f32; LINES]) {
    for window in 0..3 {
        let slots = &slots[6 + 6 * window..][..12];
        for (k, row) in bank.short.iter().enumerate() {
            let mut sums = [0.0f32; SUBBANDS];
            for (c, values) in row.iter().zip(slots) {
                for s in 0..SUBBANDS {
                    sums[s] += c * values[s];
                }
            }
            for (s, sum) in sums.iter().enumerate() {
                spectrum[s * 18 + 3 * k + window] = *sum;
            }
        }
    }
}
