//! Scale factor bands (ISO/IEC 14496-3 tables 4.129 to 4.147) and other tables indexed by sample
//! rate.

/// Spectral lines per frame.
pub(crate) const LINES: usize = 1024;
/// Short windows per frame, and spectral lines per short window.
pub(crate) const WINDOWS: usize = 8;
pub(crate) const SHORT_LINES: usize = LINES / WINDOWS;
/// Maximum number of bands in a frame: short windows, each in its own group.
pub(crate) const MAX_BANDS: usize = 120;
/// Maximum number of bands in one window.
pub(crate) const MAX_WINDOW_BANDS: usize = 51;

/// Sample rates in the order of samplingFrequencyIndex (ISO/IEC 14496-3 table 1.18).
pub(crate) const RATES: [u32; 12] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000];

/// Sample rate and its scale factor bands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) hz: u32,
    /// samplingFrequencyIndex.
    pub(crate) index: u32,
    /// First line of each band, then the end: for long windows, then for short ones.
    pub(crate) long: &'static [u16],
    pub(crate) short: &'static [u16],
}

impl Rate {
    pub(crate) fn of(hz: u32) -> Option<Self> {
        let index = RATES.iter().position(|&rate| rate == hz)?;
        let (long, short): (&[u16], &[u16]) = match index {
            0 | 1 => (&LONG_96, &SHORT_64),
            2 => (&LONG_64, &SHORT_64),
            3 | 4 => (&LONG_48, &SHORT_48),
            5 => (&LONG_32, &SHORT_48),
            6 | 7 => (&LONG_24, &SHORT_24),
            8..=10 => (&LONG_16, &SHORT_16),
            _ => (&LONG_8, &SHORT_8),
        };
        Some(Self { hz, index: index as u32, long, short })
    }

    /// Returns the band edges of one window.
    pub(crate) fn edges(&self, short: bool) -> &'static [u16] {
        if short { self.short } else { self.long }
    }
}

#[rustfmt::skip]
static LONG_96: [u16; 42] = [
    0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 64, 72, 80, 88, 96, 108, 120, 132, 144,
    156, 172, 188, 212, 240, 276, 320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 960, 1024,
];
#[rustfmt::skip]
static LONG_64: [u16; 48] = [
    0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 64, 72, 80, 88, 100, 112, 124, 140,
    156, 172, 192, 216, 240, 268, 304, 344, 384, 424, 464, 504, 544, 584, 624, 664, 704, 744, 784,
    824, 864, 904, 944, 984, 1024,
];
#[rustfmt::skip]
static LONG_48: [u16; 50] = [
    0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 72, 80, 88, 96, 108, 120, 132, 144, 160,
    176, 196, 216, 240, 264, 292, 320, 352, 384, 416, 448, 480, 512, 544, 576, 608, 640, 672, 704,
    736, 768, 800, 832, 864, 896, 928, 1024,
];
#[rustfmt::skip]
static LONG_32: [u16; 52] = [
    0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 72, 80, 88, 96, 108, 120, 132, 144, 160,
    176, 196, 216, 240, 264, 292, 320, 352, 384, 416, 448, 480, 512, 544, 576, 608, 640, 672, 704,
    736, 768, 800, 832, 864, 896, 928, 960, 992, 1024,
];
#[rustfmt::skip]
static LONG_24: [u16; 48] = [
    0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 52, 60, 68, 76, 84, 92, 100, 108, 116, 124, 136,
    148, 160, 172, 188, 204, 220, 240, 260, 284, 308, 336, 364, 396, 432, 468, 508, 552, 600, 652,
    704, 768, 832, 896, 960, 1024,
];
#[rustfmt::skip]
static LONG_16: [u16; 44] = [
    0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 100, 112, 124, 136, 148, 160, 172, 184, 196, 212,
    228, 244, 260, 280, 300, 320, 344, 368, 396, 424, 456, 492, 532, 572, 616, 664, 716, 772, 832,
    896, 960, 1024,
];
#[rustfmt::skip]
static LONG_8: [u16; 41] = [
    0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120, 132, 144, 156, 172, 188, 204, 220, 236, 252, 268,
    288, 308, 328, 348, 372, 396, 420, 448, 476, 508, 544, 580, 620, 664, 712, 764, 820, 880, 944,
    1024,
];
#[rustfmt::skip]
static SHORT_64: [u16; 13] = [
    0, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 92, 128,
];
#[rustfmt::skip]
static SHORT_48: [u16; 15] = [
    0, 4, 8, 12, 16, 20, 28, 36, 44, 56, 68, 80, 96, 112, 128,
];
#[rustfmt::skip]
static SHORT_24: [u16; 16] = [
    0, 4, 8, 12, 16, 20, 24, 28, 36, 44, 52, 64, 76, 92, 108, 128,
];
#[rustfmt::skip]
static SHORT_16: [u16; 16] = [
    0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 60, 72, 88, 108, 128,
];
#[rustfmt::skip]
static SHORT_8: [u16; 16] = [
    0, 4, 8, 12, 16, 20, 24, 28, 36, 44, 52, 60, 72, 88, 108, 128,
];
