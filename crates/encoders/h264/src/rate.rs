//! Rate control: which quantiser each picture gets so that the stream meets its bit rate.
//!
//! It is of the usual kind for one pass: the bits that the last pictures took times their
//! quantiser's step tell how hard the next one is, and what was spent too much or too little is made
//! up for within about a second.

use reelwright_core::Rational;

/// How much of the earlier pictures' difficulty remains from one picture to the next.
const MEMORY: f64 = 0.5;
/// How far the quantiser follows the difficulty: 0 is a constant bit rate, 1 a constant quantiser.
const COMPRESSION: f64 = 0.6;
/// Seconds of surplus that double the quantiser's step.
const TOLERANCE: f64 = 0.5;
/// How much finer a keyframe is than the pictures that follow from it.
const KEYFRAME_FACTOR: f64 = 1.4;
/// How much more bits a keyframe takes at the same step, until it is known.
const KEYFRAME_BITS: f64 = 5.0;
/// The most that the quantiser changes from picture to picture.
const MAX_CHANGE: f64 = 8.0;
/// Pictures that a guess counts for.
const PRIOR: f64 = 2.0;
/// The difficulty of a first keyframe: bits times step for each pixel.
const FIRST_DIFFICULTY: f64 = 6.0;
const MAX_QP: f64 = 51.0;

/// The step of a quantiser (H.264 §8.5.9: it doubles every 6).
fn step(qp: f64) -> f64 {
    0.625 * libm::exp2(qp / 6.0)
}

fn quantizer(step: f64) -> f64 {
    6.0 * libm::log2(step / 0.625)
}

/// What pictures of one kind ask for, as sums over those that were coded.
#[derive(Debug)]
struct Demand {
    /// Bits times step of the last pictures, weighted, and the weights.
    difficulty: f64,
    weights: f64,
    /// Bits that all pictures would have taken with a step as the difficulty alone has it.
    asked: f64,
    /// Pictures.
    count: f64,
}

impl Demand {
    /// Before anything is known: as if some pictures had been as difficult as this.
    fn guess(difficulty: f64) -> Self {
        let asked = PRIOR * libm::pow(difficulty, COMPRESSION);
        Self { difficulty, weights: 1.0, asked, count: PRIOR }
    }

    fn difficulty(&self) -> f64 {
        self.difficulty / self.weights
    }

    /// The step as the difficulty alone has it.
    fn eased(&self) -> f64 {
        libm::pow(self.difficulty(), 1.0 - COMPRESSION)
    }

    /// The step with which pictures take `wanted` bits on average.
    fn step(&self, wanted: f64) -> f64 {
        self.eased() * self.asked / (self.count * wanted)
    }

    fn add(&mut self, difficulty: f64) {
        self.asked += difficulty / self.eased();
        self.count += 1.0;
        self.difficulty = MEMORY * self.difficulty + difficulty;
        self.weights = MEMORY * self.weights + 1.0;
    }
}

/// A stream's rate control.
#[derive(Debug)]
pub(crate) struct RateControl {
    per_picture: f64,
    per_second: f64,
    /// Pictures from one keyframe to the next.
    gop_size: f64,
    keyframes: Demand,
    others: Demand,
    pictures: f64,
    spent: f64,
    /// The quantiser of the last picture, had it been no keyframe.
    last: Option<f64>,
    planned: u32,
}

impl RateControl {
    pub(crate) fn new(bit_rate: u64, frame_rate: Rational, pixels: u64, gop_size: u32) -> Self {
        let difficulty = FIRST_DIFFICULTY * pixels as f64;
        Self {
            per_picture: bit_rate as f64 / frame_rate.to_f64(),
            per_second: bit_rate as f64,
            gop_size: gop_size.into(),
            keyframes: Demand::guess(difficulty),
            others: Demand::guess(difficulty / KEYFRAME_BITS),
            pictures: 0.0,
            spent: 0.0,
            last: None,
            planned: 0,
        }
    }

