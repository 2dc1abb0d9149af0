//! Adaptive Golomb codes of a channel's residual.

use reelwright_core::helpers::bits::BitWriter;

/// How fast the mean follows, its first value, and the most bits of a code's remainder: the
/// stream's constants, as every encoder has them.
pub(crate) const RICE: [u8; 3] = [40, 10, 14];

const MULTIPLIER: u32 = RICE[0] as u32;
const MAX_REMAINDER: u32 = RICE[2] as u32;

/// Fraction bits of the mean.
const MEAN_SHIFT: u32 = 9;

/// A mean below which zeros are counted instead of coded.
const RUN_BELOW: u32 = 128;

/// Ones before a number that is written as it is.
const ESCAPE: u32 = 9;

/// Where codes go: bits, or a count of them.
pub(crate) trait Sink {
    fn put(&mut self, value: u64, bits: u32);
}

impl Sink for BitWriter {
    #[inline(always)]
    fn put(&mut self, value: u64, bits: u32) {
        self.put(value, bits);
    }
}

impl Sink for u64 {
    #[inline(always)]
    fn put(&mut self, _: u64, bits: u32) {
        *self += u64::from(bits);
    }
}

/// Writes the residual, whose numbers have at most `bits` bits.
pub(crate) fn encode(residual: &[i32], bits: u32, to: &mut impl Sink) {
    let mut mean = u32::from(RICE[1]);
    // After a run of zeros the next number is not 0.
    let mut after_run = 0;
    let mut rest = residual.iter();
    while let Some(error) = rest.next() {
        let remainder = (mean >> MEAN_SHIFT).wrapping_add(3).ilog2();
        let folded = (error << 1 ^ error >> 31) as u32;
        put(folded - after_run, remainder, bits, to);
        after_run = 0;
        mean = if folded > 0xFFFF {
            0xFFFF
        } else {
            mean + folded * MULTIPLIER - ((mean * MULTIPLIER) >> MEAN_SHIFT)
        };
        if mean < RUN_BELOW && !rest.as_slice().is_empty() {
            let remainder = 7 - mean.max(1).ilog2() + ((mean + 16) >> 6);
            let run = rest.as_slice().iter().take_while(|error| **error == 0).count();
            let run = run.min(0xFFFF);
            put(run as u32, remainder, 16, to);
            rest = rest.as_slice()[run..].iter();
            after_run = 1;
            mean = 0;
        }
    }
}

/// Writes a number; one that would have many ones as it is, in `bits` bits.
#[inline(always)]
fn put(number: u32, remainder_bits: u32, bits: u32, to: &mut impl Sink) {
    let k = remainder_bits.min(MAX_REMAINDER);
    let divisor = (1u32 << k) - 1;
    let (ones, remainder) = (number / divisor, number % divisor);
    if ones >= ESCAPE {
        to.put((1 << ESCAPE) - 1, ESCAPE);
        to.put(number.into(), bits);
        return;
    }
    to.put(((1 << ones) - 1) << 1, ones + 1);
    if k > 1 {
        // A remainder of 0 is a bit shorter.
        if remainder > 0 {
            to.put(u64::from(remainder) + 1, k);
        } else {
            to.put(0, k - 1);
        }
    }
}
