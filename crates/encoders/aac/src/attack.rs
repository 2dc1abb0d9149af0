//! Attacks: where a sound begins so suddenly that noise spread to before it would be heard.

/// Parts of a frame that are compared, as long as a short window's lines.
const PARTS: usize = 8;
const PART: usize = 128;
/// How many times louder than the parts before a part must be.
const RATIO: f32 = 12.0;
/// The least energy of an attack, a sample: about -75 dB of full scale.
const FLOOR: f32 = 3e-8;

/// What a channel's attacks are told by.
pub(crate) struct AttackDetector {
    /// Energies of the last parts.
    before: [f32; PARTS],
}

impl AttackDetector {
    pub(crate) fn new() -> Self {
        Self { before: [0.0; PARTS] }
    }

    /// Takes what is before the first sample to be as loud as these: more than 130 of them.
    pub(crate) fn start(&mut self, samples: &[f32]) {
        self.before = [energy(&samples[..PART + 2]); PARTS];
    }

    /// Whether there is an attack in the next 1024 samples; two before them come first.
    pub(crate) fn look(&mut self, samples: &[f32]) -> bool {
        let mut attack = false;
        for part in 0..PARTS {
            let span = &samples[part * PART..part * PART + PART + 2];
            let energy = energy(span);
            let mean = self.before.iter().sum::<f32>() / PARTS as f32;
            let last = self.before[PARTS - 1];
            if energy > FLOOR && energy > RATIO * mean.max(last) {
                attack = true;
            }
            self.before.rotate_left(1);
            self.before[PARTS - 1] = energy;
        }
        attack
    }
}

/// The energy of a part: the second difference leaves what is high, where attacks differ most from
/// notes.
fn energy(span: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for i in (0..PART).step_by(8) {
        let span = &span[i..i + 10];
        for k in 0..8 {
            let high = 0.25 * (span[k] - 2.0 * span[k + 1] + span[k + 2]);
            sums[k] += high * high;
        }
    }
    sums.iter().sum::<f32>() / PART as f32
}
