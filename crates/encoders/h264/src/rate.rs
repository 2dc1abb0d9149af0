//! Rate control: which quantiser each picture gets so that the stream meets its bit rate.
//!
//! It is of the usual kind for one pass: the bits that the last pictures took times their
//! quantiser's step tell how hard the next one is, and what was spent too much or too little is made
//! up for within about a second. What a keyframe takes more than other pictures is planned, and counts
//! as if it were spent in equal parts until the next one. A picture that is much harder than was to
//! be expected is encoded again, now that this is known.

use reelwright_core::Rational;

/// How much of the earlier pictures' difficulty remains from one picture to the next.
const MEMORY: f64 = 0.5;
/// How far the quantiser follows the difficulty: 0 is a constant bit rate, 1 a constant quantiser.
const COMPRESSION: f64 = 0.6;
/// Seconds of surplus that double the quantiser's step.
const TOLERANCE: f64 = 0.5;
/// The most seconds that are made up for where too little was spent: a film after a still picture
/// shall not get all that the still picture did not take.
const MOST_DEFICIT: f64 = 1.0;
/// How much finer a keyframe is than the pictures that follow from it.
const KEYFRAME_FACTOR: f64 = 1.4;
/// How much more bits a keyframe takes at the same step, until it is known.
const KEYFRAME_BITS: f64 = 5.0;
/// The most seconds' bits that a keyframe may take, or pictures' where those are longer.
const MOST_OF_KEYFRAME: (f64, f64) = (2.0, 6.0);
/// The most that the quantiser changes from picture to picture.
const MAX_CHANGE: f64 = 8.0;
/// Pictures that a guess counts for, and seconds after which pictures count for little.
const PRIOR: f64 = 2.0;
const WINDOW: f64 = 10.0;
/// The difficulty of a first keyframe: bits times step for each pixel.
const FIRST_DIFFICULTY: f64 = 6.0;
/// How many times the bits that were planned are a surprise, where they are as many as this share of
/// a second's.
const SURPRISE: f64 = 3.0;
const LEAST_SURPRISE: f64 = 0.25;
const MAX_QP: f64 = 51.0;

/// The step of a quantiser (H.264 §8.5.9: it doubles every 6).
pub(crate) fn step(qp: f64) -> f64 {
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
    /// Bits that pictures would have taken with a step as the difficulty alone has it, and how many
    /// pictures those are; both fade.
    asked: f64,
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

    /// Adds a picture; of what was before, so much stays in the sums.
    fn add(&mut self, difficulty: f64, stays: f64) {
        self.asked = stays * self.asked + difficulty / self.eased();
        self.count = stays * self.count + 1.0;
        self.difficulty = MEMORY * self.difficulty + difficulty;
        self.weights = MEMORY * self.weights + 1.0;
    }
}

/// A stream's rate control.
#[derive(Debug)]
pub(crate) struct RateControl {
    /// Bits of a picture that is shown as long as the frame rate has it.
    per_picture: f64,
    per_second: f64,
    /// The most pictures from one keyframe to the next.
    gop_size: f64,
    /// How many they are where there are cuts.
    gop: f64,
    keyframes: Demand,
    others: Demand,
    is_first: bool,
    since_keyframe: f64,
    /// How many times as long as the frame rate has it pictures are shown.
    interval: f64,
    /// Bits that were spent beyond those that time brought.
    surplus: f64,
    /// What keyframes took more than others, as far as it is not in `surplus` yet.
    excess: f64,
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

    /// Bits for a picture that is no keyframe; of a keyframe where there is nothing else.
    fn wanted(&self) -> f64 {
        let budget = self.per_picture * self.interval;
        if self.gop_size <= 1.0 {
            return budget;
        }
        // A keyframe takes as many bits as so many others.
        let ratio = KEYFRAME_FACTOR * self.keyframes.difficulty() / self.others.difficulty();
        let wanted = budget * self.gop / (self.gop - 1.0 + ratio);
        let most = self.most_of_keyframe();
        if wanted * ratio > most { (budget * self.gop - most) / (self.gop - 1.0) } else { wanted }
    }

    /// The most bits of a keyframe.
    fn most_of_keyframe(&self) -> f64 {
        let budget = self.per_picture * self.interval;
        (MOST_OF_KEYFRAME.0 * self.per_second).max(MOST_OF_KEYFRAME.1 * budget)
    }

    /// The quantiser of the next picture.
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

    /// Bits times step of the planned picture.
    fn difficulty(&self, bytes: usize) -> f64 {
        8.0 * bytes as f64 * step(self.planned.into())
    }

    /// Whether the planned picture took so much more than was to be expected that it is planned and
    /// encoded again.
    pub(crate) fn is_surprised(&mut self, bytes: usize, is_keyframe: bool) -> bool {
        let bits = 8.0 * bytes as f64;
        let difficulty = self.difficulty(bytes);
        let demand = if is_keyframe { &self.keyframes } else { &self.others };
        let is_surprise = difficulty > SURPRISE * demand.difficulty()
            && bits > LEAST_SURPRISE * self.per_second
            && f64::from(self.planned) < MAX_QP;
        if is_surprise && is_keyframe {
            self.learn(difficulty);
        } else if is_surprise {
            self.others = Demand::guess(difficulty);
            self.last = None;
        }
        is_surprise
    }

    /// The planned picture begins something new: it becomes a keyframe, and is planned again.
    pub(crate) fn cut(&mut self, bytes: usize) {
        self.learn(self.difficulty(bytes));
    }

    /// A keyframe is as difficult as this, whatever was before.
    fn learn(&mut self, difficulty: f64) {
        self.keyframes = Demand::guess(difficulty);
        if self.others.difficulty() < difficulty / KEYFRAME_BITS || self.is_first {
            self.others = Demand::guess(difficulty / KEYFRAME_BITS);
        }
        self.last = None;
    }

    /// Takes note of what the planned picture took, `interval` pictures of the frame rate after the
    /// one before.
    pub(crate) fn took(&mut self, bytes: usize, is_keyframe: bool, interval: f64) {
        let second = self.per_second / self.per_picture;
        let interval = interval.clamp(0.0, second.max(1.0));
        self.interval += (interval - self.interval) / 8.0;
        let mut bits = 8.0 * bytes as f64;
        let difficulty = self.difficulty(bytes).max(1.0);
        if is_keyframe {
            if self.is_first {
                // The first picture says more than a guess.
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
        self.surplus += bits + share - self.per_picture * interval;
        self.surplus = self.surplus.max(-MOST_DEFICIT * self.per_second);
    }
}
