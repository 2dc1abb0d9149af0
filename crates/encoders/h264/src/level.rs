//! Levels, by which decoders know whether they can keep up (ITU-T H.264 annex A).
//!
//! The coder chooses one by size and frame rate; here it rises with the bit rate.

use reelwright_core::{Rational, TimeBase, Timestamp};

/// Levels as parameter sets have them (ten times the level) and the most bits a second of each, in
/// thousands, for Baseline and Main (table A-1). Where two have the same, the lower one.
const LEVELS: [(u8, u64); 15] = [
    (10, 64),
    (11, 192),
    (12, 384),
    (13, 768),
    (20, 2_000),
    (21, 4_000),
    (30, 10_000),
    (31, 14_000),
    (32, 20_000),
    (41, 50_000),
    (50, 135_000),
    (51, 240_000),
    (61, 480_000),
    (62, 800_000),
    (62, u64::MAX),
];
/// Where the level is in a NAL unit of a sequence parameter set (§7.3.2.1.1).
const AT: usize = 3;

/// Makes the level in `sps`, a NAL unit, high enough for `bits` a second.
pub(crate) fn raise(sps: &mut [u8], bits: u64) {
    let enough = LEVELS.iter().find(|(_, most)| bits <= most.saturating_mul(1000));
    if let (Some((level, _)), Some(found)) = (enough, sps.get_mut(AT)) {
        *found = (*found).max(*level);
    }
}

/// Replaces the level in `sps`.
pub(crate) fn set(sps: &mut [u8], level: u32) {
    if let (Ok(level), Some(found)) = (u8::try_from(level), sps.get_mut(AT)) {
        *found = level;
    }
}

/// A frame rate this close to the nominal one counts as that, as times are rounded.
const ROUNDING: f64 = 0.05;

/// Real frame rate of a stream, by its frames' times.
#[derive(Debug)]
pub(crate) struct Pace {
    time_base: TimeBase,
    /// Nominal frames a second, and the length of one in units of the time base.
    nominal: f64,
    length: f64,
    frames: u64,
    first: i64,
    last: i64,
    /// The shortest distance of two frames.
    least: i64,
    /// Frames of the second that is running, and of the fullest one.
    second: (i64, u64),
    most: u64,
}

impl Pace {
    pub(crate) fn new(nominal: Rational, time_base: TimeBase) -> Self {
        let unit = time_base.seconds();
        // Exactly 1 where the unit is a frame.
        let den = i128::from(unit.den()) * i128::from(nominal.den());
        let num = i128::from(unit.num()) * i128::from(nominal.num());
        Self {
            time_base,
            nominal: nominal.to_f64(),
            length: den as f64 / num as f64,
            frames: 0,
            first: 0,
            last: 0,
            least: i64::MAX,
            second: (0, 0),
            most: 0,
        }
    }

    /// Adds a frame; returns how many nominal frames after the one before it comes.
    pub(crate) fn add(&mut self, pts: Timestamp) -> f64 {
        let mut since = 1.0;
        if self.frames == 0 {
            self.first = pts.0;
        } else {
            let distance = pts.0.saturating_sub(self.last);
            self.least = self.least.min(distance.max(1));
            since = distance as f64 / self.length;
        }
        let offset = Timestamp(pts.0.saturating_sub(self.first));
        let second = self.time_base.seconds_of(offset) as i64;
        if second != self.second.0 {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        self.most = self.most.max(self.second.1);
        self.frames += 1;
        self.last = pts.0;
        since
    }

    /// Frames of the fullest second; of less than a second, as if it went on.
    pub(crate) fn fastest(&self) -> f64 {
        if self.frames < 2 {
            return self.nominal;
        }
        let span = Timestamp(self.last.saturating_sub(self.first).max(1));
        let span = self.time_base.seconds_of(span);
        let intervals = (self.frames - 1) as f64;
        let mut found = if span < 1.0 { intervals / span } else { self.most as f64 };
        if self.least as f64 >= self.length.floor() {
            found = found.min(self.nominal);
        }
        let is_nominal = (found / self.nominal - 1.0).abs() < ROUNDING;
        if is_nominal { self.nominal } else { found }
    }
}

/// The fullest second of a stream.
#[derive(Debug, Default)]
pub(crate) struct Peak {
    second: i64,
    bytes: u64,
    most: u64,
}

impl Peak {
    pub(crate) fn add(&mut self, second: i64, bytes: usize) {
        if second != self.second {
            (self.second, self.bytes) = (second, 0);
        }
        self.bytes += bytes as u64;
        self.most = self.most.max(self.bytes);
    }

    /// In bits.
    pub(crate) const fn bits(&self) -> u64 {
        8 * self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_only_rise() {
        for (bits, level) in [(0, 31), (14_000_000, 31), (14_000_001, 32), (50_000_000, 41)] {
            let mut sps = [0x67, 77, 0, 31, 0xff];
            raise(&mut sps, bits);
            assert_eq!(sps, [0x67, 77, 0, level, 0xff], "{bits}");
        }
        let mut sps = [0x67, 77, 0, 10];
        raise(&mut sps, u64::MAX);
        assert_eq!(sps[3], 62);
    }

    #[test]
    fn a_peak_is_of_a_second() {
        let mut peak = Peak::default();
        for (second, bytes) in [(0, 10), (0, 20), (1, 25), (2, 1), (2, 2)] {
            peak.add(second, bytes);
        }
        assert_eq!(peak.bits(), 240);
    }
}
