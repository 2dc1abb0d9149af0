//! Inner loops of video conversion with 8 bits, compiled once for each [`Level`].
//!
//! They are plain integer loops that compilers vectorize; the results are the same at every level.
//! Coefficients have 16 bits, because machines multiply and add pairs of them in one instruction.

use super::matrix::{FROM_YUV_BITS, FromYuv, RERANGE_BITS, Rerange, TO_YUV_BITS, ToYuv};
use super::taps::COEF_BITS;
use crate::level::{Level, kernels};

/// Number of samples per step of the vertical filter.
const BLOCK: usize = 64;

/// Number of rows per step of the horizontal filter.
pub(super) const LANES: usize = 16;

/// Number of fraction bits between the two filters.
const FRACTION_BITS: u32 = 6;

/// Input value of chroma: one color of a pixel, or a sum over several pixels.
pub(super) trait ChromaInput: Copy + Into<i32> {
    /// Number of summed pixels, as a power of two.
    const BITS: u32;
}

impl ChromaInput for u8 {
    const BITS: u32 = 0;
}

impl ChromaInput for i16 {
    const BITS: u32 = 3;
}

kernels! {
    /// Writes luma.
    fn luma<>(matrix: &ToYuv, r: &[u8], g: &[u8], b: &[u8], to: &mut [u8]) {
        let [cr, cg, cb] = matrix.luma.map(i32::from);
        let offset = (matrix.black << TO_YUV_BITS) + (1 << (TO_YUV_BITS - 1));
        for (((to, r), g), b) in to.iter_mut().zip(r).zip(g).zip(b) {
            let sum = cr * i32::from(*r) + cg * i32::from(*g) + cb * i32::from(*b);
            *to = ((sum + offset) >> TO_YUV_BITS) as u8;
        }
    }

    /// Writes both chroma rows.
    fn chroma<S: ChromaInput>(matrix: &ToYuv, r: &[S], g: &[S], b: &[S], u: &mut [u8], v: &mut [u8]) {
        let [of_u, of_v] = matrix.chroma.map(|row| row.map(i32::from));
        let bits = TO_YUV_BITS + S::BITS;
        let offset = (128 << bits) + (1 << (bits - 1));
        for ((((u, v), r), g), b) in u.iter_mut().zip(v).zip(r).zip(g).zip(b) {
            let (r, g, b): (i32, i32, i32) = ((*r).into(), (*g).into(), (*b).into());
            let sum = of_u[0] * r + of_u[1] * g + of_u[2] * b;
            *u = ((sum + offset) >> bits).clamp(0, 255) as u8;
            let sum = of_v[0] * r + of_v[1] * g + of_v[2] * b;
            *v = ((sum + offset) >> bits).clamp(0, 255) as u8;
        }
    }

    /// Sums two rows with the weights 1, 2, 1 around every second pixel, starting at the second one
    /// of these. Elements are pairs of pixels.
    fn sum_left<>(first: &[[u8; 2]], second: &[[u8; 2]], to: &mut [i16]) {
        let pairs = first.iter().zip(first.iter().skip(1));
        let others = second.iter().zip(second.iter().skip(1));
        for ((to, (before, at)), (other_before, other_at)) in to.iter_mut().zip(pairs).zip(others) {
            // Splits the pair as an integer, which needs no shuffle.
            let [before, at, other_before, other_at] =
                [*before, *at, *other_before, *other_at].map(u16::from_le_bytes);
            let left = (before >> 8) + (other_before >> 8);
            let middle = (at & 0xff) + (other_at & 0xff);
            let right = (at >> 8) + (other_at >> 8);
            *to = (left + 2 * middle + right) as i16;
        }
    }

    /// Sums pairs of pixels of two rows, times two.
    fn sum_center<>(first: &[[u8; 2]], second: &[[u8; 2]], to: &mut [i16]) {
        for ((to, at), other) in to.iter_mut().zip(first).zip(second) {
            let (at, other) = (u16::from_le_bytes(*at), u16::from_le_bytes(*other));
            let sum = (at & 0xff) + (other & 0xff) + (at >> 8) + (other >> 8);
            *to = (2 * sum) as i16;
        }
    }

    /// Divides each sum by eight.
    fn eighths<>(sums: &[i16], to: &mut [u8]) {
        for (to, sum) in to.iter_mut().zip(sums) {
            *to = ((*sum + 4) >> 3) as u8;
        }
    }

    /// Writes red, green and blue.
    fn to_rgb<>(matrix: &FromYuv, yuv: [&[u8]; 3], rgb: [&mut [u8]; 3]) {
        let ([y, u, v], [r, g, b]) = (yuv, rgb);
        let m = *matrix;
        let half = 1 << (FROM_YUV_BITS - 1);
        let clip = |sum: i32| (sum >> FROM_YUV_BITS).clamp(0, 255) as u8;
        for (((((y, u), v), r), g), b) in y.iter().zip(u).zip(v).zip(r).zip(g).zip(b) {
            let luma = i32::from(m.luma) * i32::from(i16::from(*y) - m.black) + half;
            let (u, v) = (i32::from(i16::from(*u) - 128), i32::from(i16::from(*v) - 128));
            *r = clip(luma + i32::from(m.red_of_v) * v);
            *g = clip(luma + i32::from(m.green_of_u) * u + i32::from(m.green_of_v) * v);
            *b = clip(luma + i32::from(m.blue_of_u) * u);
        }
    }

    /// Converts the range in place.
    fn rerange<>(map: &Rerange, samples: &mut [u8]) {
        let offset = (i32::from(map.to) << RERANGE_BITS) + (1 << (RERANGE_BITS - 1));
        for sample in samples {
            let sum = i32::from(i16::from(*sample) - map.from) * i32::from(map.gain) + offset;
            *sample = (sum >> RERANGE_BITS).clamp(0, 255) as u8;
        }
    }

    /// Copies every N-th sample until `to` is full.
    fn gather<; N>(from: &[u8], to: &mut [u8]) {
        for (to, from) in to.iter_mut().zip(from.chunks(N)) {
            *to = from[0];
        }
    }

    /// Copies the first three samples of every N.
    fn split<; N>(from: &[[u8; N]], a: &mut [u8], b: &mut [u8], c: &mut [u8]) {
        for (((from, a), b), c) in from.iter().zip(a).zip(b).zip(c) {
            (*a, *b, *c) = (from[0], from[1], from[2]);
        }
    }

    /// Writes pairs.
    fn join_two<>(a: &[u8], b: &[u8], to: &mut [[u8; 2]]) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            *to = [*a, *b];
        }
    }

    /// Writes packed pixels.
    fn join_three<>(a: &[u8], b: &[u8], c: &[u8], to: &mut [[u8; 3]]) {
        for (((to, a), b), c) in to.iter_mut().zip(a).zip(b).zip(c) {
            *to = [*a, *b, *c];
        }
    }

    /// Writes packed pixels with an unused byte, which is 255 as in swscale.
    fn join_four<>(a: &[u8], b: &[u8], c: &[u8], to: &mut [[u8; 4]]) {
        for (((to, a), b), c) in to.iter_mut().zip(a).zip(b).zip(c) {
            *to = [*a, *b, *c, 255];
        }
    }

    /// Filters rows of `data` that start at `rows` to one row with fraction bits.
    fn vertical<>(data: &[u8], rows: &[usize], coefs: &[i16], to: &mut [i16]) {
        const SHIFT: u32 = COEF_BITS - FRACTION_BITS;
        filter_rows(data, rows, coefs, to, |sum| ((sum + (1 << (SHIFT - 1))) >> SHIFT) as i16);
    }

    /// Filters rows of `data` that start at `rows` to one row of bytes.
    fn vertical_to_bytes<>(data: &[u8], rows: &[usize], coefs: &[i16], to: &mut [u8]) {
        const HALF: i32 = 1 << (COEF_BITS - 1);
        filter_rows(data, rows, coefs, to, |sum| ((sum + HALF) >> COEF_BITS).clamp(0, 255) as u8);
    }

    /// Transposes rows to columns: `rows` contains [`LANES`] rows of `columns.len()` samples.
    fn turn<>(rows: &[i16], columns: &mut [[i16; LANES]]) {
        let width = columns.len();
        for (group, rows) in rows.chunks_exact(4 * width).enumerate() {
            let rows: [&[i16]; 4] = std::array::from_fn(|i| &rows[i * width..][..width]);
            let four = rows.map(|row| row.as_chunks::<4>().0);
            let (squares, rest) = columns.as_chunks_mut::<4>();
            let rest_start = 4 * squares.len();
            for (index, squares) in squares.chunks_mut(TURNED).enumerate() {
                let rows = four.map(|row| &row[index * TURNED..][..squares.len()]);
                let mut turned = [[0; TURNED]; 4];
                turn_fours(rows, &mut turned);
                for (i, square) in squares.iter_mut().enumerate() {
                    for (column, turned) in square.iter_mut().zip(&turned) {
                        column[4 * group..][..4].copy_from_slice(&four_of(turned[i]));
                    }
                }
            }
            for (x, column) in rest.iter_mut().enumerate() {
                let four = rows.map(|row| row[rest_start + x]);
                column[4 * group..][..4].copy_from_slice(&four);
            }
        }
    }

    /// Filters columns. `coefs` has `count` coefficients for each result.
    fn horizontal<>(
        columns: &[[i16; LANES]],
        starts: &[u32],
        coefs: &[i16],
        count: usize,
        to: &mut [[u8; LANES]]
    ) {
        const SHIFT: u32 = COEF_BITS + FRACTION_BITS;
        for ((to, start), coefs) in to.iter_mut().zip(starts).zip(coefs.chunks_exact(count)) {
            let columns = &columns[*start as usize..][..count];
            let mut sums = [1i32 << (SHIFT - 1); LANES];
            for (column, coef) in columns.iter().zip(coefs) {
                for (sum, sample) in sums.iter_mut().zip(column) {
                    *sum += i32::from(*coef) * i32::from(*sample);
                }
            }
            for (to, sum) in to.iter_mut().zip(sums) {
                *to = (sum >> SHIFT).clamp(0, 255) as u8;
            }
        }
    }

    /// Copies one lane of columns to a row.
    fn turn_back<>(columns: &[[u8; LANES]], lane: usize, to: &mut [u8]) {
        for (to, column) in to.iter_mut().zip(columns) {
            *to = column[lane];
        }
    }
}

