//! The deblocking filter (ITU-T H.264 §8.7).

use fearless_simd::prelude::*;
use fearless_simd::{Simd, i16x16, mask16x16, u8x16};

use crate::coder::macroblock::Macroblock;
use crate::coder::simd::{bytes8, bytes16, load16, narrow16, widen16};
use crate::coder::transform::chroma_qp;

/// α indexed by qp (table 8-16).
#[rustfmt::skip]
const ALPHA: [u8; 52] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 5, 6, 7, 8, 9, 10, 12, 13,
    15, 17, 20, 22, 25, 28, 32, 36, 40, 45, 50, 56, 63, 71, 80, 90, 101, 113, 127, 144, 162, 182,
    203, 226, 255, 255,
];

/// β indexed by qp (table 8-16).
#[rustfmt::skip]
const BETA: [u8; 52] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4,
    6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15, 16, 16,
    17, 17, 18, 18,
];

/// tC0 indexed by qp and by strength − 1 (table 8-17).
#[rustfmt::skip]
const TC0: [[i16; 3]; 52] = [
    [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0],
    [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0],
    [0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 1, 1], [0, 1, 1], [1, 1, 1],
    [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 2], [1, 1, 2], [1, 1, 2], [1, 1, 2], [1, 2, 3],
    [1, 2, 3], [2, 2, 3], [2, 2, 4], [2, 3, 4], [2, 3, 4], [3, 3, 5], [3, 4, 6], [3, 4, 6],
    [4, 5, 7], [4, 5, 8], [4, 6, 9], [5, 7, 10], [6, 8, 11], [6, 8, 13], [7, 10, 14], [8, 11, 16],
    [9, 12, 18], [10, 13, 20], [11, 15, 23], [13, 17, 25],
];

/// Samples on both sides of an edge, farthest first.
struct Sides<S: Simd> {
    p: [i16x16<S>; 4],
    q: [i16x16<S>; 4],
}

#[inline(always)]
fn distance<S: Simd>(a: i16x16<S>, b: i16x16<S>) -> i16x16<S> {
    (a - b).max(b - a)
}

#[inline(always)]
fn limits<S: Simd>(simd: S, [p1, p0, q0, q1]: [i16x16<S>; 4], qp: u8) -> (mask16x16<S>, i16x16<S>) {
    let alpha = i16x16::splat(simd, i16::from(ALPHA[usize::from(qp)]));
    let beta = i16x16::splat(simd, i16::from(BETA[usize::from(qp)]));
    let on = distance(p0, q0).simd_lt(alpha)
        & distance(p1, p0).simd_lt(beta)
        & distance(q1, q0).simd_lt(beta);
    (on, beta)
}

#[inline(always)]
fn spread_strengths<S: Simd>(simd: S, strengths: [u8; 4], qp: u8, each: usize) -> i16x16<S> {
    // −1 for strength 0.
    let tc0: [i16; 4] = strengths.map(|strength| match strength {
        0 => -1,
        s => TC0[usize::from(qp)][usize::from(s.min(3)) - 1],
    });
    let lanes: [i16; 16] = match each {
        2 => std::array::from_fn(|i| tc0[i % 8 / 2]),
        _ => std::array::from_fn(|i| tc0[i / 4]),
    };
    lanes.simd_into(simd)
}

/// Filters luma across an edge with strengths below 4. Returns p1, p0, q0 and q1.
#[inline(always)]
fn luma_weak<S: Simd>(simd: S, sides: &Sides<S>, strengths: [u8; 4], qp: u8) -> [i16x16<S>; 4] {
    let [_, p2, p1, p0] = sides.p;
    let [_, q2, q1, q0] = sides.q;
    let (on, beta) = limits(simd, [p1, p0, q0, q1], qp);
    let tc0 = spread_strengths(simd, strengths, qp, 4);
    let zero = i16x16::splat(simd, 0);
    let one = i16x16::splat(simd, 1);
    let on = on & tc0.simd_ge(zero);
    let near_p = on & distance(p2, p0).simd_lt(beta);
    let near_q = on & distance(q2, q0).simd_lt(beta);
    let tc0 = tc0.max(zero);
    let tc = tc0 + near_p.select(one, zero) + near_q.select(one, zero);
    let delta = (((q0 - p0) << 2) + (p1 - q1) + 4) >> 3;
    let delta = on.select(delta.max(-tc).min(tc), zero);
    let middle = (p0 + q0 + 1) >> 1;
    let step_p = ((p2 + middle - (p1 << 1)) >> 1).max(-tc0).min(tc0);
    let step_q = ((q2 + middle - (q1 << 1)) >> 1).max(-tc0).min(tc0);
    [p1 + near_p.select(step_p, zero), p0 + delta, q0 - delta, q1 + near_q.select(step_q, zero)]
}

