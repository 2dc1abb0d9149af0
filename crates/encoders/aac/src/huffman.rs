//! Entropy coding of quantized spectra (ISO/IEC 14496-3 §4.6.3): the cost of each codebook, the
//! division of bands into sections, and the codes.

use fearless_simd::{Level, dispatch};
use reelwright_core::helpers::bits::BitWriter;

use crate::bands::MAX_BANDS;
use crate::huffman_codes::{CODEBOOKS, FACTOR_CODES, FACTOR_LENGTHS};

/// Number of codebooks: 0 (all zero) to 11. Arrays are padded to a vector's length.
const BOOKS: usize = 12;
const LANES: usize = 16;
/// Cost of a codebook that cannot code the band.
const NEVER: u32 = 1 << 20;
/// Codebook with escape sequences, and the smallest value that needs one.
const ESCAPES: usize = 11;
const ESCAPE: i16 = 16;
/// Number of values in each dimension of the table for pairs: -16 to 16.
const SPAN: usize = 33;

/// Cost of a band in each codebook, in bits.
pub(crate) type Costs = [u32; LANES];

/// Code lengths, arranged for fast counting.
pub(crate) struct Huffman {
    level: Level,
    /// Length of each pair in codebooks 5 to 11, with signs and without escape sequences.
    pairs: Box<[[u16; 8]; SPAN * SPAN]>,
    /// Length of each quadruple of values from -2 to 2 in codebooks 1 to 4, with signs.
    quads: Box<[[u16; 4]; 625]>,
}

impl Huffman {
    pub(crate) fn new(level: Level) -> Self {
        let mut pairs = Box::new([[0; 8]; SPAN * SPAN]);
        for (at, lengths) in pairs.iter_mut().enumerate() {
            let values = [(at / SPAN) as i16 - 16, (at % SPAN) as i16 - 16];
            for (lane, length) in lengths.iter_mut().enumerate().take(7) {
                *length = code(lane + 5, &values).map_or(0, |(_, length)| length as u16);
            }
        }
        let mut quads = Box::new([[0; 4]; 625]);
        for (at, lengths) in quads.iter_mut().enumerate() {
            let values = [at / 125, at / 25 % 5, at / 5 % 5, at % 5].map(|digit| digit as i16 - 2);
            for (lane, length) in lengths.iter_mut().enumerate() {
                *length = code(lane + 1, &values).map_or(0, |(_, length)| length as u16);
            }
        }
        Self { level, pairs, quads }
    }

    /// Returns the cost of a band whose largest magnitude is `largest`.
    pub(crate) fn costs(&self, values: &[i16], largest: i16) -> Costs {
        let mut costs = [NEVER; LANES];
        if largest == 0 {
            costs[0] = 0;
        }
        let pairs = dispatch!(self.level, _simd => sum_pairs(&self.pairs, values));
        let first = match largest {
            0..=4 => 5,
            5..=7 => 7,
            8..=12 => 9,
            _ => 11,
        };
        for book in first..BOOKS {
            costs[book] = pairs[book - 5].into();
        }
        if largest >= ESCAPE {
            costs[ESCAPES] += values.iter().map(|&value| escape_bits(value)).sum::<u32>();
        }
        if largest <= 2 {
            let quads = dispatch!(self.level, _simd => sum_quads(&self.quads, values));
            for book in if largest <= 1 { 1 } else { 3 }..5 {
                costs[book] = quads[book - 1].into();
            }
        }
        if largest == 0 {
            // One bit codes a scale factor equal to the previous one.
            for cost in &mut costs[1..BOOKS] {
                *cost += 1;
            }
        }
        costs
    }
}

#[inline(always)]
fn sum_pairs(table: &[[u16; 8]; SPAN * SPAN], values: &[i16]) -> [u16; 8] {
    let mut sums = [0; 8];
    for &[x, y] in values.as_chunks::<2>().0 {
        let at = (x.clamp(-16, 16) + 16) as usize * SPAN + (y.clamp(-16, 16) + 16) as usize;
        for (sum, length) in sums.iter_mut().zip(&table[at]) {
            *sum += length;
        }
    }
    sums
}

