//! The seek table block (RFC 9639 §8.5). The muxer reserves its space before the frames and
//! collects the points as frames arrive.

/// Maximum number of points; even, because a full table drops every other one.
const POINTS: usize = 512;

/// Bytes per point.
const POINT: usize = 18;

/// Bytes of the block's body.
const LENGTH: usize = POINTS * POINT;

/// A frame that players can seek to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    /// Number of the first sample.
    sample: u64,
    /// Bytes from the first frame to this one.
    offset: u64,
    /// Number of samples in the frame.
    samples: u16,
}

/// Seek points so far: the frame that contains each multiple of the spacing.
#[derive(Debug)]
pub(crate) struct SeekTable {
    points: Vec<Point>,
    /// Samples between points.
    spacing: u64,
    /// Next sample that needs a point.
    next: u64,
    /// Number of samples so far, if the length of every frame was known.
    sample: Option<u64>,
    /// Number of bytes so far.
    offset: u64,
}

impl SeekTable {
    /// Creates a table with a point every `spacing` samples.
    pub(crate) fn new(spacing: u64) -> Self {
        let spacing = spacing.max(1);
        let points = Vec::with_capacity(POINTS);
        Self { points, spacing, next: 0, sample: Some(0), offset: 0 }
    }

    /// Adds a frame of `bytes` bytes. After a frame with an unknown number of samples, no more
    /// points are added.
    pub(crate) fn add(&mut self, samples: Option<u16>, bytes: u64) {
        let offset = self.offset;
        self.offset += bytes;
        let (Some(sample), Some(samples)) = (self.sample, samples) else {
            self.sample = None;
            return;
        };
        let end = sample + u64::from(samples);
        self.sample = Some(end);
        if self.next < end && self.points.len() == POINTS {
            self.thin_out();
        }
        if self.next < end {
            self.points.push(Point { sample, offset, samples });
            self.next = end.next_multiple_of(self.spacing);
        }
    }

    /// Drops every other point, and doubles the spacing.
    fn thin_out(&mut self) {
        let mut keep = false;
        self.points.retain(|_| {
            keep = !keep;
            keep
        });
        self.spacing *= 2;
        self.next = self.next.next_multiple_of(self.spacing);
    }

    /// Returns the block's body. Unused points are placeholders, which are all ones.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(LENGTH);
        for point in &self.points {
            body.extend(point.sample.to_be_bytes());
            body.extend(point.offset.to_be_bytes());
            body.extend(point.samples.to_be_bytes());
        }
        while body.len() < LENGTH {
            body.extend([0xFF; 8]);
            body.extend([0; POINT - 8]);
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seek_points_are_frames_at_multiples_of_the_interval() {
        let mut table = SeekTable::new(10);
        for samples in [4, 4, 4, 30, 4] {
            table.add(Some(samples), 100);
        }
        let samples: Vec<_> =
            table.points.iter().map(|p| (p.sample, p.offset, p.samples)).collect();
        // 10 is in 8..12; 20, 30 and 40 are in 12..42.
        assert_eq!(samples, [(0, 0, 4), (8, 200, 4), (12, 300, 30)]);
    }

    #[test]
    fn full_seek_table_doubles_its_interval() {
        let mut table = SeekTable::new(10);
        for _ in 0..20_000 {
            table.add(Some(5), 7);
            assert_eq!(table.body().len(), LENGTH);
        }
        assert!(table.points.len() > POINTS / 2);
        let spacing = table.spacing;
        assert_eq!(spacing, 320);
        for (i, point) in table.points.iter().enumerate() {
            assert_eq!(point.sample, i as u64 * spacing);
            assert_eq!(point.offset, point.sample / 5 * 7);
        }
    }

    #[test]
    fn seek_points_end_at_unknown_lengths() {
        let mut table = SeekTable::new(10);
        for samples in [Some(10), None, Some(10)] {
            table.add(samples, 1);
        }
        assert_eq!(table.points.len(), 1);
    }
}