/// Filters one side of [`luma_strong`]. Samples are farthest first.
#[inline(always)]
fn strong_side<S: Simd>(
    [x0, x1, x2, x3]: [i16x16<S>; 4],
    middle: i16x16<S>,
    y1: i16x16<S>,
    on: mask16x16<S>,
    far: mask16x16<S>,
) -> [i16x16<S>; 3] {
    let strong0 = (x2 + ((x1 + middle) << 1) + y1 + 4) >> 3;
    let strong1 = (x2 + x1 + middle + 2) >> 2;
    let strong2 = ((x3 << 1) + (x2 << 1) + x2 + x1 + middle + 4) >> 3;
    let weak0 = ((x1 << 1) + x0 + y1 + 2) >> 2;
    [far.select(strong2, x2), far.select(strong1, x1), far.select(strong0, on.select(weak0, x0))]
}

/// Filters luma across an edge with strength 4. Returns p2, p1, p0, q0, q1 and q2.
#[inline(always)]
fn luma_strong<S: Simd>(simd: S, sides: &Sides<S>, qp: u8) -> [i16x16<S>; 6] {
    let [p3, p2, p1, p0] = sides.p;
    let [q3, q2, q1, q0] = sides.q;
    let (on, beta) = limits(simd, [p1, p0, q0, q1], qp);
    let small = i16x16::splat(simd, i16::from(ALPHA[usize::from(qp)] >> 2) + 2);
    let flat = on & distance(p0, q0).simd_lt(small);
    let far_p = flat & distance(p2, p0).simd_lt(beta);
    let far_q = flat & distance(q2, q0).simd_lt(beta);
    let middle = p0 + q0;
    let [p2, new_p1, new_p0] = strong_side([p0, p1, p2, p3], middle, q1, on, far_p);
    let [q2, new_q1, new_q0] = strong_side([q0, q1, q2, q3], middle, p1, on, far_q);
    [p2, new_p1, new_p0, new_q0, new_q1, q2]
}

/// Filters chroma: eight lanes of Cb, eight of Cr. Returns p0 and q0.
#[inline(always)]
fn chroma_edge<S: Simd>(
    simd: S,
    samples: [i16x16<S>; 4],
    strengths: [u8; 4],
    qp: u8,
) -> [i16x16<S>; 2] {
    let [p1, p0, q0, q1] = samples;
    let (on, _) = limits(simd, samples, qp);
    let zero = i16x16::splat(simd, 0);
    if strengths[0] == 4 {
        let new_p = ((p1 << 1) + p0 + q1 + 2) >> 2;
        let new_q = ((q1 << 1) + q0 + p1 + 2) >> 2;
        return [on.select(new_p, p0), on.select(new_q, q0)];
    }
    let tc = spread_strengths(simd, strengths, qp, 2) + 1;
    let delta = (((q0 - p0) << 2) + (p1 - q1) + 4) >> 3;
    let delta = on.select(delta.max(-tc).min(tc), zero);
    [p0 + delta, q0 - delta]
}

/// Interleaves the first half of eight vectors with the second. As a permutation, it rotates the
/// seven-bit number of vector and lane to the left by one bit.
#[inline(always)]
fn turn8<S: Simd>(t: [u8x16<S>; 8]) -> [u8x16<S>; 8] {
    let [a, b, c, d, e, f, g, h] = t;
    [
        a.zip_low(e),
        a.zip_high(e),
        b.zip_low(f),
        b.zip_high(f),
        c.zip_low(g),
        c.zip_high(g),
        d.zip_low(h),
        d.zip_high(h),
    ]
}

