//! Header of an MPEG audio frame (ISO/IEC 11172-3 §2.4.1.3, ISO/IEC 13818-3 §2.4.1.3).

/// Bit rates of layer III in kbit/s by index: of MPEG-1, then of MPEG-2 and 2.5.
const BIT_RATES: [[u16; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// MPEG-1 sample rates by index.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// Fields of a layer III header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    bytes: [u8; 4],
    is_mpeg1: bool,
    pub(crate) sample_rate: u32,
    pub(crate) is_mono: bool,
}

impl Header {
    /// Parses the header of `frame`, if it is one of layer III with a bit rate.
    pub(crate) fn read(frame: &[u8]) -> Option<Self> {
        let bytes: [u8; 4] = frame.get(..4)?.try_into().ok()?;
        let is_sync = bytes[0] == 0xFF && bytes[1] & 0xE0 == 0xE0;
        let is_layer3 = bytes[1] >> 1 & 3 == 1;
        // 0 is MPEG-2.5, 2 is MPEG-2, 3 is MPEG-1.
        let halvings = match bytes[1] >> 3 & 3 {
            3 => 0,
            2 => 1,
            0 => 2,
            _ => return None,
        };
        let rate = SAMPLE_RATES.get(usize::from(bytes[2] >> 2 & 3))?;
        let has_bit_rate = (1..15).contains(&(bytes[2] >> 4));
        (is_sync && is_layer3 && has_bit_rate).then_some(Self {
            bytes,
            is_mpeg1: halvings == 0,
            sample_rate: rate >> halvings,
            is_mono: bytes[3] >> 6 == 3,
        })
    }

    /// Returns the channel mode: 0 stereo, 1 joint stereo, 2 two channels, 3 mono.
    pub(crate) const fn mode(&self) -> u8 {
        self.bytes[3] >> 6
    }

    /// Returns the size of the side information after the header.
    pub(crate) const fn side_info(&self) -> usize {
        match (self.is_mpeg1, self.is_mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        }
    }

    /// Returns the header and the size of a frame that has at least `bytes` bytes. It has no CRC
    /// and no padding. Its bit rate is the one of this header or the next sufficient one.
    pub(crate) fn with_room(&self, bytes: usize) -> Option<([u8; 4], usize)> {
        let rates = &BIT_RATES[usize::from(!self.is_mpeg1)];
        let own = usize::from(self.bytes[2] >> 4);
        let length = |index: usize| {
            let samples_in_bytes = if self.is_mpeg1 { 144 } else { 72 };
            samples_in_bytes * usize::from(rates[index]) * 1000 / self.sample_rate as usize
        };
        let index = std::iter::once(own).chain(1..15).find(|index| length(*index) >= bytes)?;
        let mut header = self.bytes;
        // Bit 0 means no CRC.
        header[1] |= 1;
        header[2] = (index as u8) << 4 | header[2] & 0x0C;
        // No mode extension.
        header[3] &= 0xCF;
        Some((header, length(index)))
    }
}
