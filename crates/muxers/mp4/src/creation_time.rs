//! Calendar times, as seconds since 1904.

use reelwright_core::{Error, Result};

/// Days from the beginning of 1904 to the beginning of 1970.
const DAYS_TO_1970: i64 = 24_107;

/// Parses a UTC time such as `2024-01-02T03:04:05Z` to seconds since 1904. The T may be a space,
/// seconds may have a fraction, and the Z is optional.
///
/// # Errors
/// The text is not a time, or the time is before 1904.
pub(crate) fn creation_time(text: &str) -> Result<u64> {
    parse(text).ok_or_else(|| {
        Error::argument(format!(
            "creation_time must be a time such as 2024-01-02T03:04:05Z, from 1904 on. Found: {text}"
        ))
    })
}

fn parse(text: &str) -> Option<u64> {
    let text = text.trim_end_matches('Z');
    let (date, time) = text.split_once(['T', ' '])?;
    let numbers = |text: &str, separator| -> Option<[i64; 3]> {
        let mut parts = text.split(separator);
        let mut numbers = [0; 3];
        for number in &mut numbers {
            let part = parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit()))?;
            *number = part.parse().ok()?;
        }
        parts.next().is_none().then_some(numbers)
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let is_valid = (1904..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61
        && fraction.bytes().all(|b| b.is_ascii_digit());
    if !is_valid {
        return None;
    }
    let seconds = (days(year, month, day) + DAYS_TO_1970) * 86_400;
    u64::try_from(seconds + hour * 3600 + minute * 60 + second).ok()
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the number of days from the beginning of 1970 to a date.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    // Counts years from March, so that the leap day is the last day of a year.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_1904() {
        assert_eq!(creation_time("1904-01-01T00:00:00Z").unwrap(), 0);
        assert_eq!(creation_time("1970-01-01 00:00:00").unwrap(), 2_082_844_800);
        assert_eq!(creation_time("2024-02-29T12:30:01.250000Z").unwrap(), 3_792_054_601);
        for wrong in ["", "now", "2023-02-29T00:00:00Z", "1903-12-31T00:00:00", "2024-1-2", "T:"] {
            assert!(creation_time(wrong).unwrap_err().to_string().contains("creation_time"));
        }
        assert!(creation_time("2024-01-02T99999999999999999999:00:00").is_err());
    }

    #[test]
    fn consecutive_dates_differ_by_one_day() {
        let mut days = 0;
        for year in 1904..=2404 {
            let february = match (year % 4, year % 100, year % 400) {
                (0, 1.., _) | (_, _, 0) => 29,
                _ => 28,
            };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for day in 1..=length {
                    let date = format!("{year}-{month:02}-{day:02}T00:00:00Z");
                    assert_eq!(creation_time(&date).unwrap(), 86_400 * days, "{date}");
                    days += 1;
                }
                for day in [0, length + 1] {
                    let date = format!("{year}-{month:02}-{day:02}T00:00:00Z");
                    assert!(creation_time(&date).is_err(), "{date}");
                }
            }
        }
    }

    #[test]
    fn fields_are_digits_within_their_ranges() {
        let midnight = creation_time("2024-01-02T00:00:00Z").unwrap();
        for (time, seconds) in [
            ("23:59:59", 86_399),
            ("01:02:03", 3723),
            // Leap second.
            ("23:59:60", 86_400),
            ("00:00:00.999", 0),
        ] {
            let found = creation_time(&format!("2024-01-02T{time}Z")).unwrap();
            assert_eq!(found - midnight, seconds, "{time}");
        }
        creation_time("9999-12-31T23:59:59Z").unwrap();
        for wrong in [
            "10000-01-01T00:00:00Z",
            "2024-00-02T00:00:00Z",
            "2024-13-02T00:00:00Z",
            "2024-01-02T24:00:00Z",
            "2024-01-02T00:60:00Z",
            "2024-01-02T00:00:61Z",
            "2024-01-02T00:00:00.9x",
            "2024-01-02T00:00",
            "2024-01-02T00:00:00:00",
            "2024-01-02-03T00:00:00",
            "2024-01-+2T00:00:00",
        ] {
            assert!(creation_time(wrong).is_err(), "{wrong}");
        }
    }
}
