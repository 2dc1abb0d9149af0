//! Levels, by which decoders know whether they can keep up (ITU-T H.264 annex A).
//!
//! The coder chooses one by size and frame rate; here it rises with the bit rate.

/// Levels as parameter sets have them (ten times the level) and the most bits a second of each, in
/// thousands, for Baseline and Main (table A-1). Where two have the same, the lower one.
const LEVELS: [(u8, u64); 15] = [
    (10, 64),
    (11, 192),
    (12, 384),
    (13, 768),
    (20, 2_000),
    (21, 4_000),
    (30, 10_000),
    (31, 14_000),
    (32, 20_000),
    (41, 50_000),
    (50, 135_000),
    (51, 240_000),
    (61, 480_000),
    (62, 800_000),
    (62, u64::MAX),
];
/// Where the level is in a NAL unit of a sequence parameter set (§7.3.2.1.1).
const AT: usize = 3;

/// Makes the level in `sps`, a NAL unit, high enough for `bits` a second.
pub(crate) fn raise(sps: &mut [u8], bits: u64) {
    let enough = LEVELS.iter().find(|(_, most)| bits <= most.saturating_mul(1000));
    if let (Some((level, _)), Some(found)) = (enough, sps.get_mut(AT)) {
        *found = (*found).max(*level);
    }
}

/// The fullest second of a stream.
#[derive(Debug, Default)]
pub(crate) struct Peak {
    second: i64,
    bytes: u64,
    most: u64,
}

impl Peak {
    pub(crate) fn add(&mut self, second: i64, bytes: usize) {
        if second != self.second {
            (self.second, self.bytes) = (second, 0);
        }
        self.bytes += bytes as u64;
        self.most = self.most.max(self.bytes);
    }

    /// In bits.
    pub(crate) const fn bits(&self) -> u64 {
        8 * self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_only_rise() {
        for (bits, level) in [(0, 31), (14_000_000, 31), (14_000_001, 32), (50_000_000, 41)] {
            let mut sps = [0x67, 77, 0, 31, 0xff];
            raise(&mut sps, bits);
            assert_eq!(sps, [0x67, 77, 0, level, 0xff], "{bits}");
        }
        let mut sps = [0x67, 77, 0, 10];
        raise(&mut sps, u64::MAX);
        assert_eq!(sps[3], 62);
    }

    #[test]
    fn a_peak_is_of_a_second() {
        let mut peak = Peak::default();
        for (second, bytes) in [(0, 10), (0, 20), (1, 25), (2, 1), (2, 2)] {
            peak.add(second, bytes);
        }
        assert_eq!(peak.bits(), 240);
    }
}
