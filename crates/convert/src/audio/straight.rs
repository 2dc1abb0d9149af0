//! Conversion between two sample types without remixing.

use std::marker::PhantomData;

use reelwright_core::{TensorView, TypedBuffer};

use super::block::{self, Place};
use super::sample::Sample;
use crate::level::Level;

/// Conversion between types known at compile time.
pub(super) trait Convert: Send {
    /// Converts all of `chunk` to `out` from sample `at` on. `out` has `capacity` samples per
    /// channel.
    fn convert(
        &mut self,
        chunk: &TensorView<'_>,
        out: &mut TypedBuffer,
        capacity: usize,
        at: usize,
    );
}

/// Conversion without remixing.
pub(super) struct Straight<S, D> {
    level: Level,
    planar: bool,
    types: PhantomData<fn(S) -> D>,
}

impl<S, D> Straight<S, D> {
    pub(super) fn new(level: Level, planar: bool) -> Self {
        Self { level, planar, types: PhantomData }
    }
}

impl<S: Sample, D: Sample> Convert for Straight<S, D> {
    fn convert(
        &mut self,
        chunk: &TensorView<'_>,
        out: &mut TypedBuffer,
        capacity: usize,
        at: usize,
    ) {
        let (from, size) = Place::of(chunk);
        let to = Place::in_frame(self.planar, size.1, capacity, at);
        block::convert::<S, D>(self.level, (samples(chunk), from), (samples_mut(out), to), size);
    }
}

/// Returns the elements of the slice that contains `chunk`.
pub(super) fn samples<'a, S: Sample>(chunk: &TensorView<'a>) -> &'a [S] {
    S::of(chunk.data()).expect("the type of the chunk is checked")
}

/// Returns the elements of `out`.
pub(super) fn samples_mut<D: Sample>(out: &mut TypedBuffer) -> &mut [D] {
    let found = out.data_type();
    D::of_mut(out).unwrap_or_else(|| panic!("the output is {}, not {found}", D::DATA_TYPE))
}
