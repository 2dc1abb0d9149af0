//! Constants of the standards by version, sample rate and bit rate: ISO/IEC 11172-3, ISO/IEC
//! 13818-3 for low sample rates, and its extension "MPEG-2.5" for the lowest ones.

/// Spectral lines per channel in a granule.
pub(crate) const LINES: usize = 576;
/// Subbands of the polyphase filter bank.
pub(crate) const SUBBANDS: usize = 32;
/// Samples of each subband in a granule.
pub(crate) const SLOTS: usize = 18;
/// Scalefactor bands of a long block. The last one has no scalefactor.
pub(crate) const LONG_BANDS: usize = 22;
/// Scalefactor bands in each of the three windows of a short block.
pub(crate) const SHORT_BANDS: usize = 13;
/// Maximum number of bands in a granule: those of three short windows.
pub(crate) const MAX_BANDS: usize = 3 * SHORT_BANDS;

/// Largest quantized value: an escape of 15 and 13 linbits.
pub(crate) const MAX_QUANTIZED: i32 = 15 + 8191;
/// Largest part2_3_length, in bits.
pub(crate) const MAX_PART2_3: u32 = 4095;

/// Addition to the scalefactors of the highest bands if preflag is set (table B.6).
pub(crate) const PRETAB: [u8; LONG_BANDS] =
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3, 2, 0];

/// Scalefactor lengths in bits of the lower and the higher bands, indexed by scalefac_compress
/// (ISO/IEC 11172-3 §2.4.2.7).
pub(crate) const SLEN: [(u8, u8); 16] = [
    (0, 0),
    (0, 1),
    (0, 2),
    (0, 3),
    (3, 0),
    (1, 1),
    (1, 2),
    (1, 3),
    (2, 1),
    (2, 2),
    (2, 3),
    (3, 1),
    (3, 2),
    (3, 3),
    (4, 2),
    (4, 3),
];

/// First line of each scalefactor band of long blocks, then the end.
static LONG: [[u16; LONG_BANDS + 1]; 6] = [
    [
        0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 52, 62, 74, 90, 110, 134, 162, 196, 238, 288, 342,
        418, 576,
    ],
    [
        0, 4, 8, 12, 16, 20, 24, 30, 36, 42, 50, 60, 72, 88, 106, 128, 156, 190, 230, 276, 330,
        384, 576,
    ],
    [
        0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 54, 66, 82, 102, 126, 156, 194, 240, 296, 364, 448,
        550, 576,
    ],
    [
        0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464,
        522, 576,
    ],
    [
        0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 114, 136, 162, 194, 232, 278, 332, 394, 464,
        540, 576,
    ],
    [
        0, 12, 24, 36, 48, 60, 72, 88, 108, 132, 160, 192, 232, 280, 336, 400, 476, 566, 568, 570,
        572, 574, 576,
    ],
];

/// First line of each scalefactor band of short blocks in one window, then the end.
static SHORT: [[u16; SHORT_BANDS + 1]; 7] = [
    [0, 4, 8, 12, 16, 22, 30, 40, 52, 66, 84, 106, 136, 192],
    [0, 4, 8, 12, 16, 22, 28, 38, 50, 64, 80, 100, 126, 192],
    [0, 4, 8, 12, 16, 22, 30, 42, 58, 78, 104, 138, 180, 192],
    [0, 4, 8, 12, 18, 24, 32, 42, 56, 74, 100, 132, 174, 192],
    [0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 136, 180, 192],
    [0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192],
    [0, 8, 16, 24, 36, 52, 72, 96, 124, 160, 162, 164, 166, 192],
];

/// MPEG-1 bit rates in kbit/s, indexed by bitrate_index (§2.4.2.3). Index 0, free format, is
/// unused.
const MPEG1_RATES: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
/// MPEG-2 and MPEG-2.5 bit rates.
const MPEG2_RATES: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Sample rates of Layer III, ascending.
pub(crate) const SAMPLE_RATES: [u32; 9] =
    [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/// Sample rate and the constants that depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Sample rate in Hz.
    pub(crate) hz: u32,
    /// The header's ID and the bit before it: 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5.
    pub(crate) version: u32,
    /// The header's sampling_frequency.
    pub(crate) index: u32,
    /// First line of each band of long blocks.
    pub(crate) long: &'static [u16; LONG_BANDS + 1],
    /// First line of each band of short blocks, in one window.
    pub(crate) short: &'static [u16; SHORT_BANDS + 1],
}

impl Rate {
    /// Returns the constants for a sample rate, if Layer III supports it.
    pub(crate) fn of(hz: u32) -> Option<Self> {
        let (version, index, long, short) = match hz {
            44_100 => (3, 0, 0, 0),
            48_000 => (3, 1, 1, 1),
            32_000 => (3, 2, 2, 2),
            22_050 => (2, 0, 3, 3),
            24_000 => (2, 1, 4, 4),
            16_000 => (2, 2, 3, 5),
            11_025 => (0, 0, 3, 5),
            12_000 => (0, 1, 3, 5),
            8_000 => (0, 2, 5, 6),
            _ => return None,
        };
        Some(Self { hz, version, index, long: &LONG[long], short: &SHORT[short] })
    }

    /// Returns whether the rate is of MPEG-1. Others have one granule per frame and a different
    /// coding of scalefactors.
    pub(crate) fn is_mpeg1(&self) -> bool {
        self.version == 3
    }

    /// Number of granules in a frame.
    pub(crate) fn granules(&self) -> usize {
        if self.is_mpeg1() { 2 } else { 1 }
    }

    /// Number of samples per channel in a frame.
    pub(crate) fn frame_samples(&self) -> usize {
        self.granules() * LINES
    }

    /// Bit rates in kbit/s, indexed by bitrate_index. Index 0 is unused.
    pub(crate) fn bit_rates(&self) -> &'static [u32; 15] {
        if self.is_mpeg1() { &MPEG1_RATES } else { &MPEG2_RATES }
    }

    /// Returns the size of the header and the side information in bytes.
    pub(crate) fn overhead(&self, channels: usize) -> usize {
        4 + match (self.is_mpeg1(), channels) {
            (true, 1) => 17,
            (true, _) => 32,
            (false, 1) => 9,
            (false, _) => 17,
        }
    }

    /// Returns the largest main_data_begin, in bytes.
    pub(crate) fn max_main_data_begin(&self) -> usize {
        if self.is_mpeg1() { 511 } else { 255 }
    }

    /// Returns the size of a frame without padding in bytes, and the number of padded frames among
    /// `hz` frames.
    pub(crate) fn frame_bytes(&self, kbps: u32) -> (usize, u32) {
        let bytes_hz = self.frame_samples() as u32 / 8 * kbps * 1000;
        ((bytes_hz / self.hz) as usize, bytes_hz % self.hz)
    }
}
