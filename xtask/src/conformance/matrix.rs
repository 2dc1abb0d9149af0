//! Which files are made.

mod lengths;
mod lossless;
mod lossy;
mod options;
mod pair;

use reelwright::{MuxerInfo, audio_encoders, muxers};

use pair::Pair;

use super::case::Case;

/// Whether a muxer is asked for: each is, where none is named.
pub(super) fn is_asked(muxer: &MuxerInfo, only: &[&str]) -> bool {
    only.is_empty() || only.contains(&muxer.name)
}

/// Every case of the muxers asked for, in groups that a program can look at in one run.
pub(super) fn groups(only: &[&str]) -> Vec<Vec<Case>> {
    let pairs: Vec<Pair> = muxers()
        // They are MP4 under other brands, and the films have them.
        .filter(|muxer| is_asked(muxer, only))
        .filter(|muxer| !["ipod", "3gp", "3g2"].contains(&muxer.name))
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
