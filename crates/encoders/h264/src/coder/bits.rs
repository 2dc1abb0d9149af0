//! Writes the bits of parameter sets and slice headers, and NAL units (ITU-T H.264 §7.2, §7.3.1).

/// Bits, the first one highest.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// The bits that are in no byte yet.
    pending: u64,
    count: u32,
}

impl BitWriter {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.pending, self.count) = (0, 0);
    }

    /// Appends the lowest `count` bits, of which there are at most 32.
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        let mask = (1u64 << count) - 1;
        self.pending = (self.pending << count) | (u64::from(value) & mask);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            self.bytes.extend_from_slice(&((self.pending >> self.count) as u32).to_be_bytes());
        }
    }

    /// Makes room, so that nothing is allocated before as many bytes are written.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Fills the last byte with these bits and takes in what is pending.
    fn align(&mut self, filling: u32) {
        self.put(filling, (8 - self.count % 8) % 8);
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count) as u8);
        }
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.put(u32::from(value), 1);
    }

    /// `ue(v)` of §9.1; less than 2³² − 1.
    pub(crate) fn unsigned(&mut self, value: u32) {
        let code = value + 1;
        let bits = code.ilog2();
        self.put(0, bits);
        self.put(code, bits + 1);
    }

    /// `se(v)` of §9.1.1.
    pub(crate) fn signed(&mut self, value: i32) {
        let magnitude = value.unsigned_abs() * 2;
        self.unsigned(if value > 0 { magnitude - 1 } else { magnitude });
    }

    /// `rbsp_trailing_bits()`.
    pub(crate) fn trailing(&mut self) {
        self.put(1, 1);
        self.align(0);
    }

    /// `cabac_alignment_one_bit`, up to the next byte.
    pub(crate) fn align_with_ones(&mut self) {
        self.align(u32::MAX);
    }

    /// What was written, after [`Self::trailing`] or [`Self::align_with_ones`].
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Appends a NAL unit in the byte stream format (annex B).
pub(crate) fn append_nal(out: &mut Vec<u8>, reference: u8, kind: u8, payload: &[u8]) {
    out.extend_from_slice(&[0, 0, 0, 1, reference << 5 | kind]);
    append_escaped(out, payload);
}

/// Appends a payload with `emulation_prevention_three_byte`s where it needs them.
fn append_escaped(out: &mut Vec<u8>, payload: &[u8]) {
    // A byte of 0 to 3 after two zeros. Every other byte is looked at: one of two zeros is met.
    let (mut start, mut at) = (0, 1);
    while at < payload.len() {
        if payload[at] != 0 {
            at += 2;
            continue;
        }
        let pair = if payload[at - 1] == 0 && at > start { at - 1 } else { at };
        if pair + 2 < payload.len() && payload[pair + 1] == 0 && payload[pair + 2] <= 3 {
            out.extend_from_slice(&payload[start..pair + 2]);
            out.push(3);
            start = pair + 2;
            at = start + 1;
        } else {
            at += 1;
        }
    }
    out.extend_from_slice(&payload[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_the_standard_says() {
        let plain = |payload: &[u8]| {
            let (mut out, mut zeros) = (Vec::new(), 0);
            for &byte in payload {
                if zeros >= 2 && byte <= 3 {
                    out.push(3);
                    zeros = 0;
                }
                zeros = if byte == 0 { zeros + 1 } else { 0 };
                out.push(byte);
            }
            out
        };
        let mut state = 1u32;
        for length in 0..600 {
            let payload: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    [0, 0, 0, 1, 3, 200, 0, 4][(state >> 29) as usize]
                })
                .collect();
            let mut out = Vec::new();
            append_escaped(&mut out, &payload);
            assert_eq!(out, plain(&payload));
        }
    }

    #[test]
    fn codes_are_exp_golomb() {
        let mut writer = BitWriter::default();
        for value in [0, 1, 2, 7] {
            writer.unsigned(value);
        }
        writer.signed(-2);
        writer.trailing();
        // 1 010 011 0001000 00101 1
        assert_eq!(writer.bytes(), [0b1010_0110, 0b0010_0000, 0b1011_0000]);
    }
}
