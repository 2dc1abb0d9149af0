//! Lossless codecs: all bits must be equal.

use reelwright::CodecId;

use super::super::case::{Case, Settings};
use super::pair::{Pair, with_streamed};

/// Odd number of audio frames, which is not a multiple of any block size.
const FRAMES: usize = 12_345;
const RATES: [u32; 4] = [8000, 44_100, 48_000, 96_000];
/// Bit depths of FLAC that are not the default of any sample format.
const RARE_FLAC_BITS: [u32; 4] = [8, 12, 20, 32];

pub(super) fn groups(pair: &Pair) -> Vec<Vec<Case>> {
    settings(pair).into_iter().map(|settings| group(pair, &settings)).collect()
}

fn settings(pair: &Pair) -> Vec<Settings> {
    let of = |level: i32, bits: u32| Settings {
        compression_level: Some(level),
        bits: Some(bits),
        ..Settings::default()
    };
    match pair.codec() {
        CodecId::Flac if pair.muxer.name == "flac" => {
            let levels = (0..=12).flat_map(|level| [of(level, 16), of(level, 24)]);
            levels.chain(RARE_FLAC_BITS.map(|bits| of(5, bits))).collect()
        }
        // The frames are the same in every container.
        CodecId::Flac if pair.is_first_of_codec() => {
            let rare = RARE_FLAC_BITS.map(|bits| of(5, bits));
            [of(0, 16), of(5, 16), of(5, 24), of(12, 24)].into_iter().chain(rare).collect()
        }
        CodecId::Flac => vec![of(5, 16), of(5, 24)],
        CodecId::Alac => {
            vec![of(0, 16), of(1, 24), of(2, 16), of(2, 20), of(2, 24), of(2, 32)]
        }
        _ => vec![Settings::default()],
    }
}

fn group(pair: &Pair, settings: &Settings) -> Vec<Case> {
    let rates = RATES.into_iter().filter(|rate| pair.encoder.sample_rates.contains(*rate));
    let cases = rates.flat_map(|rate| {
        let case = move |layout| pair.case(rate, layout, FRAMES);
        pair.layouts().into_iter().map(case)
    });
    let cases = cases.map(|case| Case { settings: settings.clone(), ..case });
    if pair.must_seek() { cases.collect() } else { with_streamed(cases) }
}
