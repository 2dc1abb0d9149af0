//! Filter coefficients along one axis, computed once.

use super::scale_filter::ScaleFilter;

/// Fraction bits of coefficients.
pub(super) const COEF_BITS: u32 = 14;

/// Positions of a plane's samples along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// Number of pixels of the frame.
    pub(super) pixels: usize,
    /// Base-2 logarithm of the number of pixels that share a sample.
    pub(super) shift: u32,
    /// True if a shared sample is centered between its pixels, not on the first of them.
    pub(super) is_centered: bool,
}

impl Grid {
    /// Returns the number of samples.
    pub(super) fn samples(self) -> usize {
        self.pixels.div_ceil(1 << self.shift)
    }

    /// Returns the position of sample `index` from the frame's edge, in half pixels.
    fn place(self, index: usize) -> i64 {
        let offset = if self.shift == 1 && self.is_centered { 2 } else { 1 };
        ((index as i64) << (self.shift + 1)) + offset
    }
}

/// Weights of old samples in each new sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taps {
    /// Number of old samples per new sample.
    pub(super) count: usize,
    /// Index of the first old sample for each new sample. Indexes never decrease.
    pub(super) starts: Vec<u32>,
    /// `count` coefficients for each new sample. Their sum is 1.
    pub(super) coefs: Vec<i16>,
}

impl Taps {
    /// Creates the taps from one grid to another, or `None` if nothing changes.
    pub(super) fn new(from: Grid, to: Grid, filter: ScaleFilter) -> Option<Self> {
        let is_same_place = from.shift == 0 || from.is_centered == to.is_centered;
        if from.pixels == to.pixels && from.shift == to.shift && is_same_place {
            return None;
        }
        let halves = from.pixels == to.pixels && (from.shift, to.shift) == (0, 1);
        let weights = (0..to.samples()).map(|index| match (halves, to.is_centered) {
            // The same average as for red, green and blue.
            (true, true) => (2 * index as i64, vec![0.5, 0.5]),
            (true, false) => (2 * index as i64 - 1, vec![0.25, 0.5, 0.25]),
            _ => weights(from, to, filter, index),
        });
        let rows: Vec<_> = weights.map(|(start, w)| fold(start, &w, from.samples())).collect();
        let mut taps = Self::pack(rows, from.samples());
        if (from.shift, to.shift) == (0, 0) && filter != ScaleFilter::Nearest {
            taps.mirror(from.samples());
        }
        taps.sort();
        Some(taps)
    }

    fn pack(rows: Vec<(usize, Vec<f64>)>, samples: usize) -> Self {
        let count = rows.iter().map(|(_, weights)| weights.len()).max().unwrap_or(1);
        let mut taps = Self { count, starts: Vec::new(), coefs: Vec::new() };
        for (first, weights) in rows {
            // At the end of the frame taps start earlier, with zeros first.
            let start = first.min(samples - count);
            let at = taps.coefs.len() + first - start;
            taps.starts.push(start as u32);
            taps.coefs.resize(taps.coefs.len() + count, 0);
            let total: f64 = weights.iter().sum();
            let (mut sum, mut before) = (0.0, 0);
            for (coef, weight) in taps.coefs[at..].iter_mut().zip(weights) {
                sum += weight;
                // The running sum is rounded, so that the total is exact.
                let until = (sum / total * f64::from(1 << COEF_BITS)).round_ties_even() as i32;
                *coef = (until - before) as i16;
                before = until;
            }
        }
        taps
    }

    /// Mirrors the first half to the second, independent of rounding.
    fn mirror(&mut self, samples: usize) {
        let (count, len) = (self.count, self.starts.len());
        for index in 0..len / 2 {
            let other = len - 1 - index;
            self.starts[other] = (samples - count) as u32 - self.starts[index];
            for tap in 0..count {
                self.coefs[other * count + tap] = self.coefs[index * count + count - 1 - tap];
            }
        }
    }

    /// Sorts the starts. Rows that start earlier get zeros at their end.
    fn sort(&mut self) {
        for index in (1..self.starts.len()).rev() {
            let next = self.starts[index];
            let shift = self.starts[index - 1].saturating_sub(next) as usize;
            self.starts[index - 1] -= shift as u32;
            self.coefs[(index - 1) * self.count..][..self.count].rotate_right(shift);
        }
    }

    /// Returns the first old sample of new sample `index`, and the coefficients.
    pub(super) fn of(&self, index: usize) -> (usize, &[i16]) {
        (self.starts[index] as usize, &self.coefs[index * self.count..][..self.count])
    }
}