/// Does the same as [`turn8`] for four vectors, with six-bit numbers.
#[inline(always)]
fn turn4<S: Simd>([a, b, c, d]: [u8x16<S>; 4]) -> [u8x16<S>; 4] {
    [a.zip_low(c), a.zip_high(c), b.zip_low(d), b.zip_high(d)]
}

#[inline(always)]
fn two_rows<S: Simd>(simd: S, data: &[u8], stride: usize, y: usize) -> u8x16<S> {
    let mut pair = [0; 16];
    pair[..8].copy_from_slice(bytes8(data, y * stride));
    pair[8..].copy_from_slice(bytes8(data, (y + 1) * stride));
    pair.simd_into(simd)
}

/// Transposes rows of eight samples to columns of sixteen.
#[inline(always)]
fn columns<S: Simd>(simd: S, data: &[u8], stride: usize) -> [u8x16<S>; 8] {
    let rows = [
        two_rows(simd, data, stride, 0),
        two_rows(simd, data, stride, 2),
        two_rows(simd, data, stride, 4),
        two_rows(simd, data, stride, 6),
        two_rows(simd, data, stride, 8),
        two_rows(simd, data, stride, 10),
        two_rows(simd, data, stride, 12),
        two_rows(simd, data, stride, 14),
    ];
    turn8(turn8(turn8(turn8(rows))))
}

#[inline(always)]
fn pack<S: Simd>(simd: S, v: i16x16<S>) -> u8x16<S> {
    narrow16(simd, v).simd_into(simd)
}

/// A plane of a band of rows: the samples, the index of the first one, and the stride.
#[derive(Debug)]
pub(crate) struct Band<'a> {
    pub(crate) data: &'a mut [u8],
    pub(crate) stride: usize,
    pub(crate) border: usize,
}

impl Band<'_> {
    #[inline(always)]
    pub(crate) fn at(&self, x: usize, y: usize) -> usize {
        y * self.stride + self.border + x
    }
}

#[inline(always)]
fn store16(data: &mut [u8], at: usize, samples: [u8; 16]) {
    data[at..at + 16].copy_from_slice(&samples);
}

#[inline(always)]
fn luma_horizontal<S: Simd>(simd: S, luma: &mut Band<'_>, at: usize, strengths: [u8; 4], qp: u8) {
    let stride = luma.stride;
    let data = &mut luma.data[at - 4 * stride..at + 3 * stride + 16];
    let sides = Sides {
        p: [
            load16(simd, bytes16(data, 0)),
            load16(simd, bytes16(data, stride)),
            load16(simd, bytes16(data, 2 * stride)),
            load16(simd, bytes16(data, 3 * stride)),
        ],
        q: [
            load16(simd, bytes16(data, 7 * stride)),
            load16(simd, bytes16(data, 6 * stride)),
            load16(simd, bytes16(data, 5 * stride)),
            load16(simd, bytes16(data, 4 * stride)),
        ],
    };
    if strengths[0] == 4 {
        let [p2, p1, p0, q0, q1, q2] = luma_strong(simd, &sides, qp);
        store16(data, stride, narrow16(simd, p2));
        store16(data, 2 * stride, narrow16(simd, p1));
        store16(data, 3 * stride, narrow16(simd, p0));
        store16(data, 4 * stride, narrow16(simd, q0));
        store16(data, 5 * stride, narrow16(simd, q1));
        store16(data, 6 * stride, narrow16(simd, q2));
    } else {
        let [p1, p0, q0, q1] = luma_weak(simd, &sides, strengths, qp);
        store16(data, 2 * stride, narrow16(simd, p1));
        store16(data, 3 * stride, narrow16(simd, p0));
        store16(data, 4 * stride, narrow16(simd, q0));
        store16(data, 5 * stride, narrow16(simd, q1));
    }
}

