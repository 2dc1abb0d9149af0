//! Checksums of a frame: CRC-8 over its header and CRC-16 over the whole frame (RFC 9639 §9.1.8,
//! §9.3).

const CRC8: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x80 != 0 { (crc << 1) ^ 0x07 } else { crc << 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// `CRC16[n][byte]` is the checksum of `byte` followed by `n` zero bytes.
static CRC16: [[u16; 256]; 16] = {
    let mut tables = [[0; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x8005 } else { crc << 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut n = 1;
    while n < 16 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[n - 1][byte];
            tables[n][byte] = (crc << 8) ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        n += 1;
    }
    tables
};

/// Returns the CRC-8 with the polynomial x⁸ + x² + x + 1.
pub(crate) fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| CRC8[usize::from(crc ^ byte)])
}

/// Returns the CRC-16 with the polynomial x¹⁶ + x¹⁵ + x² + 1.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let mut crc = 0u16;
    for block in blocks {
        // Of sixteen look-ups only the first two depend on the previous block.
        let [high, low] = crc.to_be_bytes();
        crc = CRC16[15][usize::from(block[0] ^ high)] ^ CRC16[14][usize::from(block[1] ^ low)];
        for (i, byte) in block.iter().enumerate().skip(2) {
            crc ^= CRC16[15 - i][usize::from(*byte)];
        }
    }
    for byte in rest {
        crc = (crc << 8) ^ CRC16[0][usize::from((crc >> 8) as u8 ^ byte)];
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_equal_the_published_ones() {
        // CRC-8/SMBUS and CRC-16/UMTS of "123456789".
        assert_eq!(crc8(b"123456789"), 0xf4);
        assert_eq!(crc16(b"123456789"), 0xfee8);
    }

    #[test]
    fn long_inputs_are_checked_byte_by_byte() {
        let bytes: Vec<u8> = (0..100u32).map(|i| (i * i * 7 + 3) as u8).collect();
        let slow = bytes.iter().fold(0u16, |mut crc, byte| {
            crc ^= u16::from(*byte) << 8;
            for _ in 0..8 {
                crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x8005 } else { crc << 1 };
            }
            crc
        });
        assert_eq!(crc16(&bytes), slow);
    }
}
