//! Lossy codecs: all rates and layouts, and some bit rates.

use super::super::case::{Case, Settings, Signal};
use super::pair::Pair;
use crate::conformance::bit_rate;

/// Returns one group of cases per rate.
pub(super) fn groups(pair: &Pair) -> Vec<Vec<Case>> {
    let rates = pair.rates().iter();
    let mut groups: Vec<Vec<Case>> = rates.map(|rate| of_rate(pair, *rate)).collect();
    groups.push(channel_order(pair));
    groups
}

/// Returns an odd number of audio frames of slightly more than a second.
fn frames(rate: u32) -> usize {
    rate as usize * 6 / 5 + 37
}

fn of_rate(pair: &Pair, rate: u32) -> Vec<Case> {
    let mut cases = Vec::new();
    for layout in pair.layouts() {
        let case = pair.case(rate, layout, frames(rate));
        let three = bit_rate::three(pair.encoder, rate, layout);
        let with = |bit_rate: Option<u64>| Case {
            settings: Settings { bit_rate, ..Settings::default() },
            ..case.clone()
        };
        let middle = three.map(|three| three[1]);
        // The packets are the same in every container.
        match three {
            Some(three) if pair.is_first_of_codec() => {
                cases.extend(three.map(|bit_rate| with(Some(bit_rate))));
            }
            _ => cases.push(with(middle)),
        }
        cases.push(Case { seekable: false, ..with(middle) });
    }
    cases
}

/// Returns cases with a different tone in each channel, at two rates.
fn channel_order(pair: &Pair) -> Vec<Case> {
    let surround = || pair.layouts().into_iter().filter(|layout| layout.channels() > 1);
    let rates = [16_000, 48_000].into_iter().filter(|rate| pair.rates().contains(rate));
    let case =
        |rate, layout| Case { signal: Signal::Tones, ..pair.case(rate, layout, frames(rate)) };
    rates.flat_map(|rate| surround().map(move |layout| case(rate, layout))).collect()
}
