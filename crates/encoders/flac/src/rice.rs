//! Coding of residuals in partitions, each with a Rice parameter (RFC 9639 §9.2.7).

use fearless_simd::{Level, dispatch};

use crate::kernels::{RunCost, quotient_sums, rice_codes, run_costs, zigzag};
use reelwright_core::helpers::bits::{BitWriter, MAX_PUT};

/// Maximum partition order: a block has at most 2⁸ partitions.
pub(crate) const MAX_PARTITION_ORDER: u32 = 8;

/// Maximum parameter of 4 bits; 15 escapes.
const MAX_PARAMETER_4: u8 = 14;
/// Maximum parameter of 5 bits; 31 escapes.
const MAX_PARAMETER_5: u8 = 30;

/// Coding of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// Rice codes with this parameter.
    Rice(u8),
    /// Two's complement numbers of this width in bits.
    Raw(u8),
}

/// Coding of a whole residual.
#[derive(Debug, Clone, Default)]
pub(crate) struct RicePlan {
    partition_order: u32,
    partitions: Vec<Coding>,
    /// Estimated number of bits that [`write`](Self::write) writes; exact after
    /// [`settle`](Self::settle).
    pub(crate) bits: u64,
}

/// Limits of the search for a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RiceSearch {
    pub(crate) min_partition_order: u32,
    pub(crate) max_partition_order: u32,
}

/// Buffers that searches reuse.
#[derive(Debug, Default)]
pub(crate) struct RiceScratch {
    costs: Vec<RunCost>,
}

/// Estimates the best parameter for `count` zigzagged residuals of this sum, and their bits. A
/// geometric distribution of mean m needs about log2(m) low bits.
pub(crate) fn estimate(cost: RunCost, count: u64) -> (u8, u64) {
    let doubled_excess = cost.sum.saturating_sub(count / 2);
    let k = if doubled_excess <= count {
        0
    } else {
        // Computes floor(log2(excess / count)) without a division.
        let k = count.leading_zeros() - doubled_excess.leading_zeros();
        if (count << k) > doubled_excess { k - 1 } else { k }
    }
    .min(u32::from(MAX_PARAMETER_5));
    let rice = count * u64::from(k + 1) + (doubled_excess >> k);
    (k as u8, rice.min(raw_bits(cost.or, count)))
}

/// Returns the bits of `count` residuals as plain numbers and the field for their width. The field
/// cannot store a width of 32.
fn raw_bits(or: u32, count: u64) -> u64 {
    match raw_width(or) {
        32 => u64::MAX,
        width => 5 + count * u64::from(width),
    }
}

/// Returns the width that holds every residual, from the bitwise or of their zigzags.
const fn raw_width(or: u32) -> u32 {
    32 - or.leading_zeros()
}

impl RicePlan {
    /// Finds the partition order for the residual of a predictor of `order`, over a block of
    /// `residual.len() + order` samples, and estimates its bits.
    pub(crate) fn find(
        &mut self,
        level: Level,
        residual: &[i32],
        order: usize,
        search: RiceSearch,
        scratch: &mut RiceScratch,
    ) {
        let block = residual.len() + order;
        // All partitions have the same length, and the first includes the warm-up samples.
        let fits = |partition_order: u32| {
            block.is_multiple_of(1 << partition_order) && (block >> partition_order) > order
        };
        let highest = (0..=search.max_partition_order).rev().find(|&p| fits(p)).unwrap_or(0);
        let lowest = search.min_partition_order.min(highest);

        let costs = &mut scratch.costs;
        run_costs(level, residual, order, block >> highest, costs);
        let mut best = (u64::MAX, highest);
        let mut partition_order = highest;
        loop {
            let length = (block >> partition_order) as u64;
            let count = |index: usize| if index == 0 { length - order as u64 } else { length };
            let bits: u64 =
                costs.iter().enumerate().map(|(i, &cost)| 4 + estimate(cost, count(i)).1).sum();
            if bits < best.0 {
                best = (bits, partition_order);
            }
            if partition_order == lowest {
                break;
            }
            partition_order -= 1;
            for i in 0..costs.len() / 2 {
                let (a, b) = (costs[2 * i], costs[2 * i + 1]);
                costs[i] = RunCost { sum: a.sum + b.sum, or: a.or | b.or };
            }
            costs.truncate(costs.len() / 2);
        }
        (self.bits, self.partition_order) = best;
    }

