//! Exact fractions: frame rates, time bases, aspect ratios.

use std::fmt;

use crate::{Error, Result};

/// Maximum numerator and denominator of a converted float.
///
/// Large enough for 30000/1001 and 5000/167 to survive a conversion to `f64` and back, as in
/// FFmpeg's API.
pub const MAX_TERM: i64 = 1 << 24;

/// Positive fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rational {
    num: i64,
    den: i64,
}

impl Rational {
    /// One.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// Creates `num / den` in lowest terms.
    ///
    /// # Errors
    /// A term is not positive.
    pub fn new(num: i64, den: i64) -> Result<Self> {
        if num <= 0 || den <= 0 {
            return Err(Error::argument(format!(
                "Both terms of a fraction must be positive. Found: {num}/{den}"
            )));
        }
        let divisor = gcd(num, den);
        Ok(Self { num: num / divisor, den: den / divisor })
    }

    /// Returns the fraction nearest to `value` with terms up to [`MAX_TERM`].
    ///
    /// # Errors
    /// `value` is not from 1/[`MAX_TERM`] to [`MAX_TERM`].
    pub fn from_f64(value: f64) -> Result<Self> {
        let limit = MAX_TERM as f64;
        if !(value.is_finite() && value >= 1.0 / limit && value <= limit) {
            return Err(Error::argument(format!(
                "A rate must be from 1/{MAX_TERM} to {MAX_TERM}. Found: {value:e}"
            )));
        }
        // Convergents p/q of the continued fraction of `value`, until a term exceeds the limit.
        let (mut p0, mut q0, mut p1, mut q1) = (0i64, 1i64, 1i64, 0i64);
        let mut rest = value;
        loop {
            // `rest` can be huge when the previous convergent was exact.
            let a = rest.floor().min(i64::MAX as f64) as i64;
            let next = |one: i64, zero: i64| a.checked_mul(one).and_then(|x| x.checked_add(zero));
            let (p2, q2) = match (next(p1, p0), next(q1, q0)) {
                (Some(p), Some(q)) if p <= MAX_TERM && q <= MAX_TERM => (p, q),
                _ => {
                    // The best semiconvergent within the limit may be nearer than p1/q1.
                    let fits = |one: i64, zero: i64| {
                        if one == 0 { i64::MAX } else { (MAX_TERM - zero) / one }
                    };
                    let k = fits(p1, p0).min(fits(q1, q0)).min(a);
                    let (ps, qs) = (k * p1 + p0, k * q1 + q0);
                    let error = |p: i64, q: i64| (p as f64 / q as f64 - value).abs();
                    let semi_is_better =
                        qs > 0 && ps > 0 && (q1 == 0 || error(ps, qs) < error(p1, q1));
                    return if semi_is_better { Self::new(ps, qs) } else { Self::new(p1, q1) };
                }
            };
            (p0, q0, p1, q1) = (p1, q1, p2, q2);
            let fraction = rest - rest.floor();
            if p1 as f64 / q1 as f64 == value || fraction == 0.0 {
                return Self::new(p1, q1);
            }
            rest = 1.0 / fraction;
        }
    }

    /// Returns the numerator.
    pub const fn num(self) -> i64 {
        self.num
    }

    /// Returns the denominator.
    pub const fn den(self) -> i64 {
        self.den
    }

    /// Returns the reciprocal, which converts between frame rate and time base.
    #[must_use]
    pub const fn inverse(self) -> Self {
        Self { num: self.den, den: self.num }
    }

    /// Returns the nearest `f64`.
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn common_rates_are_exact() {
        for (num, den) in [(30000, 1001), (24000, 1001), (5000, 167), (25, 1), (1, 3), (12345, 7)] {
            let exact = Rational::new(num, den).unwrap();
            assert_eq!(Rational::from_f64(exact.to_f64()).unwrap(), exact);
        }
    }

    #[test]
    fn rejects_values_out_of_range() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e300] {
            assert!(Rational::from_f64(value).is_err(), "{value}");
        }
        assert!(Rational::new(1, 0).is_err());
    }

    proptest! {
        // Two fractions with terms up to n differ by at least 1/n², twice the resolution of `f64`
        // here.
        #[test]
        fn small_fractions_survive_a_float(num in 1i64..100_000, den in 1i64..100_000) {
            let exact = Rational::new(num, den).unwrap();
            prop_assert_eq!(Rational::from_f64(exact.to_f64()).unwrap(), exact);
        }

        #[test]
        fn rates_are_near_and_within_the_limit(value in 1e-3f64..1e6) {
            let found = Rational::from_f64(value).unwrap();
            prop_assert!(found.num() <= MAX_TERM && found.den() <= MAX_TERM);
            // A convergent p/q is within 1/q², and terms are up to 2^24.
            prop_assert!((found.to_f64() - value).abs() <= value.max(1.0) / (1u64 << 23) as f64);
        }
    }
}
