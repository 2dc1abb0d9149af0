//! The resampler: frames at one rate in, frames at another out.

use reelwright_core::{DataType, Element, Error, Result, TypedSlice};

use super::ResampleQuality;
use super::engine::Engine;
use crate::level::Level;

/// The highest rate, in Hz.
const MAX_RATE: u32 = 768_000;

/// The most channels: each needs room for some thousand samples.
const MAX_CHANNELS: usize = 1024;

/// Converts a stream of interleaved frames from one sample rate to another.
///
/// The [module's documentation](super) has what it promises.
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
    /// A resampler of streams of `channels` channels from the rate `from` to the rate `to`, both in
    /// Hz.
    ///
    /// # Errors
    /// A rate is not from 1 to 768000, or there are not from 1 to 1024 channels.
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

    /// The type of samples in and out: `F64` for [`ResampleQuality::High`], `F32` for the others.
    pub fn data_type(&self) -> DataType {
        match &self.0 {
            Typed::F32(_) => DataType::F32,
            Typed::F64(_) => DataType::F64,
        }
    }

    /// Takes any number of interleaved frames.
    ///
    /// # Panics
    /// `interleaved` is not of the [`data_type`](Self::data_type) or not a whole number of frames,
    /// or the input was [finished](Self::finish).
    pub fn push(&mut self, interleaved: TypedSlice<'_>) {
        match &mut self.0 {
            Typed::F32(engine) => engine.push(samples(interleaved)),
            Typed::F64(engine) => engine.push(samples(interleaved)),
        }
    }

    /// Ends the input: all that is still inside becomes [`ready`](Self::ready). A second call does
    /// nothing.
    pub fn finish(&mut self) {
        match &mut self.0 {
            Typed::F32(engine) => engine.finish(),
            Typed::F64(engine) => engine.finish(),
        }
    }

    /// The interleaved output frames that are ready and not yet consumed.
    pub fn ready(&self) -> TypedSlice<'_> {
        match &self.0 {
            Typed::F32(engine) => TypedSlice::F32(engine.ready()),
            Typed::F64(engine) => TypedSlice::F64(engine.ready()),
        }
    }

    /// Drops the first `frames` of the frames that are ready, or all where they are fewer.
    pub fn consume(&mut self, frames: usize) {
        match &mut self.0 {
            Typed::F32(engine) => engine.consume(frames),
            Typed::F64(engine) => engine.consume(frames),
        }
    }
}

fn samples<S: Element>(interleaved: TypedSlice<'_>) -> &[S] {
    S::of(interleaved)
        .unwrap_or_else(|| panic!("a resampler of {} takes samples of no other type", S::DATA_TYPE))
}
