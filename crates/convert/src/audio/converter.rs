//! Converter of audio chunks to samples of frames.

use std::ops::Range;

use reelwright_core::{
    ChannelLayout, DataType, Error, Result, SampleFormat, TensorView, TypedBuffer,
};

use super::block::Place;
use super::mixer::Mixer;
use super::remix::{self, Recipe};
use super::sample::Sample;
use super::straight::{Convert, Straight};
use crate::level::Level;

/// Converts chunks of shape (frame, channel), with any strides, to the sample format and channels
/// of an encoder.
///
/// The [crate's documentation](crate) describes the arithmetic. Calls are independent: the result
/// is the same for any division of the input into chunks. [`new`](Self::new) makes all allocations.
///
/// ```
/// use reelwright_convert::AudioConverter;
/// use reelwright_core::{ChannelLayout, DataType, SampleFormat, TensorView, TypedBuffer};
///
/// let (mono, stereo) = (ChannelLayout::MONO, ChannelLayout::STEREO);
/// let mut converter = AudioConverter::new(DataType::F32, stereo, SampleFormat::S16, mono)?;
/// let chunk = TensorView::contiguous(&[0.5f32, 0.25, -1.0, -1.0], &[2, 2])?;
/// let mut out = TypedBuffer::zeroed(DataType::I16, 2);
/// converter.convert(&chunk, 0..2, &mut out, 2, 0);
/// let TypedBuffer::I16(samples) = out else { unreachable!() };
/// assert_eq!(samples, [12288, -32768]);
/// # Ok::<(), reelwright_core::Error>(())
/// ```
pub struct AudioConverter {
    from: DataType,
    channels: usize,
    pair: Box<dyn Convert>,
}

impl AudioConverter {
    /// Creates a converter of chunks of type `from` whose columns are the channels of
    /// `from_layout`.
    ///
    /// If the layouts differ, the channels are remixed; see the [crate's documentation](crate).
    ///
    /// # Errors
    /// The layouts differ and cannot be remixed: one has no positions and the numbers of channels
    /// differ, or one has no front channel or only one channel of a pair.
    pub fn new(
        from: DataType,
        from_layout: ChannelLayout,
        to: SampleFormat,
        to_layout: ChannelLayout,
    ) -> Result<Self> {
        let normalize = to.data_type().is_integer();
        Self::with_normalization(from, from_layout, to, to_layout, normalize)
    }

    /// Like [`new`](Self::new). With `normalize`, no sum of channels can exceed full scale;
    /// otherwise, the gains are those of the standard. A caller that converts in several steps
    /// selects this by the final format.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_normalization(
        from: DataType,
        from_layout: ChannelLayout,
        to: SampleFormat,
        to_layout: ChannelLayout,
        normalize: bool,
    ) -> Result<Self> {
        let level = Level::detect();
        let recipes = remix::recipes(from_layout, to_layout, normalize)?;
        let channels = from_layout.channels();
        let pair = match from {
            DataType::U8 => from_type::<u8>(to, level, channels, recipes),
            DataType::U16 => {
                return Err(Error::unsupported(
                    "Audio does not support samples of type UInt16. Pass them as Short or Float.",
                ));
            }
            DataType::I16 => from_type::<i16>(to, level, channels, recipes),
            DataType::I32 => from_type::<i32>(to, level, channels, recipes),
            DataType::I64 => from_type::<i64>(to, level, channels, recipes),
            DataType::F32 => from_type::<f32>(to, level, channels, recipes),
            DataType::F64 => from_type::<f64>(to, level, channels, recipes),
        };
        Ok(Self { from, channels, pair })
    }

    /// Converts the rows (frames) `rows` of `chunk` into `out` from sample `at` on.
    ///
    /// `out` contains `capacity` samples per channel: sample `i` of channel `c` is the element `i *
    /// channels + c` in a packed format and `c * capacity + i` in a planar one.
    ///
    /// # Panics
    /// If `chunk` has another type or number of channels than the converter, or lacks the rows, or
    /// if `out` has another type than its format or is too small.
    pub fn convert(
        &mut self,
        chunk: &TensorView<'_>,
        rows: Range<usize>,
        out: &mut TypedBuffer,
        capacity: usize,
        at: usize,
    ) {
        let (_, (frames, channels)) = Place::of(chunk);
        assert_eq!((chunk.data_type(), channels), (self.from, self.channels), "another chunk");
        assert!(rows.start <= rows.end && rows.end <= frames, "rows {rows:?} of {frames}");
        let fits = at.checked_add(rows.len()).is_some_and(|end| end <= capacity);
        assert!(fits, "{} samples from {at} on do not fit in {capacity}", rows.len());
        self.pair.convert(&chunk.rows(rows.start, rows.end), out, capacity, at);
    }
}

impl std::fmt::Debug for AudioConverter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioConverter").field("from", &self.from).finish_non_exhaustive()
    }
}

fn from_type<S: Sample>(
    to: SampleFormat,
    level: Level,
    channels: usize,
    recipes: Vec<Recipe>,
) -> Box<dyn Convert> {
    let planar = to.is_planar();
    match to {
        SampleFormat::U8 | SampleFormat::U8p => between::<S, u8>(planar, level, channels, recipes),
        SampleFormat::S16 | SampleFormat::S16p => {
            between::<S, i16>(planar, level, channels, recipes)
        }
        SampleFormat::S32 | SampleFormat::S32p => {
            between::<S, i32>(planar, level, channels, recipes)
        }
        SampleFormat::S64 | SampleFormat::S64p => {
            between::<S, i64>(planar, level, channels, recipes)
        }
        SampleFormat::Flt | SampleFormat::Fltp => {
            between::<S, f32>(planar, level, channels, recipes)
        }
        SampleFormat::Dbl | SampleFormat::Dblp => {
            between::<S, f64>(planar, level, channels, recipes)
        }
    }
}

fn between<S: Sample, D: Sample>(
    planar: bool,
    level: Level,
    channels: usize,
    recipes: Vec<Recipe>,
) -> Box<dyn Convert> {
    let is_straight = recipes.len() == channels
        && recipes.iter().enumerate().all(|(i, recipe)| *recipe == Recipe::Copy(i));
    if is_straight {
        Box::new(Straight::<S, D>::new(level, planar))
    } else {
        Box::new(Mixer::<S, D>::new(level, planar, channels, recipes))
    }
}
