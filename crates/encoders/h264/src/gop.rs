//! Keyframe interval.

use reelwright_core::Timestamp;

/// Limits of the keyframe interval in frames and in time.
#[derive(Debug)]
pub(crate) struct Gop {
    max_frames: u32,
    /// Maximum duration in units of the time base.
    max_units: Option<i64>,
    /// Number of frames from the last keyframe on, and the keyframe's pts.
    frames: u32,
    keyframe: Option<Timestamp>,
}

impl Gop {
    pub(crate) const fn new(max_frames: u32, max_units: Option<i64>) -> Self {
        Self { max_frames, max_units, frames: 0, keyframe: None }
    }

    /// Returns true if every frame is a keyframe.
    pub(crate) const fn is_intra_only(&self) -> bool {
        self.max_frames <= 1
    }

    /// Returns true if the frame at `pts` must be a keyframe.
    pub(crate) fn is_due(&self, pts: Timestamp) -> bool {
        self.keyframe.is_none_or(|keyframe| {
            let units = pts.0.saturating_sub(keyframe.0);
            self.frames >= self.max_frames || self.max_units.is_some_and(|most| units >= most)
        })
    }

    /// Adds a frame.
    pub(crate) fn add(&mut self, pts: Timestamp, is_keyframe: bool) {
        if is_keyframe {
            (self.frames, self.keyframe) = (0, Some(pts));
        }
        self.frames += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_are_due_by_number_and_by_time() {
        let mut gop = Gop::new(3, Some(10));
        let mut keyframes = Vec::new();
        for pts in [0, 1, 2, 3, 4, 13, 14, 15, 16] {
            let is_keyframe = gop.is_due(Timestamp(pts));
            gop.add(Timestamp(pts), is_keyframe);
            keyframes.extend(is_keyframe.then_some(pts));
        }
        assert_eq!(keyframes, [0, 3, 13, 16]);
    }
}
