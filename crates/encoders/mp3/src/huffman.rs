//! Entropy coding of quantized spectra (ISO/IEC 11172-3 §2.4.2.7 and §2.4.3.4.6): bit counts of the
//! tables, the division into regions, and the codes.

use fearless_simd::{Level, dispatch};

use reelwright_core::helpers::bits::BitWriter;

use crate::huffman_codes::{
    LINBITS, PAIR_TABLES, QUAD_CODES_A, QUAD_CODES_B, QUAD_LENGTHS_A, QUAD_LENGTHS_B, TABLE_SELECT,
};
use crate::tables::{LINES, LONG_BANDS};

/// Columns of [`Huffman::pairs`]: one for each table, and the number of escapes.
const LANES: usize = 16;
const ESCAPES: usize = 15;
/// Indices of the tables with linbits.
const TABLE_16: usize = 13;
const TABLE_24: usize = 14;

/// Division of a spectrum into regions, and the table of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Regions {
    /// Number of lines coded as pairs; even.
    pub(crate) big: usize,
    /// Number of quadruples after the pairs, with magnitudes of at most 1.
    pub(crate) quads: usize,
    /// Line at which each of the first two regions ends, as decoders compute it.
    pub(crate) ends: [usize; 2],
    /// region0_count and region1_count.
    pub(crate) counts: [u32; 2],
    pub(crate) table_select: [u8; 3],
    pub(crate) count1_table: u8,
    /// Bits of all codes, signs and linbits.
    pub(crate) bits: u32,
}

/// Possible ends of regions.
#[derive(Clone, Copy)]
pub(crate) enum Cuts<'a> {
    /// Scalefactor bands of a long block.
    Bands(&'a [u16; LONG_BANDS + 1]),
    /// Two regions, the first with this number of lines; for window_switching_flag.
    Fixed(usize),
}

/// Code lengths, arranged for fast counting.
pub(crate) struct Huffman {
    level: Level,
    /// Length of each pair in each table, with signs, and the number of escapes. The index is `16 *
    /// x + y`; values above 15 count as 15.
    pairs: Box<[[u16; LANES]; 256]>,
    /// Length of each quadruple in both tables, with signs. The index is 8v + 4w + 2x + y.
    quads: [[u32; 2]; 16],
}

impl Huffman {
    pub(crate) fn new(level: Level) -> Self {
        let mut pairs = Box::new([[0; LANES]; 256]);
        for (at, lanes) in pairs.iter_mut().enumerate() {
            let (x, y) = (at / 16, at % 16);
            let signs = u16::from(x > 0) + u16::from(y > 0);
            for (lane, table) in lanes.iter_mut().zip(&PAIR_TABLES) {
                if x < table.width && y < table.width {
                    *lane = u16::from(table.lengths[x * table.width + y]) + signs;
                }
            }
            lanes[ESCAPES] = u16::from(x == 15) + u16::from(y == 15);
        }
        let mut quads = [[0; 2]; 16];
        for (at, lengths) in quads.iter_mut().enumerate() {
            let signs = at.count_ones();
            *lengths =
                [u32::from(QUAD_LENGTHS_A[at]) + signs, u32::from(QUAD_LENGTHS_B[at]) + signs];
        }
        Self { level, pairs, quads }
    }

    /// Finds the coding of a spectrum of magnitudes with the fewest bits. `thorough` searches all
    /// regions; otherwise regions have typical sizes.
    pub(crate) fn count(&self, values: &[u16; LINES], cuts: Cuts<'_>, thorough: bool) -> Regions {
        let (big, quads) = partitions(values);
        let mut regions = Regions { big, quads, ..Regions::default() };
        let mut count1 = [0; 2];
        for quad in values[big..big + 4 * quads].as_chunks::<4>().0 {
            let at = quad.iter().fold(0, |at, &v| at << 1 | usize::from(v));
            count1[0] += self.quads[at][0];
            count1[1] += self.quads[at][1];
        }
        regions.count1_table = u8::from(count1[1] < count1[0]);
        regions.bits = count1[0].min(count1[1]);
        match cuts {
            Cuts::Fixed(end) => {
                let end = end.min(big);
                regions.ends = [end, big];
                for (region, lines) in [0..end, end..big].into_iter().enumerate() {
                    let (table, bits) = choose(&self.sums(&values[lines]));
                    regions.table_select[region] = table;
                    regions.bits += bits;
                }
            }
            Cuts::Bands(bands) => self.cut(values, bands, thorough, &mut regions),
        }
        regions
    }

