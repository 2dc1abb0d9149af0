//! Psychoacoustic analysis shared by the perceptual audio encoders, AAC and MP3.
//!
//! [`TransientDetector`] finds transients for block switching, [`MaskingModel`] computes masking
//! thresholds on the Bark scale, [`NoiseAllocation`] distributes quantization noise to bands, and
//! [`fft`] has the passes of a Fourier transform.
//!
//! Sums have a fixed order and transcendental functions come from `libm`, so that the results have
//! the same bits on every machine. Functions are marked `#[inline(always)]` where a caller compiles
//! them for several instruction sets.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod fft;
mod lowpass;
mod masking;
mod noise;
mod transient;

pub use lowpass::lowpass_gains;
pub use masking::{MaskingModel, MaskingParameters, band_threshold_in_quiet, bark};
pub use noise::{NoiseAllocation, next_offset, search_gain};
pub use transient::TransientDetector;

/// Returns the logarithm to base 2 of a positive number, to about 1e-4.
#[inline(always)]
pub fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let m = f32::from_bits((bits & 0x007F_FFFF) | 0x3F80_0000) - 1.0;
    // A polynomial that is exact at both ends.
    let high = 0.455_742_93 + m * (-0.274_832_3 + m * (0.119_381_41 + m * -0.025_125_57));
    let p = m * (1.442_501_7 + m * (-0.717_668_1 + m * high));
    exponent as f32 + p
}

#[cfg(test)]
mod tests {
    use super::log2;

    #[test]
    fn the_logarithm_is_close() {
        for i in 1..4000 {
            let x = 1e-9f32 * (i as f32) * (i as f32);
            assert!((log2(x) - x.log2()).abs() < 2e-4, "{x}: {} for {}", log2(x), x.log2());
        }
    }
}
