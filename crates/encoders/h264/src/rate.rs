//! Rate control: chooses the quantizer of each frame to meet the bit rate.
//!
//! This is one-pass rate control. The difficulty of a frame is its number of bits times its
//! quantizer step; past frames predict the next one. Deviations from the bit rate are compensated
//! within about a second. The extra bits of a keyframe are planned and spread over the frames until
//! the next one. A frame that is much harder than predicted is encoded again with its measured
//! difficulty.

use reelwright_core::Rational;

/// Part of the earlier difficulty that remains in the average after each frame.
const MEMORY: f64 = 0.5;
/// Part of the difficulty that the quantizer follows: 0 is a constant bit rate, 1 a constant
/// quantizer.
const COMPRESSION: f64 = 0.6;
/// Surplus in seconds that doubles the quantizer step.
const TOLERANCE: f64 = 0.5;
/// Maximum number of unspent seconds to compensate. Otherwise a moving shot after a still one would
/// get all bits that the still one did not need.
const MOST_DEFICIT: f64 = 1.0;
/// Ratio of the quantizer steps of other frames and keyframes.
const KEYFRAME_FACTOR: f64 = 1.4;
/// Initial ratio of bits of keyframes and other frames at the same step.
const KEYFRAME_BITS: f64 = 5.0;
/// Maximum size of a keyframe in seconds, or in frames if those are longer.
const MOST_OF_KEYFRAME: (f64, f64) = (2.0, 6.0);
/// Maximum change of the quantizer between frames.
const MAX_CHANGE: f64 = 8.0;
/// Number of frames that an initial guess counts for, and the time constant of averages in seconds.
const PRIOR: f64 = 2.0;
const WINDOW: f64 = 10.0;
/// Initial difficulty of a keyframe: bits times step for each pixel.
const FIRST_DIFFICULTY: f64 = 6.0;
/// Ratio of difficulty to prediction at which a frame is encoded again, if its bits are at least
/// this part of a second's.
const SECOND_PASS_RATIO: f64 = 3.0;
const SECOND_PASS_SECONDS: f64 = 0.25;
const MAX_QP: f64 = 51.0;

/// Returns the step of a quantizer, which doubles every 6 (H.264 §8.5.9).
pub(crate) fn step(qp: f64) -> f64 {
    0.625 * libm::exp2(qp / 6.0)
}

fn quantizer(step: f64) -> f64 {
    6.0 * libm::log2(step / 0.625)
}

/// Demand for bits of one kind of frames, as sums over past ones.
#[derive(Debug)]
struct Demand {
    /// Weighted sum of the difficulty of past frames, and of the weights.
    difficulty: f64,
    weights: f64,
    /// Decayed sums of the bits of past frames at the step that the difficulty alone gives, and of
    /// their number.
    asked: f64,
    count: f64,
}

impl Demand {
    /// Starts with a guess of the difficulty.
    fn guess(difficulty: f64) -> Self {
        let asked = PRIOR * libm::pow(difficulty, COMPRESSION);
        Self { difficulty, weights: 1.0, asked, count: PRIOR }
    }

    fn difficulty(&self) -> f64 {
        self.difficulty / self.weights
    }

    /// Returns the step that the difficulty alone gives.
    fn eased(&self) -> f64 {
        libm::pow(self.difficulty(), 1.0 - COMPRESSION)
    }

    /// Returns the step at which frames take `wanted` bits on average.
    fn step(&self, wanted: f64) -> f64 {
        self.eased() * self.asked / (self.count * wanted)
    }

    /// Adds a frame. `stays` is the weight of the past sums.
    fn add(&mut self, difficulty: f64, stays: f64) {
        self.asked = stays * self.asked + difficulty / self.eased();
        self.count = stays * self.count + 1.0;
        self.difficulty = MEMORY * self.difficulty + difficulty;
        self.weights = MEMORY * self.weights + 1.0;
    }
}

/// Rate control of a stream.
#[derive(Debug)]
pub(crate) struct RateControl {
    /// Bits of a frame with the nominal duration.
    per_frame: f64,
    per_second: f64,
    /// Maximum number of frames between keyframes.
    gop_size: f64,
    /// Measured number of frames between keyframes, which cuts reduce.
    gop: f64,
    keyframes: Demand,
    others: Demand,
    is_first: bool,
    since_keyframe: f64,
    /// Average duration of frames relative to the nominal one.
    interval: f64,
    /// Bits spent above the bit rate so far.
    surplus: f64,
    /// Extra bits of keyframes that are not in `surplus` yet.
    excess: f64,
    /// Quantizer of the last frame, without the reduction for a keyframe.
    last: Option<f64>,
    planned: u32,
}

impl RateControl {
    pub(crate) fn new(bit_rate: u64, frame_rate: Rational, pixels: u64, gop_size: u32) -> Self {
        let difficulty = FIRST_DIFFICULTY * pixels as f64;
        Self {
            per_frame: bit_rate as f64 / frame_rate.to_f64(),
            per_second: bit_rate as f64,
            gop_size: gop_size.into(),
            gop: gop_size.into(),
            keyframes: Demand::guess(difficulty),
            others: Demand::guess(difficulty / KEYFRAME_BITS),
            is_first: true,
            since_keyframe: 0.0,
            interval: 1.0,
            surplus: 0.0,
            excess: 0.0,
            last: None,
            planned: 0,
        }
    }

