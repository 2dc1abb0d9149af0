//! Rate control: chooses the noise offset that meets the bit budget.

use reelwright_psychoacoustics::next_offset;

use crate::config::{Config, RateControl};
use crate::element::Element;
use crate::stream::Tools;

/// Largest noise offset, in dB: nothing is coded any more.
const COARSEST: f32 = 250.0;
/// Smallest noise offset, in dB: finer, noise is not worth its bits.
const FINEST: f32 = -40.0;
/// Bits of a channel that a decoder has room for (ISO/IEC 14496-3 §4.5.3.1).
const DECODER_BITS: u32 = 6144;
/// Noise offset in dB for a debt of one frame, and the part of a debt that a frame repays.
const DEBT_WEIGHT: f64 = 0.1;
const REPAID: f64 = 0.015;
/// What is in a frame beside its elements: the end, and bits to fill the last byte.
const FRAME_BITS: u32 = 3 + 7;
/// Frames for which the noise offset is searched, as nothing is known of the stream, and the part
/// of the bit reservoir that each of them may use.
const STARTING: u32 = 4;
const STARTING_SHARE: f64 = 0.5;
/// Such a frame is at most so many dB finer than those that follow.
const STARTING_GAIN: f32 = 6.0;
/// Frames of silence that make it finer still, by a dB each.
const STARTING_SAVED: u32 = 20;
/// A frame that takes less than this part of the mean bits at its finest says nothing, and is as
/// fine.
const SILENT: f64 = 0.25;

/// Rate control of a stream.
pub(crate) struct RateLoop {
    control: RateControl,
    /// Noise offset that suits the stream so far, in dB.
    usual: f32,
    /// Bits that a frame has on average, where a rate is asked for.
    mean: f64,
    /// The most bits that a frame can have.
    most: u32,
    /// Average: bits spent beyond what the frames so far should have. Constant: the bits that the
    /// decoder still waits for, of the most it has room for.
    debt: f64,
    /// Frames that were coded.
    frames: f64,
    /// Those of them at the start that were not silent.
    started: u32,
}

/// What the rate loop made of a frame.
pub(crate) struct Spent {
    /// Bits of all elements.
    pub(crate) bits: u32,
    /// Bytes that the frame must have at the least.
    pub(crate) least_bytes: usize,
}

impl RateLoop {
    pub(crate) fn new(config: &Config) -> Self {
        let per_frame = |bit_rate: u64| bit_rate as f64 * 1024.0 / f64::from(config.rate.hz);
        let (usual, mean) = match config.control {
            RateControl::Variable { quality } => (QUALITIES[usize::from(quality)], 0.0),
            RateControl::Average { bit_rate } | RateControl::Constant { bit_rate } => {
                // A bit of a sample is about 6 dB.
                let bits = bit_rate as f64 / f64::from(config.rate.hz) / config.channels as f64;
                ((6.0 * (1.8 - bits)) as f32, per_frame(bit_rate))
            }
        };
        let most = DECODER_BITS * config.channels as u32;
        // There is a frame more than samples fill.
        let debt =
            if matches!(config.control, RateControl::Average { .. }) { 0.7 * mean } else { 0.0 };
        Self { control: config.control, usual, mean, most, debt, frames: 0.0, started: 0 }
    }

    /// Codes a frame.
    pub(crate) fn code(&mut self, tools: &Tools, elements: &mut [Element]) -> Spent {
        let most = self.most - FRAME_BITS;
        let starting = self.start(tools, elements);
        match self.control {
            RateControl::Variable { .. } => {
                Spent { bits: code_within(tools, elements, self.usual, most), least_bytes: 0 }
            }
            RateControl::Average { .. } => {
                let debt = (self.debt / self.mean).clamp(-60.0, 60.0);
                let weight = DEBT_WEIGHT + 2.0 / (4.0 + self.frames);
                let offset = (f64::from(self.usual) + weight * debt) as f32;
                let offset = starting.unwrap_or(offset);
                let bits = code_within(tools, elements, offset.clamp(FINEST, 60.0), most);
                let wanted = 1.0 - (REPAID * debt).clamp(-0.25, 0.25);
                if starting.is_none() {
                    self.adapt(f64::from(bits + FRAME_BITS) / self.mean - wanted);
                }
                Spent { bits, least_bytes: 0 }
            }
            RateControl::Constant { .. } => {
                // The decoder's buffer is full at first; a frame takes its bits out at once.
                let room = f64::from(self.most);
                let available = room - self.debt;
                let most = (available * 0.9).min(available - 8.0).max(0.0) as u32;
                let most = most.min(self.most) - FRAME_BITS.min(most);
                // Towards a buffer that leaves room both ways.
                let wanted = self.mean + REPAID * (0.4 * room - self.debt);
                let offset = starting.unwrap_or(self.usual);
                let bits = code_within(tools, elements, offset, most);
                let error = (f64::from(bits + FRAME_BITS) - wanted) / self.mean;
                if starting.is_none() {
                    self.adapt(error);
                }
                // What comes in while the buffer is full would be lost.
                let least = self.mean - self.debt;
                Spent { bits, least_bytes: (least.max(0.0) / 8.0).ceil() as usize }
            }
        }
    }

