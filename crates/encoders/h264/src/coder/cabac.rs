//! The arithmetic coder CABAC (ITU-T H.264 §9.3.4).

use crate::coder::cabac_tables::{AFTER_LPS, CONTEXTS, INIT_I, INIT_P, RANGE_LPS};
use crate::coder::nal::{DRAIN, NalWriter};

/// Number of pending bits at which 32 of them are written.
const PENDING_LIMIT: i32 = 32;

/// Next state, `2 · pStateIdx + valMPS`, after a 0 and after a 1.
static NEXT: [[u8; 2]; 128] = next_states();
/// [`RANGE_LPS`] of each such state.
static RANGES: [[u8; 4]; 128] = ranges();

const fn next_states() -> [[u8; 2]; 128] {
    let mut next = [[0; 2]; 128];
    let mut state = 0;
    while state < 128 {
        let (index, mps) = (state >> 1, state & 1);
        let more = if index < 62 { index + 1 } else { index };
        next[state][mps] = (more << 1 | mps) as u8;
        let mps_after = if index == 0 { 1 - mps } else { mps };
        next[state][1 - mps] = AFTER_LPS[index] << 1 | mps_after as u8;
        state += 1;
    }
    next
}

const fn ranges() -> [[u8; 4]; 128] {
    let mut ranges = [[0; 4]; 128];
    let mut state = 0;
    while state < 128 {
        ranges[state] = RANGE_LPS[state >> 1];
        state += 1;
    }
    ranges
}

/// Arithmetic encoder of a slice's bins.
#[derive(Debug)]
pub(crate) struct Cabac {
    low: u64,
    range: u32,
    /// Bits of `low` above the standard's ten. Starts at −1, because the first bit is not written.
    pending: i32,
    states: [u8; 512],
    /// Bytes that a carry may still change, not yet in the NAL unit.
    bytes: Vec<u8>,
    pub(crate) nal: NalWriter,
}

impl Cabac {
    pub(crate) fn new() -> Self {
        Self {
            low: 0,
            range: 510,
            pending: -1,
            states: [0; 512],
            bytes: Vec::new(),
            nal: NalWriter::default(),
        }
    }