#[inline(always)]
fn sum_quads(table: &[[u16; 4]; 625], values: &[i16]) -> [u16; 4] {
    let mut sums = [0; 4];
    for &[v, w, x, y] in values.as_chunks::<4>().0 {
        let at = 125 * v + 25 * w + 5 * x + y + 312;
        for (sum, length) in sums.iter_mut().zip(&table[at as usize]) {
            *sum += length;
        }
    }
    sums
}

/// Returns the length of a value's escape sequence in bits.
fn escape_bits(value: i16) -> u32 {
    match value.unsigned_abs() {
        0..16 => 0,
        value => 2 * value.ilog2() - 3,
    }
}

/// Returns the code of `values` in a codebook and its length, with signs and without escape
/// sequences. Returns `None` if the codebook has no such values.
#[inline(always)]
fn code(book: usize, values: &[i16]) -> Option<(u32, u32)> {
    let table = &CODEBOOKS[book - 1];
    let (mut at, mut signs, mut count) = (0, 0, 0);
    let is_signed = matches!(book, 1 | 2 | 5 | 6);
    for &value in values {
        let digit = if is_signed {
            usize::try_from(value + table.base as i16 / 2).ok()?
        } else {
            signs = signs << u32::from(value != 0) | u32::from(value < 0);
            count += u32::from(value != 0);
            let limit = if book == ESCAPES { ESCAPE as u16 } else { u16::MAX };
            value.unsigned_abs().min(limit).into()
        };
        if digit >= table.base {
            return None;
        }
        at = at * table.base + digit;
    }
    Some((u32::from(table.codes[at]) << count | signs, u32::from(table.lengths[at]) + count))
}

/// Writes the values of a band.
pub(crate) fn write_values(book: u8, values: &[i16], bits: &mut BitWriter) {
    let book = usize::from(book);
    match book {
        0 => {}
        1..5 => {
            for quad in values.as_chunks::<4>().0 {
                let (code, length) = code(book, quad).expect("values that the codebook has");
                bits.put(code.into(), length);
            }
        }
        _ => {
            for pair in values.as_chunks::<2>().0 {
                let (code, length) = code(book, pair).expect("values that the codebook has");
                bits.put(code.into(), length);
                if book == ESCAPES {
                    for value in pair.map(i16::unsigned_abs).into_iter().filter(|&v| v >= 16) {
                        let size = value.ilog2();
                        // An escape sequence: size - 4 ones, a zero, and the value without its
                        // highest bit.
                        let prefix = (1 << (size - 3)) - 2;
                        let rest = u64::from(value) - (1 << size);
                        bits.put(prefix << size | rest, 2 * size - 3);
                    }
                }
            }
        }
    }
}

/// Returns the number of bits that code a scale factor difference.
pub(crate) fn factor_bits(difference: i32) -> u32 {
    FACTOR_LENGTHS[(difference + 60) as usize].into()
}

pub(crate) fn write_factor(difference: i32, bits: &mut BitWriter) {
    let at = (difference + 60) as usize;
    bits.put(FACTOR_CODES[at].into(), FACTOR_LENGTHS[at].into());
}

/// Bits of sect_cb, the codebook of a section.
const BOOK_BITS: u32 = 4;

/// Bits of sect_len_incr, the length of a section.
pub(crate) const fn length_bits(short: bool) -> u32 {
    if short { 3 } else { 5 }
}

