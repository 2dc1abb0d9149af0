//! Rate control: chooses the noise offset that meets the bit budget.

use reelwright_psychoacoustics::next_offset;

use crate::config::{Config, RateControl};
use crate::element::Element;
use crate::stream::Tools;

/// Largest noise offset, in dB: the encoder codes nothing.
const COARSEST: f32 = 250.0;
/// Smallest noise offset, in dB: less noise is not worth the bits.
const FINEST: f32 = -40.0;
/// Size of a decoder's buffer in bits per channel (ISO/IEC 14496-3 §4.5.3.1).
const DECODER_BITS: u32 = 6144;
/// Noise offset in dB for a debt of one frame, and the part of the debt that each frame repays.
const DEBT_WEIGHT: f64 = 0.1;
const REPAID: f64 = 0.015;
/// Bits of a frame outside its elements: ID_END and alignment.
const FRAME_BITS: u32 = 3 + 7;
/// Number of frames at the start that search their noise offset, because the rate loop has no
/// history yet; and the part of the bit reservoir that each may use.
const STARTING: u32 = 4;
const STARTING_SHARE: f64 = 0.5;
/// Maximum number of dB by which such a frame is finer than those after it.
const STARTING_GAIN: f32 = 6.0;
/// Maximum gain of silence before the start, in frames; each makes the start finer by 1 dB.
const STARTING_SAVED: u32 = 20;
/// Part of the mean bits below which a frame at its finest counts as silent. The rate loop does not
/// learn from silent frames.
const SILENT: f64 = 0.25;

/// Rate control of a stream.
pub(crate) struct RateLoop {
    control: RateControl,
    /// Noise offset that suits the stream so far, in dB.
    usual: f32,
    /// Mean number of bits per frame, if the mode has a bit rate.
    mean: f64,
    /// Maximum number of bits in a frame.
    most: u32,
    /// Average: bits spent above the target so far. Constant: free bits in the decoder's buffer.
    debt: f64,
    /// Number of coded frames.
    frames: f64,
    /// Number of frames at the start that were not silent.
    started: u32,
}

/// Result of the rate loop for a frame.
pub(crate) struct Spent {
    /// Bits of all elements.
    pub(crate) bits: u32,
    /// Minimum number of bytes in the frame.
    pub(crate) least_bytes: usize,
}

impl RateLoop {
    pub(crate) fn new(config: &Config) -> Self {
        let per_frame = |bit_rate: u64| bit_rate as f64 * 1024.0 / f64::from(config.rate.hz);
        let (usual, mean) = match config.control {
            RateControl::Variable { quality } => (QUALITIES[usize::from(quality)], 0.0),
            RateControl::Average { bit_rate } | RateControl::Constant { bit_rate } => {
                // One bit per sample is about 6 dB.
                let bits = bit_rate as f64 / f64::from(config.rate.hz) / config.channels as f64;
                ((6.0 * (1.8 - bits)) as f32, per_frame(bit_rate))
            }
        };
        let most = DECODER_BITS * config.channels as u32;
        // The stream has one frame more than the samples fill.
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
                // The decoder's buffer is full at first. A frame removes its bits immediately.
                let room = f64::from(self.most);
                let available = room - self.debt;
                let most = (available * 0.9).min(available - 8.0).max(0.0) as u32;
                let most = most.min(self.most) - FRAME_BITS.min(most);
                // Aims at a buffer that can both fill and drain.
                let wanted = self.mean + REPAID * (0.4 * room - self.debt);
                let offset = starting.unwrap_or(self.usual);
                let bits = code_within(tools, elements, offset, most);
                let error = (f64::from(bits + FRAME_BITS) - wanted) / self.mean;
                if starting.is_none() {
                    self.adapt(error);
                }
                // Bits that arrive while the buffer is full would be lost.
                let least = self.mean - self.debt;
                Spent { bits, least_bytes: (least.max(0.0) / 8.0).ceil() as usize }
            }
        }
    }

    /// Finds the noise offset of the next frame at the start of a stream: the one that meets the
    /// bit rate, reduced while the bit reservoir is full. Returns `None` after the start.
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
        // Silence before the start has saved bits.
        let saved = (-self.debt / self.mean).clamp(0.0, f64::from(STARTING_SAVED));
        let share = if saved > 1.0 { 1.0 } else { STARTING_SHARE };
        let reservoir = (f64::from(self.most) - self.mean - self.debt.max(0.0)).max(0.0);
        let finest = offset_for(tools, elements, room + share * reservoir);
        Some(finest.max(self.usual - STARTING_GAIN * (1.0 + saved as f32)).min(self.usual))
    }

    fn adapt(&mut self, error: f64) {
        // Adapts quickly at first, without history.
        let pace = 1.0 + 16.0 / (2.0 + self.frames);
        let step = (2.0 * pace * error).clamp(-pace, pace);
        self.usual = (self.usual + step as f32).clamp(FINEST, 60.0);
        self.frames += 1.0;
    }

    /// Records the size of a coded frame in bytes.
    pub(crate) fn spend(&mut self, bytes: usize) {
        self.debt += 8.0 * bytes as f64 - self.mean;
        if matches!(self.control, RateControl::Constant { .. }) {
            self.debt = self.debt.max(0.0);
        }
    }
}

/// Noise offset of each quality, in dB.
const QUALITIES: [f32; 11] = [12.0, 7.0, 3.0, 0.0, -2.0, -4.5, -6.5, -9.0, -12.0, -15.0, -19.0];

/// Returns the smallest noise offset in dB at which a frame takes at most `most` bits.
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

/// Codes at a noise offset in dB, or a larger one to stay within `most` bits. Returns the number of
/// bits.
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
    // The search's starting point affects the bits at a noise offset, so the result may still be
    // too large.
    let mut step = 0.5;
    while bits > most && db < COARSEST {
        db = (db + step).min(COARSEST);
        bits = code_all(tools, elements, db);
        step *= 2.0;
    }
    bits
}
