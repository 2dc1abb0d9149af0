//! Levels, which state the resources that a decoder needs (ITU-T H.264 annex A).

/// Limits of a level for the profiles Baseline and Main (table A-1).
struct Limits {
    /// `level_idc`: ten times the level.
    idc: u8,
    /// Macroblocks per second.
    speed: u64,
    /// Macroblocks per frame.
    size: u64,
    /// Maximum bit rate in kbit/s.
    bit_rate: u64,
}

const fn limits(idc: u8, speed: u64, size: u64, bit_rate: u64) -> Limits {
    Limits { idc, speed, size, bit_rate }
}

/// All levels, lowest first, except for level 1b, which other flags indicate.
const LEVELS: [Limits; 19] = [
    limits(10, 1_485, 99, 64),
    limits(11, 3_000, 396, 192),
    limits(12, 6_000, 396, 384),
    limits(13, 11_880, 396, 768),
    limits(20, 11_880, 396, 2_000),
    limits(21, 19_800, 792, 4_000),
    limits(22, 20_250, 1_620, 4_000),
    limits(30, 40_500, 1_620, 10_000),
    limits(31, 108_000, 3_600, 14_000),
    limits(32, 216_000, 5_120, 20_000),
    limits(40, 245_760, 8_192, 20_000),
    limits(41, 245_760, 8_192, 50_000),
    limits(42, 522_240, 8_704, 50_000),
    limits(50, 589_824, 22_080, 135_000),
    limits(51, 983_040, 36_864, 240_000),
    limits(52, 2_073_600, 36_864, 240_000),
    limits(60, 4_177_920, 139_264, 240_000),
    limits(61, 8_355_840, 139_264, 480_000),
    limits(62, 16_711_680, 139_264, 800_000),
];
/// Level of streams that exceed all limits.
const HIGHEST: u8 = 62;
/// Maximum frame rate below level 6 (§A.3.4.1 limits the time between frames).
const MAX_FRAME_RATE: f64 = 172.0;
/// First level without that limit.
const LEVEL_6: u8 = 60;
/// Tolerance for rounding errors, in macroblocks per second.
const ROUNDING: f64 = 1e-6;

/// Returns `level_idc` of the lowest level for a frame size in macroblocks, a frame rate and a bit
/// rate.
pub(crate) fn lowest((columns, rows): (usize, usize), frame_rate: f64, bit_rate: u64) -> u8 {
    let size = (columns * rows) as u64;
    let speed = (size as f64 * frame_rate - ROUNDING).ceil() as u64;
    let longest = columns.max(rows) as u64;
    LEVELS
        .iter()
        .find(|level| {
            speed <= level.speed
                && size <= level.size
                && longest * longest <= 8 * level.size
                && bit_rate <= 1000 * level.bit_rate
                && (frame_rate <= MAX_FRAME_RATE || level.idc >= LEVEL_6)
        })
        .map_or(HIGHEST, |level| level.idc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_the_lowest_for_size_and_frame_rate() {
        for (width, height, frame_rate, expected) in [
            (176, 144, 15.0, 10),
            (352, 288, 30.0, 13),
            (352, 288, 30.001, 21),
            (1280, 720, 30.0, 31),
            (1920, 1080, 30.0, 40),
            (1920, 1080, 60.0, 42),
            (3840, 2160, 30.0, 51),
            (4096, 4096, 25.0, 60),
            (64, 64, 172.0, 11),
            (64, 64, 173.0, 60),
            (4096, 4096, 1000.0, 62),
        ] {
            let macroblocks = (usize::div_ceil(width, 16), usize::div_ceil(height, 16));
            let found = lowest(macroblocks, frame_rate, 0);
            assert_eq!(found, expected, "{width}x{height} {frame_rate}");
        }
    }

    #[test]
    fn levels_rise_with_the_bit_rate() {
        for (bit_rate, expected) in [
            (0, 31),
            (14_000_000, 31),
            (14_000_001, 32),
            (20_000_001, 41),
            (50_000_000, 41),
            (800_000_000, 62),
            (u64::MAX, 62),
        ] {
            assert_eq!(lowest((80, 45), 25.0, bit_rate), expected, "{bit_rate}");
        }
    }
}
