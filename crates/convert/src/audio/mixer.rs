//! Remixing: output channels as sums of input channels.

use std::marker::PhantomData;

use reelwright_core::{TensorView, TypedBuffer};

use super::block::{self, Place};
use super::kernels;
use super::remix::Recipe;
use super::sample::{Mix, Sample};
use super::straight::{Convert, samples, samples_mut};
use crate::level::Level;

/// Samples per channel that are mixed at once. All planes of this size fit in the cache.
const BLOCK: usize = 512;

/// Mixes chunks of `S` in floats and writes the sums as `D`.
pub(super) struct Mixer<S: Sample, D> {
    level: Level,
    planar: bool,
    recipes: Vec<Recipe>,
    all_are_sums: bool,
    /// Input channels of a block, one plane each.
    inputs: Vec<S::Mix>,
    /// Sums of a block, one plane for each output channel.
    sums: Vec<S::Mix>,
    to: PhantomData<fn() -> D>,
}

impl<S: Sample, D: Sample> Mixer<S, D> {
    pub(super) fn new(level: Level, planar: bool, channels: usize, recipes: Vec<Recipe>) -> Self {
        let is_sum = |recipe: &Recipe| matches!(recipe, Recipe::Sum(_));
        // Channels that are only reordered need no planes.
        let block = if recipes.iter().any(is_sum) { BLOCK } else { 0 };
        Self {
            level,
            planar,
            all_are_sums: recipes.iter().all(is_sum),
            inputs: vec![S::Mix::SILENCE; block * channels],
            sums: vec![S::Mix::SILENCE; block * recipes.len()],
            recipes,
            to: PhantomData,
        }
    }
}

impl<S: Sample, D: Sample> Convert for Mixer<S, D> {
    fn convert(
        &mut self,
        chunk: &TensorView<'_>,
        out: &mut TypedBuffer,
        capacity: usize,
        at: usize,
    ) {
        let (from, (rows, channels)) = Place::of(chunk);
        let source = samples::<S>(chunk);
        let target = samples_mut::<D>(out);
        let to = Place::in_frame(self.planar, self.recipes.len(), capacity, at);
        let planes = Place::in_frame(true, channels, BLOCK, 0);
        let level = self.level;
        for start in (0..rows).step_by(BLOCK) {
            let len = BLOCK.min(rows - start);
            let from = from.starting(start, 0);
            let to = to.starting(start, 0);
            if !self.inputs.is_empty() {
                block::convert(level, (source, from), (&mut self.inputs, planes), (len, channels));
            }
            for (recipe, sum) in self.recipes.iter().zip(self.sums.chunks_mut(BLOCK)) {
                if let Recipe::Sum(terms) = recipe {
                    mix(level, terms, &self.inputs, &mut sum[..len]);
                }
            }
            if self.all_are_sums {
                let size = (len, self.recipes.len());
                block::convert(level, (&self.sums, planes), (target, to), size);
                continue;
            }
            for (output, recipe) in self.recipes.iter().enumerate() {
                let to = to.starting(0, output);
                match recipe {
                    Recipe::Silence => {
                        for row in 0..len {
                            target[to.index(row, 0)] = D::SILENCE;
                        }
                    }
                    Recipe::Copy(input) => {
                        let from = from.starting(0, *input);
                        block::convert(level, (source, from), (target, to), (len, 1));
                    }
                    Recipe::Sum(_) => {
                        let from = planes.starting(0, output);
                        block::convert(level, (&self.sums, from), (target, to), (len, 1));
                    }
                }
            }
        }
    }
}

/// Writes the sum of `terms`, each a plane of `inputs` and its gain.
fn mix<M: Mix>(level: Level, terms: &[(usize, f64)], inputs: &[M], sum: &mut [M]) {
    for (i, &(input, gain)) in terms.iter().enumerate() {
        let gain = M::from_sample(gain);
        let input = &inputs[input * BLOCK..][..sum.len()];
        if i == 0 {
            kernels::scale(level, gain, input, sum);
        } else {
            kernels::add_scaled(level, gain, input, sum);
        }
    }
}
