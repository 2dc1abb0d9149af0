//! Timestamps and time bases.

use std::fmt;

use crate::{Error, Rational, Result};

/// Point in time, in units of the stream's [`TimeBase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Unit of a stream's timestamps, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeBase(Rational);

impl TimeBase {
    /// Creates a time base with a unit of `seconds`.
    pub const fn new(seconds: Rational) -> Self {
        Self(seconds)
    }

    /// Creates a time base with one unit per sample at `sample_rate` Hz.
    ///
    /// # Errors
    /// `sample_rate` is 0.
    pub fn from_sample_rate(sample_rate: u32) -> Result<Self> {
        Rational::new(1, i64::from(sample_rate)).map(Self)
    }

    /// Returns the unit in seconds.
    pub const fn seconds(self) -> Rational {
        self.0
    }

    /// Returns the timestamp nearest to `seconds`. Halves round away from zero.
    ///
    /// # Errors
    /// `seconds` is not finite, negative, or too large for this time base.
    pub fn from_seconds(self, seconds: f64) -> Result<Timestamp> {
        // The comparison is false for NaN.
        if !(seconds.is_finite() && seconds >= 0.0) {
            return Err(Error::chunk(format!(
                "The value of PTS must be positive and finite. Found: {seconds}"
            )));
        }
        let units = (seconds * self.0.den() as f64 / self.0.num() as f64).round();
        // From 2^53 on, consecutive integers are not exact in an f64.
        if units > (1i64 << 53) as f64 {
            return Err(Error::chunk(format!(
                "The value of PTS must be below {} s in a time base of {}. Found: {seconds}",
                self.to_seconds(Timestamp(1 << 53)),
                self.0,
            )));
        }
        Ok(Timestamp(units as i64))
    }

    /// Returns `at` in seconds.
    pub fn to_seconds(self, at: Timestamp) -> f64 {
        at.0 as f64 * self.0.num() as f64 / self.0.den() as f64
    }

    /// Converts `at` from this time base to `other`, rounded to the nearest unit (halves away from
    /// zero) and clamped to `i64`.
    pub fn rescale(self, at: Timestamp, other: TimeBase) -> Timestamp {
        // Both are positive and below 2^126.
        let num = (i128::from(self.0.num()) * i128::from(other.0.den())).unsigned_abs();
        let den = (i128::from(self.0.den()) * i128::from(other.0.num())).unsigned_abs();
        let (units, rest) = mul_div(at.0.unsigned_abs(), num, den);
        let nearest = units.saturating_add(u128::from(2 * rest >= den));
        let nearest = i128::try_from(nearest).unwrap_or(i128::MAX);
        let signed = if at.0 < 0 { -nearest } else { nearest };
        Timestamp(signed.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }
}

/// Duration of a stream's last frame if the caller does not state it: the duration of the previous
/// frame. A distance longer than [`MAX_SECONDS`](Self::MAX_SECONDS) is a pause, after which the
/// nominal duration applies.
#[derive(Debug, Clone, Copy)]
pub struct FrameLength {
    nominal: i64,
    longest: i64,
    last: i64,
}

impl FrameLength {
    /// Maximum duration of a frame, in seconds.
    pub const MAX_SECONDS: i64 = 10;

    /// Creates an estimate for a first frame of `nominal` units of `time_base`.
    pub fn new(nominal: i64, time_base: TimeBase) -> Self {
        let second = TimeBase(Rational::ONE);
        let longest = second.rescale(Timestamp(Self::MAX_SECONDS), time_base).0;
        Self { nominal, longest, last: nominal }
    }

    /// Adds the distance of a frame to the next.
    pub fn add(&mut self, distance: i64) {
        self.last = if distance > self.longest { self.nominal } else { distance };
    }

    /// Returns the duration of the last frame.
    pub const fn get(self) -> i64 {
        self.last
    }
}

/// Returns `a · num / den`, clamped to `u128`, and the remainder; `num` and `den` are below 2^127.
fn mul_div(a: u64, num: u128, den: u128) -> (u128, u128) {
    if let Some(product) = u128::from(a).checked_mul(num) {
        return (product / den, product % den);
    }
    // Bit by bit, because the product exceeds 128 bits.
    let (whole, part) = (num / den, num % den);
    let (mut quotient, mut rest) = (0u128, 0u128);
    for bit in (0..u64::BITS).rev() {
        let add = (a >> bit) & 1 == 1;
        for (units, more) in [(quotient, rest), if add { (whole, part) } else { (0, 0) }] {
            quotient = quotient.saturating_add(units);
            rest += more;
            if rest >= den {
                rest -= den;
                quotient = quotient.saturating_add(1);
            }
        }
    }
    (quotient, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_seconds_to_the_nearest_sample() {
        let base = TimeBase::from_sample_rate(16_000).unwrap();
        assert_eq!(base.from_seconds(1.5).unwrap(), Timestamp(24_000));
        assert_eq!(base.from_seconds(0.000_04).unwrap(), Timestamp(1));
        assert_eq!(base.from_seconds(0.0).unwrap(), Timestamp(0));
    }

    #[test]
    fn rejects_times_out_of_range() {
        let base = TimeBase::from_sample_rate(48_000).unwrap();
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(base.from_seconds(seconds).is_err(), "{seconds}");
        }
    }

    #[test]
    fn rescaling_rounds_to_nearest() {
        let from = TimeBase::new(Rational::new(1, 48_000).unwrap());
        let to = TimeBase::new(Rational::new(1, 1000).unwrap());
        assert_eq!(from.rescale(Timestamp(24), to), Timestamp(1));
        assert_eq!(from.rescale(Timestamp(-24), to), Timestamp(-1));
        assert_eq!(from.rescale(Timestamp(23), to), Timestamp(0));
        assert_eq!(to.rescale(Timestamp(1001), from), Timestamp(48_048));
        assert_eq!(to.rescale(Timestamp(i64::MAX), from), Timestamp(i64::MAX));
    }

    #[test]
    fn last_frame_has_the_previous_duration_except_after_a_pause() {
        let base = TimeBase::new(Rational::new(1, 1000).unwrap());
        let mut length = FrameLength::new(40, base);
        let mut after = |distance| {
            length.add(distance);
            length.get()
        };
        assert_eq!([33, 5000, 10_000, 10_001].map(&mut after), [33, 5000, 10_000, 40]);
    }

    #[test]
    fn rescaling_accepts_any_terms() {
        let base = |num, den| TimeBase::new(Rational::new(num, den).unwrap());
        let max = i64::MAX;
        // The products have 189 bits.
        let (from, to) = (base(max, max - 1), base(max - 1, max));
        // (1 + 1/(2^63 − 2))² is slightly more than 1.
        assert_eq!(from.rescale(Timestamp(1 << 62), to), Timestamp((1 << 62) + 1));
        assert_eq!(to.rescale(Timestamp(-(1 << 62)), from), Timestamp(1 - (1 << 62)));
        assert_eq!(from.rescale(Timestamp(i64::MIN), from), Timestamp(i64::MIN));
        assert_eq!(base(max, 1).rescale(Timestamp(max), base(1, max)), Timestamp(max));
        assert_eq!(base(max, 1).rescale(Timestamp(i64::MIN), base(1, max)), Timestamp(i64::MIN));
        assert_eq!(base(1, max).rescale(Timestamp(max), base(max, 1)), Timestamp(0));
    }
}
