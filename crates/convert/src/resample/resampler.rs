//! Resampler of interleaved streams.

use reelwright_core::{DataType, Element, Error, Result, TypedSlice};

use super::ResampleQuality;
use super::engine::Engine;
use crate::level::Level;

/// Maximum sample rate in Hz.
const MAX_RATE: u32 = 768_000;

/// Maximum number of channels. Each needs buffers of some thousand samples.
const MAX_CHANNELS: usize = 1024;

/// Converts a stream of interleaved frames from one sample rate to another.
///
/// The [module's documentation](super) describes the output.
///
/// ```
/// use reelwright_convert::{ResampleQuality, Resampler};
/// use reelwright_core::{Element, TypedSlice};
///
/// let mut resampler = Resampler::new(48_000, 44_100, 2, ResampleQuality::Default)?;
/// let mut frames = 0;
/// for _ in 0..10 {
///     resampler.push(TypedSlice::F32(&[0.0; 2 * 4800]));
///     frames += f32::of(resampler.ready()).unwrap().len() / 2;
///     resampler.consume(usize::MAX);
/// }
/// resampler.finish();
/// frames += f32::of(resampler.ready()).unwrap().len() / 2;
/// assert_eq!(frames, 44_100);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
pub struct Resampler(Typed);

enum Typed {
    F32(Engine<f32, 16, 4>),
    F64(Engine<f64, 8, 8>),
}

impl Resampler {
    /// Creates a resampler of `channels` channels from rate `from` to rate `to`, both in Hz.
    ///
    /// # Errors
    /// A rate is not from 1 to 768000, or the number of channels is not from 1 to 1024.
    pub fn new(from: u32, to: u32, channels: usize, quality: ResampleQuality) -> Result<Self> {
        for (name, rate) in [("from", from), ("to", to)] {
            if !(1..=MAX_RATE).contains(&rate) {
                return Err(Error::unsupported(format!(
                    "The sample rate to convert {name} must be from 1 to {MAX_RATE} Hz. Found: \
                     {rate}"
                )));
            }
        }
        if !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(Error::unsupported(format!(
                "The number of channels to resample must be from 1 to {MAX_CHANNELS}. Found: \
                 {channels}"
            )));
        }
        let level = Level::detect();
        Ok(Self(match quality.data_type() {
            DataType::F64 => Typed::F64(Engine::new(level, from, to, channels, quality)),
            _ => Typed::F32(Engine::new(level, from, to, channels, quality)),
        }))
    }

    /// Returns the type of input and output samples: `F64` for [`ResampleQuality::High`], otherwise
    /// `F32`.
    pub fn data_type(&self) -> DataType {
        match &self.0 {
            Typed::F32(_) => DataType::F32,
            Typed::F64(_) => DataType::F64,
        }
    }

    /// Adds any number of interleaved input frames.
    ///
    /// # Panics
    /// If `interleaved` has another type than [`data_type`](Self::data_type) or an incomplete
    /// frame, or the input was [finished](Self::finish).
    pub fn push(&mut self, interleaved: TypedSlice<'_>) {
        match &mut self.0 {
            Typed::F32(engine) => engine.push(samples(interleaved)),
            Typed::F64(engine) => engine.push(samples(interleaved)),
        }
    }

    /// Ends the input, and makes all remaining output [`ready`](Self::ready). A second call does
    /// nothing.
    pub fn finish(&mut self) {
        match &mut self.0 {
            Typed::F32(engine) => engine.finish(),
            Typed::F64(engine) => engine.finish(),
        }
    }

    /// Returns the interleaved output frames that are ready and not consumed.
    pub fn ready(&self) -> TypedSlice<'_> {
        match &self.0 {
            Typed::F32(engine) => TypedSlice::F32(engine.ready()),
            Typed::F64(engine) => TypedSlice::F64(engine.ready()),
        }
    }

    /// Removes the first `frames` ready frames, or all if there are fewer.
    pub fn consume(&mut self, frames: usize) {
        match &mut self.0 {
            Typed::F32(engine) => engine.consume(frames),
            Typed::F64(engine) => engine.consume(frames),
        }
    }
}

fn samples<S: Element>(interleaved: TypedSlice<'_>) -> &[S] {
    S::of(interleaved)
        .unwrap_or_else(|| panic!("a resampler of {} accepts no other type", S::DATA_TYPE))
}
