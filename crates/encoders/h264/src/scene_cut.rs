//! Scene cut detection: finds frames so different from those before that they should be keyframes.

use crate::rate::step;

/// Minimum ratios of a cut's difficulty to that of the last keyframe and to that of recent frames.
const HARDER_THAN_KEYFRAME: f64 = 1.5;
const HARDER_THAN_OTHERS: f64 = 4.0;
/// Minimum ratio of a cut's intra macroblocks to those of recent frames.
const MORE_INTRA: f32 = 2.0;
/// Minimum size in bytes of a cut that is detected by its difficulty.
const LEAST_CUT: usize = 2048;

/// Scene cut detector of one stream.
#[derive(Debug)]
pub(crate) struct SceneCuts {
    /// Minimum fraction of intra macroblocks in a cut; 1 disables detection.
    share: f32,
    /// Difficulty of the last keyframe: bytes times quantizer step.
    keyframe: f64,
    /// Difficulty of recent frames, and their fraction of intra macroblocks.
    others: f64,
    intra: f32,
}

impl SceneCuts {
    /// Creates a detector for cuts with at least this fraction of intra macroblocks; 1 disables it.
    pub(crate) const fn new(share: f32) -> Self {
        Self { share, keyframe: 0.0, others: 0.0, intra: 0.0 }
    }

    /// Adds a frame that is not a keyframe yet, by its size, its quantizer and its fraction of
    /// intra macroblocks. Returns whether it is a cut.
    pub(crate) fn is_cut(&mut self, bytes: usize, qp: u32, intra: f32) -> bool {
        let difficulty = bytes as f64 * step(qp.into());
        let has_more_intra = intra >= self.share.max(MORE_INTRA * self.intra);
        let is_harder = bytes >= LEAST_CUT
            && difficulty > HARDER_THAN_KEYFRAME * self.keyframe
            && difficulty > HARDER_THAN_OTHERS * self.others;
        let is_cut = self.share < 1.0 && (has_more_intra || is_harder);
        // Frames after a cut may differ as much, in grain or a fade.
        let weight = if is_cut { 1.0 } else { 0.5 };
        self.intra += weight * (intra - self.intra);
        self.others += f64::from(weight) * (difficulty - self.others);
        is_cut
    }

    /// Adds a keyframe.
    pub(crate) fn add_keyframe(&mut self, bytes: usize, qp: u32) {
        self.keyframe = bytes as f64 * step(qp.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the indices of the cuts among frames with the given sizes, at one quantizer, and
    /// fractions of intra macroblocks.
    fn cuts(keyframe: usize, frames: &[(usize, f32)]) -> Vec<usize> {
        let mut cuts = SceneCuts::new(0.6);
        cuts.add_keyframe(keyframe, 24);
        let mut found = Vec::new();
        for (i, &(bytes, intra)) in frames.iter().enumerate() {
            if cuts.is_cut(bytes, 24, intra) {
                cuts.add_keyframe(bytes, 24);
                found.push(i);
            }
        }
        found
    }

    #[test]
    fn new_scene_is_a_scene_cut() {
        let video = [[(5_000, 0.05); 20], [(60_000, 0.9); 20]].concat();
        assert_eq!(cuts(50_000, &video), [20]);
        // A cut from one flat image to another has no intra macroblocks.
        let slides = [[(300, 0.0); 20], [(9_000, 0.0); 20]].concat();
        assert_eq!(cuts(1_000, &slides), [20]);
    }

    #[test]
    fn grain_and_fades_cause_at_most_one_scene_cut() {
        assert_eq!(cuts(60_000, &[(62_000, 0.95); 50]), [0]);
        assert!(cuts(60_000, &[(70_000, 0.4); 50]).is_empty());
        let fade: Vec<_> = (1..50).map(|i| (2_000 * i, 0.7)).collect();
        assert!(cuts(500, &fade).len() <= 1, "{:?}", cuts(500, &fade));
    }

    #[test]
    fn small_frames_are_not_scene_cuts() {
        assert!(cuts(100, &[(10, 0.0), (2_000, 0.1), (10, 0.0), (2_000, 0.1)]).is_empty());
        assert_eq!(cuts(100, &[(10, 0.0), (2_000, 0.9), (10, 0.0)]), [1]);
    }

    #[test]
    fn intra_share_of_1_disables_scene_cuts() {
        let mut cuts = SceneCuts::new(1.0);
        cuts.add_keyframe(1_000, 24);
        assert!(!cuts.is_cut(100_000, 24, 1.0));
    }
}
