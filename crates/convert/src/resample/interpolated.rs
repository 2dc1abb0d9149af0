//! Final filter with interpolated coefficients, for rates with too many positions between two
//! samples.

use super::coefficients::{Bank, GRID, LANES, Lanes};
use super::design::Design;
use super::kernels;
use super::planes::Planes;
use super::position::Position;
use crate::audio::sample::Mix;
use crate::level::Level;

/// Filters output frames one by one.
pub(super) struct Interpolated<S> {
    from: Planes<S>,
    bank: Bank<S>,
    /// Coefficients of one frame.
    mixed: Vec<S>,
    /// Partial sums of one frame, by channel.
    sums: Vec<Lanes<S, LANES>>,
    position: Position,
}

impl<S: Mix> Interpolated<S> {
    /// Creates a filter for output frames at `position` and its steps. The input starts `lead`
    /// frames early and comes in blocks of at most `block` frames.
    pub(super) fn new(
        design: &Design,
        position: Position,
        channels: usize,
        lead: usize,
        block: usize,
    ) -> Self {
        // Zeros at the end, if the taps do not fill all lanes.
        let mut row = vec![0.0; design.taps.next_multiple_of(LANES)];
        let mut rows = Vec::with_capacity((GRID + 3) * row.len());
        for place in -1..GRID as i32 + 2 {
            design.row(f64::from(place) / GRID as f64, &mut row[..design.taps]);
            rows.extend(row.iter().map(|coef| S::from_sample(*coef)));
        }
        Self {
            from: Planes::new(
                channels,
                [design.taps / 2 - 1 - lead, lead],
                1,
                row.len() + 2 * block,
            ),
            bank: Bank::new(rows, row.len()),
            mixed: vec![S::SILENCE; row.len()],
            sums: vec![Lanes([S::SILENCE; LANES]); channels],
            position,
        }
    }

    pub(super) fn input(&mut self) -> &mut Planes<S> {
        &mut self.from
    }

    /// Appends the interleaved output frames that the input allows to `to`.
    pub(super) fn run(&mut self, level: Level, to: &mut Vec<S>) {
        let windows = (self.from.samples() + 1).saturating_sub(self.mixed.len());
        let frames = self.position.within(windows);
        let start = to.len();
        to.resize(start + frames * self.from.channels(), S::SILENCE);
        kernels::filter_interpolated(
            level,
            &self.bank,
            &self.from,
            &self.position,
            &mut self.mixed,
            &mut self.sums,
            &mut to[start..],
        );
        self.from.drop_front(self.position.advance(frames));
    }
}