/// Returns the first old sample, which may be outside of the frame, and the weights from there on.
fn weights(from: Grid, to: Grid, filter: ScaleFilter, index: usize) -> (i64, Vec<f64>) {
    // Positions are integers in these units, so that mirrored frames have mirrored weights.
    let unit = (to.pixels as i64) << (from.shift + 1);
    let place = to.place(index) * from.pixels as i64;
    let first = from.place(0) * to.pixels as i64;
    let step = (from.pixels as f64 * f64::from(1 << to.shift))
        / (to.pixels as f64 * f64::from(1 << from.shift));
    if filter == ScaleFilter::Nearest {
        return ((2 * (place - first) + unit).div_euclid(2 * unit), vec![1.0]);
    }
    let middle = (place - first).div_euclid(unit);
    let reach = filter.reach(step).ceil() as i64 + 1;
    let samples = middle - reach..=middle + reach + 1;
    let weight = |sample| {
        let distance = (first + sample * unit - place) as f64 / unit as f64;
        filter.weight(distance, step)
    };
    let all: Vec<f64> = samples.clone().map(weight).collect();
    // Omits weights that are close to zero.
    let counts = |weight: &f64| weight.abs() > 1e-9;
    let start = all.iter().position(counts).unwrap_or(0);
    let end = all.iter().rposition(counts).unwrap_or(0) + 1;
    (samples.start() + start as i64, all[start..end].to_vec())
}

/// Adds the weights outside of the frame to the sample at its edge.
fn fold(start: i64, weights: &[f64], samples: usize) -> (usize, Vec<f64>) {
    let last = samples as i64 - 1;
    let first = start.clamp(0, last);
    let end = (start + weights.len() as i64 - 1).clamp(0, last);
    let mut folded = vec![0.0; (end - first + 1) as usize];
    for (sample, weight) in (start..).zip(weights) {
        folded[(sample.clamp(0, last) - first) as usize] += weight;
    }
    (first as usize, folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(pixels: usize) -> Grid {
        Grid { pixels, shift: 0, is_centered: false }
    }

    #[test]
    fn sums_are_one_and_taps_stay_inside() {
        for filter in ScaleFilter::ALL {
            for (from, to) in
                [(1, 1000), (1000, 1), (7, 5), (5, 7), (1280, 640), (4096, 3), (7, 33)]
            {
                for (shift, to_shift) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    for is_centered in [false, true] {
                        let from = Grid { pixels: from, shift, is_centered };
                        let to = Grid { pixels: to, shift: to_shift, is_centered };
                        let taps = Taps::new(from, to, *filter).unwrap();
                        assert_eq!(taps.starts.len(), to.samples());
                        assert!(taps.starts.is_sorted());
                        for index in 0..to.samples() {
                            let (start, coefs) = taps.of(index);
                            assert!(start + taps.count <= from.samples());
                            let sum: i32 = coefs.iter().map(|coef| i32::from(*coef)).sum();
                            assert_eq!(sum, 1 << COEF_BITS, "{filter} {from:?} {to:?} {index}");
                            // No sum of products may exceed 16 bits with 6 fraction bits.
                            let most: i32 = coefs.iter().map(|c| i32::from(*c).abs()).sum();
                            assert!(most < 2 << COEF_BITS, "{filter} {from:?} {to:?} {index}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn known_weights() {
        // Bicubic at a quarter and three quarters: Keys' polynomials.
        let taps = Taps::new(plain(100), plain(200), ScaleFilter::Bicubic).unwrap();
        let expected = [-0.084375, 0.871875, 0.240625, -0.028125].map(|w: f64| w * 16384.0);
        let (start, coefs) = taps.of(101);
        assert_eq!(start, 49);
        for (coef, expected) in coefs.iter().zip(expected) {
            assert!((f64::from(*coef) - expected).abs() <= 1.0, "{coefs:?}");
        }
        let taps = Taps::new(plain(100), plain(50), ScaleFilter::Area).unwrap();
        assert_eq!(taps.of(20), (40, &[8192, 8192][..]));
        let taps = Taps::new(plain(100), plain(50), ScaleFilter::Bilinear).unwrap();
        assert_eq!(taps.of(20), (39, &[2048, 6144, 6144, 2048][..]));
        let taps = Taps::new(plain(4), plain(2), ScaleFilter::Nearest).unwrap();
        assert_eq!((taps.of(0).0, taps.of(1).0), (1, 3));
    }

    #[test]
    fn chroma_has_the_right_position() {
        // On the left pixel, then between two pixels.
        let left = Grid { pixels: 8, shift: 1, is_centered: false };
        let center = Grid { is_centered: true, ..left };
        let taps = Taps::new(left, plain(8), ScaleFilter::Bilinear).unwrap();
        assert_eq!(taps.of(2).1, [16384, 0]);
        assert_eq!(taps.of(3).1, [8192, 8192]);
        let taps = Taps::new(center, plain(8), ScaleFilter::Bilinear).unwrap();
        assert_eq!(taps.of(2).1, [4096, 12288]);
        assert_eq!(taps.of(3).1, [12288, 4096]);
        assert_eq!(Taps::new(left, left, ScaleFilter::Bicubic), None);
        assert_eq!(Taps::new(left, center, ScaleFilter::Bilinear).unwrap().of(1).1, [12288, 4096]);
    }
}
