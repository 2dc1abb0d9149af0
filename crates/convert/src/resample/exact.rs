//! Final filter with a table of all positions between two samples, for all common pairs of rates.
//!
//! Output frames whose distance is an integer number of input frames have the same coefficients.
//! The input is divided into segments, so that each lane of a vector processes one channel of one
//! segment with the same coefficients.

use super::coefficients::{Group, Lanes};
use super::design::Design;
use super::kernels;
use super::planes::Planes;
use super::position::gcd;
use crate::audio::sample::Mix;
use crate::level::Level;

/// Number of vectors of sums that are computed together: half of the registers of most machines.
const SUMS: usize = 8;

/// Minimum length of a segment in frames of the input or output. A segment starts with frames that
/// the previous segment needs too.
const LEAST_STRETCH: usize = 512;

/// Period after which the coefficients repeat.
pub(super) struct Period<S, const G: usize> {
    pub(super) frames_in: usize,
    pub(super) frames_out: usize,
    pub(super) groups: Vec<Group<S, G>>,
}

/// Filters `N` samples at a time, one per segment for a single channel, or two channels of half as
/// many segments.
pub(super) struct Exact<S, const N: usize, const G: usize> {
    /// Frames of `width` channels each.
    from: Planes<S>,
    /// 1 or 2.
    width: usize,
    channels: usize,
    period: Period<S, G>,
    /// Number of periods in a segment.
    periods: usize,
    /// Input frames on which the results of a segment depend.
    window: usize,
    /// Segments of the channels of a plane, by frame.
    stretches: Vec<Lanes<S, N>>,
}

impl<S: Mix, const N: usize, const G: usize> Exact<S, N, G> {
    /// Creates a filter for `parts` output frames per `step` input frames. The input starts `lead`
    /// frames early and comes in blocks of at most `block` frames, in planes of `width` channels.
    pub(super) fn new(
        design: &Design,
        [step, parts]: [usize; 2],
        [channels, width]: [usize; 2],
        lead: usize,
        block: usize,
    ) -> Self {
        // Short periods are combined until they consist of complete groups.
        let repeat = if parts < 16 * G { G / gcd(parts as u64, G as u64) as usize } else { 1 };
        let (frames_in, frames_out) = (step * repeat, parts * repeat);
        let mut row = vec![0.0; design.taps];
        let groups: Vec<_> = (0..frames_out)
            .step_by(G)
            .map(|first| {
                let frames = G.min(frames_out - first);
                let start = first * step / parts;
                let span = (first + frames - 1) * step / parts - start;
                let mut coefs = vec![[S::SILENCE; G]; design.taps + span];
                for frame in 0..frames {
                    let place = (first + frame) * step;
                    design.row((place % parts) as f64 / parts as f64, &mut row);
                    for (coefs, coef) in coefs[place / parts - start..].iter_mut().zip(&row) {
                        coefs[frame] = S::from_sample(*coef);
                    }
                }
                Group { start, coefs, frames }
            })
            .collect();
        let periods = LEAST_STRETCH.div_ceil(frames_in.max(frames_out));
        let reach = groups.iter().map(|group| group.start + group.coefs.len()).max().unwrap_or(0);
        let window = (periods - 1) * frames_in + reach;
        let batch = (N / width - 1) * periods * frames_in + window;
        let before = design.taps / 2 - 1 - lead;
        Self {
            from: Planes::new(channels / width, [before, lead], width, batch + block),
            width,
            channels,
            period: Period { frames_in, frames_out, groups },
            periods,
            window,
            stretches: vec![Lanes([S::SILENCE; N]); window],
        }
    }

    pub(super) fn input(&mut self) -> &mut Planes<S> {
        &mut self.from
    }

    /// Appends the interleaved output frames that the input allows to `to`.
    pub(super) fn run(&mut self, level: Level, to: &mut Vec<S>) {
        match self.width {
            2 => self.run_planes::<2>(level, to),
            _ => self.run_planes::<1>(level, to),
        }
    }

    /// Like [`run`](Self::run) with width `W`.
    fn run_planes<const W: usize>(&mut self, level: Level, to: &mut Vec<S>) {
        let (channels, stretches) = (self.channels, N / W);
        // As many sums as the machine has registers for, apart from other uses.
        let columns = SUMS * level.vector_bytes() / size_of::<Lanes<S, N>>();
        let stretch_in = self.periods * self.period.frames_in;
        let stretch_out = self.periods * self.period.frames_out;
        while self.from.samples() / W >= (stretches - 1) * stretch_in + self.window {
            let start = to.len();
            to.resize(start + stretches * stretch_out * channels, S::SILENCE);
            for (i, first) in (0..channels).step_by(W).enumerate() {
                let plane = self.from.plane(i).as_chunks::<W>().0;
                // Otherwise the compiler would use slow scatter stores.
                let narrow = level.without_avx512();
                kernels::cut_stretches(narrow, plane, stretch_in, &mut self.stretches);
                let to = &mut to[start + first..];
                match columns {
                    8.. if G == 8 => self.filter::<W, 8>(level, to),
                    4.. => self.filter::<W, 4>(level, to),
                    2.. => self.filter::<W, 2>(level, to),
                    _ => self.filter::<W, 1>(level, to),
                }
            }
            self.from.drop_front(stretches * stretch_in * W);
        }
    }
    /// Filters all segments of complete periods. Results are written to the first `W` channels of
    /// each frame. `C` output frames are computed together.
    fn filter<const W: usize, const C: usize>(&self, level: Level, to: &mut [S]) {
        let Self { period, periods, channels, .. } = self;
        let mut sums = [Lanes([S::SILENCE; N]); C];
        for i in 0..*periods {
            let from = &self.stretches[i * period.frames_in..];
            for (j, group) in period.groups.iter().enumerate() {
                for column in 0..group.frames.div_ceil(C) {
                    kernels::filter_columns(level, group, column, &from[group.start..], &mut sums);
                    let sums = sums.each_ref().map(|sums| sums.0.as_chunks::<W>().0);
                    let first = i * period.frames_out + G * j + C * column;
                    let frames = C.min(group.frames - C * column);
                    for lane in 0..N / W {
                        let start = lane * periods * period.frames_out + first;
                        let to = &mut to[start * channels..];
                        if *channels == W && frames == C {
                            let to = &mut to.as_chunks_mut::<W>().0[..C];
                            for (to, sums) in to.iter_mut().zip(&sums) {
                                *to = sums[lane];
                            }
                        } else {
                            for (to, sums) in to.chunks_mut(*channels).zip(&sums[..frames]) {
                                to[..W].copy_from_slice(&sums[lane]);
                            }
                        }
                    }
                }
            }
        }
    }
}
