//! Frame delays: fractions of a second with 16-bit terms.

use reelwright_core::{Error, Result, StreamParameters, TimeBase, TimeLimits};

/// Maximum time that a frame is shown, in seconds. A longer time would fill the disk with repeated
/// frames.
pub(crate) const MAX_SECONDS: u64 = 24 * 60 * 60;
const MOST: i128 = u16::MAX as i128;
/// Minimum denominator of a delay that is not exact.
const COARSEST: i128 = 1000;
/// Number of units per second of the accumulated error.
const PARTS: i128 = 1_000_000_000_000;

/// Returns the limits of a container that repeats a frame to show it longer.
pub(crate) fn limits(stream: &StreamParameters) -> TimeLimits {
    let unit = stream.time_base.seconds();
    let units = i128::from(MAX_SECONDS) * i128::from(unit.den()) / i128::from(unit.num());
    // The last frame before the gap lasts one unit longer.
    let gap = i64::try_from(units).unwrap_or(i64::MAX).saturating_sub(1);
    TimeLimits { max_gap: gap.min(TimeLimits::NONE.max_gap), ..TimeLimits::NONE }
}

/// Returns the error for a frame that lasts `seconds`.
pub(crate) fn too_long(container: &str, seconds: f64) -> Error {
    Error::too_large(format!(
        "{container} shows a frame for at most {MAX_SECONDS} s, by repeating it. Found: {seconds} s"
    ))
}

/// Computes delays with an exact sum: rounding errors are compensated by the next delays.
pub(crate) struct Delays {
    base: TimeBase,
    /// Accumulated error in [`PARTS`]: true time minus stated time.
    late: i128,
}

impl Delays {
    pub(crate) const fn new(base: TimeBase) -> Self {
        Self { base, late: 0 }
    }

    /// Returns the delays of a frame that is shown for `units`. A delay is exact if its terms have
    /// 16 bits, and otherwise uses the largest possible denominator. If that is below [`COARSEST`],
    /// the frame is repeated: for whole seconds, and then for the rest.
    ///
    /// # Errors
    /// Fails if the time is longer than [`MAX_SECONDS`].
    pub(crate) fn of(
        &mut self,
        container: &str,
        units: i64,
    ) -> Result<impl Iterator<Item = (u16, u16)> + use<>> {
        let (unit, units) = (self.base.seconds(), units.max(0));
        let num = i128::from(units) * i128::from(unit.num());
        let den = i128::from(unit.den());
        if num > den * i128::from(MAX_SECONDS) {
            return Err(too_long(container, num as f64 / den as f64));
        }
        let (whole, rest) = (num / den, num % den);
        let parts = match exact(num, den) {
            Some(delay) => [None, None, Some(delay)],
            None if num * COARSEST <= MOST * den => [None, None, Some(self.finest(num, den))],
            None => [
                exact(whole.min(MOST), 1),
                exact(whole - MOST, 1).filter(|_| whole > MOST),
                (rest > 0).then(|| exact(rest, den).unwrap_or_else(|| self.finest(rest, den))),
            ],
        };
        Ok(parts.into_iter().flatten())
    }

    /// Returns the nearest fraction with the largest denominator.
    fn finest(&mut self, num: i128, den: i128) -> (u16, u16) {
        let finest = (MOST * den / num).min(MOST);
        let wanted = divided(num * PARTS, den) + self.late;
        let told = divided(wanted * finest, PARTS).clamp(0, MOST);
        self.late = wanted - divided(told * PARTS, finest);
        (told as u16, finest as u16)
    }
}

/// Returns a fraction in lowest terms, if they have 16 bits.
fn exact(num: i128, den: i128) -> Option<(u16, u16)> {
    let divisor = common_divisor(num, den);
    u16::try_from(num / divisor).ok().zip(u16::try_from(den / divisor).ok())
}

/// Divides and rounds to the nearest. `by` is positive.
const fn divided(value: i128, by: i128) -> i128 {
    (value + by / 2).div_euclid(by)
}

/// Returns the greatest common divisor of a number and a positive one.
const fn common_divisor(mut one: i128, mut other: i128) -> i128 {
    while one != 0 {
        (one, other) = (other % one, one);
    }
    other
}

#[cfg(test)]
mod tests {
    use reelwright_core::{ErrorKind, Rational};

    use super::*;

    fn delays(num: i64, den: i64) -> Delays {
        Delays::new(TimeBase::new(Rational::new(num, den).unwrap()))
    }

    fn delay(num: i64, den: i64, units: i64) -> Vec<(u16, u16)> {
        delays(num, den).of("box", units).unwrap().collect()
    }

    #[test]
    fn delays_are_exact_if_they_fit() {
        assert_eq!(delay(1001, 30_000, 1), [(1001, 30_000)]);
        assert_eq!(delay(1, 30, 3), [(1, 10)]);
        assert_eq!(delay(1, 25, 25 * 65_535), [(65_535, 1)]);
        assert_eq!(delay(1, 25, 0), [(0, 1)]);
        assert_eq!(delay(1, i64::MAX, i64::MAX), [(1, 1)]);
    }

    #[test]
    fn other_delays_have_the_largest_denominator() {
        // 71 · 1001 / 30000 s is in lowest terms.
        assert_eq!(delay(1001, 30_000, 71), [(65_535, 27_663)]);
        assert_eq!(delay(1, 90_001, 1), [(1, 65_535)]);
        assert_eq!(delay(1, i64::MAX, i64::MAX - 1), [(65_535, 65_535)]);
    }

    #[test]
    fn sum_equals_the_sum_of_the_values() {
        for (num, den, units) in [(1001, 30_000, 71), (1001, 120_000, 1), (1, 90_001, 3)] {
            let mut delays = delays(num, den);
            let mut told = 0.0;
            for count in 1..=10_000 {
                let (num_told, den_told) = delays.of("box", units).unwrap().last().unwrap();
                told += f64::from(num_told) / f64::from(den_told);
                let wanted = (count * units * num) as f64 / den as f64;
                assert!((told - wanted).abs() < 0.6 / f64::from(den_told), "{num}/{den} {count}");
            }
        }
    }

    #[test]
    fn longer_frames_are_repeated_up_to_a_day() {
        assert_eq!(delay(1, 1, 65_536), [(65_535, 1), (1, 1)]);
        assert_eq!(delay(1001, 30_000, 2999), [(100, 1), (1999, 30_000)]);
        assert_eq!(delay(1, 25, 25 * 70_000 + 1), [(65_535, 1), (4465, 1), (1, 25)]);
        assert_eq!(delay(1, 2, 2 * 86_400), [(65_535, 1), (20_865, 1)]);
        for (num, den, units) in [(1, 2, 2 * 86_400 + 1), (i64::MAX, 1, i64::MAX)] {
            let error = delays(num, den).of("box", units).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            assert!(error.to_string().contains("box shows a frame for at most 86400 s"), "{error}");
        }
    }
}