    /// Starts the data of a slice, after its header. I slices have no `cabac_init_idc`.
    pub(crate) fn start(&mut self, intra: bool, qp: u8) {
        (self.low, self.range, self.pending) = (0, 510, -1);
        self.bytes.clear();
        let init = if intra { &INIT_I } else { &INIT_P };
        for (state, &(m, n)) in self.states[..CONTEXTS].iter_mut().zip(init) {
            let value = (((i32::from(m) * i32::from(qp)) >> 4) + i32::from(n)).clamp(1, 126);
            *state = if value <= 63 { (63 - value) << 1 } else { ((value - 64) << 1) | 1 } as u8;
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        if self.pending >= PENDING_LIMIT {
            let below = 10 + self.pending - 32;
            let word = self.low >> below;
            self.low &= (1 << below) - 1;
            self.pending -= 32;
            if word >> 32 != 0 {
                self.carry();
            }
            self.bytes.extend_from_slice(&(word as u32).to_be_bytes());
        }
    }

    #[cold]
    #[inline(never)]
    fn carry(&mut self) {
        for byte in self.bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    /// Moves bytes to the NAL unit if there are many.
    #[inline(always)]
    pub(crate) fn drain(&mut self) {
        if self.bytes.len() >= DRAIN {
            self.drain_settled();
        }
    }

    /// Moves the bytes that no carry can change: all before the last one that is not 0xff.
    #[inline(never)]
    fn drain_settled(&mut self) {
        let end = self.bytes.iter().rposition(|byte| *byte != 0xff).unwrap_or(0);
        self.nal.put(&self.bytes[..end]);
        self.bytes.drain(..end);
    }

    /// Encodes a bin in a context.
    #[inline(always)]
    pub(crate) fn encode(&mut self, context: usize, bin: u32) {
        let context = context & 511;
        let state = usize::from(self.states[context] & 127);
        let bin = bin & 1;
        let lps = u32::from(RANGES[state][(self.range as usize >> 6) & 3]);
        let mps_range = self.range - lps;
        let is_lps = (bin ^ state as u32) & 1 != 0;
        self.states[context] = NEXT[state][bin as usize];
        self.low += if is_lps { u64::from(mps_range) } else { 0 };
        let range = if is_lps { lps } else { mps_range };
        let shift = range.leading_zeros().wrapping_sub(23) & 31;
        self.range = range << shift;
        self.low <<= shift;
        self.pending += shift as i32;
        self.flush();
    }

    /// Encodes the lowest `count` bits of `bins`, at most 16, with equal probabilities.
    #[inline(always)]
    pub(crate) fn bypass(&mut self, bins: u32, count: u32) {
        self.low = (self.low << count) + u64::from(self.range) * u64::from(bins);
        self.pending += count as i32;
        self.flush();
    }

    /// Encodes an Exp-Golomb code of order `k` (§9.3.2.3) of a value below 65536.
    pub(crate) fn exp_golomb(&mut self, mut value: u32, mut k: u32) {
        while value >= 1 << k {
            self.bypass(1, 1);
            value -= 1 << k;
            k += 1;
        }
        self.bypass(0, 1);
        self.bypass(value, k);
    }

    /// Encodes a terminating bin. After a 1 only [`Self::finish`] may follow.
    #[inline(always)]
    pub(crate) fn terminate(&mut self, bin: bool) {
        self.range -= 2;
        if bin {
            self.low += u64::from(self.range);
            self.range = 2;
        }
        let shift = self.range.leading_zeros() - 23;
        self.range <<= shift;
        self.low <<= shift;
        self.pending += shift as i32;
        self.flush();
    }

    /// Writes the remaining bits with `rbsp_stop_one_bit`, and ends the NAL unit.
    pub(crate) fn finish(&mut self) {
        // Bits 9, 8 and 7 remain. Bit 7 is the stop bit.
        let bits = self.pending + 3;
        let value = (self.low >> 7) | 1;
        // The carry is above the pending bits.
        if value >> bits != 0 {
            self.carry();
        }
        let bytes = (value << (64 - bits)).to_be_bytes();
        self.bytes.extend_from_slice(&bytes[..(bits as usize).div_ceil(8)]);
        self.nal.put(&self.bytes);
        self.nal.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coder::nal::payload;
    use reelwright_core::h264::NalType;

    /// The decoder of §9.3.3.2.
    struct Decoder<'a> {
        bytes: &'a [u8],
        at: usize,
        range: u32,
        offset: u32,
        states: [u8; 512],
    }

    impl Decoder<'_> {
        fn bit(&mut self) -> u32 {
            let bit = self.bytes.get(self.at / 8).map_or(0, |b| b >> (7 - self.at % 8) & 1);
            self.at += 1;
            u32::from(bit)
        }

        fn renormalize(&mut self) {
            while self.range < 256 {
                self.range <<= 1;
                self.offset = self.offset << 1 | self.bit();
            }
        }

        fn decode(&mut self, context: usize) -> u32 {
            let state = usize::from(self.states[context]);
            let lps = u32::from(RANGE_LPS[state >> 1][(self.range as usize >> 6) & 3]);
            self.range -= lps;
            let mut bin = state as u32 & 1;
            if self.offset >= self.range {
                self.offset -= self.range;
                self.range = lps;
                bin ^= 1;
            }
            self.states[context] = NEXT[state][bin as usize];
            self.renormalize();
            bin
        }

        fn bypass(&mut self) -> u32 {
            self.offset = self.offset << 1 | self.bit();
            let bin = u32::from(self.offset >= self.range);
            self.offset -= bin * self.range;
            bin
        }

        fn terminate(&mut self) -> bool {
            self.range -= 2;
            if self.offset >= self.range {
                return true;
            }
            self.renormalize();
            false
        }
    }

    #[test]
    fn decoder_reads_the_written_bins() {
        for seed in 1..200u32 {
            let mut coder = Cabac::new();
            coder.nal.start(NalType::SLICE);
            coder.start(seed % 2 == 0, (seed % 52) as u8);
            let states = coder.states;
            let mut state = seed;
            let mut next = move || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state >> 16
            };
            let mut written = Vec::new();
            for _ in 0..seed * 20 {
                let (kind, value) = (next() % 8, next());
                let context = (next() % 5 + 60) as usize;
                // Runs of likely and of unlikely bins cause carries.
                let bin = if seed % 3 == 0 { u32::from(value % 16 == 0) } else { value & 1 };
                match kind {
                    0 => coder.bypass(value & 0x7ff, 11),
                    1 => coder.terminate(false),
                    _ => coder.encode(context, bin),
                }
                if seed % 5 == 0 {
                    coder.drain_settled();
                }
                written.push((kind, context, bin, value & 0x7ff));
            }
            coder.terminate(true);
            coder.finish();
            let bytes = payload(coder.nal.unit());
            let mut decoder = Decoder { bytes: &bytes, at: 0, range: 510, offset: 0, states };
            for _ in 0..9 {
                decoder.offset = decoder.offset << 1 | decoder.bit();
            }
            for (kind, context, bin, value) in written {
                match kind {
                    0 => {
                        let read = (0..11).fold(0, |read, _| read << 1 | decoder.bypass());
                        assert_eq!(read, value);
                    }
                    1 => assert!(!decoder.terminate()),
                    _ => assert_eq!(decoder.decode(context), bin),
                }
            }
            assert!(decoder.terminate());
        }
    }
}