    /// Chooses the regions of a long block.
    fn cut(
        &self,
        values: &[u16; LINES],
        bands: &[u16; LONG_BANDS + 1],
        thorough: bool,
        regions: &mut Regions,
    ) {
        // Sums over the bands before each one, and the number of bands.
        let mut before = [Sums::default(); LONG_BANDS + 1];
        let mut maxima = [0u16; LONG_BANDS];
        let mut used = 0;
        while used < LONG_BANDS && usize::from(bands[used]) < regions.big {
            let end = usize::from(bands[used + 1]).min(regions.big);
            let sums = self.sums(&values[usize::from(bands[used])..end]);
            maxima[used] = sums.max;
            let sofar = before[used].lanes;
            for (lane, sum) in before[used + 1].lanes.iter_mut().enumerate() {
                *sum = sofar[lane] + sums.lanes[lane];
            }
            used += 1;
        }
        let between = |from: usize, to: usize| {
            let mut sums = Sums::default();
            for (lane, sum) in sums.lanes.iter_mut().enumerate() {
                *sum = before[to].lanes[lane] - before[from].lanes[lane];
            }
            sums.max = maxima[from..to].iter().copied().max().unwrap_or(0);
            choose(&sums)
        };
        let mut best = (u32::MAX, [0; 2], [0; 3]);
        let mut attempt = |first: usize, second: usize, parts: [(u8, u32); 3]| {
            let bits = parts.iter().map(|part| part.1).sum();
            if bits < best.0 {
                best = (bits, [first, second], parts.map(|part| part.0));
            }
        };
        if used <= 2 {
            let first = used.max(1);
            attempt(first, first + 1, [between(0, used), (0, 0), (0, 0)]);
            if used == 2 {
                attempt(1, 2, [between(0, 1), between(1, 2), (0, 0)]);
            }
        } else if thorough {
            let firsts: [_; 17] = std::array::from_fn(|first| between(0, first.min(used)));
            for second in 2..=used {
                let third = between(second, used);
                let least = second.saturating_sub(8).max(1);
                for (first, &part) in firsts.iter().enumerate().take(second).skip(least) {
                    attempt(first, second, [part, between(first, second), third]);
                }
            }
        } else {
            // Each region has a third of the bands.
            let first = (used / 3).max(1);
            let second = (used * 2 / 3).max(first + 1);
            attempt(
                first,
                second,
                [between(0, first), between(first, second), between(second, used)],
            );
        }
        let (bits, [first, second], table_select) = best;
        regions.bits += bits;
        regions.counts = [first as u32 - 1, (second - first) as u32 - 1];
        regions.ends =
            [first, second].map(|band| usize::from(bands[band.min(LONG_BANDS)]).min(regions.big));
        regions.table_select = table_select;
    }

    /// Returns the cost of pairs of values in each table.
    fn sums(&self, values: &[u16]) -> Sums {
        #[inline(always)]
        fn body(pairs: &[[u16; LANES]; 256], values: &[u16]) -> Sums {
            let mut sums = Sums::default();
            for &[x, y] in values.as_chunks::<2>().0 {
                let at = x.min(15) * 16 + y.min(15);
                for (sum, length) in sums.lanes.iter_mut().zip(&pairs[usize::from(at)]) {
                    *sum += length;
                }
            }
            sums.max = values.iter().copied().max().unwrap_or(0);
            sums
        }
        dispatch!(self.level, _simd => body(&self.pairs, values))
    }

