//! Options of encoders: each must change the file, which must still be decodable.

use reelwright::{ChannelLayout, CodecId};

use super::super::case::{Case, Settings};
use super::pair::Pair;

/// Duration in seconds: a target bit rate needs some time.
const SECONDS: usize = 3;

/// Mode in which Opus can add forward error correction.
const VOIP: (&str, &str) = ("application", "voip");
const LOSS: (&str, &str) = ("packet_loss", "20");

pub(super) fn groups(pair: &Pair) -> Vec<Vec<Case>> {
    if !pair.is_first_of_codec() {
        return Vec::new();
    }
    let quality = |qscale| Settings { qscale: Some(qscale), ..Settings::default() };
    let level = |level| Settings { compression_level: Some(level), ..Settings::default() };
    let settings: Vec<Vec<Settings>> = match pair.codec() {
        CodecId::Mp3 => vec![
            [0.0, 4.0, 9.0].map(quality).to_vec(),
            vec![
                at(128_000, &[]),
                at(128_000, &[("abr", "1")]),
                at(128_000, &[("cutoff", "9000")]),
            ],
            vec![
                at(150_000, &[("abr", "1")]),
                at(128_000, &[("reservoir", "0")]),
                at(128_000, &[("joint_stereo", "0")]),
            ],
            [1, 5, 9].map(level).to_vec(),
        ],
        CodecId::Aac => vec![
            [1.0, 5.0, 9.0].map(quality).to_vec(),
            vec![at(96_000, &[]), at(96_000, &[("cbr", "1")])],
            vec![
                at(48_000, &[]),
                at(48_000, &[("aac_ms", "0")]),
                at(48_000, &[("cutoff", "9000")]),
            ],
        ],
        CodecId::Opus => {
            let frames = ["2.5", "5", "10", "20", "40", "60", "80", "100", "120"];
            let frames = frames.map(|duration| of(&[("frame_duration", duration)]));
            let applications = ["audio", "voip", "lowdelay"];
            vec![
                frames.to_vec(),
                applications.map(|name| at(24_000, &[("application", name)])).to_vec(),
                ["on", "constrained", "off"].map(|vbr| at(64_000, &[("vbr", vbr)])).to_vec(),
                [0, 5, 10].map(level).to_vec(),
                ["0", "1"].map(|fec| at(24_000, &[VOIP, LOSS, ("fec", fec)])).to_vec(),
            ]
        }
        _ => Vec::new(),
    };
    settings.into_iter().map(|settings| group(pair, settings)).collect()
}

fn of(options: &[(&'static str, &'static str)]) -> Settings {
    Settings { options: options.to_vec(), ..Settings::default() }
}

fn at(bit_rate: u64, options: &[(&'static str, &'static str)]) -> Settings {
    Settings { bit_rate: Some(bit_rate), ..of(options) }
}

fn group(pair: &Pair, settings: Vec<Settings>) -> Vec<Case> {
    let rate = pair.usual_rate();
    let layouts = [ChannelLayout::MONO, ChannelLayout::STEREO];
    let case = |layout, settings| Case {
        settings,
        ..pair.case(rate, layout, SECONDS * rate as usize + 37)
    };
    // These options have no effect on mono.
    let needs_two = |settings: &Settings| {
        settings.options.iter().any(|(name, _)| ["aac_ms", "joint_stereo"].contains(name))
    };
    let each = |settings: Settings| {
        let layouts = layouts.into_iter().skip(usize::from(needs_two(&settings)));
        layouts.map(move |layout| case(layout, settings.clone())).collect::<Vec<_>>()
    };
    settings.into_iter().flat_map(each).collect()
}
