//! Adaptive Golomb codes of a channel's residual.

use reelwright_core::helpers::bits::BitWriter;

/// The stream's constants: adaptation speed of the mean, its first value, and maximum bits of a
/// code's remainder. Other encoders use the same values.
pub(crate) const RICE: [u8; 3] = [40, 10, 14];

const MULTIPLIER: u32 = RICE[0] as u32;
const MAX_REMAINDER: u32 = RICE[2] as u32;

/// Fraction bits of the mean.
const MEAN_SHIFT: u32 = 9;

/// Mean below which the encoder codes runs of zeros.
const RUN_BELOW: u32 = 128;

/// Number of ones that precede an escaped number.
const ESCAPE: u32 = 9;

/// Destination of codes: writes bits or counts them.
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

/// Writes a residual whose numbers have at most `bits` bits.
pub(crate) fn encode(residual: &[i32], bits: u32, to: &mut impl Sink) {
    let mut mean = u32::from(RICE[1]);
    // The number after a run of zeros is not 0.
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

/// Writes a number. Numbers with a long prefix are escaped and take `bits` bits.
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
        // A remainder of 0 takes one bit less.
        if remainder > 0 {
            to.put(u64::from(remainder) + 1, k);
        } else {
            to.put(0, k - 1);
        }
    }
}
