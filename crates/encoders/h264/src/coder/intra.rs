//! Intra prediction (ITU-T H.264 §8.3).

use crate::coder::interpolate::{Chroma, Luma};

/// Samples around a macroblock, before deblocking.
#[derive(Debug, Clone)]
pub(crate) struct Edges {
    pub(crate) has_left: bool,
    pub(crate) has_top: bool,
    pub(crate) has_top_left: bool,
    pub(crate) has_top_right: bool,
    pub(crate) left: [u8; 16],
    /// Samples above, and above to the right.
    pub(crate) top: [u8; 20],
    pub(crate) top_left: u8,
    pub(crate) chroma_left: [[u8; 8]; 2],
    pub(crate) chroma_top: [[u8; 8]; 2],
    pub(crate) chroma_top_left: [u8; 2],
}

/// `Intra16x16PredMode`.
pub(crate) const VERTICAL: u8 = 0;
pub(crate) const HORIZONTAL: u8 = 1;
pub(crate) const DC: u8 = 2;
pub(crate) const PLANE: u8 = 3;

fn sum(samples: &[u8]) -> u32 {
    samples.iter().map(|&s| u32::from(s)).sum()
}

/// Computes one of the four 16x16 luma predictions. Returns `false` if it needs unavailable
/// samples.
#[inline(always)]
pub(crate) fn luma16(edges: &Edges, mode: u8, out: &mut Luma) -> bool {
    let top: &[u8; 16] = edges.top[..16].try_into().expect("sixteen");
    let rows = out.as_chunks_mut::<16>().0;
    match mode {
        VERTICAL if edges.has_top => rows.fill(*top),
        HORIZONTAL if edges.has_left => {
            for (row, &left) in rows.iter_mut().zip(&edges.left) {
                *row = [left; 16];
            }
        }
        DC => {
            let value = match (edges.has_top, edges.has_left) {
                (true, true) => (sum(top) + sum(&edges.left) + 16) >> 5,
                (true, false) => (sum(top) + 8) >> 4,
                (false, true) => (sum(&edges.left) + 8) >> 4,
                (false, false) => 128,
            };
            out.fill(value as u8);
        }
        PLANE if edges.has_top && edges.has_left && edges.has_top_left => {
            let top = |i: usize| i32::from(if i == 0 { edges.top_left } else { edges.top[i - 1] });
            let left =
                |i: usize| i32::from(if i == 0 { edges.top_left } else { edges.left[i - 1] });
            let slope = |side: &dyn Fn(usize) -> i32| -> i32 {
                (1..=8).map(|i| i as i32 * (side(8 + i) - side(8 - i))).sum()
            };
            let (b, c) = ((5 * slope(&top) + 32) >> 6, (5 * slope(&left) + 32) >> 6);
            let a = 16 * (top(16) + left(16));
            for (y, row) in rows.iter_mut().enumerate() {
                for (x, out) in row.iter_mut().enumerate() {
                    let value = (a + b * (x as i32 - 7) + c * (y as i32 - 7) + 16) >> 5;
                    *out = value.clamp(0, 255) as u8;
                }
            }
        }
        _ => return false,
    }
    true
}

/// `intra_chroma_pred_mode`.
pub(crate) const CHROMA_DC: u8 = 0;
pub(crate) const CHROMA_HORIZONTAL: u8 = 1;
pub(crate) const CHROMA_VERTICAL: u8 = 2;
pub(crate) const CHROMA_PLANE: u8 = 3;

/// Computes one of the four chroma predictions. Returns `false` if it needs unavailable samples.
#[inline(always)]
pub(crate) fn chroma(edges: &Edges, mode: u8, out: &mut Chroma) -> bool {
    let allowed = match mode {
        CHROMA_DC => true,
        CHROMA_HORIZONTAL => edges.has_left,
        CHROMA_VERTICAL => edges.has_top,
        CHROMA_PLANE => edges.has_left && edges.has_top && edges.has_top_left,
        _ => false,
    };
    if !allowed {
        return false;
    }
    for plane in 0..2 {
        let (top, left) = (&edges.chroma_top[plane], &edges.chroma_left[plane]);
        let rows = out.as_chunks_mut::<16>().0.iter_mut().enumerate();
        let rows = rows.map(|(y, row)| (y, &mut row[8 * plane..8 * plane + 8]));
        match mode {
            CHROMA_DC => {
                let dc = chroma_dc(edges, top, left);
                for (y, row) in rows {
                    row[..4].fill(dc[y / 4 * 2]);
                    row[4..].fill(dc[y / 4 * 2 + 1]);
                }
            }
            CHROMA_HORIZONTAL => rows.for_each(|(y, row)| row.fill(left[y])),
            CHROMA_VERTICAL => rows.for_each(|(_, row)| row.copy_from_slice(top)),
            _ => {
                let corner = edges.chroma_top_left[plane];
                let at =
                    |side: &[u8; 8], i: usize| i32::from(if i == 0 { corner } else { side[i - 1] });
                let slope = |side: &[u8; 8]| -> i32 {
                    (1..=4).map(|i| i as i32 * (at(side, 4 + i) - at(side, 4 - i))).sum()
                };
                let (b, c) = ((34 * slope(top) + 32) >> 6, (34 * slope(left) + 32) >> 6);
                let a = 16 * (at(top, 8) + at(left, 8));
                for (y, row) in rows {
                    for (x, out) in row.iter_mut().enumerate() {
                        let value = (a + b * (x as i32 - 3) + c * (y as i32 - 3) + 16) >> 5;
                        *out = value.clamp(0, 255) as u8;
                    }
                }
            }
        }
    }
    true
}

