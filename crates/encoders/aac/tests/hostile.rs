//! Any input gives valid access units of the right number and size.

mod common;

use common::decode;
use proptest::prelude::*;
use reelwright_core::{ChannelLayouts, CodecConfig};
use reelwright_enc_aac::ENCODER;
use reelwright_testkit::encoding::Case;
use reelwright_testkit::lossy::{extremes, noise_runs};

const RATES: [u32; 12] =
    [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000];

fn check(case: &Case<'_>, samples: &[f32]) {
    let channels = case.layout.channels();
    let encoded = case.encode(samples).unwrap();
    let count = samples.len() / channels;
    let least = if count == 0 { 0 } else { 3 };
    assert_eq!(encoded.packets.len(), (count + 1024).div_ceil(1024).max(least));
    for packet in &encoded.packets {
        // Size of a decoder's buffer (ISO/IEC 14496-3 §4.5.3.1).
        assert!(packet.data.len() * 8 <= 6144 * channels, "{}", packet.data.len());
    }
    if channels <= 2 {
        assert!(decode(&encoded).iter().all(|x| x.is_finite()));
    }
}

/// Returns each rate control mode with its lowest and highest value.
fn controls(rate: u32, channels: usize) -> Vec<(CodecConfig, &'static str)> {
    let channels = channels as u64;
    let max = 6 * u64::from(rate) * channels;
    let bit_rates = [8000 * channels, (2 * u64::from(rate) * channels).min(max), max];
    let steered = |bit_rate| CodecConfig { bit_rate: Some(bit_rate), ..CodecConfig::default() };
    let quality = |qscale| CodecConfig { qscale: Some(qscale), ..CodecConfig::default() };
    let averages = bit_rates.map(|bit_rate| (steered(bit_rate), ""));
    let constants = bit_rates.map(|bit_rate| (steered(bit_rate), "cbr=1"));
    let qualities = [0.0, 10.0].map(|qscale| (quality(qscale), ""));
    averages.into_iter().chain(constants).chain(qualities).collect()
}

#[test]
fn extreme_values_fit() {
    let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
    for (name, samples) in &extremes(6000) {
        for rate in RATES {
            for &layout in [&layouts[0], &layouts[1], &layouts[5]] {
                for (config, options) in controls(rate, layout.channels()) {
                    eprintln!("{name}, {rate} Hz, {layout}, {config:?} {options}");
                    check(&Case { rate, layout, config, options, ..Case::new(&ENCODER) }, samples);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(60)
    })]
    #[test]
    fn any_input_gives_valid_access_units(
        runs in prop::collection::vec((any::<u64>(), -40i32..8, 1usize..1500, any::<bool>()), 1..10),
        rate in prop::sample::select(RATES.to_vec()),
        layout in 0usize..7,
        control in 0usize..8,
        mid_side in any::<bool>(),
        cutoff in 0u32..48_000,
    ) {
        let ChannelLayouts::List(layouts) = ENCODER.layouts else { panic!("a list") };
        let layout = layouts[layout];
        let samples = noise_runs(&runs, layout.channels());
        let (config, options) = controls(rate, layout.channels())[control];
        let options = format!("{options} aac_ms={mid_side} cutoff={cutoff}");
        check(&Case { rate, layout, config, options: &options, ..Case::new(&ENCODER) }, &samples);
    }
}
