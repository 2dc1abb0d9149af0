//! Frame rate conversion.

use std::ops::Range;

use reelwright_core::{TimeBase, Timestamp};

/// Conversion of the frame rate by repeating and dropping frames, like FFmpeg's `fps` filter: each
/// frame is rounded to the nearest time of the new rate, and lasts until the next frame. Of several
/// frames at the same time, only the last one is kept.
#[derive(Debug, Clone)]
pub(crate) struct FrameRateChange {
    from: TimeBase,
    to: TimeBase,
    /// Start of the last input frame.
    held: Option<i64>,
    /// Time of the next output frame.
    next: i64,
    has_shown: bool,
    /// True if the first frame must start at 0.
    from_zero: bool,
}

impl FrameRateChange {
    pub(crate) fn new(from: TimeBase, to: TimeBase, from_zero: bool) -> Self {
        Self { from, to, held: None, next: 0, has_shown: false, from_zero }
    }

    /// Returns the output times of the last input frame, and sets `pts`, in units of the old time
    /// base, as the start of the next one.
    pub(crate) fn until(&mut self, pts: i64) -> Range<i64> {
        let begin = self.from.rescale(Timestamp(pts), self.to).0;
        let shown = match self.held {
            None => {
                self.next = if self.from_zero { begin.min(0) } else { begin };
                self.next..self.next
            }
            Some(_) => self.next..begin.max(self.next),
        };
        self.has_shown |= !shown.is_empty();
        self.next = shown.end;
        self.held = Some(begin);
        shown
    }

    /// Returns the output times of the last frame, until `end` in units of the old time base. The
    /// range may be empty, as in FFmpeg, so that the total duration is unchanged. At least one
    /// frame of a stream is output.
    pub(crate) fn last(&mut self, end: i64) -> Range<i64> {
        let end = self.from.rescale(Timestamp(end), self.to).0;
        let least = if self.has_shown { self.next } else { self.next + 1 };
        self.next..end.max(least)
    }
}

#[cfg(test)]
mod tests {
    use reelwright_core::Rational;

    use super::*;

    /// Returns the indexes of `count` input frames in the output, from the first time on.
    fn shown(from: (i64, i64), to: (i64, i64), count: i64) -> Vec<i64> {
        let base = |(num, den)| TimeBase::new(Rational::new(den, num).unwrap());
        let mut change = FrameRateChange::new(base(from), base(to), false);
        let mut shown = Vec::new();
        for frame in 0..count {
            shown.extend(change.until(frame).map(|_| frame - 1));
        }
        shown.extend(change.last(count).map(|_| count - 1));
        shown
    }

    #[test]
    fn rate_is_doubled_and_halved() {
        assert_eq!(shown((25, 1), (50, 1), 3), [0, 0, 1, 1, 2, 2]);
        assert_eq!(shown((50, 1), (25, 1), 6).len(), 3);
        assert_eq!(shown((25, 1), (25, 1), 4), [0, 1, 2, 3]);
    }

    #[test]
    fn duration_stays_the_same() {
        for (from, to, count) in [
            ((24, 1), (30_000, 1001), 240),
            ((30_000, 1001), (25, 1), 300),
            ((1, 1), (60, 1), 2),
            ((60, 1), (1, 1), 240),
        ] {
            let seconds = count as f64 * from.1 as f64 / from.0 as f64;
            let expected = (seconds * to.0 as f64 / to.1 as f64).round() as usize;
            assert_eq!(shown(from, to, count).len(), expected, "{from:?} {to:?}");
        }
        assert_eq!(shown((60, 1), (1, 1), 1).len(), 1);
    }
}
