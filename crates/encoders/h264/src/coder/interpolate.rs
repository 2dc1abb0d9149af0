//! Interpolation of reference pictures at fractional positions (ITU-T H.264 §8.4.2.2).

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i16x16, u64x2};

use crate::coder::picture::Plane;
use crate::coder::simd::{average16, bytes8, bytes16, load16, narrow16, widen16};

/// A block of luma, 16 samples per row.
pub(crate) type Luma = [u8; 256];
/// Both blocks of chroma: each row has eight samples of Cb, then eight of Cr.
pub(crate) type Chroma = [u8; 128];

/// Computes the six-tap filter (1, −5, 20, 20, −5, 1).
#[inline(always)]
fn six_taps<S: Simd>(
    a: i16x16<S>,
    b: i16x16<S>,
    c: i16x16<S>,
    d: i16x16<S>,
    e: i16x16<S>,
    f: i16x16<S>,
) -> i16x16<S> {
    let inner = ((c + d) << 2) - (b + e);
    (a + f) + ((inner << 2) + inner)
}

#[inline(always)]
fn row_taps<S: Simd>(simd: S, data: &[u8], at: usize) -> i16x16<S> {
    let row: &[u8; 21] = data[at - 2..at + 19].try_into().expect("21");
    six_taps(
        load16(simd, bytes16(row, 0)),
        load16(simd, bytes16(row, 1)),
        load16(simd, bytes16(row, 2)),
        load16(simd, bytes16(row, 3)),
        load16(simd, bytes16(row, 4)),
        load16(simd, bytes16(row, 5)),
    )
}

/// Copies samples at an integer position.
#[inline(always)]
pub(crate) fn whole(plane: &Plane, at: usize, out: &mut Luma) {
    let data = &plane.data[at..at + 15 * plane.stride + 16];
    for (row, out) in data.chunks(plane.stride).zip(out.as_chunks_mut::<16>().0) {
        *out = *bytes16(row, 0);
    }
}

/// Interpolates the samples a half to the right of those at `at`.
#[inline(always)]
pub(crate) fn half_right<S: Simd>(simd: S, plane: &Plane, at: usize, out: &mut Luma) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (y, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
                let sum = row_taps(simd, &plane.data, at + y * plane.stride);
                *out = narrow16(simd, (sum + 16) >> 5);
            }
        },
    );
}

/// Interpolates the samples a half below those at `at`.
#[inline(always)]
pub(crate) fn half_below<S: Simd>(simd: S, plane: &Plane, at: usize, out: &mut Luma) {
    simd.vectorize(
        #[inline(always)]
        || {
            let stride = plane.stride;
            let data = &plane.data[at - 2 * stride..at + 18 * stride + 16];
            let mut a = load16(simd, bytes16(data, 0));
            let mut b = load16(simd, bytes16(data, stride));
            let mut c = load16(simd, bytes16(data, 2 * stride));
            let mut d = load16(simd, bytes16(data, 3 * stride));
            let mut e = load16(simd, bytes16(data, 4 * stride));
            for (y, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
                let f = load16(simd, bytes16(data, (y + 5) * stride));
                let sum = six_taps(a, b, c, d, e, f);
                *out = narrow16(simd, (sum + 16) >> 5);
                (a, b, c, d, e) = (b, c, d, e, f);
            }
        },
    );
}

/// Interpolates the samples a half to the right and below, for `rows` rows (at most 17).
#[inline(always)]
pub(crate) fn half_both<S: Simd>(
    simd: S,
    plane: &Plane,
    at: usize,
    rows: usize,
    out: &mut [u8; 272],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let stride = plane.stride;
            let data = &plane.data;
            let mut a = row_taps(simd, data, at - 2 * stride);
            let mut b = row_taps(simd, data, at - stride);
            let mut c = row_taps(simd, data, at);
            let mut d = row_taps(simd, data, at + stride);
            let mut e = row_taps(simd, data, at + 2 * stride);
            for (y, out) in out.as_chunks_mut::<16>().0[..rows].iter_mut().enumerate() {
                let f = row_taps(simd, data, at + (y + 3) * stride);
                let (outer, middle, inner) = (a + f, b + e, c + d);
                // (outer − 5·middle + 20·inner) / 16, rounded down. If the sum saturates, the
                // sample is 0 or 255 anyway.
                let sum = i16x16::saturating_add((outer - middle) >> 2, inner - middle);
                *out = narrow16(simd, ((sum >> 2) + inner + 32) >> 6);
                (a, b, c, d, e) = (b, c, d, e, f);
            }
        },
    );
}

