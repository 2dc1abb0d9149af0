//! Attacks: where a sound begins so suddenly that noise spread to before it would be heard.

/// Parts of a granule that are compared.
const PARTS: usize = 6;
/// Samples of a part.
const PART: usize = 96;
/// Samples after a granule that its transients are told by.
pub(crate) const AHEAD: usize = 2 * PART;
/// How many times louder than the parts before a part must be.
const RATIO: f32 = 9.0;
/// The same of the part after the granule.
const EDGE_RATIO: f32 = 5000.0;
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

    /// Takes what is before the first sample to be as loud as these: 98 of them or more.
    pub(crate) fn start(&mut self, samples: &[f32]) {
        self.before = [energy(&samples[..PART + 2]); PARTS];
    }

    /// Looks for transients in the next 576 samples and the part after them: the polyphase filter
    /// spreads a transient to the granule before. Two samples come before `samples`, which end
    /// [`AHEAD`] after the granule.
    pub(crate) fn look(&mut self, samples: &[f32]) -> bool {
        let mut energies = [0.0; 2 * PARTS + 2];
        energies[..PARTS].copy_from_slice(&self.before);
        for (part, to) in energies[PARTS..].iter_mut().enumerate() {
            *to = energy(&samples[part * PART..part * PART + PART + 2]);
        }
        self.before.copy_from_slice(&energies[PARTS..2 * PARTS]);
        energies.windows(PARTS + 2).enumerate().any(|(part, parts)| {
            let ratio = if part < PARTS { RATIO } else { EDGE_RATIO };
            let mean = parts[..PARTS].iter().sum::<f32>() / PARTS as f32;
            let (last, here, next) = (parts[PARTS - 1], parts[PARTS], parts[PARTS + 1]);
            // The part with a stop in it is about as loud as those before.
            here > FLOOR && here > ratio * mean.max(last)
                || last > FLOOR && last > STOP_RATIO * next
        })
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
