//! Transient detection for block switching: avoids pre-echo.

/// Ratio of a part's energy to the energy of the second part after it that is an abrupt end.
const STOP_RATIO: f32 = 250.0;
/// Minimum energy of a transient, per sample: about -75 dB of full scale.
const FLOOR: f32 = 3e-8;

/// Transient detector of one channel. It compares the energies of `PARTS` parts of a frame, each
/// `LENGTH` samples long, with those of the parts before.
#[derive(Debug, Clone)]
pub struct TransientDetector<const PARTS: usize, const LENGTH: usize> {
    /// Energies of the last parts.
    before: [f32; PARTS],
    ratio: f32,
    edge_ratio: Option<f32>,
}

impl<const PARTS: usize, const LENGTH: usize> TransientDetector<PARTS, LENGTH> {
    /// Creates a detector. A part is a transient if its energy is `ratio` times the energy of the
    /// parts before. With `edge_ratio`, the part after the frame is compared too, by this ratio.
    pub fn new(ratio: f32, edge_ratio: Option<f32>) -> Self {
        Self { before: [0.0; PARTS], ratio, edge_ratio }
    }

    /// Sets the energy before the first sample to the energy of `samples`, at least `LENGTH + 2`
    /// of them.
    pub fn start(&mut self, samples: &[f32]) {
        self.before = [energy::<LENGTH>(&samples[..LENGTH + 2]); PARTS];
    }

    /// Returns whether the next frame has a transient. `samples` are the two samples before the
    /// frame, the frame, and one part after it, or two parts if there is an edge ratio.
    pub fn detect(&mut self, samples: &[f32]) -> bool {
        let energy_of = |part: usize| energy::<LENGTH>(&samples[part * LENGTH..][..LENGTH + 2]);
        let mut found = false;
        let mut here = energy_of(0);
        for part in 0..PARTS {
            let next = energy_of(part + 1);
            found |= self.is_transient(self.ratio, here, next);
            self.before.rotate_left(1);
            self.before[PARTS - 1] = here;
            here = next;
        }
        if let Some(ratio) = self.edge_ratio {
            found |= self.is_transient(ratio, here, energy_of(PARTS + 1));
        }
        found
    }

    fn is_transient(&self, ratio: f32, here: f32, next: f32) -> bool {
        let mean = self.before.iter().sum::<f32>() / PARTS as f32;
        let last = self.before[PARTS - 1];
        // The part in which the audio ends is about as loud as those before.
        here > FLOOR && here > ratio * mean.max(last) || last > FLOOR && last > STOP_RATIO * next
    }
}

/// Returns the energy of the second difference of a part: the high frequencies, where transients
/// differ most from notes.
fn energy<const LENGTH: usize>(span: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    for i in (0..LENGTH).step_by(8) {
        let span = &span[i..i + 10];
        for k in 0..8 {
            let high = 0.25 * (span[k] - 2.0 * span[k + 1] + span[k + 2]);
            sums[k] += high * high;
        }
    }
    sums.iter().sum::<f32>() / LENGTH as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelwright_testkit::signal::Noise;

    /// Returns whether each frame of 1024 samples of noise has a transient; `gain` scales a sample.
    fn detect(edge_ratio: Option<f32>, gain: impl Fn(usize) -> f32) -> Vec<bool> {
        let mut noise = Noise::new(1);
        let samples: Vec<f32> =
            (0..5 * 1024 + 258).map(|i| noise.uniform() as f32 * 0.1 * gain(i)).collect();
        let mut detector = TransientDetector::<8, 128>::new(12.0, edge_ratio);
        detector.start(&samples);
        (0..5).map(|frame| detector.detect(&samples[1024 * frame..][..1024 + 258])).collect()
    }

    #[test]
    fn steady_noise_has_no_transient() {
        assert_eq!(detect(None, |_| 1.0), [false; 5]);
        assert_eq!(detect(None, |_| 0.0), [false; 5]);
    }

    #[test]
    fn finds_the_start_and_end() {
        let begins = |i| if i < 2500 { 0.01 } else { 1.0 };
        assert_eq!(detect(None, begins), [false, false, true, false, false]);
        let ends = |i| if i < 2500 { 1.0 } else { 0.0 };
        assert_eq!(detect(None, ends), [false, false, true, false, false]);
    }

    #[test]
    fn edge_ratio_weights_the_part_after_a_frame() {
        let begins = |i| if i < 2 * 1024 + 2 { 1e-3 } else { 1.0 };
        assert_eq!(detect(None, begins), [false, false, true, false, false]);
        assert_eq!(detect(Some(100.0), begins), [false, true, true, false, false]);
    }
}
