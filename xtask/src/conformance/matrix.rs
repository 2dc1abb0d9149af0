//! Cases of all files.

mod lengths;
mod lossless;
mod lossy;
mod options;
mod pair;

use reelwright::{MuxerInfo, audio_encoders, muxers};

use pair::Pair;

use super::case::Case;

/// Returns true if a muxer was requested. All are if none was named.
pub(super) fn is_requested(muxer: &MuxerInfo, only: &[&str]) -> bool {
    only.is_empty() || only.contains(&muxer.name)
}

/// Returns the cases of the requested muxers, in groups that a program checks in one run.
pub(super) fn groups(only: &[&str]) -> Vec<Vec<Case>> {
    let pairs: Vec<Pair> = muxers()
        .filter(|muxer| is_requested(muxer, only))
        // They are MP4 with other brands, which the checks of video cover.
        .filter(|muxer| !["ipod", "3gp", "3g2"].contains(&muxer.name))
        // It has its own rates and no exact lengths. The checks in `flv` cover it.
        .filter(|muxer| muxer.name != "flv")
        .flat_map(|muxer| {
            let encoders = audio_encoders();
            let taken = encoders.filter(|info| muxer.audio_codecs.contains(&info.encoder.codec));
            taken.map(move |encoder| Pair { muxer, encoder })
        })
        .collect();
    let groups = pairs.iter().flat_map(|pair| {
        let matrix = if pair.is_lossless() { lossless::groups } else { lossy::groups };
        [matrix(pair), lengths::groups(pair), options::groups(pair)].into_iter().flatten()
    });
    groups.filter(|group| !group.is_empty()).collect()
}