/// Number of squares that are transposed at once.
const TURNED: usize = 32;

/// Transposes squares of 4x4, as 64-bit integers without shuffles. Column `j` of square `i` becomes
/// `to[j][i]`.
#[inline(always)]
fn turn_fours(rows: [&[[i16; 4]]; 4], to: &mut [[u64; TURNED]; 4]) {
    const EVEN: u64 = 0x0000_ffff_0000_ffff;
    const LOW: u64 = 0x0000_0000_ffff_ffff;
    let [a, b, c, d] = rows;
    let [to_a, to_b, to_c, to_d] = to;
    let rows = a.iter().zip(b).zip(c).zip(d);
    let to = to_a.iter_mut().zip(to_b).zip(to_c).zip(to_d);
    for ((((a, b), c), d), (((to_a, to_b), to_c), to_d)) in rows.zip(to) {
        let [a, b, c, d] = [*a, *b, *c, *d].map(number_of);
        // Columns 0 and 2 of two rows, then 1 and 3.
        let (even, odd) = ((a & EVEN) | ((b & EVEN) << 16), ((a >> 16) & EVEN) | (b & !EVEN));
        let (even_2, odd_2) = ((c & EVEN) | ((d & EVEN) << 16), ((c >> 16) & EVEN) | (d & !EVEN));
        (*to_a, *to_c) = ((even & LOW) | (even_2 << 32), (even >> 32) | (even_2 & !LOW));
        (*to_b, *to_d) = ((odd & LOW) | (odd_2 << 32), (odd >> 32) | (odd_2 & !LOW));
    }
}

