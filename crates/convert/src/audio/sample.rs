//! Arithmetic of conversions between sample types.
//!
//! The code is written so that compilers vectorize loops over it on every machine, with the same
//! result everywhere. Rounding adds a constant, which needs no special instruction.

use std::ops::{Add, Mul};

use reelwright_core::{Element, TypedBuffer};

/// Sample type.
pub(crate) trait Sample: Element {
    /// Float type for mixing samples of this type without audible loss.
    type Mix: Mix;
    /// Value of silence.
    const SILENCE: Self;

    fn to_u8(self) -> u8;
    fn to_i16(self) -> i16;
    fn to_i32(self) -> i32;
    fn to_i64(self) -> i64;
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;

    /// Converts `sample` to this type.
    fn from_sample<S: Sample>(sample: S) -> Self;

    /// Returns the elements of `buffer`, if they have this type.
    fn of_mut(buffer: &mut TypedBuffer) -> Option<&mut [Self]>;
}

/// Float type for mixing samples.
pub(crate) trait Mix: Sample + Add<Output = Self> + Mul<Output = Self> {
    fn is_nan(self) -> bool;
    /// Returns whether the value is NaN or beyond ±1.
    fn is_outlier(self) -> bool;
}

impl Mix for f32 {
    #[inline(always)]
    fn is_nan(self) -> bool {
        self.is_nan()
    }

    #[inline(always)]
    fn is_outlier(self) -> bool {
        self.is_nan() || self.abs() > 1.0
    }
}

impl Mix for f64 {
    #[inline(always)]
    fn is_nan(self) -> bool {
        self.is_nan()
    }

    #[inline(always)]
    fn is_outlier(self) -> bool {
        self.is_nan() || self.abs() > 1.0
    }
}

/// Defines what all implementations share except for their types.
macro_rules! common {
    ($variant:ident, $convert:ident, $mix:ty, $silence:expr) => {
        type Mix = $mix;
        const SILENCE: Self = $silence;

        #[inline(always)]
        fn from_sample<S: Sample>(sample: S) -> Self {
            sample.$convert()
        }

        fn of_mut(buffer: &mut TypedBuffer) -> Option<&mut [Self]> {
            match buffer {
                TypedBuffer::$variant(data) => Some(data),
                _ => None,
            }
        }
    };
}

impl Sample for u8 {
    common!(U8, to_u8, f32, 0x80);

    #[inline(always)]
    fn to_u8(self) -> u8 {
        self
    }

    #[inline(always)]
    fn to_i16(self) -> i16 {
        (i16::from(self) - 0x80) << 8
    }

    #[inline(always)]
    fn to_i32(self) -> i32 {
        (i32::from(self) - 0x80) << 24
    }

    #[inline(always)]
    fn to_i64(self) -> i64 {
        (i64::from(self) - 0x80) << 56
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        (i32::from(self) - 0x80) as f32 * (1.0 / I8_SCALE as f32)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(i32::from(self) - 0x80) * (1.0 / I8_SCALE)
    }
}

/// Implements a signed integer type: shifts to other integers, multiplication to floats.
macro_rules! signed {
    ($type:ty, $variant:ident, $convert:ident, $mix:ty, $scale:expr) => {
        impl Sample for $type {
            common!($variant, $convert, $mix, 0);

            #[inline(always)]
            fn to_u8(self) -> u8 {
                ((self >> (Self::BITS - 8)) as u8).wrapping_add(0x80)
            }

            #[inline(always)]
            fn to_i16(self) -> i16 {
                (self >> (Self::BITS - 16)) as i16
            }

            #[inline(always)]
            fn to_i32(self) -> i32 {
                shift::<{ Self::BITS }, 32>(i64::from(self)) as i32
            }

            #[inline(always)]
            fn to_i64(self) -> i64 {
                i64::from(self) << (64 - Self::BITS)
            }

            #[inline(always)]
            fn to_f32(self) -> f32 {
                self as f32 * (1.0 / $scale as f32)
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64 * (1.0 / $scale)
            }
        }
    };
}

