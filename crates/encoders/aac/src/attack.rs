//! Attacks: where a sound begins so suddenly that noise spread to before it would be heard.

/// Parts of a frame that are compared, as long as a short window's lines.
const PARTS: usize = 8;
const PART: usize = 128;
/// How many times louder than the parts before a part must be.
const RATIO: f32 = 12.0;
/// How many times louder than the second part after it a part must be for a stop.
const STOP_RATIO: f32 = 250.0;
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

    /// Looks for transients in the next 1024 samples. Two samples come before those, and a part
    /// after them.
    pub(crate) fn look(&mut self, samples: &[f32]) -> bool {
        let mut attack = false;
        let energy_of = |part: usize| energy(&samples[part * PART..part * PART + PART + 2]);
        let mut here = energy_of(0);
        for part in 0..PARTS {
            let next = energy_of(part + 1);
            let mean = self.before.iter().sum::<f32>() / PARTS as f32;
            let last = self.before[PARTS - 1];
            attack |= here > FLOOR && here > RATIO * mean.max(last);
            // The part with the stop itself is as loud as those before.
            attack |= last > FLOOR && last > STOP_RATIO * next;
            self.before.rotate_left(1);
            self.before[PARTS - 1] = here;
            here = next;
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
