//! At which times of another frame rate a picture is shown.

use std::ops::Range;

use reelwright_core::{TimeBase, Timestamp};

/// A change of frame rate by repeating and dropping pictures, as FFmpeg's `fps` filter does it:
/// each picture goes to the nearest point in time of the new rate, and is shown until the next one
/// begins. Of several that go to the same point the last is shown.
#[derive(Debug, Clone)]
pub(crate) struct FrameRateChange {
    from: TimeBase,
    to: TimeBase,
    /// When the picture that is held was to begin.
    held: Option<i64>,
    /// Where the next one that is shown goes.
    next: i64,
    has_shown: bool,
    /// The first picture is shown from 0 on.
    from_zero: bool,
}

impl FrameRateChange {
    pub(crate) fn new(from: TimeBase, to: TimeBase, from_zero: bool) -> Self {
        Self { from, to, held: None, next: 0, has_shown: false, from_zero }
    }

    /// The times at which the picture that was held is shown, as one that begins at `pts`, in
    /// units of the old time base, is held from now on.
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

    /// The times at which the last picture is shown: until `end`, in units of the old time base. It
    /// may be none, as in FFmpeg, so that the length stays what it was; but a stream that has
    /// pictures shows one.
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

    /// Which of `count` pictures are shown at the new rate, from the first time on.
    fn shown(from: (i64, i64), to: (i64, i64), count: i64) -> Vec<i64> {
        let base = |(num, den)| TimeBase::new(Rational::new(den, num).unwrap());
        let mut change = FrameRateChange::new(base(from), base(to), false);
        let mut shown = Vec::new();
        for picture in 0..count {
            shown.extend(change.until(picture).map(|_| picture - 1));
        }
        shown.extend(change.last(count).map(|_| count - 1));
        shown
    }

    #[test]
    fn a_rate_is_doubled_and_halved() {
        assert_eq!(shown((25, 1), (50, 1), 3), [0, 0, 1, 1, 2, 2]);
        assert_eq!(shown((50, 1), (25, 1), 6).len(), 3);
        assert_eq!(shown((25, 1), (25, 1), 4), [0, 1, 2, 3]);
    }

    #[test]
    fn the_length_stays_the_same() {
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