/// Packs four values into an integer, the first in the lowest bits.
#[inline(always)]
fn number_of(four: [i16; 4]) -> u64 {
    let [a, b, c, d] = four.map(|sample| u64::from(sample as u16));
    a | (b << 16) | (c << 32) | (d << 48)
}

/// Unpacks the four values of [`number_of`].
#[inline(always)]
fn four_of(number: u64) -> [i16; 4] {
    [number as i16, (number >> 16) as i16, (number >> 32) as i16, (number >> 48) as i16]
}

/// Filters rows of `data`, of `to.len()` samples each.
#[inline(always)]
fn filter_rows<T>(
    data: &[u8],
    rows: &[usize],
    coefs: &[i16],
    to: &mut [T],
    finish: impl Fn(i32) -> T,
) {
    let mut at = 0;
    let (blocks, rest) = to.as_chunks_mut::<BLOCK>();
    for block in blocks {
        let mut sums = [0i32; BLOCK];
        for (row, coef) in rows.iter().zip(coefs) {
            let row: &[u8; BLOCK] = data[row + at..].first_chunk().expect("a row is as long as to");
            for (sum, sample) in sums.iter_mut().zip(row) {
                *sum += i32::from(*coef) * i32::from(*sample);
            }
        }
        for (to, sum) in block.iter_mut().zip(sums) {
            *to = finish(sum);
        }
        at += BLOCK;
    }
    let mut sums = [0i32; BLOCK];
    for (row, coef) in rows.iter().zip(coefs) {
        for (sum, sample) in sums.iter_mut().zip(&data[row + at..][..rest.len()]) {
            *sum += i32::from(*coef) * i32::from(*sample);
        }
    }
    for (to, sum) in rest.iter_mut().zip(sums) {
        *to = finish(sum);
    }
}
