//! Chain of filters of a conversion.

use std::mem;

use super::ResampleQuality;
use super::design::Design;
use super::exact::Exact;
use super::half_band::LEAD;
use super::halve::Halver;
use super::interpolated::Interpolated;
use super::kernels;
use super::position::{Position, frames_out};
use crate::audio::sample::Mix;
use crate::level::Level;

/// Number of samples per block, small enough for the L1 cache.
const BLOCK_SAMPLES: usize = 4096;

/// Maximum number of output samples per block.
const MOST_SAMPLES_OUT: usize = 1 << 18;

/// Maximum number of input frames kept for the mirror image at the end. Only rates that are halved
/// often need more.
const MOST_ENDING: usize = 1 << 16;

/// Maximum number of positions between samples with a table of all coefficients, which must fit in
/// the caches. Beyond, coefficients are interpolated.
const MOST_EXACT: u64 = 1280;

/// Conversion in samples of type `S`, with `N` samples per vector. Coefficients of `G` output
/// frames, 4 or 8, are adjacent.
pub(super) struct Engine<S, const N: usize, const G: usize> {
    level: Level,
    channels: usize,
    rates: [u32; 2],
    /// Input frames per block.
    block: usize,
    /// Number of adjacent channels in a plane of the first filter: 1 or 2.
    width: usize,
    halvers: Vec<Halver<S>>,
    last: Last<S, N, G>,
    ending: Ending<S>,
    /// Interleaved output; the first `consumed` frames were removed.
    out: Vec<S>,
    consumed: usize,
    frames_in: u64,
    /// Number of output frames removed from the start of `out`.
    frames_gone: u64,
    finished: bool,
}

/// Final filter, which computes the output frames.
enum Last<S, const N: usize, const G: usize> {
    /// None, because the rates are equal.
    Copy,
    Exact(Exact<S, N, G>),
    Interpolated(Interpolated<S>),
}

impl<S: Mix, const N: usize, const G: usize> Engine<S, N, G> {
    pub(super) fn new(
        level: Level,
        from: u32,
        to: u32,
        channels: usize,
        quality: ResampleQuality,
    ) -> Self {
        let design = Design::new(from, to, quality);
        let halvings = design.halvings;
        let most_out = (MOST_SAMPLES_OUT / channels) as u64 * u64::from(from) / u64::from(to);
        let block = most_out.clamp(1, (BLOCK_SAMPLES / channels).max(64) as u64) as usize;
        let lead = |first: bool| if first { 0 } else { LEAD };
        let halvers = (0..halvings).map(|i| Halver::new(channels, lead(i == 0), block)).collect();
        let position = Position::new(u64::from(from), u64::from(to) << halvings);
        let lead = lead(halvings == 0);
        let exact = position.parts <= MOST_EXACT;
        let width = if exact && halvings == 0 && channels.is_multiple_of(2) { 2 } else { 1 };
        let last = if from == to {
            Last::Copy
        } else if !exact {
            Last::Interpolated(Interpolated::new(&design, position, channels, lead, block))
        } else {
            let ratio = [position.step as usize, position.parts as usize];
            Last::Exact(Exact::new(&design, ratio, [channels, width], lead, block))
        };
        let reach = if from == to { 0 } else { (design.taps / 2 + LEAD) << halvings };
        Self {
            level,
            channels,
            rates: [from, to],
            block,
            width,
            halvers,
            last,
            ending: Ending::new(reach.min(MOST_ENDING), channels),
            out: Vec::new(),
            consumed: 0,
            frames_in: 0,
            frames_gone: 0,
            finished: false,
        }
    }

    pub(super) fn push(&mut self, interleaved: &[S]) {
        assert!(!self.finished, "push must not be called after finish");
        assert!(
            interleaved.len().is_multiple_of(self.channels),
            "{} samples are not a whole number of frames of {} channels",
            interleaved.len(),
            self.channels
        );
        self.frames_in += (interleaved.len() / self.channels) as u64;
        self.forget_consumed();
        if let Last::Copy = self.last {
            return self.out.extend_from_slice(interleaved);
        }
        self.ending.keep(interleaved);
        self.filter(interleaved);
    }

    /// Passes input to the filters.
    fn filter(&mut self, interleaved: &[S]) {
        for block in interleaved.chunks(self.block * self.channels) {
            let (level, channels, width) = (self.level, self.channels, self.width);
            self.run(block.len() / channels, |plane, to| {
                let first = plane * width;
                match width {
                    2 => kernels::take_channels::<S, 2>(
                        level,
                        block,
                        channels,
                        first,
                        to.as_chunks_mut().0,
                    ),
                    _ => kernels::take_channels::<S, 1>(
                        level,
                        block,
                        channels,
                        first,
                        to.as_chunks_mut().0,
                    ),
                }
            });
        }
    }

    pub(super) fn finish(&mut self) {
        if mem::replace(&mut self.finished, true) {
            return;
        }
        self.forget_consumed();
        let total = frames_out(self.frames_in, self.rates[0], self.rates[1]);
        let left = (total - self.frames_gone) as usize * self.channels;
        // The mirror image is long enough; the final filter needs complete blocks.
        let mirrored = self.ending.mirrored();
        self.filter(&mirrored);
        self.halvers.clear();
        while self.out.len() < left {
            self.run(self.block, |_, plane| plane.fill(S::SILENCE));
        }
        self.out.truncate(left);
    }

