//! What kernels need beside the operations of `fearless_simd`.
//!
//! Vectors stay out of closures and of `map` and its like, here and in all kernels: those are not
//! compiled for the instruction set that is in force around them.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i16x8, i16x16, i32x4, i64x2, u8x16, u16x8, u16x16, u64x2};

/// Sixteen samples from a slice.
#[inline(always)]
pub(crate) fn bytes16(data: &[u8], at: usize) -> &[u8; 16] {
    data[at..at + 16].try_into().expect("sixteen")
}

/// Eight samples from a slice.
#[inline(always)]
pub(crate) fn bytes8(data: &[u8], at: usize) -> &[u8; 8] {
    data[at..at + 8].try_into().expect("eight")
}

/// Calls a function of [`crate::coder::x86`] where AVX2 is in force.
macro_rules! with_avx2 {
    ($simd:expr, $name:ident($($argument:expr),*)) => {
        let _ = $simd;
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let fearless_simd::Level::Avx2(avx2) = $simd.level() {
            return crate::coder::x86::$name(avx2, $($argument),*);
        }
    };
    ($simd:expr, $name:ident($($argument:expr),*) as vector) => {
        let _ = $simd;
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let fearless_simd::Level::Avx2(avx2) = $simd.level() {
            return crate::coder::x86::$name(avx2, $($argument),*).simd_into($simd);
        }
    };
}

#[inline(always)]
pub(crate) fn load16<S: Simd>(simd: S, bytes: &[u8; 16]) -> i16x16<S> {
    widen16(simd, (*bytes).simd_into(simd))
}

#[inline(always)]
pub(crate) fn widen16<S: Simd>(simd: S, v: u8x16<S>) -> i16x16<S> {
    with_avx2!(simd, widen(v.into()) as vector);
    let (low, high) = v.widen();
    let v: u16x16<S> = low.combine(high);
    v.bitcast()
}

#[inline(always)]
pub(crate) fn load8<S: Simd>(simd: S, bytes: &[u8; 8]) -> i16x8<S> {
    let v: u64x2<S> = [u64::from_le_bytes(*bytes), 0].simd_into(simd);
    let v: u8x16<S> = v.bitcast();
    v.widen().0.bitcast()
}

/// Clamps to samples.
#[inline(always)]
pub(crate) fn narrow16<S: Simd>(simd: S, v: i16x16<S>) -> [u8; 16] {
    let (low, high) = v.split();
    narrow8x2(simd, low, high)
}

#[inline(always)]
pub(crate) fn narrow8x2<S: Simd>(simd: S, low: i16x8<S>, high: i16x8<S>) -> [u8; 16] {
    with_avx2!(simd, narrow(low.into(), high.into()));
    let zero = i16x8::splat(simd, 0);
    let most = i16x8::splat(simd, 255);
    let low: u16x8<S> = low.max(zero).min(most).bitcast();
    let high: u16x8<S> = high.max(zero).min(most).bitcast();
    low.relaxed_narrow(high).into()
}

#[inline(always)]
pub(crate) fn narrow8<S: Simd>(simd: S, v: i16x8<S>) -> [u8; 8] {
    let bytes = narrow8x2(simd, v, v);
    bytes[..8].try_into().expect("eight")
}

/// The upper halves of products.
#[inline(always)]
pub(crate) fn multiply_high<S: Simd>(simd: S, a: u16x8<S>, b: u16x8<S>) -> u16x8<S> {
    with_avx2!(simd, multiply_high(a.into(), b.into()) as vector);
    let (a, b): ([u16; 8], [u16; 8]) = (a.into(), b.into());
    let mut out = [0u16; 8];
    for ((out, &a), &b) in out.iter_mut().zip(&a).zip(&b) {
        *out = ((u32::from(a) * u32::from(b)) >> 16) as u16;
    }
    out.simd_into(simd)
}

/// Means of samples, rounded up.
#[inline(always)]
pub(crate) fn average16<S: Simd>(simd: S, a: &[u8; 16], b: &[u8; 16]) -> [u8; 16] {
    with_avx2!(simd, average(*a, *b));
    let mut out = [0; 16];
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = ((u16::from(a) + u16::from(b) + 1) >> 1) as u8;
    }
    out
}

/// The sum of absolute differences of rows of sixteen: `a` has them one after the other and an
/// even number of them, `b` has them `stride` apart.
#[inline(always)]
pub(crate) fn sad<S: Simd>(simd: S, a: &[u8], b: &[u8], stride: usize) -> u32 {
    with_avx2!(simd, sad(a, b, stride));
    let mut sum = 0;
    for (y, a) in a.as_chunks::<16>().0.iter().enumerate() {
        for (&a, &b) in a.iter().zip(bytes16(b, y * stride)) {
            sum += u32::from(a.abs_diff(b));
        }
    }
    sum
}

/// Transposes two 4x4 blocks that lie side by side.
#[inline(always)]
pub(crate) fn transpose<S: Simd>(rows: [i16x8<S>; 4]) -> [i16x8<S>; 4] {
    let [a, b, c, d] = rows;
    let t0: i32x4<S> = a.zip_low(b).bitcast();
    let t1: i32x4<S> = a.zip_high(b).bitcast();
    let t2: i32x4<S> = c.zip_low(d).bitcast();
    let t3: i32x4<S> = c.zip_high(d).bitcast();
    let u0: i64x2<S> = t0.zip_low(t2).bitcast();
    let u1: i64x2<S> = t0.zip_high(t2).bitcast();
    let u2: i64x2<S> = t1.zip_low(t3).bitcast();
    let u3: i64x2<S> = t1.zip_high(t3).bitcast();
    [
        u0.zip_low(u2).bitcast(),
        u0.zip_high(u2).bitcast(),
        u1.zip_low(u3).bitcast(),
        u1.zip_high(u3).bitcast(),
    ]
}
