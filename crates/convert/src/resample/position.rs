//! Position of the next output frame between input frames, in integers that do not drift.

/// Position in the input, and step to the next one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// Input frames per output frame: `step` / `parts`, in lowest terms.
    pub(super) step: u64,
    pub(super) parts: u64,
    /// Distance of the next output frame from the input frame before it, in units of 1 / `parts`
    /// input frames. Less than `parts`.
    pub(super) part: u64,
}

impl Position {
    /// Creates a position at an input frame, with steps of `from` / `to` frames.
    pub(super) fn new(from: u64, to: u64) -> Self {
        let divisor = gcd(from, to);
        Self { step: from / divisor, parts: to / divisor, part: 0 }
    }

    /// Returns the number of output frames between the current input frame, which is included, and
    /// the input frame that is `frames` later, which is not.
    pub(super) fn within(&self, frames: usize) -> usize {
        (frames as u64 * self.parts).saturating_sub(self.part).div_ceil(self.step) as usize
    }

    /// Advances by `outputs` output frames and returns the number of input frames passed.
    pub(super) fn advance(&mut self, outputs: usize) -> usize {
        let parts = self.part + outputs as u64 * self.step;
        self.part = parts % self.parts;
        (parts / self.parts) as usize
    }
}

/// Returns the greatest common divisor.
pub(super) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Returns the length of `frames` frames at rate `from` in frames at rate `to`, rounded to the
/// nearest with halves up.
pub(super) fn frames_out(frames: u64, from: u32, to: u32) -> u64 {
    let (from, to) = (u128::from(from), u128::from(to));
    ((2 * u128::from(frames) * to + from) / (2 * from)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_up() {
        assert_eq!([1, 2, 3, 5].map(|n| frames_out(n, 2, 1)), [1, 1, 2, 3]);
        assert_eq!([0, 1, 2].map(|n| frames_out(n, 48_000, 44_100)), [0, 1, 2]);
        assert_eq!(frames_out(u64::MAX / 768_000, 1, 768_000), u64::MAX / 768_000 * 768_000);
    }

    #[test]
    fn steps_add_up_to_the_ratio() {
        let mut position = Position::new(48_000, 44_100);
        let frames: usize = (0..441).map(|n| position.advance(n % 3)).sum();
        assert_eq!((frames, position.part), (480, 0));
        assert_eq!(Position::new(48_000, 44_100).within(160), 147);
        assert_eq!(Position::new(48_000, 44_100).within(161), 148);
        assert_eq!(Position::new(1, 3).within(1), 3);
    }
}
