//! Halving of the rate, a cheap first stage of large rate reductions.

use super::half_band::{LEAD, PAIRS, REACH};
use super::kernels;
use super::planes::Planes;
use super::window::Sinc;
use crate::audio::sample::Mix;
use crate::level::Level;

/// Attenuation in dB.
const ATTENUATION: f64 = 165.0;

/// Halves the rate of its input.
pub(super) struct Halver<S> {
    taps: [S; PAIRS],
    from: Planes<S>,
}

impl<S: Mix> Halver<S> {
    /// Creates a stage for input that starts `lead` frames early and comes in blocks of at most
    /// `block` frames.
    pub(super) fn new(channels: usize, lead: usize, block: usize) -> Self {
        let sinc = Sinc::new(ATTENUATION, 0.5, (2 * PAIRS) as f64);
        let taps: [f64; PAIRS] = std::array::from_fn(|j| sinc.at((2 * j + 1) as f64));
        let sum: f64 = taps.iter().sum();
        let before = 2 * LEAD + REACH - lead;
        Self {
            taps: taps.map(|tap| S::from_sample(tap * (0.25 / sum))),
            from: Planes::new(channels, [before, lead], 1, before + 2 * block),
        }
    }

    pub(super) fn input(&mut self) -> &mut Planes<S> {
        &mut self.from
    }

    /// Appends the output, which starts [`LEAD`] frames early, to `to`.
    pub(super) fn run(&mut self, level: Level, to: &mut Planes<S>) {
        let frames = (self.from.samples() + 1).saturating_sub(2 * REACH) / 2;
        to.add(frames, |channel, plane| {
            kernels::halve(level, &self.taps, self.from.plane(channel), plane);
        });
        self.from.drop_front(2 * frames);
    }
}