/// Returns the DC predictions of the four blocks of a plane (§8.3.4.1 to §8.3.4.3).
fn chroma_dc(edges: &Edges, top: &[u8; 8], left: &[u8; 8]) -> [u8; 4] {
    let tops = [sum(&top[..4]), sum(&top[4..])];
    let lefts = [sum(&left[..4]), sum(&left[4..])];
    std::array::from_fn(|block| {
        let (x, y) = (block & 1, block >> 1);
        // The upper right block prefers the samples above, the lower left one those at the left.
        let (use_top, use_left) = match (edges.has_top, edges.has_left) {
            (true, true) if block == 1 => (true, false),
            (true, true) if block == 2 => (false, true),
            both => both,
        };
        let value = match (use_top, use_left) {
            (true, true) => (tops[x] + lefts[y] + 4) >> 3,
            (true, false) => (tops[x] + 2) >> 2,
            (false, true) => (lefts[y] + 2) >> 2,
            (false, false) => 128,
        };
        value as u8
    })
}

/// Samples around a 4x4 block: the left column from the bottom (0 to 3), the corner (4), and the
/// row above to the last at the right (12).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub(crate) samples: [u8; 13],
    pub(crate) has_left: bool,
    pub(crate) has_top: bool,
    pub(crate) has_corner: bool,
}

/// Returns one of the nine predictions of a 4x4 block in raster order, or `None` if it needs
/// unavailable samples.
#[inline(always)]
pub(crate) fn luma4(around: &Around, mode: u8) -> Option<[u8; 16]> {
    let s = &around.samples;
    let at = |i: usize| u32::from(s[i]);
    // Means of two and of three neighbors along the edge.
    let two = |i: usize| ((at(i) + at(i + 1) + 1) >> 1) as u8;
    let three = |i: usize| ((at(i - 1) + 2 * at(i) + at(i + 1) + 2) >> 2) as u8;
    let (left, top, corner) = (around.has_left, around.has_top, around.has_corner);
    let all = left && top && corner;
    Some(match mode {
        0 if top => std::array::from_fn(|i| s[5 + i % 4]),
        1 if left => std::array::from_fn(|i| s[3 - i / 4]),
        2 => {
            let (tops, lefts) = (sum(&s[5..9]), sum(&s[..4]));
            let value = match (top, left) {
                (true, true) => (tops + lefts + 4) >> 3,
                (true, false) => (tops + 2) >> 2,
                (false, true) => (lefts + 2) >> 2,
                (false, false) => 128,
            };
            [value as u8; 16]
        }
        // Diagonal down left.
        3 if top => {
            let end = ((at(11) + 3 * at(12) + 2) >> 2) as u8;
            let d: [u8; 7] = std::array::from_fn(|i| if i == 6 { end } else { three(6 + i) });
            std::array::from_fn(|i| d[i % 4 + i / 4])
        }
        // Diagonal down right.
        4 if all => {
            let d: [u8; 7] = std::array::from_fn(|i| three(1 + i));
            std::array::from_fn(|i| d[3 + i % 4 - i / 4])
        }
        // Vertical right.
        5 if all => {
            let a: [u8; 4] = std::array::from_fn(|i| two(4 + i));
            let b: [u8; 4] = std::array::from_fn(|i| three(4 + i));
            let (c, d) = (three(3), three(2));
            [
                a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], c, a[0], a[1], a[2], d, b[0], b[1],
                b[2],
            ]
        }
        // Horizontal down.
        6 if all => {
            let a: [u8; 4] = std::array::from_fn(|i| two(3 - i));
            let b: [u8; 4] = std::array::from_fn(|i| three(4 - i));
            let (c, d) = (three(5), three(6));
            [
                a[0], b[0], c, d, a[1], b[1], a[0], b[0], a[2], b[2], a[1], b[1], a[3], b[3], a[2],
                b[2],
            ]
        }
        // Vertical left.
        7 if top => {
            let a: [u8; 5] = std::array::from_fn(|i| two(5 + i));
            let b: [u8; 5] = std::array::from_fn(|i| three(6 + i));
            [
                a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], a[1], a[2], a[3], a[4], b[1], b[2],
                b[3], b[4],
            ]
        }
        // Horizontal up.
        8 if left => {
            let (a, b, c) = (two(2), two(1), two(0));
            let (d, e) = (three(2), three(1));
            let f = ((at(1) + 3 * at(0) + 2) >> 2) as u8;
            let g = s[0];
            [a, d, b, e, b, e, c, f, c, f, g, g, g, g, g, g]
        }
        _ => return None,
    })
}
