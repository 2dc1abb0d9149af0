//! Chapters: named sections of a file.

use std::time::Duration;

use crate::{Error, Result};

/// Named section of a file.
///
/// ```
/// use std::time::Duration;
///
/// use reelwright_core::Chapter;
///
/// let exact = Chapter::new(Duration::from_millis(1500), None, "The harbor");
/// assert_eq!(Chapter::from_seconds(1.5, None, "The harbor")?, exact);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chapter {
    /// Start time.
    pub start: Duration,
    /// End time. `None` is the start of the next chapter, or the end of the file.
    pub end: Option<Duration>,
    /// Title that players display; may be empty.
    pub title: String,
}

impl Chapter {
    /// Creates a chapter from `start` to `end`, or to the next chapter or the end of the file.
    pub fn new(start: Duration, end: Option<Duration>, title: impl Into<String>) -> Self {
        Self { start, end, title: title.into() }
    }

    /// Creates a chapter with times in seconds, rounded to the nearest nanosecond.
    ///
    /// # Errors
    /// A time is negative, not finite, or beyond 2^64 seconds.
    pub fn from_seconds(start: f64, end: Option<f64>, title: impl Into<String>) -> Result<Self> {
        let time = |name, seconds: f64| {
            Duration::try_from_secs_f64(seconds).map_err(|_| {
                Error::argument(format!(
                    "The {name} of a chapter must be finite and not negative. Found: {seconds}"
                ))
            })
        };
        Ok(Self::new(time("start", start)?, end.map(|end| time("end", end)).transpose()?, title))
    }

    /// Converts `time` to units of 1/`per_second` seconds, rounded to the nearest and clamped to
    /// `u64`.
    pub fn to_units(time: Duration, per_second: u32) -> u64 {
        const NANOS: u128 = 1_000_000_000;
        let units = (time.as_nanos() * u128::from(per_second) + NANOS / 2) / NANOS;
        u64::try_from(units).unwrap_or(u64::MAX)
    }
}

/// Checks that chapters are in order and do not overlap.
///
/// # Errors
/// A chapter ends before it starts, starts before the previous chapter ends, or has NUL in its
/// title.
pub(crate) fn check(chapters: &[Chapter]) -> Result<()> {
    for (i, chapter) in chapters.iter().enumerate() {
        let (number, start) = (i + 1, chapter.start);
        if let Some(end) = chapter.end.filter(|end| *end <= start) {
            return Err(Error::argument(format!(
                "Chapter {number} must end after its start, {} s. Found: {} s",
                start.as_secs_f64(),
                end.as_secs_f64()
            )));
        }
        if let Some(before) = i.checked_sub(1).map(|i| &chapters[i])
            && (start <= before.start || before.end.is_some_and(|end| start < end))
        {
            let (bound, time) = match before.end {
                Some(end) if start > before.start => ("ends", end),
                _ => ("starts", before.start),
            };
            return Err(Error::argument(format!(
                "Chapters must be in order and not overlap. Chapter {number} starts at {} s, and \
                 the previous chapter {bound} at {} s.",
                start.as_secs_f64(),
                time.as_secs_f64()
            )));
        }
        if chapter.title.contains('\0') {
            return Err(Error::argument(format!(
                "The title of a chapter must not contain NUL. Found: {:?}",
                chapter.title
            )));
        }
    }
    Ok(())
}

/// Chapter times that a container can store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ChapterSupport {
    /// The container cannot store chapters.
    #[default]
    None,
    /// Starts. A chapter lasts until the next one, and the last one until the end of the file.
    Starts,
    /// Starts, and the end of the last chapter.
    LastEnd,
    /// Starts and ends.
    Ends,
}

impl ChapterSupport {
    /// Returns whether the container can store chapters.
    pub const fn is_supported(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Returns the first chapter with an end that the container cannot store, because the next
    /// chapter starts later. Ignores the last chapter.
    pub fn unsupported_end(self, chapters: &[Chapter]) -> Option<&Chapter> {
        if matches!(self, Self::None | Self::Ends) {
            return None;
        }
        chapters.windows(2).find_map(|pair| match pair {
            [chapter, next] => chapter.end.filter(|end| *end != next.start).map(|_| chapter),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chapters(times: &[(u64, Option<u64>)]) -> Vec<Chapter> {
        let seconds = Duration::from_secs;
        times
            .iter()
            .map(|(start, end)| Chapter::new(seconds(*start), end.map(seconds), ""))
            .collect()
    }

    #[test]
    fn rejects_chapters_out_of_order() {
        for good in [
            &[][..],
            &[(0, None)],
            &[(0, None), (1, None), (5, Some(6))],
            &[(0, Some(1)), (1, Some(2)), (7, None)],
        ] {
            check(&chapters(good)).unwrap();
        }
        for (wrong, expected) in [
            (&[(3, Some(3))][..], "Chapter 1 must end after its start, 3 s. Found: 3 s"),
            (&[(0, None), (3, Some(2))], "Chapter 2 must end after"),
            (
                &[(1, None), (1, None)],
                "Chapter 2 starts at 1 s, and the previous chapter starts at 1 s",
            ),
            (
                &[(2, None), (1, None)],
                "Chapter 2 starts at 1 s, and the previous chapter starts at 2 s",
            ),
            (
                &[(0, Some(2)), (1, None)],
                "Chapter 2 starts at 1 s, and the previous chapter ends at 2 s",
            ),
        ] {
            let error = check(&chapters(wrong)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(check(&[Chapter::new(Duration::ZERO, None, "a\0b")]).is_err());
    }

    #[test]
    fn rejects_negative_and_infinite_seconds() {
        for wrong in [-0.5, f64::NAN, f64::INFINITY, 1e300] {
            assert!(Chapter::from_seconds(wrong, None, "").is_err(), "{wrong}");
            assert!(Chapter::from_seconds(0.0, Some(wrong), "").is_err(), "{wrong}");
        }
    }

    #[test]
    fn rounds_times_to_the_nearest_unit() {
        assert_eq!(Chapter::to_units(Duration::from_micros(1499), 1000), 1);
        assert_eq!(Chapter::to_units(Duration::from_micros(1500), 1000), 2);
        assert_eq!(Chapter::to_units(Duration::MAX, u32::MAX), u64::MAX);
    }

    #[test]
    fn finds_unsupported_ends() {
        let gap = chapters(&[(0, Some(1)), (1, Some(2)), (3, Some(4))]);
        assert_eq!(ChapterSupport::Starts.unsupported_end(&gap), Some(&gap[1]));
        assert_eq!(ChapterSupport::LastEnd.unsupported_end(&gap), Some(&gap[1]));
        assert_eq!(ChapterSupport::Ends.unsupported_end(&gap), None);
        assert_eq!(ChapterSupport::Starts.unsupported_end(&gap[..2]), None);
    }
}
