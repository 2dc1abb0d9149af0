//! The last filter where few places between two samples occur, as with all usual pairs of rates.
//!
//! Output frames that are a whole number of input frames apart have the same coefficients. The
//! input is cut into stretches until a vector has a lane for each channel of each of them, and
//! every lane does to its own what the others do to theirs.

use super::coefficients::{Group, Lanes};
use super::design::Design;
use super::kernels;
use super::planes::Planes;
use super::position::gcd;
use crate::audio::sample::Mix;
use crate::level::Level;

/// Vectors of sums that are computed together: half of the registers of most machines.
const SUMS: usize = 8;

/// A stretch is at least so many frames long, of the input or of the output: it starts with frames
/// that the stretch before it needs, too.
const LEAST_STRETCH: usize = 512;

/// Frames after which the coefficients are the same again.
pub(super) struct Period<S, const G: usize> {
    pub(super) frames_in: usize,
    pub(super) frames_out: usize,
    pub(super) groups: Vec<Group<S, G>>,
}

/// Filters `N` samples at a time, of as many stretches of a channel or half as many of two.
pub(super) struct Exact<S, const N: usize, const G: usize> {
    /// Frames of `width` channels each.
    from: Planes<S>,
    /// 1 or 2.
    width: usize,
    channels: usize,
    period: Period<S, G>,
    /// In a stretch.
    periods: usize,
    /// Input frames that a stretch's results depend on.
    window: usize,
    /// For the channels of a plane, what of them is in the stretches, by frame.
    stretches: Vec<Lanes<S, N>>,
}

impl<S: Mix, const N: usize, const G: usize> Exact<S, N, G> {
    /// For `parts` output frames in `step` input frames. The input starts `lead` frames early and
    /// comes in at most `block` frames at a time, in planes of `width` channels.
    pub(super) fn new(
        design: &Design,
        [step, parts]: [usize; 2],
        [channels, width]: [usize; 2],
        lead: usize,
        block: usize,
    ) -> Self {
        // Short periods are taken together until they are made of whole groups.
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

    /// Adds the interleaved output frames that the input allows to `to`.
    pub(super) fn run(&mut self, level: Level, to: &mut Vec<S>) {
        match self.width {
            2 => self.run_planes::<2>(level, to),
            _ => self.run_planes::<1>(level, to),
        }
    }

    /// As [`run`](Self::run); `W` is the width.
    fn run_planes<const W: usize>(&mut self, level: Level, to: &mut Vec<S>) {
        let (channels, stretches) = (self.channels, N / W);
        // As many sums as the machine has registers for; it needs some for other things.
        let columns = SUMS * level.vector_bytes() / size_of::<Lanes<S, N>>();
        let stretch_in = self.periods * self.period.frames_in;
        let stretch_out = self.periods * self.period.frames_out;
        while self.from.samples() / W >= (stretches - 1) * stretch_in + self.window {
            let start = to.len();
            to.resize(start + stretches * stretch_out * channels, S::SILENCE);
            for (i, first) in (0..channels).step_by(W).enumerate() {
                let plane = self.from.plane(i).as_chunks::<W>().0;
                // Its stores would be made scatters, which are slow.
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
    /// Filters all stretches, whole periods of them. The results are written to the first `W` of
    /// every so many samples as there are channels. `C` output frames are computed together.
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
