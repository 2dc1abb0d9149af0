//! Motion search in the previous picture.

use fearless_simd::Simd;

use crate::coder::interpolate::{Luma, average, half_below, half_both, half_right, whole};
use crate::coder::macroblock::Vector;
use crate::coder::picture::Plane;
use crate::coder::simd::{sad, sad_average};

/// Range of a macroblock's motion vectors in whole samples, inclusive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) least: [i16; 2],
    pub(crate) most: [i16; 2],
}

impl Limits {
    /// Maximum distance of blocks outside the picture, and maximum vertical and horizontal vectors,
    /// in samples.
    const BEYOND: i32 = 24;
    const VERTICAL: i32 = 60;
    const HORIZONTAL: i32 = 500;

    pub(crate) fn new(x: usize, y: usize, width: usize, height: usize) -> Self {
        let (x, y) = (x as i32, y as i32);
        let right = width as i32 - 16 - x + Self::BEYOND;
        let bottom = height as i32 - 16 - y + Self::BEYOND;
        Self {
            least: [
                (-x - Self::BEYOND).max(-Self::HORIZONTAL) as i16,
                (-y - Self::BEYOND).max(-Self::VERTICAL) as i16,
            ],
            most: [right.min(Self::HORIZONTAL) as i16, bottom.min(Self::VERTICAL) as i16],
        }
    }

    /// Returns whether a vector in quarter samples is allowed.
    #[inline(always)]
    pub(crate) fn allow(&self, v: Vector) -> bool {
        (0..2).all(|i| v[i] >= self.least[i] * 4 && v[i] <= self.most[i] * 4)
    }

    /// Returns whether a vector in whole samples is allowed.
    #[inline(always)]
    fn allow_whole(&self, v: Vector) -> bool {
        (0..2).all(|i| v[i] >= self.least[i] && v[i] <= self.most[i])
    }

    /// Returns the nearest allowed vector in whole samples.
    #[inline(always)]
    fn round(&self, v: Vector) -> Vector {
        std::array::from_fn(|i| ((v[i] + 2) >> 2).clamp(self.least[i], self.most[i]))
    }
}

/// Estimates the bits of a motion vector difference.
#[inline(always)]
pub(crate) fn vector_bits(v: Vector, prediction: Vector) -> u32 {
    let bits = |i: usize| {
        let magnitude = u32::from((v[i] - prediction[i]).unsigned_abs());
        2 * (32 - magnitude.leading_zeros()) + 1
    };
    bits(0) + bits(1)
}

/// Input of a search.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    pub(crate) source: &'a Luma,
    pub(crate) plane: &'a Plane,
    /// Position of the macroblock in samples.
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) limits: Limits,
    pub(crate) prediction: Vector,
    pub(crate) lambda: u32,
}

/// Result of a search.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) vector: Vector,
    /// Cost including the vector's bits.
    pub(crate) cost: u32,
    pub(crate) samples: Luma,
}

