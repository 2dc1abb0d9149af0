//! Inputs of few and many samples, and inputs that are resampled.

use reelwright::ChannelLayout;

use super::super::case::{Case, Settings, Signal};
use super::pair::Pair;

const FRAMES: [usize; 6] = [1, 2, 1023, 1024, 1025, 1_000_003];
/// Rates of the input, and the encoded rates.
const RESAMPLED: [(u32, u32); 4] =
    [(44_100, 48_000), (96_000, 48_000), (22_050, 16_000), (11_025, 8000)];

pub(super) fn groups(pair: &Pair) -> Vec<Vec<Case>> {
    let is_tried = pair.is_first_of_codec() || pair.states_length();
    if !is_tried || (pair.is_lossless() && !pair.states_length()) {
        return Vec::new();
    }
    vec![short_and_long(pair), resampled(pair)]
}

fn settings(pair: &Pair) -> Settings {
    let bits = pair.is_lossless().then_some(16);
    Settings { bits, ..Settings::default() }
}

fn layouts(pair: &Pair) -> impl Iterator<Item = ChannelLayout> {
    pair.layouts().into_iter().filter(|layout| layout.channels() <= 2)
}

fn short_and_long(pair: &Pair) -> Vec<Case> {
    let rate = pair.usual_rate();
    let case =
        |layout, frames| Case { settings: settings(pair), ..pair.case(rate, layout, frames) };
    layouts(pair).flat_map(|layout| FRAMES.map(|frames| case(layout, frames))).collect()
}

fn resampled(pair: &Pair) -> Vec<Case> {
    let rates = RESAMPLED.into_iter().filter(|(_, to)| pair.encoder.sample_rates.contains(*to));
    let case = |(from, to): (u32, u32), layout| Case {
        input_rate: from,
        signal: Signal::Sweep,
        settings: settings(pair),
        ..pair.case(to, layout, from as usize + 11)
    };
    rates.flat_map(|rates| layouts(pair).map(move |layout| case(rates, layout))).collect()
}
