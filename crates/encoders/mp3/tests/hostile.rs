//! Any input gives valid frames of the right number.

mod common;

use common::{Case, DELAY, RATES};
use proptest::prelude::*;
use reelwright_testkit::lossy::{extremes, noise_runs};

fn check(samples: &[f32], rate: u32, channels: usize, options: &str) {
    let stream = Case { rate, channels, options }.encode(samples);
    let count = samples.len() / channels;
    let size = if rate >= 32_000 { 1152 } else { 576 };
    // Many readers do not accept a single frame as a stream.
    assert_eq!(stream.packets.len(), (count + DELAY).div_ceil(size).max(4));
    assert!(stream.decode().iter().all(|x| x.is_finite()));
}

#[test]
fn extreme_values_fit() {
    for (name, samples) in &extremes(8000) {
        for rate in RATES {
            let bit_rates =
                if rate >= 32_000 { [32_000, 128_000, 320_000] } else { [8_000, 64_000, 160_000] };
            for channels in [1, 2] {
                for bit_rate in bit_rates {
                    eprintln!("{name}, {rate} Hz, {channels} channels, {bit_rate} bit/s");
                    check(samples, rate, channels, &format!("bit_rate={bit_rate}"));
                }
                let averages = bit_rates.map(|bit_rate| format!("abr=1 bit_rate={bit_rate}"));
                for options in averages.iter().map(String::as_str).chain(["qscale=0", "qscale=9.9"])
                {
                    eprintln!("{name}, {rate} Hz, {channels} channels, {options}");
                    check(samples, rate, channels, options);
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
    fn any_input_gives_valid_frames(
        runs in prop::collection::vec((any::<u64>(), -40i32..8, 1usize..1500, any::<bool>()), 1..10),
        rate in prop::sample::select(RATES.to_vec()),
        channels in 1usize..=2,
        control in 0usize..4,
        step in 0usize..14,
        level in 0i32..=9,
        switches in any::<(bool, bool)>(),
    ) {
        let samples = noise_runs(&runs, channels);
        let rates: [u32; 14] = if rate >= 32_000 {
            [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
        } else {
            [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
        };
        let control = match control {
            0 | 1 => format!("bit_rate={}", rates[step] * 1000),
            2 => format!("abr=1 bit_rate={}", rates[step] * 1000),
            _ => format!("qscale={}", step as f32 * 0.7),
        };
        let (reservoir, joint) = switches;
        let options = format!(
            "{control} compression_level={level} reservoir={reservoir} joint_stereo={joint}"
        );
        check(&samples, rate, channels, &options);
    }
}
