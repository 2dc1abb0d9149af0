//! Sample rates: [`Resampler`] converts streams from one to another.
//!
//! # What comes out
//!
//! The output frame `k` is the input, without what is too high for either rate, at the time `k` /
//! `to`: the delay of the filters is taken away. Before its first frame and after its last one the
//! input goes on as its mirror image, as in FFmpeg's swresample: what begins or ends abruptly has no
//! jump. `n` input frames become `n` × `to` / `from` output frames, rounded to nearest with halves
//! up. A constant stays as it is, and where the rates are the same, everything does.
//!
//! However the input is cut up, the output is the same to the bit, and so it is on every machine:
//! sums have a fixed order, products are rounded before they are added, and coefficients come from
//! a sine of our own dependency's. There are no fused multiplications, which not every machine has
//! and which would round differently. Positions are whole numbers: they do not drift.
//!
//! Channels do not touch each other. A sample that is not a number spoils the output frames that
//! are made of it, some hundred input frames, and no others.
//!
//! # Quality
//!
//! Frequencies are parts of half of the lower rate; what passes is flat to 0.1 dB.
//!
//! | | samples | passes | gone from | by | error of a tone up to 0.907 |
//! |---|---|---|---|---|---|
//! | [`Fast`](ResampleQuality::Fast) | `f32` | 0.92 | 1.05 | 100 dB | -100 dB |
//! | [`Default`](ResampleQuality::Default) | `f32` | 0.92 | 1 | 120 dB | -120 dB |
//! | [`High`](ResampleQuality::High) | `f64` | 0.92 | 1 | 130 dB | -140 dB |
//!
//! 0.907 is 20 kHz of 44.1 kHz. `Fast` lets frequencies just above half of the output's rate fold
//! onto those just below it, down to 0.95 (and likewise leaves images there); from 1.043, 23 kHz of
//! 44.1, they are 80 dB down. With the others nothing folds.
//!
//! # Speed, memory and delay
//!
//! Pairs of rates whose ratio has a denominator of up to 1280, such as all usual ones, are filtered
//! by tables; between others coefficients are interpolated, which takes some eight times as long.
//! Rates far above the output's are halved first.
//!
//! Input is collected until there is enough to work on: mostly 16 times (`High`: 8 times) some 512
//! to 1024 frames, half as many with an even number of channels; a fraction of a second at usual
//! rates. As much again is held as output.
//! Memory does not grow with the length of a stream; but [`Resampler::ready`] holds what was not
//! [consumed](Resampler::consume).

mod coefficients;
mod design;
mod engine;
mod exact;
mod half_band;
mod halve;
mod interpolated;
mod kernels;
mod planes;
mod position;
mod quality;
mod resampler;
mod window;

pub use quality::ResampleQuality;
pub use resampler::Resampler;
