//! The packet table: size of each packet, and the number of valid samples.

use reelwright_core::Packet;

/// Contents of the table. The sizes are in the file's format, one or two bytes per packet.
#[derive(Debug, Default)]
pub(crate) struct PacketTable {
    packets: u64,
    /// Samples of all packets, then priming and remainder samples.
    samples: u64,
    priming: u64,
    remainder: u64,
    sizes: Vec<u8>,
}

impl PacketTable {
    /// Adds a packet. Its duration must not be negative.
    pub(crate) fn add(&mut self, packet: &Packet) {
        self.packets += 1;
        self.samples += packet.duration.unsigned_abs();
        self.priming += u64::from(packet.trim_start);
        self.remainder += u64::from(packet.trim_end);
        push_number(&mut self.sizes, packet.data.len() as u64);
    }

    /// Returns the chunk. All packets but the last must have `frame_length` samples.
    pub(crate) fn to_chunk(&self, frame_length: u32) -> Vec<u8> {
        // A decoder outputs whole packets, so the missing samples of the last one count as padding.
        let decoded = self.packets * u64::from(frame_length);
        let remainder = self.remainder + decoded.saturating_sub(self.samples);
        let heard = decoded.saturating_sub(self.priming + remainder);
        let mut chunk = b"pakt".to_vec();
        chunk.extend((24 + self.sizes.len() as u64).to_be_bytes());
        chunk.extend(self.packets.to_be_bytes());
        chunk.extend(heard.to_be_bytes());
        chunk.extend((self.priming as u32).to_be_bytes());
        chunk.extend((remainder as u32).to_be_bytes());
        chunk.extend(&self.sizes);
        chunk
    }
}

/// Appends a number in groups of 7 bits, highest first. All groups but the last have the top bit
/// set.
fn push_number(bytes: &mut Vec<u8>, number: u64) {
    let groups = (64 - number.leading_zeros()).div_ceil(7).max(1);
    for group in (1..groups).rev() {
        bytes.push((number >> (7 * group)) as u8 & 127 | 128);
    }
    bytes.push(number as u8 & 127);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_equal_those_of_apples_encoder() {
        let number = |n| {
            let mut bytes = Vec::new();
            push_number(&mut bytes, n);
            bytes
        };
        assert_eq!(number(0), [0]);
        assert_eq!(number(127), [127]);
        assert_eq!(number(128), [0x81, 0]);
        assert_eq!(number(16_384), [0x81, 0x80, 0]);
    }
}
