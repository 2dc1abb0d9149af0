//! Bits, the most significant first.

/// A string of bits under way.
#[derive(Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// The bits that do not fill a byte yet, at the low end.
    pending: u64,
    count: u32,
}

impl BitWriter {
    /// Starts anew with the same memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.pending, self.count) = (0, 0);
    }

    /// Appends the lowest `bits` bits, at most 32, of `value`, whose others are 0.
    pub(crate) fn put(&mut self, value: u32, bits: u32) {
        debug_assert!(bits <= 32 && u64::from(value) >> bits == 0);
        self.pending = self.pending << bits | u64::from(value);
        self.count += bits;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count) as u8);
        }
    }

    /// How many bits there are.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() * 8 + self.count as usize
    }

    /// Fills the last byte with zeros; all bytes.
    pub(crate) fn finish(&mut self) -> &[u8] {
        let rest = (8 - self.count % 8) % 8;
        self.put(0, rest);
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_in_order() {
        let mut bits = BitWriter::default();
        for (value, count) in [(1, 1), (0, 0), (0b01, 2), (0xFFFF_FFFF, 32), (0, 3), (5, 5)] {
            bits.put(value, count);
        }
        assert_eq!(bits.len(), 43);
        assert_eq!(bits.finish(), [0xBF, 0xFF, 0xFF, 0xFF, 0xE0, 0xA0]);
        bits.clear();
        assert!(bits.finish().is_empty());
    }
}