#[inline(always)]
fn luma_vertical<S: Simd>(simd: S, luma: &mut Band<'_>, at: usize, strengths: [u8; 4], qp: u8) {
    let stride = luma.stride;
    let data = &mut luma.data[at - 4..at + 15 * stride + 4];
    let c = columns(simd, data, stride);
    let sides = Sides {
        p: [widen16(simd, c[0]), widen16(simd, c[1]), widen16(simd, c[2]), widen16(simd, c[3])],
        q: [widen16(simd, c[7]), widen16(simd, c[6]), widen16(simd, c[5]), widen16(simd, c[4])],
    };
    let c = if strengths[0] == 4 {
        let [p2, p1, p0, q0, q1, q2] = luma_strong(simd, &sides, qp);
        [
            c[0],
            pack(simd, p2),
            pack(simd, p1),
            pack(simd, p0),
            pack(simd, q0),
            pack(simd, q1),
            pack(simd, q2),
            c[7],
        ]
    } else {
        let [p1, p0, q0, q1] = luma_weak(simd, &sides, strengths, qp);
        [c[0], c[1], pack(simd, p1), pack(simd, p0), pack(simd, q0), pack(simd, q1), c[6], c[7]]
    };
    let rows = turn8(turn8(turn8(c)));
    for (y, &pair) in rows.iter().enumerate() {
        let pair: [u8; 16] = pair.into();
        data[2 * y * stride..][..8].copy_from_slice(&pair[..8]);
        data[(2 * y + 1) * stride..][..8].copy_from_slice(&pair[8..]);
    }
}

#[inline(always)]
fn four_rows<S: Simd>(simd: S, data: &[u8], stride: usize, y: usize) -> u8x16<S> {
    let mut four = [0; 16];
    for (i, out) in four.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        out.copy_from_slice(&data[(y + i) * stride..][..4]);
    }
    four.simd_into(simd)
}

#[inline(always)]
fn both<S: Simd>(simd: S, cb: &[u8], cr: &[u8], at: usize) -> i16x16<S> {
    let mut samples = [0; 16];
    samples[..8].copy_from_slice(bytes8(cb, at));
    samples[8..].copy_from_slice(bytes8(cr, at));
    load16(simd, &samples)
}