    /// Chooses the coding of each partition and counts the exact bits.
    pub(crate) fn settle(
        &mut self,
        level: Level,
        residual: &[i32],
        order: usize,
        scratch: &mut RiceScratch,
    ) {
        let length = (residual.len() + order) >> self.partition_order;
        run_costs(level, residual, order, length, &mut scratch.costs);
        self.partitions.clear();
        self.bits = 0;
        let mut rest = residual;
        for (i, &cost) in scratch.costs.iter().enumerate() {
            let (run, after) = rest.split_at(if i == 0 { length - order } else { length });
            rest = after;
            let count = run.len() as u64;
            let (guess, _) = estimate(cost, count);
            let lowest = guess.saturating_sub(1);
            let sums = quotient_sums(level, run, u32::from(guess));
            let (bits, parameter) = (lowest..=(lowest + 2).min(MAX_PARAMETER_5))
                .zip(sums)
                .map(|(k, quotients)| (count * u64::from(k + 1) + quotients, k))
                .min()
                .expect("there is at least the guess");
            let raw = raw_bits(cost.or, count);
            let (bits, coding) = if raw < bits {
                (raw, Coding::Raw(raw_width(cost.or) as u8))
            } else {
                (bits, Coding::Rice(parameter))
            };
            self.bits += bits;
            self.partitions.push(coding);
        }
        self.bits += 6 + self.partitions.len() as u64 * u64::from(self.parameter_bits());
    }

    /// Bits of a parameter: 5 if one is too large for 4 (RFC 9639 §9.2.7, table 22).
    fn parameter_bits(&self) -> u32 {
        let large = |p: &Coding| matches!(p, Coding::Rice(k) if *k > MAX_PARAMETER_4);
        if self.partitions.iter().any(large) { 5 } else { 4 }
    }

    /// Writes the residual that this plan is for.
    pub(crate) fn write(&self, level: Level, residual: &[i32], order: usize, to: &mut BitWriter) {
        let parameter_bits = self.parameter_bits();
        let escape = (1 << parameter_bits) - 1;
        to.put(u64::from(parameter_bits - 4), 2);
        to.put(u64::from(self.partition_order), 4);
        let length = (residual.len() + order) >> self.partition_order;
        let mut rest = residual;
        for (i, coding) in self.partitions.iter().enumerate() {
            let (run, after) = rest.split_at(if i == 0 { length - order } else { length });
            rest = after;
            match *coding {
                Coding::Rice(k) => {
                    to.put(u64::from(k), parameter_bits);
                    dispatch!(level, _simd => write_rice(run, u32::from(k), to));
                }
                Coding::Raw(width) => {
                    to.put(escape, parameter_bits);
                    to.put(u64::from(width), 5);
                    for &x in run {
                        to.put_signed(i64::from(x), u32::from(width));
                    }
                }
            }
        }
    }
}

