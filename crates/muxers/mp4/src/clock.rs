//! Time of a track, in ticks of its timescale. A unit of the stream's time base is an integer
//! number of ticks.

use reelwright_core::{Error, Result, TimeBase, TimeLimits};

/// Minimum timescale of video. Lower timescales are doubled until they reach the minimum, which
/// limits the error of readers that round times to ticks. The timescale of audio is its sample
/// rate, by which readers count samples.
const MIN_VIDEO_TIMESCALE: u32 = 10_000;

/// Timescale of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Ticks per second.
    pub(crate) timescale: u32,
    /// Ticks per unit of the stream's time base.
    pub(crate) unit: i64,
}

impl Clock {
    /// Creates the clock of a video or audio stream with a time base.
    ///
    /// # Errors
    /// Fails unless the unit is a fraction of a second with terms below 2^32.
    pub(crate) fn new(time_base: TimeBase, is_video: bool) -> Result<Self> {
        let unit = time_base.seconds();
        let (Ok(mut timescale), Ok(ticks)) = (u32::try_from(unit.den()), u32::try_from(unit.num()))
        else {
            return Err(Error::unsupported(format!(
                "mp4 requires a time base with terms below 4294967296. Found: {unit}"
            )));
        };
        let mut ticks = i64::from(ticks);
        while is_video && timescale < MIN_VIDEO_TIMESCALE {
            timescale *= 2;
            ticks *= 2;
        }
        Ok(Self { timescale, unit: ticks })
    }

    /// Converts `units` of the stream's time base to ticks. Returns `None` for 2^62 ticks or more.
    pub(crate) fn ticks(self, units: i64) -> Option<i64> {
        units.checked_mul(self.unit).filter(|ticks| ticks.unsigned_abs() < 1 << 62)
    }

    /// Returns the limits of the boxes' fields: sample durations have 32 bits, and offsets of
    /// reordered frames 31.
    pub(crate) fn limits(self) -> TimeLimits {
        // Margin for the last sample before a gap, and for reordering.
        const ROOM: i64 = 1 << 24;
        TimeLimits {
            max_pts: ((1 << 61) - 1) / self.unit,
            max_gap: (i64::from(i32::MAX) - ROOM) / self.unit,
        }
    }

