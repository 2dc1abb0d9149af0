//! Sample rate conversion of streams: [`Resampler`].
//!
//! # Output
//!
//! Output frame `k` is the band-limited input at the time `k` / `to`: the delay of the filters is
//! compensated. The input is mirrored before its first and after its last frame, as in FFmpeg's
//! swresample, so that abrupt starts and ends cause no discontinuity. `n` input frames become `n` ×
//! `to` / `from` output frames, rounded to the nearest with halves up. Constants are unchanged, and
//! with equal rates all samples are.
//!
//! The output is bit-exact for any division of the input into blocks and on every machine: sums
//! have a fixed order, products are rounded before they are added, and coefficients come from a
//! sine implementation in a Rust dependency. Fused multiplications are not used, because not every
//! machine supports them and they round differently. Positions are integers and do not drift.
//!
//! Channels are independent. NaN affects only the output frames that depend on it, some hundred
//! input frames.
//!
//! # Quality
//!
//! Frequencies are fractions of half of the lower rate. The passband is flat to 0.1 dB.
//!
//!
//!
//! samples
//! passband up to
//! stopband from
//! attenuation
//! error of a tone up to 0.907
//!
//! |---|---|---|---|---|---|
//! | [`Fast`](ResampleQuality::Fast) | `f32` | 0.92 | 1.05 | 100 dB | -100 dB |
//! | [`Default`](ResampleQuality::Default) | `f32` | 0.92 | 1 | 120 dB | -120 dB |
//! | [`High`](ResampleQuality::High) | `f64` | 0.92 | 1 | 130 dB | -140 dB |
//!
//! 0.907 is 20 kHz at 44.1 kHz. `Fast` has aliasing of frequencies just above half of the output
//! rate, down to 0.95 (and images when upsampling); from 1.043, 23 kHz at 44.1 kHz, they are
//! attenuated by 80 dB. The other qualities have no aliasing.
//!
//! # Speed, memory and delay
//!
//! Pairs of rates whose ratio has a denominator of up to 1280, such as all common ones, use tables
//! of coefficients. For others coefficients are interpolated, which takes about eight times as
//! long. Rates far above the output rate are halved first.
//!
//! Input is buffered until a block is complete: typically 16 times (`High`: 8 times) 512 to 1024
//! frames, half of that with an even number of channels, which is a fraction of a second at common
//! rates. The output buffer is of the same size. Memory does not grow with the length of a stream,
//! except for [`Resampler::ready`] output that was not [consumed](Resampler::consume).

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
