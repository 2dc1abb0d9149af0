//! Writer of bits, most significant first.

/// Maximum number of bits per call of [`BitWriter::put`].
pub const MAX_PUT: u32 = 56;

/// Writer of bits to a buffer. [`start`](Self::start) allocates the buffer; writing past its end
/// panics.
#[derive(Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    /// Complete bytes written.
    position: usize,
    /// Bits after these bytes, at the top; the rest is zero.
    pending: u64,
    /// Number of pending bits, 0–7.
    pending_bits: u32,
}

impl BitWriter {
    /// Clears the writer and allocates `bytes` bytes.
    pub fn start(&mut self, bytes: usize) {
        // `put` stores 8 bytes at a time.
        if self.bytes.len() < bytes + 8 {
            self.bytes.resize(bytes + 8, 0);
        }
        (self.position, self.pending, self.pending_bits) = (0, 0, 0);
    }

    /// Writes the lowest `bits` bits of `value`, at most [`MAX_PUT`]. Higher bits must be zero.
    #[inline(always)]
    pub fn put(&mut self, value: u64, bits: u32) {
        debug_assert!(bits <= MAX_PUT && (value >> bits) == 0);
        let filled = self.pending_bits + bits;
        // Storing all 8 bytes and advancing by the complete ones needs no branch. A shift by 64
        // only occurs with no bits.
        let pending = self.pending | (value << ((64 - filled) & 63));
        let place = &mut self.bytes[self.position..self.position + 8];
        place.copy_from_slice(&pending.to_be_bytes());
        self.position += (filled / 8) as usize;
        self.pending = pending << (filled & !7);
        self.pending_bits = filled & 7;
    }

    /// Writes the lowest `bits` bits of a two's complement number, at most 33 bits.
    #[inline(always)]
    pub fn put_signed(&mut self, value: i64, bits: u32) {
        self.put(value as u64 & ((1 << bits) - 1), bits);
    }

    /// Writes `zeros` zeros and a one.
    pub fn put_unary(&mut self, mut zeros: u64) {
        while zeros >= u64::from(MAX_PUT) {
            self.put(0, MAX_PUT);
            zeros -= u64::from(MAX_PUT);
        }
        self.put(1, zeros as u32 + 1);
    }

    /// Writes one bit.
    #[inline(always)]
    pub fn put_flag(&mut self, value: bool) {
        self.put(value.into(), 1);
    }

    /// Writes an unsigned Exp-Golomb code (`ue(v)` of ITU-T H.264 §9.1), below 2²⁸ − 1.
    #[inline(always)]
    pub fn put_exp_golomb(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        self.put(code, 2 * code.ilog2() + 1);
    }

    /// Writes a signed Exp-Golomb code (`se(v)` of ITU-T H.264 §9.1.1), within ±2²⁷ − 1.
    #[inline(always)]
    pub fn put_signed_exp_golomb(&mut self, value: i32) {
        let magnitude = 2 * value.unsigned_abs();
        self.put_exp_golomb(if value > 0 { magnitude - 1 } else { magnitude });
    }

    /// Fills the last byte with zeros.
    pub fn align(&mut self) {
        self.put(0, (8 - self.pending_bits) & 7);
    }

    /// Fills the last byte with ones.
    pub fn align_with_ones(&mut self) {
        let missing = (8 - self.pending_bits) & 7;
        self.put((1 << missing) - 1, missing);
    }

    /// Returns the number of bits written.
    pub const fn len(&self) -> usize {
        self.position * 8 + self.pending_bits as usize
    }

    /// Returns whether no bits were written.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the complete bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.position]
    }

    /// Removes and returns the complete bytes. The bits of an incomplete byte remain.
    pub fn take_bytes(&mut self) -> &[u8] {
        let end = std::mem::take(&mut self.position);
        &self.bytes[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_bits_in_order() {
        let mut bits = BitWriter::default();
        bits.start(64);
        bits.put(0b101, 3);
        bits.put(0, 0);
        bits.put_signed(-1, 5);
        bits.put((1 << 56) - 2, 56);
        bits.put_unary(3);
        bits.put(7, 3);
        bits.align();
        assert_eq!(bits.bytes(), [0xbf, 255, 255, 255, 255, 255, 255, 254, 0b0001_1110]);
        bits.put_unary(120);
        bits.align();
        assert_eq!(bits.bytes().len(), 9 + 16);
        assert_eq!(bits.bytes()[9 + 15], 0b1000_0000);
    }

    #[test]
    fn exp_golomb_codes_match_the_standard() {
        let mut bits = BitWriter::default();
        bits.start(64);
        for value in [0, 1, 2, 7] {
            bits.put_exp_golomb(value);
        }
        bits.put_signed_exp_golomb(-2);
        bits.put_signed_exp_golomb(2);
        bits.put_flag(false);
        bits.align_with_ones();
        // 1 010 011 0001000 00101 00100 0
        assert_eq!(bits.bytes(), [0b1010_0110, 0b0010_0000, 0b1010_0100, 0b0111_1111]);
        bits.put_exp_golomb((1 << 28) - 2);
        bits.put_flag(true);
        assert_eq!(bits.bytes()[4..], [0, 0, 0, 0b0001_1111, 255, 255, 255]);
    }

    #[test]
    fn taking_bytes_frees_their_space() {
        let mut bits = BitWriter::default();
        bits.start(4);
        for _ in 0..100 {
            bits.put(0xabc, 12);
            assert_eq!(bits.take_bytes(), [0xab]);
            bits.put(0xdef, 12);
            assert_eq!(bits.take_bytes(), [0xcd, 0xef]);
        }
    }
}