/// Averages a block with rows at a distance of `stride`, rounded up.
#[inline(always)]
pub(crate) fn average<S: Simd>(simd: S, a: &Luma, b: &[u8], stride: usize, out: &mut Luma) {
    let b = &b[..15 * stride + 16];
    let blocks = a.as_chunks::<16>().0.iter().zip(out.as_chunks_mut::<16>().0);
    for (y, (a, out)) in blocks.enumerate() {
        *out = average16(simd, a, bytes16(b, y * stride));
    }
}

/// Interpolates sixteen rows of samples at (x, y), in quarter samples.
#[inline(always)]
pub(crate) fn luma<S: Simd>(simd: S, plane: &Plane, x: i32, y: i32, out: &mut Luma) {
    let at = plane.at(x >> 2, y >> 2);
    let (fx, fy) = (x & 3, y & 3);
    if fx | fy == 0 {
        whole(plane, at, out);
        return;
    }
    let (data, stride) = (&plane.data, plane.stride);
    let right = at + usize::from(fx == 3);
    let below = at + if fy == 3 { stride } else { 0 };
    let mut first = [0; 256];
    if fy == 0 {
        half_right(simd, plane, at, &mut first);
        match fx {
            2 => *out = first,
            _ => average(simd, &first, &data[right..], stride, out),
        }
        return;
    }
    if fx == 0 {
        half_below(simd, plane, at, &mut first);
        match fy {
            2 => *out = first,
            _ => average(simd, &first, &data[below..], stride, out),
        }
        return;
    }
    if fx == 2 || fy == 2 {
        let mut both = [0; 272];
        half_both(simd, plane, at, 16, &mut both);
        if fx == 2 && fy == 2 {
            out.copy_from_slice(&both[..256]);
            return;
        }
        if fx == 2 {
            half_right(simd, plane, below, &mut first);
        } else {
            half_below(simd, plane, right, &mut first);
        }
        average(simd, &first, &both, 16, out);
        return;
    }
    let mut second = [0; 256];
    half_right(simd, plane, below, &mut first);
    half_below(simd, plane, right, &mut second);
    average(simd, &first, &second, 16, out);
}

/// Blends eight samples of Cb and eight of Cr with their right neighbors.
#[inline(always)]
fn mix<S: Simd>(
    simd: S,
    cb: &[u8],
    cr: &[u8],
    at: usize,
    left: i16x16<S>,
    right: i16x16<S>,
) -> i16x16<S> {
    both(simd, cb, cr, at) * left + both(simd, cb, cr, at + 1) * right
}

#[inline(always)]
fn both<S: Simd>(simd: S, cb: &[u8], cr: &[u8], at: usize) -> i16x16<S> {
    let [cb, cr] = [cb, cr].map(|data| u64::from_ne_bytes(*bytes8(data, at)));
    let bytes: u64x2<S> = [cb, cr].simd_into(simd);
    widen16(simd, bytes.bitcast())
}

/// Interpolates chroma blocks of eight columns and rows at (x, y), in eighths of a sample.
#[inline(always)]
pub(crate) fn chroma<S: Simd>(simd: S, planes: &[Plane; 2], x: i32, y: i32, out: &mut Chroma) {
    let stride = planes[0].stride;
    let at = planes[0].at(x >> 3, y >> 3);
    let (fx, fy) = ((x & 7) as i16, (y & 7) as i16);
    let out = out.as_chunks_mut::<16>().0;
    let [cb, cr] = planes.each_ref().map(|p| &p.data[at..at + 8 * stride + 9]);
    if fx | fy == 0 {
        for (y, out) in out.iter_mut().enumerate() {
            out[..8].copy_from_slice(bytes8(cb, y * stride));
            out[8..].copy_from_slice(bytes8(cr, y * stride));
        }
        return;
    }
    let (left, right) = (i16x16::splat(simd, 8 - fx), i16x16::splat(simd, fx));
    let (upper, lower) = (i16x16::splat(simd, 8 - fy), i16x16::splat(simd, fy));
    let mut above = mix(simd, cb, cr, 0, left, right);
    for (y, out) in out.iter_mut().enumerate() {
        let below = mix(simd, cb, cr, (y + 1) * stride, left, right);
        *out = narrow16(simd, (above * upper + below * lower + 32) >> 6);
        above = below;
    }
}