/// Chooses the codebooks of a group's bands at the lowest cost. Returns the number of bits,
/// including the section headers.
pub(crate) fn choose(costs: &[Costs], short: bool, books: &mut [u8]) -> u32 {
    let header = BOOK_BITS + length_bits(short);
    // For each band: the best codebook of the previous band, and a mask of the codebooks that begin
    // a section.
    let mut steps = [(0u8, 0u16); MAX_BANDS];
    let mut sums = [NEVER; LANES];
    let (mut least, mut best) = (0, 0u8);
    for (costs, step) in costs.iter().zip(&mut steps) {
        let new_section = least + header;
        let mut begins = 0u16;
        for (book, (sum, cost)) in sums.iter_mut().zip(costs).enumerate() {
            begins |= u16::from(*sum > new_section) << book;
            *sum = (*sum).min(new_section) + cost;
        }
        *step = (best, begins);
        (least, best) = (u32::MAX, 0);
        for (book, &sum) in sums.iter().enumerate() {
            if sum < least {
                (least, best) = (sum, book as u8);
            }
        }
    }
    let mut book = best;
    for (step, out) in steps[..costs.len()].iter().zip(&mut books[..costs.len()]).rev() {
        *out = book;
        if step.1 >> book & 1 == 1 {
            book = step.0;
        }
    }
    least + long_sections(&books[..costs.len()], short)
}

/// Returns the bits of section lengths that need more than one sect_len_incr.
fn long_sections(books: &[u8], short: bool) -> u32 {
    let bits = length_bits(short);
    let escape = (1 << bits) - 1;
    books.chunk_by(|a, b| a == b).map(|section| (section.len() as u32 / escape) * bits).sum()
}

/// Writes the sections of a group.
pub(crate) fn write_sections(books: &[u8], short: bool, bits: &mut BitWriter) {
    let width = length_bits(short);
    let escape = (1 << width) - 1;
    for section in books.chunk_by(|a, b| a == b) {
        bits.put(section[0].into(), BOOK_BITS);
        let mut length = section.len() as u64;
        while length >= escape {
            bits.put(escape, width);
            length -= escape;
        }
        bits.put(length, width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_testkit::signal::Noise;

    #[test]
    fn codes_are_prefix_free_and_complete() {
        for table in &CODEBOOKS {
            let kraft: f64 = table.lengths.iter().map(|&length| 0.5f64.powi(length.into())).sum();
            assert_eq!(kraft, 1.0);
        }
        let kraft: f64 = FACTOR_LENGTHS.iter().map(|&length| 0.5f64.powi(length.into())).sum();
        assert_eq!(kraft, 1.0);
    }

    #[test]
    fn counted_bits_equal_written_bits() {
        let huffman = Huffman::new(Level::new());
        let mut noise = Noise::new(11);
        for size in [1i16, 2, 3, 4, 7, 12, 15, 16, 17, 300, 8191] {
            let mut values = [0; 32];
            let mut draw = || noise.next_u32() as i32 % (i32::from(size) + 1);
            values.fill_with(|| draw() as i16);
            values[5] = size;
            let costs = huffman.costs(&values, size);
            for (book, &cost) in costs.iter().enumerate().take(BOOKS) {
                if cost < NEVER {
                    let mut bits = BitWriter::default();
                    bits.start(1000);
                    write_values(book as u8, &values, &mut bits);
                    assert_eq!(bits.len() as u32, cost, "{size} in {book}");
                }
            }
            assert!(costs[ESCAPES] < NEVER);
        }
    }

    #[test]
    fn counted_section_bits_equal_written_bits() {
        let mut noise = Noise::new(12);
        for short in [false, true] {
            for count in [1, 3, 14, 49] {
                for _ in 0..20 {
                    let mut costs = vec![[NEVER; LANES]; count];
                    let spread = noise.next_u32() % 40 + 1;
                    for costs in &mut costs {
                        costs[..BOOKS].fill_with(|| noise.next_u32() % spread);
                    }
                    let mut books = vec![0; count];
                    let found = choose(&costs, short, &mut books);
                    let mut bits = BitWriter::default();
                    bits.start(1000);
                    write_sections(&books, short, &mut bits);
                    let values: u32 = costs
                        .iter()
                        .zip(&books)
                        .map(|(costs, &book)| costs[usize::from(book)])
                        .sum();
                    assert_eq!(found, values + bits.len() as u32);
                }
            }
        }
    }
}