    /// The quantiser of the next picture.
    pub(crate) fn plan(&mut self, is_keyframe: bool) -> u32 {
        // A keyframe takes as many bits as so many others.
        let ratio = KEYFRAME_FACTOR * self.keyframes.difficulty() / self.others.difficulty();
        let wanted = self.per_picture * self.gop_size / (self.gop_size - 1.0 + ratio);
        // Where all pictures are keyframes, nothing is known of the others.
        let step_of_others = if self.gop_size > 1.0 {
            self.others.step(wanted)
        } else {
            self.keyframes.step(self.per_picture) * KEYFRAME_FACTOR
        };
        let surplus = self.spent - self.pictures * self.per_picture;
        let seconds = surplus / (TOLERANCE * self.per_second);
        let mut qp = quantizer(step_of_others * libm::exp2(seconds.clamp(-2.0, 4.0)));
        if let Some(last) = self.last {
            qp = qp.clamp(last - MAX_CHANGE, last + MAX_CHANGE);
        }
        qp = qp.clamp(0.0, MAX_QP);
        self.last = Some(qp);
        if is_keyframe {
            qp -= quantizer(KEYFRAME_FACTOR) - quantizer(1.0);
        }
        self.planned = qp.clamp(0.0, MAX_QP).round() as u32;
        self.planned
    }

    /// Takes note of what the planned picture took.
    pub(crate) fn took(&mut self, bytes: usize, is_keyframe: bool) {
        let bits = 8.0 * bytes as f64;
        let difficulty = bits * step(self.planned.into());
        if is_keyframe {
            if self.pictures == 0.0 {
                // The first picture says more than a guess.
                self.keyframes = Demand::guess(difficulty);
                self.others = Demand::guess(difficulty / KEYFRAME_BITS);
            }
            self.keyframes.add(difficulty);
        } else {
            self.others.add(difficulty);
        }
        self.pictures += 1.0;
        self.spent += bits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits of a picture of some difficulty.
    fn bytes(difficulty: f64, qp: u32) -> usize {
        (difficulty / step(qp.into()) / 8.0) as usize
    }

    /// The bit rate of ten seconds at 25 pictures a second, of which each is as hard as told.
    fn rate_of(bit_rate: u64, gop_size: u32, difficulty: impl Fn(u32) -> f64) -> f64 {
        let rate = Rational::new(25, 1).unwrap();
        let mut control = RateControl::new(bit_rate, rate, 1280 * 720, gop_size);
        let mut sum = 0;
        for picture in 0..250 {
            let is_keyframe = picture % gop_size == 0;
            let qp = control.plan(is_keyframe);
            let kind = if is_keyframe && gop_size > 1 { 6.0 } else { 1.0 };
            let size = bytes(kind * difficulty(picture), qp);
            control.took(size, is_keyframe);
            sum += size;
        }
        8.0 * sum as f64 / 10.0
    }

    #[test]
    fn ten_seconds_are_within_five_percent() {
        let even = |_| 1e6;
        let cut = |picture| if picture < 120 { 2e5 } else { 1e6 };
        let waves = |picture: u32| 1e6 * (1.5 + f64::from(picture * picture % 7) / 7.0);
        for bit_rate in [500_000, 2_000_000, 8_000_000] {
            for gop_size in [1, 12, 125, 250] {
                for found in [
                    rate_of(bit_rate, gop_size, even),
                    rate_of(bit_rate, gop_size, cut),
                    rate_of(bit_rate, gop_size, waves),
                ] {
                    let ratio = found / bit_rate as f64;
                    assert!((0.95..1.05).contains(&ratio), "{bit_rate} {gop_size}: {ratio}");
                }
            }
        }
    }

    #[test]
    fn the_step_doubles_every_six() {
        assert!((step(30.0) / step(24.0) - 2.0).abs() < 1e-12);
        assert!((quantizer(step(17.0)) - 17.0).abs() < 1e-9);
    }
}