impl Search<'_> {
    #[inline(always)]
    fn at(&self, v: Vector) -> usize {
        self.plane.at(self.x as i32 + i32::from(v[0]), self.y as i32 + i32::from(v[1]))
    }

    #[inline(always)]
    fn bits_cost(&self, v: Vector) -> u32 {
        self.lambda * vector_bits(v, self.prediction)
    }

    #[inline(always)]
    fn sad_at<S: Simd>(&self, simd: S, at: usize) -> u32 {
        let stride = self.plane.stride;
        sad(simd, self.source, &self.plane.data[at..at + 15 * stride + 16], stride)
    }

    #[inline(always)]
    fn cost_whole<S: Simd>(&self, simd: S, v: Vector) -> u32 {
        self.sad_at(simd, self.at(v)) + self.bits_cost([v[0] * 4, v[1] * 4])
    }

    /// Searches from the best of some vectors, in quarter samples.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(&self, simd: S, candidates: &[Vector], found: &mut Found) {
        let mut best = self.limits.round(self.prediction);
        let mut cost = self.cost_whole(simd, best);
        let mut seen = [best; 8];
        let mut count = 1;
        for &candidate in candidates {
            let v = self.limits.round(candidate);
            if seen[..count].contains(&v) {
                continue;
            }
            seen[count & 7] = v;
            count = (count + 1).min(7);
            let c = self.cost_whole(simd, v);
            if c < cost {
                (best, cost) = (v, c);
            }
        }
        // A diamond search that moves while the cost decreases.
        let mut from = 4;
        for _ in 0..16 {
            const STEPS: [Vector; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];
            let center = best;
            let mut taken = 4;
            for (i, step) in STEPS.iter().enumerate() {
                // Skips the previous position.
                if from < 4 && i == (from + 2) % 4 {
                    continue;
                }
                let v = [center[0] + step[0], center[1] + step[1]];
                if !self.limits.allow_whole(v) {
                    continue;
                }
                let c = self.cost_whole(simd, v);
                if c < cost {
                    (best, cost, taken) = (v, c, i);
                }
            }
            if taken == 4 {
                break;
            }
            from = taken;
        }
        self.refine(simd, best, cost, found);
    }

    /// Searches half and quarter samples around a vector in whole samples.
    #[inline(always)]
    fn refine<S: Simd>(&self, simd: S, whole_vector: Vector, cost: u32, found: &mut Found) {
        let plane = self.plane;
        let at = self.at(whole_vector);
        let base = [whole_vector[0] * 4, whole_vector[1] * 4];
        let (data, stride) = (&plane.data, plane.stride);
        found.vector = base;
        found.cost = cost;
        let inside = (0..2).all(|i| {
            whole_vector[i] > self.limits.least[i] && whole_vector[i] < self.limits.most[i]
        });
        if !inside {
            whole(plane, at, &mut found.samples);
            return;
        }
        // Half samples to the right, to the left, below and above.
        let mut halves = [[0; 256]; 4];
        half_right(simd, plane, at, &mut halves[0]);
        half_right(simd, plane, at - 1, &mut halves[1]);
        half_below(simd, plane, at, &mut halves[2]);
        half_below(simd, plane, at - stride, &mut halves[3]);
        const HALVES: [Vector; 4] = [[2, 0], [-2, 0], [0, 2], [0, -2]];
        let mut taken = 4;
        for (i, (half, step)) in halves.iter().zip(HALVES).enumerate() {
            let v = [base[0] + step[0], base[1] + step[1]];
            let c = sad(simd, self.source, half, 16) + self.bits_cost(v);
            if c < found.cost {
                (found.vector, found.cost, taken) = (v, c, i);
            }
        }
        // A quarter sample is the average of two positions: each entry has its step, one half
        // position, and the other position.
        let mut both = [[0; 272]; 2];
        let quarters: [(Vector, &Luma, &[u8], usize); 4] = if taken == 4 {
            std::array::from_fn(|i| (HALVES[i].map(|v| v / 2), &halves[i], &data[at..], stride))
        } else {
            let (half, step) = (&halves[taken], HALVES[taken].map(|v| v / 2));
            // Along the direction of the half sample, whole samples are on both sides. Across it,
            // diagonal half samples are.
            let beyond = match taken {
                0 => at + 1,
                1 => at - 1,
                2 => at + stride,
                _ => at - stride,
            };
            let (across, second): (Vector, &[u8]) = if taken < 2 {
                let from = if taken == 0 { at } else { at - 1 };
                half_both(simd, plane, from - stride, 17, &mut both[0]);
                ([0, 1], &both[0][16..])
            } else {
                let from = if taken == 2 { at } else { at - stride };
                half_both(simd, plane, from - 1, 16, &mut both[0]);
                half_both(simd, plane, from, 16, &mut both[1]);
                ([1, 0], &both[1])
            };
            [
                (step.map(|v| -v), half, &data[at..], stride),
                (step, half, &data[beyond..], stride),
                (across.map(|v| -v), half, &both[0], 16),
                (across, half, second, 16),
            ]
        };
        let center = found.vector;
        let mut best = None;
        for (step, half, other, stride) in quarters {
            let v = [center[0] + step[0], center[1] + step[1]];
            let c = sad_average(simd, self.source, half, other, stride) + self.bits_cost(v);
            if c < found.cost {
                (found.vector, found.cost, best) = (v, c, Some((half, other, stride)));
            }
        }
        match best {
            Some((half, other, stride)) => average(simd, half, other, stride, &mut found.samples),
            None if taken == 4 => whole(plane, at, &mut found.samples),
            None => found.samples = halves[taken],
        }
    }
}