    /// Finds the noise offset of the next frame at the start of a stream: the one that suits the bit
    /// rate, and smaller while the bit reservoir is full. Returns `None` later.
    fn start(&mut self, tools: &Tools, elements: &mut [Element]) -> Option<f32> {
        if self.started >= STARTING || matches!(self.control, RateControl::Variable { .. }) {
            return None;
        }
        let room = self.mean - f64::from(FRAME_BITS);
        if f64::from(code_all(tools, elements, FINEST)) < SILENT * room {
            return Some(FINEST);
        }
        self.started += 1;
        self.frames = f64::from(self.started);
        self.usual = offset_for(tools, elements, room);
        // After silence there is more to spend.
        let saved = (-self.debt / self.mean).clamp(0.0, f64::from(STARTING_SAVED));
        let share = if saved > 1.0 { 1.0 } else { STARTING_SHARE };
        let reservoir = (f64::from(self.most) - self.mean - self.debt.max(0.0)).max(0.0);
        let finest = offset_for(tools, elements, room + share * reservoir);
        Some(finest.max(self.usual - STARTING_GAIN * (1.0 + saved as f32)).min(self.usual))
    }

    fn adapt(&mut self, error: f64) {
        // Fast at first, when nothing is known of the stream.
        let pace = 1.0 + 16.0 / (2.0 + self.frames);
        let step = (2.0 * pace * error).clamp(-pace, pace);
        self.usual = (self.usual + step as f32).clamp(FINEST, 60.0);
        self.frames += 1.0;
    }

    /// Tells how many bytes a frame came to.
    pub(crate) fn spend(&mut self, bytes: usize) {
        self.debt += 8.0 * bytes as f64 - self.mean;
        if matches!(self.control, RateControl::Constant { .. }) {
            self.debt = self.debt.max(0.0);
        }
    }
}

/// Noise offset of each quality, in dB.
const QUALITIES: [f32; 11] = [12.0, 7.0, 3.0, 0.0, -2.0, -4.5, -6.5, -9.0, -12.0, -15.0, -19.0];

/// Returns the smallest noise offset at which a frame takes at most so many bits, in dB.
fn offset_for(tools: &Tools, elements: &mut [Element], most: f64) -> f32 {
    let (mut fine, mut coarse) = (FINEST, 60.0);
    while coarse - fine > 0.5 {
        let middle = 0.5 * (fine + coarse);
        if f64::from(code_all(tools, elements, middle)) > most {
            fine = middle;
        } else {
            coarse = middle;
        }
    }
    coarse
}

fn code_all(tools: &Tools, elements: &mut [Element], db: f32) -> u32 {
    elements.iter_mut().map(|element| element.code(tools, db)).sum()
}

/// Codes at a noise offset in dB, or a larger one if the bits would be more than `most`. Returns
/// the bits.
fn code_within(tools: &Tools, elements: &mut [Element], db: f32, most: u32) -> u32 {
    let (mut fine, mut coarse) = (FINEST.min(db), COARSEST);
    let mut db = db;
    let mut bits = code_all(tools, elements, db);
    if bits <= most {
        return bits;
    }
    for _ in 0..12 {
        if bits > most {
            fine = fine.max(db);
        } else {
            coarse = coarse.min(db);
            if bits >= most - most / 16 {
                return bits;
            }
        }
        db = next_offset(db, bits, most - most / 32, fine, coarse);
        if coarse - fine < 0.1 {
            break;
        }
        bits = code_all(tools, elements, db);
    }
    // The same noise offset may come to other bits from another start.
    let mut step = 0.5;
    while bits > most && db < COARSEST {
        db = (db + step).min(COARSEST);
        bits = code_all(tools, elements, db);
        step *= 2.0;
    }
    bits
}