    /// Adds `frames` frames to the input of the first filter, plane by plane from `fill`, and
    /// computes the output frames that are ready.
    fn run(&mut self, frames: usize, fill: impl FnMut(usize, &mut [S])) {
        let last = match &mut self.last {
            Last::Copy => return,
            Last::Exact(exact) => exact.input(),
            Last::Interpolated(interpolated) => interpolated.input(),
        };
        match &mut self.halvers[..] {
            [] => last.add(frames * self.width, fill),
            [first, ..] => first.input().add(frames, fill),
        }
        for i in 0..self.halvers.len() {
            match &mut self.halvers[i..] {
                [halver, next, ..] => halver.run(self.level, next.input()),
                [halver] => halver.run(self.level, last),
                [] => {}
            }
        }
        match &mut self.last {
            Last::Copy => {}
            Last::Exact(exact) => exact.run(self.level, &mut self.out),
            Last::Interpolated(interpolated) => interpolated.run(self.level, &mut self.out),
        }
    }

    pub(super) fn ready(&self) -> &[S] {
        &self.out[self.consumed * self.channels..]
    }

    pub(super) fn consume(&mut self, frames: usize) {
        self.consumed += frames.min(self.out.len() / self.channels - self.consumed);
    }

    /// Moves the remaining frames to the start if they are fewer than the consumed ones.
    fn forget_consumed(&mut self) {
        let gone = self.consumed * self.channels;
        if 2 * gone >= self.out.len() {
            self.out.drain(..gone);
            self.frames_gone += self.consumed as u64;
            self.consumed = 0;
        }
    }
}

/// Last frames of the input, which are mirrored at its end.
struct Ending<S> {
    /// Interleaved ring buffer; if full, the oldest frame is at `next`.
    samples: Vec<S>,
    next: usize,
    most: usize,
    channels: usize,
}

impl<S: Copy> Ending<S> {
    fn new(frames: usize, channels: usize) -> Self {
        let most = frames * channels;
        Self { samples: Vec::with_capacity(most), next: 0, most, channels }
    }

    fn keep(&mut self, interleaved: &[S]) {
        let mut new = &interleaved[interleaved.len().saturating_sub(self.most)..];
        let room = new.len().min(self.most - self.samples.len());
        self.samples.extend_from_slice(&new[..room]);
        new = &new[room..];
        while !new.is_empty() {
            let count = new.len().min(self.most - self.next);
            self.samples[self.next..self.next + count].copy_from_slice(&new[..count]);
            self.next = (self.next + count) % self.most;
            new = &new[count..];
        }
    }

    /// Returns the frames in reverse order. Short inputs are mirrored repeatedly.
    fn mirrored(&mut self) -> Vec<S> {
        self.samples.rotate_left(self.next);
        self.next = 0;
        let frames: Vec<_> = self.samples.chunks_exact(self.channels).collect();
        let there_and_back = frames.iter().rev().chain(&frames).cycle();
        let most = if frames.is_empty() { 0 } else { self.most / self.channels };
        there_and_back.take(most).flat_map(|frame| frame.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the output at each level, the portable one first.
    fn at_each_level<S: Mix, const N: usize, const G: usize>(
        rates: [u32; 2],
        channels: usize,
    ) -> Vec<Vec<S>> {
        let mut state = 1u64;
        let samples: Vec<S> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            S::from_sample((state >> 32) as i32)
        })
        .take(if cfg!(miri) { 300 } else { 20_000 } * channels)
        .collect();
        let quality = if S::DATA_TYPE == reelwright_core::DataType::F64 {
            ResampleQuality::High
        } else {
            ResampleQuality::Default
        };
        let resampled = |level| {
            let mut engine = Engine::<S, N, G>::new(level, rates[0], rates[1], channels, quality);
            engine.push(&samples);
            engine.finish();
            engine.ready().to_vec()
        };
        Level::available().into_iter().map(resampled).collect()
    }

    #[test]
    fn all_levels_resample_equally() {
        // Exact, halved first, and interpolated.
        let usual = [[48_000, 44_100], [48_000, 16_000], [96_000, 8_000], [44_101, 48_000]];
        // Miri takes minutes for long filters.
        let short = [[3, 2], [2, 1], [8, 1], [44_101, 48_000]];
        for rates in if cfg!(miri) { short } else { usual } {
            for channels in if cfg!(miri) { 2..3 } else { 1..5 } {
                let floats = at_each_level::<f32, 16, 4>(rates, channels);
                for found in &floats {
                    assert!(found.iter().any(|sample| *sample != 0.0));
                    assert!(
                        found.iter().map(|s| s.to_bits()).eq(floats[0].iter().map(|s| s.to_bits()))
                    );
                }
                if cfg!(miri) && rates == short[3] {
                    continue;
                }
                let doubles = at_each_level::<f64, 8, 8>(rates, channels);
                for found in &doubles {
                    assert!(
                        found
                            .iter()
                            .map(|s| s.to_bits())
                            .eq(doubles[0].iter().map(|s| s.to_bits()))
                    );
                }
            }
        }
    }

    #[test]
    fn memory_is_bounded_by_the_design() {
        // Large ratios need no long filters, because rates are halved first.
        for (from, to) in [(768_000, 1), (1, 768_000), (767_999, 3), (768_000, 767_999)] {
            let design = Design::new(from, to, ResampleQuality::High);
            assert!(design.taps <= 1200, "{from} to {to}: {}", design.taps);
        }
    }
}