/// Writes a run of Rice codes.
#[inline(always)]
fn write_rice(run: &[i32], k: u32, to: &mut BitWriter) {
    let (blocks, rest) = run.as_chunks::<16>();
    for block in blocks {
        let (codes, lengths) = rice_codes(block, k);
        for (codes, lengths) in codes.as_chunks::<4>().0.iter().zip(lengths.as_chunks::<4>().0) {
            let (first, second) = (lengths[0] + lengths[1], lengths[2] + lengths[3]);
            // Combines two short codes in one write.
            if first + second <= MAX_PUT {
                let pair =
                    |i: usize| (u64::from(codes[i]) << lengths[i + 1]) | u64::from(codes[i + 1]);
                to.put((pair(0) << second) | pair(2), first + second);
            } else {
                for (&code, &length) in codes.iter().zip(lengths) {
                    put_code(to, code, length, k);
                }
            }
        }
    }
    for &x in rest {
        let u = zigzag(x);
        put_code(to, (1 << k) | (u & ((1 << k) - 1)), (u >> k) + 1 + k, k);
    }
}

/// Writes a code of any length: `length − 1 − k` zeros, then `code`.
#[inline(always)]
fn put_code(to: &mut BitWriter, code: u32, length: u32, k: u32) {
    if length <= MAX_PUT {
        to.put(u64::from(code), length);
    } else {
        to.put_unary(u64::from(length - 1 - k));
        to.put(u64::from(code & ((1 << k) - 1)), k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn planned(residual: &[i32], order: usize) -> (RicePlan, Vec<u8>) {
        let level = Level::new();
        let mut plan = RicePlan::default();
        let search =
            RiceSearch { min_partition_order: 0, max_partition_order: MAX_PARTITION_ORDER };
        plan.find(level, residual, order, search, &mut RiceScratch::default());
        plan.settle(level, residual, order, &mut RiceScratch::default());
        let mut bits = BitWriter::default();
        bits.start(plan.bits as usize / 8 + 1);
        plan.write(level, residual, order, &mut bits);
        bits.align();
        (plan, bits.bytes().to_vec())
    }

    #[test]
    fn silence_costs_no_bits_per_sample() {
        let (plan, _) = planned(&[0; 4096], 0);
        assert_eq!(plan.bits, 6 + 4 + 5);
    }

    #[test]
    fn partitions_at_a_change_of_loudness() {
        let residual: Vec<i32> =
            (0..4096).map(|i: i32| if i < 2048 { i % 3 } else { (i * 7919) % 20_000 }).collect();
        let (plan, _) = planned(&residual, 0);
        assert_eq!(plan.partition_order, 1);
    }

    #[test]
    fn codes_are_unary_quotients_and_low_bits() {
        // With parameter 2, 5 zigzags to 10 = 2·4 + 2.
        let mut bits = BitWriter::default();
        bits.start(64);
        let run: Vec<i32> = [5, -1, 0, 3].repeat(5);
        dispatch!(Level::new(), _simd => write_rice(&run, 2, &mut bits));
        bits.align();
        let text: String = bits.bytes().iter().map(|b| format!("{b:08b}")).collect();
        let expected = ["00110", "101", "100", "0110"].concat().repeat(5);
        assert_eq!(text.trim_end_matches('0'), expected.trim_end_matches('0'));

        // Codes that are too long to combine.
        bits.start(64);
        let run: Vec<i32> = [115, -79, 155].repeat(6);
        dispatch!(Level::new(), _simd => write_rice(&run, 14, &mut bits));
        bits.align();
        let text: String = bits.bytes().iter().map(|b| format!("{b:08b}")).collect();
        let expected = format!("1{:014b}1{:014b}1{:014b}", 230, 157, 310).repeat(6);
        assert_eq!(text.trim_end_matches('0'), expected.trim_end_matches('0'));
    }

    proptest! {
        #[test]
        fn planned_bits_equal_written_bits(
            order in 0usize..8,
            shift in 0u32..31,
            values in proptest::collection::vec(any::<i32>(), 16..600),
        ) {
            prop_assume!(values.len() > order);
            let residual: Vec<i32> = values[order..].iter().map(|x| (x >> shift).max(-i32::MAX)).collect();
            let (plan, bytes) = planned(&residual, order);
            prop_assert_eq!(plan.bits.div_ceil(8), bytes.len() as u64);
        }
    }
}
