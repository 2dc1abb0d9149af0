//! Vector operations in addition to those of `fearless_simd`.
//!
//! Kernels must not use vectors in closures, or in `map` and similar functions: the compiler does
//! not compile those for the instruction set of the caller.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i16x8, i16x16, i32x4, i64x2, u8x16, u16x8, u16x16};

/// Returns sixteen samples of a slice.
#[inline(always)]
pub(crate) fn bytes16(data: &[u8], at: usize) -> &[u8; 16] {
    data[at..at + 16].try_into().expect("sixteen")
}

/// Returns eight samples of a slice.
#[inline(always)]
pub(crate) fn bytes8(data: &[u8], at: usize) -> &[u8; 8] {
    data[at..at + 8].try_into().expect("eight")
}

/// Calls a function of [`crate::coder::x86`] if the instruction set is AVX2.
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
    ($simd:expr, $name:ident($rows:expr) as vectors) => {
        let _ = $simd;
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        if let fearless_simd::Level::Avx2(avx2) = $simd.level() {
            let [a, b, c, d] = $rows;
            let [a, b, c, d] =
                crate::coder::x86::$name(avx2, [a.into(), b.into(), c.into(), d.into()]);
            return [
                a.simd_into($simd),
                b.simd_into($simd),
                c.simd_into($simd),
                d.simd_into($simd),
            ];
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

/// Returns the upper halves of products.
#[inline(always)]
pub(crate) fn multiply_high<S: Simd>(simd: S, a: u16x16<S>, b: u16x16<S>) -> u16x16<S> {
    with_avx2!(simd, multiply_high(a.into(), b.into()) as vector);
    let (a, b): ([u16; 16], [u16; 16]) = (a.into(), b.into());
    let mut out = [0u16; 16];
    for ((out, &a), &b) in out.iter_mut().zip(&a).zip(&b) {
        *out = ((u32::from(a) * u32::from(b)) >> 16) as u16;
    }
    out.simd_into(simd)
}

/// Averages samples, rounded up.
#[inline(always)]
pub(crate) fn average16<S: Simd>(simd: S, a: &[u8; 16], b: &[u8; 16]) -> [u8; 16] {
    with_avx2!(simd, average(*a, *b));
    let mut out = [0; 16];
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = ((u16::from(a) + u16::from(b) + 1) >> 1) as u8;
    }
    out
}

/// Returns the sum of absolute differences of rows of sixteen. `a` has an even number of
/// consecutive rows; those of `b` are at a distance of `stride`.
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

/// Returns the same as [`sad`] for sixteen rows of `a` and the averages of `b` and `c`, rounded up.
/// The rows of `c` are at a distance of `stride`.
#[inline(always)]
pub(crate) fn sad_average<S: Simd>(
    simd: S,
    a: &[u8; 256],
    b: &[u8; 256],
    c: &[u8],
    stride: usize,
) -> u32 {
    with_avx2!(simd, sad_average(a, b, c, stride));
    let mut sum = 0;
    for (y, (a, b)) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0).enumerate() {
        for (&a, mean) in a.iter().zip(average16(simd, b, bytes16(c, y * stride))) {
            sum += u32::from(a.abs_diff(mean));
        }
    }
    sum
}

/// Returns the sums of absolute differences of the left and the right half of four rows of sixteen.
#[inline(always)]
pub(crate) fn sad_halves<S: Simd>(simd: S, a: &[u8; 64], b: &[u8; 64]) -> [u32; 2] {
    with_avx2!(simd, sad_halves(a, b));
    let mut sums = [0; 2];
    for (i, (a, b)) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).enumerate() {
        for (&a, &b) in a.iter().zip(b) {
            sums[i % 2] += u32::from(a.abs_diff(b));
        }
    }
    sums
}

/// Transposes four 4x4 blocks that are side by side.
#[inline(always)]
pub(crate) fn transpose<S: Simd>(simd: S, rows: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
    with_avx2!(simd, transpose(rows) as vectors);
    let [a, b, c, d] = rows;
    let (a, b, c, d) = (a.split(), b.split(), c.split(), d.split());
    let left = transpose_two([a.0, b.0, c.0, d.0]);
    let right = transpose_two([a.1, b.1, c.1, d.1]);
    [
        left[0].combine(right[0]),
        left[1].combine(right[1]),
        left[2].combine(right[2]),
        left[3].combine(right[3]),
    ]
}

#[inline(always)]
fn transpose_two<S: Simd>([a, b, c, d]: [i16x8<S>; 4]) -> [i16x8<S>; 4] {
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

/// Transposes groups of four lanes: from one column of each of four blocks to all columns of each
/// block, and back.
#[inline(always)]
pub(crate) fn transpose_groups<S: Simd>(simd: S, columns: [i16x16<S>; 4]) -> [i16x16<S>; 4] {
    with_avx2!(simd, transpose_groups(columns) as vectors);
    let [a, b, c, d] = columns;
    let columns: [[i16; 16]; 4] = [a.into(), b.into(), c.into(), d.into()];
    let mut blocks = [[0; 16]; 4];
    for (i, block) in blocks.iter_mut().enumerate() {
        for (group, column) in block.as_chunks_mut::<4>().0.iter_mut().zip(&columns) {
            group.copy_from_slice(&column[4 * i..4 * i + 4]);
        }
    }
    let [a, b, c, d] = blocks;
    [a.simd_into(simd), b.simd_into(simd), c.simd_into(simd), d.simd_into(simd)]
}
