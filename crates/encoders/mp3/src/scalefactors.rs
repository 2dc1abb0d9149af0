//! Coding of scalefactors: their lengths and cost (ISO/IEC 11172-3 §2.4.2.7, ISO/IEC 13818-3
//! §2.4.3.2).

use reelwright_core::helpers::bits::BitWriter;

use crate::tables::{MAX_BANDS, SLEN};

/// Number of scalefactors: one for 21 bands of a long block, or for 12 bands in each window of a
/// short one.
pub(crate) const LONG_FACTORS: usize = 21;
pub(crate) const SHORT_FACTORS: usize = 36;

/// Maximum scalefactors of the lower and the higher bands.
pub(crate) const MAX_FACTORS: [u8; 2] = [15, 7];

/// Returns the first of the higher bands.
pub(crate) fn first_high(short: bool) -> usize {
    if short { 18 } else { 11 }
}

/// Coding of a granule's scalefactors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Coding {
    /// scalefac_compress.
    pub(crate) compress: u32,
    /// Number of scalefactors and their length in each group.
    groups: [(u8, u8); 4],
    /// Bits of all scalefactors: part2_length.
    pub(crate) bits: u32,
}

const fn bit_length(value: u8) -> u8 {
    (u8::BITS - value.leading_zeros()) as u8
}

impl Coding {
    /// Returns the shortest coding of scalefactors that are within [`MAX_FACTORS`].
    pub(crate) fn shortest(factors: &[u8; MAX_BANDS], short: bool, mpeg1: bool) -> Self {
        let length_of = |from: usize, count: u8| {
            let or = factors[from..from + usize::from(count)].iter().fold(0, |or, f| or | f);
            bit_length(or)
        };
        if mpeg1 {
            let (low, high) = if short { (18, 18) } else { (11, 10) };
            let need = (length_of(0, low), length_of(usize::from(low), high));
            let mut best = Self { bits: u32::MAX, ..Self::default() };
            for (compress, &(slen1, slen2)) in SLEN.iter().enumerate() {
                let bits = u32::from(slen1 * low) + u32::from(slen2) * u32::from(high);
                if slen1 >= need.0 && slen2 >= need.1 && bits < best.bits {
                    let groups = [(low, slen1), (high, slen2), (0, 0), (0, 0)];
                    best = Self { compress: compress as u32, groups, bits };
                }
            }
            return best;
        }
        let layouts =
            if short { [[9, 9, 9, 9], [9, 9, 12, 6]] } else { [[6, 5, 5, 5], [6, 5, 7, 3]] };
        let [first, second] = layouts.map(|counts| {
            let mut from = 0;
            counts.map(|count| {
                let group = (count, length_of(from, count));
                from += usize::from(count);
                group
            })
        });
        let bits = |groups: &[(u8, u8); 4]| {
            groups.iter().map(|&(count, slen)| u32::from(count) * u32::from(slen)).sum()
        };
        // The second layout has no scalefactors for the last bands.
        let fits = second[1].1 <= 4 && second[2].1 <= 3 && second[3].1 == 0;
        if fits && bits(&second) < bits(&first) {
            let [s0, s1, s2, _] = second.map(|(_, slen)| u32::from(slen));
            return Self {
                compress: 400 + ((s0 * 5 + s1) << 2) + s2,
                groups: second,
                bits: bits(&second),
            };
        }
        let [s0, s1, s2, s3] = first.map(|(_, slen)| u32::from(slen));
        let compress = ((s0 * 5 + s1) << 4) + (s2 << 2) + s3;
        Self { compress, groups: first, bits: bits(&first) }
    }

    /// Writes the scalefactors.
    pub(crate) fn write(&self, factors: &[u8; MAX_BANDS], bits: &mut BitWriter) {
        let mut factors = factors.iter();
        for (count, slen) in self.groups {
            for factor in factors.by_ref().take(count.into()) {
                bits.put(u64::from(*factor), slen.into());
            }
        }
    }
}
