//! Rate control: chooses the noise offset that meets the bit budget.

use reelwright_psychoacoustics::next_offset;

use crate::config::{Config, Effort, RateControl};
use crate::granule::{Coded, Granule, NoiseOffset, Tools};

/// Largest noise offset, in dB: the encoder codes nothing.
const COARSEST: f32 = 200.0;
/// Smallest noise offset, in dB: less noise is not worth the bits.
const FINEST: f32 = -26.0;

/// Number of frames at the start that search their noise offset, because the rate loop has no
/// history yet.
const STARTING: u32 = 4;
/// Divisor of the budget below which a frame at its finest counts as silent.
const SILENT: u32 = 4;

/// Granules of a frame, by granule and channel.
pub(crate) type Granules = Vec<Vec<Granule>>;

/// Rate control of a stream.
pub(crate) struct RateLoop {
    effort: Effort,
    /// Noise offset that suits the stream so far, in dB.
    usual: f32,
    /// Average: bits spent above the target so far.
    debt: f64,
    /// Number of frames at the start that were not silent.
    started: u32,
}

/// Numbers of bits for the main data of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Minimum; the frame needs stuffing below it.
    pub(crate) least: u32,
    /// Bits that fit into the frame itself.
    pub(crate) mean: u32,
    pub(crate) most: u32,
    /// Available bits of earlier frames, and their maximum.
    pub(crate) reservoir: u32,
    pub(crate) max_reservoir: u32,
}

impl RateLoop {
    pub(crate) fn new(config: &Config) -> Self {
        let usual = match config.control {
            RateControl::Variable { quality } => offset_of_quality(quality),
            _ => 3.0,
        };
        Self { effort: config.effort, usual, debt: 0.0, started: 0 }
    }

    /// Codes a frame at a constant bit rate.
    pub(crate) fn constant(
        &mut self,
        tools: &Tools,
        granules: &mut Granules,
        coded: &mut [Vec<Coded>],
        budget: Budget,
    ) {
        let mut attempts = Attempts { tools, granules, coded, effort: self.effort };
        if self.started < STARTING && attempts.bits(FINEST) >= budget.mean / SILENT {
            self.started += 1;
            let demand = attempts.bits(self.usual);
            // After silence the reservoir is full.
            let saved = budget.reservoir.saturating_sub(budget.max_reservoir * 3 / 8);
            let most = (budget.mean + saved).min(budget.most);
            let least = (most - most / 8).max(budget.least.min(most));
            self.usual = attempts.search(self.usual, demand, least, most);
            return;
        }
        // One frame may not use the whole reservoir.
        let most = (budget.mean + budget.reservoir * 4 / 5).min(budget.most);
        let demand = attempts.bits(self.usual);
        if demand > most || demand < budget.least {
            attempts.search(self.usual, demand, budget.least.min(most), most);
        }
        // Aims at a reservoir that is a little more than half full.
        let wanted = f64::from(budget.mean)
            + (f64::from(budget.reservoir) - 0.6 * f64::from(budget.max_reservoir)) * 0.1;
        let error = (f64::from(demand) - wanted) / f64::from(budget.mean.max(1));
        self.usual = (self.usual + (6.0 * error).clamp(-1.5, 1.5) as f32).clamp(FINEST, 60.0);
    }

    /// Codes a frame at a constant quality. The limit of `most` bits rarely applies.
    pub(crate) fn variable(
        &mut self,
        tools: &Tools,
        granules: &mut Granules,
        coded: &mut [Vec<Coded>],
        most: u32,
    ) -> u32 {
        let mut attempts = Attempts { tools, granules, coded, effort: self.effort };
        let bits = attempts.bits(self.usual);
        if bits > most {
            attempts.search(self.usual, bits, most * 9 / 10, most);
        }
        attempts.coded_bits()
    }

    /// Codes a frame at an average of `mean` bits.
    pub(crate) fn average(
        &mut self,
        tools: &Tools,
        granules: &mut Granules,
        coded: &mut [Vec<Coded>],
        mean: u32,
        most: u32,
    ) -> u32 {
        let mut attempts = Attempts { tools, granules, coded, effort: self.effort };
        if self.started < STARTING && attempts.bits(FINEST) >= mean / SILENT {
            self.started += 1;
            let demand = attempts.bits(self.usual);
            let room = mean.min(most);
            self.usual = attempts.search(self.usual, demand, room - room / 8, room);
            return attempts.coded_bits();
        }
        let mean = f64::from(mean.max(1));
        let debt = (self.debt / mean).clamp(-60.0, 60.0);
        let offset = (f64::from(self.usual) + 0.1 * debt) as f32;
        let demand = attempts.bits(offset);
        if demand > most {
            attempts.search(offset, demand, most * 9 / 10, most);
        }
        let error = (f64::from(demand) - mean) / mean;
        self.usual = (self.usual + (2.0 * error).clamp(-1.0, 1.0) as f32).clamp(FINEST, 60.0);
        attempts.coded_bits()
    }

    /// Records the number of bits that a frame took above the mean.
    pub(crate) fn spend(&mut self, beyond: f64) {
        self.debt += beyond;
    }
}

/// Noise offset of each whole quality, and a value beyond 9 for interpolation.
const QUALITIES: [f32; 11] = [-7.0, -5.0, -2.4, -1.0, 0.8, 4.7, 7.3, 10.5, 12.2, 14.5, 17.5];

fn offset_of_quality(quality: f32) -> f32 {
    let whole = quality as usize;
    let (better, worse) = (QUALITIES[whole], QUALITIES[whole + 1]);
    better + (worse - better) * (quality - whole as f32)
}

/// Coding attempts for one frame.
struct Attempts<'a> {
    tools: &'a Tools,
    granules: &'a mut Granules,
    coded: &'a mut [Vec<Coded>],
    effort: Effort,
}

impl Attempts<'_> {
    /// Codes all granules. Returns the number of bits.
    fn bits(&mut self, db: f32) -> u32 {
        let mut bits = 0;
        for (granules, coded) in self.granules.iter_mut().zip(self.coded.iter_mut()) {
            for (granule, coded) in granules.iter_mut().zip(coded) {
                bits += granule.code(self.tools, NoiseOffset { db }, self.effort, coded);
            }
        }
        bits
    }

    /// Searches a noise offset with `least` to `most` bits, or just below. `bits` is the result at
    /// `db`.
    fn search(&mut self, db: f32, bits: u32, least: u32, most: u32) -> f32 {
        let goal = most - most / 64;
        let (mut fine, mut coarse) = (FINEST, COARSEST);
        let (mut db, mut bits) = (db, bits);
        let mut fitting = None;
        for _ in 0..10 {
            if bits > most {
                fine = fine.max(db);
            } else {
                coarse = coarse.min(db);
                fitting = Some(db);
                if bits >= least.max(most - most / 32) || db <= FINEST {
                    return db;
                }
            }
            let next = next_offset(db, bits, goal, fine, coarse);
            if (next - db).abs() < 0.02 {
                break;
            }
            db = next;
            bits = self.bits(db);
        }
        // The search's starting point affects the bits at a noise offset, so the result may still
        // be too large.
        let (mut db, mut step) = (fitting.unwrap_or(db), 0.5);
        while bits > most {
            bits = self.bits(db);
            db += step;
            step *= 1.5;
        }
        db.clamp(FINEST, 60.0)
    }

    /// Returns the number of bits of the last coding.
    fn coded_bits(&self) -> u32 {
        self.coded.iter().flatten().map(Coded::bits).sum()
    }
}