#[inline(always)]
fn chroma_horizontal<S: Simd>(
    simd: S,
    chroma: &mut [Band<'_>; 2],
    at: usize,
    strengths: [u8; 4],
    qp: u8,
) {
    let [cb, cr] = chroma;
    let stride = cb.stride;
    let samples = [
        both(simd, cb.data, cr.data, at - 2 * stride),
        both(simd, cb.data, cr.data, at - stride),
        both(simd, cb.data, cr.data, at),
        both(simd, cb.data, cr.data, at + stride),
    ];
    let [p, q] = chroma_edge(simd, samples, strengths, qp);
    for (samples, at) in [(narrow16(simd, p), at - stride), (narrow16(simd, q), at)] {
        cb.data[at..at + 8].copy_from_slice(&samples[..8]);
        cr.data[at..at + 8].copy_from_slice(&samples[8..]);
    }
}

#[inline(always)]
fn chroma_vertical<S: Simd>(
    simd: S,
    chroma: &mut [Band<'_>; 2],
    at: usize,
    strengths: [u8; 4],
    qp: u8,
) {
    let [cb, cr] = chroma;
    let stride = cb.stride;
    let area = at - 2..at + 7 * stride + 2;
    let (cb, cr) = (&mut cb.data[area.clone()], &mut cr.data[area]);
    let rows = [
        four_rows(simd, cb, stride, 0),
        four_rows(simd, cb, stride, 4),
        four_rows(simd, cr, stride, 0),
        four_rows(simd, cr, stride, 4),
    ];
    let c = turn4(turn4(turn4(turn4(rows))));
    let samples =
        [widen16(simd, c[0]), widen16(simd, c[1]), widen16(simd, c[2]), widen16(simd, c[3])];
    let [p, q] = chroma_edge(simd, samples, strengths, qp);
    let rows = turn4(turn4([c[0], pack(simd, p), pack(simd, q), c[3]]));
    for (part, &four) in rows.iter().enumerate() {
        let four: [u8; 16] = four.into();
        let data = if part < 2 { &mut *cb } else { &mut *cr };
        for (i, row) in four.as_chunks::<4>().0.iter().enumerate() {
            data[(part % 2 * 4 + i) * stride..][..4].copy_from_slice(row);
        }
    }
}

/// Returns whether two vectors differ by a sample or more.
#[inline(always)]
fn differ(a: [i16; 2], b: [i16; 2]) -> bool {
    (a[0] - b[0]).unsigned_abs() >= 4 || (a[1] - b[1]).unsigned_abs() >= 4
}

/// Strength of 2 for each set bit.
static TWOS: [[u8; 4]; 16] = {
    let mut twos = [[0; 4]; 16];
    let mut bits = 0;
    while bits < 16 {
        twos[bits] = [
            (bits & 1) as u8 * 2,
            (bits >> 1 & 1) as u8 * 2,
            (bits >> 2 & 1) as u8 * 2,
            (bits >> 3) as u8 * 2,
        ];
        bits += 1;
    }
    twos
};

/// Returns the strengths along an edge to a neighbor: 4 if it is intra, 2 at blocks with a bit,
/// otherwise 1 if the vectors differ.
#[inline(always)]
fn across(current: &Macroblock, neighbor: &Macroblock, bits: u32) -> [u8; 4] {
    if neighbor.is_intra() {
        return [4; 4];
    }
    let least = u8::from(differ(current.vector, neighbor.vector));
    TWOS[bits as usize & 15].map(|strength| strength.max(least))
}

/// Returns the strengths at all edges of a macroblock (§8.7.2.1): vertical ones, then horizontal
/// ones.
#[inline(always)]
fn strengths(
    current: &Macroblock,
    left: Option<&Macroblock>,
    top: Option<&Macroblock>,
) -> [[[u8; 4]; 4]; 2] {
    if current.is_intra() {
        let mut out = [[[3; 4]; 4]; 2];
        out[0][0] = [if left.is_some() { 4 } else { 0 }; 4];
        out[1][0] = [if top.is_some() { 4 } else { 0 }; 4];
        return out;
    }
    let mut out = [[[0; 4]; 4]; 2];
    let coded = current.coded & 0xffff;
    // Gathers the bits 0, 4, 8 and 12.
    let column = |bits: u32| bits & 1 | bits >> 3 & 2 | bits >> 6 & 4 | bits >> 9 & 8;
    if coded != 0 {
        // Bits of edges with coefficients on either side.
        let (across, down) = (coded | coded << 1, coded | coded << 4);
        for edge in 1..4 {
            out[0][edge] = TWOS[column(across >> edge) as usize & 15];
            out[1][edge] = TWOS[(down >> (4 * edge)) as usize & 15];
        }
    }
    if let Some(left) = left {
        out[0][0] = across(current, left, column(coded | left.coded >> 3));
    }
    if let Some(top) = top {
        out[1][0] = across(current, top, coded | top.coded >> 12);
    }
    out
}

/// Filters a row of macroblocks, and the rows of samples above that its upper edge changes.
/// `offset` is from −6 to 6, in units of 2 qp.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "all of it is the row")]
pub(crate) fn filter_row<S: Simd>(
    simd: S,
    luma: &mut Band<'_>,
    chroma: &mut [Band<'_>; 2],
    macroblocks: &[Macroblock],
    columns: usize,
    row: usize,
    qp: u8,
    offset: i32,
) {
    // Table index (§8.7.2.2), the same for α and β.
    let [qp, qp_chroma] =
        [qp, chroma_qp(qp)].map(|qp| (i32::from(qp) + 2 * offset).clamp(0, 51) as u8);
    for column in 0..columns {
        let index = row * columns + column;
        let left = (column > 0).then(|| &macroblocks[index - 1]);
        let top = (row > 0).then(|| &macroblocks[index - columns]);
        let [vertical, horizontal] = strengths(&macroblocks[index], left, top);
        for (edge, strengths) in vertical.into_iter().enumerate() {
            if strengths != [0; 4] {
                let at = luma.at(column * 16 + edge * 4, row * 16);
                luma_vertical(simd, luma, at, strengths, qp);
                if edge % 2 == 0 {
                    let at = chroma[0].at(column * 8 + edge * 2, row * 8);
                    chroma_vertical(simd, chroma, at, strengths, qp_chroma);
                }
            }
        }
        for (edge, strengths) in horizontal.into_iter().enumerate() {
            if strengths != [0; 4] {
                let at = luma.at(column * 16, row * 16 + edge * 4);
                luma_horizontal(simd, luma, at, strengths, qp);
                if edge % 2 == 0 {
                    let at = chroma[0].at(column * 8, row * 8 + edge * 2);
                    chroma_horizontal(simd, chroma, at, strengths, qp_chroma);
                }
            }
        }
    }
}
