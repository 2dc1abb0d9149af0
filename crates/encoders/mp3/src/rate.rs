//! Rate control: chooses the noise offset that meets the bit budget.

use reelwright_psychoacoustics::next_offset;

use crate::config::{Config, Effort, RateControl};
use crate::granule::{Coded, Granule, NoiseOffset, Tools};

/// Largest noise offset, in dB: nothing is coded any more.
const COARSEST: f32 = 200.0;
/// Smallest noise offset, in dB: finer, noise is not worth its bits.
const FINEST: f32 = -26.0;

/// Frames for which the noise offset is searched, as nothing is known of the stream.
const STARTING: u32 = 4;
/// A frame that takes less than this part of its room at its finest says nothing.
const SILENT: u32 = 4;

/// A frame's granules, by granule and channel.
pub(crate) type Granules = Vec<Vec<Granule>>;

/// Rate control of a stream.
pub(crate) struct RateLoop {
    effort: Effort,
    /// Noise offset that suits the stream so far, in dB.
    usual: f32,
    /// Average: bits spent beyond what the frames so far should have.
    debt: f64,
    /// The frames at the start that were not silent.
    started: u32,
}

/// The bits that a frame can have, main data alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Fewer would be filled up with nothing.
    pub(crate) least: u32,
    /// What the frame's own room holds.
    pub(crate) mean: u32,
    pub(crate) most: u32,
    /// Bits of earlier frames, and the most there could be.
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
        // Not all of the reservoir goes to one frame.
        let most = (budget.mean + budget.reservoir * 4 / 5).min(budget.most);
        let demand = attempts.bits(self.usual);
        if demand > most || demand < budget.least {
            attempts.search(self.usual, demand, budget.least.min(most), most);
        }
        // Towards a reservoir that is more full than empty.
        let wanted = f64::from(budget.mean)
            + (f64::from(budget.reservoir) - 0.6 * f64::from(budget.max_reservoir)) * 0.1;
        let error = (f64::from(demand) - wanted) / f64::from(budget.mean.max(1));
        self.usual = (self.usual + (6.0 * error).clamp(-1.5, 1.5) as f32).clamp(FINEST, 60.0);
    }

    /// Codes a frame at a constant quality; `most` bits are a limit that is hardly ever met.
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

    /// Codes a frame where `mean` bits are to be the average.
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

    /// Tells how many bits a frame cost beyond the mean.
    pub(crate) fn spend(&mut self, beyond: f64) {
        self.debt += beyond;
    }
}

/// Noise offset of each whole quality, and what would be beyond the last.
const QUALITIES: [f32; 11] = [-7.0, -5.0, -2.4, -1.0, 0.8, 4.7, 7.3, 10.5, 12.2, 14.5, 17.5];

fn offset_of_quality(quality: f32) -> f32 {
    let whole = quality as usize;
    let (better, worse) = (QUALITIES[whole], QUALITIES[whole + 1]);
    better + (worse - better) * (quality - whole as f32)
}

/// Attempts at one frame.
struct Attempts<'a> {
    tools: &'a Tools,
    granules: &'a mut Granules,
    coded: &'a mut [Vec<Coded>],
    effort: Effort,
}

impl Attempts<'_> {
    /// Codes all granules; their bits.
    fn bits(&mut self, db: f32) -> u32 {
        let mut bits = 0;
        for (granules, coded) in self.granules.iter_mut().zip(self.coded.iter_mut()) {
            for (granule, coded) in granules.iter_mut().zip(coded) {
                bits += granule.code(self.tools, NoiseOffset { db }, self.effort, coded);
            }
        }
        bits
    }

    /// Searches a noise offset with bits from `least` to `most`, or close below it, after `db` took
    /// `bits`. Returns it.
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
        // The same noise offset may come to other bits from another start.
        let (mut db, mut step) = (fitting.unwrap_or(db), 0.5);
        while bits > most {
            bits = self.bits(db);
            db += step;
            step *= 1.5;
        }
        db.clamp(FINEST, 60.0)
    }

    /// The bits of what was coded last.
    fn coded_bits(&self) -> u32 {
        self.coded.iter().flatten().map(Coded::bits).sum()
    }
}