    /// Bits for a frame that is not a keyframe, or for any frame if all are keyframes.
    fn wanted(&self) -> f64 {
        let budget = self.per_frame * self.interval;
        if self.gop_size <= 1.0 {
            return budget;
        }
        // Ratio of bits of a keyframe and of another frame.
        let ratio = KEYFRAME_FACTOR * self.keyframes.difficulty() / self.others.difficulty();
        let wanted = budget * self.gop / (self.gop - 1.0 + ratio);
        let most = self.most_of_keyframe();
        if wanted * ratio > most { (budget * self.gop - most) / (self.gop - 1.0) } else { wanted }
    }

    /// Maximum number of bits of a keyframe.
    fn most_of_keyframe(&self) -> f64 {
        let budget = self.per_frame * self.interval;
        (MOST_OF_KEYFRAME.0 * self.per_second).max(MOST_OF_KEYFRAME.1 * budget)
    }

    /// Chooses the quantizer of the next frame.
    pub(crate) fn plan(&mut self, is_keyframe: bool) -> u32 {
        let seconds = (self.surplus / (TOLERANCE * self.per_second)).clamp(-2.0, 4.0);
        let demand = if self.gop_size > 1.0 { &self.others } else { &self.keyframes };
        let mut qp = quantizer(demand.step(self.wanted()) * libm::exp2(seconds));
        if let Some(last) = self.last {
            qp = qp.clamp(last - MAX_CHANGE, last + MAX_CHANGE);
        }
        if is_keyframe && self.gop_size > 1.0 {
            let finer = quantizer(KEYFRAME_FACTOR) - quantizer(1.0);
            let least = quantizer(self.keyframes.difficulty() / self.most_of_keyframe());
            qp = qp.clamp(0.0, MAX_QP + finer);
            self.last = Some(qp.min(MAX_QP));
            qp = (qp - finer).max(least);
        } else {
            qp = qp.clamp(0.0, MAX_QP);
            self.last = Some(qp);
        }
        self.planned = qp.clamp(0.0, MAX_QP).round() as u32;
        self.planned
    }

    /// Returns the difficulty of the planned frame: bits times step.
    fn difficulty(&self, bytes: usize) -> f64 {
        8.0 * bytes as f64 * step(self.planned.into())
    }

    /// Returns whether the planned frame was so much harder than predicted that it must be planned
    /// and encoded again.
    pub(crate) fn needs_second_pass(&mut self, bytes: usize, is_keyframe: bool) -> bool {
        let bits = 8.0 * bytes as f64;
        let difficulty = self.difficulty(bytes);
        let demand = if is_keyframe { &self.keyframes } else { &self.others };
        let is_second_pass = difficulty > SECOND_PASS_RATIO * demand.difficulty()
            && bits > SECOND_PASS_SECONDS * self.per_second
            && f64::from(self.planned) < MAX_QP;
        if is_second_pass && is_keyframe {
            self.learn(difficulty);
        } else if is_second_pass {
            self.others = Demand::guess(difficulty);
            self.last = None;
        }
        is_second_pass
    }

    /// Makes the planned frame a keyframe after a scene cut. The caller plans it again.
    pub(crate) fn cut(&mut self, bytes: usize) {
        self.learn(self.difficulty(bytes));
    }

    /// Sets the difficulty of keyframes and discards their history.
    fn learn(&mut self, difficulty: f64) {
        self.keyframes = Demand::guess(difficulty);
        if self.others.difficulty() < difficulty / KEYFRAME_BITS || self.is_first {
            self.others = Demand::guess(difficulty / KEYFRAME_BITS);
        }
        self.last = None;
    }

    /// Adds the planned frame. `interval` is its distance from the previous one in nominal frames.
    pub(crate) fn update(&mut self, bytes: usize, is_keyframe: bool, interval: f64) {
        let second = self.per_second / self.per_frame;
        let interval = interval.clamp(0.0, second.max(1.0));
        self.interval += (interval - self.interval) / 8.0;
        let mut bits = 8.0 * bytes as f64;
        let difficulty = self.difficulty(bytes).max(1.0);
        if is_keyframe {
            if self.is_first {
                // The first frame is more reliable than a guess.
                self.learn(difficulty);
            } else {
                self.gop += (self.since_keyframe - self.gop) / 2.0;
            }
            self.since_keyframe = 0.0;
            self.keyframes.add(difficulty, MEMORY);
            let excess = (bits - self.wanted()).max(0.0);
            self.excess += excess;
            bits -= excess;
        } else {
            self.others.add(difficulty, 1.0 - 1.0 / (WINDOW * second).max(4.0));
        }
        self.is_first = false;
        let share = self.excess / (self.gop - self.since_keyframe).max(1.0);
        self.since_keyframe += 1.0;
        self.excess -= share;
        self.surplus += bits + share - self.per_frame * interval;
        self.surplus = self.surplus.max(-MOST_DEFICIT * self.per_second);
    }
}