signed!(i16, I16, to_i16, f32, I16_SCALE);
signed!(i32, I32, to_i32, f64, I32_SCALE);
signed!(i64, I64, to_i64, f64, I64_SCALE);

/// Rescales `value` from `FROM` bits to `TO` bits.
#[inline(always)]
const fn shift<const FROM: u32, const TO: u32>(value: i64) -> i64 {
    if FROM < TO { value << (TO - FROM) } else { value >> (FROM - TO) }
}

impl Sample for f32 {
    common!(F32, to_f32, f32, 0.0);

    #[inline(always)]
    fn to_u8(self) -> u8 {
        (round_f32::<{ 1 << 7 }>(self) as u8).wrapping_add(0x80)
    }

    #[inline(always)]
    fn to_i16(self) -> i16 {
        round_f32::<{ 1 << 15 }>(self) as i16
    }

    #[inline(always)]
    fn to_i32(self) -> i32 {
        f64::from(self).to_i32()
    }

    #[inline(always)]
    fn to_i64(self) -> i64 {
        f64::from(self).to_i64()
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Sample for f64 {
    common!(F64, to_f64, f64, 0.0);

    #[inline(always)]
    fn to_u8(self) -> u8 {
        (round_f64::<{ 1 << 7 }>(self) as u8).wrapping_add(0x80)
    }

    #[inline(always)]
    fn to_i16(self) -> i16 {
        round_f64::<{ 1 << 15 }>(self) as i16
    }

    #[inline(always)]
    fn to_i32(self) -> i32 {
        round_f64::<{ 1 << 31 }>(self)
    }

    #[inline(always)]
    fn to_i64(self) -> i64 {
        /// From here on floats have no fraction to round.
        const WHOLE: f64 = (1u64 << 52) as f64;
        let scaled = self * I64_SCALE;
        let push = WHOLE.copysign(scaled);
        let rounded = if scaled.abs() < WHOLE { (scaled + push) - push } else { scaled };
        // Clips, and maps NaN to 0.
        rounded as i64
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// Full scale of each integer type.
const I8_SCALE: f64 = (1u64 << 7) as f64;
const I16_SCALE: f64 = (1u64 << 15) as f64;
const I32_SCALE: f64 = (1u64 << 31) as f64;
const I64_SCALE: f64 = (1u64 << 63) as f64;

/// Returns `value` times `SCALE`, clipped to `-SCALE..SCALE` and rounded with halves to even, or 0
/// for NaN. Only the lowest 16 bits of the result are valid.
#[inline(always)]
fn round_f32<const SCALE: i32>(value: f32) -> i32 {
    /// Near this number floats are integers, and their lowest bits count up from 0.
    const WHOLE: f32 = (3u32 << 22) as f32;
    let scaled = value * SCALE as f32;
    let scaled = if scaled.is_nan() { 0.0 } else { scaled };
    // Floats are ordered like their bits, if negative ones are compared as integers below all
    // positive ones. Clipping the bits takes fewer instructions than clipping the float.
    let bits = (scaled + WHOLE).to_bits() as i32;
    let zero = WHOLE.to_bits() as i32;
    bits.clamp(zero - SCALE, zero + (SCALE - 1))
}

/// Like [`round_f32`] for `f64`, with all 32 bits valid.
#[inline(always)]
fn round_f64<const SCALE: i64>(value: f64) -> i32 {
    const WHOLE: f64 = (3u64 << 51) as f64;
    let scaled = value * SCALE as f64;
    let scaled = if scaled.is_nan() { 0.0 } else { scaled };
    // `clamp` compiles to more than two instructions, and few machines compare 64-bit integers
    // quickly.
    let (low, high) = (-(SCALE as f64), (SCALE - 1) as f64);
    let scaled = if scaled > low { scaled } else { low };
    let scaled = if scaled < high { scaled } else { high };
    (scaled + WHOLE).to_bits() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_shifted() {
        assert_eq!([0u8, 0x80, 0xff].map(Sample::to_i16), [-32768, 0, 0x7f00]);
        assert_eq!([0u8, 0x80, 0xff].map(Sample::to_i64), [i64::MIN, 0, 0x7f << 56]);
        assert_eq!(
            [i16::MIN, -1, 0, 255, 256, i16::MAX].map(Sample::to_u8),
            [0, 127, 128, 128, 129, 255]
        );
        assert_eq!([i32::MIN, -1, 0xffff, 0x1_0000].map(Sample::to_i16), [-32768, -1, 0, 1]);
        assert_eq!([i64::MIN, -1, 1 << 32].map(Sample::to_i32), [i32::MIN, -1, 1]);
        assert_eq!(0x1234i16.to_i32(), 0x1234_0000);
    }

    #[test]
    fn full_scale_is_one() {
        assert_eq!([0u8.to_f32(), 0xc0u8.to_f32()], [-1.0, 0.5]);
        assert_eq!([i16::MIN.to_f32(), i32::MIN.to_f32(), i64::MIN.to_f32()], [-1.0; 3]);
        assert_eq!([0x4000i16.to_f64(), (1i32 << 30).to_f64(), (1i64 << 62).to_f64()], [0.5; 3]);
        // The nearest float, not the one below.
        assert_eq!(i32::MAX.to_f32(), 1.0);
    }

    #[test]
    fn halves_round_to_even() {
        let halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5];
        let even = [0, 2, 2, 0, -2, -2];
        assert_eq!(halves.map(|v| (v / 32768.0f64).to_i16()), even);
        assert_eq!(halves.map(|v| (v as f32 / 32768.0).to_i16()), even);
        assert_eq!(halves.map(|v| i16::from((v as f32 / 128.0).to_u8()) - 128), even);
        assert_eq!(halves.map(|v| (v / I32_SCALE).to_i32()), even.map(i32::from));
        assert_eq!(halves.map(|v| (v as f32 / I32_SCALE as f32).to_i32()), even.map(i32::from));
        assert_eq!(halves.map(|v| (v / I64_SCALE).to_i64()), even.map(i64::from));
        assert_eq!((0.5f64.next_up() / 32768.0).to_i16(), 1);
    }

    #[test]
    fn clips_values_beyond_full_scale() {
        for large in [1.0, 1.5, 65_536.0, 1e9, 1e30, f32::MAX, f32::INFINITY] {
            let (double, more) = (f64::from(large), 1e200 * f64::from(large));
            assert_eq!([large.to_u8(), double.to_u8(), more.to_u8()], [255; 3]);
            assert_eq!([large.to_i16(), double.to_i16(), more.to_i16()], [i16::MAX; 3]);
            assert_eq!([large.to_i32(), double.to_i32(), more.to_i32()], [i32::MAX; 3]);
            assert_eq!([large.to_i64(), double.to_i64(), more.to_i64()], [i64::MAX; 3]);
            assert_eq!([(-large).to_u8(), (-double).to_u8(), (-more).to_u8()], [0; 3]);
            assert_eq!([(-large).to_i16(), (-double).to_i16(), (-more).to_i16()], [i16::MIN; 3]);
            assert_eq!([(-large).to_i32(), (-double).to_i32(), (-more).to_i32()], [i32::MIN; 3]);
            assert_eq!([(-large).to_i64(), (-double).to_i64(), (-more).to_i64()], [i64::MIN; 3]);
        }
        assert_eq!(1e300f64.to_f32(), f32::INFINITY);
    }

    #[test]
    fn nan_becomes_silence() {
        for nan in [f32::NAN, -f32::NAN, f32::from_bits(0x7f80_0001)] {
            let double = f64::from(nan);
            assert_eq!([nan.to_u8(), double.to_u8()], [128; 2]);
            assert_eq!([nan.to_i16(), double.to_i16()], [0; 2]);
            assert_eq!([nan.to_i32(), double.to_i32()], [0; 2]);
            assert_eq!([nan.to_i64(), double.to_i64()], [0; 2]);
            assert!(nan.to_f64().is_nan() && double.to_f32().is_nan());
        }
    }
}
