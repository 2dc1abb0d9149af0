//! Adaptive quantizers and predictors of the two bands (G.722 §3 and §6.2).

/// Coder of the lower band: 6 bits per sample.
#[derive(Debug, Clone)]
pub(crate) struct Low(Band);

/// Coder of the upper band: 2 bits per sample.
#[derive(Debug, Clone)]
pub(crate) struct High(Band);

/// Decision levels of the lower band's quantizer (table 14).
#[rustfmt::skip]
const LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023,
    1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// Values of the lower band's four upper bits (table 17).
const LOW_STEPS: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];

/// Changes of the lower band's scale by its four upper bits (tables 16 and 21).
const LOW_SCALES: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];

/// Decision level of the upper band's quantizer.
const HIGH_LEVEL: i32 = 564;

/// Values of the upper band's bits (table 18).
const HIGH_STEPS: [i32; 4] = [-7408, -1616, 7408, 1616];

/// Changes of the upper band's scale by its bits.
const HIGH_SCALES: [i32; 4] = [798, -214, 798, -214];

/// 2 to the power of n/32, for conversion from logarithms (table 15).
const POWERS: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

impl Low {
    pub(crate) fn new() -> Self {
        Self(Band { step: 32, ..Band::default() })
    }

    /// Returns the 6-bit code of a sample of the lower band.
    pub(crate) fn code(&mut self, sample: i32) -> u8 {
        let band = &mut self.0;
        let error = saturate(sample - band.estimate);
        let size = magnitude(error);
        // Levels ascend, so a binary search counts the levels below `size`.
        let passed = LEVELS.partition_point(|level| (level * band.step) >> 12 <= size) as u8;
        // Codes descend with the size. For negative errors, the codes of the two smallest sizes are
        // separate from the others (table 14).
        let code = match (error < 0, passed) {
            (false, passed) => 61 - passed,
            (true, passed @ 0..=1) => 63 - passed,
            (true, passed) => 33 - passed,
        };
        let upper = usize::from(code >> 2);
        let difference = (band.step * LOW_STEPS[upper]) >> 15;
        band.scale = (((band.scale * 127) >> 7) + LOW_SCALES[upper]).clamp(0, 18432);
        band.step = exponential(band.scale, 8);
        band.predict(difference);
        code
    }
}

impl High {
    pub(crate) fn new() -> Self {
        Self(Band { step: 8, ..Band::default() })
    }

    /// Returns the 2-bit code of a sample of the upper band.
    pub(crate) fn code(&mut self, sample: i32) -> u8 {
        let band = &mut self.0;
        let error = saturate(sample - band.estimate);
        let is_large = magnitude(error) >= (HIGH_LEVEL * band.step) >> 12;
        let code = match (error < 0, is_large) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        let difference = (band.step * HIGH_STEPS[code]) >> 15;
        band.scale = (((band.scale * 127) >> 7) + HIGH_SCALES[code]).clamp(0, 22528);
        band.step = exponential(band.scale, 10);
        band.predict(difference);
        code as u8
    }
}

/// Predictor of a band: two poles and six zeros, which adapt to the signal.
#[derive(Debug, Clone, Default)]
struct Band {
    /// Step of the quantizer and its logarithm.
    step: i32,
    scale: i32,
    /// Prediction of the next sample, and the zeros' part of it.
    estimate: i32,
    zeros_estimate: i32,
    /// Last reconstructed samples, newest first.
    reconstructed: [i32; 2],
    /// The same without the poles' part. Only their signs matter.
    partial: [i32; 2],
    poles: [i32; 2],
    /// Last quantized differences, newest first.
    differences: [i32; 6],
    zeros: [i32; 6],
}

impl Band {
    /// Updates the predictor with a quantized difference, as a decoder does (G.722 §6.2.1.4, "block
    /// 4").
    fn predict(&mut self, difference: i32) {
        let reconstructed = saturate(self.estimate + difference);
        let partial = saturate(self.zeros_estimate + difference);
        let same = |other: i32| (partial < 0) == (other < 0);

        // UPPOL2
        let slope = saturate(self.poles[0] << 2);
        let towards = if same(self.partial[0]) { -slope } else { slope }.min(32767) >> 7;
        let second = towards
            + if same(self.partial[1]) { 128 } else { -128 }
            + ((self.poles[1] * 32512) >> 15);
        let second = second.clamp(-12288, 12288);
        // UPPOL1
        let first =
            if same(self.partial[0]) { 192 } else { -192 } + ((self.poles[0] * 32640) >> 15);
        let limit = saturate(15360 - second);
        self.poles = [saturate(first).clamp(-limit, limit), second];

        // UPZERO
        let change = if difference == 0 { 0 } else { 128 };
        for (zero, old) in self.zeros.iter_mut().zip(self.differences) {
            let change = if (old < 0) == (difference < 0) { change } else { -change };
            *zero = saturate(change + ((*zero * 32640) >> 15));
        }

        // DELAYA
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.reconstructed = [reconstructed, self.reconstructed[0]];
        self.partial = [partial, self.partial[0]];

        // FILTEP, FILTEZ and PREDIC
        let product = |coefficient: i32, sample: i32| (coefficient * saturate(sample << 1)) >> 15;
        let poles = product(self.poles[0], self.reconstructed[0])
            + product(self.poles[1], self.reconstructed[1]);
        let zeros = self.zeros.iter().zip(self.differences).map(|(z, d)| product(*z, d)).sum();
        self.zeros_estimate = saturate(zeros);
        self.estimate = saturate(saturate(poles) + self.zeros_estimate);
    }
}

/// Returns the magnitude of a difference; -1 and 0 have the same one.
const fn magnitude(difference: i32) -> i32 {
    if difference < 0 { -(difference + 1) } else { difference }
}

/// Returns a quantizer's step from its logarithm. `bits` is the logarithm of the largest step.
fn exponential(scale: i32, bits: i32) -> i32 {
    let power = POWERS[(scale >> 6 & 31) as usize];
    let shift = bits - (scale >> 11);
    (if shift < 0 { power << -shift } else { power >> shift }) << 2
}

fn saturate(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}