    /// Converts `ticks` of this clock to ticks of `timescale`, rounded to the nearest.
    pub(crate) fn rescale(self, ticks: i64, timescale: u32) -> i64 {
        let (own, other) = (i128::from(self.timescale), i128::from(timescale));
        let product = i128::from(ticks) * other;
        // The product is below 2^62 · 2^32, so it is exact. Only the result may exceed 64 bits.
        let nearest = (2 * product + own).div_euclid(2 * own);
        nearest.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// Converts microseconds to ticks, rounded down.
    pub(crate) fn of_micros(self, micros: i64) -> i64 {
        // Once per packet: 128 bits take several times as long.
        if let Some(product) = micros.checked_mul(i64::from(self.timescale)) {
            return (product / 1_000_000).max(0);
        }
        let ticks = i128::from(micros) * i128::from(self.timescale) / 1_000_000;
        ticks.clamp(0, i128::from(i64::MAX)) as i64
    }
}

/// Returns the timescale of the movie: a common multiple of all timescales if it is below 2^31,
/// otherwise the largest of them.
pub(crate) fn movie_timescale(tracks: impl Iterator<Item = u32> + Clone) -> u32 {
    let largest = tracks.clone().max().unwrap_or(1000);
    let mut common = 1u64;
    for timescale in tracks {
        let timescale = u64::from(timescale.max(1));
        common = common / gcd(common, timescale) * timescale;
        if common >= 1 << 31 {
            return largest;
        }
    }
    match common {
        // Makes milliseconds exact for players that display them.
        ..1000 => (common / gcd(common, 1000) * 1000) as u32,
        _ => common as u32,
    }
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_core::Rational;

    fn clock(num: i64, den: i64) -> Result<Clock> {
        Clock::new(TimeBase::new(Rational::new(num, den).unwrap()), true)
    }

    #[test]
    fn units_are_whole_ticks() {
        assert_eq!(clock(1, 48_000).unwrap(), Clock { timescale: 48_000, unit: 1 });
        assert_eq!(clock(1, 25).unwrap(), Clock { timescale: 12_800, unit: 512 });
        assert_eq!(clock(1001, 30_000).unwrap(), Clock { timescale: 30_000, unit: 1001 });
        assert_eq!(clock(3, 1).unwrap(), Clock { timescale: 16_384, unit: 3 * 16_384 });
        let audio = TimeBase::new(Rational::new(1, 8000).unwrap());
        assert_eq!(Clock::new(audio, false).unwrap(), Clock { timescale: 8000, unit: 1 });
        assert!(clock(1, 1 << 32).is_err());
        assert!(clock(1 << 32, 1).is_err());
    }

    #[test]
    fn times_out_of_range_are_none() {
        let clock = clock(1, 25).unwrap();
        assert_eq!(clock.ticks(-2), Some(-1024));
        for units in [i64::MIN, i64::MAX, 1 << 53, -(1 << 53)] {
            assert_eq!(clock.ticks(units), None);
        }
        assert_eq!(clock.ticks((1 << 53) - 1), Some((1 << 62) - 512));
    }

    #[test]
    fn microseconds_are_whole_ticks_rounded_down() {
        let clock = clock(1, 48_000).unwrap();
        for (micros, ticks) in [(0, 0), (1_000_000, 48_000), (20, 0), (21, 1), (-1_000_000, 0)] {
            assert_eq!(clock.of_micros(micros), ticks);
        }
        assert_eq!(clock.of_micros(i64::MAX), (i128::from(i64::MAX) * 48 / 1000) as i64);
    }

    #[test]
    fn limits_fit_the_fields() {
        for (clock, unit) in
            [(clock(1, 48_000), 1), (clock(1, 25), 512), (clock(1001, 30_000), 1001)]
        {
            let limits = clock.unwrap().limits();
            // Composition offsets have 31 bits and a sign (ISO/IEC 14496-12 §8.6.1.3).
            assert!(limits.max_gap * unit <= i64::from(i32::MAX) - (1 << 24));
            assert!((limits.max_gap + 1) * unit > i64::from(i32::MAX) - (1 << 24));
            // The sum of two times must fit in 62 bits.
            assert!(limits.max_pts * unit < 1 << 61);
            assert!((limits.max_pts + 1) * unit >= (1 << 61) - 1);
        }
    }

    #[test]
    fn rescaling_rounds_to_nearest() {
        let clock = clock(1, 48_000).unwrap();
        assert_eq!(clock.rescale(24, 1000), 1);
        assert_eq!(clock.rescale(23, 1000), 0);
        assert_eq!(clock.rescale(-25, 1000), -1);
        assert_eq!(clock.rescale(1 << 61, u32::MAX), i64::MAX);
        assert_eq!(clock.rescale(-(1 << 61), u32::MAX), i64::MIN);
        assert_eq!(clock.rescale(96_001, 44_100), 88_201);
    }

    #[test]
    fn the_movie_counts_every_tracks_ticks() {
        assert_eq!(movie_timescale([44_100, 30_000].into_iter()), 4_410_000);
        assert_eq!(movie_timescale([48_000].into_iter()), 48_000);
        assert_eq!(movie_timescale([1, 3].into_iter()), 3000);
        assert_eq!(movie_timescale([600].into_iter()), 3000);
        assert_eq!(movie_timescale([999].into_iter()), 999_000);
        assert_eq!(movie_timescale([1000].into_iter()), 1000);
        assert_eq!(movie_timescale([12_800, 48_000].into_iter()), 192_000);
        // Some readers take 2^31 as negative, so it counts as too large.
        assert_eq!(movie_timescale([1 << 31, 1].into_iter()), 1 << 31);
        assert_eq!(movie_timescale([65_536, 32_768, 32_769].into_iter()), 65_536);
        assert_eq!(movie_timescale([4_294_967_291, 48_000].into_iter()), 4_294_967_291);
        assert_eq!(movie_timescale([].into_iter()), 1000);
    }
}
