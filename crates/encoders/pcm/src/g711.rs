//! A-law and mu-law (ITU-T G.711) of 16-bit samples.
//!
//! The decision value between two codes is the midpoint of the levels that they decode to. A table
//! maps the upper 14 bits of a sample, which is the precision of G.711's mu-law, to its code.
//! FFmpeg does the same, and its output is identical for every sample.

/// Returns the A-law code of a sample.
#[inline(always)]
pub(crate) fn a_law(sample: i16) -> u8 {
    A_LAW[index(sample)]
}

/// Returns the mu-law code of a sample.
#[inline(always)]
pub(crate) fn mu_law(sample: i16) -> u8 {
    MU_LAW[index(sample)]
}

#[inline(always)]
const fn index(sample: i16) -> usize {
    // The most negative sample has index 0.
    ((sample as u16) ^ 0x8000) as usize >> 2
}

const ENTRIES: usize = 1 << 14;
const ZERO: usize = ENTRIES / 2;

static A_LAW: [u8; ENTRIES] = {
    let mut levels = [0; 128];
    let mut code = 0;
    while code < 128 {
        let (segment, step) = (code >> 4, code as i32 & 15);
        // G.711 table 1a, scaled to 16 bits: uniform steps from 16 on. The first two segments have
        // the same step.
        levels[code] =
            if segment == 0 { (2 * step + 1) << 3 } else { (2 * step + 33) << (segment + 2) };
        code += 1;
    }
    // Positive codes have the sign bit set. Even bits are inverted (§ 3.1, note).
    table(&levels, 0x80 ^ 0x55)
};

static MU_LAW: [u8; ENTRIES] = {
    let mut levels = [0; 128];
    let mut code = 0;
    while code < 128 {
        let (segment, step) = (code >> 4, code as i32 & 15);
        // G.711 table 2a, scaled to 16 bits: every segment has twice the step of the previous one.
        levels[code] = ((8 * step + 132) << segment) - 132;
        code += 1;
    }
    // All bits are inverted, including the sign bit.
    table(&levels, 0xff)
};

/// Returns the codes of all samples. `levels` are the decoded values of positive codes, ascending.
/// The code of level `n` is `n ^ mask`.
const fn table(levels: &[i32; 128], mask: u8) -> [u8; ENTRIES] {
    let mut codes = [0; ENTRIES];
    let (mut magnitude, mut level) = (0, 0);
    while level < 128 {
        // In units of the table's index, which are a quarter of the levels' scale.
        let end =
            if level < 127 { (levels[level] + levels[level + 1] + 4) as usize >> 3 } else { ZERO };
        while magnitude < end {
            let code = level as u8 ^ mask;
            codes[ZERO + magnitude] = code;
            if magnitude > 0 {
                codes[ZERO - magnitude] = code ^ 0x80;
            }
            magnitude += 1;
        }
        level += 1;
    }
    codes[0] = codes[1];
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_known_values() {
        // G.711 tables 1a, 1b, 2a and 2b: the largest samples of both signs, and those near zero.
        assert_eq!([i16::MAX, i16::MIN, 0, -1, -4].map(a_law), [0xaa, 0x2a, 0xd5, 0x55, 0x55]);
        assert_eq!([i16::MAX, i16::MIN, 0, -4].map(mu_law), [0x80, 0x00, 0xff, 0x7e]);
    }

    /// Returns a code's position in the order of decoded values.
    fn rank(code: u8, mask: u8) -> i32 {
        let code = code ^ mask;
        let magnitude = i32::from(code & 0x7f);
        if code & 0x80 == 0 { magnitude } else { -1 - magnitude }
    }

    #[test]
    fn a_larger_sample_never_has_a_smaller_code() {
        for (encode, mask, codes) in [(a_law as fn(i16) -> u8, 0xd5, 256), (mu_law, 0xff, 255)] {
            let ranks: Vec<i32> = (i16::MIN..=i16::MAX).map(|v| rank(encode(v), mask)).collect();
            assert!(ranks.is_sorted());
            // The encoder uses every code but one of mu-law's two zeros.
            let mut distinct = ranks;
            distinct.dedup();
            assert_eq!(distinct.len(), codes);
        }
    }
}
