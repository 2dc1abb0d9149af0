//! Measured frame rate and bit rate of a stream, which determine its level.

use reelwright_core::{Rational, TimeBase, Timestamp};

/// Tolerance of the comparison with the nominal frame rate, because timestamps are rounded.
const ROUNDING: f64 = 0.05;

/// Measures the frame rate of a stream by the timestamps of its frames.
#[derive(Debug)]
pub(crate) struct FrameRateMeter {
    time_base: TimeBase,
    /// Nominal frame rate.
    nominal: f64,
    /// Nominal duration of a frame in units of the time base.
    length: f64,
    frames: u64,
    first: i64,
    last: i64,
    /// Shortest distance of two frames.
    least: i64,
    /// Current second and its number of frames.
    second: (i64, u64),
    /// Maximum number of frames in a second.
    most: u64,
}

impl FrameRateMeter {
    pub(crate) fn new(nominal: Rational, time_base: TimeBase) -> Self {
        let unit = time_base.seconds();
        // Exactly 1 if the unit is a frame.
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

    /// Adds a frame. Returns its distance from the previous one in nominal frames.
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
        let second = self.time_base.to_seconds(offset) as i64;
        if second != self.second.0 {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        self.most = self.most.max(self.second.1);
        self.frames += 1;
        self.last = pts.0;
        since
    }

    /// Returns the maximum number of frames in a second. Streams shorter than a second are
    /// extrapolated.
    pub(crate) fn max_frame_rate(&self) -> f64 {
        if self.frames < 2 {
            return self.nominal;
        }
        let span = Timestamp(self.last.saturating_sub(self.first).max(1));
        let span = self.time_base.to_seconds(span);
        let intervals = (self.frames - 1) as f64;
        let mut found = if span < 1.0 { intervals / span } else { self.most as f64 };
        if self.least as f64 >= self.length.floor() {
            found = found.min(self.nominal);
        }
        let is_nominal = (found / self.nominal - 1.0).abs() < ROUNDING;
        if is_nominal { self.nominal } else { found }
    }
}

/// Measures the maximum bit rate of a stream, second by second.
#[derive(Debug, Default)]
pub(crate) struct PeakBitRate {
    second: i64,
    bytes: u64,
    most: u64,
}

impl PeakBitRate {
    /// Adds a packet in a second.
    pub(crate) fn add(&mut self, second: i64, bytes: usize) {
        if second != self.second {
            (self.second, self.bytes) = (second, 0);
        }
        self.bytes += bytes as u64;
        self.most = self.most.max(self.bytes);
    }

    /// Returns the maximum number of bits in a second.
    pub(crate) const fn bits(&self) -> u64 {
        8 * self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_bit_rate_is_measured_per_second() {
        let mut peak = PeakBitRate::default();
        for (second, bytes) in [(0, 10), (0, 20), (1, 25), (2, 1), (2, 2)] {
            peak.add(second, bytes);
        }
        assert_eq!(peak.bits(), 240);
    }
}