    /// Writes the codes of a spectrum. `values` are magnitudes; `lines` have the signs.
    pub(crate) fn write(
        &self,
        values: &[u16; LINES],
        lines: &[f32; LINES],
        regions: &Regions,
        bits: &mut BitWriter,
    ) {
        let [first, second] = regions.ends;
        for (range, table) in
            [0..first, first..second, second..regions.big].into_iter().zip(regions.table_select)
        {
            if table == 0 {
                continue;
            }
            let (lane, linbits) = match table {
                0..16 => {
                    let lane = TABLE_SELECT.iter().position(|&t| t == table);
                    (lane.expect("a table that choose() chose"), 0)
                }
                16..24 => (TABLE_16, LINBITS[usize::from(table) - 16]),
                _ => (TABLE_24, LINBITS[usize::from(table) - 16]),
            };
            let codes = &PAIR_TABLES[lane];
            let pairs = values[range.clone()].as_chunks::<2>().0;
            for (&[x, y], signs) in pairs.iter().zip(lines[range].as_chunks::<2>().0) {
                let at = usize::from(x.min(15)) * codes.width + usize::from(y.min(15));
                bits.put(codes.codes[at].into(), codes.lengths[at].into());
                for (value, line) in [x, y].into_iter().zip(signs) {
                    if linbits > 0 && value >= 15 {
                        bits.put(u64::from(value - 15), linbits.into());
                    }
                    if value > 0 {
                        bits.put(u64::from(*line < 0.0), 1);
                    }
                }
            }
        }
        let range = regions.big..regions.big + 4 * regions.quads;
        let (codes, lengths) = match regions.count1_table {
            0 => (&QUAD_CODES_A, &QUAD_LENGTHS_A),
            _ => (&QUAD_CODES_B, &QUAD_LENGTHS_B),
        };
        let quads = values[range.clone()].as_chunks::<4>().0;
        for (quad, signs) in quads.iter().zip(lines[range].as_chunks::<4>().0) {
            let at = quad.iter().fold(0, |at, &v| at << 1 | usize::from(v));
            bits.put(codes[at].into(), lengths[at].into());
            for (&value, line) in quad.iter().zip(signs) {
                if value > 0 {
                    bits.put(u64::from(*line < 0.0), 1);
                }
            }
        }
    }
}

/// Cost of some pairs in each table, and their largest value.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    lanes: [u16; LANES],
    max: u16,
}

/// Returns the number of lines coded as pairs and the number of quadruples after them.
fn partitions(values: &[u16; LINES]) -> (usize, usize) {
    let mut end = LINES;
    while end > 0 && values[end - 1] == 0 && values[end - 2] == 0 {
        end -= 2;
    }
    let mut big = end;
    while big >= 4 && values[big - 4..big].iter().all(|&value| value <= 1) {
        big -= 4;
    }
    (big, (end - big) / 4)
}

/// Returns the cheapest table and its bits.
fn choose(sums: &Sums) -> (u8, u32) {
    let lanes = match sums.max {
        0 => return (0, 0),
        1 => 0..1,
        2 => 1..3,
        3 => 3..5,
        4..=5 => 5..8,
        6..=7 => 8..11,
        8..=14 => 11..15,
        15 => 11..13,
        max => return choose_escaping(sums, max),
    };
    let mut best = (0, u32::MAX);
    for lane in lanes {
        let bits = u32::from(sums.lanes[lane]);
        if bits < best.1 {
            best = (TABLE_SELECT[lane], bits);
        }
    }
    best
}

/// Returns the same for values above 15, which need linbits.
fn choose_escaping(sums: &Sums, max: u16) -> (u8, u32) {
    let need = u16::BITS - (max - 15).leading_zeros();
    let escapes = u32::from(sums.lanes[ESCAPES]);
    let mut best = (0, u32::MAX);
    for (lane, tables) in [(TABLE_16, 0..8), (TABLE_24, 8..16)] {
        let table =
            tables.clone().find(|&t| u32::from(LINBITS[t]) >= need).unwrap_or(tables.end - 1);
        let bits = u32::from(sums.lanes[lane]) + escapes * u32::from(LINBITS[table]);
        if bits < best.1 {
            best = (table as u8 + 16, bits);
        }
    }
    best
}
