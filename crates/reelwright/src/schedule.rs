//! Timestamps of a video stream's frames.

use reelwright_core::{FrameLength, Rational, TimeBase, Timestamp};

/// Assigns timestamps to frames: stated timestamps, and between them those of the nominal frame
/// rate. Timestamps are computed from the last stated one, so that errors do not accumulate.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    time_base: TimeBase,
    /// Nominal duration of a frame.
    frame: TimeBase,
    /// Last stated timestamp, and number of frames since.
    anchor: i64,
    since: i64,
    /// Timestamp and duration of the last frame.
    last: Option<i64>,
    length: FrameLength,
    stated: Option<i64>,
}

impl Schedule {
    pub(crate) fn new(time_base: TimeBase, frame_rate: Rational) -> Self {
        let frame = TimeBase::new(frame_rate.inverse());
        let nominal = frame.rescale(Timestamp(1), time_base).0.max(1);
        let length = FrameLength::new(nominal, time_base);
        Self { time_base, frame, anchor: 0, since: 0, last: None, length, stated: None }
    }

    pub(crate) const fn time_base(&self) -> TimeBase {
        self.time_base
    }

    /// Returns the earliest timestamp that the next frame can have.
    pub(crate) fn earliest(&self) -> i64 {
        self.last.map_or(0, |last| last.saturating_add(1))
    }

    /// Returns the timestamp of the next frame if none is stated.
    pub(crate) fn next(&self) -> i64 {
        let since = self.frame.rescale(Timestamp(self.since), self.time_base).0;
        self.anchor.saturating_add(since).max(self.earliest())
    }

    /// Sets the timestamp of the next frame.
    pub(crate) const fn set_next(&mut self, at: i64) {
        (self.anchor, self.since) = (at, 0);
    }

    /// Adds a frame with an optional stated duration, and returns its timestamp.
    pub(crate) fn take(&mut self, duration: Option<i64>) -> i64 {
        let pts = self.next();
        if let Some(last) = self.last.replace(pts) {
            self.length.add(pts.saturating_sub(last));
        }
        self.since += 1;
        self.stated = duration;
        if let Some(duration) = duration {
            self.set_next(pts.saturating_add(duration));
        }
        pts
    }

    /// Returns the end of the last frame. Without a stated duration, the frame lasts as long as the
    /// previous one.
    pub(crate) fn end(&self) -> i64 {
        self.last.unwrap_or(0).saturating_add(self.stated.unwrap_or(self.length.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(time_base: (i64, i64), frame_rate: (i64, i64)) -> Schedule {
        let rational = |(num, den)| Rational::new(num, den).unwrap();
        Schedule::new(TimeBase::new(rational(time_base)), rational(frame_rate))
    }

    #[test]
    fn frames_follow_at_the_nominal_rate_without_drift() {
        let mut schedule = schedule((1, 1000), (30, 1));
        let times: Vec<_> = (0..6).map(|_| schedule.take(None)).collect();
        assert_eq!(times, [0, 33, 67, 100, 133, 167]);
        assert_eq!((0..3000).map(|_| schedule.take(None)).last(), Some(100_167));
        schedule.set_next(200_001);
        assert_eq!([schedule.take(None), schedule.take(None)], [200_001, 200_034]);
    }

    #[test]
    fn last_frame_has_the_previous_duration_unless_stated() {
        let mut schedule = schedule((1, 90_000), (30, 1));
        schedule.take(None);
        assert_eq!(schedule.end(), 3000);
        schedule.set_next(500);
        schedule.take(None);
        assert_eq!(schedule.end(), 1000);
        assert_eq!((schedule.take(Some(7)), schedule.end(), schedule.next()), (3500, 3507, 3507));
    }
}
