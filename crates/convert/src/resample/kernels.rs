//! Inner loops of resampling, compiled once for each [`Level`].
//!
//! Products and sums are rounded separately at every level, because not all machines support fused
//! multiply-add. The lanes and the order of additions are fixed.

use super::coefficients::{Bank, GRID, Group, LANES, Lanes};
use super::half_band::PAIRS;
use super::planes::Planes;
use super::position::Position;
use crate::audio::sample::Mix;
use crate::level::{Level, kernels};

kernels! {
    /// Writes `W` channels of interleaved frames, from channel `first` on.
    fn take_channels<S: Mix; W>(from: &[S], channels: usize, first: usize, to: &mut [[S; W]]) {
        if channels == W {
            return to.as_flattened_mut().copy_from_slice(from);
        }
        if channels == 2 {
            for (to, from) in to.as_flattened_mut().iter_mut().zip(from.as_chunks::<2>().0) {
                *to = from[first];
            }
            return;
        }
        for (to, from) in to.iter_mut().zip(from.chunks_exact(channels)) {
            to.copy_from_slice(&from[first..first + W]);
        }
    }

    /// Copies segments of a plane: the first at its start, each `distance` frames after the
    /// previous one.
    fn cut_stretches<S: Mix; N, W>(plane: &[[S; W]], distance: usize, to: &mut [Lanes<S, N>]) {
        let stretches: [&[[S; W]]; N] =
            std::array::from_fn(|i| &plane[i % (N / W) * distance..][..to.len()]);
        let stretches = &stretches[..N / W];
        for (i, to) in to.iter_mut().enumerate() {
            for (to, stretch) in to.0.as_chunks_mut().0.iter_mut().zip(stretches) {
                *to = stretch[i];
            }
        }
    }

    /// Computes the sums of the `C` output frames of a group from `C` times `column` on. The
    /// group's first input frame is the first one of `from`.
    // A separate function, so that the compiler's choice of vectors does not depend on the use of
    // the sums.
    #[inline(never)]
    fn filter_columns<S: Mix; N, G, C>(
        group: &Group<S, G>,
        column: usize,
        from: &[Lanes<S, N>],
        to: &mut [Lanes<S, N>; C]
    ) {
        let mut sums = [[S::SILENCE; N]; C];
        for (coefs, from) in group.coefs.iter().zip(from) {
            for (sums, coef) in sums.iter_mut().zip(&coefs.as_chunks::<C>().0[column]) {
                for (sum, sample) in sums.iter_mut().zip(&from.0) {
                    *sum = *sum + *coef * *sample;
                }
            }
        }
        *to = sums.map(Lanes);
    }

    /// Filters interleaved output frames one by one until `to` is full, from `from`. The first one
    /// is at `at` and depends on the first input frames. There is one of `sums` per channel.
    fn filter_interpolated<S: Mix>(
        bank: &Bank<S>,
        from: &Planes<S>,
        at: &Position,
        mixed: &mut [S],
        sums: &mut [Lanes<S, LANES>],
        to: &mut [S]
    ) {
        let mut place = *at;
        let mut start = 0;
        for frame in to.chunks_exact_mut(from.channels()) {
            mix_rows(bank, &place, mixed);
            for (channel, sums) in sums.iter_mut().enumerate() {
                dot(mixed, &from.plane(channel)[start..][..mixed.len()], sums);
            }
            // A separate loop; otherwise the compiler generates short vectors for both loops.
            for (to, sums) in frame.iter_mut().zip(&*sums) {
                *to = total(sums);
            }
            start += place.advance(1);
        }
    }

    /// Applies the half-band filter to `from` and keeps every second frame. `taps` are the
    /// coefficients next to the middle one, which is 0.5, and every second one after that; the
    /// others are zero.
    fn halve<S: Mix>(taps: &[S], from: &[S], to: &mut [S]) {
        const BLOCK: usize = 64;
        let half = S::from_sample(0.5f64);
        for (block, to) in to.chunks_mut(BLOCK).enumerate() {
            let from = &from[2 * BLOCK * block..];
            let mut sides = [S::SILENCE; BLOCK + 2 * PAIRS];
            for (side, from) in sides.iter_mut().zip(from.iter().step_by(2)) {
                *side = *from;
            }
            let middle = &from[2 * taps.len() - 1..];
            for (to, middle) in to.iter_mut().zip(middle.iter().step_by(2)) {
                *to = half * *middle;
            }
            for (j, tap) in taps.iter().enumerate() {
                let (before, after) = (&sides[taps.len() - 1 - j..], &sides[taps.len() + j..]);
                for ((to, before), after) in to.iter_mut().zip(before).zip(after) {
                    *to = *to + *tap * (*before + *after);
                }
            }
        }
    }
}

/// Computes the coefficients at `place`.
#[inline(always)]
fn mix_rows<S: Mix>(bank: &Bank<S>, place: &Position, mixed: &mut [S]) {
    let scaled = place.part * GRID as u64;
    let row = (scaled / place.parts) as usize;
    let x = (scaled % place.parts) as f64 / place.parts as f64;
    // Lagrange polynomials for the rows at -1, 0, 1 and 2.
    let [a, b, c, d] = [
        x * (x - 1.0) * (2.0 - x) / 6.0,
        (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0,
        (x + 1.0) * x * (2.0 - x) / 2.0,
        (x + 1.0) * x * (x - 1.0) / 6.0,
    ]
    .map(|weight| S::from_sample(weight));
    let [before, at, after, last] = [0, 1, 2, 3].map(|i| bank.row(row + i));
    for ((((mixed, before), at), after), last) in
        mixed.iter_mut().zip(before).zip(at).zip(after).zip(last)
    {
        *mixed = (a * *before + d * *last) + (b * *at + c * *after);
    }
}

/// Adds the products of `coefs` and `samples`, which have the same length, to the sums `to`.
#[inline(always)]
fn dot<S: Mix>(coefs: &[S], samples: &[S], to: &mut Lanes<S, LANES>) {
    let mut sums = [S::SILENCE; LANES];
    for (coefs, samples) in coefs.as_chunks::<LANES>().0.iter().zip(samples.as_chunks::<LANES>().0)
    {
        for ((sum, coef), sample) in sums.iter_mut().zip(coefs).zip(samples) {
            *sum = *sum + *coef * *sample;
        }
    }
    to.0 = sums;
}

/// Returns the total of the partial sums.
#[inline(always)]
fn total<S: Mix>(sums: &Lanes<S, LANES>) -> S {
    let eight: [S; 8] = std::array::from_fn(|i| sums.0[i] + sums.0[i + 8]);
    let four: [S; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}
